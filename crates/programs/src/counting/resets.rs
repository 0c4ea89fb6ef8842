//! When totals start anew: at chosen minutes of the day where the camera is.
//!
//! In: minutes and a time zone. Out: the last and the next of them. Days on
//! which the clocks change are right: a minute that is skipped resets when the
//! clocks go on, one that comes twice resets the first time.
//!
//! Not here: when a rule is on (`schedule`).

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use thiserror::Error;
use types::Timestamp;

use crate::schedule::Moment;

/// Minutes of a day.
const MINUTES: u16 = 24 * 60;

/// The minutes of each day at which totals start anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Resets {
    time_zone: TimeZone,
    /// In order, without repeats.
    minutes: Vec<u16>,
}

/// Why minutes make no resets.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BadResets {
    /// More than [`Resets::MAX`].
    #[error("set up resets: {0} times of day: at most 24 are possible")]
    TooMany(usize),
    /// No minute of a day.
    #[error("set up resets: minute {0} of the day: expected 0 to 1439")]
    NoMinute(u16),
    /// A text that is no time of day.
    #[error("set up resets: {0:?}: use times such as 06:00")]
    NoTime(String),
    /// The database does not know the name.
    #[error("set up resets: time zone {0:?}: not known; use a name such as Europe/Berlin")]
    TimeZone(String),
}

impl Resets {
    /// Most resets of a day.
    pub const MAX: usize = 24;

    /// At `minutes` of the day, 0..=1439, in `time_zone`; with none, never.
    ///
    /// # Errors
    /// There are too many, or one is no minute of a day.
    pub fn new(mut minutes: Vec<u16>, time_zone: TimeZone) -> Result<Self, BadResets> {
        if minutes.len() > Self::MAX {
            return Err(BadResets::TooMany(minutes.len()));
        }
        if let Some(minute) = minutes.iter().find(|minute| **minute >= MINUTES) {
            return Err(BadResets::NoMinute(*minute));
        }
        minutes.sort_unstable();
        minutes.dedup();
        Ok(Resets { time_zone, minutes })
    }

    /// At `times` of the day, such as `06:00`, in the time zone of this IANA
    /// name.
    ///
    /// # Errors
    /// As [`new`](Self::new); a time or the zone cannot be read.
    pub fn parse(times: &[String], time_zone: &str) -> Result<Self, BadResets> {
        let short = |text: &str| text.chars().take(40).collect::<String>();
        let zone = TimeZoneDatabase::bundled()
            .get(&short(time_zone))
            .map_err(|_| BadResets::TimeZone(short(time_zone)))?;
        let minutes = times.iter().map(|text| match Moment::parse(text) {
            Ok(Moment::Minute(minute)) => Ok(minute),
            _ => Err(BadResets::NoTime(short(text))),
        });
        Resets::new(minutes.collect::<Result<_, _>>()?, zone)
    }

    /// Never.
    pub fn never() -> Self {
        Resets {
            time_zone: TimeZone::UTC,
            minutes: Vec::new(),
        }
    }

    /// The newest reset at or before `at`; `None` without resets.
    pub fn last_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.around(at).filter(|reset| *reset <= at).max()
    }

    /// The first reset after `at`; `None` without resets.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.around(at).filter(|reset| *reset > at).min()
    }

    /// All resets of the day of `at` and of its neighbours.
    fn around(&self, at: Timestamp) -> impl Iterator<Item = Timestamp> {
        let today = jiff::Timestamp::from_microsecond(at.as_micros())
            .map(|at| self.time_zone.to_datetime(at).date())
            .ok();
        let days = today.map(|today| [today.yesterday().ok(), Some(today), today.tomorrow().ok()]);
        days.into_iter()
            .flatten()
            .flatten()
            .flat_map(|day| self.minutes.iter().map(move |minute| (day, *minute)))
            .filter_map(|(day, minute)| self.instant(day, minute))
    }

    fn instant(&self, day: civil::Date, minute: u16) -> Option<Timestamp> {
        let hour = i8::try_from(minute / 60).ok()?;
        let minute = i8::try_from(minute % 60).ok()?;
        let local = day.at(hour, minute, 0, 0);
        let zoned = self.time_zone.to_zoned(local).ok()?;
        Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_times_are_read_or_refused_with_the_reason() {
        let parse = |time: &str, zone: &str| Resets::parse(&[time.to_owned()], zone);
        assert_eq!(
            parse("06:30", "Europe/Berlin"),
            Resets::new(vec![390], TimeZone::get("Europe/Berlin").unwrap())
        );
        assert!(matches!(parse("sunrise", "UTC"), Err(BadResets::NoTime(_))));
        assert!(matches!(
            parse("24:00", "UTC"),
            Err(BadResets::NoMinute(1_440))
        ));
        assert!(matches!(
            parse("06:30", "Mars/Base"),
            Err(BadResets::TimeZone(_))
        ));
    }

    fn utc(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn resets_follow_the_clock_on_the_wall_also_when_it_changes() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let resets = Resets::new(vec![12 * 60, 2 * 60 + 30], berlin).unwrap();
        for (at, last, next) in [
            // Winter, an hour ahead of UTC.
            (
                "2026-01-10T11:30:00Z",
                "2026-01-10T11:00:00Z",
                "2026-01-11T01:30:00Z",
            ),
            (
                "2026-01-10T11:00:00Z",
                "2026-01-10T11:00:00Z",
                "2026-01-11T01:30:00Z",
            ),
            // 29 March 2026: 02:30 does not exist, 03:30 summer time follows.
            (
                "2026-03-29T00:00:00Z",
                "2026-03-28T11:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            // 25 October 2026: 02:30 comes twice, the first one counts.
            (
                "2026-10-25T00:45:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T11:00:00Z",
            ),
        ] {
            assert_eq!(resets.last_until(utc(at)), Some(utc(last)), "{at}");
            assert_eq!(resets.next_after(utc(at)), Some(utc(next)), "{at}");
        }
    }

    #[test]
    fn no_resets_and_no_such_minutes() {
        let at = utc("2026-01-10T11:30:00Z");
        assert_eq!(Resets::never().last_until(at), None);
        assert_eq!(Resets::never().next_after(at), None);
        let with = |minutes| Resets::new(minutes, TimeZone::UTC).unwrap_err().to_string();
        assert_eq!(
            with(vec![0, 1_440]),
            "set up resets: minute 1440 of the day: expected 0 to 1439"
        );
        assert_eq!(
            with(vec![1; 25]),
            "set up resets: 25 times of day: at most 24 are possible"
        );
    }
}
