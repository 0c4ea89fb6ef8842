//! The index: a table of entries for each maker of vectors, and one of all.
//!
//! Whoever writes holds the lock for moments; whoever asks takes a snapshot,
//! which costs one copy of the newest chunk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::chunk::{Chunk, NO_HEADING, ROWS_PER_CHUNK, Row};
use super::entry::{Entry, MAX_TAGS};
use super::quantised::{Quantised, quantise};
use super::question::{Asked, Question};
use super::scan::Candidates;
use super::tags::Words;

/// Most makers of vectors; those of others are not searched by.
pub const MAX_MAKERS: usize = 16;
/// A chunk with fewer living rows is joined with others.
const SPARSE_ROWS: usize = ROWS_PER_CHUNK / 2;

/// A snapshot of more than this is looked at by two threads: starting one costs
/// about what looking at some hundred kilobytes does.
const DIVIDE_FROM_BYTES: usize = 4 * 1024 * 1024;

/// Entries that can be searched. Shared by all threads.
#[derive(Debug, Default)]
pub struct Index {
    state: Mutex<State>,
}

/// Maker and length of vectors; the maker "" and 0 for entries as such.
pub(super) type TableKey = (Arc<str>, usize);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) words: Words,
    pub(super) tables: BTreeMap<TableKey, Table>,
}

/// Entries with vectors of one maker.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) sealed: Vec<Sealed>,
    /// Takes new rows; a chunk of its own in files, too.
    pub(super) newest: Chunk,
    /// File of the newest chunk as it is now.
    pub(super) newest_file: Option<FileNo>,
}

/// Number of the file that has a chunk as it is.
pub(super) type FileNo = u64;

/// A full chunk.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    pub(super) chunk: Arc<Chunk>,
    /// Least and greatest sighting number in it.
    ids: (i64, i64),
    pub(super) file: Option<FileNo>,
}

/// How large an index is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Living entries.
    pub n_entries: usize,
    /// Living vectors by maker.
    pub n_vectors: Vec<(Arc<str>, usize)>,
    /// Bytes in memory.
    pub len_bytes: usize,
}

/// What an index held at one moment, with a question in its numbers.
#[derive(Clone, Debug)]
pub struct Snapshot {
    chunks: Vec<Arc<Chunk>>,
    asked: Asked,
}

impl Index {
    /// An index of what a file held.
    pub(super) fn of_state(state: State) -> Self {
        Index {
            state: Mutex::new(state),
        }
    }

    /// Takes entries in; each takes the place of an older one of its sighting.
    pub fn put(&self, entries: &[Entry]) {
        let mut state = self.lock();
        for entry in entries {
            state.put(entry);
        }
    }

    /// Forgets sightings.
    pub fn remove(&self, sighting_ids: &[i64]) {
        let mut state = self.lock();
        for table in state.tables.values_mut() {
            for &sighting_id in sighting_ids {
                table.remove(sighting_id);
            }
        }
    }

    /// What there is now, to be looked at for `question`: all entries, or those
    /// with a vector by `maker` of `dims` numbers.
    pub fn snapshot(&self, maker: Option<(&str, usize)>, question: &Question) -> Snapshot {
        let (maker, dims) = maker.unwrap_or(("", 0));
        let state = self.lock();
        let chunks = match state.tables.get(&(Arc::from(maker), dims)) {
            Some(table) => table.chunks(),
            None => Vec::new(),
        };
        Snapshot {
            chunks,
            asked: Asked::new(question, &state.words),
        }
    }

    /// How large it is.
    pub fn size(&self) -> Size {
        let state = self.lock();
        let mut size = Size::default();
        for ((maker, dims), table) in &state.tables {
            size.len_bytes += table.all().map(Chunk::len_bytes).sum::<usize>();
            let n_alive = table.all().map(Chunk::n_alive).sum();
            match dims {
                0 => size.n_entries = n_alive,
                _ => size.n_vectors.push((Arc::clone(maker), n_alive)),
            }
        }
        size
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Snapshot {
    /// Looks at every `n_parts`-th chunk from `part` on; keeps the `n_wanted`
    /// best. `looks` has the maker's length of vectors.
    pub fn scan(
        &self,
        looks: Option<&Quantised>,
        n_wanted: usize,
        (part, n_parts): (usize, usize),
    ) -> Candidates {
        let mut candidates = Candidates::new(n_wanted);
        for chunk in self.chunks.iter().skip(part).step_by(n_parts.max(1)) {
            candidates.look_at(chunk, &self.asked, looks);
        }
        candidates
    }

    /// The direction in which to look, in bytes.
    pub fn looks(direction: &[f32]) -> Quantised {
        quantise(direction)
    }

    /// Into how many parts looking at it is worth being divided: 1 or 2.
    pub fn n_parts(&self) -> usize {
        let n_bytes: usize = self.chunks.iter().map(|chunk| chunk.len_bytes()).sum();
        if n_bytes < DIVIDE_FROM_BYTES { 1 } else { 2 }
    }

    /// Rows to look at, gone ones among them.
    pub fn n_rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.n_rows()).sum()
    }
}

impl State {
    fn put(&mut self, entry: &Entry) {
        let Some(camera) = self.words.camera(entry.camera_id.as_str()) else {
            return;
        };
        let tags = entry.tags.iter().take(MAX_TAGS);
        let dwell = entry.last_seen_at.saturating_since(entry.first_seen_at);
        let row = Row {
            sighting_id: entry.sighting_id,
            first_seen_at: entry.first_seen_at.as_micros(),
            dwell_ms: u32::try_from(dwell.as_millis()).unwrap_or(u32::MAX),
            camera,
            class: Row::class_bit(entry.class),
            program: Row::program_bit(entry.program),
            heading: entry.heading_deg.map_or(NO_HEADING, whole_degrees),
            tags: tags.filter_map(|tag| self.words.tag(tag)).collect(),
        };
        for table in self.tables.values_mut() {
            table.remove(entry.sighting_id);
        }
        self.table(Arc::from(""), 0).push(&row, &[]);
        for (maker, vector) in &entry.vectors {
            let key = (Arc::clone(maker), vector.len());
            let has_room = self.tables.len() <= MAX_MAKERS || self.tables.contains_key(&key);
            if !vector.is_empty() && has_room {
                self.table(key.0, key.1).push(&row, vector);
            }
        }
    }

    fn table(&mut self, maker: Arc<str>, dims: usize) -> &mut Table {
        let table = self.tables.entry((maker, dims));
        table.or_insert_with(|| Table::new(dims))
    }

    /// Joins chunks that are mostly empty, and drops tables that are.
    pub(super) fn tidy(&mut self) {
        for table in self.tables.values_mut() {
            table.tidy();
        }
        self.tables
            .retain(|_, table| table.all().any(|chunk| chunk.n_alive() > 0));
    }
}

impl Table {
    pub(super) fn new(dims: usize) -> Self {
        Table {
            sealed: Vec::new(),
            newest: Chunk::new(dims),
            newest_file: None,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Chunk> {
        let sealed = self.sealed.iter().map(|sealed| &*sealed.chunk);
        sealed.chain([&self.newest])
    }

    fn chunks(&self) -> Vec<Arc<Chunk>> {
        let sealed = self.sealed.iter().map(|sealed| Arc::clone(&sealed.chunk));
        sealed.chain([Arc::new(self.newest.clone())]).collect()
    }

    fn push(&mut self, row: &Row, vector: &[f32]) {
        self.newest_file = None;
        self.newest.push(row, vector);
        if !self.newest.is_full() {
            return;
        }
        let mut next = Chunk::new(self.newest.dims);
        if self.newest.n_alive() < SPARSE_ROWS {
            next.take_alive(&self.newest, 0);
            self.newest = next;
        } else {
            let full = std::mem::replace(&mut self.newest, next);
            self.sealed.push(Sealed::new(full, None));
        }
    }

    fn remove(&mut self, sighting_id: i64) {
        if let Some(idx) = self.newest.find(sighting_id) {
            self.newest.dead[idx] = true;
            self.newest_file = None;
            return;
        }
        for sealed in &mut self.sealed {
            if sighting_id < sealed.ids.0 || sealed.ids.1 < sighting_id {
                continue;
            }
            if let Some(idx) = sealed.chunk.find(sighting_id) {
                // Copies the chunk while somebody looks at it.
                Arc::make_mut(&mut sealed.chunk).dead[idx] = true;
                sealed.file = None;
                return;
            }
        }
    }

    fn tidy(&mut self) {
        let is_sparse = |sealed: &Sealed| sealed.chunk.n_alive() < SPARSE_ROWS;
        let n_sparse = self
            .sealed
            .iter()
            .filter(|sealed| is_sparse(sealed))
            .count();
        let has_empty = self.sealed.iter().any(|sealed| sealed.chunk.n_alive() == 0);
        if n_sparse < 2 && !has_empty {
            return;
        }
        let (sparse, mut kept): (Vec<Sealed>, Vec<Sealed>) = std::mem::take(&mut self.sealed)
            .into_iter()
            .partition(is_sparse);
        let mut joined = Chunk::new(self.newest.dims);
        for sealed in sparse {
            let mut from = 0;
            while from < sealed.chunk.n_rows() {
                from = joined.take_alive(&sealed.chunk, from);
                if joined.is_full() {
                    let full = std::mem::replace(&mut joined, Chunk::new(self.newest.dims));
                    kept.push(Sealed::new(full, None));
                }
            }
        }
        if joined.n_rows() > 0 {
            kept.push(Sealed::new(joined, None));
        }
        self.sealed = kept;
    }
}

impl Sealed {
    /// Seals a chunk that has rows.
    pub(super) fn new(chunk: Chunk, file: Option<FileNo>) -> Self {
        let least = chunk.ids.iter().min().copied().unwrap_or(i64::MAX);
        let greatest = chunk.ids.iter().max().copied().unwrap_or(i64::MIN);
        Sealed {
            chunk: Arc::new(chunk),
            ids: (least, greatest),
            file,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 360, also of what is no number"
)]
fn whole_degrees(heading_deg: f32) -> u16 {
    match heading_deg.is_finite() {
        true => heading_deg.rem_euclid(360.0) as u16,
        false => NO_HEADING,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{entry, index, scan_all, with_vector};
    use super::*;

    fn ids(index: &Index, maker: Option<(&str, usize)>) -> Vec<i64> {
        let mut found: Vec<i64> = scan_all(index, &Question::default(), maker)
            .iter()
            .map(|candidate| candidate.sighting_id)
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn entry_is_found_by_its_makers_and_among_all() {
        let index = index(&[
            with_vector(entry(1, "gate", 1), "m/1", &[1.0, 0.0]),
            with_vector(entry(2, "gate", 2), "m/2", &[1.0, 0.0, 0.0]),
            entry(3, "gate", 3),
        ]);
        assert_eq!(ids(&index, None), [1, 2, 3]);
        assert_eq!(ids(&index, Some(("m/1", 2))), [1]);
        assert_eq!(ids(&index, Some(("m/2", 3))), [2]);
        assert_eq!(ids(&index, Some(("m/2", 2))), [0_i64; 0]);
        let size = index.size();
        assert_eq!(size.n_entries, 3);
        assert_eq!(size.n_vectors, [("m/1".into(), 1), ("m/2".into(), 1)]);
    }

    #[test]
    fn later_entry_of_a_sighting_takes_the_place_of_the_earlier() {
        let index = index(&[
            with_vector(entry(1, "gate", 1), "m/1", &[1.0, 0.0]),
            with_vector(entry(2, "gate", 2), "m/1", &[0.6, 0.8]),
        ]);
        index.put(&[with_vector(entry(1, "gate", 1), "m/1", &[0.0, 1.0])]);
        let looks = quantise(&[0.0, 1.0]);
        let snapshot = index.snapshot(Some(("m/1", 2)), &Question::default());
        let best = snapshot.scan(Some(&looks), 9, (0, 1)).into_best_first();
        assert_eq!(best.len(), 2);
        assert_eq!(best[0].sighting_id, 1);
    }

    #[test]
    fn snapshot_keeps_what_is_removed_later() {
        let index = index(&[entry(1, "gate", 1), entry(2, "gate", 2)]);
        let snapshot = index.snapshot(None, &Question::default());
        index.remove(&[1]);
        assert_eq!(snapshot.scan(None, 9, (0, 1)).n_meant(), 2);
        assert_eq!(ids(&index, None), [2]);
    }

    #[test]
    fn chunks_that_lost_most_rows_are_joined_and_lose_no_other() {
        let n_rows = i64::try_from(3 * ROWS_PER_CHUNK + 10).unwrap();
        let entries: Vec<Entry> = (0..n_rows).map(|id| entry(id, "gate", id)).collect();
        let index = index(&entries);
        let gone: Vec<i64> = (0..n_rows).filter(|id| id % 3 != 0).collect();
        index.remove(&gone);
        index.lock().tidy();
        let expected: Vec<i64> = (0..n_rows).filter(|id| id % 3 == 0).collect();
        assert_eq!(ids(&index, None), expected);
        let n_kept = index.snapshot(None, &Question::default()).n_rows();
        assert!(n_kept < expected.len() + 10, "{n_kept} rows are kept");
    }

    proptest! {
        /// Whatever is put and removed in whatever order, what is found is
        /// what a map would hold.
        #[test]
        fn index_holds_what_a_map_would(steps in prop::collection::vec((0_i64..40, 0_u8..4), 0..200)) {
            let index = Index::default();
            let mut map = std::collections::BTreeSet::new();
            for (id, what) in steps {
                match what {
                    0 => {
                        index.remove(&[id]);
                        map.remove(&id);
                    }
                    1 => index.lock().tidy(),
                    _ => {
                        index.put(&[with_vector(entry(id, "gate", id), "m/1", &[1.0, 0.5])]);
                        map.insert(id);
                    }
                }
            }
            let expected: Vec<i64> = map.into_iter().collect();
            prop_assert_eq!(ids(&index, None), expected.clone());
            prop_assert_eq!(ids(&index, Some(("m/1", 2))), expected);
        }
    }
}
