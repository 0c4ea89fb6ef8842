//! How many different objects came: an estimate.
//!
//! In: objects as they are first told. Out: whether each is new. An object is
//! one that was here before if it was not seen at the same time as that one,
//! and
//!
//! - where both have vectors of one maker for which a similarity is set: they
//!   are at least so similar, within the window;
//! - else: it appeared within 3 s near where that one was last seen.
//!
//! Twins in uniform count once, and who comes back in another coat counts
//! twice: told as an estimate wherever it is shown. The memory ends with the
//! program: who comes again after a restart counts again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use types::{CameraId, ClassGroup, Count, Embedding, Metric, NormBox, RuleId, Timestamp};

use crate::counting::{Interval, Resets};

/// How different objects are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitorsConfig {
    /// Identity of the rows; unlike that of any other rule of the camera.
    pub rule_id: RuleId,
    /// Length of the told intervals, 1 s to 1 h in whole seconds.
    pub interval: Duration,
    /// When the shown total starts anew.
    pub resets: Resets,
    /// How long an object is remembered, 1 min to 24 h.
    pub window: Duration,
    /// By maker of vectors: the similarity, -1..=1, from which two are the
    /// same. Measure it: a maker that is not named is not compared.
    pub same_from: Vec<(Arc<str>, f32)>,
}

impl VisitorsConfig {
    /// Usual time for which an object is remembered.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(30 * 60);

    /// What is outside its range, and the range.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let window = Duration::from_secs(60)..=Duration::from_secs(24 * 3_600);
        let is_similarity = |(_, from): &(Arc<str>, f32)| (-1.0..=1.0).contains(from);
        if !Interval::is_length(self.interval) {
            Err(("interval", "1 to 3600 s, in whole seconds"))
        } else if !window.contains(&self.window) {
            Err(("window", "1 min to 24 h"))
        } else if !self.same_from.iter().all(is_similarity) {
            Err(("similarity", "-1 to 1"))
        } else {
            Ok(())
        }
    }
}

/// Most objects remembered; the one seen longest ago makes room.
const MAX_VISITORS: usize = 1_024;
/// Longest gap over which nearness alone makes two tracks one object.
const NEAR_WITHIN: Duration = Duration::from_secs(3);
/// How near, in sizes of the larger box, per axis.
const NEAR: f32 = 1.5;

/// Who came so far.
#[derive(Debug)]
pub(super) struct Visitors {
    pub(super) config: VisitorsConfig,
    visitors: BTreeMap<u64, Visitor>,
    next_no: u64,
    /// Start of the present row, its interval, and who is new in it.
    started: Option<(Timestamp, Interval)>,
    n_new: u32,
    n_total: u64,
    since: Option<Timestamp>,
    next_reset: Option<Timestamp>,
}

#[derive(Debug)]
struct Visitor {
    group: ClassGroup,
    bbox: NormBox,
    last_seen_at: Timestamp,
    embeddings: Vec<Embedding>,
}

/// An object as it is first told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) group: ClassGroup,
    pub(super) first_seen_at: Timestamp,
    /// Where it was first seen.
    pub(super) first_bbox: NormBox,
    pub(super) bbox: NormBox,
    pub(super) last_seen_at: Timestamp,
    pub(super) embeddings: &'a [Embedding],
}

impl Visitors {
    pub(super) fn new(config: VisitorsConfig) -> Self {
        Visitors {
            config,
            visitors: BTreeMap::new(),
            next_no: 0,
            started: None,
            n_new: 0,
            n_total: 0,
            since: None,
            next_reset: None,
        }
    }

    /// How many came, and since when.
    pub(super) fn live(&self) -> (u64, Option<Timestamp>) {
        (self.n_total, self.since)
    }

    /// A scene came `at` this time, or time was told: rows and totals before
    /// it are over.
    pub(super) fn advance(
        &mut self,
        at: Timestamp,
        has_scene: bool,
        camera_id: &CameraId,
        counts: &mut Vec<Count>,
    ) {
        if self
            .started
            .is_some_and(|(_, interval)| interval.is_over(at))
        {
            self.tell(at, camera_id, counts);
        }
        if self.next_reset.is_some_and(|reset| at >= reset) {
            self.n_total = 0;
            self.since = self.config.resets.last_until(at);
            self.next_reset = self.config.resets.next_after(at);
        }
        if has_scene {
            let length = self.config.interval;
            self.started
                .get_or_insert_with(|| (at, Interval::around(at, length)));
            if self.since.is_none() {
                self.since = Some(at);
                self.next_reset = self.config.resets.next_after(at);
            }
            let window = self.config.window;
            self.visitors
                .retain(|_, visitor| at.saturating_since(visitor.last_seen_at) <= window);
        }
    }

    /// The number of the visitor that `arrival` is, new or known.
    pub(super) fn arrive(&mut self, arrival: &Arrival<'_>) -> u64 {
        let known = self.known(arrival);
        let no = known.unwrap_or(self.next_no);
        if known.is_none() {
            self.next_no += 1;
            self.n_new += 1;
            self.n_total += 1;
            if self.visitors.len() >= MAX_VISITORS {
                let oldest = self.visitors.iter().min_by_key(|(_, v)| v.last_seen_at);
                let oldest = oldest.map(|(no, _)| *no);
                oldest.and_then(|no| self.visitors.remove(&no));
            }
        }
        let embeddings = arrival.embeddings.to_vec();
        let visitor = self.visitors.entry(no).or_insert_with(|| Visitor {
            group: arrival.group,
            bbox: arrival.bbox,
            last_seen_at: arrival.last_seen_at,
            embeddings: Vec::new(),
        });
        visitor.bbox = arrival.bbox;
        visitor.last_seen_at = arrival.last_seen_at;
        if !embeddings.is_empty() {
            visitor.embeddings = embeddings;
        }
        no
    }

    /// Visitor `no` is seen again, in `bbox`.
    pub(super) fn stay(&mut self, no: u64, bbox: NormBox, seen_at: Timestamp) {
        if let Some(visitor) = self.visitors.get_mut(&no) {
            visitor.bbox = bbox;
            visitor.last_seen_at = seen_at;
        }
    }

    /// Tells the present row, cut at `now` if its interval is not over.
    pub(super) fn tell(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some((from, interval)) = self.started.take() else {
            return;
        };
        counts.push(Count {
            camera_id: camera_id.clone(),
            rule_id: self.config.rule_id,
            metric: Metric::Unique,
            class: None,
            from,
            until: now.clamp(from, interval.until),
            value: f64::from(std::mem::take(&mut self.n_new)),
        });
    }

    /// The best match among those who were here before.
    fn known(&self, arrival: &Arrival<'_>) -> Option<u64> {
        let earlier = self.visitors.iter().filter(|(_, visitor)| {
            visitor.group == arrival.group && visitor.last_seen_at < arrival.first_seen_at
        });
        let (mut similar, mut near): (Option<(f32, u64)>, Option<u64>) = (None, None);
        for (no, visitor) in earlier {
            match self.similarity(visitor, arrival) {
                Some((is, from)) => {
                    let margin = is - from;
                    if margin >= 0.0 && similar.is_none_or(|(best, _)| margin > best) {
                        similar = Some((margin, *no));
                    }
                }
                None if is_near(visitor, arrival) => near = Some(*no),
                None => {}
            }
        }
        similar.map(|(_, no)| no).or(near)
    }

    /// Similarity of both and the one that makes them the same, if they can be
    /// compared.
    fn similarity(&self, visitor: &Visitor, arrival: &Arrival<'_>) -> Option<(f32, f32)> {
        self.config.same_from.iter().find_map(|(maker, from)| {
            let a = visitor.embeddings.iter().find(|e| e.maker == *maker)?;
            let b = arrival.embeddings.iter().find(|e| e.maker == *maker)?;
            let products = a.values.iter().zip(b.values.iter()).map(|(a, b)| a * b);
            (a.values.len() == b.values.len()).then(|| (products.sum(), *from))
        })
    }
}

fn is_near(visitor: &Visitor, arrival: &Arrival<'_>) -> bool {
    let (old, new) = (visitor.bbox, arrival.first_bbox);
    let reach_x = NEAR * old.width().max(new.width());
    let reach_y = NEAR * old.height().max(new.height());
    arrival.first_seen_at.saturating_since(visitor.last_seen_at) <= NEAR_WITHIN
        && (old.centre().x - new.centre().x).abs() <= reach_x
        && (old.centre().y - new.centre().y).abs() <= reach_y
}
