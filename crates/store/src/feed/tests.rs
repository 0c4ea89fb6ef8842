//! The feed by what it tells: a line per change.

use std::time::Duration;

use types::{
    Class, Count, Metric, Phase, ProgramKind, RuleId, ShotStage, Sighting, Timestamp, TrackId,
};

use super::*;
use crate::testing::{append, at, begin, camera, event_id, on_camera, open, shot, step};
use crate::{Expected, Retention};

const ALL: FeedLimits = FeedLimits {
    max_changes: MAX_FEED_PAGE,
    max_picture_bytes: usize::MAX,
    until: None,
};

fn line(change: &FeedChange) -> String {
    match change {
        FeedChange::Camera {
            camera_id,
            document,
        } => format!(
            "camera {camera_id} {}",
            document.as_deref().unwrap_or("gone")
        ),
        FeedChange::Step(step) => {
            let event = &step.event;
            format!("step {} of {}", event.step, event.track_id.unwrap())
        }
        FeedChange::Shot(shot) => format!("{:?} shot {}", shot.shot.stage, shot.shot.track_id),
        FeedChange::Sighting(sighting) => format!(
            "sighting {} final {}",
            sighting.sighting.track_id, sighting.sighting.is_final
        ),
        FeedChange::Counts(counts) => {
            let values: Vec<f64> = counts.iter().map(|count| count.value).collect();
            format!("counts {values:?}")
        }
    }
}

fn lines(page: &FeedPage) -> Vec<String> {
    page.changes.iter().map(line).collect()
}

fn count(minute: i64, value: f64) -> Count {
    let from = Timestamp::from_secs(1_200_000 + 60 * minute);
    Count {
        camera_id: camera(),
        rule_id: RuleId(7),
        metric: Metric::In,
        class: None,
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
        first_seen_at: at(1),
        last_seen_at: at(2),
        is_final,
        heading_deg: None,
        speed_mps: None,
        zone_ids: Vec::new(),
        line_ids: Vec::new(),
        appearance: Appearance::default(),
    }
}

#[test]
fn everything_stands_once_under_its_newest_change() {
    let (mut store, _folder) = open();
    let any = Expected::Any;
    store
        .put_settings("camera/gate-2", "1", any, "ann", at(0))
        .unwrap();
    append(
        &mut store,
        &[begin(1, 5)],
        &[shot(5, ShotStage::Early, 1, b"a")],
    );
    store
        .put_counts(&[count(0, 1.0), count(1, 2.0), count(10, 3.0)])
        .unwrap();
    store.put_sightings(&[sighting(5, false)]).unwrap();
    let seen = store.feed(FeedStart::Beginning, &ALL).unwrap();
    assert_eq!(
        lines(&seen),
        [
            "camera gate-2 1",
            "Early shot 5",
            "step 0 of 5",
            "counts [1.0, 2.0]",
            "counts [3.0]",
            "sighting 5 final false"
        ]
    );
    let end = step(1, 5, 1, Phase::End);
    append(&mut store, &[end], &[shot(5, ShotStage::Final, 2, b"b")]);
    store.put_counts(&[count(1, 4.0)]).unwrap();
    store.put_sightings(&[sighting(5, true)]).unwrap();
    store
        .put_settings("camera/gate-2", "2", any, "ann", at(0))
        .unwrap();
    store
        .delete_settings("camera/gate-2", any, "ann", at(0))
        .unwrap();
    let news = store.feed(FeedStart::After(seen.cursor), &ALL).unwrap();
    let expected = [
        "Final shot 5",
        "step 1 of 5",
        "counts [1.0, 4.0]",
        "sighting 5 final true",
        "camera gate-2 gone",
    ];
    assert_eq!(lines(&news), expected);
    assert_eq!(
        (news.is_restart, news.has_gap, news.n_behind),
        (false, false, 0)
    );
    let all = store.feed(FeedStart::Beginning, &ALL).unwrap();
    let mut from_the_start = vec!["step 0 of 5", "counts [3.0]"];
    from_the_start.extend(expected);
    assert_eq!(lines(&all), from_the_start);
    let none = store.feed(FeedStart::Now, &ALL).unwrap();
    assert_eq!((lines(&none), none.cursor), (Vec::new(), all.cursor));
}

#[test]
fn small_pages_together_tell_what_one_large_page_tells() {
    let (mut store, _folder) = open();
    for number in 0..20 {
        let picture = shot(number, ShotStage::Final, 1, &[7; 1_000]);
        append(&mut store, &[begin(1, number)], &[picture]);
    }
    let all = store.feed(FeedStart::Beginning, &ALL).unwrap();
    for (max_changes, max_picture_bytes) in [(1, usize::MAX), (3, usize::MAX), (500, 2_500)] {
        let limits = FeedLimits {
            max_changes,
            max_picture_bytes,
            until: None,
        };
        let (mut told, mut start) = (Vec::new(), FeedStart::Beginning);
        loop {
            let page = store.feed(start, &limits).unwrap();
            told.extend(lines(&page));
            start = FeedStart::After(page.cursor);
            if page.n_behind == 0 {
                break;
            }
        }
        assert_eq!(told, lines(&all), "{max_changes} {max_picture_bytes}");
    }
}

#[test]
fn page_ends_where_it_is_told_to() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1)], &[]);
    let until = store.feed(FeedStart::Now, &ALL).unwrap().cursor;
    append(&mut store, &[begin(1, 2)], &[]);
    let limits = FeedLimits {
        until: Some(until),
        ..ALL
    };
    let page = store.feed(FeedStart::Beginning, &limits).unwrap();
    assert_eq!(lines(&page), ["step 0 of 1"]);
    assert!(page.cursor.reaches(&until));
}

#[test]
fn cursor_outlives_restarts_and_one_from_after_a_backup_is_found_out() {
    let (mut store, folder) = open();
    append(&mut store, &[begin(1, 1)], &[]);
    let early = store.feed(FeedStart::Now, &ALL).unwrap();
    let backup = tempfile::tempdir().unwrap();
    let copy = backup.path().join("airelay.db");
    store.backup(&copy, |_, _| true).unwrap();
    append(&mut store, &[begin(1, 2)], &[]);
    let late = store.feed(FeedStart::Now, &ALL).unwrap();
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    append(&mut store, &[begin(1, 3)], &[]);
    let page = store.feed(FeedStart::After(late.cursor), &ALL).unwrap();
    assert_eq!(
        (lines(&page), page.is_restart),
        (vec!["step 0 of 3".to_owned()], false)
    );
    let after_restart = store.feed(FeedStart::Now, &ALL).unwrap();
    drop(store);

    // Set back: the same numbers are given to other events.
    let mut store = Store::open(backup.path()).unwrap();
    append(&mut store, &[begin(1, 7), begin(1, 8), begin(1, 9)], &[]);
    assert_eq!(store.database_id().unwrap(), early.database_id);
    let page = store.feed(FeedStart::After(early.cursor), &ALL).unwrap();
    assert_eq!((page.changes.len(), page.is_restart), (3, false));
    for cursor in [late.cursor, after_restart.cursor] {
        let page = store.feed(FeedStart::After(cursor), &ALL).unwrap();
        assert_eq!((page.changes.len(), page.is_restart), (4, true), "{cursor}");
    }
}

#[test]
fn what_retention_took_before_it_was_fetched_is_told() {
    let (mut store, _folder) = open();
    append(&mut store, &[begin(1, 1)], &[]);
    let fetched = store.feed(FeedStart::Now, &ALL).unwrap();
    let day = 24 * 3_600;
    append(&mut store, &[begin(day, 2)], &[]);
    let retention = Retention {
        events: Duration::from_hours(1),
        ..Retention::default()
    };
    store.prune(at(3_700), &retention, 500).unwrap();
    let page = store.feed(FeedStart::After(fetched.cursor), &ALL).unwrap();
    assert_eq!(
        (page.changes.len(), page.has_gap),
        (1, false),
        "it had that one"
    );
    store.prune(at(2 * day), &retention, 500).unwrap();
    let page = store.feed(FeedStart::After(fetched.cursor), &ALL).unwrap();
    assert_eq!((page.changes.len(), page.has_gap), (0, true));
    let page = store.feed(FeedStart::Beginning, &ALL).unwrap();
    assert!(!page.has_gap, "who never was here misses nothing");
}

#[test]
fn cameras_of_other_nodes_are_not_passed_on() {
    let (mut store, _folder) = open();
    append(&mut store, &[on_camera(begin(1, 1), "west.gate")], &[]);
    append(&mut store, &[on_camera(begin(1, 2), "gate")], &[]);
    assert!(store.event(event_id(1, 1)).unwrap().is_some());
    let page = store.feed(FeedStart::Beginning, &ALL).unwrap();
    assert_eq!(lines(&page), ["step 0 of 2"]);
}

#[test]
fn cursor_comes_back_from_its_text_and_rubbish_is_none() {
    for epoch in [0, -1, i64::MIN, i64::MAX] {
        let cursor = FeedCursor { epoch, feed_no: 77 };
        assert_eq!(FeedCursor::parse(&cursor.to_string()), Some(cursor));
    }
    for text in ["", "-", "zz-1", "00-x", "00--1", "12"] {
        assert_eq!(FeedCursor::parse(text), None, "{text}");
    }
}
