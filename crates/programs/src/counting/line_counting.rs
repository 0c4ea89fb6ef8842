//! Counting over lines as a program of its own: it needs neither people nor
//! vehicle program.
//!
//! Not here: what a crossing is (`site::path`), numbers (`super`).

use std::sync::Arc;
use std::time::Duration;

use types::{BestShot, CameraId, ClassSet, Scene, Timestamp, TrackState, ZoneId};

use super::{Counter, CounterError, Counters, LineWatch, check};
use crate::site::Site;
use crate::view::View;
use crate::{Explanation, Output, Program};

/// Without a scene for this long the video counts as stopped.
const VIDEO_STOPPED_AFTER: Duration = Duration::from_secs(10);

/// Counts who crosses the lines of one camera.
#[derive(Debug)]
pub struct LineCounting {
    site: Arc<Site>,
    lines: LineWatch,
    counters: Counters,
    classes: ClassSet,
    last_at: Option<Timestamp>,
}

impl LineCounting {
    /// All counters at zero.
    ///
    /// # Errors
    /// The counters cannot work; see [`check`].
    pub fn new(
        camera_id: CameraId,
        site: Arc<Site>,
        counters: Vec<Counter>,
    ) -> Result<Self, CounterError> {
        check(&counters, &site)?;
        let mut lines = LineWatch::default();
        lines.replace(paths(&site, &counters));
        Ok(LineCounting {
            classes: classes(&counters),
            counters: Counters::new(camera_id, counters),
            lines,
            site,
            last_at: None,
        })
    }

    /// Takes new counters while running; those that did not change go on, the
    /// numbers so far of the others are told.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the present counters stay.
    pub fn replace_config(
        &mut self,
        site: Arc<Site>,
        counters: Vec<Counter>,
        now: Timestamp,
    ) -> Result<Output, CounterError> {
        check(&counters, &site)?;
        self.lines.replace(paths(&site, &counters));
        self.classes = classes(&counters);
        self.site = site;
        Ok(counts(self.counters.replace(counters, now)))
    }

    /// The counters, to show them and to go on after a restart.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// As [`counters`](Self::counters), to be changed.
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Walks not followed so far because there were too many.
    pub fn n_refused(&self) -> u64 {
        self.lines.n_refused()
    }
}

impl Program for LineCounting {
    fn update(&mut self, scene: &Scene, _shots: &[BestShot]) -> Output {
        self.last_at = Some(scene.captured_at);
        let site = Arc::clone(&self.site);
        let view = View::new(scene, &site);
        let told = self.counters.advance(scene.captured_at);
        let classes = self.classes;
        let is_wanted = |idx: usize| {
            let track = &view.tracks[idx];
            classes.contains(track.class)
                && track.state != TrackState::Tentative
                && !view.is_masked(idx)
        };
        for crossed in self.lines.update(&view, is_wanted) {
            self.counters.count(&crossed);
        }
        counts(told)
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        // While scenes come they tell all themselves.
        let is_stopped = self
            .last_at
            .is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        if is_stopped {
            counts(self.counters.tick(now))
        } else {
            Output::default()
        }
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        counts(self.counters.finish(now))
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        Vec::new()
    }

    fn explain(&self, _now: Timestamp) -> Vec<Explanation> {
        Vec::new()
    }
}

fn counts(counts: Vec<types::Count>) -> Output {
    Output {
        counts,
        ..Output::default()
    }
}

/// The lines that are counted at all.
fn paths<'a>(
    site: &'a Site,
    counters: &'a [Counter],
) -> impl Iterator<Item = &'a crate::site::Path> {
    site.paths().iter().filter(|path| {
        let line_id = path.line().line_id;
        counters.iter().any(|counter| counter.line_id == line_id)
    })
}

fn classes(counters: &[Counter]) -> ClassSet {
    counters
        .iter()
        .flat_map(|counter| counter.classes.iter())
        .collect()
}
