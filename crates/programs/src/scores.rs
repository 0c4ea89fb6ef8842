//! How sure the detector was of the objects in each zone, so that people see
//! what another sensitivity would let in.
//!
//! In: scenes. Out: [`ScoreCount`]s since the last call: each object that was
//! confirmed counts once it is gone, anywhere and in each zone where its foot
//! was, with the best score that it had there. What a mask covers does not
//! count, as for the rules.
//!
//! Zones are asked twice a second: scores are means over recent detections and
//! change slowly.
//!
//! Not here: storing, other conditions of rules.

use std::collections::BTreeMap;
use std::time::Duration;

use types::{Class, Scene, ScoreCount, Timestamp, TrackId, TrackState, ZoneId};

use crate::site::{Anchor, Site};

/// Time between two looks at who is in which zone.
const RHYTHM: Duration = Duration::from_millis(490);
/// Most objects that are followed; others do not count.
const MAX_OBJECTS: usize = 512;

/// Collects the scores of one camera's objects.
#[derive(Debug, Default)]
pub struct ScoreLog {
    objects: BTreeMap<TrackId, Object>,
    looked_at: Option<Timestamp>,
    bins: BTreeMap<(Option<ZoneId>, Class), [u32; ScoreCount::N_BINS]>,
}

#[derive(Debug)]
struct Object {
    class: Class,
    /// Best score anywhere, and by zone.
    best: f32,
    by_zone: Vec<(ZoneId, f32)>,
    is_present: bool,
}

impl ScoreLog {
    /// Advances to the next scene.
    pub fn update(&mut self, scene: &Scene, site: &Site) {
        let at = scene.captured_at;
        let is_due = self
            .looked_at
            .is_none_or(|looked| at < looked || at.saturating_since(looked) >= RHYTHM);
        if !is_due {
            return;
        }
        self.looked_at = Some(at);
        for object in self.objects.values_mut() {
            object.is_present = false;
        }
        for track in &scene.tracks {
            let is_known = self.objects.contains_key(&track.track_id);
            let is_new = track.state == TrackState::Confirmed
                && self.objects.len() < MAX_OBJECTS
                && !site.masks().iter().any(|mask| mask.covers(track));
            if track.state == TrackState::Ended || !(is_known || is_new) {
                continue;
            }
            let object = self.objects.entry(track.track_id).or_insert(Object {
                class: track.class,
                best: 0.0,
                by_zone: Vec::new(),
                is_present: true,
            });
            object.is_present = true;
            if track.state == TrackState::Confirmed {
                object.class = track.class;
                object.best = object.best.max(track.score);
                for place in site.places() {
                    if place.holds(track.bbox, Anchor::Foot) {
                        object.see_in(place.zone().zone_id, track.score);
                    }
                }
            }
        }
        let gone = self.objects.extract_if(.., |_, object| !object.is_present);
        for (_, object) in gone {
            book(&mut self.bins, &object);
        }
    }

    /// Numbers since the last call.
    pub fn take(&mut self) -> Vec<ScoreCount> {
        let bins = std::mem::take(&mut self.bins);
        bins.into_iter()
            .map(|((zone_id, class), bins)| ScoreCount {
                zone_id,
                class,
                bins,
            })
            .collect()
    }
}

impl Object {
    fn see_in(&mut self, zone_id: ZoneId, score: f32) {
        match self.by_zone.iter_mut().find(|(known, _)| *known == zone_id) {
            Some((_, best)) => *best = best.max(score),
            None => self.by_zone.push((zone_id, score)),
        }
    }
}

fn book(bins: &mut BTreeMap<(Option<ZoneId>, Class), [u32; ScoreCount::N_BINS]>, object: &Object) {
    let zones = object
        .by_zone
        .iter()
        .map(|(zone_id, best)| (Some(*zone_id), *best));
    for (zone_id, best) in zones.chain([(None, object.best)]) {
        let bins = bins
            .entry((zone_id, object.class))
            .or_insert([0; ScoreCount::N_BINS]);
        let bin = &mut bins[bin_of(best)];
        *bin = bin.saturating_add(1);
    }
}

/// A score of 0.57 is in bin 57, also where it is stored a little below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=99; not-a-number becomes 0"
)]
fn bin_of(score: f32) -> usize {
    let last = ScoreCount::N_BINS - 1;
    ((score * ScoreCount::N_BINS as f32 + 1e-3).clamp(0.0, last as f32) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use types::{NormBox, NormPoint, Polygon, Track, Zone};

    use super::*;
    use crate::site::Drawing;

    /// Zone 1 is the left half.
    fn site() -> Site {
        let corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];
        Site::new(Drawing {
            zones: vec![Zone {
                zone_id: ZoneId(1),
                name: "left".into(),
                polygon: Polygon::new(corners.map(|(x, y)| NormPoint::new(x, y)).to_vec()).unwrap(),
            }],
            ..Drawing::default()
        })
        .unwrap()
    }

    fn track(id: u64, x: f32, score: f32, state: TrackState) -> Track {
        Track {
            track_id: TrackId(id),
            state,
            bbox: NormBox::from_xyxy(x - 0.05, 0.5, x + 0.05, 0.7),
            class: Class::Person,
            score,
            first_seen_at: Timestamp::from_secs(0),
            last_seen_at: Timestamp::from_secs(0),
            velocity: (0.0, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        }
    }

    /// Bins that are not empty.
    type Filled = Vec<(usize, u32)>;

    fn told(log: &mut ScoreLog) -> Vec<(Option<u32>, Filled)> {
        let counts = log.take().into_iter().map(|count| {
            let bins = count.bins.into_iter().enumerate();
            (
                count.zone_id.map(|zone_id| zone_id.0),
                bins.filter(|(_, n)| *n > 0).collect(),
            )
        });
        counts.collect()
    }

    #[test]
    fn object_counts_once_when_it_is_gone_with_its_best_score_of_each_place() {
        use TrackState::{Confirmed, Ended, Lost, Tentative};
        let (site, mut log) = (site(), ScoreLog::default());
        let scenes = [
            vec![
                track(1, 0.2, 0.57, Confirmed),
                track(2, 0.8, 0.9, Tentative),
            ],
            vec![track(1, 0.2, 0.5, Confirmed), track(3, 0.7, 1.0, Confirmed)],
            vec![track(1, 0.7, 0.64, Confirmed), track(3, 0.7, 0.2, Lost)],
            vec![track(1, 0.7, 0.64, Ended)],
        ];
        for (second, tracks) in (0..).zip(scenes) {
            assert_eq!(told(&mut log), []);
            log.update(
                &Scene {
                    captured_at: Timestamp::from_secs(second),
                    tracks,
                    ..Scene::default()
                },
                &site,
            );
        }
        assert_eq!(
            told(&mut log),
            [(None, vec![(64, 1), (99, 1)]), (Some(1), vec![(57, 1)])]
        );
        assert_eq!(told(&mut log), []);
    }
}
