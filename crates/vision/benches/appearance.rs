//! What it costs to describe one crop, without models.
//!
//! `cargo bench -p vision --bench appearance`; the table is in
//! `docs/appearance.md`.

use divan::{Bencher, black_box};
use jpeg::RgbImage;
use types::{Class, NormBox};
use vision::appearance::{Describer, Light, Shown};

fn main() {
    divan::main();
}

/// Noise, so that nothing is the same colour: the longest way.
fn crop(width_px: u32, height_px: u32) -> RgbImage {
    let mut crop = RgbImage::new(width_px, height_px);
    let mut state = 1_u32;
    for byte in &mut crop.data {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = state.to_be_bytes()[0];
    }
    crop
}

#[divan::bench(args = [(80, 200), (256, 640)])]
fn person(bencher: Bencher<'_, '_>, (width_px, height_px): (u32, u32)) {
    describe(bencher, &crop(width_px, height_px), Class::Person);
}

#[divan::bench(args = [(200, 120), (640, 400)])]
fn car(bencher: Bencher<'_, '_>, (width_px, height_px): (u32, u32)) {
    describe(bencher, &crop(width_px, height_px), Class::Car);
}

fn describe(bencher: Bencher<'_, '_>, crop: &RgbImage, class: Class) {
    let describer = Describer::new();
    let shown = Shown {
        crop,
        bbox: NormBox::from_xyxy(0.1, 0.1, 0.9, 0.9),
        class,
        score: 0.9,
        is_cut_below: false,
        light: Light::default(),
    };
    bencher.bench_local(|| describer.describe(black_box(&shown)));
}
