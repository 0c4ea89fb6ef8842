//! What was followed at one time, and what that was in between.
//!
//! In: scenes of the pictures that were analysed. Out: boxes for any picture:
//! cameras send more pictures than are analysed.

use serde::{Deserialize, Serialize};
use types::{Scene, Timestamp, TrackState};

/// Longest time between two scenes over which a box is taken to move evenly,
/// microseconds.
const MAX_GAP_US: i64 = 2_000_000;

/// One object in one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxedTrack {
    /// Identity on its camera.
    pub id: u64,
    /// person, bicycle, car, motorcycle, bus or truck.
    pub class: String,
    /// Belief in the class, 0 to 1.
    pub score: f32,
    /// `[x1, y1, x2, y2]` in parts of the picture.
    pub bbox: [f32; 4],
}

/// The objects of one scene.
#[derive(Clone, Debug, PartialEq)]
pub struct TracksAt {
    /// Of when.
    pub captured_at: Timestamp,
    /// Those that rules act on.
    pub tracks: Vec<BoxedTrack>,
}

impl TracksAt {
    /// As rules see the scene: without doubts, and without what is gone.
    pub fn of_scene(scene: &Scene) -> Self {
        let is_seen = |state| matches!(state, TrackState::Confirmed | TrackState::Lost);
        let tracks = scene.tracks.iter().filter(|track| is_seen(track.state));
        TracksAt {
            captured_at: scene.captured_at,
            tracks: tracks
                .map(|track| BoxedTrack {
                    id: track.track_id.0,
                    class: track.class.name().to_owned(),
                    score: rounded(track.score),
                    bbox: [
                        track.bbox.x1(),
                        track.bbox.y1(),
                        track.bbox.x2(),
                        track.bbox.y2(),
                    ]
                    .map(rounded),
                })
                .collect(),
        }
    }

    /// As a record's body.
    pub fn to_body(&self) -> Vec<u8> {
        serde_json::to_vec(&self.tracks).expect("names and numbers are always written")
    }

    /// From a record's body; `None` where it cannot be read.
    pub fn from_body(captured_at: Timestamp, body: &[u8]) -> Option<Self> {
        Some(TracksAt {
            captured_at,
            tracks: serde_json::from_slice(body).ok()?,
        })
    }
}

/// Four decimals: a third of a pixel of the largest pictures.
fn rounded(value: f32) -> f32 {
    (value * 10_000.0).round() / 10_000.0
}

/// The objects at `at`, and whether that is worked out between two scenes
/// rather than seen. `scenes` stand in order of time.
pub fn between(scenes: &[TracksAt], at: Timestamp) -> (Vec<BoxedTrack>, bool) {
    let next_idx = scenes.partition_point(|scene| scene.captured_at < at);
    let next = scenes.get(next_idx);
    if let Some(own) = next.filter(|scene| scene.captured_at == at) {
        return (own.tracks.clone(), false);
    }
    let before = next_idx.checked_sub(1).and_then(|idx| scenes.get(idx));
    let (Some(before), Some(next)) = (before, next) else {
        return (Vec::new(), true);
    };
    let gap = next.captured_at.as_micros() - before.captured_at.as_micros();
    if gap > MAX_GAP_US {
        return (Vec::new(), true);
    }
    let passed = at.as_micros() - before.captured_at.as_micros();
    #[expect(
        clippy::cast_precision_loss,
        reason = "both are at most two million, which f32 holds"
    )]
    let share = passed as f32 / gap as f32;
    let tracks = before.tracks.iter().filter_map(|from| {
        let to = next.tracks.iter().find(|to| to.id == from.id)?;
        let mut track = to.clone();
        for (edge, (from, to)) in track.bbox.iter_mut().zip(from.bbox.iter().zip(to.bbox)) {
            *edge = rounded(from + (to - from) * share);
        }
        Some(track)
    });
    (tracks.collect(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(millis: i64, boxes: &[(u64, f32)]) -> TracksAt {
        let tracks = boxes.iter().map(|&(id, x)| BoxedTrack {
            id,
            class: "person".to_owned(),
            score: 0.75,
            bbox: [x, 0.5, x + 0.25, 0.75],
        });
        TracksAt {
            captured_at: Timestamp::from_millis(millis),
            tracks: tracks.collect(),
        }
    }

    #[track_caller]
    fn check(at_millis: i64, expected: &[(u64, f32)], expected_between: bool) {
        let scenes = [
            scene(1_000, &[(1, 0.0), (2, 0.5)]),
            scene(1_200, &[(1, 0.25), (3, 0.5)]),
            scene(9_000, &[(1, 0.5)]),
        ];
        let (tracks, is_between) = between(&scenes, Timestamp::from_millis(at_millis));
        let found: Vec<(u64, f32)> = tracks
            .iter()
            .map(|track| (track.id, track.bbox[0]))
            .collect();
        assert_eq!(found, expected, "at {at_millis}");
        assert_eq!(is_between, expected_between, "at {at_millis}");
    }

    #[test]
    fn picture_that_was_analysed_has_its_own_boxes() {
        check(1_200, &[(1, 0.25), (3, 0.5)], false);
        check(9_000, &[(1, 0.5)], false);
    }

    #[test]
    fn box_moves_evenly_between_scenes_that_both_have_it() {
        check(1_100, &[(1, 0.125)], true);
    }

    #[test]
    fn nothing_is_made_up_before_after_and_over_a_long_gap() {
        check(900, &[], true);
        check(5_000, &[], true);
        check(9_100, &[], true);
    }

    #[test]
    fn body_comes_back_and_rubbish_does_not() {
        let scene = scene(5, &[(7, 0.125)]);
        let at = scene.captured_at;
        assert_eq!(TracksAt::from_body(at, &scene.to_body()), Some(scene));
        assert_eq!(TracksAt::from_body(at, b"{"), None);
    }
}
