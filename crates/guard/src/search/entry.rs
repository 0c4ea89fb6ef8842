//! What is known of one followed object, as far as it is searched by.

use std::sync::Arc;

use types::{CameraId, Class, ProgramKind, Timestamp};

/// Most tags of one entry; the rest is left out.
pub const MAX_TAGS: usize = 64;

/// One followed object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its sighting's number.
    pub sighting_id: i64,
    /// On which camera.
    pub camera_id: CameraId,
    /// By which program.
    pub program: ProgramKind,
    /// What it is.
    pub class: Class,
    /// First seen.
    pub first_seen_at: Timestamp,
    /// Last seen so far.
    pub last_seen_at: Timestamp,
    /// Heading, degrees clockwise from up, 0..360, if it has one.
    pub heading_deg: Option<f32>,
    /// What is said of it, at most [`MAX_TAGS`].
    pub tags: Vec<(TagName, String)>,
    /// What it is compared by: maker, vector.
    pub vectors: Vec<(Arc<str>, Vec<f32>)>,
}

/// What a tag says something about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagName {
    /// An attribute of this name.
    Attribute(String),
    /// It stood in a zone: `camera/number`.
    Zone,
    /// It crossed a line: `camera/number`.
    Line,
}
