//! A Matroska file of a camera's JPEGs, byte for byte.
//!
//! In: when each picture was captured and how long it is. Out: what stands
//! before each of them, and behind the last, so that the file can be sent while
//! it is read: its whole length is known before the first byte.
//!
//! Times are kept in milliseconds; the date of the first picture is in the file,
//! too. Every picture stands alone, so a player can jump to any.
//!
//! Elements: RFC 9559. Codec `V_MJPEG`.

use std::ops::Range;

use types::Timestamp;

/// Longest stretch in one cluster, milliseconds: block times are 16 bits.
const CLUSTER_MS: i64 = 5_000;
/// Seconds from 1970 to 2001, from which Matroska counts dates.
const EPOCH_2001_S: i64 = 978_307_200;

const VIDEO_TRACK: u8 = 1;

/// A stretch of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The JPEG of this number.
    Picture(usize),
}

/// The whole file, apart from the pictures' own bytes.
#[derive(Clone, Debug)]
pub struct MatroskaLayout {
    parts: Vec<Part>,
    len_bytes: u64,
}

impl MatroskaLayout {
    /// Lays out a file. Each picture has its time, not before the one before it,
    /// and its length in bytes; `None` without pictures.
    pub fn new(pictures: &[(Timestamp, u32)], (width_px, height_px): (u32, u32)) -> Option<Self> {
        let (first, _) = *pictures.first()?;
        let millis = |at: Timestamp| at.as_millis() - first.as_millis();
        let clusters = clusters(pictures, millis);
        let info = info(first, millis(pictures.last()?.0));
        let tracks = tracks(width_px, height_px);
        let bodies: Vec<Vec<Part>> = clusters
            .iter()
            .map(|range| cluster(pictures, range, millis))
            .collect();
        let len_of = |parts: &[Part]| -> u64 { parts.iter().map(|part| len(part, pictures)).sum() };
        // Cues stand in front, so that a player finds them at once; their
        // length does not depend on what they say.
        let len_cues = cues(&clusters, pictures, millis, &vec![0; clusters.len()]).len() as u64;
        let mut position = (info.len() + tracks.len()) as u64 + len_cues;
        let mut positions = Vec::new();
        for body in &bodies {
            positions.push(position);
            position += len_of(body);
        }
        let mut start = ebml_header();
        start.extend([0x18, 0x53, 0x80, 0x67]);
        start.extend(size8(position));
        start.extend(info);
        start.extend(tracks);
        start.extend(cues(&clusters, pictures, millis, &positions));
        let mut parts = vec![Part::Bytes(start)];
        parts.extend(bodies.into_iter().flatten());
        let len_bytes = len_of(&parts);
        Some(MatroskaLayout { parts, len_bytes })
    }

    /// Length of the whole file, bytes.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// From the first byte to the last.
    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

fn len(part: &Part, pictures: &[(Timestamp, u32)]) -> u64 {
    match part {
        Part::Bytes(bytes) => bytes.len() as u64,
        Part::Picture(idx) => u64::from(pictures[*idx].1),
    }
}

fn clusters(pictures: &[(Timestamp, u32)], millis: impl Fn(Timestamp) -> i64) -> Vec<Range<usize>> {
    let mut clusters: Vec<Range<usize>> = Vec::new();
    for (idx, (at, _)) in pictures.iter().enumerate() {
        match clusters.last_mut() {
            Some(last) if millis(*at) - millis(pictures[last.start].0) < CLUSTER_MS => {
                last.end = idx + 1;
            }
            _ => clusters.push(idx..idx + 1),
        }
    }
    clusters
}

fn cluster(
    pictures: &[(Timestamp, u32)],
    range: &Range<usize>,
    millis: impl Fn(Timestamp) -> i64,
) -> Vec<Part> {
    let start = millis(pictures[range.start].0);
    let time = element(&[0xE7], &uint8(start.unsigned_abs()));
    let blocks = range.clone().map(|idx| {
        let (at, len_bytes) = pictures[idx];
        let after = i16::try_from(millis(at) - start).unwrap_or(i16::MAX);
        let mut block = vec![0xA3];
        block.extend(size8(u64::from(len_bytes) + 4));
        block.push(0x80 | VIDEO_TRACK);
        block.extend(after.to_be_bytes());
        // Stands alone.
        block.push(0x80);
        (block, idx)
    });
    let blocks: Vec<(Vec<u8>, usize)> = blocks.collect();
    let len_blocks: u64 = blocks
        .iter()
        .map(|(block, idx)| block.len() as u64 + u64::from(pictures[*idx].1))
        .sum();
    let mut head = vec![0x1F, 0x43, 0xB6, 0x75];
    head.extend(size8(time.len() as u64 + len_blocks));
    head.extend(time);
    let mut parts = vec![Part::Bytes(head)];
    for (block, idx) in blocks {
        parts.push(Part::Bytes(block));
        parts.push(Part::Picture(idx));
    }
    parts
}

fn cues(
    clusters: &[Range<usize>],
    pictures: &[(Timestamp, u32)],
    millis: impl Fn(Timestamp) -> i64,
    positions: &[u64],
) -> Vec<u8> {
    let mut points = Vec::new();
    for (range, position) in clusters.iter().zip(positions) {
        let time = millis(pictures[range.start].0).unsigned_abs();
        let mut place = element(&[0xF7], &[VIDEO_TRACK]);
        place.extend(element(&[0xF1], &uint8(*position)));
        let mut point = element(&[0xB3], &uint8(time));
        point.extend(element(&[0xB7], &place));
        points.extend(element(&[0xBB], &point));
    }
    element(&[0x1C, 0x53, 0xBB, 0x6B], &points)
}

fn ebml_header() -> Vec<u8> {
    let mut fields = Vec::new();
    for (id, value) in [
        ([0x42, 0x86], &[1_u8][..]),
        ([0x42, 0xF7], &[1]),
        ([0x42, 0xF2], &[4]),
        ([0x42, 0xF3], &[8]),
        ([0x42, 0x82], b"matroska"),
        ([0x42, 0x87], &[4]),
        ([0x42, 0x85], &[2]),
    ] {
        fields.extend(element(&id, value));
    }
    element(&[0x1A, 0x45, 0xDF, 0xA3], &fields)
}

fn info(first: Timestamp, last_ms: i64) -> Vec<u8> {
    let since_2001_ns = (i128::from(first.as_micros()) - i128::from(EPOCH_2001_S) * 1_000_000)
        .saturating_mul(1_000);
    let since_2001_ns = i64::try_from(since_2001_ns).unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a clip lasts some minutes")]
    let duration = last_ms as f64;
    let mut fields = element(&[0x2A, 0xD7, 0xB1], &uint8(1_000_000));
    fields.extend(element(&[0x44, 0x89], &duration.to_be_bytes()));
    fields.extend(element(&[0x44, 0x61], &since_2001_ns.to_be_bytes()));
    fields.extend(element(&[0x4D, 0x80], b"airelay"));
    fields.extend(element(&[0x57, 0x41], b"airelay"));
    element(&[0x15, 0x49, 0xA9, 0x66], &fields)
}

fn tracks(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut video = element(&[0xB0], &uint8(u64::from(width_px)));
    video.extend(element(&[0xBA], &uint8(u64::from(height_px))));
    let mut entry = Vec::new();
    for (id, value) in [
        (&[0xD7][..], &[VIDEO_TRACK][..]),
        (&[0x73, 0xC5], &[VIDEO_TRACK]),
        // Video.
        (&[0x83], &[1]),
        // No lacing: a block is a picture.
        (&[0x9C], &[0]),
        (&[0x86], b"V_MJPEG"),
        (&[0xE0], &video),
    ] {
        entry.extend(element(id, value));
    }
    element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &entry))
}

fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend(size8(body.len() as u64));
    bytes.extend(body);
    bytes
}

/// A size in its longest form, 8 bytes.
fn size8(len_bytes: u64) -> [u8; 8] {
    let mut size = len_bytes.to_be_bytes();
    size[0] = 0x01;
    size
}

fn uint8(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_known_beforehand_and_pictures_stand_in_order() {
        let at = Timestamp::from_millis;
        let pictures: Vec<(Timestamp, u32)> = (0..12)
            .map(|number| (at(1_000_000 + 700 * number), 100))
            .collect();
        let layout = MatroskaLayout::new(&pictures, (640, 480)).unwrap();
        let len_bytes = layout.len_bytes();
        let parts = layout.into_parts();
        let order: Vec<usize> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Picture(idx) => Some(*idx),
                Part::Bytes(_) => None,
            })
            .collect();
        assert_eq!(order, (0..12).collect::<Vec<_>>());
        let sum: u64 = parts.iter().map(|part| len(part, &pictures)).sum();
        assert_eq!(sum, len_bytes);
        // The segment's size reaches exactly to the end of the file.
        let Part::Bytes(start) = &parts[0] else {
            panic!("the file begins with its head");
        };
        let header = ebml_header().len();
        let size = start[header + 4..].first_chunk::<8>().unwrap();
        let size = u64::from_be_bytes(*size) & !(1 << 56);
        assert_eq!(header as u64 + 12 + size, len_bytes);
    }

    #[test]
    fn no_picture_makes_no_file() {
        assert!(MatroskaLayout::new(&[], (1, 1)).is_none());
    }
}
