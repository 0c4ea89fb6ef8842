//! What pages show of a camera's programs: lamps, numbers, states and cost.

use std::collections::BTreeSet;

use programs::counting::CounterLive;
use programs::occupancy::{Occupancy, OccupancyLive};
use programs::sightings::Follower;
use programs::state::{DetectorLive, States};
use types::{Event, EventKind, Phase, ProgramKind, RuleId, Scene, Timestamp, TrackState, ZoneId};

use super::ProgramSet;
use super::slot::Slot;
use crate::settings::{Analysis, ExtensionPart};

/// What one rule shows as a lamp.
#[derive(Clone, Debug, PartialEq)]
pub struct Lamp {
    /// Which rule.
    pub rule_id: RuleId,
    /// Its name when it decided.
    pub rule_name: String,
    /// What happened.
    pub kind: EventKind,
    /// What caused the newest event, if an object did.
    pub class: Option<types::Class>,
    /// Where.
    pub zone_id: Option<ZoneId>,
    /// Events that are open.
    pub n_open: u32,
    /// When the newest one began.
    pub since: Timestamp,
}

/// What the programs show now.
#[derive(Clone, Debug, Default)]
pub struct ProgramsLive {
    /// One for each rule that raised an event.
    pub lamps: Vec<Lamp>,
    /// Confirmed objects in each zone, by [`types::Class::ALL`].
    pub zones: Vec<(ZoneId, [u32; 6])>,
    /// Counters over lines.
    pub counters: Vec<CounterLive>,
    /// Occupancy, where it runs.
    pub occupancy: Option<OccupancyLive>,
    /// Learnt states, where they run.
    pub states: Vec<DetectorLive>,
    /// Estimates of different people and vehicles, and since when.
    pub unique: [Option<(u64, Option<Timestamp>)>; 2],
    /// State and cost of each program.
    pub programs: Vec<ProgramLive>,
}

/// State and cost of one program.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramLive {
    /// Which.
    pub program: ProgramKind,
    /// Its name, or the id of an installed program.
    pub name: String,
    /// What it is doing.
    pub state: ProgramState,
    /// Why it was stopped, and what happens next.
    pub fault: Option<String>,
    /// Mean time per analysed frame, milliseconds.
    pub ms_per_frame: f32,
    /// Memory that it holds, bytes, where that is known: of installed ones.
    pub memory_bytes: u64,
}

/// What a program is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// Switched off on this camera.
    Stopped,
    /// Its schedule keeps it off at present.
    OffBySchedule,
    /// It runs.
    Operable,
    /// It was stopped because of what it did.
    Faulted,
}

impl ProgramSet {
    /// What pages show now.
    pub fn live(&self, scene: &Scene) -> ProgramsLive {
        let unique = |slot: &Slot<Follower>| slot.program.as_ref()?.live().unique;
        let counters = self.counters.program.as_ref();
        ProgramsLive {
            lamps: self.lamps.values().cloned().collect(),
            zones: self.present(scene),
            counters: counters.map_or_else(Vec::new, |program| program.counters().live()),
            occupancy: self.occupancy.program.as_ref().map(Occupancy::live),
            states: self
                .state
                .program
                .as_ref()
                .map_or_else(Vec::new, States::live),
            unique: [unique(&self.people), unique(&self.vehicle)],
            programs: self.states(),
        }
    }

    /// State and cost of each program.
    pub fn states(&self) -> Vec<ProgramLive> {
        let mut states = vec![
            self.vmd.live(ProgramKind::Vmd),
            self.people.live(ProgramKind::People),
            self.vehicle.live(ProgramKind::Vehicle),
            self.occupancy.live(ProgramKind::Occupancy),
            self.state.live(ProgramKind::State),
        ];
        states.extend(self.extensions.live());
        states
    }

    fn present(&self, scene: &Scene) -> Vec<(ZoneId, [u32; 6])> {
        self.site
            .places()
            .iter()
            .map(|place| {
                let mut by_class = [0; 6];
                for track in &scene.tracks {
                    let is_there = track.state == TrackState::Confirmed
                        && place.holds(track.bbox, programs::site::Anchor::Foot);
                    if is_there {
                        by_class[track.class as usize] += 1;
                    }
                }
                (place.zone().zone_id, by_class)
            })
            .collect()
    }

    /// Rules that are gone have no lamp.
    pub(super) fn forget_lamps(&mut self, analysis: &Analysis) {
        let rules = analysis.vmd.wanted.iter().flatten();
        let areas = analysis
            .occupancy
            .wanted
            .iter()
            .flat_map(|part| &part.areas);
        let detectors = analysis
            .state
            .wanted
            .iter()
            .flat_map(|part| &part.detectors);
        let known: BTreeSet<RuleId> = rules
            .map(|rule| rule.rule_id)
            .chain(areas.map(|area| area.rule_id))
            .chain(
                detectors
                    .flat_map(|detector| &detector.rules)
                    .map(|rule| rule.rule_id),
            )
            .chain(analysis.extensions.iter().map(ExtensionPart::rule_id))
            .collect();
        self.lamps.retain(|rule_id, _| known.contains(rule_id));
    }

    pub(super) fn note_lamps(&mut self, events: &[Event]) {
        for event in events {
            let lamp = self.lamps.entry(event.rule_id).or_insert_with(|| Lamp {
                rule_id: event.rule_id,
                rule_name: event.rule_name.clone(),
                kind: event.kind,
                class: event.class,
                zone_id: event.zone_id,
                n_open: 0,
                since: event.started_at,
            });
            match event.phase {
                Phase::Begin => {
                    lamp.n_open += 1;
                    lamp.kind = event.kind;
                    lamp.zone_id = event.zone_id;
                    lamp.since = event.started_at;
                    lamp.class = event.class;
                    lamp.rule_name.clone_from(&event.rule_name);
                }
                Phase::Update => {}
                Phase::End => lamp.n_open = lamp.n_open.saturating_sub(1),
            }
        }
    }
}
