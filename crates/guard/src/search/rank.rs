//! The best candidates, compared exactly and with reasons.
//!
//! The score is the mean similarity to what is wanted, less half the mean
//! similarity to what is not, plus up to 0.1 for wishes that are granted. All of
//! it is one scalar product with one direction, so that the walk over all
//! vectors costs the same for any number of examples.

use simsimd::SpatialSimilarity as _;

use super::scan::{Candidate, WISH_WORTH, better_first};

/// Most examples of one question.
pub const MAX_EXAMPLES: usize = 8;
/// What similarity to something unwanted costs.
const UNWANTED_WEIGHT: f32 = 0.5;

/// Something that is looked for, or is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// By the maker that is searched by.
    pub vector: Vec<f32>,
    /// Whether it is looked for.
    pub is_wanted: bool,
}

/// How somebody looks who is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Of unit length each.
    examples: Vec<Example>,
    direction: Vec<f32>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Whose sighting.
    pub sighting_id: i64,
    /// The more, the better.
    pub score: f32,
    /// Mean similarity to what is wanted, -1..=1; `None` without such examples.
    pub similarity: Option<f32>,
    /// Similarity to each example, in their order.
    pub by_example: Vec<f32>,
    /// How many wishes it grants, the heading among them.
    pub n_granted: u32,
}

impl Looks {
    /// `None` without examples, when their vectors have different lengths, or
    /// when one says nothing (is zero).
    pub fn new(mut examples: Vec<Example>) -> Option<Self> {
        let dims = examples.first()?.vector.len();
        let n_of = |wanted| examples.iter().filter(|e| e.is_wanted == wanted).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let weight = |wanted: bool| match wanted {
            true => 1.0 / n_of(true) as f32,
            false => -UNWANTED_WEIGHT / n_of(false) as f32,
        };
        let weights = [weight(false), weight(true)];
        let mut direction = vec![0.0; dims];
        for example in &mut examples {
            let length = similarity(&example.vector, &example.vector).sqrt();
            if example.vector.len() != dims || !length.is_normal() {
                return None;
            }
            for value in &mut example.vector {
                *value /= length;
            }
            let weight = weights[usize::from(example.is_wanted)];
            for (sum, value) in direction.iter_mut().zip(&example.vector) {
                *sum += weight * value;
            }
        }
        Some(Looks {
            examples,
            direction,
        })
    }

    /// Where vectors that score high lie.
    pub fn direction(&self) -> &[f32] {
        &self.direction
    }

    /// Mean similarity of `vector` to what is wanted, similarity to each
    /// example, and the score of both.
    pub fn compare(&self, vector: &[f32]) -> (Option<f32>, Vec<f32>, f32) {
        let by_example: Vec<f32> = self
            .examples
            .iter()
            .map(|example| similarity(&example.vector, vector))
            .collect();
        let mean = |wanted: bool| {
            let of_kind = self.examples.iter().zip(&by_example);
            let of_kind: Vec<f32> = of_kind
                .filter(|(example, _)| example.is_wanted == wanted)
                .map(|(_, &similarity)| similarity)
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let n_examples = of_kind.len() as f32;
            (!of_kind.is_empty()).then(|| of_kind.iter().sum::<f32>() / n_examples)
        };
        let similarity = mean(true);
        let score = similarity.unwrap_or(0.0) - UNWANTED_WEIGHT * mean(false).unwrap_or(0.0);
        (similarity, by_example, score)
    }
}

/// Compares the best candidates by their own vectors; `None` stands for a
/// vector that is gone, and its candidate goes, too. `n_wishes` counts the
/// wishes and the heading.
pub fn rank(
    looks: Option<&Looks>,
    candidates: Vec<Candidate>,
    vectors: &[Option<Vec<f32>>],
    n_wishes: usize,
) -> Vec<Hit> {
    #[expect(clippy::cast_precision_loss, reason = "at most nine")]
    let worth = match n_wishes {
        0 => 0.0,
        n_wishes => WISH_WORTH / n_wishes as f32,
    };
    let mut ranked: Vec<(Candidate, Hit)> = Vec::with_capacity(candidates.len());
    for (idx, mut candidate) in candidates.into_iter().enumerate() {
        let (similarity, by_example, score) = match looks {
            None => (None, Vec::new(), 0.0),
            Some(looks) => match vectors.get(idx) {
                Some(Some(vector)) => looks.compare(vector),
                _ => continue,
            },
        };
        #[expect(clippy::cast_precision_loss, reason = "at most nine")]
        let granted = worth * candidate.n_granted as f32;
        candidate.score = score + granted;
        let hit = Hit {
            sighting_id: candidate.sighting_id,
            score: candidate.score,
            similarity,
            by_example,
            n_granted: candidate.n_granted,
        };
        ranked.push((candidate, hit));
    }
    ranked.sort_by(|(a, _), (b, _)| better_first(a, b));
    ranked.into_iter().map(|(_, hit)| hit).collect()
}

/// The scalar product; 0 of vectors that cannot be compared.
#[expect(clippy::cast_possible_truncation, reason = "computed in f32 anyway")]
pub fn similarity(a: &[f32], b: &[f32]) -> f32 {
    let product = f32::dot(a, b).unwrap_or(0.0) as f32;
    if product.is_finite() { product } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    fn example(vector: &[f32], is_wanted: bool) -> Example {
        Example {
            vector: vector.to_vec(),
            is_wanted,
        }
    }

    fn candidate(sighting_id: i64, n_granted: u32) -> Candidate {
        Candidate {
            sighting_id,
            score: 0.0,
            first_seen_at: Timestamp::from_secs(sighting_id),
            n_granted,
            doubt: 0.0,
        }
    }

    #[track_caller]
    fn check(examples: &[Example], vectors: &[&[f32]], expected: &[i64]) {
        let looks = Looks::new(examples.to_vec()).unwrap();
        let vectors: Vec<Option<Vec<f32>>> = vectors.iter().map(|v| Some(v.to_vec())).collect();
        let candidates = (1..)
            .take(vectors.len())
            .map(|id| candidate(id, 0))
            .collect();
        let hits = rank(Some(&looks), candidates, &vectors, 0);
        let ids: Vec<i64> = hits.iter().map(|hit| hit.sighting_id).collect();
        assert_eq!(ids, expected);
        for hit in &hits {
            let vector = vectors[usize::try_from(hit.sighting_id).unwrap() - 1]
                .as_ref()
                .unwrap();
            let by_direction = similarity(looks.direction(), vector);
            assert!(
                (hit.score - by_direction).abs() < 1e-5,
                "one product is the score"
            );
        }
    }

    #[test]
    fn nearest_is_first_and_unwanted_examples_push_back() {
        let vectors: [&[f32]; 3] = [&[0.8, 0.6], &[1.0, 0.0], &[0.96, -0.28]];
        check(&[example(&[2.0, 0.0], true)], &vectors, &[2, 3, 1]);
        let unwanted = [example(&[1.0, 0.0], true), example(&[0.6, -0.8], false)];
        check(&unwanted, &vectors, &[1, 2, 3]);
        let both = [example(&[1.0, 0.0], true), example(&[0.0, 1.0], true)];
        check(&both, &vectors, &[1, 2, 3]);
    }

    #[test]
    fn granted_wishes_count_beside_similarity() {
        let looks = Looks::new(vec![example(&[1.0, 0.0], true)]).unwrap();
        let vectors = [Some(vec![1.0, 0.0]), Some(vec![0.95, 0.3]), None];
        let candidates = vec![candidate(1, 0), candidate(2, 1), candidate(3, 1)];
        let hits = rank(Some(&looks), candidates, &vectors, 1);
        let ids: Vec<i64> = hits.iter().map(|hit| hit.sighting_id).collect();
        assert_eq!(ids, [2, 1], "a vector that is gone is no answer");
        assert_eq!(hits[1].similarity, Some(1.0));
    }

    #[test]
    fn examples_that_say_nothing_are_refused() {
        assert_eq!(Looks::new(vec![]), None);
        assert_eq!(Looks::new(vec![example(&[0.0, 0.0], true)]), None);
        assert_eq!(Looks::new(vec![example(&[f32::NAN, 1.0], true)]), None);
        let mixed = vec![example(&[1.0], true), example(&[1.0, 0.0], true)];
        assert_eq!(Looks::new(mixed), None);
    }
}
