//! When a rule is on: a week of spans, with exceptions, in local time.
//!
//! In: an instant. Out: whether the schedule is on then, and when that
//! changes. Time zones and their changes come from the bundled IANA database.
//!
//! A span belongs to the day on which it starts, and goes over midnight into
//! the next if it ends earlier in the day than it starts. A date with an
//! exception has the exception's spans instead of those of its weekday.
//! Hours that a change to summer time skips are not there; hours that come
//! twice are in the span both times.
//!
//! Not here: which rule has which schedule, text forms of whole schedules.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, ToSpan as _};
use thiserror::Error;
use types::Timestamp;

mod moment;
mod sun;
#[cfg(test)]
mod tests;

pub use self::moment::{InvalidMoment, Moment};
pub use self::sun::Position;

/// Days over which the next change is looked for: exceptions lie within a
/// year.
const LOOK_AHEAD_DAYS: i64 = 400;

/// Times of the week at which a rule is on.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    time_zone: TimeZone,
    /// By weekday, Monday first.
    week: [Vec<Span>; 7],
    exceptions: BTreeMap<Date, Vec<Span>>,
    position: Option<Position>,
}

/// One stretch of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First minute that is on.
    pub from: Moment,
    /// First minute that is no longer on.
    pub until: Moment,
}

/// The parts of a [`Schedule`], not yet checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timetable {
    /// IANA name, such as `Europe/Berlin`.
    pub time_zone: String,
    /// By weekday, Monday first; at most [`Schedule::MAX_SPANS`] each.
    pub week: [Vec<Span>; 7],
    /// Dates (`2026-12-25`) that differ; at most
    /// [`Schedule::MAX_EXCEPTIONS`]. No spans: off all day.
    pub exceptions: Vec<(String, Vec<Span>)>,
    /// Where the sun rises and sets; needed when a span names it.
    pub position: Option<Position>,
}

/// Why a timetable makes no schedule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// The database does not know the name.
    #[error("time zone {0:?}: not known; use a name such as Europe/Berlin")]
    TimeZone(String),
    /// A date that is none.
    #[error("exception {0:?}: use a date such as 2026-12-25")]
    Date(String),
    /// One date twice.
    #[error("exception {0}: the date is there twice")]
    DateTwice(String),
    /// More of something than possible.
    #[error("{n_given} {what}: at most {max} are possible")]
    TooMany {
        /// `spans of one day` or `exceptions`.
        what: &'static str,
        /// How many were given.
        n_given: usize,
        /// Most possible.
        max: usize,
    },
    /// A span of no length.
    #[error("{0} to {0}: the end must differ from the start; a whole day is 00:00 to 24:00")]
    Empty(Moment),
    /// The sun is named, but not where.
    #[error("sunrise or sunset: give the camera's latitude and longitude")]
    NoPosition,
    /// No place on earth.
    #[error("latitude must be -90 to 90 and longitude -180 to 180 degrees")]
    Position,
}

impl Schedule {
    /// Most spans of one day.
    pub const MAX_SPANS: usize = 24;
    /// Most dates that differ.
    pub const MAX_EXCEPTIONS: usize = 366;

    /// Checks `timetable`.
    ///
    /// # Errors
    /// Names the first part that cannot be used.
    pub fn new(timetable: Timetable) -> Result<Self, ScheduleError> {
        let n_exceptions = timetable.exceptions.len();
        at_most("exceptions", n_exceptions, Self::MAX_EXCEPTIONS)?;
        let name: String = timetable.time_zone.chars().take(64).collect();
        let time_zone = TimeZoneDatabase::bundled()
            .get(&name)
            .map_err(|_| ScheduleError::TimeZone(name))?;
        if timetable
            .position
            .is_some_and(|position| !position.is_on_earth())
        {
            return Err(ScheduleError::Position);
        }
        let days = timetable.week.iter();
        let others = timetable.exceptions.iter().map(|(_, spans)| spans);
        for spans in days.chain(others) {
            check_day(spans, timetable.position)?;
        }
        let mut exceptions = BTreeMap::new();
        for (text, spans) in timetable.exceptions {
            let text: String = text.chars().take(40).collect();
            let date = text
                .parse::<Date>()
                .map_err(|_| ScheduleError::Date(text.clone()))?;
            if exceptions.insert(date, spans).is_some() {
                return Err(ScheduleError::DateTwice(text));
            }
        }
        Ok(Schedule {
            time_zone,
            week: timetable.week,
            exceptions,
            position: timetable.position,
        })
    }

    /// Whether it is on at `at`.
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.state_at(at).0
    }

    /// When it next goes on or off after `at`, within the 400 days that
    /// follow.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let (is_on, mut until) = self.state_at(at);
        for _ in 0..LOOK_AHEAD_DAYS {
            let (then_on, next) = self.state_at(until);
            if then_on != is_on {
                return Some(until);
            }
            until = next;
        }
        None
    }

    /// The stretches of the 7 days that follow the midnight before `at`, in
    /// order and without overlaps; both ends of each.
    pub fn coming_week(&self, at: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let today = self.date_of(at);
        let first = self.midnight(today);
        let last = self.midnight(plus_days(today, 7));
        let mut stretches: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, until) in self.stretches(today, 8) {
            let (from, until) = (from.max(first), until.min(last));
            match stretches.last_mut() {
                Some((_, open_until)) if from <= *open_until => {
                    *open_until = until.max(*open_until);
                }
                _ if from < until => stretches.push((from, until)),
                _ => {}
            }
        }
        stretches
    }

    /// The same by day, in its own time zone: for each of the seven days from
    /// that of `at` on, the stretches from and until a minute of the day,
    /// 0..=1,440, by the clock.
    pub fn coming_days(&self, at: Timestamp) -> [Vec<(u16, u16)>; 7] {
        let mut days: [Vec<(u16, u16)>; 7] = Default::default();
        let today = self.date_of(at);
        let week = self.coming_week(at);
        for (offset, day) in (0..).zip(&mut days) {
            let date = plus_days(today, offset);
            let (start, end) = (self.midnight(date), self.midnight(plus_days(date, 1)));
            for &(from, until) in &week {
                let (from, until) = (from.max(start), until.min(end));
                if from < until {
                    let last = if until == end {
                        1_440
                    } else {
                        self.minute_of(until)
                    };
                    day.push((self.minute_of(from), last));
                }
            }
        }
        days
    }

    /// Minute of the day by the clock.
    fn minute_of(&self, at: Timestamp) -> u16 {
        let Ok(instant) = Instant::from_microsecond(at.as_micros()) else {
            return 0;
        };
        let local = self.time_zone.to_datetime(instant);
        u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0)
    }

    /// Whether it is on at `at`, and until when that is known to hold: at most
    /// to the end of the next day.
    pub(crate) fn state_at(&self, at: Timestamp) -> (bool, Timestamp) {
        let today = self.date_of(at);
        let mut until = self
            .midnight(plus_days(today, 2))
            .max(at.saturating_add(MINUTE));
        let mut is_on = false;
        for (from, to) in self.stretches(today, 2) {
            is_on |= from <= at && at < to;
            for end in [from, to] {
                if end > at {
                    until = until.min(end);
                }
            }
        }
        (is_on, until)
    }

    /// The spans of the day before `first` and of `n_days` from it, in order
    /// of their start; they may overlap.
    fn stretches(&self, first: Date, n_days: i64) -> Vec<(Timestamp, Timestamp)> {
        let mut stretches: Vec<(Timestamp, Timestamp)> = (-1..n_days)
            .map(|day| plus_days(first, day))
            .flat_map(|date| self.spans_of(date).iter().map(move |span| (date, span)))
            .filter_map(|(date, span)| self.resolve(date, *span))
            .collect();
        stretches.sort_unstable();
        stretches
    }

    fn spans_of(&self, date: Date) -> &[Span] {
        let weekday = date.weekday().to_monday_zero_offset();
        let of_week = usize::try_from(weekday).map_or(&[][..], |idx| &self.week[idx]);
        self.exceptions.get(&date).map_or(of_week, Vec::as_slice)
    }

    /// Both ends of the `span` of `date`, unless it is empty on that day.
    fn resolve(&self, date: Date, span: Span) -> Option<(Timestamp, Timestamp)> {
        let end_date = match span.goes_over_midnight() {
            true => plus_days(date, 1),
            false => date,
        };
        let from = self.instant(date, span.from);
        let until = self.instant(end_date, span.until);
        (from < until).then_some((from, until))
    }

    fn instant(&self, date: Date, moment: Moment) -> Timestamp {
        let (is_rise, offset_min) = match moment {
            Moment::Minute(1_440) => return self.midnight(plus_days(date, 1)),
            Moment::Minute(minute) => return self.at_minute(date, minute),
            Moment::Sunrise { offset_min } => (true, offset_min),
            Moment::Sunset { offset_min } => (false, offset_min),
        };
        let position = self.position.unwrap_or_default();
        let sun = match sun::event(date, position, is_rise) {
            sun::Event::At(at) => at,
            // The sun stays up: the day is as long as it can be.
            sun::Event::AlwaysUp if is_rise => self.midnight(date),
            sun::Event::AlwaysUp => self.midnight(plus_days(date, 1)),
            // The sun stays down: no day at all.
            sun::Event::AlwaysDown => self.at_minute(date, 720),
        };
        let micros = i64::from(offset_min) * 60_000_000;
        Timestamp::from_micros(sun.as_micros().saturating_add(micros))
    }

    fn midnight(&self, date: Date) -> Timestamp {
        self.at_minute(date, 0)
    }

    /// A time that a change of the clocks skips becomes the first after it;
    /// of one that comes twice, the first.
    fn at_minute(&self, date: Date, minute: u16) -> Timestamp {
        let minute = minute.min(1_439);
        let clock = |value: u16| i8::try_from(value).unwrap_or(0);
        let local = date.at(clock(minute / 60), clock(minute % 60), 0, 0);
        let at = self.time_zone.to_timestamp(local);
        at.map_or_else(
            |_| Timestamp::default(),
            |at| Timestamp::from_micros(at.as_microsecond()),
        )
    }

    fn date_of(&self, at: Timestamp) -> Date {
        let instant = Instant::from_microsecond(at.as_micros()).unwrap_or(Instant::UNIX_EPOCH);
        self.time_zone.to_datetime(instant).date()
    }
}

impl Span {
    /// Whether it ends on the day after it starts. With the sun, morning and
    /// evening decide: its times move over the year, and `17:00` to sunset is
    /// nothing in winter, not a day and a night.
    fn goes_over_midnight(self) -> bool {
        match (self.from, self.until) {
            (Moment::Minute(from), Moment::Minute(until)) => until <= from,
            (from, until) => !from.is_morning() && until.is_morning(),
        }
    }
}

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

fn plus_days(date: Date, n_days: i64) -> Date {
    date.checked_add(n_days.days()).unwrap_or(date)
}

fn check_day(spans: &[Span], position: Option<Position>) -> Result<(), ScheduleError> {
    at_most("spans of one day", spans.len(), Schedule::MAX_SPANS)?;
    for span in spans {
        if span.from == span.until {
            return Err(ScheduleError::Empty(span.from));
        }
        if position.is_none() && (span.from.is_sun() || span.until.is_sun()) {
            return Err(ScheduleError::NoPosition);
        }
    }
    Ok(())
}

fn at_most(what: &'static str, n_given: usize, max: usize) -> Result<(), ScheduleError> {
    if n_given > max {
        return Err(ScheduleError::TooMany { what, n_given, max });
    }
    Ok(())
}
