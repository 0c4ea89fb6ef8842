use proptest::prelude::*;
use types::{Class, Line, LineId};

use super::*;

/// An upright line in the middle, drawn upwards: left is the smaller x.
fn line(points: &[(f32, f32)]) -> Path {
    let points = points.iter().map(|&(x, y)| NormPoint::new(x, y)).collect();
    Path::new(CameraLine {
        line_id: LineId(1),
        name: "gate".into(),
        line: Line::new(points).unwrap(),
    })
}

fn middle() -> Path {
    line(&[(0.5, 1.0), (0.5, 0.0)])
}

/// A person at `(x, y)`: clear of an upright line at 0.006, of a level one at
/// 0.016.
fn person(id: u64, (x, y): (f32, f32), at: Timestamp) -> Track {
    Track {
        track_id: TrackId(id),
        state: TrackState::Confirmed,
        bbox: NormBox::from_xyxy(x - 0.02, y - 0.2, x + 0.02, y),
        class: Class::Person,
        score: 0.8,
        first_seen_at: at,
        last_seen_at: at,
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    }
}

/// What the text for a walk says in each scene, 200 ms apart, about x in
/// thousandths from the line: `n` a number, `lost`, `tent n`, `end`, `gone`.
fn walk(text: &str) -> String {
    let mut crossings = Crossings::new(middle());
    let mut told = String::new();
    let mut last: Option<Track> = None;
    for (scene, word) in (0_i64..).zip(text.split(", ")) {
        let at = Timestamp::from_millis(scene * 200);
        let (state, number) = match word.split_once(' ') {
            Some(("tent", number)) => (TrackState::Tentative, number),
            _ => (TrackState::Confirmed, word),
        };
        let track = match (word, &last) {
            ("gone", _) => continue,
            ("lost", Some(last)) => Track {
                state: TrackState::Lost,
                // Predicted far beyond the line: that must not matter.
                bbox: NormBox::from_xyxy(0.8, 0.3, 0.84, 0.5),
                ..last.clone()
            },
            ("end", Some(last)) => Track {
                state: TrackState::Ended,
                ..last.clone()
            },
            _ => {
                let offset: f32 = number.parse().unwrap();
                let mut track = person(1, (0.5 + offset / 1000.0, 0.5), at);
                track.state = state;
                track
            }
        };
        match crossings.step(&track, at) {
            Some(Crossing::LeftToRight) => told += &format!("{scene}> "),
            Some(Crossing::RightToLeft) => told += &format!("{scene}< "),
            None => {}
        }
        last = Some(track);
    }
    told.trim_end().to_owned()
}

#[test]
fn walk_crosses_once_it_is_clear_of_the_line() {
    for (text, expected) in [
        // Straight over it, slowly or in one step, either way.
        ("-20, -10, -2, 2, 5, 10, 20", "5>"),
        ("-20, 20", "1>"),
        ("20, -20", "1<"),
        // Dithers on the line, then goes on, or turns back.
        ("-20, -2, 2, -2, 2, -2, 2, -1, 1, 20", "9>"),
        ("-20, -2, 2, -2, 2, -2, 2, -1, 1, -20", ""),
        // There and back.
        ("-20, 20, -20, 20", "1> 2< 3>"),
        // Stops a little beyond it: at once it may be jitter, after 2 s not.
        ("-20, -2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4", "12>"),
        // Stands on it for ever.
        ("-20, -2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2", ""),
        // Begins on the line: from which side it came is not known.
        ("-1, 20, 30", ""),
        ("-1, 20, -20", "2<"),
    ] {
        assert_eq!(walk(text), expected, "{text}");
    }
}

#[test]
fn walk_that_is_not_seen_on_the_line_crosses_when_it_is_found() {
    for (text, expected) in [
        ("-20, -10, lost, lost, lost, 20", "5>"),
        ("-20, -10, lost, lost, lost, -20", ""),
        ("-20, -10, gone, gone, 20", "4>"),
        // Only predicted beyond it.
        ("-20, -10, lost, lost, end", ""),
        // Gone through a door just behind the line, or right on it.
        ("-20, -10, 4, end", "3>"),
        ("-20, -10, 1, end", ""),
        // Believed only beyond the line.
        ("tent -20, tent -10, tent 20, 30", "3>"),
        ("tent -20, tent 20, end", "2>"),
    ] {
        assert_eq!(walk(text), expected, "{text}");
    }
}

#[test]
fn new_identity_goes_on_with_the_walk_only_where_it_is_clear() {
    let takes_over = |others: &[f32], gap_ms: i64, class: Class| {
        let mut crossings = Crossings::new(middle());
        let at = Timestamp::from_secs(1);
        for (id, x) in (2_u64..).zip(others) {
            crossings.step(&person(id, (*x, 0.5), at), at);
        }
        let mut first = person(1, (0.49, 0.5), at);
        first.velocity = (0.1, 0.0);
        crossings.step(&first, at);
        let later = at.saturating_add(Duration::from_millis(gap_ms.unsigned_abs()));
        let mut second = person(9, (0.51, 0.5), later);
        second.class = class;
        crossings.step(&second, later)
    };
    let clear = takes_over(&[], 200, Class::Person);
    assert_eq!(clear, Some(Crossing::LeftToRight));
    // Two could be meant; too late; another kind of object.
    assert_eq!(takes_over(&[0.48], 200, Class::Person), None);
    assert_eq!(takes_over(&[0.2], 200, Class::Person), clear);
    assert_eq!(takes_over(&[], 2_400, Class::Person), None);
    assert_eq!(takes_over(&[], 200, Class::Car), None);
}

#[test]
fn line_with_corners_is_crossed_where_it_is_and_passed_beside_its_ends() {
    let corner = [(0.2, 0.8), (0.5, 0.8), (0.5, 0.2)];
    for (from, to, expected) in [
        ((0.3, 0.9), (0.3, 0.6), Some(Crossing::RightToLeft)),
        ((0.4, 0.5), (0.6, 0.5), Some(Crossing::LeftToRight)),
        // Over both parts: in by one, out by the other.
        ((0.35, 0.95), (0.65, 0.65), None),
        ((0.1, 0.9), (0.1, 0.5), None),
        ((0.4, 0.1), (0.6, 0.1), None),
    ] {
        let mut crossings = Crossings::new(line(&corner));
        let at = Timestamp::from_secs;
        assert_eq!(crossings.step(&person(1, from, at(0)), at(0)), None);
        let crossing = crossings.step(&person(1, to, at(1)), at(1));
        assert_eq!(crossing, expected, "{from:?} {to:?}");
    }
}

#[test]
fn walks_are_bounded_and_forgotten() {
    let mut crossings = Crossings::new(middle());
    let at = Timestamp::from_secs(1);
    for id in 0..300_u16 {
        // Apart in time of birth, so that none takes over another's walk.
        let x = f32::from(id) / 300.0;
        crossings.step(&person(u64::from(id), (x, 0.9), at), at);
    }
    assert_eq!(crossings.walks.len(), MAX_WALKS);
    assert_eq!(crossings.n_refused(), 300 - MAX_WALKS as u64);
    let later = at.saturating_add(FORGET_AFTER + Duration::from_secs(1));
    crossings.step(&person(1_000, (0.1, 0.1), later), later);
    assert_eq!(crossings.walks.len(), 1);
}

/// Walks of up to 60 scenes; every third point lies within jitter of the line.
fn any_walk() -> impl Strategy<Value = Vec<(f32, bool)>> {
    let x = prop_oneof![2 => 0.05_f32..0.95, 1 => 0.495_f32..0.505];
    proptest::collection::vec((x, proptest::bool::weighted(0.8)), 1..60)
}

proptest! {
    #[test]
    fn crossings_conserve_sides_for_any_walk(points in any_walk(), step_ms in 20_i64..500) {
        let mut crossings = Crossings::new(middle());
        let (mut balance, mut first) = (0, None);
        let side = |x: f32| (x - 0.5).abs().ge(&0.006).then_some(i32::from(x > 0.5));
        let last = points.len() - 1;
        for (scene, (x, is_seen)) in (0_i64..).zip(&points) {
            let at = Timestamp::from_millis(scene * step_ms);
            // Clear at both ends, seen or not in between.
            let is_end = scene == 0 || usize::try_from(scene).unwrap() == last;
            let x = if is_end && side(*x).is_none() { 0.6 } else { *x };
            let mut track = person(1, (x, 0.5), at);
            if !is_seen && !is_end {
                track.state = TrackState::Lost;
                track.last_seen_at = Timestamp::default();
            }
            balance += match crossings.step(&track, at) {
                Some(Crossing::LeftToRight) => 1,
                Some(Crossing::RightToLeft) => -1,
                None => 0,
            };
            first = first.or(side(x));
            if is_end {
                let change = side(x).unwrap() - first.unwrap();
                prop_assert_eq!(balance, change);
            }
        }
    }

    #[test]
    fn jitter_on_the_line_never_crosses(xs in proptest::collection::vec(0.4975_f32..0.5025, 1..200)) {
        let mut crossings = Crossings::new(middle());
        let start = Timestamp::default();
        crossings.step(&person(1, (0.45, 0.5), start), start);
        for (scene, x) in (1_i64..).zip(xs) {
            let at = Timestamp::from_millis(scene * 200);
            prop_assert_eq!(crossings.step(&person(1, (x, 0.5), at), at), None);
        }
    }
}
