//! Who counts: the conditions on an object itself, apart from where it is.
//!
//! In: tracks as of one scene. Out: whether the object is wanted, and for
//! "why" what each condition found. Score and size have hysteresis, so an
//! object that was accepted does not flicker in and out.
//!
//! Not here: zones, lines and times (the rules).

use std::ops::RangeInclusive;
use std::time::Duration;

use types::{
    Class, ClassGroup, ClassSet, Gate, GateOutcome, Moved, NormBox, NormPoint, Track, TrackState,
};

use crate::site::{Anchor, Site, SizeAt, SizeMark};
use crate::view::{View, square_distance};

/// A score that was reached stays reached until it falls this far below, where
/// the rule does not say how far.
const SCORE_HYSTERESIS: f32 = 0.15;
/// A shape or speed that was in its range stays there until it is out of it by
/// this share.
const RANGE_HYSTERESIS: f32 = 0.15;
/// Over so long the present speed is measured: about as the tracker smooths.
const SPEED_OVER: Duration = Duration::from_secs(1);
/// Metres per second in a kilometre per hour.
const KMH: f32 = 3.6;
/// An object has moved when its middle is this far from where it was first
/// looked at, in heights of its box, ...
const MOVED: f32 = 0.25;
/// ... and its box shares less than this with the one of then (intersection
/// over union): under shake and other light the boxes of parked cars wander by
/// a third of their height, and grow, but stay where they were.
const MOVED_OVERLAP: f32 = 0.5;

/// Which objects a rule is about.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectFilter {
    /// By [`Class::ALL`]: the score an object of the class must reach, 0..=1;
    /// `None` where the class is not wanted.
    pub thresholds: [Option<f32>; 6],
    /// Which part of its box says where an object is.
    pub anchor: Anchor,
    /// Smaller objects do not count.
    pub min_size: Option<SizeAt>,
    /// Larger objects do not count.
    pub max_size: Option<SizeAt>,
    /// Objects at rest do not count: those that stand still now, and those
    /// that have not moved since they were first seen.
    pub ignores_stationary: bool,
    /// Vehicles and two-wheelers at which nothing has moved do not count: they
    /// stood there before airelay looked. People always count.
    pub ignores_parked: bool,
    /// An object that was accepted stays so while its score is not below this;
    /// `None`: 0.15 below its threshold.
    pub hold_score: Option<f32>,
    /// Width over height, as seen on the picture: others do not count.
    pub aspect: Option<RangeInclusive<f32>>,
    /// Metres per second over calibrated ground: others do not count, nor does
    /// who stands where the ground cannot be measured.
    pub speed_mps: Option<RangeInclusive<f32>>,
}

impl ObjectFilter {
    /// The classes of `classes` from `min_score` on; all else as usual.
    pub fn of(classes: ClassSet, min_score: f32) -> Self {
        ObjectFilter {
            thresholds: Class::ALL.map(|class| classes.contains(class).then_some(min_score)),
            anchor: Anchor::Foot,
            min_size: None,
            max_size: None,
            ignores_stationary: false,
            ignores_parked: false,
            hold_score: None,
            aspect: None,
            speed_mps: None,
        }
    }

    /// The wanted classes.
    pub fn classes(&self) -> ClassSet {
        let wanted = Class::ALL.into_iter().zip(self.thresholds);
        wanted
            .filter_map(|(class, threshold)| threshold.map(|_| class))
            .collect()
    }

    /// The score that `class` must reach, if it is wanted.
    pub fn threshold(&self, class: Class) -> Option<f32> {
        self.thresholds[class as usize]
    }

    /// What is outside its range, and the range.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_score = |score: &f32| (0.0..=1.0).contains(score);
        if !self.thresholds.iter().flatten().all(is_score) {
            return Err(("lowest score", "0 to 1"));
        }
        let lowest = self.thresholds.iter().flatten().copied();
        let lowest = lowest.fold(1.0, f32::min);
        if self
            .hold_score
            .is_some_and(|hold| !(0.0..=lowest).contains(&hold))
        {
            return Err(("score to hold", "0 to the lowest score"));
        }
        let is_range = |range: &RangeInclusive<f32>| {
            range.start() >= &0.0 && range.end() >= range.start() && !range.start().is_nan()
        };
        if !self.aspect.iter().chain(&self.speed_mps).all(is_range) {
            return Err(("shape or speed", "a smallest value up to a largest one"));
        }
        match self.anchor {
            Anchor::Overlap(share) if !(0.05..=1.0).contains(&share) => {
                Err(("overlap", "0.05 to 1"))
            }
            _ => Ok(()),
        }
    }

    /// Advances `marks` to the track at `idx` of the view; whether it is
    /// wanted.
    pub(crate) fn admits(&self, marks: &mut Marks, view: &View<'_>, idx: usize) -> bool {
        let track = &view.tracks[idx];
        let Some(threshold) = self.threshold(track.class) else {
            return false;
        };
        marks.see(track, threshold, self.hold_score, view.site.aspect());
        let is_fit = marks
            .size
            .update(track.bbox, self.min_size.as_ref(), self.max_size.as_ref());
        // Each remembers what it found, so all are asked.
        let is_shaped = self.is_shaped(marks, track, view.site);
        let is_as_fast = self.is_as_fast(marks, track, view.site);
        marks.is_score_reached
            && is_fit
            && is_shaped
            && is_as_fast
            && track.state == TrackState::Confirmed
            && !view.is_masked(idx)
            && !(self.ignores_stationary && marks.is_at_rest(track))
            && !(self.ignores_parked && is_parked(track))
    }

    /// What each condition finds of the track at `idx`, in order. `marks` is
    /// what [`admits`](Self::admits) has left, and is copied.
    pub(crate) fn gates(&self, mut marks: Marks, view: &View<'_>, idx: usize) -> Vec<Gate> {
        let track = &view.tracks[idx];
        let threshold = self.threshold(track.class);
        if let Some(threshold) = threshold {
            marks.see(track, threshold, self.hold_score, view.site.aspect());
        }
        let mut gates = vec![
            gate("detected", state_outcome(track.state)),
            gate(
                "class",
                asked(threshold.is_some(), track.class.name(), || {
                    format!("{} is not wanted", track.class.name())
                }),
            ),
            gate(
                "score",
                score_outcome(track.score, threshold, marks.is_score_reached),
            ),
        ];
        if self.min_size.is_some() || self.max_size.is_some() {
            gates.push(gate("size", self.size_outcome(marks, track)));
        }
        if let Some(range) = &self.aspect {
            let actual = aspect_of(track, view.site);
            let text = format!("width {actual:.2} of the height, {}", words(range, 1.0, ""));
            let is_shaped = self.is_shaped(&mut marks, track, view.site);
            gates.push(gate("shape", asked(is_shaped, &text, || text.clone())));
        }
        if let Some(range) = &self.speed_mps {
            let actual = speed_of(track, view.site).map_or_else(
                || "not known here".to_owned(),
                |speed| format!("{:.0} km/h", speed * KMH),
            );
            let text = format!("{actual}, {}", words(range, KMH, " km/h"));
            let is_as_fast = self.is_as_fast(&mut marks, track, view.site);
            gates.push(gate("speed", asked(is_as_fast, &text, || text.clone())));
        }
        if !view.site.masks().is_empty() {
            let is_free = !view.is_masked(idx);
            let outcome = asked(is_free, "not masked", || "masked for its class".to_owned());
            gates.push(gate("mask", outcome));
        }
        if self.ignores_stationary {
            let outcome = asked(!marks.is_at_rest(track), "moves", || {
                let text = match marks.has_moved {
                    true => "stands still",
                    false => "has not moved yet",
                };
                text.to_owned()
            });
            gates.push(gate("stationary", outcome));
        }
        if self.ignores_parked && track.class.group() != ClassGroup::Person {
            let outcome = asked(!is_parked(track), "something moved there", || {
                "parked: nothing has moved where it stands".to_owned()
            });
            gates.push(gate("parked", outcome));
        }
        gates
    }

    /// The gates of an object that was wanted when it was last seen, with the
    /// best score it had.
    pub(crate) fn gates_of(&self, class: Option<Class>, best_score: f32) -> Vec<Gate> {
        let name = class.map_or("", Class::name);
        let needed = class.and_then(|class| self.threshold(class));
        vec![
            gate("detected", GateOutcome::Passed("confirmed".to_owned())),
            gate("class", GateOutcome::Passed(name.to_owned())),
            gate(
                "score",
                GateOutcome::Reached {
                    actual: best_score,
                    needed: needed.unwrap_or(0.0).min(best_score),
                },
            ),
        ]
    }

    fn is_shaped(&self, marks: &mut Marks, track: &Track, site: &Site) -> bool {
        let Some(range) = &self.aspect else {
            return true;
        };
        marks.is_shaped = is_in(range, aspect_of(track, site), marks.is_shaped);
        marks.is_shaped
    }

    fn is_as_fast(&self, marks: &mut Marks, track: &Track, site: &Site) -> bool {
        let Some(range) = &self.speed_mps else {
            return true;
        };
        let speed = speed_of(track, site);
        marks.is_as_fast = speed.is_some_and(|speed| is_in(range, speed, marks.is_as_fast));
        marks.is_as_fast
    }

    fn size_outcome(&self, mut marks: Marks, track: &Track) -> GateOutcome {
        let bbox = track.bbox;
        let is_fit = marks
            .size
            .update(bbox, self.min_size.as_ref(), self.max_size.as_ref());
        let percent = |value: f32| value * 100.0;
        let limits = |name: &str, size: Option<&SizeAt>| {
            size.map_or_else(String::new, |size| {
                let (width, height) = size.at(bbox.y2());
                let (width, height) = (percent(width), percent(height));
                format!(", {name} {width:.1} x {height:.1} %")
            })
        };
        let text = format!(
            "{:.1} x {:.1} %{}{}",
            percent(bbox.width()),
            percent(bbox.height()),
            limits("at least", self.min_size.as_ref()),
            limits("at most", self.max_size.as_ref()),
        );
        match is_fit {
            true => GateOutcome::Passed(text),
            false => GateOutcome::Stopped(text),
        }
    }
}

/// Whether it is a vehicle or two-wheeler at which nothing has moved.
fn is_parked(track: &Track) -> bool {
    track.class.group() != ClassGroup::Person && track.moved == Moved::No
}

/// What a filter remembers of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    is_score_reached: bool,
    is_shaped: bool,
    is_as_fast: bool,
    size: SizeMark,
    first_bbox: Option<NormBox>,
    has_moved: bool,
}

impl Marks {
    fn see(&mut self, track: &Track, threshold: f32, hold_score: Option<f32>, aspect: f32) {
        let needed = match self.is_score_reached {
            true => hold_score.unwrap_or(threshold - SCORE_HYSTERESIS),
            false => threshold,
        };
        self.is_score_reached = track.score >= needed;
        let first = *self.first_bbox.get_or_insert(track.bbox);
        let moved = MOVED * track.bbox.height();
        self.has_moved |= track.moved == Moved::Surely
            && square_distance(first.centre(), track.bbox.centre(), aspect) >= moved * moved
            && first.iou(track.bbox) < MOVED_OVERLAP;
    }

    /// Whether the object has moved since this filter first looked at it.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved
    }

    fn is_at_rest(&self, track: &Track) -> bool {
        track.is_stationary || !self.has_moved
    }
}

/// Whether `value` is in the range, or was and is hardly out of it.
fn is_in(range: &RangeInclusive<f32>, value: f32, was_in: bool) -> bool {
    let slack = if was_in { RANGE_HYSTERESIS } else { 0.0 };
    value >= range.start() * (1.0 - slack) && value <= range.end() * (1.0 + slack)
}

/// The range for people, in units of `scale`.
fn words(range: &RangeInclusive<f32>, scale: f32, unit: &str) -> String {
    let (least, most) = (range.start() * scale, range.end() * scale);
    match (least > 0.0, most.is_finite()) {
        (true, true) => format!("{least:.2} to {most:.2}{unit} wanted"),
        (false, true) => format!("at most {most:.2}{unit} wanted"),
        _ => format!("at least {least:.2}{unit} wanted"),
    }
}

/// Width over height as seen on the picture.
fn aspect_of(track: &Track, site: &Site) -> f32 {
    let bbox = track.bbox;
    bbox.width() * site.aspect() / bbox.height().max(f32::MIN_POSITIVE)
}

/// Metres per second over the ground, where that can be measured.
fn speed_of(track: &Track, site: &Site) -> Option<f32> {
    let to = track.bbox.bottom_centre();
    let (vx, vy) = track.velocity;
    let secs = SPEED_OVER.as_secs_f32();
    let from = NormPoint {
        x: to.x - vx * secs,
        y: to.y - vy * secs,
    };
    let speed = site.ground()?.speed(from, to, SPEED_OVER, 0.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 100 m/s")]
    Some(speed.value as f32)
}

pub(crate) fn gate(name: &'static str, outcome: GateOutcome) -> Gate {
    Gate { name, outcome }
}

/// `Passed` with `text` where the condition `holds`, else `Stopped`.
pub(crate) fn asked(holds: bool, text: &str, otherwise: impl FnOnce() -> String) -> GateOutcome {
    if holds {
        GateOutcome::Passed(text.to_owned())
    } else {
        GateOutcome::Stopped(otherwise())
    }
}

fn state_outcome(state: TrackState) -> GateOutcome {
    match state {
        TrackState::Confirmed => GateOutcome::Passed("confirmed".to_owned()),
        TrackState::Tentative => GateOutcome::Stopped("seen too seldom so far".to_owned()),
        TrackState::Lost => GateOutcome::Stopped("not seen at present".to_owned()),
        TrackState::Ended => GateOutcome::Stopped("gone".to_owned()),
    }
}

/// A score within the hysteresis has passed, and the text says so.
fn score_outcome(actual: f32, threshold: Option<f32>, is_reached: bool) -> GateOutcome {
    match threshold {
        Some(needed) if is_reached && actual < needed => {
            GateOutcome::Passed(format!("{actual:.2}, was {needed:.2} before"))
        }
        needed => GateOutcome::Reached {
            actual,
            needed: needed.unwrap_or(0.0),
        },
    }
}
