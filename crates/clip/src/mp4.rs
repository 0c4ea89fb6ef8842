//! An MP4 of H.264 pictures, in pieces that can be sent as they are made.
//!
//! In: encoded pictures with start codes, each with its time. Out: the head of
//! the file, then a fragment for each run of pictures. Each picture is shown for
//! as long as there was none after it, so a camera's uneven rate stays as it
//! was.
//!
//! Boxes: ISO/IEC 14496-12 and -15.

use thiserror::Error;
use types::Timestamp;

/// Ticks in a second: microseconds, as times are kept.
const TIMESCALE: u32 = 1_000_000;
const TRACK: u32 = 1;
/// A picture that needs others, and one that does not.
const FLAGS_DELTA: u32 = 0x0101_0000;
const FLAGS_KEY: u32 = 0x0200_0000;

/// Why there is no MP4.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Mp4Error {
    /// A decoder cannot start without them.
    #[error("write MP4: the first picture comes without parameter sets")]
    NoParameterSets,
    /// The file could not say how large it is.
    #[error("write MP4: pictures of {width_px} x {height_px} are too large, at most 65,535 a side")]
    TooLarge {
        /// Pixels in a row.
        width_px: u32,
        /// Rows.
        height_px: u32,
    },
}

/// One picture and how long it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// NAL units with start codes (annex B).
    pub annex_b: Vec<u8>,
    /// Whether it needs no picture before it.
    pub is_key: bool,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// When the next one was.
    pub until: Timestamp,
}

/// Writes one file.
#[derive(Debug)]
pub struct Mp4Writer {
    first_at: Timestamp,
    n_fragments: u32,
}

impl Mp4Writer {
    /// The head of a file that begins with this picture and lasts until `end`.
    ///
    /// # Errors
    /// The picture has no parameter sets, or is too large.
    pub fn start(
        first: &Sample,
        (width_px, height_px): (u32, u32),
        end: Timestamp,
    ) -> Result<(Self, Vec<u8>), Mp4Error> {
        let too_large = Mp4Error::TooLarge {
            width_px,
            height_px,
        };
        let side = |side| u16::try_from(side).map_err(|_| too_large);
        let size = (side(width_px)?, side(height_px)?);
        let units = units(&first.annex_b);
        let of_type = |kind: u8| {
            let mut units = units.iter();
            units.find(|unit| unit.first().is_some_and(|byte| byte & 0x1F == kind))
        };
        let (Some(sps), Some(pps)) = (of_type(7), of_type(8)) else {
            return Err(Mp4Error::NoParameterSets);
        };
        let mut head = bx(
            b"ftyp",
            &[&b"isom"[..], &0x200_u32.to_be_bytes(), b"isomiso6avc1mp41"],
        );
        let duration = micros(first.captured_at, end);
        head.extend(moov(first.captured_at, duration, size, sps, pps));
        let writer = Mp4Writer {
            first_at: first.captured_at,
            n_fragments: 0,
        };
        Ok((writer, head))
    }

    /// The next stretch of the file. Begin each with a picture that stands
    /// alone, so that players can jump to it.
    pub fn fragment(&mut self, samples: &[Sample]) -> Vec<u8> {
        let Some(first) = samples.first() else {
            return Vec::new();
        };
        self.n_fragments += 1;
        let mut data = Vec::new();
        let mut entries = Vec::new();
        for sample in samples {
            let before = data.len();
            for unit in units(&sample.annex_b) {
                data.extend(u32_of(unit.len()).to_be_bytes());
                data.extend(unit);
            }
            let shown = u32::try_from(micros(sample.captured_at, sample.until));
            let flags = if sample.is_key {
                FLAGS_KEY
            } else {
                FLAGS_DELTA
            };
            for number in [
                shown.unwrap_or(u32::MAX),
                u32_of(data.len() - before),
                flags,
            ] {
                entries.extend(number.to_be_bytes());
            }
        }
        let starts_at = micros(self.first_at, first.captured_at);
        let moof = |data_offset: u32| {
            // Offsets count from this box; decode times are 64 bits; each
            // picture says how long it is shown, its length and its flags.
            let tfhd = full(b"tfhd", 0, 0x02_0000, &[&TRACK.to_be_bytes()]);
            let tfdt = full(b"tfdt", 1, 0, &[&starts_at.to_be_bytes()]);
            let n_samples = u32_of(samples.len()).to_be_bytes();
            let trun = [&n_samples[..], &data_offset.to_be_bytes(), &entries];
            let trun = full(b"trun", 0, 0x00_0701, &trun);
            let mfhd = full(b"mfhd", 0, 0, &[&self.n_fragments.to_be_bytes()]);
            bx(b"moof", &[&mfhd, &bx(b"traf", &[&tfhd, &tfdt, &trun])])
        };
        let len_moof = moof(0).len();
        let mut bytes = moof(u32_of(len_moof + 8));
        bytes.extend(bx(b"mdat", &[&data]));
        bytes
    }
}

fn moov(
    first_at: Timestamp,
    duration: u64,
    (width, height): (u16, u16),
    sps: &[u8],
    pps: &[u8],
) -> Vec<u8> {
    // Seconds since 1904, as this format counts.
    let made_at = first_at.as_micros() / 1_000_000 + 2_082_844_800;
    let made_at = u64::try_from(made_at).unwrap_or(0).to_be_bytes();
    let timescale = TIMESCALE.to_be_bytes();
    let duration = duration.to_be_bytes();
    let matrix = matrix();
    let mvhd = full(
        b"mvhd",
        1,
        0,
        &[
            &made_at,
            &made_at,
            &timescale,
            &duration,
            // Rate and volume 1, then nothing.
            &0x0001_0000_u32.to_be_bytes(),
            &[1, 0],
            &[0; 10],
            &matrix,
            &[0; 24],
            &(TRACK + 1).to_be_bytes(),
        ],
    );
    let side = |pixels: u16| (u32::from(pixels) << 16).to_be_bytes();
    let tkhd = full(
        b"tkhd",
        1,
        3,
        &[
            &made_at,
            &made_at,
            &TRACK.to_be_bytes(),
            &[0; 4],
            &duration,
            &[0; 16],
            &matrix,
            &side(width),
            &side(height),
        ],
    );
    let mdhd = full(
        b"mdhd",
        1,
        0,
        // "und", packed.
        &[
            &made_at,
            &made_at,
            &timescale,
            &duration,
            &[0x55, 0xC4, 0, 0],
        ],
    );
    let hdlr = full(b"hdlr", 0, 0, &[&[0; 4], b"vide", &[0; 12], b"airelay\0"]);
    let vmhd = full(b"vmhd", 0, 1, &[&[0; 8]]);
    let url = full(b"url ", 0, 1, &[]);
    let dref = full(b"dref", 0, 0, &[&1_u32.to_be_bytes(), &url]);
    let stsd = full(
        b"stsd",
        0,
        0,
        &[&1_u32.to_be_bytes(), &avc1(width, height, sps, pps)],
    );
    let stbl = bx(
        b"stbl",
        &[
            &stsd,
            &full(b"stts", 0, 0, &[&[0; 4]]),
            &full(b"stsc", 0, 0, &[&[0; 4]]),
            &full(b"stsz", 0, 0, &[&[0; 8]]),
            &full(b"stco", 0, 0, &[&[0; 4]]),
        ],
    );
    let minf = bx(b"minf", &[&vmhd, &bx(b"dinf", &[&dref]), &stbl]);
    let mdia = bx(b"mdia", &[&mdhd, &hdlr, &minf]);
    let mehd = full(b"mehd", 1, 0, &[&duration]);
    let trex = [&TRACK.to_be_bytes()[..], &1_u32.to_be_bytes(), &[0; 12]];
    let mvex = bx(b"mvex", &[&mehd, &full(b"trex", 0, 0, &trex)]);
    bx(b"moov", &[&mvhd, &bx(b"trak", &[&tkhd, &mdia]), &mvex])
}

fn avc1(width: u16, height: u16, sps: &[u8], pps: &[u8]) -> Vec<u8> {
    let profile = sps.get(1..4).unwrap_or(&[66, 192, 31]);
    let len = |unit: &[u8]| u16::try_from(unit.len()).unwrap_or(u16::MAX).to_be_bytes();
    let avcc = bx(
        b"avcC",
        &[
            &[1],
            profile,
            // Lengths of 4 bytes, one set of each kind.
            &[0xFF, 0xE1],
            &len(sps),
            sps,
            &[1],
            &len(pps),
            pps,
        ],
    );
    bx(
        b"avc1",
        &[
            &[0; 6],
            &1_u16.to_be_bytes(),
            &[0; 16],
            &width.to_be_bytes(),
            &height.to_be_bytes(),
            // 72 dots an inch, one picture a sample, no name, 24 bits.
            &0x0048_0000_u32.to_be_bytes(),
            &0x0048_0000_u32.to_be_bytes(),
            &[0; 4],
            &1_u16.to_be_bytes(),
            &[0; 32],
            &24_u16.to_be_bytes(),
            &[0xFF; 2],
            &avcc,
        ],
    )
}

/// The picture as it is, neither turned nor scaled.
fn matrix() -> Vec<u8> {
    [0x0001_0000_u32, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

fn bx(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let len_body: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = u32_of(8 + len_body).to_be_bytes().to_vec();
    bytes.extend(kind);
    for part in parts {
        bytes.extend(*part);
    }
    bytes
}

/// A box with a version and flags of 24 bits.
fn full(kind: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let start = (u32::from(version) << 24 | flags).to_be_bytes();
    let mut all: Vec<&[u8]> = vec![&start];
    all.extend(parts);
    bx(kind, &all)
}

/// Lengths here are of some pictures, far below 4 GiB.
fn u32_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn micros(from: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.saturating_since(from).as_micros()).unwrap_or(u64::MAX)
}

/// The NAL units between start codes.
fn units(annex_b: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut rest = annex_b;
    let mut start = None;
    let mut at = 0;
    while at + 3 <= rest.len() {
        if rest[at..at + 3] == [0, 0, 1] {
            if start.is_some() {
                units.push(trimmed(&rest[..at]));
            }
            rest = &rest[at + 3..];
            start = Some(());
            at = 0;
        } else {
            at += 1;
        }
    }
    if start.is_some() && !rest.is_empty() {
        units.push(rest);
    }
    units.retain(|unit| !unit.is_empty());
    units
}

/// Zeros before a start code belong to it.
fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|byte| *byte != 0);
    &unit[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_behind_start_codes_of_both_lengths() {
        let bytes = [
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0, 9,
        ];
        assert_eq!(
            units(&bytes),
            [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0, 9]]
        );
        assert!(units(b"no start").is_empty());
        assert!(units(&[0, 0, 1]).is_empty());
    }

    #[test]
    fn picture_without_parameter_sets_cannot_begin_a_file() {
        let sample = Sample {
            annex_b: vec![0, 0, 1, 0x65, 9],
            is_key: true,
            captured_at: Timestamp::from_secs(1),
            until: Timestamp::from_secs(2),
        };
        let end = Timestamp::from_secs(2);
        let error = Mp4Writer::start(&sample, (64, 48), end).unwrap_err();
        assert_eq!(error, Mp4Error::NoParameterSets);
        let error = Mp4Writer::start(&sample, (70_000, 48), end).unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }
}
