//! One record for each followed object: what the people and the vehicle
//! program have in common.
//!
//! In: scenes, and the best shots chosen in each, with what they show. Out: a
//! [`Sighting`](types::Sighting) early, once there is a shot or 1 s has passed
//! since the track was confirmed, and a final one when it ends; counts over
//! lines; an estimate of how many different objects came.
//!
//! Only objects that were once, confirmed, in a chosen zone and tall enough
//! are told. Counters count all objects of their classes.
//!
//! Not here: which classes (`people`, `vehicle`), cutting and describing shots
//! (`vision`), storing.

mod config;
mod record;
#[cfg(test)]
mod tests;
mod visitors;
mod votes;

use std::collections::BTreeMap;
use std::time::Duration;

use types::{
    BestShot, CameraId, ClassSet, EventKind, Gate, GateOutcome, LineId, ProgramKind, RuleId, Scene,
    Sighting, Timestamp, Track, TrackId, TrackState, ZoneId,
};

pub use self::config::{ConfigError, FollowConfig};
pub use self::visitors::VisitorsConfig;

use self::record::Record;
use self::visitors::{Arrival, Visitors};
use crate::counting::{CounterLive, Counters, LineWatch};
use crate::explain::ObjectExplanation;
use crate::site::{Anchor, Place};
use crate::view::View;
use crate::{Explanation, Output, Program};

/// An object without a shot is told this long after its confirmation.
const EARLY_WITHIN: Duration = Duration::from_secs(1);
/// Without a scene for this long the video counts as stopped.
const VIDEO_STOPPED_AFTER: Duration = Duration::from_secs(10);
/// Most objects followed at one time; more are refused and counted. The
/// tracker follows half as many.
const MAX_RECORDS: usize = 256;
/// A record whose track is gone without a word is closed after this long.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// A program that keeps one record for each followed object. Make it by
/// [`people::program`](crate::people::program) or
/// [`vehicle::program`](crate::vehicle::program).
#[derive(Debug)]
pub struct Follower {
    camera_id: CameraId,
    program: ProgramKind,
    classes: ClassSet,
    config: FollowConfig,
    lines: LineWatch,
    counters: Counters,
    visitors: Option<Visitors>,
    records: BTreeMap<TrackId, Record>,
    last_at: Option<Timestamp>,
    n_refused: u64,
}

/// What a program shows now.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowLive {
    /// Each counter, in the order given.
    pub counters: Vec<CounterLive>,
    /// How many different objects came, an estimate, and since when.
    pub unique: Option<(u64, Option<Timestamp>)>,
    /// How many are followed now.
    pub n_followed: usize,
}

impl Follower {
    pub(crate) fn new(
        camera_id: CameraId,
        program: ProgramKind,
        classes: ClassSet,
        config: FollowConfig,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut lines = LineWatch::default();
        lines.replace(config.site.paths().iter());
        Ok(Follower {
            counters: Counters::new(camera_id.clone(), config.counters.clone()),
            camera_id,
            program,
            classes,
            lines,
            visitors: config.visitors.clone().map(Visitors::new),
            config,
            records: BTreeMap::new(),
            last_at: None,
            n_refused: 0,
        })
    }

    /// Takes new settings while running. Records, counters that did not
    /// change, walks on lines that did not change and, if their settings did
    /// not change, visitors go on; the numbers so far of all others are told.
    ///
    /// # Errors
    /// The settings contradict themselves or are beyond a limit; then the
    /// present settings stay.
    pub fn replace_config(
        &mut self,
        config: FollowConfig,
        now: Timestamp,
    ) -> Result<Output, ConfigError> {
        config.check()?;
        let mut output = Output {
            counts: self.counters.replace(config.counters.clone(), now),
            ..Output::default()
        };
        self.lines.replace(config.site.paths().iter());
        let is_same = self.visitors.as_ref().map(|v| &v.config) == config.visitors.as_ref();
        if !is_same {
            if let Some(mut old) = self.visitors.take() {
                old.tell(now, &self.camera_id, &mut output.counts);
            }
            for record in self.records.values_mut() {
                record.visitor_no = None;
            }
            self.visitors = config.visitors.clone().map(Visitors::new);
        }
        self.config = config;
        Ok(output)
    }

    /// The counters, to go on after a restart: [`Counters::since`] and
    /// [`Counters::resume`].
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// What pages show now.
    pub fn live(&self) -> FollowLive {
        FollowLive {
            counters: self.counters.live(),
            unique: self.visitors.as_ref().map(Visitors::live),
            n_followed: self.records.len(),
        }
    }

    /// Objects and walks not followed so far because there were too many.
    pub fn n_refused(&self) -> u64 {
        self.n_refused + self.lines.n_refused()
    }

    fn see(&mut self, view: &View<'_>) {
        let site = &self.config.site;
        let seen =
            view.tracks.iter().enumerate().filter(|(idx, track)| {
                track.state == TrackState::Confirmed && !view.is_masked(*idx)
            });
        for (_, track) in seen {
            let class = Some(track.class).filter(|class| self.classes.contains(*class));
            if !self.records.contains_key(&track.track_id) {
                if class.is_none() {
                    continue;
                }
                if self.records.len() >= MAX_RECORDS {
                    self.n_refused += 1;
                    continue;
                }
            }
            let record = self
                .records
                .entry(track.track_id)
                .or_insert_with(|| Record::new(track, view.at()));
            record.see(track, class, site.ground());
            let chosen = |place: &&Place| {
                let zone_id = place.zone().zone_id;
                self.config.zone_ids.is_empty() || self.config.zone_ids.contains(&zone_id)
            };
            for place in site.places().iter().filter(chosen) {
                if place.holds(track.bbox, Anchor::Foot) {
                    record.enter(place.zone().zone_id);
                }
            }
            record.is_fit |= self.config.admits(record, track);
            if let (Some(visitors), Some(no)) = (&mut self.visitors, record.visitor_no) {
                visitors.stay(no, track.bbox, record.last_seen_at);
            }
        }
    }

    /// Counts crossings, and notes them in the records.
    fn follow_lines(&mut self, view: &View<'_>) {
        let (classes, records) = (self.classes, &mut self.records);
        let is_wanted = |idx: usize| {
            let track = &view.tracks[idx];
            (classes.contains(track.class) || records.contains_key(&track.track_id))
                && !view.is_masked(idx)
        };
        for crossed in self.lines.update(view, is_wanted) {
            self.counters.count(&crossed);
            if let Some(record) = records.get_mut(&crossed.track_id) {
                record.cross(crossed.line_id);
            }
        }
    }

    /// Tells who is due, early.
    fn tell_early(&mut self, at: Timestamp, sightings: &mut Vec<Sighting>) {
        for record in self.records.values_mut() {
            let is_due =
                record.votes.has_shot() || at.saturating_since(record.confirmed_at) >= EARLY_WITHIN;
            if record.is_fit && !record.is_told && is_due {
                record.is_told = true;
                arrive(&mut self.visitors, record);
                sightings.push(record.sighting(
                    &self.camera_id,
                    self.program,
                    self.config.site.aspect(),
                    self.config.has_attributes,
                    false,
                ));
            }
        }
    }

    /// Tells those for whom `is_over`, for the last time.
    fn close(&mut self, is_over: impl Fn(&Record) -> bool, sightings: &mut Vec<Sighting>) {
        let over: Vec<TrackId> = self
            .records
            .values()
            .filter(|record| is_over(record))
            .map(|record| record.track_id)
            .collect();
        for track_id in over {
            let Some(mut record) = self.records.remove(&track_id) else {
                continue;
            };
            if !record.is_fit {
                continue;
            }
            if !record.is_told {
                arrive(&mut self.visitors, &mut record);
            }
            sightings.push(record.sighting(
                &self.camera_id,
                self.program,
                self.config.site.aspect(),
                self.config.has_attributes,
                true,
            ));
        }
    }
}

impl Program for Follower {
    fn update(&mut self, scene: &Scene, shots: &[BestShot]) -> Output {
        let at = scene.captured_at;
        self.last_at = Some(at);
        let site = self.config.site.clone();
        let view = View::new(scene, &site);
        let mut output = Output {
            counts: self.counters.advance(at),
            ..Output::default()
        };
        if let Some(visitors) = &mut self.visitors {
            visitors.advance(at, true, &self.camera_id, &mut output.counts);
        }
        self.see(&view);
        self.follow_lines(&view);
        for shot in shots {
            if let Some(record) = self.records.get_mut(&shot.track_id) {
                record.votes.add(shot);
            }
        }
        let is_over = |record: &Record| {
            let track = view.idx_of(record.track_id).map(|idx| &view.tracks[idx]);
            match track {
                Some(track) => track.state == TrackState::Ended,
                None => at.saturating_since(record.last_seen_at) > FORGET_AFTER,
            }
        };
        self.close(is_over, &mut output.sightings);
        self.tell_early(at, &mut output.sightings);
        output
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        // While scenes come they tell all themselves.
        let is_stopped = self
            .last_at
            .is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        let mut output = Output::default();
        if is_stopped {
            self.tell_early(now, &mut output.sightings);
            output.counts = self.counters.tick(now);
            if let Some(visitors) = &mut self.visitors {
                visitors.advance(now, false, &self.camera_id, &mut output.counts);
            }
        }
        output
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        let mut output = Output {
            counts: self.counters.finish(now),
            ..Output::default()
        };
        self.close(|_| true, &mut output.sightings);
        if let Some(visitors) = &mut self.visitors {
            visitors.tell(now, &self.camera_id, &mut output.counts);
        }
        output
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        Vec::new()
    }

    /// Why each followed object is told, or is not.
    fn explain(&self, _now: Timestamp) -> Vec<Explanation> {
        let objects = self.records.values().map(|record| ObjectExplanation {
            track_id: record.track_id,
            class: record.class,
            bbox: record.bbox,
            gates: self.config.gates(record),
        });
        vec![Explanation {
            rule_id: RuleId(0),
            rule_name: self.program.name().to_owned(),
            kind: EventKind::Program,
            zone_id: None,
            line_id: None::<LineId>,
            is_active: false,
            gates: Vec::new(),
            objects: objects.collect(),
        }]
    }
}

impl FollowConfig {
    /// Whether `record`, as `track` now, is one to be told.
    fn admits(&self, record: &Record, track: &Track) -> bool {
        track.bbox.height() >= self.min_height
            && (self.zone_ids.is_empty() || record.is_in_a_zone())
    }

    fn gates(&self, record: &Record) -> Vec<Gate> {
        let passed = |text: &str| GateOutcome::Passed(text.to_owned());
        let is_inside = self.zone_ids.is_empty() || record.is_in_a_zone();
        let inside = match (self.zone_ids.is_empty(), is_inside) {
            (true, _) => passed("anywhere"),
            (_, true) => passed("was in a chosen zone"),
            (_, false) => GateOutcome::Stopped("in no chosen zone so far".to_owned()),
        };
        let size = match record.is_fit {
            true => passed("tall enough"),
            false => GateOutcome::Reached {
                actual: record.bbox.height(),
                needed: self.min_height,
            },
        };
        let gates = [
            ("detected", passed("confirmed")),
            ("class", passed(record.class.name())),
            ("size", size),
            ("inside", inside),
        ];
        gates
            .into_iter()
            .map(|(name, outcome)| Gate { name, outcome })
            .collect()
    }
}

/// Asks `visitors` whether `record` is somebody new.
fn arrive(visitors: &mut Option<Visitors>, record: &mut Record) {
    if let Some(visitors) = visitors {
        let embeddings: Vec<_> = record.votes.embeddings().cloned().collect();
        record.visitor_no = Some(visitors.arrive(&Arrival {
            group: record.class.group(),
            first_seen_at: record.first_seen_at,
            first_bbox: record.first_bbox,
            bbox: record.bbox,
            last_seen_at: record.last_seen_at,
            embeddings: &embeddings,
        }));
    }
}
