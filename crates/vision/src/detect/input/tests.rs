//! Every subsampling and shape against a slow reference, and refusals.

use jpeg::Plane;

use super::super::manifest::Fit;
use super::*;

fn spec(colour: Colour, fit: Fit) -> InputSpec {
    InputSpec {
        name: "image".to_owned(),
        width_px: 64,
        height_px: 32,
        is_dynamic: false,
        colour,
        mean: [10.0, 20.0, 30.0],
        std: [2.0, 4.0, 8.0],
        fit,
        pad: 114.0,
    }
}

fn plane(width_px: u32, height_px: u32, salt: u32) -> Plane {
    // One byte of stride padding that must never be read as a sample.
    let stride = width_px as usize + 1;
    let value = |i: usize| ((i as u32 * 37 + salt * 91) % 251) as u8;
    Plane {
        width_px,
        height_px,
        stride,
        data: (0..stride * height_px as usize).map(value).collect(),
    }
}

fn planes(size: (u32, u32), factors: Option<(u32, u32)>) -> Planes {
    let (width_px, height_px) = size;
    Planes {
        width_px,
        height_px,
        y: plane(width_px, height_px, 1),
        chroma: factors.map(|(fx, fy)| {
            let (w, h) = (width_px.div_ceil(fx), height_px.div_ceil(fy));
            (plane(w, h, 2), plane(w, h, 3))
        }),
    }
}

/// A sample at a place given in luma samples, slowly.
fn sample(plane: &Plane, factors: (f64, f64), x: f64, y: f64) -> f64 {
    let at = |x: usize, y: usize| f64::from(plane.data[y * plane.stride + x]);
    let (w, h) = (plane.width_px as usize, plane.height_px as usize);
    let x = (x / factors.0 - 0.5).clamp(0.0, (w - 1) as f64);
    let y = (y / factors.1 - 0.5).clamp(0.0, (h - 1) as f64);
    let (x0, y0) = (x.floor() as usize, y.floor() as usize);
    let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
    let (fx, fy) = (x.fract(), y.fract());
    let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
    let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
    top * (1.0 - fy) + bottom * fy
}

/// The whole tensor, pixel by pixel.
fn slow_tensor(spec: &InputSpec, planes: &Planes, factors: (f64, f64)) -> Vec<f32> {
    let input = InputSize::for_picture(spec, planes.width_px as usize, planes.height_px as usize);
    let (w, h) = (f64::from(planes.width_px), f64::from(planes.height_px));
    let content = Placement::new(spec.fit, input, w as usize, h as usize).content;
    let mut tensor = Vec::new();
    for channel in 0..3 {
        for row in 0..input.height_px {
            for column in 0..input.width_px {
                let mut value = f64::from(spec.pad);
                if row < content.height_px && column < content.width_px {
                    let x = (column as f64 + 0.5) * w / content.width_px as f64;
                    let y = (row as f64 + 0.5) * h / content.height_px as f64;
                    let luma = sample(&planes.y, (1.0, 1.0), x, y);
                    let [cb, cr] = match &planes.chroma {
                        Some((cb, cr)) => {
                            [cb, cr].map(|plane| sample(plane, factors, x, y) - 128.0)
                        }
                        None => [0.0, 0.0],
                    };
                    let rgb = [
                        luma + 1.402 * cr,
                        luma - 0.344_136 * cb - 0.714_136 * cr,
                        luma + 1.772 * cb,
                    ];
                    let source = match spec.colour {
                        Colour::Rgb => channel,
                        Colour::Bgr => 2 - channel,
                    };
                    value = rgb[source].clamp(0.0, 255.0);
                }
                let (mean, std) = (spec.mean[channel], spec.std[channel]);
                tensor.push(((value - f64::from(mean)) / f64::from(std)) as f32);
            }
        }
    }
    tensor
}

#[track_caller]
fn assert_close(actual: &[f32], expected: &[f32]) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() < 2e-3, "value {i}: {a}, expected {e}");
    }
}

#[test]
fn planes_of_every_subsampling_match_the_slow_reference() {
    for factors in [
        None,
        Some((1, 1)),
        Some((2, 1)),
        Some((2, 2)),
        Some((1, 2)),
        Some((4, 1)),
    ] {
        for size in [(80, 45), (37, 51), (5, 3), (64, 32), (1, 1)] {
            for fit in [Fit::Letterbox, Fit::Stretch] {
                for colour in [Colour::Rgb, Colour::Bgr] {
                    let spec = spec(colour, fit);
                    let planes = planes(size, factors);
                    let mut maker = InputMaker::new(spec.clone());
                    maker.make_from_planes(&planes).unwrap();
                    let found = factors.map_or((1, 1), |(fx, fy)| {
                        // A side of one sample looks the same at any factor.
                        (
                            if size.0 == 1 { 1 } else { fx },
                            if size.1 == 1 { 1 } else { fy },
                        )
                    });
                    let factors = (f64::from(found.0), f64::from(found.1));
                    assert_close(maker.tensor(), &slow_tensor(&spec, &planes, factors));
                }
            }
        }
    }
}

#[test]
fn packed_rgb_matches_planes_of_the_same_gray_picture() {
    let spec = spec(Colour::Bgr, Fit::Letterbox);
    let planes = planes((37, 51), None);
    let mut image = RgbImage::new(37, 51);
    for y in 0..51 {
        for x in 0..37 {
            let value = planes.y.row(y)[x as usize];
            let start = 3 * (y as usize * 37 + x as usize);
            image.data[start..start + 3].fill(value);
        }
    }
    let mut maker = InputMaker::new(spec.clone());
    maker.make_from_rgb(&image).unwrap();
    assert_close(maker.tensor(), &slow_tensor(&spec, &planes, (1.0, 1.0)));
}

#[test]
fn packed_rgb_goes_to_the_channels_in_manifest_order() {
    let mut image = RgbImage::new(2, 1);
    image.data = vec![10, 20, 30, 10, 20, 30];
    for (colour, expected) in [
        (Colour::Rgb, [0.0, 0.0, 0.0]),
        (Colour::Bgr, [10.0, 0.0, -2.5]),
    ] {
        let mut maker = InputMaker::new(spec(colour, Fit::Stretch));
        maker.make_from_rgb(&image).unwrap();
        let first_of_each = [0, 64 * 32, 2 * 64 * 32].map(|i| maker.tensor()[i]);
        assert_eq!(first_of_each, expected);
    }
}

#[test]
fn maker_forgets_the_shape_of_the_last_picture() {
    let spec = spec(Colour::Rgb, Fit::Letterbox);
    let mut maker = InputMaker::new(spec.clone());
    for size in [(80, 45), (10, 90), (80, 45)] {
        let planes = planes(size, Some((2, 2)));
        maker.make_from_planes(&planes).unwrap();
        assert_close(maker.tensor(), &slow_tensor(&spec, &planes, (2.0, 2.0)));
    }
}

#[test]
fn picture_without_enough_bytes_is_refused() {
    let mut maker = InputMaker::new(spec(Colour::Rgb, Fit::Letterbox));
    let mut short = planes((8, 8), Some((2, 2)));
    short.y.data.truncate(9);
    assert_eq!(
        maker.make_from_planes(&short).unwrap_err().to_string(),
        "prepare luma of 8x8 for the detector: 9 bytes are not enough"
    );
    let mut odd = planes((8, 8), Some((2, 2)));
    odd.chroma = odd.chroma.map(|(cb, _)| (cb, plane(3, 4, 0)));
    assert_eq!(
        maker.make_from_planes(&odd).unwrap_err().to_string(),
        "prepare chroma of (3, 4) for luma of (8, 8): no subsampling of 1, 2 or 4 gives this"
    );
    let empty = maker.make_from_rgb(&RgbImage::default()).unwrap_err();
    assert_eq!(
        empty.to_string(),
        "prepare rgb of 0x0 for the detector: 0 bytes are not enough"
    );
}
