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

/// A number is wrong by up to half a step of its bytes, evenly: its deviation is
/// 1/√12 of a step, and that of a scalar product with a vector of length 1 the
/// same. Four deviations are kept.
const DOUBT_PER_STEP: f32 = 4.0 * 0.288_675_13;

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
    /// How far the score may be from the exact one.
    pub doubt: f32,
}

/// The best of those who were looked at.
#[derive(Clone, Debug)]
pub struct Candidates {
    n_wanted: usize,
    /// The worst is on top.
    heap: BinaryHeap<Worst>,
    /// The worst one's score when there are enough.
    least_score: f32,
    /// How many were meant.
    n_meant: u64,
    /// Which rows of a chunk are meant; kept for its memory.
    is_meant: Vec<bool>,
}

impl Candidates {
    pub(super) fn new(n_wanted: usize) -> Self {
        Candidates {
            n_wanted,
            heap: BinaryHeap::with_capacity(n_wanted + 1),
            least_score: f32::NEG_INFINITY,
            n_meant: 0,
            is_meant: Vec::new(),
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
        if self.heap.len() == self.n_wanted
            && let Some(worst) = self.heap.peek()
        {
            self.least_score = worst.0.score;
        }
    }

    pub(super) fn look_at(&mut self, chunk: &Chunk, asked: &Asked, looks: Option<&Quantised>) {
        #[expect(clippy::cast_precision_loss, reason = "at most nine wishes")]
        let worth = match asked.n_wishes() {
            0 => 0.0,
            n_wishes => WISH_WORTH / n_wishes as f32,
        };
        let length = looks.map_or(0.0, |looks| {
            product(&looks.bytes, &looks.bytes).sqrt() * looks.scale
        });
        let mut is_meant = std::mem::take(&mut self.is_meant);
        asked.meant(chunk, &mut is_meant);
        for idx in 0..chunk.n_rows() {
            let Some(n_granted) = is_meant[idx].then(|| asked.look(chunk, idx)).flatten() else {
                continue;
            };
            self.n_meant += 1;
            let likeness = looks.map_or(0.0, |looks| {
                product(&looks.bytes, chunk.vector(idx)) * looks.scale * chunk.scales[idx]
            });
            #[expect(clippy::cast_precision_loss, reason = "at most nine wishes")]
            let score = likeness + worth * n_granted as f32;
            if score < self.least_score {
                continue;
            }
            self.offer(Candidate {
                sighting_id: chunk.ids[idx],
                score,
                first_seen_at: chunk.first_seen(idx),
                n_granted,
                doubt: looks.map_or(0.0, |looks| {
                    DOUBT_PER_STEP * (looks.scale + length * chunk.scales[idx])
                }),
            });
        }
        self.is_meant = is_meant;
    }
}

/// Those of `best`, best first, of whom one can be among the `n_wanted` when
/// they are compared exactly.
pub fn within_reach(mut best: Vec<Candidate>, n_wanted: usize) -> Vec<Candidate> {
    let lowest = best
        .iter()
        .take(n_wanted)
        .map(|candidate| candidate.score - candidate.doubt)
        .fold(f32::INFINITY, f32::min);
    let mut place = 0;
    best.retain(|candidate| {
        place += 1;
        place <= n_wanted || candidate.score + candidate.doubt >= lowest
    });
    best
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
    use super::super::quantised::quantise;
    use super::*;

    fn candidate(sighting_id: i64, score: f32) -> Candidate {
        Candidate {
            sighting_id,
            score,
            first_seen_at: Timestamp::from_secs(0),
            n_granted: 0,
            doubt: 0.0,
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

    #[test]
    fn who_may_pass_the_last_wanted_one_is_kept() {
        let best = [
            (1, 0.9, 0.0),
            (2, 0.8, 0.02),
            (3, 0.79, 0.0),
            (4, 0.77, 0.02),
            (5, 0.75, 0.01),
        ];
        let best = best
            .map(|(id, score, doubt)| Candidate {
                doubt,
                ..candidate(id, score)
            })
            .to_vec();
        let kept = |n_wanted| -> Vec<i64> {
            let kept = within_reach(best.clone(), n_wanted);
            kept.iter().map(|candidate| candidate.sighting_id).collect()
        };
        assert_eq!(kept(2), [1, 2, 3, 4]);
        assert_eq!(kept(1), [1]);
        assert_eq!(kept(9), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn bytes_are_wrong_by_no_more_than_the_doubt() {
        let mut seed = 7_u32;
        let mut vector = || -> Vec<f32> {
            let mut values: Vec<f32> = (0..336)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    f32::from((seed >> 16) as u16) / 65_536.0 - 0.4
                })
                .collect();
            let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
            values.iter_mut().for_each(|value| *value /= length);
            values
        };
        for _ in 0..200 {
            let (a, b) = (vector(), vector());
            let exact: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let (a, b) = (quantise(&a), quantise(&b));
            let by_bytes = product(&a.bytes, &b.bytes) * a.scale * b.scale;
            let doubt = DOUBT_PER_STEP * (a.scale + b.scale);
            assert!(
                (exact - by_bytes).abs() <= doubt,
                "{exact} {by_bytes} {doubt}"
            );
        }
    }
}
