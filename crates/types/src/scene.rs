//! What was observed on one camera at one time.

use crate::{NormBox, PictureState, RegionLook, StillChange, Timestamp, Track};

/// All tracks at one `captured_at`. Coordinates relate to the whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// When the frame's first byte reached us.
    pub captured_at: Timestamp,
    /// Number of the frame, as in [`crate::EncodedFrame::seq`].
    pub frame_seq: u64,
    /// Tracks, oldest first. An ended track appears once, in its last scene.
    pub tracks: Vec<Track>,
    /// What the motion gate saw.
    pub motion: MotionSummary,
    /// Whether the detector looked at this frame.
    pub is_detected: bool,
    /// How good the picture itself is.
    pub picture: PictureState,
    /// Things put down or taken away, longest first.
    pub still_changes: Vec<StillChange>,
    /// How regions of state detectors look, where they were looked at in this
    /// frame; of most frames none.
    pub region_looks: Vec<RegionLook>,
}

/// What the motion gate saw in one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MotionSummary {
    /// Boxes around changed parts, largest first, at most 16.
    pub boxes: Vec<NormBox>,
    /// Share of the picture that changed, 0..=1.
    pub changed_share: f32,
    /// The change is of the whole picture (light switched, camera moved):
    /// not motion of objects.
    pub is_global: bool,
}
