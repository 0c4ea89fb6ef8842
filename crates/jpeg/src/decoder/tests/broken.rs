//! Odd, cut and broken JPEGs, and files that are none.

use super::*;

#[test]
fn oversized_header_is_refused_before_anything_is_allocated() {
    let jpeg = with_frame_bytes(3, &[0x3e, 0x80, 0x3e, 0x80]);
    let mut buffers = Planes::default();
    let error = decoder()
        .planes(&jpeg, Scale::Quarter, &mut buffers)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "read JPEG header: 16000x16000 exceeds the limit of 40000000 pixels"
    );
    assert_eq!(buffers.y.data.capacity(), 0);
    let largest = with_frame_bytes(3, &[0xff; 4]);
    let error = rgb(&largest).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn pixel_limit_itself_is_allowed() {
    let limit = u64::from(WIDTH_PX * HEIGHT_PX);
    for (max_pixels, is_allowed) in [(limit, true), (limit - 1, false)] {
        let limits = Limits {
            max_pixels,
            ..Limits::default()
        };
        let mut decoder = Decoder::new(limits).unwrap();
        let outcome = decoder.rgb(&jpeg(), Scale::Full, None);
        assert_eq!(outcome.is_ok(), is_allowed);
    }
}

#[test]
fn picture_without_pixels_is_refused() {
    for size in [[0, 0, 0, 100], [0, 76, 0, 0], [0; 4]] {
        let error = rgb(&with_frame_bytes(3, &size)).unwrap_err();
        assert!(matches!(error, Error::Empty { .. }), "{error}");
    }
}

#[test]
fn frame_larger_than_its_data_is_damaged_but_decoded() {
    // 100x76 stated as 2000x1500: the missing rest is filled.
    let jpeg = with_frame_bytes(3, &[0x05, 0xdc, 0x07, 0xd0]);
    let (planes, damage) = planes(&jpeg, Scale::Quarter).unwrap();
    assert_eq!((planes.width_px, planes.height_px), (500, 375));
    assert_ne!(damage, Damage::None);
}

#[test]
fn unsupported_kinds_are_refused_in_plain_words() {
    let cmyk = encode(
        &RgbImage {
            width_px: 16,
            height_px: 16,
            data: vec![90; 4 * 16 * 16],
        },
        Form {
            pixel: tj::TJPF_TJPF_CMYK,
            pixel_bytes: 4,
            ..Form::default()
        },
    );
    let mut arithmetic = jpeg();
    let sof = after_marker(&arithmetic, 0xc0);
    arithmetic[sof - 1] = 0xc9;
    let mut odd_sampling = jpeg();
    odd_sampling[sof + 9] = 0x32;
    let suffix = "is not supported; set the camera to baseline JPEG, 4:2:0";
    for (jpeg, what) in [
        (with_frame_bytes(2, &[12]), "12 bits per sample"),
        (cmyk, "CMYK colour"),
        (with_frame_bytes(7, &[2]), "a picture of 2 components"),
        (arithmetic, "arithmetic or lossless coding (marker 0xc9)"),
        (odd_sampling, "this chroma subsampling"),
    ] {
        let expected = format!("decode JPEG: {what} {suffix}");
        assert_eq!(rgb(&jpeg).unwrap_err().to_string(), expected);
        assert_eq!(
            planes(&jpeg, Scale::Half).unwrap_err().to_string(),
            expected
        );
    }
}

#[test]
fn rgb_stored_as_such_is_refused_as_planes_but_decodes_to_rgb() {
    // Component ids R, G, B and no JFIF header mean stored RGB.
    let mut stored = without_segments(&colour_jpeg(tj::TJSAMP_TJSAMP_444), 0xe0);
    let sof = after_marker(&stored, 0xc0);
    let sos = after_marker(&stored, 0xda);
    for (idx, id) in (0..3).zip(*b"RGB") {
        stored[sof + 8 + 3 * idx] = id;
        stored[sos + 3 + 2 * idx] = id;
    }
    assert_eq!(
        planes(&stored, Scale::Quarter).unwrap_err(),
        Error::Unsupported(Unsupported::RgbColour)
    );
    assert!(rgb(&stored).is_ok());
}

#[test]
fn frame_without_huffman_tables_decodes_like_one_with_them() {
    let bare = without_segments(&jpeg(), 0xc4);
    assert!(bare.len() < jpeg().len());
    let (expected, ..) = rgb(&jpeg()).unwrap();
    let (actual, _, damage) = rgb(&bare).unwrap();
    assert_eq!(actual, expected);
    assert_eq!(damage, Damage::None);
}

#[test]
fn tables_of_an_earlier_file_are_not_lent_to_one_without() {
    // A progressive file has tables of its own making.
    let bare = without_segments(&jpeg(), 0xc4);
    let mut decoder = decoder();
    decoder.rgb(&progressive_jpeg(), Scale::Full, None).unwrap();
    let (actual, _, damage) = decoder.rgb(&bare, Scale::Full, None).unwrap();
    assert_eq!(damage, Damage::None);
    assert_eq!(actual, rgb(&bare).unwrap().0);
    let without_quantisation = without_segments(&jpeg(), 0xdb);
    let error = decoder
        .rgb(&without_quantisation, Scale::Full, None)
        .unwrap_err();
    assert!(error.to_string().contains("Quantization table"), "{error}");
}

#[test]
fn missing_end_marker_costs_no_pixel() {
    let mut cut = jpeg();
    cut.truncate(cut.len() - 2);
    let (image, _, damage) = rgb(&cut).unwrap();
    assert_eq!(image, rgb(&jpeg()).unwrap().0);
    assert_eq!(
        damage,
        Damage::Some {
            text: String::from("Premature end of JPEG file")
        }
    );
}

#[test]
fn padding_before_the_end_marker_costs_no_pixel() {
    let mut padded = jpeg();
    let end = padded.len() - 2;
    padded.splice(end..end, [0; 100]);
    let (image, _, damage) = rgb(&padded).unwrap();
    assert_eq!(image, rgb(&jpeg()).unwrap().0);
    assert_ne!(damage, Damage::None);
}

#[test]
fn bytes_after_the_end_marker_are_ignored() {
    for padding in [vec![0; 3000], b"\r\n--boundary\r\n".to_vec(), jpeg()] {
        let mut padded = jpeg();
        padded.extend(padding);
        let (image, _, damage) = rgb(&padded).unwrap();
        assert_eq!(image, rgb(&jpeg()).unwrap().0);
        assert_eq!(damage, Damage::None);
    }
}

#[test]
fn junk_before_the_start_marker_is_skipped_within_reason() {
    let with_junk = |n_bytes| [vec![b'\n'; n_bytes], jpeg()].concat();
    let (image, _, damage) = rgb(&with_junk(1024)).unwrap();
    assert_eq!(image, rgb(&jpeg()).unwrap().0);
    assert_eq!(damage, Damage::None);
    assert_eq!(
        rgb(&with_junk(1025)).unwrap_err(),
        Error::NotJpeg {
            searched_bytes: 1027
        }
    );
}

#[test]
fn half_a_file_gives_a_whole_picture_whose_top_is_right() {
    let whole = jpeg();
    let (image, _, damage) = rgb(&whole[..whole.len() / 2]).unwrap();
    let (expected, ..) = rgb(&whole).unwrap();
    assert_ne!(damage, Damage::None);
    assert_eq!((image.width_px, image.height_px), (WIDTH_PX, HEIGHT_PX));
    let top = 3 * WIDTH_PX as usize * 8;
    assert_eq!(image.data[..top], expected.data[..top]);
    assert_ne!(image, expected);
}

#[test]
fn cut_at_any_byte_gives_a_picture_or_an_error() {
    let whole = jpeg();
    let mut decoder = decoder();
    let mut buffers = Planes::default();
    let mut n_pictures = 0;
    for len_bytes in 0..whole.len() {
        let outcome = decoder.planes(&whole[..len_bytes], Scale::Quarter, &mut buffers);
        n_pictures += u32::from(outcome.is_ok());
        assert_ne!(outcome, Ok(Damage::None), "{len_bytes} bytes");
    }
    assert!(n_pictures > 100, "{n_pictures} pictures");
}

#[test]
fn any_flipped_byte_gives_a_picture_or_an_error() {
    let (whole, progressive) = (jpeg(), progressive_jpeg());
    let mut decoder = decoder();
    let mut buffers = Planes::default();
    for jpeg in [whole, progressive] {
        for at in 0..jpeg.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut broken = jpeg.clone();
                broken[at] ^= mask;
                // Only the absence of a crash is asked for here.
                drop(decoder.planes(&broken, Scale::Quarter, &mut buffers));
                let area = PixelRect {
                    x: 20,
                    y: 20,
                    width: 40,
                    height: 40,
                };
                drop(decoder.rgb(&broken, Scale::Half, Some(area)));
            }
        }
    }
    let (image, ..) = decoder.rgb(&self::jpeg(), Scale::Full, None).unwrap();
    assert_eq!(image, rgb(&self::jpeg()).unwrap().0);
}

#[test]
fn failure_after_a_warning_is_an_error() {
    // A progressive file is read to its end before any pixel is made: surplus
    // bytes first (a warning), then a second start marker (a failure).
    let mut broken = progressive_jpeg();
    let end = broken.len() - 2;
    broken.splice(end..end, [0; 6]);
    assert_ne!(rgb(&broken).unwrap().2, Damage::None);
    let end = broken.len() - 2;
    broken.splice(end..end, [0xff, 0xd8]);
    let error = rgb(&broken).unwrap_err();
    assert!(error.to_string().contains("two SOI markers"), "{error}");
}

#[test]
fn progressive_picture_decodes_within_its_scan_limit() {
    let jpeg = progressive_jpeg();
    assert!(read_header(&jpeg).unwrap().is_progressive);
    let (image, _, damage) = rgb(&jpeg).unwrap();
    assert!(mean_difference(&image.data, &picture().data) < 4.0);
    assert_eq!(damage, Damage::None);
    let limits = Limits {
        max_scans: 3,
        ..Limits::default()
    };
    let error = Decoder::new(limits)
        .unwrap()
        .rgb(&jpeg, Scale::Full, None)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "decode JPEG: Progressive JPEG image has more than 3 scans"
    );
}

#[test]
fn bytes_that_are_no_jpeg_are_refused_with_the_reason() {
    let whole = jpeg();
    let scan = after_marker(&whole, 0xda) - 2;
    let mut two_frames = whole.clone();
    let sof = after_marker(&whole, 0xc0) - 2;
    two_frames.splice(scan..scan, whole[sof..sof + 19].to_vec());
    for (bytes, expected) in [
        (
            vec![],
            "read JPEG header: no start of a JPEG in the first 0 bytes",
        ),
        (
            b"HTTP/1.1 404 Not Found".to_vec(),
            "read JPEG header: no start of a JPEG in the first 22 bytes",
        ),
        (
            vec![0xff, 0xd8, 0xff, 0xd9],
            "read JPEG header: no frame header in 4 bytes",
        ),
        (
            vec![0xff, 0xd8, 0xff, 0xc0, 0, 1, 8],
            "read JPEG header: broken segment length at byte 4",
        ),
        (
            vec![0xff, 0xd8, 0xff, 0xc0, 0, 5, 8, 0, 1],
            "read JPEG header: broken frame header at byte 6",
        ),
        (
            vec![0xff, 0xd8, 0xff, 0xc4, 0, 4, 0, 9],
            "read JPEG header: broken Huffman table at byte 6",
        ),
    ] {
        assert_eq!(rgb(&bytes).unwrap_err().to_string(), expected);
    }
    let error = rgb(&two_frames).unwrap_err();
    assert!(error.to_string().contains("second frame header"), "{error}");
}

#[test]
fn decoder_works_again_after_an_error() {
    let mut decoder = decoder();
    let mut broken = jpeg();
    let dqt = after_marker(&broken, 0xdb);
    broken[dqt + 2] = 0x0f;
    assert!(decoder.rgb(&broken, Scale::Full, None).is_err());
    let (image, ..) = decoder.rgb(&jpeg(), Scale::Full, None).unwrap();
    assert_eq!(image, rgb(&jpeg()).unwrap().0);
}
