//! AI motion detection: rules about zones, lines, things and the picture.
//!
//! In: scenes, the time while none arrives. Out: events. What concerns several
//! rules is found once per scene: who is in which zone (`view`), where objects
//! rest (`resting`). Each kind of rule is a small file that says when its
//! condition holds; the life of an event (`life`) and of a visit's event
//! (`by_visit`) is the same for all.
//!
//! An event's track is the one that began it, also when another track has
//! taken over its visit: its best shot belongs to that one.
//!
//! Not here: counts, sightings.

use std::sync::Arc;
use std::time::Duration;

use types::{BestShot, CameraId, Event, EventIds, Gate, Scene, StillChangeKind, Timestamp, ZoneId};

mod rule;
mod sensitivity;
mod resting;
mod kind;
mod life;
mod by_visit;
mod intruder;
mod loitering;
mod direction;
mod u_turn;
mod enter;
mod exit;
mod stopped;
mod sequence;
mod cross_line;
mod count_over;
mod thing;
mod picture;
mod signal;
#[cfg(test)]
mod tests;

pub use self::rule::{ConfigError, Rule, VmdConfig, Ways, What};
pub use self::sensitivity::{DEFAULT_SENSITIVITY, min_score};

use self::by_visit::ByVisit;
use self::kind::{Kind, Look, Spot};
use self::life::{Desk, EndReason, Head};
use self::resting::RestingPlaces;
use crate::filter::{asked, gate};
use crate::site::{Anchor, Site};
use crate::view::{Subset, View};
use crate::{Explanation, Output, Program};

/// Without a scene for this long the video counts as stopped and open events
/// end. Shorter pauses are everyday life of a network.
const VIDEO_STOPPED_AFTER: Duration = Duration::from_secs(10);

/// The VMD program of one camera.
#[derive(Debug)]
pub struct Vmd {
    camera_id: CameraId,
    ids: EventIds,
    site: Arc<Site>,
    rules: Vec<AtWork>,
    crowds: Vec<Crowd>,
    resting: RestingPlaces,
    last_scene: Option<Scene>,
    /// Tracks beyond what is looked at.
    n_ignored: u64,
}

/// A rule at work.
#[derive(Debug)]
struct AtWork {
    head: Head,
    kind: Box<dyn Kind>,
    /// Which of the crowds it is about, and which comes before.
    crowd_idx: Option<usize>,
    first_idx: Option<usize>,
}

/// Who is in one zone (or in the picture) by one anchor.
#[derive(Debug)]
struct Crowd {
    place_idx: Option<usize>,
    anchor: Anchor,
    inside: Subset,
}

impl Vmd {
    /// A program without open events. `ids` names its events.
    ///
    /// # Errors
    /// The settings contradict themselves or are beyond a limit.
    pub fn new(camera_id: CameraId, config: VmdConfig, ids: EventIds) -> Result<Self, ConfigError> {
        let mut vmd = Vmd {
            camera_id,
            ids,
            site: Arc::clone(&config.site),
            rules: Vec::new(),
            crowds: Vec::new(),
            resting: RestingPlaces::default(),
            last_scene: None,
            n_ignored: 0,
        };
        vmd.take(config)?;
        Ok(vmd)
    }

    /// Takes new settings while running. Rules that did not change, about
    /// zones and lines that did not change, keep their memory: saving settings
    /// raises no alarm twice. The open events of all others end.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the present settings stay.
    pub fn replace_config(
        &mut self,
        config: VmdConfig,
        now: Timestamp,
    ) -> Result<Output, ConfigError> {
        let mut replaced = self.take(config)?;
        let mut desk = desk(&self.camera_id, &mut self.ids);
        for old in &mut replaced {
            old.kind
                .end_all(&mut old.head, now, EndReason::RuleStopped, &mut desk);
        }
        Ok(output(desk.events))
    }

    /// Tracks, visits, crossings and things that were not followed so far
    /// because there were too many.
    pub fn n_refused(&self) -> u64 {
        let n_refused: u64 = self.rules.iter().map(|rule| rule.kind.n_refused()).sum();
        n_refused + self.n_ignored
    }

    /// Puts `config` in force; returns the rules that are no longer.
    fn take(&mut self, config: VmdConfig) -> Result<Vec<AtWork>, ConfigError> {
        config.check()?;
        let old_site = std::mem::replace(&mut self.site, config.site);
        let mut old_rules = std::mem::take(&mut self.rules);
        self.crowds.clear();
        for rule in config.rules {
            let what = &rule.what;
            let is_drawn_same = [what.zone_id(), what.first_zone_id()]
                .into_iter()
                .flatten()
                .all(|zone_id| old_site.place(zone_id) == self.site.place(zone_id))
                && what
                    .line_id()
                    .is_none_or(|line_id| old_site.path(line_id) == self.site.path(line_id));
            let unchanged = old_rules
                .iter()
                .position(|old| is_drawn_same && old.head.rule == rule);
            let (head, kind) = match unchanged {
                Some(old_idx) => {
                    let old = old_rules.remove(old_idx);
                    (old.head, old.kind)
                }
                None => {
                    let kind = kind_of(&rule, &self.site);
                    (Head::new(rule), kind)
                }
            };
            let anchor = head.rule.filter.anchor;
            let what = &head.rule.what;
            let (zone_id, first_id) = (what.zone_id(), what.first_zone_id());
            let has_place =
                zone_id.is_some() || matches!(what, What::Direction { .. } | What::UTurn { .. });
            let crowd_idx = has_place.then(|| self.crowd(zone_id, anchor));
            let first_idx = first_id.map(|zone_id| self.crowd(Some(zone_id), anchor));
            self.rules.push(AtWork {
                head,
                kind,
                crowd_idx,
                first_idx,
            });
        }
        Ok(old_rules)
    }

    /// Where the crowd in `zone_id` by `anchor` is kept.
    fn crowd(&mut self, zone_id: Option<ZoneId>, anchor: Anchor) -> usize {
        let place_idx = zone_id.and_then(|zone_id| {
            let mut places = self.site.places().iter();
            places.position(|place| place.zone().zone_id == zone_id)
        });
        let known = self
            .crowds
            .iter()
            .position(|crowd| crowd.place_idx == place_idx && crowd.anchor == anchor);
        known.unwrap_or_else(|| {
            self.crowds.push(Crowd {
                place_idx,
                anchor,
                inside: Subset::default(),
            });
            self.crowds.len() - 1
        })
    }

    fn end_all(&mut self, at: Timestamp, reason: EndReason) -> Output {
        let mut desk = desk(&self.camera_id, &mut self.ids);
        for rule in &mut self.rules {
            rule.kind.end_all(&mut rule.head, at, reason, &mut desk);
        }
        output(desk.events)
    }
}

impl Program for Vmd {
    fn update(&mut self, scene: &Scene, _shots: &[BestShot]) -> Output {
        let at = scene.captured_at;
        let view = View::new(scene, &self.site);
        self.n_ignored += (scene.tracks.len() - view.tracks.len()) as u64;
        self.resting.update(&view);
        for crowd in &mut self.crowds {
            let place = crowd.place_idx.map(|idx| &self.site.places()[idx]);
            view.inside(place, crowd.anchor, &mut crowd.inside);
        }
        let nobody = Subset::default();
        let mut desk = desk(&self.camera_id, &mut self.ids);
        for rule in &mut self.rules {
            if !rule.head.is_on(at) && rule.kind.is_active() {
                rule.kind
                    .end_all(&mut rule.head, at, EndReason::OffBySchedule, &mut desk);
            }
            rule.head.see(&scene.picture);
            let crowds = (rule.crowd_idx, rule.first_idx);
            let look = look(&view, &self.crowds, crowds, &self.resting, &nobody);
            rule.kind.update(&mut rule.head, &look, &mut desk);
        }
        match &mut self.last_scene {
            Some(last) => last.clone_from(scene),
            None => self.last_scene = Some(scene.clone()),
        }
        output(desk.events)
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        let last_scene_at = self.last_scene.as_ref().map(|scene| scene.captured_at);
        let is_stopped =
            last_scene_at.is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        let mut desk = desk(&self.camera_id, &mut self.ids);
        for AtWork { head, kind, .. } in &mut self.rules {
            if kind.is_about_silence() {
                if !head.is_on(now) {
                    kind.end_all(head, now, EndReason::OffBySchedule, &mut desk);
                }
                kind.tick(head, now, last_scene_at, &mut desk);
            } else if is_stopped {
                kind.end_all(head, now, EndReason::NoVideo, &mut desk);
            }
        }
        output(desk.events)
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        self.end_all(now, EndReason::RuleStopped)
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        let mut zone_ids: Vec<ZoneId> = self
            .rules
            .iter()
            .filter(|rule| rule.kind.is_active())
            .filter_map(|rule| rule.head.rule.what.zone_id())
            .collect();
        zone_ids.sort_unstable();
        zone_ids.dedup();
        zone_ids
    }

    fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        let nothing = Scene::default();
        let scene = self.last_scene.as_ref().unwrap_or(&nothing);
        let view = View::new(scene, &self.site);
        let crowds: Vec<Crowd> = self.crowds.iter().map(|crowd| crowd.of(&view)).collect();
        let nobody = Subset::default();
        let before = scene_gates(self.last_scene.as_ref(), now);
        let explain = |rule: &AtWork| {
            let indices = (rule.crowd_idx, rule.first_idx);
            let look = look(&view, &crowds, indices, &self.resting, &nobody);
            let (gates, objects) = rule.kind.explain(&rule.head, &look, now);
            let what = &rule.head.rule.what;
            let is_about_picture = !rule.kind.is_about_silence();
            let before = before.iter().filter(|_| is_about_picture).cloned();
            Explanation {
                rule_id: rule.head.rule.rule_id,
                rule_name: rule.head.rule.name.clone(),
                kind: what.kind(),
                zone_id: what.zone_id(),
                line_id: what.line_id(),
                is_active: rule.kind.is_active(),
                gates: before.chain(gates).collect(),
                objects,
            }
        };
        self.rules.iter().map(explain).collect()
    }
}

impl Crowd {
    /// The same crowd as of `view`.
    fn of(&self, view: &View<'_>) -> Self {
        let mut inside = Subset::default();
        let place = self.place_idx.map(|idx| &view.site.places()[idx]);
        view.inside(place, self.anchor, &mut inside);
        Crowd {
            place_idx: self.place_idx,
            anchor: self.anchor,
            inside,
        }
    }
}

/// One rule's look at the scene of `view`.
fn look<'a>(
    view: &'a View<'a>,
    crowds: &'a [Crowd],
    (crowd_idx, first_idx): (Option<usize>, Option<usize>),
    resting: &'a RestingPlaces,
    nobody: &'a Subset,
) -> Look<'a> {
    let spot = |idx: usize| Spot {
        place: crowds[idx].place_idx.map(|idx| &view.site.places()[idx]),
        inside: &crowds[idx].inside,
    };
    let nowhere = Spot {
        place: None,
        inside: nobody,
    };
    Look {
        view,
        spot: crowd_idx.map_or(nowhere, spot),
        first: first_idx.map(spot),
        resting,
    }
}

/// A rule of its kind, without memory. `site` has all it refers to.
fn kind_of(rule: &Rule, site: &Site) -> Box<dyn Kind> {
    match rule.what {
        What::Intruder { dwell, .. } => Box::new(ByVisit::new(rule, intruder::Intruder { dwell })),
        What::Loitering {
            stay, is_in_total, ..
        } => Box::new(ByVisit::new(
            rule,
            loitering::Loitering::new(stay, is_in_total),
        )),
        What::Direction {
            heading_deg,
            tolerance_deg,
            min_travel,
            is_wrong_way,
            ..
        } => {
            let turn = if is_wrong_way { 180.0 } else { 0.0 };
            let ask = direction::Direction {
                heading_deg: (heading_deg + turn) % 360.0,
                tolerance_deg,
                min_travel,
            };
            Box::new(ByVisit::new(rule, ask))
        }
        What::UTurn {
            tolerance_deg,
            min_travel,
            ..
        } => {
            let ask = u_turn::UTurn {
                tolerance_deg,
                min_travel,
            };
            Box::new(ByVisit::new(rule, ask))
        }
        What::CrossLine { line_id, ways } => {
            let path = site.path(line_id).expect("`check` has seen the line");
            Box::new(cross_line::CrossLine::new(path, ways))
        }
        What::Enter { .. } => Box::new(ByVisit::new(rule, enter::Enter::default())),
        What::Exit { .. } => Box::new(ByVisit::new(rule, exit::Exit)),
        What::Stopped { still_for, .. } => {
            Box::new(ByVisit::new(rule, stopped::Stopped { still_for }))
        }
        What::ObjectLeft { still_for, .. } => {
            Box::new(thing::Things::new(StillChangeKind::Left, still_for))
        }
        What::ObjectRemoved { still_for, .. } => {
            Box::new(thing::Things::new(StillChangeKind::Removed, still_for))
        }
        What::CountOver {
            limit,
            lasting,
            waiting,
            ..
        } => Box::new(count_over::CountOver::new(rule, limit, lasting, waiting)),
        What::Sequence { first, within, .. } => Box::new(ByVisit::new(
            rule,
            sequence::Sequence::new(first, within, rule.grace),
        )),
        What::Picture {
            ref problems,
            lasting,
        } => Box::new(picture::Picture::new(problems, lasting)),
        What::SignalLost { after } => Box::new(signal::SignalLost::new(after)),
    }
}

/// What stands before all rules about pictures: whether one came, what moved
/// in it, and whether the detector looked.
fn scene_gates(scene: Option<&Scene>, now: Timestamp) -> Vec<Gate> {
    let Some(scene) = scene else {
        let outcome = asked(false, "", || "no picture so far".to_owned());
        return vec![gate("received", outcome)];
    };
    let age = now.saturating_since(scene.captured_at);
    let age_text = format!("{:.1} s ago", age.as_secs_f32());
    let percent = scene.motion.changed_share * 100.0;
    let moves = format!("{percent:.1} % of the picture");
    let follows = !scene.tracks.is_empty();
    vec![
        gate(
            "received",
            asked(age < VIDEO_STOPPED_AFTER, &age_text, || age_text.clone()),
        ),
        gate(
            "motion",
            match (scene.motion.is_global, scene.motion.boxes.is_empty()) {
                (true, _) => asked(false, "", || "the whole picture changed".to_owned()),
                (false, true) if follows => asked(true, "none, but objects are there", String::new),
                (false, true) => asked(false, "", || "nothing moves".to_owned()),
                (false, false) => asked(true, &moves, String::new),
            },
        ),
        gate(
            "detected",
            asked(
                follows,
                &format!("{} objects", scene.tracks.len()),
                || match scene.is_detected {
                    true => "the detector looked and found nothing".to_owned(),
                    false => "the detector did not look".to_owned(),
                },
            ),
        ),
    ]
}

fn desk<'a>(camera_id: &'a CameraId, ids: &'a mut EventIds) -> Desk<'a> {
    Desk {
        camera_id,
        ids,
        events: Vec::new(),
    }
}

fn output(events: Vec<Event>) -> Output {
    Output {
        events,
        ..Output::default()
    }
}
