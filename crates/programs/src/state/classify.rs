//! Which state a look is of, by the examples nearest to it.
//!
//! In: examples that people have shown, and looks. Out: a [`Verdict`]: sure of
//! a state, or unsure, and why.
//!
//! A look belongs to the state of the example nearest to it, if it lies within
//! that state's radius and clearly nearer than to any other state. The radius
//! is as wide as the state's own examples lie apart, and never less than nearly
//! half way to the others.
//!
//! Pictures with colour and without are judged by examples of their own kind
//! as soon as two states have any; until then by all of them, without colours.

use std::collections::BTreeMap;

use types::{Look, StateId};

/// How much brightness, edges and colours count; they add up to 1. By the
/// drawn scenes of docs/states.md.
const WEIGHTS: (f32, f32, f32) = (0.3, 0.5, 0.2);
/// Distance that shake and noise alone make: what lies closer is the same.
const SAME: f32 = 0.06;
/// Least radius of a state.
const MIN_RADIUS: f32 = 0.12;
/// Radius in parts of how far a state's examples lie apart, and in parts of
/// the way to the nearest example of another state.
const OF_SPREAD: f32 = 1.5;
const OF_WAY: f32 = 0.45;
/// Belief from which a state is sure. Two states: the other one is 1.4 times
/// as far away.
const SURE_FROM: f32 = 0.66;

/// What a person has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Which state it is of.
    pub state_id: StateId,
    /// The picture had no colour.
    pub is_grey: bool,
    /// What it looks like.
    pub look: Look,
}

/// The examples of one detector, ready to judge by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    examples: Vec<Example>,
    /// Unlabelled pictures that are kept: nothing like them is collected.
    kept: Vec<(bool, Look)>,
    /// For pictures with colour, and without.
    groups: [Group; 2],
}

/// The examples by which one kind of picture is judged.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    /// Places in the list of examples.
    members: Vec<usize>,
    has_colour: bool,
    radii: BTreeMap<StateId, f32>,
}

/// What a look is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Sure or not, and why.
    pub outcome: Outcome,
    /// Belief in each state that has examples, most likely first; together 1.
    pub likelihoods: Vec<(StateId, f32)>,
}

/// Whether a state is sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is this state.
    Sure(StateId),
    /// It looks like none of the examples.
    LikeNone,
    /// Two states are about as likely.
    Between,
    /// Fewer than two states have examples.
    Untaught,
}

impl Outcome {
    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Sure(_) => "sure",
            Outcome::LikeNone => "like_none",
            Outcome::Between => "between",
            Outcome::Untaught => "untaught",
        }
    }

    /// The same in words.
    pub const fn words(self) -> &'static str {
        match self {
            Outcome::Sure(_) => "sure",
            Outcome::LikeNone => "unsure: it looks like none of the examples",
            Outcome::Between => "unsure: two states are about as likely",
            Outcome::Untaught => "show examples of at least two states",
        }
    }
}

impl Verdict {
    /// The state it is sure of.
    pub fn sure(&self) -> Option<StateId> {
        match self.outcome {
            Outcome::Sure(state_id) => Some(state_id),
            Outcome::LikeNone | Outcome::Between | Outcome::Untaught => None,
        }
    }

    /// Belief in the most likely state, 0..=1.
    pub fn likelihood(&self) -> f32 {
        self.likelihoods.first().map_or(0.0, |(_, belief)| *belief)
    }
}

/// How different two looks are: 0 the same, about 1 and more nothing alike.
pub fn distance(a: &Look, b: &Look, has_colour: bool) -> f32 {
    let (luma, edges, chroma) = a.parts();
    let (other_luma, other_edges, other_chroma) = b.parts();
    let sum = |a: &[i8], b: &[i8]| {
        let squares = a.iter().zip(b).map(|(a, b)| {
            let step = i32::from(*a) - i32::from(*b);
            step * step
        });
        // At most 128 times 255 squared: far below 2^24.
        squares.sum::<i32>() as f32
    };
    let luma = sum(luma, other_luma) / (Look::N_LUMA as f32 * Look::LUMA_ONE.powi(2));
    let edges = sum(edges, other_edges) / Look::EDGE_ONE.powi(2);
    let chroma = sum(chroma, other_chroma) / (Look::N_CHROMA as f32 * Look::CHROMA_ONE.powi(2));
    let chroma = if has_colour { chroma } else { 0.0 };
    (WEIGHTS.0 * luma + WEIGHTS.1 * edges + WEIGHTS.2 * chroma).sqrt()
}

impl Examples {
    /// Most examples of one detector.
    pub const MAX: usize = 1_000;
    /// Most unlabelled pictures of one detector.
    pub const MAX_KEPT: usize = 100;

    /// Makes examples ready; those beyond [`MAX`](Self::MAX) are left out.
    pub fn new(mut examples: Vec<Example>, mut kept: Vec<(bool, Look)>) -> Self {
        examples.truncate(Self::MAX);
        kept.truncate(Self::MAX_KEPT);
        let groups = [false, true].map(|is_grey| Group::of(&examples, is_grey));
        Examples {
            examples,
            kept,
            groups,
        }
    }

    /// All of them, in the order given.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// What a look is taken for.
    pub fn judge(&self, look: &Look, is_grey: bool) -> Verdict {
        self.judge_without(look, is_grey, None)
    }

    /// What each example, in the order given, would be taken for if it were
    /// not one.
    pub fn leave_one_out(&self) -> Vec<Verdict> {
        let examples = self.examples.iter().enumerate();
        examples
            .map(|(idx, example)| self.judge_without(&example.look, example.is_grey, Some(idx)))
            .collect()
    }

    /// How far a look is from everything that is kept; infinite when nothing
    /// is.
    pub(super) fn novelty(&self, look: &Look, is_grey: bool) -> f32 {
        let examples = self.examples.iter();
        let shown = examples.map(|example| (example.is_grey, &example.look));
        let kept = self.kept.iter().map(|(is_grey, look)| (*is_grey, look));
        shown
            .chain(kept)
            .filter(|(other_is_grey, _)| *other_is_grey == is_grey)
            .map(|(_, other)| distance(look, other, !is_grey))
            .fold(f32::INFINITY, f32::min)
    }

    fn judge_without(&self, look: &Look, is_grey: bool, left_out: Option<usize>) -> Verdict {
        let group = &self.groups[usize::from(is_grey)];
        let has_colour = group.has_colour && !is_grey;
        let mut nearest: BTreeMap<StateId, f32> = BTreeMap::new();
        for &idx in group.members.iter().filter(|idx| Some(**idx) != left_out) {
            let example = &self.examples[idx];
            let distance = distance(look, &example.look, has_colour);
            nearest
                .entry(example.state_id)
                .and_modify(|known| *known = known.min(distance))
                .or_insert(distance);
        }
        let weight = |distance: f32| 1.0 / (distance * distance + SAME * SAME);
        let sum: f32 = nearest.values().map(|distance| weight(*distance)).sum();
        let mut likelihoods: Vec<(StateId, f32)> = nearest
            .iter()
            .map(|(state_id, distance)| (*state_id, weight(*distance) / sum))
            .collect();
        likelihoods.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let outcome = match likelihoods[..] {
            [] | [_] => Outcome::Untaught,
            [(state_id, belief), ..] => {
                let radius = group.radii.get(&state_id).copied();
                if nearest[&state_id] > radius.unwrap_or(MIN_RADIUS) {
                    Outcome::LikeNone
                } else if belief < SURE_FROM {
                    Outcome::Between
                } else {
                    Outcome::Sure(state_id)
                }
            }
        };
        Verdict {
            outcome,
            likelihoods,
        }
    }
}

impl Group {
    /// The examples by which pictures without colour, or with, are judged.
    fn of(examples: &[Example], is_grey: bool) -> Self {
        let all = || 0..examples.len();
        let own: Vec<usize> = all()
            .filter(|&idx| examples[idx].is_grey == is_grey)
            .collect();
        let mut own_states: Vec<StateId> = own.iter().map(|&idx| examples[idx].state_id).collect();
        own_states.sort_unstable();
        own_states.dedup();
        let has_own = own_states.len() >= 2;
        let mut group = Group {
            has_colour: !is_grey && (has_own || own.len() == examples.len()),
            members: if has_own { own } else { all().collect() },
            radii: BTreeMap::new(),
        };
        group.radii = group.measure(examples);
        group
    }

    fn measure(&self, examples: &[Example]) -> BTreeMap<StateId, f32> {
        // By state: the widest step to the next example of its own, and the
        // shortest way to one of another.
        let mut reach: BTreeMap<StateId, (f32, f32)> = BTreeMap::new();
        for &idx in &self.members {
            let example = &examples[idx];
            let (mut own, mut other) = (f32::INFINITY, f32::INFINITY);
            for &other_idx in self.members.iter().filter(|&&other_idx| other_idx != idx) {
                let neighbour = &examples[other_idx];
                let distance = distance(&example.look, &neighbour.look, self.has_colour);
                let nearest = if neighbour.state_id == example.state_id {
                    &mut own
                } else {
                    &mut other
                };
                *nearest = nearest.min(distance);
            }
            let own = if own.is_finite() { own } else { 0.0 };
            let known = reach.entry(example.state_id).or_insert((own, other));
            *known = (known.0.max(own), known.1.min(other));
        }
        let radius = |(spread, way): (f32, f32)| {
            let way = if way.is_finite() { way } else { 0.0 };
            (OF_SPREAD * spread).max(OF_WAY * way).max(MIN_RADIUS)
        };
        reach
            .into_iter()
            .map(|(state_id, reach)| (state_id, radius(reach)))
            .collect()
    }
}
