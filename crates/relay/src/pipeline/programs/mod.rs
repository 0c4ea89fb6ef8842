//! All programs of one camera: which run, which are off by schedule (`slot`),
//! and what they say together (`live` for pages).
//!
//! In: the camera's analysis settings, scenes, ticks. Out: one [`Output`] of
//! all programs, and what pages show live.
//!
//! Not here: what a program does (`programs`).

mod live;
mod slot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use programs::counting::LineCounting;
use programs::occupancy::{HeatMap, Occupancy, OccupancyConfig};
use programs::scores::ScoreLog;
use programs::sightings::{FollowConfig, Follower, VisitorsConfig};
use programs::site::Site;
use programs::state::{Examples, States};
use programs::vmd::{Vmd, VmdConfig};
use programs::{Explanation, Output, Program, counting};
use types::{
    BestShot, CameraId, Clock, Count, Crossing, DetectorId, EventIds, ProgramKind, RuleId, Scene,
    ScoreCount, Timestamp, ZoneId,
};

pub use self::live::{Lamp, ProgramLive, ProgramState, ProgramsLive};
pub(super) use self::slot::Cost;
use self::slot::Slot;
use super::SameFrom;
use super::extensions::{ExtensionFault, ExtensionShelf, ExtensionSlots};
use crate::settings::{Analysis, CameraSettings, Following, Part};

/// Rows of the estimates of different people and vehicles.
const UNIQUE_PEOPLE: RuleId = RuleId(30_001);
const UNIQUE_VEHICLES: RuleId = RuleId(30_002);
/// From this similarity of the classical descriptor on, two are the same; see
/// docs/appearance.md for what that costs.
const SAME_FROM: f32 = 0.9;

/// What people have shown of the states of a camera's detectors; clones share
/// it.
pub type Taught = Arc<BTreeMap<DetectorId, Arc<Examples>>>;

/// Attributes of installed models that somebody wants to know.
pub(super) type WantedLooks = BTreeSet<&'static str>;

/// The programs of one camera.
#[derive(Debug)]
pub struct ProgramSet {
    camera_id: CameraId,
    event_seed: u64,
    site: Arc<Site>,
    vmd: Slot<Vmd>,
    people: Slot<Follower>,
    vehicle: Slot<Follower>,
    occupancy: Slot<Occupancy>,
    state: Slot<States>,
    /// What people have shown of each detector's states.
    taught: Taught,
    counters: Slot<LineCounting>,
    extensions: ExtensionSlots,
    lamps: BTreeMap<RuleId, Lamp>,
    scores: ScoreLog,
    /// Of installed models; best first.
    same_from: SameFrom,
    /// Attributes of installed models that people and vehicle want to know.
    further: Vec<(ProgramKind, &'static str)>,
    /// Measures what programs cost; decides nothing.
    stopwatch: Option<Arc<dyn Clock>>,
}

impl ProgramSet {
    /// Programs without memory. Equal seeds and scenes give equal event ids.
    /// `aspect` is the picture's width over its height, where it is known.
    pub fn new(settings: &CameraSettings, event_seed: u64, aspect: Option<f32>) -> Self {
        let mut set = ProgramSet {
            camera_id: settings.camera_id.clone(),
            event_seed,
            site: empty_site(),
            vmd: Slot::default(),
            people: Slot::default(),
            vehicle: Slot::default(),
            occupancy: Slot::default(),
            state: Slot::default(),
            taught: Taught::default(),
            counters: Slot::default(),
            extensions: ExtensionSlots::new(settings.camera_id.clone(), event_seed),
            lamps: BTreeMap::new(),
            scores: ScoreLog::default(),
            same_from: SameFrom::new(),
            further: Vec::new(),
            stopwatch: None,
        };
        set.apply(&settings.analysis, aspect, Timestamp::default());
        set
    }

    /// Width over height of the picture, as last told.
    pub fn aspect(&self) -> f32 {
        self.site.aspect()
    }

    /// Measures from now on what each program costs.
    pub fn measure(&mut self, stopwatch: Arc<dyn Clock>) {
        self.stopwatch = Some(stopwatch);
    }

    /// Runs from now on also programs that are installed.
    pub fn use_shelf(&mut self, shelf: ExtensionShelf) {
        self.extensions.set_shelf(shelf);
    }

    /// Installed programs that were stopped since the last call.
    pub fn take_faults(&mut self) -> Vec<ExtensionFault> {
        self.extensions.take_faults()
    }

    /// Takes other settings, or another shape of the picture: events of
    /// changed rules end, all else goes on.
    pub fn apply(&mut self, analysis: &Analysis, aspect: Option<f32>, now: Timestamp) -> Output {
        let mut drawing = analysis.drawing.clone();
        drawing.aspect = aspect
            .unwrap_or_else(|| self.site.aspect())
            .clamp(0.1, 10.0);
        // Settings were checked before they were stored.
        let site = Site::new(drawing).map_or_else(
            |error| {
                tracing::error!(%error, "drawing refused: nothing is drawn");
                empty_site()
            },
            Arc::new,
        );
        self.site = Arc::clone(&site);
        let mut output = Output::default();
        output.append(self.apply_vmd(analysis, now));
        for (program, part) in [
            (ProgramKind::People, &analysis.people),
            (ProgramKind::Vehicle, &analysis.vehicle),
        ] {
            output.append(self.apply_following(program, part, now));
        }
        output.append(self.apply_occupancy(analysis, now));
        output.append(self.apply_state(analysis, now));
        output.append(self.apply_counters(analysis, now));
        let place = (&*analysis.drawing.zones, &*analysis.drawing.lines);
        output.append(self.extensions.apply(&analysis.extensions, place, now));
        self.note_lamps(&output.events);
        self.forget_lamps(analysis);
        output
    }

    fn apply_vmd(&mut self, analysis: &Analysis, now: Timestamp) -> Output {
        let config = analysis.vmd.wanted.as_ref().map(|rules| VmdConfig {
            site: Arc::clone(&self.site),
            rules: rules.clone(),
        });
        let (camera_id, ids) = (&self.camera_id, EventIds::new(self.event_seed));
        self.vmd.schedule.clone_from(&analysis.vmd.schedule);
        self.vmd.apply(
            config,
            now,
            |config| Vmd::new(camera_id.clone(), config, ids),
            |program, config| program.replace_config(config, now),
        )
    }

    fn apply_following(
        &mut self,
        program: ProgramKind,
        part: &Part<Following>,
        now: Timestamp,
    ) -> Output {
        let is_people = program == ProgramKind::People;
        let rule_id = if is_people {
            UNIQUE_PEOPLE
        } else {
            UNIQUE_VEHICLES
        };
        let makers = self.makers();
        let config = part.wanted.as_ref().map(|following| FollowConfig {
            site: Arc::clone(&self.site),
            zone_ids: following.zone_ids.clone(),
            min_height: following.min_height,
            has_attributes: following.has_attributes,
            counters: Vec::new(),
            visitors: Some(VisitorsConfig {
                rule_id,
                interval: counting::Counter::DEFAULT_INTERVAL,
                resets: counting::Resets::never(),
                window: following.visitors_window,
                same_from: makers.clone(),
            }),
        });
        self.further.retain(|(whose, _)| *whose != program);
        let further = part.wanted.iter().flat_map(|following| &following.further);
        self.further.extend(further.map(|name| (program, *name)));
        let camera_id = self.camera_id.clone();
        let slot = if is_people {
            &mut self.people
        } else {
            &mut self.vehicle
        };
        slot.schedule.clone_from(&part.schedule);
        slot.apply(
            config,
            now,
            |config| match program {
                ProgramKind::People => programs::people::program(camera_id, config),
                _ => programs::vehicle::program(camera_id, config),
            },
            |program, config| program.replace_config(config, now),
        )
    }

    fn apply_occupancy(&mut self, analysis: &Analysis, now: Timestamp) -> Output {
        let part = &analysis.occupancy;
        let config: Option<OccupancyConfig> =
            part.wanted.as_ref().map(|wanted| wanted.config(&self.site));
        // Another stream of ids than that of AI-VMD.
        let ids = EventIds::new(self.event_seed ^ 0x0CC0_0CC0_0CC0_0CC0);
        let camera_id = &self.camera_id;
        self.occupancy.schedule.clone_from(&part.schedule);
        self.occupancy.apply(
            config,
            now,
            |config| Occupancy::new(camera_id.clone(), config, ids),
            |program, config| program.replace_config(config, now),
        )
    }

    fn apply_state(&mut self, analysis: &Analysis, now: Timestamp) -> Output {
        // Another stream of ids than those of AI-VMD and occupancy.
        let ids = EventIds::new(self.event_seed ^ 0x57A7_E57A_7E57_A7E5);
        let camera_id = &self.camera_id;
        self.state.schedule.clone_from(&analysis.state.schedule);
        let output = self.state.apply(
            analysis.state.wanted.clone(),
            now,
            |config| States::new(camera_id.clone(), config, ids),
            |program, config| program.replace_config(config, now),
        );
        self.teach(Arc::clone(&self.taught));
        output
    }

    /// Goes by these examples of states from now on.
    pub fn teach(&mut self, taught: Taught) {
        if let Some(program) = &mut self.state.program {
            for (detector_id, examples) in &*taught {
                program.teach(*detector_id, examples);
            }
        }
        self.taught = taught;
    }

    /// The examples that are gone by.
    pub fn taught(&self) -> &Taught {
        &self.taught
    }

    /// Whether regions of detectors are to be looked at.
    pub(super) fn looks_at_regions(&self) -> bool {
        self.state.is_running()
    }

    fn apply_counters(&mut self, analysis: &Analysis, now: Timestamp) -> Output {
        let wanted = Some(analysis.counters.clone()).filter(|counters| !counters.is_empty());
        let (camera_id, site) = (&self.camera_id, &self.site);
        self.counters.apply(
            wanted,
            now,
            |counters| LineCounting::new(camera_id.clone(), Arc::clone(site), counters),
            |program, counters| program.replace_config(Arc::clone(site), counters, now),
        )
    }

    /// Advances to the next scene. `shots` were chosen in it.
    pub fn update(&mut self, scene: &Scene, shots: &[BestShot]) -> Output {
        let at = scene.captured_at;
        self.scores.update(scene, &self.site);
        self.on_each(at, true, |program| program.update(scene, shots))
    }

    /// Lets time pass while no scene comes.
    pub fn tick(&mut self, now: Timestamp) -> Output {
        self.on_each(now, true, |program| program.tick(now))
    }

    /// Ends everything.
    pub fn finish(&mut self, now: Timestamp) -> Output {
        let mut output = self.on_each(now, false, |program| program.finish(now));
        let ended = self.extensions.end(now);
        self.note_lamps(&ended.events);
        output.append(ended);
        output
    }

    fn on_each(
        &mut self,
        at: Timestamp,
        has_extensions: bool,
        mut step: impl FnMut(&mut dyn Program) -> Output,
    ) -> Output {
        let mut output = Output::default();
        let clock = self.stopwatch.as_deref();
        output.append(self.vmd.run(at, clock, &mut step));
        output.append(self.people.run(at, clock, &mut step));
        output.append(self.vehicle.run(at, clock, &mut step));
        output.append(self.occupancy.run(at, clock, &mut step));
        output.append(self.state.run(at, clock, &mut step));
        output.append(self.counters.run(at, clock, &mut step));
        if has_extensions {
            output.append(self.extensions.run(at, clock, &mut step));
        }
        self.note_lamps(&output.events);
        output
    }

    /// Zones with an open event, in order, without repeats.
    pub fn active_zones(&self) -> Vec<ZoneId> {
        let mut zone_ids = self.vmd.active_zones();
        zone_ids.extend(self.occupancy.active_zones());
        zone_ids.extend(self.extensions.active_zones());
        zone_ids.sort_unstable();
        zone_ids.dedup();
        zone_ids
    }

    /// Why each rule has, or has not, an open event.
    pub fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        let mut explanations = self.vmd.explain(now);
        explanations.extend(self.occupancy.explain(now));
        explanations.extend(self.state.explain(now));
        explanations
    }

    /// Heat maps of hours that are over.
    pub fn take_heat_maps(&mut self) -> Vec<HeatMap> {
        let occupancy = self.occupancy.program.as_mut();
        occupancy.map_or_else(Vec::new, Occupancy::take_heat_maps)
    }

    /// How sure the detector was of those who went since the last call.
    pub fn take_scores(&mut self) -> Vec<ScoreCount> {
        self.scores.take()
    }

    /// The heat maps of the present hour so far.
    pub fn heat_so_far(&self, now: Timestamp) -> Vec<HeatMap> {
        let occupancy = self.occupancy.program.as_ref();
        occupancy.map_or_else(Vec::new, |program| program.heat_so_far(now))
    }

    /// From when on the stored rows are wanted to go on counting.
    pub fn counts_since(&self, now: Timestamp) -> Vec<(RuleId, Timestamp)> {
        let counters = self.counters.program.as_ref();
        counters.map_or_else(Vec::new, |program| program.counters().since(now))
    }

    /// Goes on counting from stored rows, before the first scene.
    pub fn resume_counts(&mut self, rows: &[Count], now: Timestamp) {
        if let Some(program) = &mut self.counters.program {
            program.counters_mut().resume(rows, now);
        }
    }

    /// A person found that `by` more (or fewer) crossed this way at `at`.
    /// `false`: no such counter runs.
    pub fn correct_counter(
        &mut self,
        rule_id: RuleId,
        way: Crossing,
        by: i64,
        at: Timestamp,
    ) -> bool {
        let counters = self.counters.program.as_mut();
        counters.is_some_and(|program| program.counters_mut().correct(rule_id, way, by, at))
    }

    /// A person counted how many are in the place; see
    /// [`Occupancy::correct_balance`]. `None`: it is not counted.
    pub fn correct_balance(
        &mut self,
        n_inside: u32,
        now: Timestamp,
    ) -> Option<(u32, Option<Count>)> {
        let occupancy = self.occupancy.program.as_mut()?;
        occupancy.correct_balance(n_inside, now)
    }

    /// Attributes of installed models that are to be told; `None` while
    /// nobody wants to know what objects look like.
    pub(super) fn wanted_looks(&self) -> Option<WantedLooks> {
        let is_running = |program: ProgramKind| match program {
            ProgramKind::People => self.people.is_running(),
            _ => self.vehicle.is_running(),
        };
        let further = self.further.iter();
        let wanted = further.filter(|(program, _)| is_running(*program));
        (is_running(ProgramKind::People) || is_running(ProgramKind::Vehicle))
            .then(|| wanted.map(|(_, name)| *name).collect())
    }

    /// Compares visitors also by the vectors of these makers, from the next
    /// [`apply`](Self::apply) on.
    pub(super) fn compare_by(&mut self, same_from: SameFrom) {
        self.same_from = same_from;
    }

    /// Makers of vectors, the most telling first.
    fn makers(&self) -> SameFrom {
        let classic = (Arc::from(vision::appearance::CLASSIC_MAKER), SAME_FROM);
        self.same_from.iter().cloned().chain([classic]).collect()
    }
}

fn empty_site() -> Arc<Site> {
    let site = Site::new(programs::site::Drawing::default());
    Arc::new(site.expect("nothing drawn is always a site"))
}
