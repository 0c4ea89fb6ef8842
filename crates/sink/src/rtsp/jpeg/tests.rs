//! What a receiver makes of our packets, by RFC 2435's appendix B.

use ::jpeg::{Decoder, Encoder, Limits, RgbImage, Scale};
use proptest::prelude::*;

use super::*;
use crate::rtsp::rtp::Fragment;
use crate::segments::{APP0, DHT, DQT, DRI, SOF0, SOS, segment};

const S422_WITH_RESTARTS: &[u8] = include_bytes!("../../../testdata/jpeg/422-restarts.jpg");
const S444: &[u8] = include_bytes!("../../../testdata/jpeg/444.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../../testdata/jpeg/progressive.jpg");
const GRAY: &[u8] = include_bytes!("../../../testdata/jpeg/gray.jpg");
const OPTIMISED: &[u8] = include_bytes!("../../../testdata/jpeg/optimised.jpg");

/// A picture with some noise in it.
fn picture(width_px: u32, height_px: u32, seed: u64, quality: u8) -> Vec<u8> {
    let mut image = RgbImage::new(width_px, height_px);
    let mut state = seed | 1;
    for (idx, byte) in image.data.iter_mut().enumerate() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let [noise, ..] = state.to_be_bytes();
        *byte = u8::try_from(idx / 7 % 200).unwrap() + noise % 50;
    }
    Encoder::new().unwrap().rgb(&image, quality).unwrap()
}

fn pixels(jpeg: &[u8]) -> RgbImage {
    let mut decoder = Decoder::new(Limits::default()).unwrap();
    let (image, _, damage) = decoder.rgb(jpeg, Scale::Full, None).unwrap();
    assert_eq!(damage, ::jpeg::Damage::None);
    image
}

/// A receiver: makes the headers that the packets leave out.
fn received(pieces: &[Fragment<'_>]) -> Vec<u8> {
    let first = &pieces[0];
    let kind = first.head[4];
    let (width_px, height_px) = (8 * u16::from(first.head[6]), 8 * u16::from(first.head[7]));
    let mut at = 8;
    let mut jpeg = vec![0xff, 0xd8];
    jpeg.extend(segment(APP0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    let mut restarts = None;
    if kind >= 64 {
        restarts = Some([first.head[8], first.head[9]]);
        assert_eq!(first.head[10..12], [0xff, 0xff]);
        at = 12;
    }
    if let Some((id, headers)) = &first.extension {
        assert_eq!((*id, width_px, height_px), (0xffd8, 0, 0));
        assert_eq!(headers.len() % 4, 0);
        jpeg.truncate(2);
        jpeg.extend_from_slice(headers);
    } else {
        let [_, precision, len1, len0] = first.head[at..at + 4] else {
            unreachable!("four bytes");
        };
        assert_eq!((precision, u16::from_be_bytes([len1, len0])), (0, 128));
        let tables = &first.head[at + 4..];
        for (number, table) in (0_u8..).zip(tables.chunks_exact(64)) {
            jpeg.extend(segment(DQT, &[&[number][..], table].concat()));
        }
        let sampling = [0x21, 0x22][usize::from(kind % 64)];
        let [h1, h0] = height_px.to_be_bytes();
        let [w1, w0] = width_px.to_be_bytes();
        let frame = [8, h1, h0, w1, w0, 3, 0, sampling, 0, 1, 0x11, 1, 2, 0x11, 1];
        jpeg.extend(segment(SOF0, &frame));
        jpeg.extend(tables::standard_segment());
        if let Some(interval) = restarts {
            jpeg.extend(segment(DRI, &interval));
        }
        jpeg.extend(segment(SOS, &[3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0]));
    }
    let mut offset = 0;
    for piece in pieces {
        let told = u32::from_be_bytes([0, piece.head[1], piece.head[2], piece.head[3]]);
        assert_eq!(told as usize, offset);
        offset += piece.body.len();
        jpeg.extend_from_slice(piece.body);
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

#[track_caller]
fn check_round_trip(jpeg: &[u8], max_bytes: usize) {
    let parts = Parts::find(jpeg).unwrap();
    let pieces = fragments(jpeg, &parts, max_bytes);
    for piece in &pieces {
        let extension = piece
            .extension
            .as_ref()
            .map_or(0, |(_, content)| 4 + content.len());
        assert!(extension + piece.head.len() + piece.body.len() <= max_bytes);
    }
    assert_eq!(pieces.iter().filter(|piece| piece.is_last).count(), 1);
    assert!(pieces.last().unwrap().is_last);
    assert_eq!(pixels(&received(&pieces)), pixels(jpeg));
}

#[test]
fn picture_of_422_with_restart_markers_comes_out_as_it_went_in() {
    check_round_trip(S422_WITH_RESTARTS, 1_400);
}

#[test]
fn picture_beyond_2040_pixels_carries_its_headers_in_the_extension() {
    check_round_trip(&picture(2_064, 16, 3, 80), 1_400);
    let parts = Parts::find(&picture(2_048, 32, 3, 80)).unwrap();
    assert_eq!((parts.width_px, parts.height_px), (2_048, 32));
}

#[test]
fn padding_and_a_missing_end_change_nothing() {
    let jpeg = picture(64, 48, 5, 80);
    let parts = Parts::find(&jpeg).unwrap();
    let padded = [&jpeg[..], &[0; 40]].concat();
    assert_eq!(Parts::find(&padded).unwrap(), parts);
    let cut = &jpeg[..jpeg.len() - 2];
    assert_eq!(Parts::find(cut).unwrap(), parts);
    // MJPEG may leave the standard tables out.
    let before = memchr::memmem::find(&jpeg, &[0xff, DHT]).unwrap();
    let scan = memchr::memmem::find(&jpeg, &[0xff, SOS]).unwrap();
    let without_tables = [&jpeg[..before], &jpeg[scan..]].concat();
    let parts = Parts::find(&without_tables).unwrap();
    let pieces = fragments(&without_tables, &parts, 1_400);
    assert_eq!(pixels(&received(&pieces)), pixels(&jpeg));
}

#[test]
fn pictures_that_receivers_could_not_put_together_are_refused_with_the_reason() {
    let jpeg = picture(64, 48, 5, 80);
    for (jpeg, expected) in [
        (S444, Unsuited::Sampling),
        (GRAY, Unsuited::Sampling),
        (PROGRESSIVE, Unsuited::NotBaseline),
        (OPTIMISED, Unsuited::HuffmanTables),
        (b"GIF89a", Unsuited::Broken),
        (&jpeg[..200], Unsuited::Broken),
    ] {
        assert_eq!(Parts::find(jpeg), Err(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn packets_make_the_same_picture(
        (width, height) in (1_u32..20, 1_u32..14),
        seed in any::<u64>(),
        quality in 20_u8..100,
        max_bytes in 1_200_usize..1_500,
    ) {
        check_round_trip(&picture(8 * width, 8 * height, seed, quality), max_bytes);
    }

    #[test]
    fn damaged_pictures_are_taken_apart_without_panic(
        at in 0_usize..1_000,
        byte in any::<u8>(),
        len in 0_usize..2_000,
    ) {
        let mut jpeg = picture(64, 48, 5, 80);
        if let Some(slot) = jpeg.get_mut(at) {
            *slot = byte;
        }
        jpeg.truncate(len);
        if let Ok(parts) = Parts::find(&jpeg) {
            fragments(&jpeg, &parts, 1_400);
        }
    }
}
