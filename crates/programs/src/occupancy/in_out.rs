//! Entries minus exits: crossings of the chosen lines, reconciled with who is
//! seen in the place, and the rows of both.

use std::time::Duration;

use types::{CameraId, ClassSet, Count, Crossing, Metric, Timestamp, TrackState};

use super::BalanceConfig;
use super::balance::{Balance, Seen};
use super::gauge::Gauge;
use super::median::Median;
use crate::counting::{Interval, LineWatch};
use crate::site::{Anchor, Place, Site};
use crate::view::View;

/// Entries minus exits, and who is seen.
#[derive(Debug)]
pub(super) struct InOut {
    pub(super) config: BalanceConfig,
    pub(super) lines: LineWatch,
    pub(super) balance: Balance,
    median: Median,
    gauge: Gauge,
    /// Start of the present row, its interval, and entries and exits in it.
    started: Option<(Timestamp, Interval)>,
    n_in: u32,
    n_out: u32,
    /// Zones of the place, as drawn.
    places: Vec<Place>,
}

impl InOut {
    pub(super) fn new(config: BalanceConfig, interval: Duration) -> Self {
        InOut {
            lines: LineWatch::default(),
            balance: Balance::default(),
            median: Median::default(),
            gauge: Gauge::new(config.rule_id, interval, 0),
            started: None,
            n_in: 0,
            n_out: 0,
            places: Vec::new(),
            config,
        }
    }

    /// Takes the lines and zones of `site`; walks on lines that stay as drawn
    /// go on.
    pub(super) fn draw(&mut self, site: &Site) {
        let config = &self.config;
        let paths = site.paths().iter();
        self.lines
            .replace(paths.filter(|path| config.line_ids.contains(&path.line().line_id)));
        let places = site.places().iter();
        let chosen = places.filter(|place| config.zone_ids.contains(&place.zone().zone_id));
        self.places = chosen.cloned().collect();
    }

    pub(super) fn update(
        &mut self,
        view: &View<'_>,
        camera_id: &CameraId,
        counts: &mut Vec<Count>,
    ) {
        let at = view.at();
        self.tell_if_over(at, camera_id, counts);
        let length = self.gauge.length();
        self.started
            .get_or_insert_with(|| (at, Interval::around(at, length)));
        let classes: ClassSet = self.config.classes;
        let is_wanted =
            |idx: usize| classes.contains(view.tracks[idx].class) && !view.is_masked(idx);
        for crossed in self.lines.update(view, is_wanted) {
            self.balance.cross(crossed.way);
            match crossed.way {
                Crossing::LeftToRight => self.n_in += 1,
                Crossing::RightToLeft => self.n_out += 1,
            }
        }
        if !self.places.is_empty() {
            let seen = self.who_is_there(view, is_wanted);
            self.balance.reconcile(at, seen);
        }
        self.gauge
            .set(at, self.balance.n_inside(), camera_id, counts);
    }

    /// A person counted `n_inside`: how many it was before, and the row that
    /// tells the difference, unless there is none.
    pub(super) fn correct(
        &mut self,
        n_inside: u32,
        now: Timestamp,
        camera_id: &CameraId,
    ) -> (u32, Option<Count>) {
        let before = self.balance.n_inside();
        self.balance.set(n_inside);
        let after = self.balance.n_inside();
        let (metric, number) = if after > before {
            (Metric::InByHand, after - before)
        } else {
            (Metric::OutByHand, before - after)
        };
        let interval = Interval::around(now, self.gauge.length());
        let row = (number > 0).then(|| Count {
            camera_id: camera_id.clone(),
            rule_id: self.config.rule_id,
            metric,
            class: None,
            from: interval.from,
            until: interval.until,
            value: f64::from(number),
        });
        (before, row)
    }

    pub(super) fn tick(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        self.median.clear();
        self.gauge.tick(now, camera_id, counts);
        self.tell_if_over(now, camera_id, counts);
    }

    pub(super) fn finish(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        self.gauge.finish(now, camera_id, counts);
        self.tell(now, camera_id, counts);
    }

    fn who_is_there(&mut self, view: &View<'_>, is_wanted: impl Fn(usize) -> bool) -> Seen {
        let (mut n_seen, mut n_followed) = (0, 0);
        for (idx, track) in view.tracks.iter().enumerate() {
            let is_there = |place: &Place| place.holds(track.bbox, Anchor::Foot);
            if is_wanted(idx)
                && track.state != TrackState::Ended
                && self.places.iter().any(is_there)
            {
                n_followed += 1;
                n_seen += u32::from(track.state == TrackState::Confirmed);
            }
        }
        Seen {
            n_present: self.median.update(view.at(), n_seen),
            is_surely_empty: n_followed == 0 && view.scene.picture.problems.is_empty(),
        }
    }

    fn tell_if_over(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        if self
            .started
            .is_some_and(|(_, interval)| interval.is_over(now))
        {
            self.tell(now, camera_id, counts);
        }
    }

    /// Tells entries and exits of the present interval, or of what `now` has
    /// left of it.
    fn tell(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some((from, interval)) = self.started.take() else {
            return;
        };
        let numbers = [(Metric::In, self.n_in), (Metric::Out, self.n_out)];
        (self.n_in, self.n_out) = (0, 0);
        counts.extend(numbers.map(|(metric, number)| Count {
            camera_id: camera_id.clone(),
            rule_id: self.config.rule_id,
            metric,
            class: None,
            from,
            until: now.clamp(from, interval.until),
            value: f64::from(number),
        }));
    }
}
