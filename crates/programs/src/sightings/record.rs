//! All that is known of one followed object.

use std::time::Duration;

use types::{
    CameraId, Class, LineId, NormBox, NormPoint, ProgramKind, Sighting, Timestamp, Track, TrackId,
    ZoneId,
};

use super::votes::Votes;
use crate::site::ground::Ground;
use crate::view::distance_heights;

/// Most zones and most lines remembered of one object.
const MAX_PLACES: usize = 64;
/// An object has a heading once it has gone so far, in heights of its box.
const MIN_TRAVEL: f32 = 0.5;
/// Time over which one speed is measured.
const SPEED_OVER: Duration = Duration::from_secs(1);
/// Two sightings farther apart than this measure no speed.
const MAX_SPEED_GAP: Duration = Duration::from_secs(3);
/// Most measured speeds kept; then every second one goes.
const MAX_SPEEDS: usize = 64;
/// How much a foot jitters, in heights of the box.
const FOOT_JITTER: f32 = 0.02;
/// A measured speed may be wrong by so much of itself, or by
/// [`MAX_ERROR_MPS`]; vaguer ones are left aside.
const MAX_ERROR_SHARE: f64 = 0.3;
const MAX_ERROR_MPS: f64 = 0.5;

/// One followed object.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) track_id: TrackId,
    pub(super) class: Class,
    score: f32,
    pub(super) first_seen_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    pub(super) confirmed_at: Timestamp,
    pub(super) first_bbox: NormBox,
    pub(super) bbox: NormBox,
    zone_ids: Vec<ZoneId>,
    line_ids: Vec<LineId>,
    speeds: Vec<f32>,
    /// Where and when the present measurement of speed began.
    speed_from: (NormPoint, Timestamp),
    pub(super) votes: Votes,
    /// Whether it was once in a chosen zone and tall enough.
    pub(super) is_fit: bool,
    pub(super) is_told: bool,
    /// Its number among the visitors.
    pub(super) visitor_no: Option<u64>,
}

impl Record {
    /// Begins with `track`, just confirmed.
    pub(super) fn new(track: &Track, at: Timestamp) -> Self {
        Record {
            track_id: track.track_id,
            class: track.class,
            score: track.score,
            first_seen_at: track.first_seen_at,
            last_seen_at: track.last_seen_at,
            confirmed_at: at,
            first_bbox: track.bbox,
            bbox: track.bbox,
            zone_ids: Vec::new(),
            line_ids: Vec::new(),
            speeds: Vec::new(),
            speed_from: (track.bbox.bottom_centre(), track.last_seen_at),
            votes: Votes::default(),
            is_fit: false,
            is_told: false,
            visitor_no: None,
        }
    }

    /// Takes the next sighting; `class` where it is one of those wanted.
    pub(super) fn see(&mut self, track: &Track, class: Option<Class>, ground: Option<&Ground>) {
        if let Some(class) = class {
            self.class = class;
            self.score = track.score;
        }
        self.bbox = track.bbox;
        self.last_seen_at = track.last_seen_at.max(self.last_seen_at);
        self.measure(ground);
    }

    pub(super) fn enter(&mut self, zone_id: ZoneId) {
        if self.zone_ids.len() < MAX_PLACES && !self.zone_ids.contains(&zone_id) {
            self.zone_ids.push(zone_id);
        }
    }

    pub(super) fn cross(&mut self, line_id: LineId) {
        if self.line_ids.len() < MAX_PLACES {
            self.line_ids.push(line_id);
        }
    }

    pub(super) fn is_in_a_zone(&self) -> bool {
        !self.zone_ids.is_empty()
    }

    /// What is known so far.
    pub(super) fn sighting(
        &self,
        camera_id: &CameraId,
        program: ProgramKind,
        aspect: f32,
        has_attributes: bool,
        is_final: bool,
    ) -> Sighting {
        Sighting {
            camera_id: camera_id.clone(),
            program,
            track_id: self.track_id,
            class: self.class,
            score: self.score,
            first_seen_at: self.first_seen_at,
            last_seen_at: self.last_seen_at,
            is_final,
            heading_deg: self.heading_deg(aspect),
            speed_mps: self.speed_mps(),
            zone_ids: self.zone_ids.clone(),
            line_ids: self.line_ids.clone(),
            appearance: self.votes.appearance(has_attributes),
        }
    }

    fn heading_deg(&self, aspect: f32) -> Option<f32> {
        let (from, to) = (self.first_bbox.bottom_centre(), self.bbox.bottom_centre());
        let height = self.first_bbox.height().max(self.bbox.height());
        let has_moved = distance_heights(from, to, aspect) >= MIN_TRAVEL * height;
        let right = (to.x - from.x) * aspect;
        let up = from.y - to.y;
        has_moved.then(|| right.atan2(up).to_degrees().rem_euclid(360.0))
    }

    /// The median of the measured speeds.
    fn speed_mps(&self) -> Option<f32> {
        let mut speeds = self.speeds.clone();
        speeds.sort_by(f32::total_cmp);
        speeds.get(speeds.len() / 2).copied()
    }

    fn measure(&mut self, ground: Option<&Ground>) {
        let Some(ground) = ground else { return };
        let (from, since) = self.speed_from;
        let time = self.last_seen_at.saturating_since(since);
        if time < SPEED_OVER {
            return;
        }
        let to = self.bbox.bottom_centre();
        self.speed_from = (to, self.last_seen_at);
        if time > MAX_SPEED_GAP {
            return;
        }
        let jitter = FOOT_JITTER * self.bbox.height();
        let Some(speed) = ground.speed(from, to, time, jitter) else {
            return;
        };
        if speed.error > MAX_ERROR_MPS && speed.error > MAX_ERROR_SHARE * speed.value {
            return;
        }
        if self.speeds.len() >= MAX_SPEEDS {
            let mut idx = 0;
            self.speeds.retain(|_| {
                idx += 1;
                idx % 2 == 0
            });
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 100 m/s")]
        self.speeds.push(speed.value as f32);
    }
}
