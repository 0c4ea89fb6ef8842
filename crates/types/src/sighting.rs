//! One object's whole stay before one camera.

use crate::{Appearance, CameraId, Class, LineId, ProgramKind, Timestamp, TrackId, ZoneId};

/// What one program knows of one followed object. Told once early, so that
/// it can be acted on, and once more when the object is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// On which camera.
    pub camera_id: CameraId,
    /// By which program: people or vehicle.
    pub program: ProgramKind,
    /// Which object; its best shot has the same number.
    pub track_id: TrackId,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// First seen.
    pub first_seen_at: Timestamp,
    /// Last seen so far.
    pub last_seen_at: Timestamp,
    /// Whether the object is gone and this is the last word.
    pub is_final: bool,
    /// Heading from where it came to where it went, degrees clockwise from up
    /// in the picture, 0..360; `None` when it hardly moved.
    pub heading_deg: Option<f32>,
    /// Median speed in metres per second, where the camera is calibrated.
    pub speed_mps: Option<f32>,
    /// Zones it stood in, in the order of first entry.
    pub zone_ids: Vec<ZoneId>,
    /// Lines it crossed, in order.
    pub line_ids: Vec<LineId>,
    /// What it looks like, by its best shot so far.
    pub appearance: Appearance,
}
