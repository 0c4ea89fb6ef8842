use proptest::prelude::*;
use types::{Count, Phase, RuleId, ShotStage, TrackId};

use super::*;
use crate::testing::{append, at, begin, camera, event_id, open, shot, step};
use crate::{AuditEntry, EventFilter, Expected, ShotFilter};

const HOUR: Duration = Duration::from_hours(1);

/// Keeps everything for an hour.
const ONE_HOUR: Retention = Retention {
    events: HOUR,
    event_shots: HOUR,
    track_shots: HOUR,
    max_shot_bytes: 1_000_000,
    sightings: HOUR,
    scenes: HOUR,
    counts: HOUR,
    audit: HOUR,
    dead_letters: HOUR,
    settings_revisions: 2,
};

fn n_events(store: &Store) -> usize {
    store.list_events(&EventFilter::default()).unwrap().len()
}

fn tracks_with_shot(store: &Store) -> Vec<u64> {
    let shots = store.list_best_shots(&ShotFilter::default()).unwrap();
    shots.iter().map(|shot| shot.track_id.0).collect()
}

#[test]
fn exactly_what_is_too_old_goes() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(0, 1), step(0, 1, 1, Phase::End)], &[]);
    append(
        &mut store,
        &[begin(1, 2)],
        &[shot(1, ShotStage::Final, 0, b"x")],
    );
    append(&mut store, &[], &[shot(2, ShotStage::Final, 1, b"x")]);
    let entry = AuditEntry {
        who: "ann".to_owned(),
        what: "x".to_owned(),
        before: None,
        after: None,
    };
    store.append_audit(&entry, at(0)).unwrap();
    store.append_audit(&entry, at(1)).unwrap();
    let count = |second| Count {
        camera_id: camera(),
        rule_id: RuleId(1),
        metric: types::Metric::In,
        class: None,
        from: at(second - 60),
        until: at(second),
        value: 1.0,
    };
    store.put_counts(&[count(0), count(1)]).unwrap();
    for second in [0, 1] {
        let minute = types::HealthMinute {
            minute_at: at(second),
            mean: types::Health::default(),
            lowest: types::Health::default(),
        };
        store.put_scene_health(&camera(), &minute).unwrap();
    }
    let report = store.prune(at(3_601), &ONE_HOUR, 100).unwrap();
    assert_eq!((report.n_events, report.n_shots), (1, 1));
    assert_eq!((report.n_audit, report.n_counts), (1, 2));
    assert!(report.is_done);
    assert_eq!(n_events(&store), 1);
    assert_eq!(store.event_steps(event_id(0, 1)).unwrap(), []);
    assert_eq!(tracks_with_shot(&store), [2]);
    let again = store.prune(at(3_601), &ONE_HOUR, 100).unwrap();
    assert_eq!(
        again,
        PruneReport {
            is_done: true,
            ..PruneReport::default()
        }
    );
}

#[test]
fn shots_of_events_and_of_other_tracks_have_their_own_time() {
    let (mut store, _folder) = open();
    append(
        &mut store,
        &[begin(0, 1)],
        &[
            shot(1, ShotStage::Final, 0, b"x"),
            shot(2, ShotStage::Final, 0, b"x"),
        ],
    );
    for (event_shots, track_shots, expected) in [(2, 1, vec![1]), (1, 1, vec![])] {
        let retention = Retention {
            event_shots: HOUR * event_shots,
            track_shots: HOUR * track_shots,
            ..ONE_HOUR
        };
        store.prune(at(3_601), &retention, 100).unwrap();
        assert_eq!(tracks_with_shot(&store), expected);
    }
}

#[test]
fn shots_beyond_the_byte_limit_go_oldest_first_and_without_event_first() {
    let (mut store, _folder) = open();
    append(
        &mut store,
        &[begin(0, 1)],
        &[shot(1, ShotStage::Final, 0, &[0; 100])],
    );
    for track_id in 2..=4_u32 {
        let second = track_id.into();
        append(
            &mut store,
            &[],
            &[shot(track_id.into(), ShotStage::Final, second, &[0; 100])],
        );
    }
    for (max_shot_bytes, expected) in [(300, vec![4, 3, 1]), (199, vec![1]), (0, vec![])] {
        let retention = Retention {
            max_shot_bytes,
            ..ONE_HOUR
        };
        store.prune(at(10), &retention, 100).unwrap();
        assert_eq!(tracks_with_shot(&store), expected);
    }
}

#[test]
fn event_that_waits_for_delivery_is_kept() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(0, 1)], &[]);
    let report = store.prune(at(4_000), &ONE_HOUR, 100).unwrap();
    assert_eq!((report.n_events, n_events(&store)), (0, 1));
    let delivery = &store.next_deliveries("hook", at(4_000), 1).unwrap()[0];
    store
        .mark_delivered("hook", delivery.outbox_id, at(4_000))
        .unwrap();
    assert_eq!(store.prune(at(4_000), &ONE_HOUR, 100).unwrap().n_events, 1);
}

#[test]
fn old_dead_letter_goes_counted_and_frees_its_event() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(0, 1)], &[]);
    let delivery = &store.next_deliveries("hook", at(1), 1).unwrap()[0];
    store
        .mark_dead("hook", delivery.outbox_id, "no", at(1))
        .unwrap();
    let report = store.prune(at(4_000), &ONE_HOUR, 100).unwrap();
    assert_eq!((report.n_dead_letters, report.n_events), (1, 1));
    assert_eq!(store.sink_state("hook").unwrap().unwrap().n_dropped, 1);
}

#[test]
fn newest_revisions_of_each_document_stay() {
    let (mut store, _folder) = open();
    for number in 1..=5 {
        store
            .put_settings("a", &number.to_string(), Expected::Any, "ann", at(1))
            .unwrap();
    }
    store
        .put_settings("b", "1", Expected::Any, "ann", at(1))
        .unwrap();
    let report = store.prune(at(1), &ONE_HOUR, 100).unwrap();
    assert_eq!(report.n_settings_revisions, 3);
    let left: Vec<u64> = store
        .settings_history("a", 9)
        .unwrap()
        .iter()
        .map(|s| s.revision)
        .collect();
    assert_eq!(left, [5, 4]);
    assert!(store.settings("b").unwrap().is_some());
}

#[test]
fn file_shrinks_after_much_was_removed() {
    let (mut store, _folder) = open();
    for track_id in 0..200 {
        append(
            &mut store,
            &[],
            &[shot(track_id, ShotStage::Final, 0, &[7; 20_000])],
        );
    }
    let before = store.health().unwrap().n_pages;
    let mut n_steps = 0;
    while !store.prune(at(4_000), &ONE_HOUR, 50).unwrap().is_done {
        n_steps += 1;
        assert!(n_steps < 100);
    }
    let after = store.health().unwrap();
    assert!(n_steps >= 4, "{n_steps}");
    assert!(after.n_pages < before / 10, "{before} to {}", after.n_pages);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn steps_of_any_size_leave_exactly_the_young_events(
        seconds in proptest::collection::vec(0_i64..7_200, 1..30),
        max_rows in 1_u32..10,
    ) {
        let (mut store, _folder) = open();
        for (number, &second) in (1..).zip(&seconds) {
            append(&mut store, &[begin(second, number)], &[]);
        }
        for _ in 0..=seconds.len() {
            if store.prune(at(7_200), &ONE_HOUR, max_rows).unwrap().is_done {
                break;
            }
        }
        let young = seconds.iter().filter(|&&second| second >= 3_600).count();
        prop_assert_eq!(n_events(&store), young);
        let track = store.track_shot(&camera(), TrackId(1)).unwrap();
        prop_assert_eq!(track, None);
    }
}

#[test]
fn old_sightings_scenes_and_heat_maps_go_and_take_what_belongs_to_them() {
    use types::{Appearance, Attribute, Class, ProgramKind, Scene, Sighting, TrackId};
    let (mut store, _folder) = open();
    for (track_id, second) in [(1, 0), (2, 100)] {
        store
            .put_sightings(&[Sighting {
                camera_id: camera(),
                program: ProgramKind::People,
                track_id: TrackId(track_id),
                class: Class::Person,
                score: 1.0,
                first_seen_at: at(second),
                last_seen_at: at(second),
                is_final: true,
                heading_deg: None,
                speed_mps: None,
                zone_ids: Vec::new(),
                line_ids: Vec::new(),
                appearance: Appearance {
                    attributes: vec![Attribute {
                        name: "upper_colour",
                        value: "red".into(),
                        likelihood: 1.0,
                    }],
                    embeddings: Vec::new(),
                },
            }])
            .unwrap();
        let scene = Scene {
            captured_at: at(second),
            ..Scene::default()
        };
        store.put_scenes(&camera(), &[scene]).unwrap();
        store
            .put_heat(&camera(), "dwell", at(second - 60), at(second), &[1.0])
            .unwrap();
    }
    let report = store.prune(at(3_650), &ONE_HOUR, 100).unwrap();
    assert_eq!(
        (report.n_sightings, report.n_scene_chunks, report.n_counts),
        (1, 1, 1)
    );
    let n_left = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        store.conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    for table in ["sighting", "sighting_attribute", "scene_chunk", "heat"] {
        assert_eq!(n_left(table), 1, "{table}");
    }
}
