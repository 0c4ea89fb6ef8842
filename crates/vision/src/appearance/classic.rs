//! The classical descriptor, `airelay-classic/1`: colour and texture by part.
//!
//! In: a [`Patch`]. Out: [`N_VALUES`] numbers of unit length; the scalar
//! product of two is their similarity. No model, the same on every machine.
//!
//! `docs/appearance.md` gives the formula and what it was measured to be
//! worth.
//!
//! Persons are cut into eight stripes from head to feet; vehicles and
//! two-wheelers into four stripes, each of an inner and an outer half. Each
//! cell holds a soft histogram of colours and one of edge directions. Left
//! and right are counted alike, so that a mirrored object is the same one.
//!
//! Not here: other makers (`embedder`).

use super::lab::Lab;
use super::patch::{HEIGHT, Patch, WIDTH};

/// Who made the vector: only vectors of one maker may be compared.
pub const CLASSIC_MAKER: &str = "airelay-classic/1";

/// Parts an object is cut into.
const N_CELLS: usize = 8;
/// Lightness steps of what has no colour.
const N_GREYS: usize = 6;
/// Directions of colour, each pale and strong.
const N_HUES: usize = 12;
const N_COLOURS: usize = N_GREYS + 2 * N_HUES;
/// Edge directions from upright to level, left and right folded together;
/// each in the inner and outer half.
const N_DIRECTIONS: usize = 6;
const N_EDGES: usize = 2 * N_DIRECTIONS;
const N_PER_CELL: usize = N_COLOURS + N_EDGES;
/// Numbers in the vector.
pub(super) const N_VALUES: usize = N_CELLS * N_PER_CELL;

/// Up to half of this is grey, from one and a half on none is.
const PALE_CHROMA: f32 = 16.0;
/// From here on nothing is pale.
const STRONG_CHROMA: f32 = 45.0;
/// How much edges count beside colours.
const EDGE_SHARE: f32 = 0.15;
/// What stripes of persons count: the head is small and bare, feet are half
/// floor.
const STRIPES: [f32; N_CELLS] = [0.6, 1.2, 1.2, 1.2, 1.0, 0.9, 0.9, 0.5];
/// What a place counts at least, however like its surroundings.
const MIN_WEIGHT: f32 = 0.4;
/// A place counts fully when it is a little unlike its surroundings.
const SURER: f32 = 1.8;
/// Mean lightness of all patches after normalisation.
const MEAN_LIGHTNESS: f32 = 50.0;

/// How an object is cut into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Stripes from head to feet.
    Person,
    /// Four stripes, inside and outside.
    Vehicle,
}

/// The descriptor of `patch`.
pub(super) fn describe(patch: &Patch, cut: Cut) -> Vec<f32> {
    let lightness = normalised_lightness(patch);
    let mut cells = [[0.0_f32; N_PER_CELL]; N_CELLS];
    for (at, (x, y, lab, weight)) in patch.places().enumerate() {
        // How far from the middle, 0..1.
        let outward = (2.0 * x - 1.0).abs();
        let weight = (weight * SURER).clamp(MIN_WEIGHT, 1.0) * (1.0 - 0.75 * outward * outward);
        let (first, part) = cut.cells(y, outward);
        let edge = edge(&lightness, at);
        for (cell, share) in [(first, 1.0 - part), (cut.next(first), part)] {
            if share > 0.0 {
                let (colours, edges) = cells[cell].split_at_mut(N_COLOURS);
                add_colour(
                    colours,
                    lab,
                    lightness[at],
                    weight * share,
                    patch.has_colour,
                );
                add_edge(edges, edge, outward, weight * share);
            }
        }
    }
    let mut values = Vec::with_capacity(N_VALUES);
    for (cell, stripe) in cells.iter_mut().zip(STRIPES) {
        let share = if cut == Cut::Person { stripe } else { 1.0 };
        let (colours, edges) = cell.split_at_mut(N_COLOURS);
        normalise(colours, share);
        normalise(edges, share * EDGE_SHARE);
        values.extend_from_slice(cell);
    }
    unit_length(&mut values);
    values
}

impl Cut {
    /// The cell that a place belongs to, and how much of it belongs to the
    /// next one: borders are soft, since boxes never sit exactly.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0..8, rounded down"
    )]
    fn cells(self, y: f32, outward: f32) -> (usize, f32) {
        let n_stripes = if self == Cut::Person {
            N_CELLS
        } else {
            N_CELLS / 2
        };
        let place = (y * n_stripes as f32 - 0.5).clamp(0.0, (n_stripes - 1) as f32);
        let stripe = (place as usize).min(n_stripes - 1);
        let part = place - stripe as f32;
        match self {
            Cut::Person => (stripe, part),
            Cut::Vehicle => (2 * stripe + usize::from(outward > 0.5), part),
        }
    }

    fn next(self, cell: usize) -> usize {
        let step = if self == Cut::Person { 1 } else { 2 };
        (cell + step).min(N_CELLS - 1)
    }
}

/// Lightness with the patch's own mean half taken out, so that a darker
/// picture of the same object changes less than a darker object.
fn normalised_lightness(patch: &Patch) -> Vec<f32> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (lab, weight) in patch.lab.iter().zip(&patch.weights) {
        sum += lab.l * weight;
        total += weight;
    }
    let mean = (sum / f32::max(total, f32::MIN_POSITIVE)).max(1.0);
    let factor = (MEAN_LIGHTNESS / mean).sqrt();
    patch
        .lab
        .iter()
        .map(|lab| (lab.l * factor).clamp(0.0, 100.0))
        .collect()
}

fn add_colour(cell: &mut [f32], lab: Lab, lightness: f32, weight: f32, has_colour: bool) {
    let chroma = if has_colour { lab.chroma() } else { 0.0 };
    // Grey, pale and strong share each place between them.
    let coloured = (chroma / PALE_CHROMA - 0.5).clamp(0.0, 1.0);
    let strong = ((chroma - PALE_CHROMA) / (STRONG_CHROMA - PALE_CHROMA)).clamp(0.0, 1.0);
    let (greys, colours) = cell.split_at_mut(N_GREYS);
    let place = (lightness / 100.0 * N_GREYS as f32 - 0.5).clamp(0.0, (N_GREYS - 1) as f32);
    spread(greys, place, false, weight * (1.0 - coloured));
    if coloured > 0.0 {
        let turn = lab.b.atan2(lab.a) / std::f32::consts::TAU;
        let place = turn.rem_euclid(1.0) * N_HUES as f32;
        let (pale_hues, strong_hues) = colours.split_at_mut(N_HUES);
        spread(pale_hues, place, true, weight * coloured * (1.0 - strong));
        spread(strong_hues, place, true, weight * coloured * strong);
    }
}

/// Strength and direction (0 upright to 1 level) of the edge at a place.
fn edge(lightness: &[f32], at: usize) -> (f32, f32) {
    let (x, y) = (at % WIDTH, at / WIDTH);
    if x == 0 || y == 0 || x == WIDTH - 1 || y == HEIGHT - 1 {
        return (0.0, 0.0);
    }
    let across = lightness[at + 1] - lightness[at - 1];
    let down = lightness[at + WIDTH] - lightness[at - WIDTH];
    let direction = down.abs().atan2(across.abs()) / std::f32::consts::FRAC_PI_2;
    (across.hypot(down), direction)
}

fn add_edge(cell: &mut [f32], (strength, direction): (f32, f32), outward: f32, weight: f32) {
    let (inner, outer) = cell.split_at_mut(N_DIRECTIONS);
    let half = if outward < 0.5 { inner } else { outer };
    let place = direction * (N_DIRECTIONS - 1) as f32;
    spread(half, place, false, weight * strength);
}

/// Adds `weight` to the two bins around `place`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place within the bins, rounded down"
)]
fn spread(bins: &mut [f32], place: f32, is_circle: bool, weight: f32) {
    let last = bins.len() - 1;
    let first = (place.max(0.0) as usize).min(last);
    let part = (place - first as f32).clamp(0.0, 1.0);
    let next = match first {
        first if first < last => first + 1,
        _ if is_circle => 0,
        _ => last,
    };
    bins[first] += weight * (1.0 - part);
    bins[next] += weight * part;
}

/// Square roots (so that large areas do not drown small ones), without their
/// mean (so that unlike parts count against each other), of length `share`.
fn normalise(block: &mut [f32], share: f32) {
    for value in block.iter_mut() {
        *value = value.max(0.0).sqrt();
    }
    let mean = block.iter().sum::<f32>() / block.len() as f32;
    for value in block.iter_mut() {
        *value -= mean;
    }
    let length = block.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > f32::MIN_POSITIVE {
        for value in block.iter_mut() {
            *value *= share / length;
        }
    }
}

/// Scales to length 1; a vector of nothing becomes the first axis.
pub(super) fn unit_length(values: &mut [f32]) {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length.is_finite() && length > f32::MIN_POSITIVE {
        for value in values.iter_mut() {
            *value /= length;
        }
    } else if let Some(first) = values.first_mut() {
        *first = 1.0;
        values[1..].fill(0.0);
    }
}
