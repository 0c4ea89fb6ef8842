//! Where a JPEG ends, found while it arrives.
//!
//! In: the bytes received so far, from the start-of-image marker on.
//! Out: the offset after the end-of-image marker.
//!
//! Segments are skipped by their length, so the thumbnail inside an EXIF
//! segment, which has its own start and end markers, does not cut the picture.
//! A segment that lies about its length makes the walk resynchronise at the
//! next marker, as decoders do.
//!
//! Not here: whether the picture can be decoded.

use memchr::memchr;

/// The first bytes of every JPEG: start of image, and the lead byte of the
/// next marker. Three bytes, because two are too frequent in garbage.
pub const START: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// Bytes that cameras pad pictures and parts with.
pub(super) fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | b'\r' | b'\n' | b' ' | b'\t')
}

/// Length of `bytes` without padding behind its end-of-image marker, or `None`
/// when there is no such marker at the end.
pub fn complete_len(bytes: &[u8]) -> Option<usize> {
    let kept = bytes
        .iter()
        .rposition(|&byte| !is_padding(byte) && byte != 0xFF)?
        + 1;
    bytes[..kept].ends_with(&[0xFF, 0xD9]).then_some(kept)
}

/// Walks over one JPEG that grows at its end.
#[derive(Clone, Debug, Default)]
pub struct Walker {
    state: State,
    /// Next byte to look at.
    at: usize,
    end: Option<usize>,
    restart: Option<usize>,
    /// Where coded pixels begin.
    scan_at: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Looking for a marker: between segments, or in entropy-coded data.
    #[default]
    Marker,
    /// At the two length bytes of a segment.
    Length { is_scan: bool },
    /// Inside a segment that ends before offset `to`.
    Segment { to: usize, is_scan: bool },
}

impl Walker {
    /// Continues over `jpeg`, which is all bytes received so far. Gives the
    /// offset after the end-of-image marker once that has been seen.
    pub fn advance(&mut self, jpeg: &[u8]) -> Option<usize> {
        while self.end.is_none() && self.step(jpeg) {}
        self.end
    }

    /// Offset of a second start of image inside this picture, when there was
    /// one: the end of the first picture was lost.
    pub fn restart(&self) -> Option<usize> {
        self.restart
    }

    /// Whether coded pixels begin before offset `end`; without them there is no
    /// picture.
    pub fn has_scan_before(&self, end: usize) -> bool {
        self.scan_at.is_some_and(|at| at < end)
    }

    /// One step; false when more bytes are needed.
    fn step(&mut self, jpeg: &[u8]) -> bool {
        match self.state {
            State::Marker => self.marker(jpeg),
            State::Length { is_scan } => {
                let Some(&[high, low]) = jpeg.get(self.at..self.at + 2) else {
                    return false;
                };
                let len = usize::from(u16::from_be_bytes([high, low]));
                // Below 2 the length does not even cover itself: resynchronise.
                let to = self.at + if len < 2 { 0 } else { len };
                self.state = State::Segment { to, is_scan };
                true
            }
            State::Segment { to, is_scan } => {
                if jpeg.len() < to {
                    return false;
                }
                self.at = to;
                if is_scan {
                    self.scan_at.get_or_insert(to);
                }
                self.state = State::Marker;
                true
            }
        }
    }

    fn marker(&mut self, jpeg: &[u8]) -> bool {
        let rest = jpeg.get(self.at..).unwrap_or_default();
        let Some(lead) = memchr(0xFF, rest) else {
            self.at = jpeg.len();
            return false;
        };
        // A marker may be preceded by any number of fill bytes 0xFF.
        let n_lead = rest[lead..].iter().take_while(|&&b| b == 0xFF).count();
        let code_at = self.at + lead + n_lead;
        self.at = code_at - 1;
        let Some(&code) = jpeg.get(code_at) else {
            return false;
        };
        match code {
            // A stuffed zero, TEM, or a restart marker: no segment follows.
            0x00 | 0x01 | 0xD0..=0xD7 => self.at = code_at + 1,
            0xD8 => {
                let Some(&next) = jpeg.get(code_at + 1) else {
                    return false;
                };
                if next == 0xFF && self.at > 0 {
                    self.restart.get_or_insert(self.at);
                }
                self.at = code_at + 1;
            }
            0xD9 => self.end = Some(code_at + 1),
            _ => {
                self.state = State::Length {
                    is_scan: code == 0xDA,
                };
                self.at = code_at + 1;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mjpeg::testing::{jpeg, jpeg_with_thumbnail};

    #[track_caller]
    fn check(bytes: &[u8], end: Option<usize>) {
        assert_eq!(Walker::default().advance(bytes), end);
    }

    #[test]
    fn picture_ends_after_its_end_marker() {
        let picture = jpeg(1, 40);
        check(&picture, Some(picture.len()));
        check(&[&picture[..], b"\r\n--x"].concat(), Some(picture.len()));
    }

    #[test]
    fn thumbnail_inside_a_segment_does_not_cut_the_picture() {
        let picture = jpeg_with_thumbnail(2);
        check(&picture, Some(picture.len()));
    }

    #[test]
    fn unfinished_picture_has_no_end() {
        let picture = jpeg(1, 40);
        for len in 0..picture.len() {
            check(&picture[..len], None);
        }
    }

    #[test]
    fn fill_stuffing_and_restart_markers_are_walked_over() {
        let bytes = [
            0xFF, 0xD8, 0xFF, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0x00, 0xFF, 0xD0, 9, 0xFF, 0xFF, 0xD9,
        ];
        check(&bytes, Some(bytes.len()));
    }

    #[test]
    fn segment_with_impossible_length_is_left_at_the_next_marker() {
        let bytes = [
            0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 5, 0xFF, 0xDA, 0, 2, 1, 0xFF, 0xD9,
        ];
        check(&bytes, Some(bytes.len()));
    }

    #[test]
    fn second_start_marks_a_lost_end() {
        let first = &jpeg(1, 40)[..30];
        let bytes = [first, &jpeg(2, 40)].concat();
        let mut walker = Walker::default();
        walker.advance(&bytes);
        assert_eq!(walker.restart(), Some(30));
    }

    #[test]
    fn complete_len_drops_padding_only_behind_an_end_marker() {
        for (bytes, expected) in [
            (&b"\xFF\xD9"[..], Some(2)),
            (b"ab\xFF\xD9\0\0\r\n", Some(4)),
            (b"ab\xFF\xD9\xFF\xFF", Some(4)),
            (b"ab\xFF\xD9c", None),
            (b"", None),
            (b"\0\0", None),
        ] {
            assert_eq!(complete_len(bytes), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn end_does_not_depend_on_how_bytes_arrive(
            bytes in proptest::collection::vec(
                prop_oneof![3 => Just(0xFF_u8), 1 => Just(0xD8), 1 => Just(0xD9), 1 => Just(0xDA), 2 => Just(0), 4 => any::<u8>()],
                0..200,
            ),
        ) {
            let mut whole = Walker::default();
            whole.advance(&bytes);
            let mut slow = Walker::default();
            for len in 0..=bytes.len() {
                slow.advance(&bytes[..len]);
            }
            prop_assert_eq!(whole.end, slow.end);
            prop_assert_eq!(whole.restart, slow.restart);
            prop_assert_eq!(whole.scan_at, slow.scan_at);
        }
    }
}
