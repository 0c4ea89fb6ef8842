//! Cross line: an object crosses a line; each crossing is one event, which
//! lasts for the grace.
//!
//! Not here: what a crossing is, and its hysteresis (`site::path`).

use std::time::Duration;

use types::{Crossing, EventDetail, Gate, LineId, NormBox, Timestamp, Track, TrackId, TrackState};

use super::kind::{Kind, Look};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use super::rule::Ways;
use crate::explain::ObjectExplanation;
use crate::filter::{Marks, asked, gate};
use crate::site::Path;
use crate::site::path::Crossings;

/// Most crossings whose events are open; of more, the oldest ends.
const MAX_RECENT: usize = 128;
/// Most objects near the line whose scores are remembered.
const MAX_NEAR: usize = 256;
/// Who has crossed may still reach score and size for so long.
const DECIDE_WITHIN: Duration = Duration::from_secs(2);
/// So far from the box round the line an object is near it, in heights of its
/// box.
const NEAR: f32 = 1.0;

#[derive(Debug)]
pub(super) struct CrossLine {
    line_id: LineId,
    ways: Ways,
    bounds: NormBox,
    crossings: Crossings,
    near: Vec<(TrackId, Marks)>,
    recent: Vec<Recent>,
}

/// A crossing whose event is open, or may still begin.
#[derive(Debug)]
struct Recent {
    track_id: TrackId,
    way: Crossing,
    at: Timestamp,
    subject: Subject,
    case: Case,
}

impl CrossLine {
    pub(super) fn new(path: &Path, ways: Ways) -> Self {
        let points = path.line().line.points();
        let at = |idx: usize| {
            NormBox::from_xyxy(points[idx].x, points[idx].y, points[idx].x, points[idx].y)
        };
        CrossLine {
            line_id: path.line().line_id,
            ways,
            bounds: (0..points.len()).map(at).fold(at(0), NormBox::union),
            crossings: Crossings::new(path.clone()),
            near: Vec::new(),
            recent: Vec::new(),
        }
    }

    fn is_near(&self, bbox: NormBox) -> bool {
        let reach = NEAR * bbox.height();
        bbox.x1() <= self.bounds.x2() + reach
            && bbox.x2() >= self.bounds.x1() - reach
            && bbox.y1() <= self.bounds.y2() + reach
            && bbox.y2() >= self.bounds.y1() - reach
    }

    fn marks_of(&self, track_id: TrackId) -> Option<&Marks> {
        let found = self.near.binary_search_by_key(&track_id, |(id, _)| *id);
        found.ok().map(|idx| &self.near[idx].1)
    }

    /// Follows the scores of objects near the line.
    fn follow(&mut self, head: &Head, look: &Look<'_>) {
        let view = look.view;
        if self.near.len() >= MAX_NEAR {
            self.near
                .retain(|(track_id, _)| view.living(*track_id).is_some());
        }
        for (idx, track) in view.tracks.iter().enumerate() {
            let is_seen = matches!(track.state, TrackState::Confirmed | TrackState::Tentative);
            if !is_seen || !self.is_near(track.bbox) {
                continue;
            }
            let found = self
                .near
                .binary_search_by_key(&track.track_id, |(id, _)| *id);
            let position = match found {
                Ok(position) => position,
                Err(_) if self.near.len() >= MAX_NEAR => continue,
                Err(position) => {
                    self.near
                        .insert(position, (track.track_id, Marks::default()));
                    position
                }
            };
            head.rule
                .filter
                .admits(&mut self.near[position].1, view, idx);
        }
    }

    fn detail(&self, way: Crossing) -> EventDetail {
        EventDetail {
            line_id: Some(self.line_id),
            crossing: Some(way),
            ..EventDetail::default()
        }
    }

    /// Takes down that `track` has crossed. An event of its crossing before,
    /// the same way, ends.
    fn cross(
        &mut self,
        track: &Track,
        way: Crossing,
        head: &mut Head,
        at: Timestamp,
        desk: &mut Desk<'_>,
    ) {
        let same = self
            .recent
            .iter()
            .position(|recent| recent.track_id == track.track_id && recent.way == way);
        let is_full = self.recent.len() >= MAX_RECENT;
        if let Some(idx) = same.or(is_full.then_some(0)) {
            let mut old = self.recent.remove(idx);
            let own = crossed_gate(Some(old.way), self.ways);
            old.case.end(
                head,
                EndReason::Past,
                at,
                old.at,
                &|| Some(own.clone()),
                desk,
            );
        }
        self.recent.push(Recent {
            track_id: track.track_id,
            way,
            at,
            subject: Subject {
                detail: self.detail(way),
                ..Subject::of(track)
            },
            case: Case::default(),
        });
    }
}

impl Kind for CrossLine {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        let (view, at) = (look.view, look.at());
        self.follow(head, look);
        for track in view.tracks {
            let anchor = head.rule.filter.anchor.point(track.bbox);
            if let Some(way) = self.crossings.step_at(track, anchor, at)
                && self.ways.contains(way)
            {
                self.cross(track, way, head, at, desk);
            }
        }
        let (near, ways) = (&self.near, self.ways);
        for recent in &mut self.recent {
            let passed = at.saturating_since(recent.at);
            let idx = view.idx_of(recent.track_id);
            let marks = near
                .binary_search_by_key(&recent.track_id, |(id, _)| *id)
                .map_or_else(|_| Marks::default(), |position| near[position].1);
            if let Some(idx) = idx {
                recent.subject = Subject {
                    detail: recent.subject.detail,
                    ..Subject::of(&view.tracks[idx])
                };
            }
            let is_wanted =
                idx.is_some_and(|idx| head.rule.filter.admits(&mut marks.clone(), view, idx));
            let verdict = if recent.case.is_open() && passed >= head.rule.grace {
                Verdict::Over(EndReason::Past)
            } else if is_wanted && passed <= DECIDE_WITHIN {
                Verdict::Happens
            } else {
                Verdict::Waits
            };
            let own = crossed_gate(Some(recent.way), ways);
            let news = News {
                verdict,
                subject: recent.subject,
                at,
                last: recent.at,
                own: &|| Some(own.clone()),
            };
            let why = |head: &Head| {
                let mut why =
                    idx.map_or_else(Vec::new, |idx| head.rule.filter.gates(marks, view, idx));
                why.push(own.clone());
                why.extend(head.gates(at));
                why
            };
            recent.case.advance(head, &news, why, desk);
        }
        self.recent.retain(|recent| {
            let may_begin =
                !recent.case.is_spent() && at.saturating_since(recent.at) <= DECIDE_WITHIN;
            recent.case.is_open() || may_begin
        });
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        for mut recent in self.recent.drain(..) {
            recent.case.end(head, reason, at, recent.at, &|| None, desk);
        }
    }

    fn is_active(&self) -> bool {
        self.recent.iter().any(|recent| recent.case.is_open())
    }

    fn n_refused(&self) -> u64 {
        self.crossings.n_refused()
    }

    fn explain(
        &self,
        head: &Head,
        look: &Look<'_>,
        _now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>) {
        let objects = look.view.tracks.iter().enumerate().map(|(idx, track)| {
            let marks = self.marks_of(track.track_id).copied().unwrap_or_default();
            let mut gates = head.rule.filter.gates(marks, look.view, idx);
            let recent = self
                .recent
                .iter()
                .rfind(|recent| recent.track_id == track.track_id);
            gates.push(crossed_gate(recent.map(|recent| recent.way), self.ways));
            gates.extend(head.gates(look.at()));
            ObjectExplanation {
                track_id: track.track_id,
                class: track.class,
                bbox: track.bbox,
                gates,
            }
        });
        (head.gates(look.at()), objects.collect())
    }
}

fn crossed_gate(way: Option<Crossing>, ways: Ways) -> Gate {
    let text = match way {
        Some(Crossing::LeftToRight) => "from left to right",
        Some(Crossing::RightToLeft) => "from right to left",
        None => "",
    };
    let outcome = asked(way.is_some(), text, || {
        let asked = match ways {
            Ways::Both => "",
            Ways::LeftToRight => " from left to right",
            Ways::RightToLeft => " from right to left",
        };
        format!("has not crossed{asked} just now")
    });
    gate("crossed", outcome)
}
