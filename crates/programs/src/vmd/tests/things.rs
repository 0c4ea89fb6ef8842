//! Rules about things, the picture and silence: what they say, and what they
//! keep quiet about.

use expect_test::expect;

use super::kinds::{check, secs};
use super::*;

/// As large as a walker at 6, and a bag at its feet.
const LARGE: (f32, f32, f32, f32) = (0.61, 0.52, 0.69, 0.68);
const BAG: (f32, f32, f32, f32) = (0.61, 0.62, 0.65, 0.68);

/// Plays a change of the yard, seen from one second until another under a
/// number.
fn things(
    kind: StillChangeKind,
    (x1, y1, x2, y2): (f32, f32, f32, f32),
    walks: &[&str],
    seen: &[(usize, usize, u64)],
) -> Vec<Event> {
    let still_for = secs(5);
    let zone_id = ZoneId(1);
    let rule = rule_of(match kind {
        StillChangeKind::Left => What::ObjectLeft { zone_id, still_for },
        StillChangeKind::Removed => What::ObjectRemoved { zone_id, still_for },
    });
    let mut scenes = scenes(walks, 1_000);
    for (step, scene) in scenes.iter_mut().enumerate() {
        let Ok(scene) = scene else { continue };
        let now = seen
            .iter()
            .filter(|(from, until, _)| (*from..*until).contains(&step));
        scene.still_changes = now
            .map(|(from, _, change_id)| StillChange {
                change_id: *change_id,
                bbox: NormBox::from_xyxy(x1, y1, x2, y2),
                since: at_ms(*from as u64 * 1_000),
                kind,
            })
            .collect();
    }
    play(&mut program(drawn(), vec![rule]), &scenes)
}

#[test]
fn thing_left_is_told_when_nobody_stands_before_it() {
    let events = things(
        StillChangeKind::Left,
        BAG,
        &["345566666666333333333"],
        &[(4, 18, 7)],
    );
    expect![[r#"
        12s: object_left begin
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn thing_whose_change_gets_another_number_is_the_same_thing() {
    let events = things(
        StillChangeKind::Left,
        BAG,
        &["33333333333333333333333"],
        &[(1, 8, 7), (9, 15, 8)],
    );
    expect![[r#"
        6s: object_left begin
        18s: object_left end: the scene is as before after 8s
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn object_that_rests_is_no_thing_left_and_where_it_rested_nothing_is_removed() {
    for kind in [StillChangeKind::Left, StillChangeKind::Removed] {
        let events = things(kind, LARGE, &["666666643333333333333"], &[(7, 20, 7)]);
        assert_eq!(tale(&events), "");
    }
}

#[test]
fn thing_that_nobody_was_at_is_removed() {
    let events = things(
        StillChangeKind::Removed,
        LARGE,
        &["33333333333333333"],
        &[(2, 16, 7)],
    );
    expect![[r#"
        7s: object_removed begin
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn picture_problem_is_told_when_it_lasts_and_once_though_it_flickers() {
    let rule = rule_of(What::Picture {
        problems: vec![PictureProblem::Covered],
        lasting: secs(2),
    });
    let mut scenes = scenes(&["....................."], 1_000);
    for (step, scene) in scenes.iter_mut().enumerate() {
        let Ok(scene) = scene else { continue };
        let problem = match step {
            1 | 2 => PictureProblem::TooDark,
            4 | 5 | 7 | 8 | 10..=13 => PictureProblem::Covered,
            _ => continue,
        };
        scene.picture = PictureState {
            problems: vec![(problem, scene.captured_at)],
            is_grey: false,
            health: None,
        };
    }
    let events = play(&mut program(drawn(), vec![rule]), &scenes);
    expect![[r#"
        7s: picture_problem begin covered
        17s: picture_problem end covered: the picture is good after 6s
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn signal_lost_is_told_by_ticks_and_ends_with_the_next_scene() {
    check(
        What::SignalLost { after: secs(5) },
        &["33___3_________________33"],
        &expect![[r#"
            10s: signal_lost begin
            23s: signal_lost end: the video is back after 13s
        "#]],
    );
    check(
        What::SignalLost { after: secs(5) },
        &["________3"],
        &expect![[r#"
            5s: signal_lost begin
            8s: signal_lost end: the video is back after 3s
        "#]],
    );
}
