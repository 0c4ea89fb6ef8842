//! The segments of a JPEG before its first scan (ITU-T T.81, annex B), for
//! those who look into or change its headers.
//!
//! In: bytes from outside. Out: markers and where their contents lie; never a
//! panic.

use std::ops::Range;

pub(crate) const APP0: u8 = 0xe0;
pub(crate) const APP1: u8 = 0xe1;
pub(crate) const APP2: u8 = 0xe2;
pub(crate) const APP14: u8 = 0xee;
pub(crate) const APP15: u8 = 0xef;
pub(crate) const COM: u8 = 0xfe;
pub(crate) const DAC: u8 = 0xcc;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const DQT: u8 = 0xdb;
pub(crate) const DRI: u8 = 0xdd;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const JPG: u8 = 0xc8;
pub(crate) const RST0: u8 = 0xd0;
pub(crate) const RST7: u8 = 0xd7;
pub(crate) const SOF0: u8 = 0xc0;
pub(crate) const SOF1: u8 = 0xc1;
pub(crate) const SOF2: u8 = 0xc2;
pub(crate) const SOF15: u8 = 0xcf;
pub(crate) const SOI: u8 = 0xd8;
pub(crate) const SOS: u8 = 0xda;
const TEM: u8 = 0x01;

/// Junk before the start marker that is borne, as in `jpeg`.
const MAX_JUNK_BYTES: usize = 1_024;

/// Walks from segment to segment.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    jpeg: &'a [u8],
    at: usize,
}

/// A marker that has a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) marker: u8,
    /// Where its content lies: behind marker and length.
    pub(crate) content: Range<usize>,
}

impl<'a> Segments<'a> {
    /// At the begin of a picture; `None` when there is none.
    pub(crate) fn of(jpeg: &'a [u8]) -> Option<Self> {
        let searched = &jpeg[..jpeg.len().min(MAX_JUNK_BYTES + 3)];
        let start = searched
            .windows(3)
            .position(|bytes| bytes == [0xff, SOI, 0xff])?;
        Some(Segments {
            jpeg,
            at: start + 2,
        })
    }

    /// The next segment; `None` at the end, and where the header is broken.
    /// After the scan's own header there is nothing more to ask for.
    pub(crate) fn next(&mut self) -> Option<Segment> {
        loop {
            let rest = self.jpeg.get(self.at..)?;
            self.at += memchr::memchr(0xff, rest)? + 1;
            match *self.jpeg.get(self.at)? {
                // A fill byte: the next one may be the marker.
                0xff => {}
                0x00 | TEM | RST0..=RST7 => self.at += 1,
                SOI | EOI => return None,
                marker => return self.segment(marker),
            }
        }
    }

    fn segment(&mut self, marker: u8) -> Option<Segment> {
        let start = self.at + 1;
        let len = self.jpeg.get(start..start + 2)?;
        let end = start + usize::from(u16::from_be_bytes([len[0], len[1]]));
        if end < start + 2 || end > self.jpeg.len() {
            return None;
        }
        self.at = end;
        Some(Segment {
            marker,
            content: start + 2..end,
        })
    }
}

/// A segment with its marker and length.
pub(crate) fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len() + 2).expect("headers are short");
    let mut bytes = vec![0xff, marker];
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}
