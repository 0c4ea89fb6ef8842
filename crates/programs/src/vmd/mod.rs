//! AI motion detection: rules about zones.
//!
//! In: scenes, the time while none arrives. Out: events. Which track stands in
//! which zone is found once per scene, however many rules ask.
//!
//! An event's track is the one that began it, also when another track has
//! taken over its visit: its best shot belongs to that one.
//!
//! Not here: lines, counts, schedules.

use std::sync::Arc;
use std::time::Duration;

use types::{BestShot, CameraId, Event, EventIds, Scene, Timestamp, ZoneId};

mod config;
mod sensitivity;
mod intruder;
#[cfg(test)]
mod tests;

pub use self::config::{ConfigError, Rule, VmdConfig, What};
pub use self::sensitivity::{DEFAULT_SENSITIVITY, min_score};

use self::intruder::{Desk, EndReason, Intruder};
use crate::site::{Place, Site};
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
    rules: Vec<AtPlace>,
    last_scene_at: Option<Timestamp>,
}

/// A rule, and which of the places it is about.
#[derive(Debug)]
struct AtPlace {
    place_idx: usize,
    intruder: Intruder,
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
            last_scene_at: None,
        };
        vmd.take(config)?;
        Ok(vmd)
    }

    /// Takes new settings while running. Rules that did not change, about
    /// zones that did not change, keep their visits: saving settings raises no
    /// alarm twice. The open events of all others end.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the present settings stay.
    pub fn replace_config(
        &mut self,
        config: VmdConfig,
        now: Timestamp,
    ) -> Result<Output, ConfigError> {
        let replaced = self.take(config)?;
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            events: Vec::new(),
        };
        for (place, mut intruder) in replaced {
            intruder.end_all(&place, now, EndReason::RuleStopped, &mut desk);
        }
        Ok(output(desk.events))
    }

    /// Visits that were not followed so far because there were too many.
    pub fn n_refused(&self) -> u64 {
        self.rules
            .iter()
            .map(|rule| rule.intruder.n_refused())
            .sum()
    }

    /// Puts `config` in force; returns the rules that are no longer.
    fn take(&mut self, config: VmdConfig) -> Result<Vec<(Place, Intruder)>, ConfigError> {
        config.check()?;
        let old_site = std::mem::replace(&mut self.site, config.site);
        let mut old_rules = std::mem::take(&mut self.rules);
        for rule in config.rules {
            let What::Intruder { zone_id, .. } = rule.what;
            let places = self.site.places();
            let place_idx = places
                .iter()
                .position(|place| place.zone().zone_id == zone_id)
                .expect("`check` has seen the zone");
            let unchanged = old_rules.iter().position(|old| {
                old.intruder.rule == rule && old_site.places()[old.place_idx] == places[place_idx]
            });
            let intruder = match unchanged {
                Some(old_idx) => old_rules.remove(old_idx).intruder,
                None => Intruder::new(rule),
            };
            self.rules.push(AtPlace {
                place_idx,
                intruder,
            });
        }
        let replaced = old_rules.into_iter();
        Ok(replaced
            .map(|old| (old_site.places()[old.place_idx].clone(), old.intruder))
            .collect())
    }

    fn end_all(&mut self, at: Timestamp, reason: EndReason) -> Vec<Event> {
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            events: Vec::new(),
        };
        for rule in &mut self.rules {
            let place = &self.site.places()[rule.place_idx];
            rule.intruder.end_all(place, at, reason, &mut desk);
        }
        desk.events
    }
}

impl Program for Vmd {
    fn update(&mut self, scene: &Scene, _shots: &[BestShot]) -> Output {
        self.last_scene_at = Some(scene.captured_at);
        let view = View::new(scene, &self.site);
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            events: Vec::new(),
        };
        let mut inside = Subset::default();
        for rule in &mut self.rules {
            let place = &self.site.places()[rule.place_idx];
            view.inside(Some(place), rule.intruder.rule.filter.anchor, &mut inside);
            rule.intruder.update(&view, place, &inside, &mut desk);
        }
        output(desk.events)
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        let is_stopped = self
            .last_scene_at
            .is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        if is_stopped {
            output(self.end_all(now, EndReason::NoVideo))
        } else {
            Output::default()
        }
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        output(self.end_all(now, EndReason::RuleStopped))
    }

    fn explain(&self, _now: Timestamp) -> Vec<Explanation> {
        Vec::new()
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        let mut zone_ids: Vec<ZoneId> = self
            .rules
            .iter()
            .filter(|rule| rule.intruder.is_active())
            .map(|rule| self.site.places()[rule.place_idx].zone().zone_id)
            .collect();
        zone_ids.sort_unstable();
        zone_ids.dedup();
        zone_ids
    }
}

fn output(events: Vec<Event>) -> Output {
    Output {
        events,
        ..Output::default()
    }
}
