//! Colours of the parts of an object: upper and lower clothing, car body.
//!
//! In: a [`Patch`]. Out: for a part, its colours with their shares, likeliest
//! first.
//!
//! Each place of a part counts by how near it is to the part's middle and how
//! unlike the background. The places are gathered into at most [`N_CLUSTERS`]
//! groups of like colours (k-means in CIELAB, always from the same start, so
//! that the same crop gives the same answer), and each group is named by its
//! mean: noise and blur at the edges then cannot vote for colours that nobody
//! wears.
//!
//! Not here: attributes and what is too doubtful for one (`mod`).

use super::lab::Lab;
use super::names::{ColourName, fits};
use super::patch::Patch;

/// One colour of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartColour {
    /// What people call it.
    pub name: ColourName,
    /// How much of the part has it, 0..=1.
    pub share: f32,
    /// How clearly it is this and no other colour, 0..=1.
    pub clarity: f32,
    /// The colour itself, corrected for the light.
    pub lab: Lab,
}

impl PartColour {
    /// Belief that the part has this colour, 0..=1.
    pub fn likelihood(&self) -> f32 {
        (self.share * self.clarity).clamp(0.0, 1.0)
    }
}

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Chest and belly.
    Upper,
    /// Thighs and shins.
    Lower,
    /// Panels of a vehicle, without windows, wheels and road.
    Body,
}

/// Groups of like colours that are told apart in a part.
const N_CLUSTERS: usize = 5;
const N_ROUNDS: usize = 8;
/// Lightness counts less than colour: folds and shadows are of one cloth.
const LIGHTNESS: f32 = 0.5;
/// Groups nearer than this are one colour.
const SAME_COLOUR: f32 = 9.0;
/// Places of less than this weight cost time and bring nothing.
const LEAST_WEIGHT: f32 = 0.02;

impl Part {
    /// Weight of the place at `x`, `y` (0..1 of the box) that has `lab`.
    fn weight(self, x: f32, y: f32, lab: Lab) -> f32 {
        match self {
            Part::Upper => bell(x, 0.5, 0.20) * within(y, 0.20, 0.46) * cloth(lab),
            Part::Lower => {
                // Shorts end where bare legs begin.
                let fade = 1.0 - (y - 0.52) * 1.8;
                bell(x, 0.5, 0.18) * within(y, 0.52, 0.84) * fade * cloth(lab)
            }
            Part::Body => bell(x, 0.5, 0.26) * within(y, 0.24, 0.80) * paint(lab),
        }
    }
}

/// Bare skin is no cloth; brown cloth still wins where it is alone.
fn cloth(lab: Lab) -> f32 {
    let hue_deg = lab.b.atan2(lab.a).to_degrees();
    let is_skin = (25.0..=75.0).contains(&lab.l)
        && (12.0..=38.0).contains(&lab.chroma())
        && (25.0..=68.0).contains(&hue_deg);
    if is_skin { 0.4 } else { 1.0 }
}

/// Windows, tyres and shadows are dark and colourless, the road is grey, and
/// both are in every box; paint is what is coloured or bright.
fn paint(lab: Lab) -> f32 {
    let chroma = lab.chroma();
    if chroma > 14.0 {
        return 1.0 + (chroma / 14.0).min(3.0);
    }
    match lab.l {
        ..30.0 => 0.5,
        30.0..66.0 => 0.7,
        _ => 1.4,
    }
}

/// The colours of `part`, most likely first; names do not repeat.
pub(super) fn colours(patch: &Patch, part: Part) -> Vec<PartColour> {
    let places: Vec<(Lab, f32)> = patch
        .places()
        .map(|(x, y, lab, weight)| (lab, weight * part.weight(x, y, lab)))
        .filter(|(_, weight)| *weight > LEAST_WEIGHT)
        .collect();
    let total: f32 = places.iter().map(|(_, weight)| weight).sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let mut colours: Vec<PartColour> = Vec::new();
    for (lab, weight) in clusters(&places) {
        let fits = fits(lab);
        let best =
            (0..fits.len()).fold(0, |best, at| if fits[at] > fits[best] { at } else { best });
        let (name, clarity, share) = (ColourName::ALL[best], fits[best], weight / total);
        match colours.iter_mut().find(|colour| colour.name == name) {
            Some(same) => {
                let part = share / (same.share + share);
                same.clarity += (clarity - same.clarity) * part;
                same.lab = blend(same.lab, lab, part);
                same.share += share;
            }
            None => colours.push(PartColour {
                name,
                share,
                clarity,
                lab,
            }),
        }
    }
    colours.sort_by(|a, b| b.likelihood().total_cmp(&a.likelihood()));
    colours
}

/// Groups of like colours: their mean and weight.
fn clusters(places: &[(Lab, f32)]) -> Vec<(Lab, f32)> {
    let mut centres = seeds(places);
    let mut groups = Vec::new();
    for _ in 0..N_ROUNDS {
        groups = vec![(Lab::default(), 0.0_f32); centres.len()];
        for (lab, weight) in places {
            let nearest = nearest(&centres, *lab).0;
            let (sum, sum_weight) = &mut groups[nearest];
            sum.l += weight * lab.l;
            sum.a += weight * lab.a;
            sum.b += weight * lab.b;
            *sum_weight += weight;
        }
        groups.retain(|(_, weight)| *weight > 0.0);
        for (sum, weight) in &mut groups {
            *sum = Lab {
                l: sum.l / *weight,
                a: sum.a / *weight,
                b: sum.b / *weight,
            };
        }
        centres = groups.iter().map(|(centre, _)| *centre).collect();
    }
    merge_like(groups)
}

/// Starts for the groups: the mean, then always the place farthest from all
/// starts so far, heavy places first.
fn seeds(places: &[(Lab, f32)]) -> Vec<Lab> {
    let (mut mean, mut total) = (Lab::default(), 0.0);
    for (lab, weight) in places {
        total += weight;
        mean = blend(mean, *lab, weight / total);
    }
    let mut seeds = vec![mean];
    while seeds.len() < N_CLUSTERS {
        let gain = |(lab, weight): &(Lab, f32)| nearest(&seeds, *lab).1 * weight;
        let farthest = places.iter().max_by(|a, b| gain(a).total_cmp(&gain(b)));
        match farthest {
            Some(place) if gain(place) > 0.0 => seeds.push(place.0),
            _ => break,
        }
    }
    seeds
}

fn nearest(centres: &[Lab], lab: Lab) -> (usize, f32) {
    let mut best = (0, f32::INFINITY);
    for (at, centre) in centres.iter().enumerate() {
        let distance2 = lab.distance2(*centre, LIGHTNESS);
        if distance2 < best.1 {
            best = (at, distance2);
        }
    }
    best
}

fn merge_like(mut groups: Vec<(Lab, f32)>) -> Vec<(Lab, f32)> {
    let mut at = 0;
    while at < groups.len() {
        let like = (at + 1..groups.len()).find(|other| {
            groups[at].0.distance2(groups[*other].0, LIGHTNESS) < SAME_COLOUR * SAME_COLOUR
        });
        if let Some(other) = like {
            let (lab, weight) = groups.swap_remove(other);
            let sum = groups[at].1 + weight;
            groups[at] = (blend(groups[at].0, lab, weight / sum), sum);
            at = 0;
        } else {
            at += 1;
        }
    }
    groups
}

fn blend(a: Lab, b: Lab, part: f32) -> Lab {
    Lab {
        l: a.l + (b.l - a.l) * part,
        a: a.a + (b.a - a.a) * part,
        b: a.b + (b.b - a.b) * part,
    }
}

fn bell(value: f32, middle: f32, width: f32) -> f32 {
    let away = (value - middle) / width;
    (-0.5 * away * away).exp()
}

fn within(value: f32, from: f32, to: f32) -> f32 {
    if (from..=to).contains(&value) {
        1.0
    } else {
        0.0
    }
}
