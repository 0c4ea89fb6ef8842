//! Occupancy: how many are in a place, now and over time.
//!
//! In: scenes, the time while none arrives. Out: an event while an area holds
//! more than its threshold, rows of mean, peak and 95th percentile for each
//! interval, entries minus exits, heat maps, and live numbers.
//!
//! Present in an area is who was let in by a confirmed track of a chosen
//! class and stands there, or is lost there and expected back; a change of
//! identity does not count twice (`visits`). The number is the median of the
//! last two seconds (`median`).
//!
//! Only scenes move levels, so that a replay decides the same at any speed.
//!
//! Not here: crossings (`counting`), storing.

mod area;
mod balance;
mod config;
mod gauge;
mod heat;
mod in_out;
mod level;
mod median;
mod stays;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use types::{BestShot, CameraId, Count, EventIds, RuleId, Scene, Timestamp, TrackState, ZoneId};

pub use self::config::{Area, BalanceConfig, ConfigError, OccupancyConfig};
pub use self::heat::{HeatKind, HeatMap};
pub use self::level::{Level, Limits};

use self::area::{Desk, EndReason, Watched};
use self::heat::Heat;
use self::in_out::InOut;
use crate::view::View;
use crate::{Explanation, Output, Program};

/// Without a scene for this long the video counts as stopped.
const VIDEO_STOPPED_AFTER: Duration = Duration::from_secs(10);
/// How long a vanished object may come back as the same visit.
const GRACE: Duration = Duration::from_secs(2);
/// Most finished heat maps kept until they are taken; older ones are dropped
/// and counted.
const MAX_KEPT_MAPS: usize = 8;

/// The occupancy program of one camera.
#[derive(Debug)]
pub struct Occupancy {
    camera_id: CameraId,
    ids: EventIds,
    config: OccupancyConfig,
    areas: Vec<Watched>,
    in_out: Option<InOut>,
    heat: Heat,
    maps: VecDeque<HeatMap>,
    n_dropped_maps: u64,
    last_scene_at: Option<Timestamp>,
}

/// What the program shows now.
#[derive(Clone, Debug, PartialEq)]
pub struct OccupancyLive {
    /// Each area, in the order given.
    pub areas: Vec<AreaLive>,
    /// How many should be in the place by entries and exits, and by how many
    /// that was corrected since the start.
    pub balance: Option<(u32, u64)>,
}

/// What one area shows now.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaLive {
    /// Which area.
    pub rule_id: RuleId,
    /// Where.
    pub zone_id: ZoneId,
    /// How many are present, flicker removed, with `offset`.
    pub n_present: u32,
    /// How many of them a person has added (negative: taken off).
    pub offset: i32,
    /// How many are seen or expected right now, by [`types::Class::ALL`].
    pub by_class: [u32; 6],
    /// How full it is.
    pub level: Level,
    /// How long the one who is there longest has been.
    pub longest_stay: Duration,
}

impl Occupancy {
    /// A program without open events. `ids` names its events.
    ///
    /// # Errors
    /// The settings contradict themselves or are beyond a limit.
    pub fn new(
        camera_id: CameraId,
        config: OccupancyConfig,
        ids: EventIds,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut occupancy = Occupancy {
            camera_id,
            ids,
            areas: Vec::new(),
            in_out: None,
            heat: Heat::new(),
            maps: VecDeque::new(),
            n_dropped_maps: 0,
            last_scene_at: None,
            config: OccupancyConfig {
                areas: Vec::new(),
                balance: None,
                ..config.clone()
            },
        };
        occupancy.take(config, Timestamp::default());
        Ok(occupancy)
    }

    /// Takes new settings while running. Areas that did not change, about
    /// zones that did not change, go on; the open events of all others end and
    /// their numbers so far are told.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the present settings stay.
    pub fn replace_config(
        &mut self,
        config: OccupancyConfig,
        now: Timestamp,
    ) -> Result<Output, ConfigError> {
        config.check()?;
        Ok(self.take(config, now))
    }

    /// What pages show now.
    pub fn live(&self) -> OccupancyLive {
        OccupancyLive {
            areas: self.areas.iter().map(Watched::live).collect(),
            balance: self.in_out.as_ref().map(|in_out| {
                let balance = &in_out.balance;
                (balance.n_inside(), balance.n_corrected())
            }),
        }
    }

    /// A person counted how many are in the place: the number by entries and
    /// exits becomes it. Returns the number before and the row that tells the
    /// difference, for the caller to add to the stored one; `None` where no
    /// lines are chosen.
    pub fn correct_balance(
        &mut self,
        n_inside: u32,
        now: Timestamp,
    ) -> Option<(u32, Option<Count>)> {
        let in_out = self.in_out.as_mut()?;
        Some(in_out.correct(n_inside, now, &self.camera_id))
    }

    /// Heat maps of hours that are over, oldest first; each is given once.
    pub fn take_heat_maps(&mut self) -> Vec<HeatMap> {
        self.maps.drain(..).collect()
    }

    /// The heat maps of the present hour so far. They start at the same time
    /// as the finished ones will, which replace them in the store.
    pub fn heat_so_far(&self, now: Timestamp) -> Vec<HeatMap> {
        self.heat.so_far(now)
    }

    /// Heat maps lost so far because nobody took them.
    pub fn n_dropped_maps(&self) -> u64 {
        self.n_dropped_maps
    }

    /// Objects that were not counted so far because there were too many.
    pub fn n_refused(&self) -> u64 {
        let areas: u64 = self.areas.iter().map(Watched::n_refused).sum();
        areas
            + self
                .in_out
                .as_ref()
                .map_or(0, |in_out| in_out.lines.n_refused())
    }

    /// Puts a checked `config` in force.
    fn take(&mut self, config: OccupancyConfig, now: Timestamp) -> Output {
        let mut output = Output::default();
        let mut old = std::mem::take(&mut self.areas);
        let is_same_interval = config.interval == self.config.interval;
        for area in &config.areas {
            let place = config.site.place(area.zone_id);
            let place = place.expect("`check` has seen the zone").clone();
            let known = old
                .iter()
                .position(|old| is_same_interval && old.is_for(area, &place));
            let mut watched = match known {
                Some(idx) => old.remove(idx),
                None => Watched::new(area.clone(), place, config.interval),
            };
            watched.set_offset(area.offset);
            self.areas.push(watched);
        }
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for mut area in old {
            area.end(now, EndReason::RuleStopped, &mut desk);
            area.finish_rows(now, &mut desk);
        }
        self.take_in_out(&config, is_same_interval, now, &mut output.counts);
        self.config = config;
        output
    }

    fn take_in_out(
        &mut self,
        config: &OccupancyConfig,
        is_same_interval: bool,
        now: Timestamp,
        counts: &mut Vec<Count>,
    ) {
        let is_same = self.in_out.as_ref().map(|in_out| &in_out.config) == config.balance.as_ref();
        if !(is_same && is_same_interval) {
            if let Some(mut in_out) = self.in_out.take() {
                in_out.finish(now, &self.camera_id, counts);
            }
            self.in_out = config
                .balance
                .clone()
                .map(|balance| InOut::new(balance, config.interval));
        }
        if let Some(in_out) = &mut self.in_out {
            in_out.draw(&config.site);
        }
    }

    fn keep(&mut self, maps: Vec<HeatMap>) {
        for map in maps {
            if self.maps.len() >= MAX_KEPT_MAPS {
                self.maps.pop_front();
                self.n_dropped_maps += 1;
            }
            self.maps.push_back(map);
        }
    }

    fn update_heat(&mut self, view: &View<'_>) {
        let classes = self.config.heat_classes;
        if classes.is_empty() {
            return;
        }
        let feet = view
            .tracks
            .iter()
            .enumerate()
            .filter(|(idx, track)| {
                track.state == TrackState::Confirmed
                    && classes.contains(track.class)
                    && !view.is_masked(*idx)
            })
            .map(|(_, track)| (track.track_id, track.bbox.bottom_centre()));
        let over = self.heat.update(view.at(), feet);
        self.keep(over);
    }
}

impl Program for Occupancy {
    fn update(&mut self, scene: &Scene, _: &[BestShot]) -> Output {
        self.last_scene_at = Some(scene.captured_at);
        let site = self.config.site.clone();
        let view = View::new(scene, &site);
        let mut output = Output::default();
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for area in &mut self.areas {
            area.update(&view, &mut desk);
        }
        if let Some(in_out) = &mut self.in_out {
            in_out.update(&view, &self.camera_id, &mut output.counts);
        }
        self.update_heat(&view);
        output
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        let is_stopped = self
            .last_scene_at
            .is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        let mut output = Output::default();
        if !is_stopped {
            return output;
        }
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for area in &mut self.areas {
            area.tick(now, &mut desk);
        }
        if let Some(in_out) = &mut self.in_out {
            in_out.tick(now, &self.camera_id, &mut output.counts);
        }
        let over = self.heat.tick(now);
        self.keep(over);
        output
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        let mut output = Output::default();
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for area in &mut self.areas {
            area.end(now, EndReason::RuleStopped, &mut desk);
            area.finish_rows(now, &mut desk);
        }
        if let Some(in_out) = &mut self.in_out {
            in_out.finish(now, &self.camera_id, &mut output.counts);
        }
        let maps = self.heat.finish(now);
        self.keep(maps);
        output
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        let active = self.areas.iter().filter(|area| area.is_active());
        let mut zone_ids: Vec<ZoneId> = active.map(Watched::zone_id).collect();
        zone_ids.sort_unstable();
        zone_ids.dedup();
        zone_ids
    }

    fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        self.areas.iter().map(|area| area.explain(now)).collect()
    }
}
