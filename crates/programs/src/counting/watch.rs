//! Who crosses the lines of a camera: each line is followed once, however
//! many counters and records ask.
//!
//! In: scenes. Out: the crossings of each, in the order of tracks and lines.

use types::{Class, Crossing, LineId, Timestamp, TrackId, TrackState};

use crate::site::path::{Crossings, Path};
use crate::view::View;

/// One object crossed one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crossed {
    pub(crate) track_id: TrackId,
    pub(crate) class: Class,
    pub(crate) line_id: LineId,
    pub(crate) way: Crossing,
    pub(crate) at: Timestamp,
}

/// Follows some lines of a site.
#[derive(Debug, Default)]
pub(crate) struct LineWatch {
    lines: Vec<Crossings>,
}

impl LineWatch {
    /// Follows `line_ids`; walks on lines that stay as drawn go on.
    pub(crate) fn replace<'a>(&mut self, paths: impl Iterator<Item = &'a Path>) {
        let mut old = std::mem::take(&mut self.lines);
        self.lines = paths
            .map(|path| {
                let known = old
                    .iter()
                    .position(|line| line.path().line() == path.line());
                match known {
                    Some(idx) => old.remove(idx),
                    None => Crossings::new(path.clone()),
                }
            })
            .collect();
    }

    /// Advances to the scene of `view`, of whose tracks `is_wanted` chooses.
    pub(crate) fn update(
        &mut self,
        view: &View<'_>,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Vec<Crossed> {
        let at = view.at();
        let mut crossed = Vec::new();
        for (idx, track) in view.tracks.iter().enumerate() {
            // An ended track is always told, so that its walk is settled.
            if track.state != TrackState::Ended && !is_wanted(idx) {
                continue;
            }
            for line in &mut self.lines {
                if let Some(way) = line.step(track, at) {
                    crossed.push(Crossed {
                        track_id: track.track_id,
                        class: track.class,
                        line_id: line.path().line().line_id,
                        way,
                        at,
                    });
                }
            }
        }
        crossed
    }

    /// Walks that were not followed so far because there were too many.
    pub(crate) fn n_refused(&self) -> u64 {
        self.lines.iter().map(Crossings::n_refused).sum()
    }
}
