//! Scenes on their way to the store, a minute at a time: "why" and "try before
//! you apply" look at them later.

use std::time::Duration;

use types::{Scene, TrackState};

/// Time that one stored chunk covers.
const CHUNK: Duration = Duration::from_secs(60);
/// Most scenes in one chunk: a minute at 60 fps.
const MAX_SCENES: usize = 3_600;

/// The scenes of the present minute.
#[derive(Debug, Default)]
pub(super) struct SceneLog {
    scenes: Vec<Scene>,
}

impl SceneLog {
    /// Takes a scene; gives back all of the minute when it is over.
    pub(super) fn add(&mut self, scene: &Scene) -> Vec<Scene> {
        let is_over = self.scenes.first().is_some_and(|first| {
            scene.captured_at.saturating_since(first.captured_at) >= CHUNK
                || scene.captured_at < first.captured_at
        });
        let full = if is_over || self.scenes.len() >= MAX_SCENES {
            self.take()
        } else {
            Vec::new()
        };
        self.scenes.push(without_doubts(scene));
        full
    }

    /// Gives back what there is.
    pub(super) fn take(&mut self) -> Vec<Scene> {
        std::mem::take(&mut self.scenes)
    }
}

/// The scene as rules see it: none acts on a tentative track.
fn without_doubts(scene: &Scene) -> Scene {
    let mut scene = scene.clone();
    scene
        .tracks
        .retain(|track| track.state != TrackState::Tentative);
    scene
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    fn scene(second: i64) -> Scene {
        Scene {
            captured_at: Timestamp::from_secs(second),
            ..Scene::default()
        }
    }

    #[test]
    fn minute_is_given_back_once_it_is_over() {
        let mut log = SceneLog::default();
        let given: Vec<usize> = [0, 30, 59, 60, 61, 120]
            .map(|second| log.add(&scene(second)).len())
            .to_vec();
        assert_eq!(given, [0, 0, 0, 3, 0, 2]);
        assert_eq!(log.take().len(), 1);
    }

    #[test]
    fn time_that_goes_back_starts_a_new_chunk() {
        let mut log = SceneLog::default();
        assert!(log.add(&scene(100)).is_empty());
        assert_eq!(log.add(&scene(50)).len(), 1);
    }
}
