//! What rules would make of the scenes, counted beside the truth.
//!
//! Every rule about objects can fire only on a confirmed track, and the
//! intruder rule over the whole picture, without dwell, fires on each: what
//! is counted here is the most that any rule can raise.
//!
//! In: scenes, the truth about them. Out: one row of a table.

use std::collections::BTreeMap;

use sim::street::TruthBox;
use types::{ClassGroup, PictureProblem, Scene, StillChangeKind, TrackId, TrackState};

/// Score that the intruder rule asks of an object at its usual sensitivity.
const MIN_SCORE: f32 = 0.5;
/// Stay after which loitering is raised.
const LOITER_S: f32 = 10.0;
/// Part of a track's box that must lie in an object's for the track to be
/// of that object.
const MIN_SHARE: f32 = 0.4;

pub(crate) const HEADING: &str = "\
| nuisance | gate open | looks per frame | intruder, person | intruder, vehicle | loitering | same parked car again | left / removed | picture problems |\n\
|---|---|---|---|---|---|---|---|---|";

#[derive(Debug, Default)]
pub(crate) struct Tally {
    n_frames: u32,
    n_open: u32,
    n_looks: usize,
    tracks: BTreeMap<TrackId, Note>,
    /// Tracks that each true object has had.
    by_object: BTreeMap<u32, u32>,
    changes: BTreeMap<u64, StillChangeKind>,
    problems: BTreeMap<PictureProblem, u32>,
    present: Vec<PictureProblem>,
}

#[derive(Debug)]
struct Note {
    group: ClassGroup,
    is_false: bool,
    is_loitering: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, scene: &Scene, is_open: bool, n_looks: usize, truth: &[TruthBox]) {
        self.n_frames += 1;
        self.n_open += u32::from(is_open);
        self.n_looks += n_looks;
        for track in &scene.tracks {
            if track.state != TrackState::Confirmed || track.score < MIN_SCORE {
                continue;
            }
            let stay = track.last_seen_at.saturating_since(track.first_seen_at);
            let is_loitering = stay.as_secs_f32() >= LOITER_S;
            if let Some(note) = self.tracks.get_mut(&track.track_id) {
                note.is_loitering |= is_loitering;
                continue;
            }
            let object = truth.iter().find(|object| {
                let common = object.bbox.intersection(track.bbox);
                common.is_some_and(|common| common.area() >= MIN_SHARE * track.bbox.area())
                    && object.class.group() == track.class.group()
            });
            if let Some(object) = object {
                *self.by_object.entry(object.object_id).or_default() += 1;
            }
            self.tracks.insert(
                track.track_id,
                Note {
                    group: track.class.group(),
                    is_false: object.is_none(),
                    is_loitering,
                },
            );
        }
        for change in &scene.still_changes {
            self.changes.insert(change.change_id, change.kind);
        }
        let problems: Vec<_> = scene.picture.problems.iter().map(|one| one.0).collect();
        for problem in &problems {
            if !self.present.contains(problem) {
                *self.problems.entry(*problem).or_default() += 1;
            }
        }
        self.present = problems;
    }

    /// Numbers are per hour, but for gate and looks.
    pub(crate) fn row(&self, name: &str, minutes: u32) -> String {
        let per_hour = |n: usize| n as f32 * 60.0 / minutes as f32;
        let n_false = |is_counted: &dyn Fn(&Note) -> bool| {
            let notes = self.tracks.values();
            per_hour(
                notes
                    .filter(|note| note.is_false && is_counted(note))
                    .count(),
            )
        };
        let n_again: u32 = self.by_object.values().map(|n| n - 1).sum();
        let n_changes = |kind| per_hour(self.changes.values().filter(|one| **one == kind).count());
        let problems: Vec<String> = self
            .problems
            .iter()
            .map(|(problem, n)| format!("{} {:.0}", problem.name(), per_hour(*n as usize)))
            .collect();
        format!(
            "| {name} | {:.1} % | {:.3} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} / {:.0} | {} |",
            100.0 * self.n_open as f32 / self.n_frames.max(1) as f32,
            self.n_looks as f32 / self.n_frames.max(1) as f32,
            n_false(&|note| note.group == ClassGroup::Person),
            n_false(&|note| note.group != ClassGroup::Person),
            n_false(&|note| note.is_loitering),
            per_hour(n_again as usize),
            n_changes(StillChangeKind::Left),
            n_changes(StillChangeKind::Removed),
            if problems.is_empty() {
                "0".to_owned()
            } else {
                problems.join(", ")
            },
        )
    }
}
