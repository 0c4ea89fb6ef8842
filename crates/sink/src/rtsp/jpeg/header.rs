//! A JPEG taken apart as RFC 2435 needs it.
//!
//! In: a picture from a camera, or from anybody. Out: its parts by place, or
//! why it cannot be sent as it is; never a panic.

use std::ops::Range;

use thiserror::Error;

use super::tables;
use crate::segments::{
    DAC, DHT, DQT, DRI, EOI, JPG, RST0, RST7, SOF0, SOF1, SOF2, SOF15, SOS, Segments,
};

/// Most segments before the scan.
const MAX_SEGMENTS: usize = 256;

/// A quantisation table: 64 values in zigzag order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantisation {
    /// 64 bytes, or 128 for values of 16 bits.
    pub(super) values: Range<usize>,
}

/// Where in a picture its parts lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Pixels in a row.
    pub width_px: u16,
    /// Rows.
    pub height_px: u16,
    /// RFC 2435's type: 0 for 4:2:2, 1 for 4:2:0.
    pub(super) kind: u8,
    /// MCUs between restart markers; 0 for none.
    pub(super) restart_interval: u16,
    pub(super) luma: Quantisation,
    pub(super) chroma: Quantisation,
    pub(super) scan: Range<usize>,
}

/// Why a picture cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsuited {
    /// No JPEG, or cut off in its header.
    #[error("no JPEG, or its header is broken")]
    Broken,
    /// Progressive, lossless or arithmetic coding.
    #[error("not baseline coding")]
    NotBaseline,
    /// Something else than 8 bits.
    #[error("not 8 bits per sample")]
    Precision,
    /// Gray, 4:4:4, or another sampling.
    #[error("neither 4:2:0 nor 4:2:2")]
    Sampling,
    /// Huffman tables made for this picture.
    #[error("not the standard Huffman tables")]
    HuffmanTables,
    /// Cb and Cr have tables of their own, or one is missing.
    #[error("quantisation tables that the protocol cannot carry")]
    QuantisationTables,
    /// The components come in scans of their own.
    #[error("several scans")]
    Scans,
}

impl Parts {
    /// Finds the parts of a picture.
    ///
    /// # Errors
    /// It is broken, or needs to be encoded anew.
    pub fn find(jpeg: &[u8]) -> Result<Self, Unsuited> {
        let mut reader = Segments::of(jpeg).ok_or(Unsuited::Broken)?;
        let mut found = Found::default();
        for _ in 0..MAX_SEGMENTS {
            let segment = reader.next().ok_or(Unsuited::Broken)?;
            let place = segment.content;
            let content = &jpeg[place.clone()];
            match segment.marker {
                SOF0 | SOF1 => found.add_frame(content)?,
                DHT => found.add_huffman(content)?,
                DQT => found.add_quantisation(place.start, content)?,
                DRI => {
                    let interval = content.first_chunk().ok_or(Unsuited::Broken)?;
                    found.restart_interval = u16::from_be_bytes(*interval);
                }
                SOS => {
                    let frame = found.frame.as_ref().ok_or(Unsuited::Broken)?;
                    check_scan(content, frame)?;
                    let scan = place.end..scan_end(jpeg, place.end)?;
                    return found.into_parts(scan);
                }
                JPG | DAC => {}
                SOF2..=SOF15 => return Err(Unsuited::NotBaseline),
                _ => {}
            }
        }
        Err(Unsuited::Broken)
    }
}

/// One component of the frame header.
#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    sampling: u8,
    table: u8,
}

#[derive(Clone, Debug)]
struct Frame {
    width_px: u16,
    height_px: u16,
    kind: u8,
    components: [Component; 3],
}

/// What was read before the scan.
#[derive(Debug, Default)]
struct Found {
    frame: Option<Frame>,
    tables: [Option<Quantisation>; 4],
    restart_interval: u16,
}

impl Found {
    fn add_frame(&mut self, content: &[u8]) -> Result<(), Unsuited> {
        if self.frame.is_some() {
            return Err(Unsuited::Broken);
        }
        let [precision, h1, h0, w1, w0, n_components, rest @ ..] = content else {
            return Err(Unsuited::Broken);
        };
        if *precision != 8 {
            return Err(Unsuited::Precision);
        }
        if *n_components != 3 {
            return Err(Unsuited::Sampling);
        }
        let (width_px, height_px) = (
            u16::from_be_bytes([*w1, *w0]),
            u16::from_be_bytes([*h1, *h0]),
        );
        let mut components = rest.chunks_exact(3).map(|chunk| Component {
            id: chunk[0],
            sampling: chunk[1],
            table: chunk[2],
        });
        let (Some(luma), Some(cb), Some(cr)) =
            (components.next(), components.next(), components.next())
        else {
            return Err(Unsuited::Broken);
        };
        if width_px == 0 || height_px == 0 {
            return Err(Unsuited::Broken);
        }
        let kind = match (luma.sampling, cb.sampling, cr.sampling) {
            (0x21, 0x11, 0x11) => 0,
            (0x22, 0x11, 0x11) => 1,
            _ => return Err(Unsuited::Sampling),
        };
        self.frame = Some(Frame {
            width_px,
            height_px,
            kind,
            components: [luma, cb, cr],
        });
        Ok(())
    }

    fn add_huffman(&self, mut content: &[u8]) -> Result<(), Unsuited> {
        while let Some((&place, rest)) = content.split_first() {
            let (counts, rest) = rest.split_at_checked(16).ok_or(Unsuited::Broken)?;
            let n_symbols = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(n_symbols).ok_or(Unsuited::Broken)?;
            if !tables::is_standard(place, counts, symbols) {
                return Err(Unsuited::HuffmanTables);
            }
            content = rest;
        }
        Ok(())
    }

    /// `start` is where `content` lies in the picture.
    fn add_quantisation(&mut self, mut start: usize, mut content: &[u8]) -> Result<(), Unsuited> {
        while let Some((&head, rest)) = content.split_first() {
            let len_bytes = if head >> 4 == 0 { 64 } else { 128 };
            let rest = rest.get(len_bytes..).ok_or(Unsuited::Broken)?;
            let slot = self.tables.get_mut(usize::from(head & 15));
            *slot.ok_or(Unsuited::Broken)? = Some(Quantisation {
                values: start + 1..start + 1 + len_bytes,
            });
            start += 1 + len_bytes;
            content = rest;
        }
        Ok(())
    }

    fn into_parts(self, scan: Range<usize>) -> Result<Parts, Unsuited> {
        let frame = self.frame.ok_or(Unsuited::Broken)?;
        let [luma, cb, cr] = frame.components;
        if cb.table != cr.table {
            return Err(Unsuited::QuantisationTables);
        }
        let table = |component: Component| {
            let slot = self.tables.get(usize::from(component.table));
            slot.cloned().flatten().ok_or(Unsuited::QuantisationTables)
        };
        Ok(Parts {
            width_px: frame.width_px,
            height_px: frame.height_px,
            kind: frame.kind,
            restart_interval: self.restart_interval,
            luma: table(luma)?,
            chroma: table(cb)?,
            scan,
        })
    }
}

/// The scan must hold all components, luma by the first tables and chroma by
/// the second ones.
fn check_scan(content: &[u8], frame: &Frame) -> Result<(), Unsuited> {
    let (&n_components, rest) = content.split_first().ok_or(Unsuited::Broken)?;
    if n_components != 3 {
        return Err(Unsuited::Scans);
    }
    let selectors = rest.get(..6).ok_or(Unsuited::Broken)?;
    let expected = frame.components.iter().zip([0x00, 0x11, 0x11]);
    for (pair, (component, tables)) in selectors.chunks_exact(2).zip(expected) {
        if pair[0] != component.id {
            return Err(Unsuited::Broken);
        }
        if pair[1] != tables {
            return Err(Unsuited::HuffmanTables);
        }
    }
    Ok(())
}

/// Where the scan that begins at `start` ends; the end of the picture when its
/// end marker is missing.
fn scan_end(jpeg: &[u8], start: usize) -> Result<usize, Unsuited> {
    let mut at = start;
    while let Some(offset) = memchr::memchr(0xff, &jpeg[at..]) {
        let marker_at = at + offset;
        match jpeg.get(marker_at + 1) {
            // A stuffed byte, a restart, or a fill byte before a marker.
            Some(0x00 | RST0..=RST7) => at = marker_at + 2,
            Some(0xff) => at = marker_at + 1,
            Some(&EOI) | None => return Ok(marker_at),
            // Another scan, or tables for one. Junk after the scan of some
            // cameras looks like other markers, and ends it as well.
            Some(&(SOS | DHT)) => return Err(Unsuited::Scans),
            Some(_) => return Ok(marker_at),
        }
    }
    Ok(jpeg.len())
}
