use proptest::prelude::*;
use types::ShotStage;

use super::*;
use crate::testing::{append, at, begin, camera, event_id, on_camera, open, shot, step};

/// Everything a test can compare two stores by.
fn all_rows(store: &Store) -> String {
    let events = store.list_events(&EventFilter::default()).unwrap();
    let steps: Vec<_> = events
        .iter()
        .map(|event| store.event_steps(event.event_id).unwrap())
        .collect();
    let deliveries = store.next_deliveries("hook", at(1_000), 100).unwrap();
    format!("{events:#?}\n{steps:#?}\n{deliveries:#?}")
}

#[test]
fn stored_event_comes_back_as_it_was_decided() {
    let (mut store, _folder) = open();
    let event = begin(5, 7);
    append(&mut store, std::slice::from_ref(&event), &[]);
    let row = store.event(event.event_id).unwrap().unwrap();
    assert_eq!(row.camera_id, event.camera_id);
    assert_eq!((row.program, row.kind), (event.program, event.kind));
    assert_eq!(
        (row.rule_id, row.rule_name),
        (event.rule_id, event.rule_name)
    );
    assert_eq!((row.zone_id, row.track_id), (event.zone_id, event.track_id));
    assert_eq!((row.phase, row.step), (event.phase, event.step));
    assert_eq!((row.at, row.started_at), (event.at, event.started_at));
    assert_eq!((row.ended_at, row.class), (event.ended_at, event.class));
    assert_eq!(
        (row.score.to_bits(), row.bbox),
        (event.score.to_bits(), event.bbox)
    );
    assert_eq!(row.why[0].name, event.why[0].name);
    assert_eq!(row.why[0].outcome, event.why[0].outcome);
    assert_eq!(row.shot, None);
}

#[test]
fn same_batch_twice_changes_nothing() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    let events = [begin(5, 7), step(5, 7, 1, Phase::End), begin(6, 8)];
    let shots = [shot(7, ShotStage::Early, 5, b"x")];
    let first = append(&mut store, &events, &shots);
    assert_eq!((first.new_steps.len(), first.outbox_ids.len()), (3, 3));
    let before = all_rows(&store);
    let second = append(&mut store, &events, &shots);
    assert_eq!(second, Appended::default());
    assert_eq!(all_rows(&store), before);
}

#[test]
fn event_shows_its_newest_step_also_when_an_older_one_arrives_later() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(5, 7)], &[]);
    append(&mut store, &[step(5, 7, 2, Phase::End)], &[]);
    append(&mut store, &[step(5, 7, 1, Phase::Update)], &[]);
    let row = store.event(event_id(5, 7)).unwrap().unwrap();
    assert_eq!(
        (row.phase, row.step, row.ended_at),
        (Phase::End, 2, Some(at(7)))
    );
    let steps = store.event_steps(event_id(5, 7)).unwrap();
    let phases: Vec<Phase> = steps.iter().map(|row| row.phase).collect();
    assert_eq!(phases, [Phase::Begin, Phase::Update, Phase::End]);
}

#[test]
fn event_carries_its_tracks_best_shot() {
    let (mut store, _folder) = open();
    append(
        &mut store,
        &[begin(5, 7)],
        &[shot(7, ShotStage::Early, 5, b"picture")],
    );
    let row = store.event(event_id(5, 7)).unwrap().unwrap();
    let shot = row.shot.unwrap();
    assert_eq!(shot.track_id, TrackId(7));
    assert_eq!(store.shot_jpeg(shot.shot_id).unwrap().unwrap(), b"picture");
    assert_eq!(store.event_shot(event_id(5, 7)).unwrap(), Some(shot));
    assert_eq!(store.event_shot(event_id(5, 8)).unwrap(), None);
}

#[test]
fn best_shot_of_another_camera_is_not_the_events() {
    let (mut store, _folder) = open();
    append(&mut store, &[], &[shot(7, ShotStage::Early, 5, b"x")]);
    append(&mut store, &[on_camera(begin(5, 7), "other")], &[]);
    assert_eq!(store.event(event_id(5, 7)).unwrap().unwrap().shot, None);
}

#[test]
fn list_is_filtered_by_each_attribute() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1), begin(2, 2), begin(3, 3)], &[]);
    let mut car = on_camera(begin(4, 4), "other");
    car.class = Some(Class::Car);
    append(&mut store, &[car], &[]);
    let all = EventFilter::default;
    for (filter, expected) in [
        (all(), vec![4, 3, 2, 1]),
        (
            EventFilter {
                camera_id: Some(camera()),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            EventFilter {
                classes: vec![Class::Car],
                ..all()
            },
            vec![4],
        ),
        (
            EventFilter {
                classes: vec![Class::Car, Class::Person],
                ..all()
            },
            vec![4, 3, 2, 1],
        ),
        (
            EventFilter {
                kinds: vec![EventKind::Intruder],
                limit: 1,
                ..all()
            },
            vec![4],
        ),
        (
            EventFilter {
                from: Some(at(2)),
                until: Some(at(3)),
                ..all()
            },
            vec![2],
        ),
        (
            EventFilter {
                from: Some(at(3)),
                ..all()
            },
            vec![4, 3],
        ),
        (
            EventFilter {
                until: Some(at(2)),
                ..all()
            },
            vec![1],
        ),
        (
            EventFilter {
                before: Some(event_id(3, 3)),
                ..all()
            },
            vec![2, 1],
        ),
        (EventFilter { limit: 0, ..all() }, vec![]),
    ] {
        let rows = store.list_events(&filter).unwrap();
        let numbers: Vec<u64> = rows
            .iter()
            .filter_map(|row| row.track_id)
            .map(|id| id.0)
            .collect();
        assert_eq!(numbers, expected, "{filter:?}");
    }
}

#[test]
fn open_events_are_those_without_an_end() {
    let (mut store, _folder) = open();
    append(
        &mut store,
        &[begin(1, 1), begin(2, 2), step(1, 1, 1, Phase::End)],
        &[],
    );
    let open = store.open_events(&camera()).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].event_id, event_id(2, 2));
}

#[test]
fn batch_with_an_event_of_another_camera_is_refused_whole() {
    let (mut store, _folder) = open();
    let batch = Batch {
        camera_id: camera(),
        events: vec![begin(1, 1), on_camera(begin(2, 2), "other")],
        best_shots: Vec::new(),
        now: at(0),
    };
    let error = store.append(&batch).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    assert_eq!(store.list_events(&EventFilter::default()).unwrap(), []);
}

#[test]
fn event_that_cannot_be_stored_takes_its_whole_batch_back() {
    let (mut store, _folder) = open();
    let mut bad = begin(2, 2);
    bad.rule_name = "x".repeat(MAX_RULE_NAME_BYTES + 1);
    let batch = Batch {
        camera_id: camera(),
        events: vec![begin(1, 1), bad],
        best_shots: vec![shot(1, ShotStage::Early, 1, b"x")],
        now: at(0),
    };
    assert!(store.append(&batch).is_err());
    assert_eq!(store.list_events(&EventFilter::default()).unwrap(), []);
    assert_eq!(store.track_shot(&camera(), TrackId(1)).unwrap(), None);
}

#[test]
fn row_that_makes_no_sense_is_an_error_that_names_the_column() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1)], &[]);
    store
        .conn
        .execute("UPDATE event SET kind = 'dance'", [])
        .unwrap();
    let error = store.event(event_id(1, 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "read event: the database is damaged (column kind: unknown name \"dance\"); \
         restore a backup"
    );
}

#[test]
fn filters_use_an_index() {
    let (store, _folder) = open();
    let all = EventFilter::default;
    for filter in [
        all(),
        EventFilter {
            camera_id: Some(camera()),
            ..all()
        },
        EventFilter {
            classes: vec![Class::Bus],
            ..all()
        },
        EventFilter {
            from: Some(at(1)),
            until: Some(at(2)),
            ..all()
        },
    ] {
        let (condition, values) = condition(&filter);
        let plan: Vec<String> = store
            .conn
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT {COLUMNS} FROM event AS e WHERE {condition} \
                 ORDER BY e.event_id DESC LIMIT 50"
            ))
            .unwrap()
            .query_map(params_from_iter(values), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(
            !plan.join("; ").contains("TEMP B-TREE"),
            "{filter:?}: {plan:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_together_hold_every_event_once_in_order(
        seconds in proptest::collection::vec(0_i64..20, 1..40),
        limit in 1_u32..7,
    ) {
        let (mut store, _folder) = open();
        let mut ids = Vec::new();
        for (number, second) in (1..).zip(seconds) {
            append(&mut store, &[begin(second, number)], &[]);
            ids.push(event_id(second, number));
        }
        ids.sort();
        ids.reverse();
        let mut filter = EventFilter { limit, ..EventFilter::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.list_events(&filter).unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some(last.event_id);
            seen.extend(page.iter().map(|row| row.event_id));
        }
        prop_assert_eq!(seen, ids);
    }
}
