//! Some thousand entries of one maker, column by column.
//!
//! What a question asks first lies together, and the vectors follow each other
//! without gaps, so that looking at all of them is one walk through memory.

use types::{Class, ProgramKind, Timestamp};

use super::quantised::{Quantised, quantise};

/// Most entries of a chunk: small enough to be copied for a snapshot and to be
/// written anew when some of them go.
pub(super) const ROWS_PER_CHUNK: usize = 4_096;

/// No heading.
pub(super) const NO_HEADING: u16 = u16::MAX;

/// An entry without its vector, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) sighting_id: i64,
    /// Microseconds.
    pub(super) first_seen_at: i64,
    pub(super) dwell_ms: u32,
    pub(super) camera: u16,
    pub(super) class: u8,
    pub(super) program: u8,
    /// Whole degrees, or [`NO_HEADING`].
    pub(super) heading: u16,
    pub(super) tags: Vec<u16>,
}

impl Row {
    pub(super) fn class_bit(class: Class) -> u8 {
        let place = Class::ALL.iter().position(|&other| other == class);
        place.map_or(0, |place| 1 << place)
    }

    pub(super) fn program_bit(program: ProgramKind) -> u8 {
        let place = ProgramKind::ALL.iter().position(|&other| other == program);
        place.map_or(0, |place| 1 << place)
    }
}

/// Columns; all but `tags` and `bytes` have one value per row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chunk {
    /// Numbers per vector; 0 in the table of entries as such.
    pub(super) dims: usize,
    pub(super) ids: Vec<i64>,
    pub(super) first_seen_at: Vec<i64>,
    pub(super) dwell_ms: Vec<u32>,
    pub(super) cameras: Vec<u16>,
    pub(super) classes: Vec<u8>,
    pub(super) programs: Vec<u8>,
    pub(super) headings: Vec<u16>,
    /// Where the row's tags end.
    pub(super) tag_ends: Vec<u32>,
    pub(super) tags: Vec<u16>,
    pub(super) scales: Vec<f32>,
    /// `dims` per row.
    pub(super) bytes: Vec<i8>,
    /// Rows that are gone or were replaced.
    pub(super) dead: Vec<bool>,
}

impl Chunk {
    pub(super) fn new(dims: usize) -> Self {
        Chunk {
            dims,
            ..Chunk::default()
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn n_alive(&self) -> usize {
        self.dead.iter().filter(|&&dead| !dead).count()
    }

    pub(super) fn is_full(&self) -> bool {
        self.n_rows() >= ROWS_PER_CHUNK
    }

    pub(super) fn push(&mut self, row: &Row, vector: &[f32]) {
        assert_eq!(vector.len(), self.dims, "a table has vectors of one length");
        let Quantised { bytes, scale } = quantise(vector);
        self.push_bytes(row, &bytes, scale);
    }

    fn push_bytes(&mut self, row: &Row, bytes: &[i8], scale: f32) {
        self.ids.push(row.sighting_id);
        self.first_seen_at.push(row.first_seen_at);
        self.dwell_ms.push(row.dwell_ms);
        self.cameras.push(row.camera);
        self.classes.push(row.class);
        self.programs.push(row.program);
        self.headings.push(row.heading);
        self.tags.extend(&row.tags);
        let n_tags = u32::try_from(self.tags.len());
        self.tag_ends
            .push(n_tags.expect("a chunk's tags are bounded"));
        self.scales.push(scale);
        self.bytes.extend_from_slice(bytes);
        self.dead.push(false);
    }

    /// Takes over the living rows of `from`, from `start` on, while there is
    /// room. Returns where it stopped.
    pub(super) fn take_alive(&mut self, from: &Chunk, start: usize) -> usize {
        for idx in start..from.n_rows() {
            if from.dead[idx] {
                continue;
            }
            if self.is_full() {
                return idx;
            }
            self.push_bytes(&from.row(idx), from.vector(idx), from.scales[idx]);
        }
        from.n_rows()
    }

    /// Where a living row of this sighting is.
    pub(super) fn find(&self, sighting_id: i64) -> Option<usize> {
        let mut from = 0;
        while let Some(at) = self
            .ids
            .get(from..)?
            .iter()
            .position(|&id| id == sighting_id)
        {
            if !self.dead[from + at] {
                return Some(from + at);
            }
            from += at + 1;
        }
        None
    }

    pub(super) fn tags_of(&self, idx: usize) -> &[u16] {
        let start = match idx.checked_sub(1) {
            Some(before) => self.tag_ends[before] as usize,
            None => 0,
        };
        &self.tags[start..self.tag_ends[idx] as usize]
    }

    pub(super) fn vector(&self, idx: usize) -> &[i8] {
        &self.bytes[idx * self.dims..(idx + 1) * self.dims]
    }

    pub(super) fn row(&self, idx: usize) -> Row {
        Row {
            sighting_id: self.ids[idx],
            first_seen_at: self.first_seen_at[idx],
            dwell_ms: self.dwell_ms[idx],
            camera: self.cameras[idx],
            class: self.classes[idx],
            program: self.programs[idx],
            heading: self.headings[idx],
            tags: self.tags_of(idx).to_vec(),
        }
    }

    pub(super) fn first_seen(&self, idx: usize) -> Timestamp {
        Timestamp::from_micros(self.first_seen_at[idx])
    }

    /// Bytes in memory, as far as the columns go.
    pub(super) fn len_bytes(&self) -> usize {
        let n_rows = self.n_rows();
        n_rows * (8 + 8 + 4 + 2 + 1 + 1 + 2 + 4 + 4 + 1) + 2 * self.tags.len() + self.bytes.len()
    }
}
