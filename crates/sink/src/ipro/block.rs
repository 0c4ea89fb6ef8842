//! AI-VMD's result block: what was found in one picture.
//!
//! A list of tag (u16), length (u16, these four bytes included) and value, all
//! big-endian; AI-VMD's tag is 0x002F. Layout of the value: time, algorithm,
//! counts, size of the coordinate system, then 16 bytes for each box.

use types::{NormBox, Timestamp};

/// Tag of AI-VMD's block.
const TAG: u16 = 0x002f;
/// The only known algorithm.
const ALGORITHM: u16 = 0x0100;
/// Flag "there are results".
const HAS_RESULTS: u16 = 0b10;
/// Bytes of one box.
const BOX_BYTES: u16 = 16;
/// Their number has 6 bits.
const MAX_BOXES: usize = 63;
/// Bytes before the boxes: tag and length, then the fixed part.
const FIXED_BYTES: u16 = 4 + 20;

/// What was found in one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// When the picture was captured.
    pub captured_at: Timestamp,
    /// Width and height of the coordinate system.
    pub size_px: (u16, u16),
    /// Boxes; those after the 63rd are left out.
    pub boxes: Vec<FoundBox>,
}

/// One object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundBox {
    /// Its identity, modulo 2^16.
    pub id: u16,
    /// Areas whose condition it meets, one bit each: bit 0 is the first area of
    /// the first condition, bit 8 the first of the second.
    pub areas: u16,
    /// What it did; `None` when nothing worth an alarm.
    pub alarm: Option<Alarm>,
    /// Where.
    pub bbox: NormBox,
}

/// What an object did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which kind of rule says so.
    pub kind: AlarmKind,
    /// Which way, for direction and line.
    pub heading: Option<Heading>,
    /// What it is.
    pub object: ObjectKind,
}

/// Kinds of alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// Somebody is in an area.
    Intruder,
    /// Stays long.
    Loitering,
    /// Moves a chosen way.
    Direction,
    /// Was put down or taken away.
    LeftOrRemoved,
    /// Crossed a line.
    CrossLine,
}

/// Which way. The vendor's page and its example program split these bits
/// differently; this is the program's way, which was run against cameras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    /// One of eight, clockwise, 0 is up.
    Octant(u8),
    /// From the line's side A to B.
    AToB,
    /// From B to A.
    BToA,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Left and removed things.
    Unknown,
    /// A human.
    Person,
    /// A car, bus or truck.
    Car,
    /// A bicycle or motorcycle.
    TwoWheeler,
}

impl Block {
    /// As bytes for a comment, tag and length first.
    pub fn encode(&self) -> Vec<u8> {
        let n_boxes = self.boxes.len().min(MAX_BOXES);
        let n_boxes = u16::try_from(n_boxes).expect("bounded above");
        let boxes_bytes = n_boxes * BOX_BYTES;
        let micros = self.captured_at.as_micros();
        let seconds = u32::try_from(micros.div_euclid(1_000_000)).unwrap_or(0);
        let hundredths = u16::try_from(micros.rem_euclid(1_000_000) / 10_000).unwrap_or(0);
        let mut bytes = Vec::new();
        let mut put = |value: u16| bytes.extend_from_slice(&value.to_be_bytes());
        put(TAG);
        put(FIXED_BYTES + boxes_bytes);
        let [s3, s2, s1, s0] = seconds.to_be_bytes();
        put(u16::from_be_bytes([s3, s2]));
        put(u16::from_be_bytes([s1, s0]));
        // Time zone: UTC, no summer time.
        put(0);
        put(hundredths);
        put(ALGORITHM);
        put(if n_boxes > 0 { HAS_RESULTS } else { 0 });
        put(boxes_bytes);
        put(n_boxes << 10 | BOX_BYTES);
        put(self.size_px.0);
        put(self.size_px.1);
        for found in self.boxes.iter().take(MAX_BOXES) {
            put(found.id);
            put(found.areas);
            put(alarm_word(found.alarm));
            put(0);
            let bbox = found.bbox;
            let (width_px, height_px) = self.size_px;
            put(scaled(bbox.x1(), width_px));
            put(scaled(bbox.y1(), height_px));
            put(scaled(bbox.width(), width_px));
            put(scaled(bbox.height(), height_px));
        }
        bytes
    }
}

/// Kind in the highest 4 bits, heading in 4, object in 8.
fn alarm_word(alarm: Option<Alarm>) -> u16 {
    let Some(alarm) = alarm else {
        // Not alarmed, may be later.
        return 0xf004;
    };
    let kind = match alarm.kind {
        AlarmKind::Intruder => 1,
        AlarmKind::Loitering => 2,
        AlarmKind::Direction => 3,
        AlarmKind::LeftOrRemoved => 4,
        AlarmKind::CrossLine => 5,
    };
    let heading = match alarm.heading {
        None => 0,
        Some(Heading::Octant(octant)) => u16::from(octant % 8) + 1,
        Some(Heading::AToB) => 9,
        Some(Heading::BToA) => 10,
    };
    let object = match alarm.object {
        ObjectKind::Unknown => 0,
        ObjectKind::Person => 1,
        ObjectKind::Car => 2,
        ObjectKind::TwoWheeler => 3,
    };
    kind << 12 | heading << 8 | object
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of the picture times its size"
)]
fn scaled(part: f32, size_px: u16) -> u16 {
    (part.clamp(0.0, 1.0) * f32::from(size_px)).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the vendor prints, byte for byte, but for the time
    /// zone: theirs is +9.
    #[test]
    fn published_example_comes_out_byte_for_byte() {
        let bbox = NormBox::from_xyxy(
            267.0 / 800.0,
            167.0 / 450.0,
            (267.0 + 227.0) / 800.0,
            (167.0 + 215.0) / 450.0,
        );
        let block = Block {
            captured_at: Timestamp::from_millis(1_652_681_202_460),
            size_px: (800, 450),
            boxes: vec![FoundBox {
                id: 2_922,
                areas: 1,
                alarm: Some(Alarm {
                    kind: AlarmKind::Intruder,
                    heading: None,
                    object: ObjectKind::Person,
                }),
                bbox,
            }],
        };
        let expected = [
            0x00, 0x2f, 0x00, 0x28, 0x62, 0x81, 0xe9, 0xf2, 0x00, 0x00, 0x00, 0x2e, 0x01, 0x00,
            0x00, 0x02, 0x00, 0x10, 0x04, 0x10, 0x03, 0x20, 0x01, 0xc2, 0x0b, 0x6a, 0x00, 0x01,
            0x10, 0x01, 0x00, 0x00, 0x01, 0x0b, 0x00, 0xa7, 0x00, 0xe3, 0x00, 0xd7,
        ];
        assert_eq!(block.encode(), expected);
    }

    #[test]
    fn nothing_found_is_said_and_too_much_is_cut() {
        let empty = Block {
            size_px: (800, 450),
            ..Block::default()
        };
        assert_eq!(empty.encode()[2..4], [0, 24]);
        assert_eq!(empty.encode()[14..20], [0, 0, 0, 0, 0, 16]);
        let found = FoundBox {
            id: 1,
            areas: 0,
            alarm: None,
            bbox: NormBox::WHOLE,
        };
        let many = Block {
            boxes: vec![found; 100],
            ..empty
        };
        let bytes = many.encode();
        assert_eq!(bytes.len(), 24 + 63 * 16);
        assert_eq!(bytes[18..20], [0xfc, 16]);
        assert_eq!(bytes[28..30], [0xf0, 4]);
    }

    #[test]
    fn headings_stand_between_kind_and_object() {
        let word = |kind, heading| {
            alarm_word(Some(Alarm {
                kind,
                heading: Some(heading),
                object: ObjectKind::Car,
            }))
        };
        assert_eq!(word(AlarmKind::Direction, Heading::Octant(2)), 0x3302);
        assert_eq!(word(AlarmKind::CrossLine, Heading::AToB), 0x5902);
    }
}
