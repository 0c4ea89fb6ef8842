//! Drawn walks: what the tracker says about objects whose way is known.
//!
//! One character is one frame of one object: `#` the detector sees it well,
//! `+` weakly, `.` not at all. Frames are 200 ms apart unless said otherwise.
//!
//! Here is what scripts are written in; the stories are in `walks`, `parked`
//! and `limits`, and what holds for all of them in `properties`.

mod limits;
mod parked;
mod properties;
mod walks;

use std::fmt::Write as _;

use expect_test::Expect;
use types::{Class, NormBox};

use super::*;

/// A scripted object on a straight way at constant speed.
#[derive(Clone, Debug)]
struct Walk {
    class: Class,
    /// Centre at time zero, parts of the picture.
    from: (f32, f32),
    /// Parts of the picture per second.
    speed: (f32, f32),
    /// Width and height, parts of the picture.
    size: (f32, f32),
    /// One character per frame; frames beyond the end are `.`.
    seen: String,
}

impl Walk {
    fn person(from: (f32, f32), speed: (f32, f32), seen: &str) -> Self {
        Walk {
            class: Class::Person,
            from,
            speed,
            size: (0.06, 0.3),
            seen: seen.into(),
        }
    }

    fn car(from: (f32, f32), speed: (f32, f32), seen: &str) -> Self {
        Walk {
            class: Class::Car,
            size: (0.12, 0.1),
            ..Walk::person(from, speed, seen)
        }
    }

    fn bbox(&self, time_s: f32, jitter: f32) -> NormBox {
        let (w, h) = self.size;
        let cx = self.from.0 + self.speed.0 * time_s + jitter * w;
        let cy = self.from.1 + self.speed.1 * time_s - jitter * h;
        NormBox::from_xyxy(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0)
    }

    fn detection(&self, frame: usize, time_s: f32) -> Option<Detection> {
        let score = match self.seen.chars().nth(frame) {
            Some('#') => 0.7,
            Some('+') => 0.2,
            _ => return None,
        };
        // A detector's jitter of up to 3 %, the same in each run.
        let jitter = [0.0, 0.03, -0.02, 0.01, -0.03, 0.02, -0.01][frame % 7];
        let bbox = self.bbox(time_s, jitter);
        (bbox.area() > 1e-4).then_some(Detection {
            bbox,
            class: self.class,
            score,
        })
    }
}

/// A frame in which the detector looked at everything and nothing is global.
fn quiet() -> MotionSummary {
    MotionSummary::default()
}

/// Pixels change where somebody walks, seen or not.
fn motion_of(walks: &[Walk], time_s: f32) -> MotionSummary {
    MotionSummary {
        boxes: walks
            .iter()
            .filter(|walk| walk.speed != (0.0, 0.0))
            .map(|walk| walk.bbox(time_s, 0.0))
            .collect(),
        ..quiet()
    }
}

fn at_ms(millis: u32) -> Timestamp {
    Timestamp::from_millis(1_000_000 + i64::from(millis))
}

fn seconds(millis: u32) -> f32 {
    Duration::from_millis(u64::from(millis)).as_secs_f32()
}

/// Runs a tracker over frames at `times_ms` and ends it.
fn run_at(walks: &[Walk], times_ms: &[u32]) -> Vec<Scene> {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scenes = Vec::new();
    for (frame, &millis) in times_ms.iter().enumerate() {
        let mut detections: Vec<Detection> = walks
            .iter()
            .filter_map(|walk| walk.detection(frame, seconds(millis)))
            .collect();
        // The order of the detections must not tell who is who.
        if frame % 2 == 1 {
            detections.reverse();
        }
        scenes.push(tracker.update(
            at_ms(millis),
            frame as u64,
            Some(&Sight::of_everything(detections)),
            &motion_of(walks, seconds(millis)),
        ));
    }
    scenes.push(tracker.finish(at_ms(times_ms.last().map_or(0, |last| last + 200))));
    scenes
}

fn every_200_ms(walks: &[Walk]) -> Vec<u32> {
    let n_frames = walks.iter().map(|walk| walk.seen.len()).max().unwrap_or(0);
    (0..u32::try_from(n_frames).unwrap())
        .map(|frame| frame * 200)
        .collect()
}

/// One line per change of a track's state.
fn story(scenes: &[Scene]) -> String {
    let mut known: Vec<(TrackId, TrackState, bool)> = Vec::new();
    let mut text = String::new();
    for scene in scenes {
        let time_s = scene.captured_at.saturating_since(at_ms(0)).as_secs_f32();
        for track in &scene.tracks {
            let now = (track.track_id, track.state, track.is_stationary);
            let before = known.iter_mut().find(|before| before.0 == track.track_id);
            if before.as_deref() == Some(&now) {
                continue;
            }
            let rest = if track.is_stationary {
                ", stationary"
            } else {
                ""
            };
            writeln!(
                text,
                "{time_s:.1}s {} {}: {:?}{rest}",
                track.class, track.track_id, track.state
            )
            .unwrap();
            match before {
                Some(before) => *before = now,
                None => known.push(now),
            }
        }
    }
    text
}

#[track_caller]
fn check(walks: &[Walk], expected: &Expect) {
    expected.assert_eq(&story(&run_at(walks, &every_200_ms(walks))));
}

/// The confirmed tracks' identities, from left to right, in the last scene
/// before the end.
fn last_from_left(scenes: &[Scene]) -> Vec<u64> {
    let mut tracks: Vec<_> = scenes[scenes.len() - 2].tracks.clone();
    tracks.retain(|track| track.state == TrackState::Confirmed);
    tracks.sort_by(|a, b| a.bbox.x1().total_cmp(&b.bbox.x1()));
    tracks.iter().map(|track| track.track_id.0).collect()
}

fn motion_at(bbox: NormBox) -> MotionSummary {
    MotionSummary {
        boxes: vec![bbox],
        changed_share: bbox.area(),
        is_global: false,
    }
}
