//! Which clips have to go, and which files nobody wants any more.
//!
//! In: what alarms claim, which segments there are, how long and how much each
//! camera may keep. Out: claims that end, and why; segments to remove. A segment
//! stays as long as any claim wants a picture of it.
//!
//! Time comes from the caller.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store::{Clip, ClipGone};
use types::{CameraId, EventId, Timestamp};

use super::book::Segment;

/// Newer segments stay, wanted or not: their alarm may not be stored yet.
const NEW: Duration = Duration::from_secs(60);

/// How much of one camera is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// For how long.
    pub(crate) keep: Duration,
    /// How many bytes.
    pub(crate) max_bytes: u64,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Claims that end.
    pub(super) gone: Vec<(EventId, ClipGone)>,
    /// Segments that nobody wants.
    pub(super) unwanted: Vec<(CameraId, Timestamp)>,
}

/// A segment that somebody wants.
struct Wanted<'a> {
    camera_id: &'a CameraId,
    segment: Segment,
    /// The newest alarm that wants it: until that one goes, it stays.
    newest_alarm_at: Timestamp,
}

/// Works out what has to go.
pub(super) fn plan(
    now: Timestamp,
    clips: &[Clip],
    segments: &BTreeMap<CameraId, Vec<Segment>>,
    allowance: impl Fn(&CameraId) -> Allowance,
    max_total_bytes: u64,
) -> Plan {
    let mut gone = BTreeMap::new();
    for clip in clips {
        if now.saturating_since(clip.alarm_at) > allowance(&clip.camera_id).keep {
            gone.insert(clip.event_id, ClipGone::Age);
        }
    }
    let mut by_camera: BTreeMap<&CameraId, Vec<&Clip>> = BTreeMap::new();
    for clip in clips {
        if !gone.contains_key(&clip.event_id) {
            by_camera.entry(&clip.camera_id).or_default().push(clip);
        }
    }
    let mut plan = Plan::default();
    let mut kept: Vec<Wanted<'_>> = Vec::new();
    for (camera_id, segments) in segments {
        let of_camera = by_camera.remove(camera_id).unwrap_or_default();
        let mut wanted = Vec::new();
        for segment in segments {
            let alarms = of_camera.iter().filter(|clip| wants(clip, segment));
            match alarms.map(|clip| clip.alarm_at).max() {
                Some(newest_alarm_at) => wanted.push(Wanted {
                    camera_id,
                    segment: *segment,
                    newest_alarm_at,
                }),
                None if now.saturating_since(segment.until) > NEW && !segment.is_open => {
                    plan.unwanted.push((camera_id.clone(), segment.from));
                }
                None => {}
            }
        }
        let max_bytes = allowance(camera_id).max_bytes;
        if let Some(last_gone_at) = give_up(&mut wanted, max_bytes, &mut plan) {
            for clip in of_camera
                .iter()
                .filter(|clip| clip.alarm_at <= last_gone_at)
            {
                gone.insert(clip.event_id, ClipGone::Quota);
            }
        }
        kept.extend(wanted);
    }
    if let Some(last_gone_at) = give_up(&mut kept, max_total_bytes, &mut plan) {
        for clip in clips.iter().filter(|clip| clip.alarm_at <= last_gone_at) {
            gone.entry(clip.event_id).or_insert(ClipGone::Total);
        }
    }
    plan.gone = gone.into_iter().collect();
    let unique: BTreeSet<_> = plan.unwanted.drain(..).collect();
    plan.unwanted = unique.into_iter().collect();
    plan
}

/// Gives up the segments of the oldest alarms until the rest fits; the time of
/// the newest alarm that lost something.
fn give_up(wanted: &mut Vec<Wanted<'_>>, max_bytes: u64, plan: &mut Plan) -> Option<Timestamp> {
    let mut sum: u64 = wanted.iter().map(|wanted| wanted.segment.len_bytes).sum();
    if sum <= max_bytes {
        return None;
    }
    wanted.sort_by_key(|wanted| wanted.newest_alarm_at);
    let mut last_gone_at = None;
    wanted.retain(|wanted| {
        let is_same_alarm = last_gone_at == Some(wanted.newest_alarm_at);
        if (sum <= max_bytes && !is_same_alarm) || wanted.segment.is_open {
            return true;
        }
        sum -= wanted.segment.len_bytes;
        last_gone_at = Some(wanted.newest_alarm_at);
        plan.unwanted
            .push((wanted.camera_id.clone(), wanted.segment.from));
        false
    });
    last_gone_at
}

fn wants(clip: &Clip, segment: &Segment) -> bool {
    let mut stretches = std::iter::once(clip.begin).chain(clip.end);
    stretches.any(|(from, until)| segment.from <= until && from <= segment.until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    /// An alarm in `second` that wants ten seconds from five before.
    fn clip(name: &str, second: i64) -> Clip {
        Clip {
            event_id: EventId::from_bits(u128::try_from(second).unwrap()),
            camera_id: camera(name),
            alarm_at: at(second),
            is_open: false,
            begin: (at(second - 5), at(second + 5)),
            end: None,
        }
    }

    /// Segments of five seconds and 100 bytes that begin in these seconds.
    fn segments(seconds: &[i64]) -> Vec<Segment> {
        let segment = |second: &i64| Segment {
            from: at(*second),
            until: at(*second + 4),
            len_bytes: 100,
            is_open: false,
        };
        seconds.iter().map(segment).collect()
    }

    /// Alarms that go, and segments.
    type Gone = (Vec<(u128, ClipGone)>, Vec<(String, i64)>);

    /// What goes at `now`, when alarms are kept for 1,000 s.
    fn gone(
        clips: &[Clip],
        all: &[(&str, &[i64])],
        max_bytes: u64,
        max_total_bytes: u64,
        now: i64,
    ) -> Gone {
        let all = all
            .iter()
            .map(|(name, seconds)| (camera(name), segments(seconds)));
        let allowance = |_: &CameraId| Allowance {
            keep: Duration::from_secs(1_000),
            max_bytes,
        };
        let plan = plan(at(now), clips, &all.collect(), allowance, max_total_bytes);
        (
            plan.gone
                .iter()
                .map(|(id, gone)| (id.as_bits(), *gone))
                .collect(),
            plan.unwanted
                .iter()
                .map(|(id, from)| (id.to_string(), from.as_millis() / 1_000))
                .collect(),
        )
    }

    fn names(seconds: &[i64]) -> Vec<(String, i64)> {
        let names = seconds.iter().map(|second| ("a".to_owned(), *second));
        names.collect()
    }

    #[test]
    fn segment_stays_while_any_alarm_wants_it() {
        let clips = [clip("a", 100), clip("a", 103)];
        let found = gone(
            &clips,
            &[("a", &[80, 95, 100, 105, 110])],
            9_999,
            9_999,
            500,
        );
        assert_eq!(found, (vec![], names(&[80, 110])));
    }

    #[test]
    fn new_segment_stays_until_its_alarm_can_be_known() {
        let found = gone(&[], &[("a", &[100, 150])], 9_999, 9_999, 165);
        assert_eq!(found, (vec![], names(&[100])));
    }

    #[test]
    fn old_alarms_go_and_what_only_they_wanted() {
        let clips = [clip("a", 100), clip("a", 500)];
        let found = gone(&clips, &[("a", &[95, 100, 495, 500])], 9_999, 9_999, 1_200);
        assert_eq!(found, (vec![(100, ClipGone::Age)], names(&[95, 100])));
    }

    #[test]
    fn oldest_go_when_a_camera_takes_too_much() {
        let clips = [
            clip("a", 100),
            clip("a", 200),
            clip("a", 300),
            clip("b", 50),
        ];
        let all: &[(&str, &[i64])] = &[("a", &[95, 100, 195, 200, 295, 300]), ("b", &[45, 50])];
        let found = gone(&clips, all, 450, 9_999, 500);
        assert_eq!(found, (vec![(100, ClipGone::Quota)], names(&[95, 100])));
    }

    #[test]
    fn alarm_that_shares_its_pictures_with_a_newer_one_frees_only_its_own() {
        // 95 is wanted by the first alone, 100 by both.
        let clips = [clip("a", 98), clip("a", 106)];
        let found = gone(&clips, &[("a", &[90, 95, 103, 108])], 350, 9_999, 500);
        assert_eq!(found, (vec![(98, ClipGone::Quota)], names(&[90, 95])));
    }

    #[test]
    fn oldest_of_all_cameras_go_when_the_sum_is_too_large() {
        let clips = [clip("a", 100), clip("a", 200), clip("b", 150)];
        let all: &[(&str, &[i64])] = &[("a", &[95, 100, 195, 200]), ("b", &[145, 150])];
        let found = gone(&clips, all, 9_999, 250, 500);
        let expected = vec![(100, ClipGone::Total), (150, ClipGone::Total)];
        let files = [("a", 95), ("a", 100), ("b", 145), ("b", 150)];
        let files = files.map(|(name, second)| (name.to_owned(), second));
        assert_eq!(found, (expected, files.to_vec()));
    }
}
