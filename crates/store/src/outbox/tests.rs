use types::Phase;

use super::*;
use crate::sinks::MAX_SINKS;
use crate::testing::{append, at, begin, on_camera, open, open_with, step};

/// Cameras and event numbers of what a sink should deliver next.
fn next(store: &Store, sink: &str, second: i64) -> Vec<String> {
    let deliveries = store.next_deliveries(sink, at(second), 100).unwrap();
    deliveries
        .iter()
        .map(|delivery| {
            let event = &delivery.event;
            let number = event.event_id.as_bits() & 0xFFFF;
            format!("{} {number}.{}", event.camera_id, event.step)
        })
        .collect()
}

fn first_id(store: &Store, sink: &str, second: i64) -> OutboxId {
    store.next_deliveries(sink, at(second), 100).unwrap()[0].outbox_id
}

#[test]
fn each_enabled_sink_gets_every_step_once_in_order() {
    let (mut store, _folder) = open();
    for sink in ["hook", "mqtt", "off"] {
        store.register_sink(sink, at(0)).unwrap();
    }
    store.set_sink_enabled("off", false).unwrap();
    append(
        &mut store,
        &[begin(1, 1), begin(2, 2), step(1, 1, 1, Phase::End)],
        &[],
    );
    let expected = ["gate-2 1.0", "gate-2 2.0", "gate-2 1.1"];
    assert_eq!(next(&store, "hook", 9), expected);
    assert_eq!(next(&store, "mqtt", 9), expected);
    assert_eq!(next(&store, "off", 9).len(), 0);
    store
        .mark_delivered("hook", first_id(&store, "hook", 9), at(9))
        .unwrap();
    assert_eq!(next(&store, "hook", 9), expected[1..]);
    assert_eq!(next(&store, "mqtt", 9), expected);
}

#[test]
fn failed_step_holds_back_its_camera_only_until_its_retry() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    append(&mut store, &[on_camera(begin(3, 3), "other")], &[]);
    let head = first_id(&store, "hook", 9);
    assert!(
        store
            .mark_failed("hook", head, "refused", at(20), at(9))
            .unwrap()
    );
    assert_eq!(next(&store, "hook", 19), ["other 3.0"]);
    assert_eq!(store.next_retry_at("hook").unwrap(), Some(at(20)));
    assert_eq!(
        next(&store, "hook", 20),
        ["gate-2 1.0", "gate-2 2.0", "other 3.0"]
    );
    let retried = &store.next_deliveries("hook", at(20), 1).unwrap()[0];
    assert_eq!((retried.outbox_id, retried.n_attempts), (head, 1));
    let state = store.sink_state("hook").unwrap().unwrap();
    assert_eq!(
        (state.last_error.as_deref(), state.last_error_at),
        (Some("refused"), Some(at(9)))
    );
}

#[test]
fn dead_letter_lets_the_next_go_and_can_be_replayed() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    let head = first_id(&store, "hook", 9);
    assert!(store.mark_dead("hook", head, "HTTP 400", at(9)).unwrap());
    assert_eq!(next(&store, "hook", 9), ["gate-2 2.0"]);
    let dead = store.list_dead_letters("hook", None, 10).unwrap();
    assert_eq!(
        (dead.len(), dead[0].outbox_id, dead[0].n_attempts),
        (1, head, 1)
    );
    assert_eq!(dead[0].error, "HTTP 400");
    assert_eq!(store.list_dead_letters("hook", Some(head), 10).unwrap(), []);
    assert_eq!(store.replay_dead("hook", Some(OutboxId(999))).unwrap(), 0);
    assert_eq!(store.replay_dead("hook", None).unwrap(), 1);
    assert_eq!(next(&store, "hook", 9), ["gate-2 1.0", "gate-2 2.0"]);
}

#[test]
fn replayed_letter_does_not_hurry_the_failed_step_behind_it() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    let head = first_id(&store, "hook", 9);
    store.mark_dead("hook", head, "HTTP 400", at(9)).unwrap();
    store
        .mark_failed("hook", first_id(&store, "hook", 9), "down", at(60), at(9))
        .unwrap();
    store.replay_dead("hook", None).unwrap();
    assert_eq!(next(&store, "hook", 10), ["gate-2 1.0"]);
}

#[test]
fn overfull_queue_gives_up_its_oldest_and_says_so() {
    let (mut store, _folder) = open_with(Limits {
        max_waiting_per_sink: 2,
        max_dead_per_sink: 1,
    });
    store.register_sink("dead", at(0)).unwrap();
    store.register_sink("live", at(0)).unwrap();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    for _ in 0..2 {
        store
            .mark_delivered("live", first_id(&store, "live", 9), at(9))
            .unwrap();
    }
    let appended = append(&mut store, &[begin(3, 3)], &[]);
    assert_eq!(appended.n_dropped, 1);
    assert_eq!(next(&store, "dead", 9), ["gate-2 2.0", "gate-2 3.0"]);
    assert_eq!(next(&store, "live", 9), ["gate-2 3.0"]);
    let state = store.sink_state("dead").unwrap().unwrap();
    assert_eq!((state.n_waiting, state.n_dropped), (2, 1));
    for _ in 0..2 {
        store
            .mark_dead("dead", first_id(&store, "dead", 9), "HTTP 400", at(9))
            .unwrap();
    }
    let state = store.sink_state("dead").unwrap().unwrap();
    assert_eq!((state.n_waiting, state.n_dead, state.n_dropped), (0, 1, 2));
}

#[test]
fn state_counts_deliveries_and_forgets_the_error_after_a_success() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1), begin(2, 2)], &[]);
    let head = first_id(&store, "hook", 9);
    store
        .mark_failed("hook", head, "down", at(9), at(9))
        .unwrap();
    assert!(store.mark_delivered("hook", head, at(10)).unwrap());
    assert!(!store.mark_delivered("hook", head, at(11)).unwrap());
    assert!(
        !store
            .mark_failed("hook", head, "late", at(12), at(12))
            .unwrap()
    );
    let state = store.sink_state("hook").unwrap().unwrap();
    assert_eq!(
        (state.n_waiting, state.n_delivered, state.n_dead),
        (1, 1, 0)
    );
    assert_eq!(state.oldest_waiting_at, Some(at(0)));
    assert_eq!(
        (state.last_delivered_at, state.last_error),
        (Some(at(10)), None)
    );
}

#[test]
fn row_of_one_sink_cannot_be_marked_through_another() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1)], &[]);
    let head = first_id(&store, "hook", 9);
    assert!(!store.mark_delivered("mqtt", head, at(9)).unwrap());
    assert_eq!(next(&store, "hook", 9).len(), 1);
}

#[test]
fn camera_with_a_long_queue_leaves_room_for_the_others() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    let many: Vec<_> = (1..=40).map(|number| begin(1, number)).collect();
    append(&mut store, &many, &[]);
    append(&mut store, &[on_camera(begin(2, 41), "other")], &[]);
    let deliveries = store.next_deliveries("hook", at(9), 20).unwrap();
    assert_eq!(deliveries.len(), 17);
    assert_eq!(deliveries[16].event.camera_id.as_str(), "other");
    assert_eq!(store.next_deliveries("hook", at(9), 5).unwrap().len(), 5);
}

#[test]
fn removed_sink_takes_its_queue_along() {
    let (mut store, _folder) = open();
    store.register_sink("hook", at(0)).unwrap();
    append(&mut store, &[begin(1, 1)], &[]);
    store.remove_sink("hook").unwrap();
    store.register_sink("hook", at(1)).unwrap();
    assert_eq!(next(&store, "hook", 9).len(), 0);
    assert!(matches!(
        store.remove_sink("x"),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn sinks_are_bounded() {
    let (mut store, _folder) = open();
    for number in 0..MAX_SINKS {
        store
            .register_sink(&format!("hook-{number}"), at(0))
            .unwrap();
    }
    assert!(matches!(
        store.register_sink("one-more", at(0)),
        Err(Error::TooLarge { .. })
    ));
    assert_eq!(store.list_sinks().unwrap().len(), MAX_SINKS as usize);
}
