//! A time of the day: by the clock, or by the sun.
//!
//! Written `06:30`, `24:00`, `sunrise`, `sunrise+30`, `sunset-15`.

use std::fmt;

use thiserror::Error;

/// A time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Minutes since midnight by the clock, 0..=1,440.
    Minute(u16),
    /// By the sun.
    Sunrise {
        /// Minutes later, -720..=720.
        offset_min: i16,
    },
    /// By the sun.
    Sunset {
        /// Minutes later, -720..=720.
        offset_min: i16,
    },
}

/// A text that is no time of the day.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no time: use 00:00 to 24:00, sunrise+30 or sunset-15 (minutes, up to 720)")]
pub struct InvalidMoment(String);

impl Moment {
    /// Furthest from sunrise or sunset, minutes.
    pub const MAX_OFFSET_MIN: i16 = 720;

    /// Reads `text`.
    ///
    /// # Errors
    /// It has another form or is outside its range.
    pub fn parse(text: &str) -> Result<Self, InvalidMoment> {
        let by_sun = |name: &str| Some(offset(text.strip_prefix(name)?));
        let moment = if let Some(offset) = by_sun("sunrise") {
            offset.map(|offset_min| Moment::Sunrise { offset_min })
        } else if let Some(offset) = by_sun("sunset") {
            offset.map(|offset_min| Moment::Sunset { offset_min })
        } else {
            clock(text).map(Moment::Minute)
        };
        moment.ok_or_else(|| InvalidMoment(text.chars().take(40).collect()))
    }

    pub(super) fn is_sun(self) -> bool {
        !matches!(self, Moment::Minute(_))
    }

    /// Whether it lies in the first half of the day.
    pub(super) fn is_morning(self) -> bool {
        match self {
            Moment::Minute(minute) => minute < 720,
            Moment::Sunrise { .. } => true,
            Moment::Sunset { .. } => false,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_offset = |f: &mut fmt::Formatter<'_>, name, offset: i16| match offset {
            0 => f.write_str(name),
            offset => write!(f, "{name}{offset:+}"),
        };
        match *self {
            Moment::Minute(minute) => write!(f, "{:02}:{:02}", minute / 60, minute % 60),
            Moment::Sunrise { offset_min } => with_offset(f, "sunrise", offset_min),
            Moment::Sunset { offset_min } => with_offset(f, "sunset", offset_min),
        }
    }
}

fn clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| -> Option<u16> {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 1_440).then_some(total)
}

/// Minutes after the sun's event: nothing, or a sign and a number.
fn offset(text: &str) -> Option<i16> {
    if text.is_empty() {
        return Some(0);
    }
    let is_signed = text.starts_with(['+', '-']);
    let value: i16 = text.parse().ok().filter(|_| is_signed)?;
    (value.abs() <= Moment::MAX_OFFSET_MIN).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_the_day_is_read_and_written_the_same() {
        for (text, moment) in [
            ("00:00", Moment::Minute(0)),
            ("06:30", Moment::Minute(390)),
            ("24:00", Moment::Minute(1_440)),
            ("sunrise", Moment::Sunrise { offset_min: 0 }),
            ("sunrise+30", Moment::Sunrise { offset_min: 30 }),
            ("sunset-15", Moment::Sunset { offset_min: -15 }),
        ] {
            assert_eq!(Moment::parse(text), Ok(moment));
            assert_eq!(moment.to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for text in [
            "",
            "6:30",
            "06:60",
            "24:01",
            "99:99",
            "+6:00",
            "sunrise30",
            "sunset+721",
            "sunset+",
            "sunset-99999",
            "noon",
            "06:30:00",
        ] {
            assert!(Moment::parse(text).is_err(), "{text:?}");
        }
    }
}
