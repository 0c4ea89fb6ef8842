use jpeg::RgbImage;
use proptest::prelude::*;
use types::{Class, NormBox};

use super::*;

/// A person drawn on a pavement: head, shirt, trousers; the box without the
/// pavement around.
fn person(shirt: [u8; 3], trousers: [u8; 3]) -> (RgbImage, NormBox) {
    let (width, height) = (80_u32, 160_u32);
    let mut crop = RgbImage::new(width, height);
    for y in 0..height {
        for x in 0..width {
            let is_inside = |from, to| (from..to).contains(&x);
            let rgb = match y {
                16..36 if is_inside(32, 48) => [205, 160, 135],
                36..84 if is_inside(22, 58) => shirt,
                84..144 if is_inside(26, 54) => trousers,
                _ => [148, 150, 146],
            };
            // Grain, as every camera has it.
            let grain = u8::try_from((x * 7 + y * 13) % 5).unwrap();
            let start = 3 * (y * width + x) as usize;
            crop.data[start..start + 3].copy_from_slice(&rgb.map(|v| v.saturating_add(grain)));
        }
    }
    (crop, NormBox::from_xyxy(0.25, 0.1, 0.75, 0.9))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to a byte before"
)]
fn lit(crop: &RgbImage, gains: [f32; 3]) -> RgbImage {
    let mut lit = crop.clone();
    for rgb in lit.data.chunks_exact_mut(3) {
        for channel in 0..3 {
            let value = f32::from(rgb[channel]) * gains[channel];
            rgb[channel] = value.round().clamp(0.0, 255.0) as u8;
        }
    }
    lit
}

fn mirrored(crop: &RgbImage) -> RgbImage {
    let mut mirrored = crop.clone();
    let width = crop.width_px as usize;
    for (row, to) in crop
        .data
        .chunks_exact(3 * width)
        .zip(mirrored.data.chunks_exact_mut(3 * width))
    {
        for x in 0..width {
            to[3 * x..3 * x + 3].copy_from_slice(&row[3 * (width - 1 - x)..][..3]);
        }
    }
    mirrored
}

fn shown(crop: &RgbImage, bbox: NormBox, class: Class) -> Shown<'_> {
    Shown {
        crop,
        bbox,
        class,
        score: 0.8,
        is_cut_below: false,
        light: Light::default(),
    }
}

fn words(appearance: &Appearance) -> String {
    let words: Vec<String> = appearance
        .attributes
        .iter()
        .map(|attribute| format!("{}={}", attribute.name, attribute.value))
        .collect();
    words.join(" ")
}

fn similarity(a: &Appearance, b: &Appearance) -> f32 {
    let (a, b) = (&a.embeddings[0].values, &b.embeddings[0].values);
    a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
}

#[test]
fn clothes_keep_their_colours_in_every_light() {
    let describer = Describer::new();
    for (shirt, trousers, expected) in [
        (
            [180, 30, 40],
            [45, 65, 130],
            "upper_colour=red lower_colour=blue",
        ),
        (
            [235, 205, 50],
            [30, 30, 32],
            "upper_colour=yellow lower_colour=black",
        ),
        (
            [40, 120, 60],
            [205, 185, 150],
            "upper_colour=green lower_colour=beige",
        ),
        (
            [235, 235, 235],
            [100, 65, 40],
            "upper_colour=white lower_colour=brown",
        ),
    ] {
        let (crop, bbox) = person(shirt, trousers);
        for gains in [[1.0, 1.0, 1.0], [0.8, 0.8, 0.8], [1.04, 1.0, 0.95]] {
            let crop = lit(&crop, gains);
            let appearance = describer.describe(&shown(&crop, bbox, Class::Person));
            assert_eq!(words(&appearance), expected, "{gains:?}");
        }
    }
}

#[test]
fn grey_picture_gives_no_colours_but_a_vector() {
    let (crop, bbox) = person([180, 30, 40], [45, 65, 130]);
    let describer = Describer::new();
    let mut grey = crop.clone();
    for rgb in grey.data.chunks_exact_mut(3) {
        let luma = rgb[1];
        rgb.fill(luma);
    }
    let appearance = describer.describe(&shown(&grey, bbox, Class::Person));
    assert_eq!(words(&appearance), "");
    assert_eq!(appearance.embeddings.len(), 1);
    // Told by the picture, even where the crop has a tint.
    let mut shown = shown(&crop, bbox, Class::Person);
    shown.light.is_grey = true;
    assert_eq!(words(&describer.describe(&shown)), "");
}

#[test]
fn dark_crop_gives_no_colours() {
    let (crop, bbox) = person([180, 30, 40], [45, 65, 130]);
    let dark = lit(&crop, [0.15; 3]);
    let appearance = Describer::new().describe(&shown(&dark, bbox, Class::Person));
    assert_eq!(words(&appearance), "");
}

#[test]
fn crop_too_small_or_broken_gives_nothing() {
    let describer = Describer::new();
    for (width_px, height_px, n_bytes) in [
        (5, 5, 75),
        (9, 40, 1080),
        (0, 0, 0),
        (40, 80, 9599),
        (u32::MAX, u32::MAX, 12),
        (0, 80, 0),
    ] {
        let crop = RgbImage {
            width_px,
            height_px,
            data: vec![90; n_bytes],
        };
        for bbox in [NormBox::WHOLE, NormBox::from_xyxy(0.9, 0.9, 0.9, 0.9)] {
            let appearance = describer.describe(&shown(&crop, bbox, Class::Person));
            assert_eq!(appearance, Appearance::default(), "{width_px}x{height_px}");
        }
    }
}

#[test]
fn legs_out_of_the_picture_have_no_colour() {
    let (crop, bbox) = person([180, 30, 40], [45, 65, 130]);
    let mut shown = shown(&crop, bbox, Class::Person);
    shown.is_cut_below = true;
    let describer = Describer::new();
    assert_eq!(words(&describer.describe(&shown)), "upper_colour=red");
}

#[test]
fn vehicles_have_the_colour_of_their_paint_and_their_type() {
    let (width, height) = (120_u32, 80_u32);
    let bbox = NormBox::from_xyxy(0.1, 0.1, 0.9, 0.9);
    for (paint, expected) in [
        ([170, 30, 35], "vehicle_colour=red vehicle_type=car"),
        ([240, 240, 240], "vehicle_colour=white vehicle_type=car"),
        ([40, 70, 165], "vehicle_colour=blue vehicle_type=car"),
        ([16, 16, 18], "vehicle_colour=black vehicle_type=car"),
    ] {
        let mut crop = RgbImage::new(width, height);
        for (at, rgb) in (0_u32..).zip(crop.data.chunks_exact_mut(3)) {
            let (x, y) = (at % width, at / width);
            let is_body = (14..106).contains(&x) && (28..62).contains(&y);
            let is_window = (38..82).contains(&x) && (12..28).contains(&y);
            let colour = match () {
                () if is_body => paint,
                () if is_window => [40, 44, 46],
                // Grass beside the road keeps the picture from being grey.
                () if y < 4 => [70, 110, 60],
                () => [112, 112, 110],
            };
            rgb.copy_from_slice(&colour);
        }
        let appearance = Describer::new().describe(&shown(&crop, bbox, Class::Car));
        assert_eq!(words(&appearance), expected);
        let bicycle = Describer::new().describe(&shown(&crop, bbox, Class::Bicycle));
        assert_eq!(words(&bicycle), "vehicle_type=bicycle");
    }
}

#[test]
fn vectors_tell_clothes_apart_and_forgive_light_and_mirrors() {
    let describer = Describer::new();
    let describe = |crop: &RgbImage, bbox| describer.describe(&shown(crop, bbox, Class::Person));
    let (crop, bbox) = person([180, 30, 40], [45, 65, 130]);
    let same = describe(&crop, bbox);
    let mirror = describe(
        &mirrored(&crop),
        NormBox::from_xyxy(1.0 - bbox.x2(), bbox.y1(), 1.0 - bbox.x1(), bbox.y2()),
    );
    assert!(
        similarity(&same, &mirror) > 0.99,
        "{}",
        similarity(&same, &mirror)
    );
    let darker = describe(&lit(&crop, [0.85; 3]), bbox);
    assert!(
        similarity(&same, &darker) > 0.9,
        "{}",
        similarity(&same, &darker)
    );
    let (exchanged, bbox) = person([45, 65, 130], [180, 30, 40]);
    let exchanged = describe(&exchanged, bbox);
    assert!(
        similarity(&same, &exchanged) < 0.6,
        "{}",
        similarity(&same, &exchanged)
    );
}

#[test]
fn box_lies_in_the_crop_as_in_the_picture() {
    let area = NormBox::from_xyxy(0.2, 0.4, 0.6, 0.8);
    let inner = box_in_crop(NormBox::from_xyxy(0.3, 0.5, 0.5, 0.7), area);
    let expected = NormBox::from_xyxy(0.25, 0.25, 0.75, 0.75);
    assert!(inner.iou(expected) > 0.999, "{inner:?}");
    let empty = NormBox::from_xyxy(0.5, 0.5, 0.5, 0.5);
    assert!(box_in_crop(area, empty).area() <= 1.0);
}

proptest! {
    #[test]
    fn any_crop_is_described_in_bounds(
        width_px in 1_u32..90,
        height_px in 1_u32..90,
        seed in any::<u64>(),
        corners in prop::array::uniform4(-0.5_f32..1.5),
        class_at in 0_usize..6,
    ) {
        let mut state = seed | 1;
        let mut crop = RgbImage::new(width_px, height_px);
        for byte in &mut crop.data {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = state.to_be_bytes()[0];
        }
        let [x1, y1, x2, y2] = corners;
        let bbox = NormBox::from_xyxy(x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2));
        let appearance = Describer::new().describe(&shown(&crop, bbox, Class::ALL[class_at]));
        for attribute in &appearance.attributes {
            prop_assert!((MIN_LIKELIHOOD..=1.0).contains(&attribute.likelihood));
        }
        for embedding in &appearance.embeddings {
            prop_assert!(embedding.values.len() <= 512);
            let length: f32 = embedding.values.iter().map(|value| value * value).sum();
            prop_assert!((length - 1.0).abs() < 1e-4, "{}", length);
        }
    }
}
