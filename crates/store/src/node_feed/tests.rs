//! A node and its guard, each with a store: whatever is interrupted between
//! them, in the end both know the same.

use std::time::Duration;

use types::{
    Appearance, BestShot, Class, Count, Event, Metric, Phase, ProgramKind, RuleId, ShotStage,
    Sighting, Timestamp, TrackId,
};

use super::*;
use crate::testing::{append, at, begin, camera, event_id, open, shot, step};
use crate::{
    EventFilter, Expected, FeedLimits, FeedPage, FeedStart, NewAlarm, ShotFilter, SightingFilter,
};

fn relayed() -> CameraId {
    CameraId::new("west.gate-2").unwrap()
}

fn renamed(change: FeedChange) -> FeedChange {
    match change {
        FeedChange::Camera { document, .. } => FeedChange::Camera {
            camera_id: relayed(),
            document,
        },
        FeedChange::Step(mut step) => {
            step.event.camera_id = relayed();
            FeedChange::Step(step)
        }
        FeedChange::Shot(mut shot) => {
            shot.camera_id = relayed();
            FeedChange::Shot(shot)
        }
        FeedChange::Sighting(mut sighting) => {
            sighting.sighting.camera_id = relayed();
            FeedChange::Sighting(sighting)
        }
        FeedChange::Counts(counts) => {
            let counts = counts.into_iter().map(|count| Count {
                camera_id: relayed(),
                ..count
            });
            FeedChange::Counts(counts.collect())
        }
    }
}

fn limits(max_changes: u32, until: Option<FeedCursor>) -> FeedLimits {
    FeedLimits {
        max_changes,
        max_picture_bytes: usize::MAX,
        until,
    }
}

/// Registers the node at the guard, as of now.
fn register(node: &Store, guard: &mut Store, quiet_before: Timestamp) -> NodeProgress {
    let now = node.feed(FeedStart::Now, &limits(1, None)).unwrap();
    let progress = NodeProgress {
        node_id: "west".to_owned(),
        database_id: "d".to_owned(),
        cursor: now.cursor,
        history: Some((now.cursor.at_start(), now.cursor)),
        quiet_before,
    };
    guard.put_node_progress(&progress).unwrap();
    progress
}

fn page_of(before: &NodeProgress, after: NodeProgress, page: FeedPage) -> NodePage {
    NodePage {
        before: before.clone(),
        after,
        changes: page.changes.into_iter().map(renamed).collect(),
        now: at(500),
    }
}

/// The next page for what the guard knows; `None` when it knows everything.
fn next_page(node: &Store, guard: &Store, max_changes: u32) -> Option<NodePage> {
    let before = guard.node_progress("west").unwrap().unwrap();
    let live = node
        .feed(FeedStart::After(before.cursor), &limits(max_changes, None))
        .unwrap();
    assert!(!live.is_restart);
    if !live.changes.is_empty() {
        let after = NodeProgress {
            cursor: live.cursor,
            ..before.clone()
        };
        return Some(page_of(&before, after, live));
    }
    let (cursor, until) = before.history?;
    let old = node
        .feed(FeedStart::After(cursor), &limits(max_changes, Some(until)))
        .unwrap();
    let after = NodeProgress {
        history: (!old.cursor.reaches(&until)).then_some((old.cursor, until)),
        ..before.clone()
    };
    Some(page_of(&before, after, old))
}

fn apply_page(guard: &mut Store, page: &NodePage) -> Result<NodeApplied, Error> {
    guard.apply_node_page(page, &|event, _| NewAlarm::alone(event))
}

fn count(minute: i64, value: f64) -> Count {
    let from = Timestamp::from_secs(1_200_000 + 60 * minute);
    Count {
        camera_id: camera(),
        rule_id: RuleId(7),
        metric: Metric::Mean,
        class: Some(Class::Person),
        from,
        until: from.saturating_add(Duration::from_mins(1)),
        value,
    }
}

fn sighting(track_id: u64, is_final: bool) -> Sighting {
    Sighting {
        camera_id: camera(),
        program: ProgramKind::People,
        track_id: TrackId(track_id),
        class: Class::Person,
        score: 0.5,
        first_seen_at: at(i64::try_from(track_id).unwrap()),
        last_seen_at: at(100),
        is_final,
        heading_deg: Some(12.5),
        speed_mps: None,
        zone_ids: Vec::new(),
        line_ids: Vec::new(),
        appearance: Appearance {
            attributes: vec![types::Attribute {
                name: "upper_colour",
                value: "red".into(),
                likelihood: 0.9,
            }],
            embeddings: vec![types::Embedding {
                maker: "classic/1".into(),
                values: [0.1_f32, 0.7, -0.3].into(),
            }],
        },
    }
}

/// What the node does in one of many steps.
fn live_on(node: &mut Store, number: u64) {
    let second = i64::try_from(number).unwrap();
    let end = number % 3 == 2;
    let mut events: Vec<Event> = vec![begin(second, number)];
    let mut shots: Vec<BestShot> = vec![shot(number, ShotStage::Early, second, &[1; 50])];
    if end {
        events.push(step(second, number, 1, Phase::End));
        shots.push(shot(number, ShotStage::Final, second + 1, &[2; 60]));
    }
    append(node, &events, &shots);
    node.put_counts(&[count(
        second % 25,
        1.0 / 3.0 + f64::from(u32::try_from(number).unwrap()),
    )])
    .unwrap();
    node.put_sightings(&[sighting(number, end)]).unwrap();
}

/// All that can be asked about one camera, as text.
fn told(store: &Store, camera_id: &CameraId) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let filter = EventFilter {
        camera_id: Some(camera_id.clone()),
        ..EventFilter::default()
    };
    for event in store.list_events(&filter).unwrap() {
        for mut row in store.event_steps(event.event_id).unwrap() {
            row.camera_id = camera();
            row.shot = None;
            writeln!(text, "{row:?}").unwrap();
        }
    }
    let filter = ShotFilter {
        camera_id: Some(camera_id.clone()),
        ..ShotFilter::default()
    };
    for row in store.list_best_shots(&filter).unwrap() {
        let jpeg = store.shot_jpeg(row.shot_id).unwrap().unwrap();
        writeln!(
            text,
            "{} {:?} {:?} {jpeg:?}",
            row.track_id, row.stage, row.quality
        )
        .unwrap();
    }
    let filter = SightingFilter {
        camera_id: Some(camera_id.clone()),
        ..SightingFilter::default()
    };
    for row in store.list_sightings(&filter).unwrap() {
        let vector = store
            .sighting_embedding(row.sighting_id, "classic/1")
            .unwrap();
        writeln!(
            text,
            "{} {} {:?} {:?} {vector:?}",
            row.track_id, row.is_final, row.attributes, row.heading_deg
        )
        .unwrap();
    }
    let (from, until) = (at(-10_000_000), at(10_000_000));
    for count in store
        .list_counts(camera_id, RuleId(7), from, until)
        .unwrap()
    {
        writeln!(text, "{:?} {}", count.from, count.value).unwrap();
    }
    text
}

#[test]
fn whatever_is_interrupted_both_know_the_same_in_the_end() {
    for max_changes in [1, 3, 7, 500] {
        let (mut node, _node_folder) = open();
        let (mut guard, guard_folder) = open();
        guard.register_sink("hook", at(0)).unwrap();
        for number in 0..10 {
            live_on(&mut node, number);
        }
        register(&node, &mut guard, at(10));
        let mut n_rounds = 0;
        for number in 10..40 {
            live_on(&mut node, number);
            let Some(page) = next_page(&node, &guard, max_changes) else {
                continue;
            };
            n_rounds += 1;
            match n_rounds % 4 {
                // The answer never arrived.
                0 => {}
                // Killed behind the commit: the page is fetched by what is stored.
                1 => {
                    apply_page(&mut guard, &page).unwrap();
                    drop(guard);
                    guard = Store::open(guard_folder.path()).unwrap();
                }
                // The same page twice.
                2 => {
                    apply_page(&mut guard, &page).unwrap();
                    let again = apply_page(&mut guard, &page);
                    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
                }
                _ => drop(apply_page(&mut guard, &page).unwrap()),
            }
        }
        while let Some(page) = next_page(&node, &guard, max_changes) {
            apply_page(&mut guard, &page).unwrap();
        }
        let expected = told(&node, &camera());
        assert!(expected.lines().count() > 100, "{expected}");
        let found = told(&guard, &relayed());
        for (found, expected) in found.lines().zip(expected.lines()) {
            assert_eq!(found, expected, "pages of {max_changes}");
        }
        assert_eq!(found.lines().count(), expected.lines().count());
        // Each step since the registration waits for the hook once.
        let n_steps: u64 = (10..40)
            .map(|number| if number % 3 == 2 { 2 } else { 1 })
            .sum();
        let sink = guard.list_sinks().unwrap().pop().unwrap();
        assert_eq!(sink.n_waiting, n_steps);
    }
}

#[test]
fn feed_read_again_from_the_start_doubles_nothing() {
    let (mut node, _node_folder) = open();
    let (mut guard, _guard_folder) = open();
    guard.register_sink("hook", at(0)).unwrap();
    register(&node, &mut guard, at(0));
    for number in 0..12 {
        live_on(&mut node, number);
    }
    while let Some(page) = next_page(&node, &guard, 5) {
        apply_page(&mut guard, &page).unwrap();
    }
    let before = told(&guard, &relayed());
    let n_waiting = guard.list_sinks().unwrap()[0].n_waiting;
    register(&node, &mut guard, at(0));
    while let Some(page) = next_page(&node, &guard, 5) {
        let applied = apply_page(&mut guard, &page).unwrap();
        assert_eq!((applied.n_steps, applied.n_pictures), (0, 0));
    }
    assert_eq!(told(&guard, &relayed()), before);
    assert_eq!(guard.list_sinks().unwrap()[0].n_waiting, n_waiting);
}

#[test]
fn events_from_before_the_registration_are_closed_and_told_to_nobody() {
    let (mut node, _node_folder) = open();
    let (mut guard, _guard_folder) = open();
    guard.register_sink("hook", at(0)).unwrap();
    append(&mut node, &[begin(1, 1)], &[]);
    register(&node, &mut guard, at(100));
    append(&mut node, &[begin(200, 2)], &[]);
    while let Some(page) = next_page(&node, &guard, 500) {
        apply_page(&mut guard, &page).unwrap();
    }
    let state = |number: u64, second: i64| {
        let alarm = guard.alarm(event_id(second, number)).unwrap().unwrap();
        alarm.alarm.standing.state.name()
    };
    assert_eq!((state(1, 1), state(2, 200)), ("closed", "new"));
    assert_eq!(guard.list_sinks().unwrap()[0].n_waiting, 1);
}

#[test]
fn page_that_cannot_be_stored_moves_no_cursor() {
    let (mut node, _node_folder) = open();
    let (mut guard, _guard_folder) = open();
    register(&node, &mut guard, at(0));
    append(&mut node, &[begin(1, 1), begin(1, 2)], &[]);
    let mut page = next_page(&node, &guard, 500).unwrap();
    let Some(FeedChange::Step(last)) = page.changes.last_mut() else {
        panic!("steps were appended");
    };
    last.event.rule_name = "x".repeat(5_000);
    assert!(apply_page(&mut guard, &page).is_err());
    assert_eq!(told(&guard, &relayed()), "");
    assert_eq!(
        guard.node_progress("west").unwrap().as_ref(),
        Some(&page.before)
    );
}

#[test]
fn cameras_of_a_node_come_change_and_go() {
    let (mut node, _node_folder) = open();
    let (mut guard, _guard_folder) = open();
    register(&node, &mut guard, at(0));
    let mut seen = Vec::new();
    for document in [Some("one"), Some("two"), None] {
        match document {
            Some(text) => {
                let any = Expected::Any;
                node.put_settings("camera/gate-2", text, any, "ann", at(0))
                    .unwrap();
            }
            None => {
                let any = Expected::Any;
                node.delete_settings("camera/gate-2", any, "ann", at(0))
                    .unwrap();
            }
        }
        while let Some(page) = next_page(&node, &guard, 500) {
            apply_page(&mut guard, &page).unwrap();
        }
        let cameras = guard.node_cameras(Some("west")).unwrap();
        seen.push(
            cameras
                .into_iter()
                .map(|(_, text)| text)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(seen, [vec!["one"], vec!["two"], vec![]]);
}
