use types::{Class, EventKind, Phase};

use super::*;
use crate::testing::{append, at, begin, event_id, on_camera, open, step};
use crate::{Batch, Retention};

fn note(text: &str) -> Handling {
    Handling {
        kind: HandlingKind::Note,
        assignee: None,
        reason: None,
        text: text.to_owned(),
    }
}

fn acknowledge() -> Handling {
    Handling {
        kind: HandlingKind::Acknowledge,
        ..note("")
    }
}

/// Does `handling` with the alarms, whatever they are, to this state.
fn put_state(store: &mut Store, ids: &[EventId], state: AlarmState) -> Vec<AlarmRow> {
    store
        .handle_alarms(ids, &acknowledge(), "ann", at(50), |_, standing| {
            Some(Standing {
                state,
                revision: standing.revision + 1,
                ..standing.clone()
            })
        })
        .unwrap()
}

fn numbers(alarms: &[ListedAlarm]) -> Vec<u64> {
    let ids = alarms.iter().filter_map(|alarm| alarm.event.track_id);
    ids.map(|id| id.0).collect()
}

#[test]
fn new_event_is_a_new_alarm_as_grave_as_its_kind() {
    let (mut store, _folder) = open();
    let mut left = begin(2, 2);
    left.kind = EventKind::Exit;
    append(
        &mut store,
        &[begin(1, 1), left, step(1, 1, 1, Phase::End)],
        &[],
    );
    let listed = store.list_alarms(&AlarmFilter::default()).unwrap();
    assert_eq!(numbers(&listed), [2, 1]);
    assert_eq!(
        (listed[0].alarm.severity, listed[1].alarm.severity),
        (Severity::Low, Severity::High)
    );
    for alarm in &listed {
        assert_eq!(alarm.alarm.standing, Standing::NEW);
        assert_eq!(alarm.alarm.incident_id, alarm.event.event_id);
    }
    assert_eq!(listed[1].event.phase, Phase::End);
}

#[test]
fn who_enlists_is_shown_the_hour_before_and_only_the_first_step_counts() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(0, 1), begin(3_000, 2)], &[]);
    let shown = std::cell::RefCell::new(Vec::new());
    let enlist = |event: &Event, recent: &[RecentAlarm]| {
        let ids: Vec<u64> = recent
            .iter()
            .filter_map(|one| Some(one.track_id?.0))
            .collect();
        shown.borrow_mut().push((event.track_id.unwrap().0, ids));
        NewAlarm {
            severity: Severity::Critical,
            incident_id: recent.first().map_or(event.event_id, |one| one.incident_id),
        }
    };
    let batch = Batch {
        camera_id: crate::testing::camera(),
        events: vec![
            begin(3_700, 3),
            begin(3_701, 4),
            step(3_701, 4, 1, Phase::End),
        ],
        best_shots: Vec::new(),
        now: at(3_702),
    };
    store.append_enlisting(&batch, &enlist).unwrap();
    store.append_enlisting(&batch, &enlist).unwrap();
    assert_eq!(*shown.borrow(), [(3, vec![2]), (4, vec![3, 2])]);
    let incident = store.incident(event_id(3_000, 2)).unwrap();
    assert_eq!(numbers(&incident), [2, 3, 4]);
    assert_eq!(incident[1].alarm.severity, Severity::Critical);
}

#[test]
fn what_was_done_is_added_to_the_history_and_never_changed() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    let id = event_id(1, 1);
    put_state(&mut store, &[id], AlarmState::Acknowledged);
    let handled = store
        .handle_alarms(
            &[id, event_id(2, 2)],
            &note("seen"),
            "bob",
            at(60),
            |which, standing| {
                (which == id).then(|| Standing {
                    n_notes: standing.n_notes + 1,
                    ..standing.clone()
                })
            },
        )
        .unwrap();
    assert_eq!(handled.len(), 1);
    let history = store.alarm_history(id).unwrap();
    let lines: Vec<String> = history
        .iter()
        .map(|row| {
            let kind = row.handling.kind.name();
            format!("{} {} {kind} {}", row.revision, row.who, row.handling.text)
        })
        .collect();
    assert_eq!(lines, ["1 ann acknowledge ", "1 bob note seen"]);
    assert_eq!(store.alarm(id).unwrap().unwrap().alarm, handled[0]);
    assert_eq!(store.alarm_history(event_id(2, 2)).unwrap(), []);
    let changed = store
        .conn
        .execute("UPDATE alarm_history SET who = 'eve'", []);
    assert!(changed.unwrap_err().to_string().contains("never changed"));
}

#[test]
fn alarms_are_listed_by_each_attribute() {
    let (mut store, _folder) = open();
    let mut car = on_camera(begin(3, 3), "other");
    car.class = Some(Class::Car);
    car.rule_id = RuleId(7);
    car.kind = EventKind::Enter;
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    append(&mut store, &[car], &[]);
    put_state(&mut store, &[event_id(1, 1)], AlarmState::Closed);
    store
        .handle_alarms(&[event_id(2, 2)], &acknowledge(), "ann", at(9), |_, _| {
            Some(Standing {
                state: AlarmState::Assigned,
                assignee: Some("bob".to_owned()),
                ..Standing::NEW
            })
        })
        .unwrap();
    let all = AlarmFilter::default;
    for (filter, expected) in [
        (all(), vec![3, 2, 1]),
        (
            AlarmFilter {
                states: vec![AlarmState::Closed],
                ..all()
            },
            vec![1],
        ),
        (
            AlarmFilter {
                states: vec![AlarmState::New, AlarmState::Assigned],
                ..all()
            },
            vec![3, 2],
        ),
        (
            AlarmFilter {
                severities: vec![Severity::Low],
                ..all()
            },
            vec![3],
        ),
        (
            AlarmFilter {
                rule_id: Some(RuleId(7)),
                ..all()
            },
            vec![3],
        ),
        (
            AlarmFilter {
                assignee: Some("bob".to_owned()),
                ..all()
            },
            vec![2],
        ),
        (
            AlarmFilter {
                reason: Some(CloseReason::Real),
                ..all()
            },
            vec![],
        ),
        (
            AlarmFilter {
                states: vec![AlarmState::New],
                events: EventFilter {
                    classes: vec![Class::Person],
                    ..EventFilter::default()
                },
                ..all()
            },
            vec![],
        ),
    ] {
        assert_eq!(
            numbers(&store.list_alarms(&filter).unwrap()),
            expected,
            "{filter:?}"
        );
    }
    assert_eq!(
        store.open_alarms().unwrap(),
        [
            (AlarmState::Assigned, Severity::High, 1),
            (AlarmState::New, Severity::Low, 1)
        ]
    );
}

#[test]
fn incidents_are_listed_whole_newest_first_and_in_pages() {
    let (mut store, _folder) = open();
    let to_first = |event: &Event, recent: &[RecentAlarm]| NewAlarm {
        incident_id: match event.track_id {
            // Every third begins an incident, the two behind it join.
            Some(TrackId(number)) if number % 3 != 1 => recent[0].incident_id,
            _ => event.event_id,
        },
        ..NewAlarm::alone(event)
    };
    let events: Vec<Event> = (1..=9)
        .map(|number| begin(i64::try_from(number).unwrap(), number))
        .collect();
    let batch = Batch {
        camera_id: crate::testing::camera(),
        events,
        best_shots: Vec::new(),
        now: at(10),
    };
    store.append_enlisting(&batch, &to_first).unwrap();
    put_state(
        &mut store,
        &[event_id(2, 2), event_id(7, 7)],
        AlarmState::Closed,
    );
    let list = |filter: &AlarmFilter, before, limit| -> Vec<Vec<u64>> {
        let incidents = store.list_incidents(filter, before, limit).unwrap();
        incidents.iter().map(|alarms| numbers(alarms)).collect()
    };
    let all = AlarmFilter::default();
    assert_eq!(list(&all, None, 2), [vec![7, 8, 9], vec![4, 5, 6]]);
    assert_eq!(list(&all, Some(event_id(4, 4)), 2), [vec![1, 2, 3]]);
    let closed = AlarmFilter {
        states: vec![AlarmState::Closed],
        ..all
    };
    assert_eq!(list(&closed, None, 9), [vec![7, 8, 9], vec![1, 2, 3]]);
}

#[test]
fn history_goes_with_its_event() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1)], &[]);
    put_state(&mut store, &[event_id(1, 1)], AlarmState::Closed);
    let late = at(100 * 24 * 3_600);
    store.prune(late, &Retention::default(), 100).unwrap();
    assert_eq!(store.alarm(event_id(1, 1)).unwrap(), None);
    assert_eq!(store.alarm_history(event_id(1, 1)).unwrap(), []);
    let nothing = put_state(&mut store, &[event_id(1, 1)], AlarmState::New);
    assert_eq!(nothing, []);
}

#[test]
fn too_many_at_once_are_refused() {
    let (mut store, _folder) = open();
    let ids = vec![event_id(1, 1); MAX_HANDLED + 1];
    let error = store
        .handle_alarms(&ids, &acknowledge(), "ann", at(1), |_, _| None)
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}
