//! Whole JPEGs in every form; odd and broken ones are in `broken`. All are made
//! here: encoded, then cut or patched byte by byte.

use turbojpeg_sys as tj;

use super::*;
use crate::encoder::testing::{Form, encode};
use crate::read_header;

mod broken;

const WIDTH_PX: u32 = 100;
const HEIGHT_PX: u32 = 76;

/// A smooth picture with a bright square, no side a multiple of 16.
fn picture() -> RgbImage {
    let mut image = RgbImage::new(WIDTH_PX, HEIGHT_PX);
    for y in 0..HEIGHT_PX {
        for x in 0..WIDTH_PX {
            let in_square = (60..80).contains(&x) && (40..60).contains(&y);
            let colour = if in_square {
                [250, 240, 20]
            } else {
                [(x * 2) as u8, (y * 3) as u8, 90]
            };
            let start = 3 * (y * WIDTH_PX + x) as usize;
            image.data[start..start + 3].copy_from_slice(&colour);
        }
    }
    image
}

fn colour_jpeg(subsampling: i32) -> Vec<u8> {
    encode(
        &picture(),
        Form {
            subsampling,
            ..Form::default()
        },
    )
}

fn jpeg() -> Vec<u8> {
    colour_jpeg(tj::TJSAMP_TJSAMP_420)
}

fn progressive_jpeg() -> Vec<u8> {
    encode(
        &picture(),
        Form {
            is_progressive: true,
            ..Form::default()
        },
    )
}

fn decoder() -> Decoder {
    Decoder::new(Limits::default()).unwrap()
}

fn planes(jpeg: &[u8], scale: Scale) -> Result<(Planes, Damage), Error> {
    let mut planes = Planes::default();
    let damage = decoder().planes(jpeg, scale, &mut planes)?;
    Ok((planes, damage))
}

fn rgb(jpeg: &[u8]) -> Result<(RgbImage, PixelRect, Damage), Error> {
    decoder().rgb(jpeg, Scale::Full, None)
}

/// Offset of the first byte after the marker `0xff, code`.
fn after_marker(jpeg: &[u8], code: u8) -> usize {
    jpeg.windows(2)
        .position(|bytes| bytes == [0xff, code])
        .expect("the file has this marker")
        + 2
}

/// The file without any segment of kind `code`.
fn without_segments(jpeg: &[u8], code: u8) -> Vec<u8> {
    let mut left = jpeg.to_vec();
    let scan = after_marker(jpeg, 0xda);
    while let Some(at) = left[..scan.min(left.len())]
        .windows(2)
        .position(|bytes| bytes == [0xff, code])
    {
        let len_bytes = usize::from(u16::from_be_bytes([left[at + 2], left[at + 3]]));
        left.drain(at..at + 2 + len_bytes);
    }
    left
}

/// The file with its frame header patched: `at` counts from the marker's
/// length field (2 = precision, 3 = height, 5 = width, 7 = components).
fn with_frame_bytes(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut patched = jpeg();
    let start = after_marker(&patched, 0xc0) + at;
    patched[start..start + bytes.len()].copy_from_slice(bytes);
    patched
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.len() as f64
}

#[test]
fn rgb_of_an_encoded_picture_is_nearly_the_picture() {
    let (image, covered, damage) = rgb(&jpeg()).unwrap();
    assert_eq!((image.width_px, image.height_px), (WIDTH_PX, HEIGHT_PX));
    assert_eq!(
        covered,
        PixelRect {
            x: 0,
            y: 0,
            width: WIDTH_PX,
            height: HEIGHT_PX
        }
    );
    assert_eq!(damage, Damage::None);
    assert!(mean_difference(&image.data, &picture().data) < 4.0);
}

#[test]
fn planes_have_the_sizes_of_their_scale_and_subsampling() {
    struct Case {
        subsampling: i32,
        name: Subsampling,
        scale: Scale,
        luma: (u32, u32),
        chroma: (u32, u32),
    }
    let case = |subsampling, name, scale, luma, chroma| Case {
        subsampling,
        name,
        scale,
        luma,
        chroma,
    };
    use Scale::{Eighth, Full, Half, Quarter};
    for case in [
        case(
            tj::TJSAMP_TJSAMP_420,
            Subsampling::S420,
            Full,
            (100, 76),
            (50, 38),
        ),
        case(
            tj::TJSAMP_TJSAMP_420,
            Subsampling::S420,
            Half,
            (50, 38),
            (25, 19),
        ),
        case(
            tj::TJSAMP_TJSAMP_420,
            Subsampling::S420,
            Quarter,
            (25, 19),
            (13, 10),
        ),
        case(
            tj::TJSAMP_TJSAMP_420,
            Subsampling::S420,
            Eighth,
            (13, 10),
            (7, 5),
        ),
        case(
            tj::TJSAMP_TJSAMP_422,
            Subsampling::S422,
            Quarter,
            (25, 19),
            (13, 19),
        ),
        case(
            tj::TJSAMP_TJSAMP_440,
            Subsampling::S440,
            Quarter,
            (25, 19),
            (25, 10),
        ),
        case(
            tj::TJSAMP_TJSAMP_444,
            Subsampling::S444,
            Quarter,
            (25, 19),
            (25, 19),
        ),
        case(
            tj::TJSAMP_TJSAMP_411,
            Subsampling::S411,
            Quarter,
            (25, 19),
            (7, 19),
        ),
        case(
            tj::TJSAMP_TJSAMP_441,
            Subsampling::S441,
            Quarter,
            (25, 19),
            (25, 5),
        ),
    ] {
        let jpeg = colour_jpeg(case.subsampling);
        assert_eq!(read_header(&jpeg).unwrap().subsampling, case.name);
        let (planes, damage) = planes(&jpeg, case.scale).unwrap();
        let (cb, cr) = planes.chroma.as_ref().unwrap();
        assert_eq!(damage, Damage::None);
        let size = |plane: &Plane| (plane.width_px, plane.height_px);
        assert_eq!((planes.width_px, planes.height_px), case.luma);
        assert_eq!(size(&planes.y), case.luma, "{:?}", case.name);
        assert_eq!(size(cb), case.chroma, "{:?}", case.name);
        assert_eq!(size(cr), case.chroma, "{:?}", case.name);
        // The square at (60, 40) is bright, and yellow: hardly any blue.
        let at = |plane: &Plane| {
            let (x, y) = (70 * plane.width_px / 100, 50 * plane.height_px / 76);
            plane.row(y)[x as usize]
        };
        assert!(at(&planes.y) > 200, "{:?} {:?}", case.name, case.scale);
        assert!(at(cb) < 60, "{:?} {:?}", case.name, case.scale);
    }
}

#[test]
fn gray_jpeg_has_no_chroma_and_gray_rgb() {
    let jpeg = colour_jpeg(tj::TJSAMP_TJSAMP_GRAY);
    assert_eq!(read_header(&jpeg).unwrap().subsampling, Subsampling::Gray);
    let (planes, _) = planes(&jpeg, Scale::Quarter).unwrap();
    assert_eq!(planes.chroma, None);
    assert_eq!((planes.y.width_px, planes.y.height_px), (25, 19));
    let (image, ..) = rgb(&jpeg).unwrap();
    let [red, green, blue] = image.pixel(10, 10);
    assert_eq!((red, green), (green, blue));
}

#[test]
fn buffers_of_a_larger_picture_are_reused_for_a_smaller_one() {
    let mut decoder = decoder();
    let mut reused = Planes::default();
    decoder.planes(&jpeg(), Scale::Full, &mut reused).unwrap();
    let memory = reused.y.data.as_ptr();
    decoder
        .planes(&jpeg(), Scale::Quarter, &mut reused)
        .unwrap();
    assert_eq!(reused.y.data.as_ptr(), memory);
    assert_eq!(reused, planes(&jpeg(), Scale::Quarter).unwrap().0);
}

#[test]
fn area_is_widened_to_blocks_and_shows_the_same_pixels() {
    struct Case {
        subsampling: i32,
        scale: Scale,
        area: [u32; 4],
        covered: [u32; 4],
    }
    let case = |subsampling, scale, area, covered| Case {
        subsampling,
        scale,
        area,
        covered,
    };
    use Scale::{Full, Half, Quarter};
    let (s420, s411) = (tj::TJSAMP_TJSAMP_420, tj::TJSAMP_TJSAMP_411);
    for case in [
        case(s420, Full, [50, 34, 30, 20], [48, 32, 32, 22]),
        case(s420, Half, [50, 34, 31, 20], [48, 32, 34, 22]),
        case(s420, Quarter, [17, 17, 8, 8], [16, 16, 12, 12]),
        case(s420, Full, [0, 0, 100, 76], [0, 0, 100, 76]),
        case(s420, Full, [90, 70, 500, u32::MAX], [80, 64, 20, 12]),
        case(s411, Full, [50, 34, 30, 20], [32, 32, 48, 22]),
        case(tj::TJSAMP_TJSAMP_GRAY, Full, [50, 34, 3, 2], [48, 32, 5, 4]),
    ] {
        let rect = |[x, y, width, height]: [u32; 4]| PixelRect {
            x,
            y,
            width,
            height,
        };
        let jpeg = colour_jpeg(case.subsampling);
        let mut decoder = decoder();
        let (part, covered, damage) = decoder
            .rgb(&jpeg, case.scale, Some(rect(case.area)))
            .unwrap();
        assert_eq!(covered, rect(case.covered));
        assert_eq!(damage, Damage::None);
        assert_eq!(part.width_px, case.scale.scaled_px(covered.width));
        assert_eq!(part.height_px, case.scale.scaled_px(covered.height));
        // The same decoder then gives the whole picture again.
        let (whole, ..) = decoder.rgb(&jpeg, case.scale, None).unwrap();
        let (left, top) = (
            covered.x / case.scale.divisor(),
            covered.y / case.scale.divisor(),
        );
        for y in 0..part.height_px {
            // Chroma is interpolated across the area's border, so its first
            // and last columns may differ.
            for x in 2..part.width_px.saturating_sub(2) {
                let (a, b) = (part.pixel(x, y), whole.pixel(left + x, top + y));
                assert!(
                    mean_difference(&a, &b) <= 8.0,
                    "{:?} {x},{y}: {a:?} {b:?}",
                    case.area
                );
            }
        }
    }
}

#[test]
fn area_without_a_pixel_in_the_picture_is_refused() {
    for [x, y, width, height] in [[100, 0, 5, 5], [0, 76, 5, 5], [3, 3, 0, 9], [3, 3, 9, 0]] {
        let area = PixelRect {
            x,
            y,
            width,
            height,
        };
        let error = decoder().rgb(&jpeg(), Scale::Full, Some(area)).unwrap_err();
        assert!(matches!(error, Error::AreaOutside { .. }), "{error}");
    }
    assert_eq!(
        decoder()
            .rgb(&jpeg(), Scale::Full, Some(PixelRect::default()))
            .unwrap_err()
            .to_string(),
        "decode JPEG area 0x0+0+0: outside the picture of 100x76"
    );
}
