//! The JPEG header, read without libjpeg: size, kind, and which tables the
//! file brings along.
//!
//! In: bytes from outside. Out: a [`Header`], or a clear error; never a panic,
//! never an allocation. At most the bytes up to the first scan are looked at.
//!
//! Markers and field layout: ITU-T T.81, annex B.

use crate::{Error, Unsupported};

/// How far before the start marker junk is tolerated. Some cameras leave a
/// line end or a comment of their multipart header in front of the picture.
const MAX_JUNK_BYTES: usize = 1024;

/// What a JPEG says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Pixels in a row, 1..=65535.
    pub width_px: u32,
    /// Rows, 1..=65535.
    pub height_px: u32,
    /// How chroma relates to luma.
    pub subsampling: Subsampling,
    /// Several scans that refine each other; costs 2.5 to 3 times as much.
    pub is_progressive: bool,
}

/// How chroma relates to luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// No chroma.
    Gray,
    /// 4:4:4, chroma at full size.
    S444,
    /// 4:2:2, chroma at half width.
    S422,
    /// 4:2:0, chroma at half width and height.
    S420,
    /// 4:4:0, chroma at half height.
    S440,
    /// 4:1:1, chroma at a quarter of the width.
    S411,
    /// 4:4:1, chroma at a quarter of the height.
    S441,
    /// Anything else.
    Other,
}

/// Reads the header of a JPEG, whatever its size. No pixels are decoded.
///
/// # Errors
/// The bytes are no JPEG, or one of a kind that [`crate::Decoder`] refuses.
pub fn read_header(jpeg: &[u8]) -> Result<Header, Error> {
    parse(jpeg).map(|parsed| parsed.header)
}

/// The header and what the decoder needs besides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub(crate) header: Header,
    /// Bytes of junk before the start marker.
    pub(crate) start: usize,
    /// Whether all tables that the first scan needs are in the file. If not,
    /// a decoder that has seen other files must not lend theirs.
    pub(crate) is_self_contained: bool,
}

pub(crate) fn parse(jpeg: &[u8]) -> Result<Parsed, Error> {
    let start = find_start(jpeg)?;
    let mut reader = Segments {
        jpeg,
        offset: start + 2,
    };
    let no_frame = Error::NoFrameHeader {
        len_bytes: jpeg.len(),
    };
    let mut frame = None;
    let mut tables = Tables::default();
    let first_scan = loop {
        let Some(segment) = reader.next()? else {
            return Err(no_frame);
        };
        match segment.marker {
            DHT => tables.add_huffman(&segment)?,
            DQT => tables.add_quantisation(&segment)?,
            JPG | DAC => {}
            SOF0..=SOF15 if frame.is_some() => {
                return Err(segment.broken("second frame header"));
            }
            SOF0 | SOF1 | SOF2 => frame = Some(parse_frame(&segment)?),
            SOF0..=SOF15 => {
                let marker = segment.marker;
                return Err(Error::Unsupported(Unsupported::Coding { marker }));
            }
            SOS => break segment,
            _ => {}
        }
    };
    let Some((header, components)) = frame else {
        return Err(no_frame);
    };
    Ok(Parsed {
        header,
        start,
        is_self_contained: !header.is_progressive && tables.suffice(components, &first_scan)?,
    })
}

const SOF0: u8 = 0xc0;
const SOF1: u8 = 0xc1;
const SOF2: u8 = 0xc2;
const DHT: u8 = 0xc4;
const JPG: u8 = 0xc8;
const DAC: u8 = 0xcc;
const SOF15: u8 = 0xcf;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const TEM: u8 = 0x01;

fn find_start(jpeg: &[u8]) -> Result<usize, Error> {
    let searched = &jpeg[..jpeg.len().min(MAX_JUNK_BYTES + 3)];
    searched
        .windows(3)
        .position(|bytes| bytes == [0xff, SOI, 0xff])
        .ok_or(Error::NotJpeg {
            searched_bytes: searched.len(),
        })
}

/// One marker with its payload.
struct Segment<'a> {
    marker: u8,
    /// Of the payload, from the first byte given.
    offset: usize,
    payload: &'a [u8],
}

impl Segment<'_> {
    fn broken(&self, what: &'static str) -> Error {
        Error::BrokenHeader {
            what,
            offset: self.offset,
        }
    }
}

struct Segments<'a> {
    jpeg: &'a [u8],
    offset: usize,
}

impl<'a> Segments<'a> {
    /// The next segment that has a length; `None` at the end of the file.
    ///
    /// Like libjpeg, bytes between segments that are no marker are skipped.
    fn next(&mut self) -> Result<Option<Segment<'a>>, Error> {
        loop {
            let Some(marker) = self.next_marker() else {
                return Ok(None);
            };
            match marker {
                EOI => return Ok(None),
                SOI => {
                    return Err(Error::BrokenHeader {
                        what: "second start marker",
                        offset: self.offset,
                    });
                }
                RST0..=RST7 | TEM => {}
                _ => return self.payload(marker).map(Some),
            }
        }
    }

    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.jpeg.get(self.offset..)?;
            let prefix = rest.iter().position(|&byte| byte == 0xff)?;
            let fill = rest[prefix..].iter().position(|&byte| byte != 0xff)?;
            let code = rest[prefix + fill];
            self.offset += prefix + fill + 1;
            if code != 0 {
                return Some(code);
            }
        }
    }

    fn payload(&mut self, marker: u8) -> Result<Segment<'a>, Error> {
        let cut = Error::BrokenHeader {
            what: "segment length",
            offset: self.offset,
        };
        let Some(&[high, low]) = self.jpeg.get(self.offset..self.offset + 2) else {
            return Err(cut);
        };
        let len_bytes = usize::from(u16::from_be_bytes([high, low]));
        let (first, end) = (self.offset + 2, self.offset + len_bytes);
        let payload = self.jpeg.get(first..end).ok_or(cut)?;
        self.offset = end;
        Ok(Segment {
            marker,
            offset: first,
            payload,
        })
    }
}

/// Reads a frame header. Also returns its components, three bytes each: id,
/// sampling factors (4 bits each), number of the quantisation table.
fn parse_frame<'a>(segment: &Segment<'a>) -> Result<(Header, &'a [u8]), Error> {
    let &[bits, h1, h0, w1, w0, n_components, ref components @ ..] = segment.payload else {
        return Err(segment.broken("frame header"));
    };
    let height_px = u32::from(u16::from_be_bytes([h1, h0]));
    let width_px = u32::from(u16::from_be_bytes([w1, w0]));
    if bits != 8 {
        return Err(Error::Unsupported(Unsupported::Precision { bits }));
    }
    if width_px == 0 || height_px == 0 {
        return Err(Error::Empty {
            width_px,
            height_px,
        });
    }
    if !matches!(n_components, 1 | 3) {
        return Err(Error::Unsupported(Unsupported::Components { n_components }));
    }
    if components.len() != 3 * usize::from(n_components) {
        return Err(segment.broken("frame header"));
    }
    let header = Header {
        width_px,
        height_px,
        subsampling: subsampling_of(components),
        is_progressive: segment.marker == SOF2,
    };
    Ok((header, components))
}

fn subsampling_of(components: &[u8]) -> Subsampling {
    let factors = |idx: usize| (components[3 * idx + 1] >> 4, components[3 * idx + 1] & 15);
    if components.len() == 3 {
        return Subsampling::Gray;
    }
    let (luma, cb, cr) = (factors(0), factors(1), factors(2));
    let is_whole = cb.0 != 0 && cb.1 != 0 && luma.0 % cb.0 == 0 && luma.1 % cb.1 == 0;
    if cb != cr || !is_whole {
        return Subsampling::Other;
    }
    match (luma.0 / cb.0, luma.1 / cb.1) {
        (1, 1) => Subsampling::S444,
        (2, 1) => Subsampling::S422,
        (2, 2) => Subsampling::S420,
        (1, 2) => Subsampling::S440,
        (4, 1) => Subsampling::S411,
        (1, 4) => Subsampling::S441,
        _ => Subsampling::Other,
    }
}

/// Which tables a file brings along before its first scan.
#[derive(Clone, Copy, Debug, Default)]
struct Tables {
    /// Bit `4 * class + id`; class 0 = DC, 1 = AC.
    huffman: u8,
    /// Bit `id`.
    quantisation: u8,
}

impl Tables {
    /// Notes the tables of one segment: class and id, 16 counts, symbols.
    fn add_huffman(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&class_and_id, after)) = rest.split_first() {
            let (class, id) = (class_and_id >> 4, class_and_id & 15);
            let counts = after
                .get(..16)
                .filter(|_| class < 2 && id < 4)
                .ok_or_else(|| segment.broken("Huffman table"))?;
            let n_symbols: usize = counts.iter().map(|&count| usize::from(count)).sum();
            rest = after
                .get(16 + n_symbols..)
                .ok_or_else(|| segment.broken("Huffman table"))?;
            self.huffman |= 1 << (4 * class + id);
        }
        Ok(())
    }

    /// Notes the tables of one segment: precision and id, 64 values.
    fn add_quantisation(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&precision_and_id, after)) = rest.split_first() {
            let (is_16_bit, id) = (precision_and_id >> 4 != 0, precision_and_id & 15);
            let len_bytes = if is_16_bit { 128 } else { 64 };
            rest = after
                .get(len_bytes..)
                .filter(|_| id < 4)
                .ok_or_else(|| segment.broken("quantisation table"))?;
            self.quantisation |= 1 << id;
        }
        Ok(())
    }

    /// Whether the first scan holds all components and finds all its tables.
    ///
    /// `components` as from [`parse_frame`]; the scan's payload: number of
    /// components, then id and tables (DC, AC, 4 bits each) of each.
    fn suffice(self, components: &[u8], scan: &Segment<'_>) -> Result<bool, Error> {
        let n_components = components.len() / 3;
        let (n_in_scan, selectors) = scan
            .payload
            .split_first()
            .ok_or_else(|| scan.broken("scan header"))?;
        if usize::from(*n_in_scan) != n_components || selectors.len() < 2 * n_components {
            return Ok(false);
        }
        let has_huffman = selectors[..2 * n_components].chunks_exact(2).all(|pair| {
            let (dc, ac) = (pair[1] >> 4, pair[1] & 15);
            dc < 4 && ac < 4 && self.huffman & (1 << dc) != 0 && self.huffman & (16 << ac) != 0
        });
        let has_quantisation = components
            .chunks_exact(3)
            .all(|component| component[2] < 4 && self.quantisation & (1 << component[2]) != 0);
        Ok(has_huffman && has_quantisation)
    }
}
