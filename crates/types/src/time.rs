//! Time: one UTC instant type, and the clock that everything must ask.
//!
//! In: microseconds, or RFC 3339 text. Out: the same, and differences.
//!
//! Not here: the one real clock (it lives in `relay`), time zones, calendars
//! of people (schedules convert at their own edge).

use std::fmt;
use std::time::Duration;

/// A UTC instant in whole microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Where code outside rules and trackers takes its time from.
///
/// Rules and trackers never see a clock: they use the scene's `captured_at`.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present, UTC. May step when the machine's time is corrected.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never steps backwards.
    fn monotonic(&self) -> Duration;
}

const MICROS_PER_SEC: i64 = 1_000_000;
const SECS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The instant `micros` microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Timestamp(micros)
    }

    /// The instant `millis` milliseconds after 1970; saturates.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis.saturating_mul(1_000))
    }

    /// The instant `secs` seconds after 1970; saturates.
    pub const fn from_secs(secs: i64) -> Self {
        Timestamp(secs.saturating_mul(MICROS_PER_SEC))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    #[inline]
    pub fn saturating_since(self, earlier: Timestamp) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The instant `duration` after `self`; saturates.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(micros))
    }

    /// The instant `duration` before `self`; saturates.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(micros))
    }

    /// Reads `2026-07-01T09:30:00Z` or `2026-07-01T09:30:00.2Z` (UTC only, at
    /// most six decimals, years 0000 to 9999).
    ///
    /// # Errors
    /// The text has another form or names no real date.
    pub fn parse_rfc3339(text: &str) -> Result<Self, ParseTimestampError> {
        parse(text).ok_or_else(|| ParseTimestampError {
            text: text.chars().take(40).collect(),
        })
    }
}

/// Writes RFC 3339 with milliseconds, as ONVIF and JSON edges want it:
/// `2026-07-01T09:30:00.200Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.div_euclid(MICROS_PER_SEC);
        let millis = self.0.rem_euclid(MICROS_PER_SEC) / 1_000;
        let (year, month, day) = civil_from_days(secs.div_euclid(SECS_PER_DAY));
        let second_of_day = secs.rem_euclid(SECS_PER_DAY);
        let (hour, minute, second) = (
            second_of_day / 3_600,
            second_of_day / 60 % 60,
            second_of_day % 60,
        );
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

/// A text that is not a UTC instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimestampError {
    text: String,
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read time {:?}: expected UTC like 2026-07-01T09:30:00.200Z",
            self.text
        )
    }
}

impl std::error::Error for ParseTimestampError {}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-');
    let year = digits(date.next()?, 4)?;
    let month = digits(date.next()?, 2)?;
    let day = digits(date.next()?, 2)?;
    let (time, micros) = match time.split_once('.') {
        Some((time, fraction)) => {
            let n_digits = u32::try_from(fraction.len()).ok()?;
            if n_digits == 0 || n_digits > 6 {
                return None;
            }
            let micros = digits(fraction, fraction.len())? * 10_i64.pow(6 - n_digits);
            (time, micros)
        }
        None => (time, 0),
    };
    let mut time = time.split(':');
    let hour = digits(time.next()?, 2)?;
    let minute = digits(time.next()?, 2)?;
    let second = digits(time.next()?, 2)?;
    if date.next().is_some() || time.next().is_some() {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let real_date = (1..=12).contains(&month) && civil_from_days(days) == (year, month, day);
    if !real_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let secs = days * SECS_PER_DAY + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(secs * MICROS_PER_SEC + micros))
}

/// The value of `text` if it is exactly `len` ASCII digits.
fn digits(text: &str, len: usize) -> Option<i64> {
    let all_digits = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

/// Year, month, day of the day `days` after 1970-01-01.
///
/// Proleptic Gregorian calendar in 400-year eras that start on 1 March, so
/// that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Inverse of [`civil_from_days`] for real dates.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_are_written_as_rfc3339() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_782_898_200, "2026-07-01T09:30:00.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Timestamp::from_secs(secs).to_string(), text);
            assert_eq!(
                Timestamp::parse_rfc3339(text),
                Ok(Timestamp::from_secs(secs))
            );
        }
    }

    #[test]
    fn text_that_is_no_utc_instant_is_refused() {
        for text in [
            "",
            "2026-07-01",
            "2026-07-01T09:30:00",
            "2026-07-01T09:30:00+01:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-07-01T24:00:00Z",
            "2026-07-01T09:30:00.Z",
            "2026-07-01T09:30:00.1234567Z",
            "+026-07-01T09:30:00Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn since_a_later_instant_is_zero() {
        let earlier = Timestamp::from_secs(1);
        let later = Timestamp::from_secs(3);
        assert_eq!(later.saturating_since(earlier), Duration::from_secs(2));
        assert_eq!(earlier.saturating_since(later), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn text_and_back_keeps_the_millisecond(millis in 0_i64..253_402_300_800_000) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(Timestamp::parse_rfc3339(&at.to_string()), Ok(at));
        }
    }
}
