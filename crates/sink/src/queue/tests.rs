use proptest::prelude::*;

use super::*;

const SOON: Reaction = Reaction::Retry { after: None };

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(second)
}

fn item(camera: &str, outbox_id: i64) -> Item {
    Item {
        outbox_id,
        camera_id: CameraId::new(camera).unwrap(),
        queued_at: at(0),
        n_attempts: 0,
    }
}

fn queue(items: &[(&str, i64)]) -> DeliveryQueue {
    let mut queue = DeliveryQueue::new(RetryPolicy::default(), 7);
    queue.add(
        items
            .iter()
            .map(|&(camera, outbox_id)| item(camera, outbox_id)),
    );
    queue
}

/// The step to deliver now.
fn deliver(queue: &mut DeliveryQueue, second: i64) -> Item {
    match queue.next(at(second)) {
        Next::Deliver(item) => item,
        other => panic!("{other:?}"),
    }
}

#[test]
fn steps_of_a_camera_go_one_after_the_other() {
    let mut queue = queue(&[("a", 1), ("a", 2)]);
    let first = deliver(&mut queue, 0);
    assert_eq!(queue.next(at(0)), Next::Wait);
    queue.delivered(&first);
    assert_eq!(deliver(&mut queue, 0).outbox_id, 2);
}

#[test]
fn failed_step_holds_back_its_own_camera_only() {
    let mut queue = queue(&[("a", 1), ("a", 2), ("b", 3)]);
    let failing = deliver(&mut queue, 0);
    let Outcome::RetryAt(retry_at) = queue.failed(&failing, SOON, at(0)) else {
        panic!("it may recover")
    };
    let other = deliver(&mut queue, 0);
    assert_eq!(other.outbox_id, 3);
    queue.delivered(&other);
    assert_eq!(queue.next(at(0)), Next::WaitUntil(retry_at));
    let Next::Deliver(again) = queue.next(retry_at) else {
        panic!("it is due")
    };
    assert_eq!((again.outbox_id, again.n_attempts), (1, 1));
}

#[test]
fn refused_step_is_dead_and_the_next_goes_at_once() {
    let mut queue = queue(&[("a", 1), ("a", 2)]);
    let refused = deliver(&mut queue, 0);
    assert_eq!(
        queue.failed(&refused, Reaction::Refused, at(0)),
        Outcome::Dead
    );
    assert_eq!(deliver(&mut queue, 0).outbox_id, 2);
}

#[test]
fn step_that_waited_too_long_is_dead() {
    let mut queue = queue(&[("a", 1)]);
    let three_days = 72 * 3_600;
    let old = deliver(&mut queue, three_days - 1);
    assert!(matches!(
        queue.failed(&old, SOON, at(three_days - 1)),
        Outcome::RetryAt(_)
    ));
    let old = deliver(&mut queue, three_days + 10);
    assert_eq!(queue.failed(&old, SOON, at(three_days + 10)), Outcome::Dead);
    assert!(queue.is_empty());
}

#[test]
fn waits_double_up_to_the_longest_within_a_quarter() {
    let mut queue = queue(&[("a", 1)]);
    let mut now = at(0);
    for expected in [1_u64, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let Next::Deliver(item) = queue.next(now) else {
            panic!("it is due")
        };
        let Outcome::RetryAt(retry_at) = queue.failed(&item, SOON, now) else {
            panic!("it may recover")
        };
        let delay = retry_at.saturating_since(now);
        let expected = Duration::from_secs(expected);
        assert!(
            delay >= expected * 3 / 4 && delay <= expected * 5 / 4,
            "{delay:?} of {expected:?}"
        );
        now = retry_at;
    }
}

#[test]
fn receivers_wish_is_honoured_within_bounds() {
    for (wish, expected) in [(0, 1), (30, 30), (1_000_000, 3_600)] {
        let mut queue = queue(&[("a", 1)]);
        let item = deliver(&mut queue, 0);
        let reaction = Reaction::Retry {
            after: Some(Duration::from_secs(wish)),
        };
        assert_eq!(
            queue.failed(&item, reaction, at(0)),
            Outcome::RetryAt(at(expected))
        );
    }
}

#[test]
fn no_more_are_in_flight_than_allowed() {
    let mut queue = queue(&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]);
    let first = deliver(&mut queue, 0);
    for _ in 0..3 {
        deliver(&mut queue, 0);
    }
    assert_eq!(queue.next(at(0)), Next::Wait);
    queue.delivered(&first);
    assert_eq!(deliver(&mut queue, 0).outbox_id, 5);
}

#[test]
fn cameras_take_turns() {
    let mut queue = queue(&[("a", 1), ("a", 2), ("b", 3), ("b", 4)]);
    let mut order = Vec::new();
    for _ in 0..4 {
        let item = deliver(&mut queue, 0);
        order.push(item.outbox_id);
        queue.delivered(&item);
    }
    assert_eq!(order, [1, 3, 2, 4]);
}

#[test]
fn step_given_twice_is_held_once_and_a_replayed_one_keeps_its_place() {
    let mut queue = queue(&[("a", 5), ("a", 5), ("a", 7)]);
    assert_eq!(queue.len(), 2);
    let in_flight = deliver(&mut queue, 0);
    queue.add([item("a", 2)]);
    queue.delivered(&in_flight);
    assert_eq!(deliver(&mut queue, 0).outbox_id, 2);
}

proptest! {
    #[test]
    fn whatever_fails_all_arrive_once_and_in_order_per_camera(
        cameras in proptest::collection::vec(0_usize..3, 1..30),
        failures in proptest::collection::vec(any::<bool>(), 0..60),
    ) {
        let names = ["a", "b", "c"];
        let mut queue = DeliveryQueue::new(RetryPolicy::default(), 1);
        queue.add((1..).zip(&cameras).map(|(outbox_id, &camera)| item(names[camera], outbox_id)));
        let mut failures = failures.into_iter();
        let mut now = at(0);
        let mut arrived: Vec<Item> = Vec::new();
        while !queue.is_empty() {
            match queue.next(now) {
                Next::Deliver(item) if failures.next() == Some(true) => {
                    queue.failed(&item, SOON, now);
                }
                Next::Deliver(item) => {
                    queue.delivered(&item);
                    arrived.push(item);
                }
                Next::WaitUntil(until) => {
                    prop_assert!(until > now);
                    now = until;
                }
                Next::Wait => prop_assert!(false, "nothing is in flight"),
            }
        }
        prop_assert_eq!(arrived.len(), cameras.len());
        for name in names {
            let of_camera = arrived.iter().filter(|item| item.camera_id.as_str() == name);
            prop_assert!(of_camera.map(|item| item.outbox_id).is_sorted());
        }
    }
}
