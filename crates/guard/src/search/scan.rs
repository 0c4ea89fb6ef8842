//! One walk over all vectors.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use simsimd::SpatialSimilarity as _;
use types::Timestamp;

use super::chunk::Chunk;
use super::quantised::Quantised;
use super::question::Asked;

/// What all wishes granted are worth beside a similarity of 1.
pub(super) const WISH_WORTH: f32 = 0.1;

/// Somebody who may be an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Whose sighting.
    pub sighting_id: i64,
    /// The more, the better; from one byte per number.
    pub score: f32,
    /// First seen: of equals the newest is best.
    pub first_seen_at: Timestamp,
    /// How many wishes it grants, the heading among them.
    pub n_granted: u32,
}

/// The best of those who were looked at.
#[derive(Clone, Debug)]
pub struct Candidates {
    n_wanted: usize,
    /// The worst is on top.
    heap: BinaryHeap<Worst>,
    /// How many were meant.
    n_meant: u64,
}

impl Candidates {
    pub(super) fn new(n_wanted: usize) -> Self {
        Candidates {
            n_wanted,
            heap: BinaryHeap::with_capacity(n_wanted + 1),
            n_meant: 0,
        }
    }

    /// How many were meant by the question, among whom these are the best.
    pub fn n_meant(&self) -> u64 {
        self.n_meant
    }

    /// Takes over what another part found.
    pub fn join(&mut self, other: Candidates) {
        self.n_meant += other.n_meant;
        for Worst(candidate) in other.heap {
            self.offer(candidate);
        }
    }

    /// The best first.
    pub fn into_best_first(self) -> Vec<Candidate> {
        let sorted = self.heap.into_sorted_vec();
        sorted
            .into_iter()
            .map(|Worst(candidate)| candidate)
            .collect()
    }

    fn offer(&mut self, candidate: Candidate) {
        if self.heap.len() < self.n_wanted {
            self.heap.push(Worst(candidate));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && better_first(&candidate, &worst.0) == Ordering::Less
        {
            *worst = Worst(candidate);
        }
    }

    pub(super) fn look_at(&mut self, chunk: &Chunk, asked: &Asked, looks: Option<&Quantised>) {
        #[expect(clippy::cast_precision_loss, reason = "at most nine wishes")]
        let worth = match asked.n_wishes() {
            0 => 0.0,
            n_wishes => WISH_WORTH / n_wishes as f32,
        };
        for idx in 0..chunk.n_rows() {
            let Some(n_granted) = asked.look(chunk, idx) else {
                continue;
            };
            self.n_meant += 1;
            let likeness = looks.map_or(0.0, |looks| {
                product(&looks.bytes, chunk.vector(idx)) * looks.scale * chunk.scales[idx]
            });
            #[expect(clippy::cast_precision_loss, reason = "at most nine wishes")]
            let score = likeness + worth * n_granted as f32;
            self.offer(Candidate {
                sighting_id: chunk.ids[idx],
                score,
                first_seen_at: chunk.first_seen(idx),
                n_granted,
            });
        }
    }
}

/// The scalar product of two vectors of one length.
#[expect(
    clippy::cast_possible_truncation,
    reason = "16,129 times at most 1,024 is exact in f32's range"
)]
fn product(a: &[i8], b: &[i8]) -> f32 {
    i8::dot(a, b).unwrap_or(0.0) as f32
}

/// The better one is less: score, then newer, then the later number.
pub(super) fn better_first(a: &Candidate, b: &Candidate) -> Ordering {
    let key = |candidate: &Candidate| (candidate.first_seen_at, candidate.sighting_id);
    b.score
        .total_cmp(&a.score)
        .then_with(|| key(b).cmp(&key(a)))
}

/// Ordered so that the worst is greatest.
#[derive(Clone, Copy, Debug)]
struct Worst(Candidate);

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        better_first(&self.0, &other.0)
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Worst {}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(sighting_id: i64, score: f32) -> Candidate {
        Candidate {
            sighting_id,
            score,
            first_seen_at: Timestamp::from_secs(0),
            n_granted: 0,
        }
    }

    #[test]
    fn best_are_kept_best_first_whatever_the_order_and_the_parts() {
        let mut parts = [Candidates::new(3), Candidates::new(3)];
        for id in 0..20_i16 {
            let score = f32::from(id * 7 % 20);
            parts[usize::from(id % 2 == 0)].offer(candidate(i64::from(id), score));
        }
        let [mut all, other] = parts;
        all.join(other);
        let best = all.into_best_first();
        let scores: Vec<f32> = best.iter().map(|candidate| candidate.score).collect();
        assert_eq!(scores, [19.0, 18.0, 17.0]);
    }

    #[test]
    fn among_equals_the_newest_is_best() {
        let mut all = Candidates::new(2);
        for (id, second) in [(1, 5), (2, 9), (3, 1)] {
            let first_seen_at = Timestamp::from_secs(second);
            all.offer(Candidate {
                first_seen_at,
                ..candidate(id, 0.5)
            });
        }
        let best = all.into_best_first();
        assert_eq!((best[0].sighting_id, best[1].sighting_id), (2, 1));
    }
}
