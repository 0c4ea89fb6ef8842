//! Counters: how many crossed a line, each way, by class.
//!
//! In: crossings, in order of time. Out: a [`Count`] per way and class for
//! each interval that is over, and totals since the last timed reset.
//!
//! For each interval in which the camera was seen there is one row per way
//! for all classes together, also when it is 0 (so that "nobody came" differs
//! from "not watched"), and one per way and class that came.
//!
//! Nothing is counted twice over a restart: the interval that a stop cuts is
//! told so far by [`Counters::finish`]. The next run asks
//! [`since`](Counters::since) how far back totals go, reads the stored rows
//! from there and gives them to [`resume`](Counters::resume); it then tells
//! the cut interval again from its start, with the number of both runs, and
//! the store replaces the row. Intervals end and resets come by the times of
//! scenes, and by `tick` while there are none.
//!
//! What a person corrects ([`Counters::correct`]) stays apart from what was
//! counted, in rows of its own that the caller stores.
//!
//! Not here: what a crossing is (`site::path`).

mod interval;
mod line_counting;
mod resets;
#[cfg(test)]
mod tests;
mod watch;

use std::time::Duration;

use thiserror::Error;
use types::{CameraId, Class, ClassSet, Count, Crossing, LineId, Metric, RuleId, Timestamp};

pub use self::interval::Interval;
pub use self::line_counting::LineCounting;
pub use self::resets::{BadResets, Resets};
pub(crate) use self::watch::{Crossed, LineWatch};

use crate::site::Site;

/// Counts the crossings of one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Identity of its rows; unlike that of any other rule of the camera.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// Which line; from its left to its right is "in".
    pub line_id: LineId,
    /// Who counts; at least one class.
    pub classes: ClassSet,
    /// Length of the told intervals, 1 s to 1 h in whole seconds.
    pub interval: Duration,
    /// When totals start anew.
    pub resets: Resets,
}

impl Counter {
    /// Usual length of an interval.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
    /// Most counters of one program.
    pub const MAX: usize = 64;
}

/// Why counters cannot work.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CounterError {
    /// More than a program may have.
    #[error("set up counters: {n_given} counters: at most {max} are possible")]
    TooMany {
        /// How many were given.
        n_given: usize,
        /// Most possible.
        max: usize,
    },
    /// Two counters with one identity.
    #[error("set up counter {}: another counter has the same number", .0.0)]
    Twice(RuleId),
    /// A counter of a line that does not exist.
    #[error("set up counter {name:?}: line {} does not exist", .line_id.0)]
    UnknownLine {
        /// The counter's name.
        name: String,
        /// The line it names.
        line_id: LineId,
    },
    /// A counter that nothing can move.
    #[error("set up counter {name:?}: choose at least one class")]
    NoClass {
        /// The counter's name.
        name: String,
    },
    /// A counter with an interval that cannot be told.
    #[error("set up counter {name:?}: the interval must be 1 to 3600 s, in whole seconds")]
    Interval {
        /// The counter's name.
        name: String,
    },
}

/// Checks `counters` of `site`.
///
/// # Errors
/// Too many, one identity twice, a line that does not exist, no class, or an
/// interval out of range.
pub fn check(counters: &[Counter], site: &Site) -> Result<(), CounterError> {
    if counters.len() > Counter::MAX {
        return Err(CounterError::TooMany {
            n_given: counters.len(),
            max: Counter::MAX,
        });
    }
    for (idx, counter) in counters.iter().enumerate() {
        let name = || counter.name.clone();
        let is_same = |other: &Counter| other.rule_id == counter.rule_id;
        if counters[..idx].iter().any(is_same) {
            return Err(CounterError::Twice(counter.rule_id));
        }
        if site.path(counter.line_id).is_none() {
            let line_id = counter.line_id;
            return Err(CounterError::UnknownLine {
                name: name(),
                line_id,
            });
        }
        if counter.classes.is_empty() {
            return Err(CounterError::NoClass { name: name() });
        }
        if !Interval::is_length(counter.interval) {
            return Err(CounterError::Interval { name: name() });
        }
    }
    Ok(())
}

/// Crossings by way and [`Class::ALL`].
type Tally = [[u64; 6]; 2];

/// Where in a [`Tally`] a way stands, and what its rows say.
const WAYS: [(Crossing, Metric); 2] = [
    (Crossing::LeftToRight, Metric::In),
    (Crossing::RightToLeft, Metric::Out),
];

/// As [`WAYS`], of what a person corrected.
const BY_HAND: [Metric; 2] = [Metric::InByHand, Metric::OutByHand];

/// The counters of one program.
#[derive(Debug)]
pub struct Counters {
    camera_id: CameraId,
    counters: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    counter: Counter,
    /// The present interval, once something was seen in it.
    interval: Option<Interval>,
    tally: Tally,
    totals: Tally,
    /// By hand, since the same time, as [`WAYS`].
    corrected: [i64; 2],
    /// The last reset, or the first scene where none was before.
    since: Option<Timestamp>,
    next_reset: Option<Timestamp>,
}

/// What a counter shows now.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterLive {
    /// Which counter.
    pub rule_id: RuleId,
    /// Which line.
    pub line_id: LineId,
    /// From the line's left to its right since `since`, by [`Class::ALL`].
    pub entered: [u64; 6],
    /// From right to left since `since`, by [`Class::ALL`].
    pub left: [u64; 6],
    /// What a person added to both since `since`: to those who entered, and
    /// to those who left. Negative where too many were counted.
    pub by_hand: [i64; 2],
    /// Since when; `None` before the first scene.
    pub since: Option<Timestamp>,
}

impl CounterLive {
    /// All who entered, as corrected.
    pub fn n_entered(&self) -> u64 {
        corrected(&self.entered, self.by_hand[0])
    }

    /// All who left, as corrected.
    pub fn n_left(&self) -> u64 {
        corrected(&self.left, self.by_hand[1])
    }
}

fn corrected(by_class: &[u64; 6], by_hand: i64) -> u64 {
    let counted: u64 = by_class.iter().sum();
    counted.saturating_add_signed(by_hand)
}

impl Counters {
    /// All at zero. `counters` have passed [`check`].
    pub fn new(camera_id: CameraId, counters: Vec<Counter>) -> Self {
        let counters = counters.into_iter().map(Running::new).collect();
        Counters {
            camera_id,
            counters,
        }
    }

    /// Takes new counters; those that did not change go on. Returns the
    /// numbers so far of the others.
    pub fn replace(&mut self, counters: Vec<Counter>, now: Timestamp) -> Vec<Count> {
        let mut old = std::mem::take(&mut self.counters);
        self.counters = counters
            .into_iter()
            .map(|counter| {
                let known = old.iter().position(|old| old.counter == counter);
                known.map_or_else(|| Running::new(counter), |idx| old.remove(idx))
            })
            .collect();
        let mut counts = Vec::new();
        for running in &mut old {
            running.close(Some(now), &self.camera_id, &mut counts);
        }
        counts
    }

    /// From when on [`resume`](Self::resume) wants the stored rows if counting
    /// goes on `now`: the earlier of the last reset and the interval's start,
    /// at most 24 h ago, by counter.
    pub fn since(&self, now: Timestamp) -> Vec<(RuleId, Timestamp)> {
        self.counters
            .iter()
            .map(|running| (running.counter.rule_id, running.resume_from(now)))
            .collect()
    }

    /// Goes on `now` from the stored `rows` of an earlier run, before the first
    /// scene. Rows of others, and older ones, are left aside.
    pub fn resume(&mut self, rows: &[Count], now: Timestamp) {
        for running in &mut self.counters {
            running.resume(rows, now);
        }
    }

    /// A scene came `at` this time: intervals and totals before it are over.
    pub fn advance(&mut self, at: Timestamp) -> Vec<Count> {
        let mut counts = Vec::new();
        for running in &mut self.counters {
            running.close_if_over(at, &self.camera_id, &mut counts);
            running.reset_if_due(at);
            running
                .interval
                .get_or_insert_with(|| Interval::around(at, running.counter.interval));
        }
        counts
    }

    /// Takes one crossing of the scene that [`advance`](Self::advance) told.
    pub(crate) fn count(&mut self, crossed: &Crossed) {
        for running in &mut self.counters {
            let counter = &running.counter;
            if counter.line_id == crossed.line_id && counter.classes.contains(crossed.class) {
                let way = usize::from(crossed.way == Crossing::RightToLeft);
                running.tally[way][crossed.class as usize] += 1;
                running.totals[way][crossed.class as usize] += 1;
            }
        }
    }

    /// A person found that `by` more (or fewer) went this way at `at`. Totals
    /// since a later reset do not change. `false`: no such counter.
    pub fn correct(&mut self, rule_id: RuleId, way: Crossing, by: i64, at: Timestamp) -> bool {
        let mut counters = self.counters.iter_mut();
        let Some(running) = counters.find(|running| running.counter.rule_id == rule_id) else {
            return false;
        };
        if running.since.is_none_or(|since| at >= since) {
            let corrected = &mut running.corrected[usize::from(way == Crossing::RightToLeft)];
            *corrected = corrected.saturating_add(by);
        }
        true
    }

    /// No scene came: intervals that are over are told nevertheless.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Count> {
        let mut counts = Vec::new();
        for running in &mut self.counters {
            running.close_if_over(now, &self.camera_id, &mut counts);
            running.reset_if_due(now);
        }
        counts
    }

    /// Tells the cut intervals so far; see [`resume`](Self::resume).
    pub fn finish(&mut self, now: Timestamp) -> Vec<Count> {
        let mut counts = self.tick(now);
        for running in &mut self.counters {
            running.close(Some(now), &self.camera_id, &mut counts);
        }
        counts
    }

    /// What each counter shows now, in the order given.
    pub fn live(&self) -> Vec<CounterLive> {
        self.counters
            .iter()
            .map(|running| CounterLive {
                rule_id: running.counter.rule_id,
                line_id: running.counter.line_id,
                entered: running.totals[0],
                left: running.totals[1],
                by_hand: running.corrected,
                since: running.since,
            })
            .collect()
    }

    /// The counters.
    pub fn iter(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter().map(|running| &running.counter)
    }
}

/// Totals that are never reset go back no further than this after a restart.
const MAX_RESUMED: Duration = Duration::from_secs(24 * 3_600);

impl Running {
    fn new(counter: Counter) -> Self {
        Running {
            counter,
            interval: None,
            tally: Tally::default(),
            totals: Tally::default(),
            corrected: [0; 2],
            since: None,
            next_reset: None,
        }
    }

    fn close_if_over(&mut self, at: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        if self.interval.is_some_and(|interval| interval.is_over(at)) {
            self.close(None, camera_id, counts);
        }
    }

    /// Tells the present interval, cut at `now` if given and it is not over.
    fn close(&mut self, now: Option<Timestamp>, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some(interval) = self.interval.take() else {
            return;
        };
        let tally = std::mem::take(&mut self.tally);
        let until = now.map_or(interval.until, |now| {
            now.clamp(interval.from, interval.until)
        });
        let mut tell = |metric, class, number: u64| {
            counts.push(Count {
                camera_id: camera_id.clone(),
                rule_id: self.counter.rule_id,
                metric,
                class,
                from: interval.from,
                until,
                value: number as f64,
            });
        };
        for ((_, metric), by_class) in WAYS.into_iter().zip(tally) {
            tell(metric, None, by_class.iter().sum());
            for (class, number) in Class::ALL.into_iter().zip(by_class) {
                if number > 0 {
                    tell(metric, Some(class), number);
                }
            }
        }
    }

    fn reset_if_due(&mut self, at: Timestamp) {
        if self.since.is_none() {
            self.since = Some(at);
            self.next_reset = self.counter.resets.next_after(at);
        }
        if self.next_reset.is_some_and(|reset| at >= reset) {
            self.totals = Tally::default();
            self.corrected = [0; 2];
            self.since = self.counter.resets.last_until(at).or(Some(at));
            self.next_reset = self.counter.resets.next_after(at);
        }
    }

    fn resume_from(&self, now: Timestamp) -> Timestamp {
        let interval = Interval::around(now, self.counter.interval);
        let reset = self.counter.resets.last_until(now);
        reset
            .unwrap_or(Timestamp::from_micros(i64::MIN))
            .min(interval.from)
            .max(now.saturating_sub(MAX_RESUMED))
    }

    fn resume(&mut self, rows: &[Count], now: Timestamp) {
        let interval = Interval::around(now, self.counter.interval);
        let from = self.resume_from(now);
        let reset = self.counter.resets.last_until(now).unwrap_or(from);
        let mut oldest = None;
        for row in rows
            .iter()
            .filter(|row| row.rule_id == self.counter.rule_id)
        {
            if let Some(way) = BY_HAND.iter().position(|metric| *metric == row.metric)
                && row.from >= reset
            {
                self.corrected[way] = self.corrected[way].saturating_add(signed(row.value));
            }
            let way = WAYS.iter().position(|(_, metric)| *metric == row.metric);
            let (Some(way), Some(class)) = (way, row.class) else {
                continue;
            };
            let number = whole(row.value);
            if row.from == interval.from {
                self.interval = Some(interval);
                self.tally[way][class as usize] += number;
            }
            if row.from >= reset {
                self.totals[way][class as usize] += number;
                oldest = Some(oldest.map_or(row.from, |at: Timestamp| at.min(row.from)));
            }
        }
        if let Some(oldest) = oldest {
            self.since = Some(self.counter.resets.last_until(now).unwrap_or(oldest));
            self.next_reset = self.counter.resets.next_after(now);
        }
    }
}

/// A stored correction as it was made.
fn signed(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and corrections are whole"
    )]
    let number = value.round() as i64;
    number
}

/// A stored number as it was counted.
fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and counts are whole and not negative"
    )]
    let number = value.round() as u64;
    number
}
