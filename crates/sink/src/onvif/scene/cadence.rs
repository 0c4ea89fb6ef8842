//! Which frames are worth sending.

use std::time::Duration;

use types::{Scene, Timestamp, TrackState};

use super::frame::shown;

/// Chooses the frames of one camera for one receiver: each with objects, the
/// first without, so that no box stays behind, then one now and then, so that
/// a receiver knows that nothing is there.
#[derive(Clone, Debug, Default)]
pub struct Cadence {
    had_objects: bool,
    sent_at: Option<Timestamp>,
}

/// How often an empty frame is repeated.
const EMPTY_EVERY: Duration = Duration::from_secs(1);

impl Cadence {
    /// Whether to send this frame; it counts as sent.
    pub fn wants(&mut self, scene: &Scene) -> bool {
        let is_ended = |track: &types::Track| track.state == TrackState::Ended;
        let has_objects = shown(scene).next().is_some();
        let is_due = self.sent_at.is_none_or(|sent_at| {
            scene.captured_at.saturating_since(sent_at) >= EMPTY_EVERY
                || scene.captured_at < sent_at
        });
        let wants = has_objects || self.had_objects || is_due || scene.tracks.iter().any(is_ended);
        if wants {
            self.had_objects = has_objects;
            self.sent_at = Some(scene.captured_at);
        }
        wants
    }
}

#[cfg(test)]
mod tests {
    use types::{Class, NormBox, Track, TrackId};

    use super::*;

    /// One scene each 200 ms: `#` one object, `.` none; which are sent.
    fn sent(scenes: &str) -> String {
        let mut cadence = Cadence::default();
        let mut text = String::new();
        for (idx, mark) in (0..).zip(scenes.chars()) {
            let at = Timestamp::from_millis(idx * 200);
            let track = Track {
                track_id: TrackId(1),
                state: TrackState::Confirmed,
                bbox: NormBox::WHOLE,
                class: Class::Person,
                score: 0.9,
                first_seen_at: at,
                last_seen_at: at,
                velocity: (0.0, 0.0),
                is_stationary: false,
                moved: types::Moved::Surely,
            };
            let scene = Scene {
                captured_at: at,
                tracks: (mark == '#').then_some(track).into_iter().collect(),
                ..Scene::default()
            };
            text.push(if cadence.wants(&scene) { 'x' } else { '.' });
        }
        text
    }

    #[test]
    fn first_empty_frame_is_sent_at_once_and_then_one_a_second() {
        assert_eq!(sent("##............"), "xxx....x....x.");
    }

    #[test]
    fn silence_is_told_from_the_start() {
        assert_eq!(sent("......#"), "x....xx");
    }
}
