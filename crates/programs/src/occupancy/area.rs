//! One area: who is present, how full it is, and its event.
//!
//! An event begins when the level becomes "over" and ends when it is no longer.
//! Updates tell a changed number, at most every 5 s and 100 times.

use std::time::Duration;

use types::{
    CameraId, Class, Event, EventDetail, EventId, EventIds, EventKind, Gate, GateOutcome, Phase,
    ProgramKind, Timestamp, TrackState, ZoneId,
};

use super::gauge::Gauge;
use super::level::{Level, Levels};
use super::median::Median;
use super::stays::Stays;
use super::{Area, AreaLive, GRACE};
use crate::site::{Anchor, Place};
use crate::view::{Subset, View};
use crate::visits::{Presence, Visits};
use crate::{Explanation, Output};

/// Shortest time between two updates of one event.
const UPDATE_EVERY: Duration = Duration::from_secs(5);
/// Most updates of one event.
const MAX_UPDATES: u32 = 100;

/// An area and what is known of it.
#[derive(Debug)]
pub(super) struct Watched {
    area: Area,
    place: Place,
    visits: Visits<Visitor>,
    median: Median,
    levels: Levels,
    gauge: Gauge,
    stays: Stays,
    longest_stay: Duration,
    n_present: u32,
    by_class: [u32; 6],
    score: f32,
    open: Option<Open>,
    subset: Subset,
}

/// What is remembered of a visitor.
#[derive(Debug, Default)]
struct Visitor {
    /// As of the newest scene in which it was seen.
    class: Option<Class>,
}

/// The open event.
#[derive(Debug)]
struct Open {
    event_id: EventId,
    started_at: Timestamp,
    step: u32,
    told_at: Timestamp,
    told_number: u32,
    score: f32,
}

/// Where decisions are written down.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) camera_id: &'a CameraId,
    pub(super) ids: &'a mut EventIds,
    pub(super) output: &'a mut Output,
}

/// Why an event ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndReason {
    Fewer,
    NoVideo,
    RuleStopped,
}

impl EndReason {
    fn text(self) -> &'static str {
        match self {
            EndReason::Fewer => "no longer over the threshold",
            EndReason::NoVideo => "no video",
            EndReason::RuleStopped => "the rule was changed or switched off",
        }
    }
}

impl Watched {
    pub(super) fn new(area: Area, place: Place, interval: Duration) -> Self {
        Watched {
            gauge: Gauge::new(area.rule_id, interval, area.offset),
            stays: Stays::new(area.rule_id, interval),
            longest_stay: Duration::ZERO,
            area,
            place,
            visits: Visits::new(GRACE),
            median: Median::default(),
            levels: Levels::default(),
            n_present: 0,
            by_class: [0; 6],
            score: 0.0,
            open: None,
            subset: Subset::default(),
        }
    }

    /// Whether this is `area` at `place`, unchanged but for its offset.
    pub(super) fn is_for(&self, area: &Area, place: &Place) -> bool {
        let present = Area {
            offset: area.offset,
            ..self.area.clone()
        };
        present == *area && self.place == *place
    }

    /// From now on so many more are present than are seen.
    pub(super) fn set_offset(&mut self, offset: i32) {
        self.area.offset = offset;
        self.gauge.set_offset(offset);
    }

    pub(super) fn zone_id(&self) -> ZoneId {
        self.area.zone_id
    }

    pub(super) fn is_active(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn n_refused(&self) -> u64 {
        self.visits.n_refused()
    }

    pub(super) fn live(&self) -> AreaLive {
        AreaLive {
            rule_id: self.area.rule_id,
            zone_id: self.area.zone_id,
            n_present: self.n_present,
            offset: self.area.offset,
            by_class: self.by_class,
            level: self.levels.level(),
            longest_stay: self.longest_stay,
        }
    }

    pub(super) fn update(&mut self, view: &View<'_>, desk: &mut Desk<'_>) {
        let at = view.at();
        self.see(view, desk);
        let n_seen = self.by_class.iter().sum();
        let n_seen = self.median.update(at, n_seen);
        self.n_present = n_seen.saturating_add_signed(self.area.offset);
        let level = self.levels.update(at, self.n_present, &self.area.limits);
        let counts = &mut desk.output.counts;
        self.gauge.set(at, self.n_present, desk.camera_id, counts);
        match (level == Level::Over, self.open.is_some()) {
            (true, false) => self.begin(at, desk),
            (true, true) => self.go_on(at, desk),
            (false, true) => self.end(at, EndReason::Fewer, desk),
            (false, false) => {}
        }
    }

    /// The video has stopped: nobody knows who is there.
    pub(super) fn tick(&mut self, now: Timestamp, desk: &mut Desk<'_>) {
        self.end(now, EndReason::NoVideo, desk);
        self.levels.clear();
        self.median.clear();
        (self.n_present, self.by_class) = (0, [0; 6]);
        self.longest_stay = Duration::ZERO;
        let counts = &mut desk.output.counts;
        self.gauge.tick(now, desk.camera_id, counts);
        self.stays.tell_if_over(now, desk.camera_id, counts);
    }

    pub(super) fn finish_rows(&mut self, now: Timestamp, desk: &mut Desk<'_>) {
        let counts = &mut desk.output.counts;
        self.gauge.finish(now, desk.camera_id, counts);
        self.stays.tell(desk.camera_id, counts);
    }

    /// Ends the event, if one is open.
    pub(super) fn end(&mut self, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        open.step += 1;
        let mut event = self.event(&open, Phase::End, at, desk.camera_id);
        event.ended_at = Some(at);
        event.why.push(Gate {
            name: "end",
            outcome: GateOutcome::Passed(reason.text().to_owned()),
        });
        desk.output.events.push(event);
    }

    /// Why there is an event or none.
    pub(super) fn explain(&self, now: Timestamp) -> Explanation {
        Explanation {
            rule_id: self.area.rule_id,
            rule_name: self.area.name.clone(),
            kind: EventKind::Occupancy,
            zone_id: Some(self.area.zone_id),
            line_id: None,
            is_active: self.open.is_some(),
            gates: self.gates(now),
            objects: Vec::new(),
        }
    }

    /// Counts who is there.
    fn see(&mut self, view: &View<'_>, desk: &mut Desk<'_>) {
        let at = view.at();
        let (camera_id, counts) = (desk.camera_id, &mut desk.output.counts);
        self.stays.tell_if_over(at, camera_id, counts);
        let (area, place) = (&self.area, &self.place);
        self.subset
            .fill(view.tracks.iter().enumerate().map(|(idx, track)| {
                track.state != TrackState::Ended
                    && area.classes.contains(track.class)
                    && track.score >= area.min_scores[track.class as usize]
                    && place.holds(track.bbox, Anchor::Foot)
                    && !view.is_masked(idx)
            }));
        let over = self
            .visits
            .update(view, Some(place), Anchor::Foot, &self.subset);
        for visit in over.iter().filter(|visit| visit.state.class.is_some()) {
            let stay = visit.last_seen_inside.saturating_since(visit.since);
            self.stays.end(at, stay, camera_id, counts);
        }
        self.by_class = [0; 6];
        self.score = 0.0;
        self.longest_stay = Duration::ZERO;
        for visit in self.visits.iter_mut() {
            if let Some(track) = view.living(visit.track_id) {
                // A wrong class for a moment is not another visitor.
                if area.classes.contains(track.class) {
                    visit.state.class = Some(track.class);
                }
                self.score = self.score.max(track.score);
            }
            let is_there = matches!(visit.presence(), Presence::Inside | Presence::Expected);
            if let (true, Some(class)) = (is_there, visit.state.class) {
                self.by_class[class as usize] += 1;
                let stay = at.saturating_since(visit.since);
                self.longest_stay = self.longest_stay.max(stay);
            }
        }
    }

    fn begin(&mut self, at: Timestamp, desk: &mut Desk<'_>) {
        let open = Open {
            event_id: desk.ids.next(at),
            started_at: at,
            step: 0,
            told_at: at,
            told_number: self.n_present,
            score: self.score,
        };
        let event = self.event(&open, Phase::Begin, at, desk.camera_id);
        desk.output.events.push(event);
        self.open = Some(open);
    }

    fn go_on(&mut self, at: Timestamp, desk: &mut Desk<'_>) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        open.score = open.score.max(self.score);
        let is_due = self.n_present != open.told_number
            && at.saturating_since(open.told_at) >= UPDATE_EVERY
            && open.step < MAX_UPDATES;
        if is_due {
            open.step += 1;
            open.told_at = at;
            open.told_number = self.n_present;
            let event = self.event(&open, Phase::Update, at, desk.camera_id);
            desk.output.events.push(event);
        }
        self.open = Some(open);
    }

    fn event(&self, open: &Open, phase: Phase, at: Timestamp, camera_id: &CameraId) -> Event {
        let mut classes = self.area.classes.iter();
        let only_class = classes.next().filter(|_| classes.next().is_none());
        Event {
            event_id: open.event_id,
            camera_id: camera_id.clone(),
            program: ProgramKind::Occupancy,
            rule_id: self.area.rule_id,
            rule_name: self.area.name.clone(),
            kind: EventKind::Occupancy,
            zone_id: Some(self.area.zone_id),
            phase,
            step: open.step,
            at,
            started_at: open.started_at,
            ended_at: None,
            track_id: None,
            class: only_class,
            score: open.score,
            bbox: None,
            detail: EventDetail {
                count: Some(self.n_present),
                ..EventDetail::default()
            },
            why: self.gates(at),
        }
    }

    fn gates(&self, now: Timestamp) -> Vec<Gate> {
        let limits = &self.area.limits;
        let classes: Vec<&str> = self.area.classes.iter().map(Class::name).collect();
        // More than the threshold: the next whole number must be reached.
        let count = GateOutcome::Reached {
            actual: self.n_present as f32,
            needed: (limits.threshold + 1) as f32,
        };
        // While it is open the hysteresis asks for less.
        let count = match &self.open {
            Some(_) if !count.passed() => GateOutcome::Passed(format!(
                "{}, was more than {} before",
                self.n_present, limits.threshold
            )),
            _ => count,
        };
        let above = self.levels.above_since();
        let lasted = GateOutcome::Lasted {
            actual: above.map_or(Duration::ZERO, |since| now.saturating_since(since)),
            needed: limits.rise,
        };
        let lasted = match &self.open {
            Some(_) if !lasted.passed() => GateOutcome::Passed("reached before".to_owned()),
            _ => lasted,
        };
        let mut gates = vec![Gate {
            name: "class",
            outcome: GateOutcome::Passed(classes.join(", ")),
        }];
        if self.area.offset != 0 {
            gates.push(Gate {
                name: "by_hand",
                outcome: GateOutcome::Passed(format!(
                    "{:+} to those who are seen",
                    self.area.offset
                )),
            });
        }
        gates.push(Gate {
            name: "count",
            outcome: count,
        });
        gates.push(Gate {
            name: "stay",
            outcome: lasted,
        });
        gates
    }
}
