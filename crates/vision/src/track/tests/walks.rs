//! Objects on their way: identities through gaps, crossings and doubles.

use expect_test::expect;

use super::*;
#[test]
fn walking_person_is_confirmed_by_the_second_detection_and_ends_once() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.08, 0.0),
            "####################",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            4.0s person 1: Ended
        "#]],
    );
}

#[test]
fn single_detection_is_never_confirmed() {
    check(
        &[Walk::person((0.1, 0.5), (0.08, 0.0), "#.....")],
        &expect![[r#"
            0.0s person 1: Tentative
            0.4s person 1: Ended
        "#]],
    );
}

#[test]
fn very_sure_detection_is_confirmed_at_once() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let detection = Detection {
        bbox: NormBox::from_xyxy(0.4, 0.4, 0.5, 0.7),
        class: Class::Person,
        score: 0.95,
    };
    let scene = tracker.update(
        at_ms(0),
        0,
        Some(&Sight::of_everything(vec![detection])),
        &quiet(),
    );
    assert_eq!(scene.tracks[0].state, TrackState::Confirmed);
}

#[test]
fn flickering_detections_keep_one_identity() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.06, 0.0),
            "##.#..##.#.##..#.##..###.##",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            5.4s person 1: Ended
        "#]],
    );
}

#[test]
fn person_behind_a_pillar_for_a_second_and_a_half_keeps_the_identity() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.08, 0.0),
            "##########.......##########",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            2.4s person 1: Lost
            3.4s person 1: Confirmed
            5.4s person 1: Ended
        "#]],
    );
}

#[test]
fn person_gone_for_good_ends_after_three_seconds() {
    check(
        &[Walk::person(
            (0.3, 0.5),
            (0.05, 0.0),
            "##########.........................",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            2.4s person 1: Lost
            5.0s person 1: Ended
        "#]],
    );
}

#[test]
fn weak_detections_continue_a_track_but_never_start_one() {
    check(
        &[
            Walk::person((0.1, 0.5), (0.05, 0.0), "####++++++++++++++++++++"),
            Walk::person((0.7, 0.5), (0.0, 0.0), "++++++++++++++++++++++++"),
        ],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            4.8s person 1: Ended
        "#]],
    );
}

#[test]
fn persons_who_cross_keep_their_identities() {
    // They meet in the middle at 2.5 s; the detector sees one of them there.
    let walks = [
        Walk::person((0.2, 0.5), (0.12, 0.0), "###########....###########"),
        Walk::person((0.8, 0.52), (-0.12, 0.0), "##########################"),
    ];
    let scenes = run_at(&walks, &every_200_ms(&walks));
    assert_eq!(last_from_left(&scenes), [2, 1], "{}", story(&scenes));
}

#[test]
fn persons_who_cross_while_both_are_seen_keep_their_identities() {
    let seen = "#".repeat(26);
    let walks = [
        Walk::person((0.2, 0.5), (0.12, 0.0), &seen),
        Walk::person((0.8, 0.56), (-0.12, 0.0), &seen),
    ];
    let scenes = run_at(&walks, &every_200_ms(&walks));
    assert_eq!(last_from_left(&scenes), [2, 1], "{}", story(&scenes));
}

#[test]
fn car_that_enters_at_speed_is_one_track() {
    // A quarter of the picture per second, first seen cut by the border.
    check(
        &[Walk::car((-0.02, 0.6), (0.25, 0.0), "####################")],
        &expect![[r#"
            0.0s car 1: Tentative
            0.2s car 1: Confirmed
            4.0s car 1: Ended
        "#]],
    );
}

#[test]
fn dropped_frames_and_irregular_times_keep_the_identity() {
    let walks = [
        Walk::person((0.05, 0.4), (0.1, 0.0), &"#".repeat(12)),
        Walk::car((0.95, 0.8), (-0.11, 0.0), &"#".repeat(12)),
    ];
    let times_ms = [
        0, 200, 350, 1_000, 1_100, 2_000, 2_180, 3_300, 3_500, 5_000, 5_200, 6_500,
    ];
    expect![[r#"
        0.0s person 1: Tentative
        0.0s car 2: Tentative
        0.2s person 1: Confirmed
        0.2s car 2: Confirmed
        6.7s person 1: Ended
        6.7s car 2: Ended
    "#]]
    .assert_eq(&story(&run_at(&walks, &times_ms)));
}

#[test]
fn object_that_leaves_the_picture_ends_soon() {
    check(
        &[Walk::car((0.8, 0.6), (0.25, 0.0), "#####.....")],
        &expect![[r#"
            0.0s car 1: Tentative
            0.2s car 1: Confirmed
            1.2s car 1: Ended
        "#]],
    );
}

#[test]
fn rider_and_bicycle_are_two_tracks_and_person_never_becomes_vehicle() {
    let seen = "#".repeat(10);
    let rider = Walk::person((0.2, 0.5), (0.1, 0.0), &seen);
    let bicycle = Walk {
        class: Class::Bicycle,
        ..rider.clone()
    };
    let car = Walk {
        class: Class::Car,
        ..rider.clone()
    };
    check(
        &[rider, bicycle, car],
        &expect![[r#"
            0.0s person 1: Tentative
            0.0s bicycle 2: Tentative
            0.0s car 3: Tentative
            0.2s person 1: Confirmed
            0.2s bicycle 2: Confirmed
            0.2s car 3: Confirmed
            2.0s person 1: Ended
            2.0s bicycle 2: Ended
            2.0s car 3: Ended
        "#]],
    );
}

#[test]
fn two_detections_of_one_object_are_one_track_in_the_end() {
    let seen = "#".repeat(15);
    let mut shadow = Walk::person((0.2, 0.5), (0.05, 0.0), &seen);
    shadow.from.0 += 0.006;
    let scenes = run_at(
        &[Walk::person((0.2, 0.5), (0.05, 0.0), &seen), shadow],
        &every_200_ms(&[Walk::person((0.2, 0.5), (0.05, 0.0), &seen)]),
    );
    assert_eq!(last_from_left(&scenes), [1], "{}", story(&scenes));
}
