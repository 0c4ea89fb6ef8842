//! Comments of pictures: foreign ones out, ours in.
//!
//! A camera's own comment tells what that camera found. What airelay passes on
//! tells what airelay found, so comments and application blocks that no
//! decoder needs are left out.

use crate::segments::{APP0, APP1, APP2, APP14, APP15, COM, EOI, SOI, SOS, Segments, segment};

/// The picture without foreign comments and blocks, from its start marker to
/// its end marker; `None` when it is no JPEG.
pub fn strip(jpeg: &[u8]) -> Option<Vec<u8>> {
    rebuild(jpeg, &[])
}

/// As [`strip`], with `comment` in its own comment segment, right after the
/// application blocks that must come first. At most 65,533 bytes.
pub fn with_block(jpeg: &[u8], comment: &[u8]) -> Option<Vec<u8>> {
    rebuild(jpeg, &segment(COM, comment))
}

fn rebuild(jpeg: &[u8], ours: &[u8]) -> Option<Vec<u8>> {
    let mut segments = Segments::of(jpeg)?;
    let mut built = Vec::with_capacity(jpeg.len() + ours.len());
    built.extend_from_slice(&[0xff, SOI]);
    let mut ours = Some(ours);
    loop {
        let found = segments.next()?;
        let is_first = matches!(found.marker, APP0 | APP1);
        if !is_first {
            // Once, before whatever else there is.
            built.extend_from_slice(ours.take().unwrap_or_default());
        }
        if is_foreign(found.marker) {
            continue;
        }
        built.extend(segment(found.marker, &jpeg[found.content.clone()]));
        if found.marker == SOS {
            let scan = &jpeg[found.content.end..];
            let end = memchr::memmem::rfind(scan, &[0xff, EOI]).unwrap_or(scan.len());
            built.extend_from_slice(&scan[..end]);
            built.extend_from_slice(&[0xff, EOI]);
            return Some(built);
        }
    }
}

/// JFIF, EXIF, colour profile and Adobe's colour flag stay: they say how the
/// picture looks.
fn is_foreign(marker: u8) -> bool {
    let is_kept = matches!(marker, APP0 | APP1 | APP2 | APP14);
    marker == COM || ((APP0..=APP15).contains(&marker) && !is_kept)
}

#[cfg(test)]
mod tests {
    use ::jpeg::{Decoder, Encoder, Limits, RgbImage, Scale};

    use super::*;

    fn picture() -> Vec<u8> {
        let mut image = RgbImage::new(32, 24);
        for (idx, byte) in image.data.iter_mut().enumerate() {
            *byte = u8::try_from(idx % 251).unwrap();
        }
        Encoder::new().unwrap().rgb(&image, 90).unwrap()
    }

    fn pixels(jpeg: &[u8]) -> RgbImage {
        let mut decoder = Decoder::new(Limits::default()).unwrap();
        let (image, _, damage) = decoder.rgb(jpeg, Scale::Full, None).unwrap();
        assert_eq!(damage, ::jpeg::Damage::None);
        image
    }

    fn comments(jpeg: &[u8]) -> Vec<Vec<u8>> {
        let mut segments = Segments::of(jpeg).unwrap();
        let mut found = Vec::new();
        while let Some(segment) = segments.next() {
            match segment.marker {
                COM => found.push(jpeg[segment.content].to_vec()),
                SOS => return found,
                _ => {}
            }
        }
        panic!("no scan");
    }

    /// The picture with a camera's own blocks in front.
    fn with_foreign(jpeg: &[u8]) -> Vec<u8> {
        let stale = segment(COM, &[0x00, 0x2f, 0x00, 0x04]);
        let vendor = segment(0xe5, b"vendor");
        let start = &jpeg[..20];
        [start, &vendor, &stale, &jpeg[20..], &[0; 9]].concat()
    }

    #[test]
    fn foreign_blocks_go_and_the_picture_stays() {
        let jpeg = picture();
        assert_eq!(&jpeg[6..10], b"JFIF");
        let stripped = strip(&with_foreign(&jpeg)).unwrap();
        assert_eq!(stripped, jpeg);
    }

    #[test]
    fn our_block_is_the_only_comment_and_stands_behind_jfif() {
        let jpeg = picture();
        let built = with_block(&with_foreign(&jpeg), b"ours").unwrap();
        assert_eq!(comments(&built), [b"ours"]);
        assert_eq!(&built[6..10], b"JFIF");
        assert_eq!(built[20..22], [0xff, COM]);
        assert!(built.ends_with(&[0xff, 0xd9]));
        assert_eq!(pixels(&built), pixels(&jpeg));
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert_eq!(strip(b"GIF89a"), None);
        assert_eq!(strip(&picture()[..100]), None);
    }
}
