//! Places that want a closer look, in the order in which they fell due.
//!
//! In: per frame the boxes that want one, each with how often. Out: the queue.
//!
//! First due, first served: a place keeps its due time until it is looked at,
//! and is then put behind all others, so nothing that lasts is starved by
//! what is new. Places are matched from frame to frame by their boxes.

use std::time::Duration;

use types::{NormBox, Timestamp};

/// Most places that wait. Motion has at most 16 boxes; the rest is for tracks.
pub(super) const MAX_WANTS: usize = 48;

/// How long a place is remembered without being wanted.
const FORGET: Duration = Duration::from_secs(1);

/// A box that wants a closer look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Demand {
    pub(super) bbox: NormBox,
    /// Wait before the first look, for a whole look may find it.
    pub(super) first_after: Duration,
    /// Time from one look to the next.
    pub(super) interval: Duration,
}

/// One place that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Want {
    pub(super) bbox: NormBox,
    pub(super) due_at: Timestamp,
    interval: Duration,
    wanted_at: Timestamp,
    is_matched: bool,
}

/// The queue of one camera.
#[derive(Debug, Default)]
pub(super) struct Wants {
    wants: Vec<Want>,
}

impl Wants {
    /// Takes over what is wanted now.
    pub(super) fn update(&mut self, at: Timestamp, demands: &[Demand]) {
        self.wants
            .retain(|want| at.saturating_since(want.wanted_at) <= FORGET);
        for want in &mut self.wants {
            want.is_matched = false;
        }
        for demand in demands {
            match self.best_match(demand.bbox) {
                Some(idx) => {
                    let want = &mut self.wants[idx];
                    // A shorter interval takes effect at once, a longer one
                    // after the next look.
                    if demand.interval < want.interval {
                        want.due_at = want.due_at.min(at.saturating_add(demand.interval));
                    }
                    want.interval = demand.interval;
                    want.bbox = demand.bbox;
                    want.wanted_at = at;
                    want.is_matched = true;
                }
                None if self.wants.len() < MAX_WANTS => self.wants.push(Want {
                    bbox: demand.bbox,
                    due_at: at.saturating_add(demand.first_after),
                    interval: demand.interval,
                    wanted_at: at,
                    is_matched: true,
                }),
                None => {}
            }
        }
        // Stable: places that fell due together keep their order.
        self.wants.sort_by_key(|want| want.due_at);
    }

    /// What is due and still wanted, longest due first.
    pub(super) fn due(&self, at: Timestamp) -> impl Iterator<Item = &Want> {
        self.wants
            .iter()
            .filter(move |want| want.wanted_at == at && want.due_at <= at)
    }

    /// Puts all places for which `is_seen` holds to the back.
    pub(super) fn serve(&mut self, at: Timestamp, is_seen: impl Fn(NormBox) -> bool) {
        for want in &mut self.wants {
            if is_seen(want.bbox) {
                want.due_at = at.saturating_add(want.interval);
            }
        }
        self.wants.sort_by_key(|want| want.due_at);
    }

    pub(super) fn clear(&mut self) {
        self.wants.clear();
    }

    /// Index of the unmatched place that `bbox` most probably is.
    fn best_match(&self, bbox: NormBox) -> Option<usize> {
        let unmatched = self.wants.iter().enumerate();
        unmatched
            .filter(|(_, want)| !want.is_matched)
            .map(|(idx, want)| (closeness(want.bbox, bbox), idx))
            .filter(|(closeness, _)| *closeness > 0.0)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, idx)| idx)
    }
}

/// Overlap, or a little when one box has moved by no more than its own size.
fn closeness(before: NormBox, now: NormBox) -> f32 {
    let (width, height) = (before.width(), before.height());
    let around = NormBox::from_xyxy(
        before.x1() - width,
        before.y1() - height,
        before.x2() + width,
        before.y2() + height,
    );
    let near = if around.contains(now.centre()) {
        1e-3
    } else {
        0.0
    };
    before.iou(now).max(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn demand(x: f32) -> Demand {
        Demand {
            bbox: NormBox::from_xyxy(x, 0.4, x + 0.05, 0.5),
            first_after: Duration::ZERO,
            interval: SECOND,
        }
    }

    fn due(wants: &Wants, at: Timestamp) -> Vec<f32> {
        wants.due(at).map(|want| want.bbox.x1()).collect()
    }

    #[test]
    fn places_are_served_in_turn() {
        let mut wants = Wants::default();
        let demands = [demand(0.1), demand(0.5), demand(0.8)];
        let at = Timestamp::from_millis;
        wants.update(at(0), &demands);
        assert_eq!(due(&wants, at(0)), [0.1, 0.5, 0.8]);
        wants.serve(at(0), |bbox| bbox == demands[0].bbox);
        assert_eq!(due(&wants, at(0)), [0.5, 0.8]);
        wants.update(at(1_000), &demands);
        assert_eq!(due(&wants, at(1_000)), [0.5, 0.8, 0.1]);
    }

    #[test]
    fn place_that_moves_keeps_its_turn() {
        let mut wants = Wants::default();
        let at = Timestamp::from_millis;
        wants.update(at(0), &[demand(0.1)]);
        wants.update(at(200), &[demand(0.5), demand(0.14)]);
        assert_eq!(due(&wants, at(200)), [0.14, 0.5]);
    }

    #[test]
    fn place_no_longer_wanted_is_forgotten() {
        let mut wants = Wants::default();
        let at = Timestamp::from_millis;
        wants.update(at(0), &[demand(0.1)]);
        wants.update(at(500), &[]);
        assert_eq!(due(&wants, at(500)), [] as [f32; 0]);
        assert_eq!(wants.wants.len(), 1);
        wants.update(at(1_001), &[]);
        assert_eq!(wants.wants.len(), 0);
    }

    #[test]
    fn queue_is_bounded() {
        let mut wants = Wants::default();
        let demands = vec![demand(0.1); 3 * MAX_WANTS];
        wants.update(Timestamp::from_secs(1), &demands);
        assert_eq!(wants.wants.len(), MAX_WANTS);
    }
}
