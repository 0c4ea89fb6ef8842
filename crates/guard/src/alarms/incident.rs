//! Which alarms belong together.
//!
//! In: a new alarm, and those of the hour before it. Out: the event that began
//! the incident which the new alarm joins, or its own.
//!
//! A new alarm joins the incident of the newest alarm that it belongs with. It
//! belongs with one that is not closed and
//! - is of the same followed object on the same camera, or
//! - began on the same camera at most [`Grouping::within`] before or after it, or
//! - began so near on a camera of the same group.
//!
//! An incident takes alarms for an hour ([`MAX_SPAN`]) and takes at most
//! [`MAX_ALARMS`]; what comes then begins another one. Incidents are never
//! joined or parted afterwards: what people saw stays as they saw it. The same
//! alarms, stored and closed in the same order, give the same incidents.
//!
//! Not here: what is shown of an incident, storing it.

use std::collections::BTreeSet;
use std::time::Duration;

use store::RecentAlarm;
use types::{CameraId, Event, EventId, Timestamp};

/// Most alarms of one incident.
pub const MAX_ALARMS: usize = 100;
/// How long an incident takes alarms from when it began.
pub const MAX_SPAN: Duration = Duration::from_secs(3_600);

/// What belongs together besides the same object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Alarms that begin so near to each other.
    pub within: Duration,
    /// Cameras that see the same place, or places next to each other.
    pub groups: Vec<BTreeSet<CameraId>>,
}

/// The incident of a new alarm: the id of the event that began it.
pub fn incident_of(new: &Event, recent: &[RecentAlarm], grouping: &Grouping) -> EventId {
    recent
        .iter()
        .filter(|known| belongs(new, known, grouping) && has_room(new, known, recent))
        .map(|known| (known.event_id, known.incident_id))
        .max()
        .map_or(new.event_id, |(_, incident_id)| incident_id)
}

fn belongs(new: &Event, known: &RecentAlarm, grouping: &Grouping) -> bool {
    if known.is_closed {
        return false;
    }
    let is_same_camera = new.camera_id == known.camera_id;
    let is_same_object = is_same_camera && new.track_id.is_some() && new.track_id == known.track_id;
    let is_near = apart(new.started_at, known.started_at) <= grouping.within;
    let are_neighbours = || {
        let mut groups = grouping.groups.iter();
        groups.any(|group| group.contains(&new.camera_id) && group.contains(&known.camera_id))
    };
    is_same_object || is_near && (is_same_camera || are_neighbours())
}

fn has_room(new: &Event, known: &RecentAlarm, recent: &[RecentAlarm]) -> bool {
    let of_it = || {
        recent
            .iter()
            .filter(|one| one.incident_id == known.incident_id)
    };
    let began = of_it().map(|one| one.started_at).min();
    of_it().count() < MAX_ALARMS
        && began.is_none_or(|began| apart(new.started_at, began) <= MAX_SPAN)
        // Whoever began it lies further back than what is known.
        && of_it().any(|one| one.event_id == known.incident_id)
}

fn apart(a: Timestamp, b: Timestamp) -> Duration {
    a.saturating_since(b).max(b.saturating_since(a))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use types::{EventDetail, EventKind, Phase, ProgramKind, RuleId, TrackId};

    use super::*;

    fn event(number: usize, camera: &str, second: i64, track: Option<u64>) -> Event {
        let at = Timestamp::from_secs(1_000 + second);
        Event {
            event_id: EventId::from_bits(number as u128 + 1),
            camera_id: CameraId::new(camera).unwrap(),
            program: ProgramKind::Vmd,
            rule_id: RuleId(1),
            rule_name: "rule".to_owned(),
            kind: EventKind::Intruder,
            zone_id: None,
            phase: Phase::Begin,
            step: 0,
            at,
            started_at: at,
            ended_at: None,
            track_id: track.map(TrackId),
            class: None,
            score: 0.5,
            bbox: None,
            detail: EventDetail::default(),
            why: Vec::new(),
        }
    }

    fn known(event: &Event, incident_id: EventId) -> RecentAlarm {
        RecentAlarm {
            event_id: event.event_id,
            camera_id: event.camera_id.clone(),
            track_id: event.track_id,
            started_at: event.started_at,
            incident_id,
            is_closed: false,
        }
    }

    fn grouping(groups: &[&[&str]]) -> Grouping {
        let group = |cameras: &&[&str]| {
            let ids = cameras.iter().map(|camera| CameraId::new(camera).unwrap());
            ids.collect()
        };
        Grouping {
            within: Duration::from_secs(30),
            groups: groups.iter().map(group).collect(),
        }
    }

    /// Alarms one after another, as "camera second track"; "!" behind one
    /// closes it. Tells the number of the incident of each.
    fn incidents(lines: &[&str], grouping: &Grouping) -> Vec<u128> {
        let mut recent: Vec<RecentAlarm> = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let mut parts = line.trim_end_matches('!').split(' ');
            let camera = parts.next().unwrap();
            let second = parts.next().unwrap().parse().unwrap();
            let track = parts.next().map(|track| track.parse().unwrap());
            let event = event(number, camera, second, track);
            let incident_id = incident_of(&event, &recent, grouping);
            let mut alarm = known(&event, incident_id);
            alarm.is_closed = line.ends_with('!');
            recent.insert(0, alarm);
        }
        let ids = recent.iter().rev();
        ids.map(|alarm| alarm.incident_id.as_bits()).collect()
    }

    fn check(lines: &[&str], groups: &[&[&str]], expected: &Expect) {
        let ids = incidents(lines, &grouping(groups));
        let told: Vec<String> = ids
            .iter()
            .zip(lines)
            .map(|(id, line)| format!("{id}: {line}\n"))
            .collect();
        expected.assert_eq(&told.concat());
    }

    #[test]
    fn same_camera_belongs_together_when_near_in_time() {
        check(
            &["gate 0", "gate 30", "gate 60", "gate 91", "yard 92"],
            &[],
            &expect![[r#"
                1: gate 0
                1: gate 30
                1: gate 60
                4: gate 91
                5: yard 92
            "#]],
        );
    }

    #[test]
    fn same_object_belongs_together_for_an_hour() {
        check(
            &[
                "gate 0 7",
                "gate 600 7",
                "gate 700 8",
                "yard 710 7",
                "gate 3600 7",
                "gate 3601 7",
            ],
            &[],
            &expect![[r#"
                1: gate 0 7
                1: gate 600 7
                3: gate 700 8
                4: yard 710 7
                1: gate 3600 7
                6: gate 3601 7
            "#]],
        );
    }

    #[test]
    fn neighbouring_cameras_belong_together_when_near_in_time() {
        check(
            &["gate 0", "yard 20", "door 25", "yard 100", "hall 110"],
            &[&["gate", "yard"], &["hall", "door"]],
            &expect![[r#"
                1: gate 0
                1: yard 20
                3: door 25
                4: yard 100
                5: hall 110
            "#]],
        );
    }

    #[test]
    fn closed_alarm_takes_no_others() {
        check(
            &["gate 0 7!", "gate 5 7", "gate 6 7"],
            &[],
            &expect![[r#"
                1: gate 0 7!
                2: gate 5 7
                2: gate 6 7
            "#]],
        );
    }

    #[test]
    fn newest_that_it_belongs_with_decides() {
        // The object of the first incident comes back while the second is new.
        check(
            &["gate 0 1", "gate 100 2", "gate 110 1"],
            &[],
            &expect![[r#"
                1: gate 0 1
                2: gate 100 2
                2: gate 110 1
            "#]],
        );
    }

    #[test]
    fn full_incident_takes_no_more() {
        let lines = vec!["gate 0"; MAX_ALARMS + 1];
        let ids = incidents(&lines, &grouping(&[]));
        assert_eq!((ids[MAX_ALARMS - 1], ids[MAX_ALARMS]), (1, 101));
    }

    proptest! {
        #[test]
        fn incidents_are_bounded_and_began_by_their_first(
            alarms in proptest::collection::vec((0_usize..3, 0_i64..9_000, 0_u64..6), 1..150),
        ) {
            let mut alarms = alarms;
            alarms.sort_by_key(|alarm| alarm.1);
            let lines: Vec<String> = alarms
                .iter()
                .map(|(camera, second, track)| {
                    format!("{} {second} {track}", ["a", "b", "c"][*camera])
                })
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let grouping = grouping(&[&["a", "b"]]);
            let ids = incidents(&lines, &grouping);
            prop_assert_eq!(&ids, &incidents(&lines, &grouping));
            for (number, &id) in ids.iter().enumerate() {
                let first = usize::try_from(id).unwrap() - 1;
                prop_assert_eq!(ids[first], id, "it was begun by its first");
                prop_assert!(first <= number);
                prop_assert!(alarms[number].1 - alarms[first].1 <= 3_600);
                prop_assert!(ids.iter().filter(|&&other| other == id).count() <= MAX_ALARMS);
            }
        }
    }
}
