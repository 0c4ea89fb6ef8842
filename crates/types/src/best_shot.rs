//! The one crop chosen to represent a track.

use std::fmt;
use std::sync::Arc;

use crate::{Appearance, Class, NormBox, Timestamp, TrackId};

/// One crop of one track, with the reason it won.
#[derive(Clone)]
pub struct BestShot {
    /// Whom it shows.
    pub track_id: TrackId,
    /// First or last choice.
    pub stage: ShotStage,
    /// Frame it was cut from.
    pub captured_at: Timestamp,
    /// The object in that frame, relative to the whole picture.
    pub bbox: NormBox,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// Why it won.
    pub quality: ShotQuality,
    /// The crop as JPEG, with a margin around the object.
    pub jpeg: Arc<[u8]>,
    /// Width of the crop, pixels.
    pub width_px: u32,
    /// Height of the crop, pixels.
    pub height_px: u32,
    /// What the object looks like in it; empty when nobody asked.
    pub appearance: Appearance,
}

impl fmt::Debug for BestShot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BestShot")
            .field("track_id", &self.track_id)
            .field("stage", &self.stage)
            .field("captured_at", &self.captured_at)
            .field("class", &self.class)
            .field("quality", &self.quality)
            .field("len_bytes", &self.jpeg.len())
            .finish_non_exhaustive()
    }
}

/// When a shot was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShotStage {
    /// Within a second of the track's confirmation, so that an alarm has a
    /// picture at once.
    Early,
    /// When the track ended: the best of its whole life.
    Final,
}

/// The parts of a shot's quality, each 0..=1, higher is better.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ShotQuality {
    /// Height of the object against the size from which more brings nothing.
    pub size: f32,
    /// Detail in the crop.
    pub sharpness: f32,
    /// How far the object is from being cut by the picture's edge.
    pub whole: f32,
    /// Detector's score.
    pub confidence: f32,
    /// Neither black nor burnt out.
    pub exposure: f32,
    /// All of them weighed; what the choice is made by.
    pub total: f32,
}
