//! Weeks whose changes are known, in zones whose clocks change.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn spans(texts: &[&str]) -> Vec<Span> {
    texts
        .iter()
        .map(|text| {
            let (from, until) = text.split_once(' ').unwrap();
            Span {
                from: Moment::parse(from).unwrap(),
                until: Moment::parse(until).unwrap(),
            }
        })
        .collect()
}

const BERLIN: Position = Position {
    latitude_deg: 52.52,
    longitude_deg: 13.40,
};

/// The same spans every day, in Berlin.
fn daily(texts: &[&str]) -> Timetable {
    Timetable {
        time_zone: "Europe/Berlin".into(),
        week: std::array::from_fn(|_| spans(texts)),
        exceptions: Vec::new(),
        position: Some(BERLIN),
    }
}

/// The next `n` changes after `from`.
#[track_caller]
fn check(timetable: Timetable, from: &str, n: usize, expected: &Expect) {
    let schedule = Schedule::new(timetable).unwrap();
    let mut actual = String::new();
    let mut now = at(from);
    for _ in 0..n {
        let Some(change) = schedule.next_change(now) else {
            actual.push_str("never again\n");
            break;
        };
        let state = if schedule.is_on(change) { "on" } else { "off" };
        writeln!(actual, "{change} {state}").unwrap();
        now = change;
    }
    expected.assert_eq(&actual);
}

#[test]
fn span_over_midnight_ends_on_the_next_day() {
    check(
        daily(&["22:00 06:00"]),
        "2026-01-12T12:00:00Z",
        3,
        &expect![[r#"
            2026-01-12T21:00:00.000Z on
            2026-01-13T05:00:00.000Z off
            2026-01-13T21:00:00.000Z on
        "#]],
    );
}

#[test]
fn spans_that_touch_are_one_also_over_midnight() {
    check(
        daily(&["20:00 24:00", "00:00 02:00", "01:00 06:00"]),
        "2026-01-12T12:00:00Z",
        3,
        &expect![[r#"
            2026-01-12T19:00:00.000Z on
            2026-01-13T05:00:00.000Z off
            2026-01-13T19:00:00.000Z on
        "#]],
    );
}

#[test]
fn always_and_never_do_not_change() {
    check(
        daily(&["00:00 24:00"]),
        "2026-01-12T12:00:00Z",
        1,
        &expect![[r#"
        never again
    "#]],
    );
    check(
        daily(&[]),
        "2026-01-12T12:00:00Z",
        1,
        &expect![[r#"
        never again
    "#]],
    );
    let always = Schedule::new(daily(&["00:00 24:00"])).unwrap();
    assert!(always.is_on(at("2026-07-01T22:00:00Z")));
}

#[test]
fn change_to_summer_time_skips_hours_and_back_gives_them_twice() {
    // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
    check(
        daily(&["01:30 02:30", "12:00 13:00"]),
        "2026-03-28T20:00:00Z",
        4,
        &expect![[r#"
            2026-03-29T00:30:00.000Z on
            2026-03-29T01:30:00.000Z off
            2026-03-29T10:00:00.000Z on
            2026-03-29T11:00:00.000Z off
        "#]],
    );
    check(
        daily(&["01:30 03:00"]),
        "2026-10-24T20:00:00Z",
        2,
        &expect![[r#"
            2026-10-24T23:30:00.000Z on
            2026-10-25T02:00:00.000Z off
        "#]],
    );
}

#[test]
fn exception_replaces_the_weekday_but_not_the_night_before() {
    let mut timetable = daily(&["22:00 06:00"]);
    timetable.exceptions = vec![("2026-12-25".into(), spans(&["10:00 11:00"]))];
    check(
        timetable,
        "2026-12-24T12:00:00Z",
        5,
        &expect![[r#"
            2026-12-24T21:00:00.000Z on
            2026-12-25T05:00:00.000Z off
            2026-12-25T09:00:00.000Z on
            2026-12-25T10:00:00.000Z off
            2026-12-26T21:00:00.000Z on
        "#]],
    );
}

#[test]
fn weekday_is_the_local_one() {
    // Monday only; in Auckland it starts on Sunday by UTC.
    let mut week: [Vec<Span>; 7] = Default::default();
    week[0] = spans(&["00:00 24:00"]);
    let timetable = Timetable {
        time_zone: "Pacific/Auckland".into(),
        week,
        ..Timetable::default()
    };
    check(
        timetable,
        "2026-07-01T00:00:00Z",
        2,
        &expect![[r#"
        2026-07-05T12:00:00.000Z on
        2026-07-06T12:00:00.000Z off
    "#]],
    );
}

#[test]
fn sun_times_agree_with_almanacs_within_three_minutes() {
    let place = |latitude_deg, longitude_deg| Position {
        latitude_deg,
        longitude_deg,
    };
    for (position, date, is_rise, expected) in [
        (BERLIN, "2026-06-21", true, "2026-06-21T02:43:00Z"),
        (BERLIN, "2026-06-21", false, "2026-06-21T19:33:00Z"),
        (BERLIN, "2026-12-21", true, "2026-12-21T07:15:00Z"),
        (BERLIN, "2026-12-21", false, "2026-12-21T14:54:00Z"),
        (
            place(51.51, -0.13),
            "2026-12-21",
            true,
            "2026-12-21T08:04:00Z",
        ),
        (
            place(51.51, -0.13),
            "2026-12-21",
            false,
            "2026-12-21T15:53:00Z",
        ),
        (
            place(40.71, -74.01),
            "2026-06-21",
            true,
            "2026-06-21T09:25:00Z",
        ),
        (
            place(40.71, -74.01),
            "2026-06-21",
            false,
            "2026-06-22T00:31:00Z",
        ),
        (
            place(-33.87, 151.21),
            "2026-12-21",
            true,
            "2026-12-20T18:41:00Z",
        ),
        (
            place(-33.87, 151.21),
            "2026-12-21",
            false,
            "2026-12-21T09:05:00Z",
        ),
    ] {
        let sun::Event::At(actual) = sun::event(date.parse().unwrap(), position, is_rise) else {
            panic!("{date}: the sun rises and sets there");
        };
        let expected = at(expected);
        let off = actual
            .saturating_since(expected)
            .max(expected.saturating_since(actual));
        assert!(off.as_secs() <= 180, "{date} {position:?}: {actual}");
    }
}

#[test]
fn night_by_the_sun_follows_it_and_polar_days_have_none() {
    let schedule = Schedule::new(daily(&["sunset+30 sunrise-30"])).unwrap();
    assert!(schedule.is_on(at("2026-12-21T16:00:00Z")));
    assert!(!schedule.is_on(at("2026-06-21T16:00:00Z")));
    assert!(schedule.is_on(at("2026-06-21T23:00:00Z")));
    let tromsoe = |texts: &[&str]| {
        let timetable = Timetable {
            time_zone: "Europe/Oslo".into(),
            position: Some(Position {
                latitude_deg: 69.65,
                longitude_deg: 18.96,
            }),
            ..daily(texts)
        };
        Schedule::new(timetable).unwrap()
    };
    let (night, day) = (tromsoe(&["sunset sunrise"]), tromsoe(&["sunrise sunset"]));
    for (when, is_night) in [
        ("2026-06-21T23:30:00Z", false),
        ("2026-06-21T11:00:00Z", false),
        ("2026-12-21T11:30:00Z", true),
        ("2026-12-21T00:30:00Z", true),
    ] {
        assert_eq!(night.is_on(at(when)), is_night, "{when}");
        assert_eq!(day.is_on(at(when)), !is_night, "{when}");
    }
}

#[test]
fn afternoon_to_sunset_is_nothing_when_the_sun_sets_before() {
    let schedule = Schedule::new(daily(&["17:00 sunset"])).unwrap();
    assert!(schedule.is_on(at("2026-06-21T16:00:00Z")));
    for when in [
        "2026-12-21T16:30:00Z",
        "2026-12-21T23:00:00Z",
        "2026-12-22T10:00:00Z",
    ] {
        assert!(!schedule.is_on(at(when)), "{when}");
    }
}

#[test]
fn coming_week_is_told_in_stretches_without_overlap() {
    let schedule = Schedule::new(daily(&["22:00 06:00", "05:00 07:00"])).unwrap();
    let week = schedule.coming_week(at("2026-01-12T12:00:00Z"));
    assert_eq!(week.len(), 8);
    assert_eq!(
        week[0],
        (at("2026-01-11T23:00:00Z"), at("2026-01-12T06:00:00Z"))
    );
    assert_eq!(
        week[1],
        (at("2026-01-12T21:00:00Z"), at("2026-01-13T06:00:00Z"))
    );
    assert_eq!(
        week[7],
        (at("2026-01-18T21:00:00Z"), at("2026-01-18T23:00:00Z"))
    );
}

#[test]
fn timetable_that_cannot_work_is_refused_with_the_reason() {
    let with = |change: fn(&mut Timetable)| {
        let mut timetable = daily(&["08:00 17:00"]);
        change(&mut timetable);
        Schedule::new(timetable).unwrap_err().to_string()
    };
    let actual = [
        with(|table| table.time_zone = "Mars/Olympus".into()),
        with(|table| table.exceptions = vec![("2026-02-29".into(), Vec::new())]),
        with(|table| {
            table.exceptions = vec![("2026-02-28".into(), Vec::new()); 2];
        }),
        with(|table| table.week[3] = spans(&["08:00 08:00"])),
        with(|table| table.week[3] = spans(&["08:00 09:00"; 25])),
        with(|table| {
            table.position = None;
            table.week[6] = spans(&["sunset 24:00"]);
        }),
        with(|table| {
            table.position = Some(Position {
                latitude_deg: f64::NAN,
                longitude_deg: 0.0,
            });
        }),
    ];
    expect![[r#"
        time zone "Mars/Olympus": not known; use a name such as Europe/Berlin
        exception "2026-02-29": use a date such as 2026-12-25
        exception 2026-02-28: the date is there twice
        08:00 to 08:00: the end must differ from the start; a whole day is 00:00 to 24:00
        25 spans of one day: at most 24 are possible
        sunrise or sunset: give the camera's latitude and longitude
        latitude must be -90 to 90 and longitude -180 to 180 degrees"#]]
    .assert_eq(&actual.join("\n"));
}

fn any_moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        (0_u16..=1_440).prop_map(Moment::Minute),
        (-720_i16..=720).prop_map(|offset_min| Moment::Sunrise { offset_min }),
        (-720_i16..=720).prop_map(|offset_min| Moment::Sunset { offset_min }),
    ]
}

proptest! {
    #[test]
    fn state_holds_until_the_next_change_and_not_beyond(
        ends in proptest::collection::vec((any_moment(), any_moment()), 0..4),
        start_s in 1_760_000_000_i64..1_800_000_000,
    ) {
        let spans = ends.iter().filter(|(from, until)| from != until);
        let spans: Vec<Span> = spans.map(|&(from, until)| Span { from, until }).collect();
        let schedule = Schedule::new(Timetable {
            week: std::array::from_fn(|_| spans.clone()),
            ..daily(&[])
        }).unwrap();
        let now = Timestamp::from_secs(start_s);
        let is_on = schedule.is_on(now);
        let (known, until) = schedule.state_at(now);
        prop_assert_eq!(known, is_on);
        prop_assert!(until > now);
        let change = schedule.next_change(now).unwrap_or(until);
        prop_assert!(change >= until);
        for part in 0..50 {
            let step = change.saturating_since(now) * part / 50;
            prop_assert_eq!(schedule.is_on(now.saturating_add(step)), is_on);
        }
        if schedule.next_change(now).is_some() {
            prop_assert_ne!(schedule.is_on(change), is_on);
        }
    }
}
