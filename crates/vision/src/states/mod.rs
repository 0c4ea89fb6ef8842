//! What the regions of state detectors look like.
//!
//! In: decoded frames of one camera, with the scene found in them. Out: for
//! each region, about once a second, a [`Look`], or what hides it.
//!
//! A look is made so that the same state looks the same while light changes,
//! the camera trembles and the JPEG is noisy; see `describe`. Where moving
//! objects stand before a region, where the picture has a problem, and just
//! after the whole picture changed, there is none. Time comes only from
//! `captured_at`.
//!
//! Not here: which state a look is of (`programs`), where examples are kept
//! (`store`).

mod describe;

use std::time::Duration;

use types::{
    DetectorId, HiddenBy, NormBox, Polygon, RegionLook, RegionSight, Scene, Timestamp, Track,
    TrackState,
};

pub use self::describe::Region;

use crate::decode::Image;

/// Least time between two looks at a region.
const RHYTHM: Duration = Duration::from_millis(900);
/// How long after a change of the whole picture nothing is looked at: cameras
/// take about so long to set their exposure.
const AFTER_CHANGE: Duration = Duration::from_secs(2);
/// Share of a region that moving objects may cover.
const MAX_COVERED: f32 = 0.15;

/// The regions of one camera and when they were looked at.
#[derive(Debug, Default)]
pub struct RegionWatch {
    regions: Vec<(DetectorId, Region)>,
    looked_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
}

impl RegionWatch {
    /// No regions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at these from now on.
    pub fn set_regions<'a>(&mut self, regions: impl Iterator<Item = (DetectorId, &'a Polygon)>) {
        self.regions = regions
            .map(|(detector_id, polygon)| (detector_id, Region::new(polygon)))
            .collect();
        self.looked_at = None;
    }

    /// Looks at a frame; `scene` is what was found in it. Empty when it is not
    /// time yet.
    pub fn update(&mut self, image: &Image, scene: &Scene) -> Vec<RegionLook> {
        let at = scene.captured_at;
        if scene.motion.is_global {
            self.changed_at = Some(at);
        }
        let is_due = self
            .looked_at
            .is_none_or(|last| at.saturating_since(last) >= RHYTHM);
        if self.regions.is_empty() || !is_due || image.is_damaged {
            return Vec::new();
        }
        self.looked_at = Some(at);
        let just_changed = self
            .changed_at
            .is_some_and(|changed| at.saturating_since(changed) < AFTER_CHANGE);
        let hidden = if !scene.picture.problems.is_empty() {
            Some(HiddenBy::Picture)
        } else if just_changed {
            Some(HiddenBy::Change)
        } else {
            None
        };
        let look = |(detector_id, region): &(DetectorId, Region)| {
            let hidden = hidden.or_else(|| {
                is_covered(region.bounds(), &scene.tracks).then_some(HiddenBy::Objects)
            });
            RegionLook {
                detector_id: *detector_id,
                sight: match hidden {
                    Some(hidden) => RegionSight::Hidden(hidden),
                    None => RegionSight::Seen(region.describe(&image.planes)),
                },
            }
        };
        self.regions.iter().map(look).collect()
    }
}

/// Whether moving objects cover more of `region` than may be. What rests may
/// well be what the states are about, such as a car on a place to park.
pub fn is_covered(region: NormBox, tracks: &[Track]) -> bool {
    let covered: f32 = tracks
        .iter()
        .filter(|track| {
            matches!(track.state, TrackState::Confirmed | TrackState::Tentative)
                && !track.is_stationary
        })
        .filter_map(|track| track.bbox.intersection(region))
        .map(NormBox::area)
        .sum();
    covered > MAX_COVERED * region.area()
}

#[cfg(test)]
mod tests;
