//! What the tests of this module share.

use std::sync::Arc;

use types::{CameraId, Class, ProgramKind, Timestamp};

use super::{Candidate, Entry, Index, Question};

/// A person seen for five seconds from `second` on.
pub(super) fn entry(sighting_id: i64, camera: &str, second: i64) -> Entry {
    Entry {
        sighting_id,
        camera_id: CameraId::new(camera).unwrap(),
        program: ProgramKind::People,
        class: Class::Person,
        first_seen_at: Timestamp::from_secs(second),
        last_seen_at: Timestamp::from_secs(second + 5),
        heading_deg: None,
        tags: Vec::new(),
        vectors: Vec::new(),
    }
}

/// `entry` with a vector by `maker`.
pub(super) fn with_vector(mut entry: Entry, maker: &str, vector: &[f32]) -> Entry {
    entry.vectors.push((Arc::from(maker), vector.to_vec()));
    entry
}

/// An index of these.
pub(super) fn index(entries: &[Entry]) -> Index {
    let index = Index::default();
    index.put(entries);
    index
}

/// All who are meant, the best first.
pub(super) fn scan_all(
    index: &Index,
    question: &Question,
    maker: Option<(&str, usize)>,
) -> Vec<Candidate> {
    let snapshot = index.snapshot(maker, question);
    let candidates = snapshot.scan(None, snapshot.n_rows() + 1, (0, 1));
    candidates.into_best_first()
}
