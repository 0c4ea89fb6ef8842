//! Who counts: the conditions on an object itself, apart from where it is.
//!
//! In: tracks as of one scene. Out: whether the object is wanted, and for
//! "why" what each condition found. Score and size have hysteresis, so an
//! object that was accepted does not flicker in and out.
//!
//! Not here: zones, lines and times (the rules).

use types::{Class, ClassSet, Gate, GateOutcome, NormPoint, Track, TrackState};

use crate::site::{Anchor, SizeAt, SizeMark};
use crate::view::{View, square_distance};

/// A score that was reached stays reached until it falls this far below.
const SCORE_HYSTERESIS: f32 = 0.15;
/// An object has moved when its middle is this far from where it was first
/// looked at, in heights of its box.
const MOVED: f32 = 0.25;

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
        marks.see(track, threshold, view.site.aspect());
        let is_fit = marks
            .size
            .update(track.bbox, self.min_size.as_ref(), self.max_size.as_ref());
        marks.is_score_reached
            && is_fit
            && track.state == TrackState::Confirmed
            && !view.is_masked(idx)
            && !(self.ignores_stationary && marks.is_at_rest(track))
    }

    /// What each condition finds of the track at `idx`, in order. `marks` is
    /// what [`admits`](Self::admits) has left, and is copied.
    pub(crate) fn gates(&self, mut marks: Marks, view: &View<'_>, idx: usize) -> Vec<Gate> {
        let track = &view.tracks[idx];
        let threshold = self.threshold(track.class);
        if let Some(threshold) = threshold {
            marks.see(track, threshold, view.site.aspect());
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

/// What a filter remembers of one object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    is_score_reached: bool,
    size: SizeMark,
    first_centre: Option<NormPoint>,
    has_moved: bool,
}

impl Marks {
    fn see(&mut self, track: &Track, threshold: f32, aspect: f32) {
        let slack = if self.is_score_reached {
            SCORE_HYSTERESIS
        } else {
            0.0
        };
        self.is_score_reached = track.score >= threshold - slack;
        let centre = track.bbox.centre();
        let first = *self.first_centre.get_or_insert(centre);
        let moved = MOVED * track.bbox.height();
        self.has_moved |= square_distance(first, centre, aspect) >= moved * moved;
    }

    /// Whether the object has moved since this filter first looked at it.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved
    }

    fn is_at_rest(&self, track: &Track) -> bool {
        track.is_stationary || !self.has_moved
    }
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
