//! Writes drawn pictures and their labels, to train and to try detectors.
//!
//! `cargo run -p sim --release --example drawn_set -- OUT N SEED [whole]`
//!
//! In: a folder, how many, a seed. Out: `images/*.jpg` of 320 px, each a
//! window of a street at some moment, and `labels.jsonl` with a line per picture:
//! `hand` holds `[class, is_crowd, x1, y1, x2, y2]` and is complete for all
//! classes. Mostly hidden or tiny objects are marked as crowd, which training
//! leaves out. With `whole`, pictures are whole frames of 1920x1080.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jpeg::{Encoder, RgbImage};
use sim::street::{Light, Nuisance, Street, StreetOptions, TruthBox};
use types::{Class, NormBox};

/// Longest side of a training picture, pixels.
const SIDE_PX: u32 = 320;
/// Pictures of one street, which is slow to draw and quick to look at.
const PER_STREET: u32 = 6;
/// Visible height below which an object is not asked for, pixels.
const TINY_PX: f32 = 5.0;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: drawn_set OUT N SEED [whole]";
    let out = PathBuf::from(args.next().ok_or(usage)?);
    let n_pictures: u32 = args.next().ok_or(usage)?.parse()?;
    let seed: u64 = args.next().ok_or(usage)?.parse()?;
    let is_whole = args.next().is_some_and(|arg| arg == "whole");
    std::fs::create_dir_all(out.join("images"))?;
    let mut encoder = Encoder::new()?;
    let mut labels = String::new();
    let mut street = open_street(seed, is_whole);
    for idx in 0..n_pictures {
        let of_picture = seed.wrapping_mul(1_000_003).wrapping_add(u64::from(idx));
        if idx % PER_STREET == 0 {
            street = open_street(of_picture, is_whole);
        }
        let (image, truth) = picture(&mut street, of_picture, is_whole);
        let file = format!("drawn-{seed}-{idx:06}.jpg");
        std::fs::write(out.join("images").join(&file), encoder.rgb(&image, 85)?)?;
        labels.push_str(&label(&file, &truth, image.height_px)?);
    }
    write_labels(&out, &labels)
}

fn write_labels(out: &Path, labels: &str) -> Result<(), Failure> {
    Ok(std::fs::write(out.join("labels.jsonl"), labels)?)
}

/// A street by any light and weather.
fn open_street(seed: u64, is_whole: bool) -> Street {
    let mut dice = Chance(seed);
    let light = match dice.below(10) {
        0..=5 => Light::Day,
        6..=7 => Light::Night,
        _ => Light::Infrared,
    };
    let options = StreetOptions {
        width_px: if is_whole { 1920 } else { 1280 },
        height_px: if is_whole { 1080 } else { 720 },
        light,
        n_people: 8 + dice.below(22),
        traffic: 0.4 + 0.05 * dice.below(11) as f32,
        noise: 0.5 + 0.5 * dice.below(8) as f32,
        view_spread: 1.0,
        nuisances: [
            (Nuisance::Rain, 10),
            (Nuisance::Snow, 14),
            (Nuisance::Wind, 3),
        ]
        .into_iter()
        .filter(|(_, one_in)| dice.below(*one_in) == 0)
        .map(|(nuisance, _)| nuisance)
        .collect(),
        ..StreetOptions::default()
    };
    Street::new(seed, options)
}

/// The street at one moment.
fn picture(street: &mut Street, seed: u64, is_whole: bool) -> (RgbImage, Vec<TruthBox>) {
    let mut dice = Chance(seed ^ 0x5EED);
    let time = Duration::from_millis(u64::from(dice.below(3_000_000)));
    let (image, truth) = street.frame(time);
    if is_whole {
        return (image, truth);
    }
    // A window of 360 to 1280 px brings near and far objects to all sizes.
    let width = 360 + dice.below(921);
    let height = width * 9 / 16;
    let x = dice.below(image.width_px - width + 1);
    let y = dice.below(image.height_px - height + 1);
    (
        shrink(&image, (x, y), (width, height)),
        window(&truth, &image, (x, y), (width, height)),
    )
}

/// The window, averaged down to the training size.
fn shrink(image: &RgbImage, (x, y): (u32, u32), (width, height): (u32, u32)) -> RgbImage {
    let (out_width, out_height) = (SIDE_PX, SIDE_PX * 9 / 16);
    let mut data = Vec::new();
    for row in 0..out_height {
        for column in 0..out_width {
            let rows = row * height / out_height..((row + 1) * height).div_ceil(out_height);
            let columns = column * width / out_width..((column + 1) * width).div_ceil(out_width);
            let mut sums = [0_u32; 3];
            for source_y in rows.clone() {
                for source_x in columns.clone() {
                    let start = ((y + source_y) * image.width_px + x + source_x) * 3;
                    let start = usize::try_from(start).unwrap_or(0);
                    for (sum, value) in sums.iter_mut().zip(&image.data[start..]) {
                        *sum += u32::from(*value);
                    }
                }
            }
            let n_pixels = rows.len() * columns.len();
            let n_pixels = u32::try_from(n_pixels).unwrap_or(1).max(1);
            data.extend(sums.map(|sum| u8::try_from(sum / n_pixels).unwrap_or(u8::MAX)));
        }
    }
    RgbImage {
        width_px: out_width,
        height_px: out_height,
        data,
    }
}

/// The boxes as parts of the window; what is cut to a sliver counts as hidden.
fn window(
    truth: &[TruthBox],
    image: &RgbImage,
    (x, y): (u32, u32),
    (width, height): (u32, u32),
) -> Vec<TruthBox> {
    let (whole_width, whole_height) = (image.width_px as f32, image.height_px as f32);
    let place_x = |value: f32| (value * whole_width - x as f32) / width as f32;
    let place_y = |value: f32| (value * whole_height - y as f32) / height as f32;
    truth
        .iter()
        .filter_map(|truth| {
            let [x1, x2] = [truth.bbox.x1(), truth.bbox.x2()].map(place_x);
            let [y1, y2] = [truth.bbox.y1(), truth.bbox.y2()].map(place_y);
            let bbox = NormBox::from_xyxy(x1, y1, x2, y2);
            let inside_share = bbox.area() / ((x2 - x1) * (y2 - y1)).max(1e-9);
            (bbox.area() > 0.0).then_some(TruthBox {
                bbox,
                occluded_share: 1.0 - (1.0 - truth.occluded_share) * inside_share,
                ..*truth
            })
        })
        .collect()
}

fn label(file: &str, truth: &[TruthBox], height_px: u32) -> Result<String, Failure> {
    let mut boxes = String::new();
    for truth in truth {
        let class = Class::ALL
            .iter()
            .position(|class| *class == truth.class)
            .unwrap_or(0);
        let is_tiny = truth.bbox.height() * (height_px as f32) < TINY_PX;
        let is_crowd = u8::from(is_tiny || truth.occluded_share > 0.75);
        let bbox = truth.bbox;
        let comma = if boxes.is_empty() { "" } else { ", " };
        write!(
            boxes,
            "{comma}[{class}, {is_crowd}, {:.5}, {:.5}, {:.5}, {:.5}]",
            bbox.x1(),
            bbox.y1(),
            bbox.x2(),
            bbox.y2()
        )?;
    }
    Ok(format!(
        "{{\"file\": \"{file}\", \"source\": \"drawn\", \"hand\": [{boxes}], \"hand_complete_for\": [0, 1, 2, 3, 4, 5], \"teacher\": []}}\n"
    ))
}

/// Numbers fixed by a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        let mut x = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        x ^= x >> 31;
        x ^= x << 17;
        x ^= x >> 23;
        self.0 = x;
        u32::try_from((x >> 20) % u64::from(limit.max(1))).unwrap_or(0)
    }
}
