//! When the sun rises and sets.
//!
//! Formulas: NOAA Global Monitoring Division, "General Solar Position
//! Calculations" (<https://gml.noaa.gov/grad/solcalc/solareqns.PDF>): sun's
//! zenith at 90.833 degrees, for refraction and the sun's radius. Good to about
//! two minutes up to 60 degrees of latitude; near the polar circles, in the
//! weeks in which the sun hardly rises or sets, worse.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use types::Timestamp;

/// A place on earth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Degrees north, -90..=90.
    pub latitude_deg: f64,
    /// Degrees east, -180..=180.
    pub longitude_deg: f64,
}

impl Position {
    pub(super) fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude_deg)
            && (-180.0..=180.0).contains(&self.longitude_deg)
    }
}

/// What the sun does on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    At(Timestamp),
    AlwaysUp,
    AlwaysDown,
}

/// The sun's zenith when it rises or sets, degrees.
const ZENITH_DEG: f64 = 90.833;

/// Sunrise (or sunset) at `position` on the local `date`.
pub(super) fn event(date: Date, position: Position, is_rise: bool) -> Event {
    // The sun's place changes over the day: first as of local noon, then as of
    // the event itself.
    let noon_min = 720.0 - 4.0 * position.longitude_deg;
    let mut minutes = noon_min;
    for _ in 0..2 {
        match minutes_utc(date, position, is_rise, minutes) {
            Ok(event_min) => minutes = event_min,
            Err(event) => return event,
        }
    }
    let Ok(midnight) = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)) else {
        return Event::AlwaysDown;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "minutes of two days, in microseconds"
    )]
    let micros = (minutes * 60e6) as i64;
    Event::At(Timestamp::from_micros(midnight.as_microsecond() + micros))
}

/// Minutes after midnight UTC, with the sun's place as of `at_min`.
fn minutes_utc(date: Date, position: Position, is_rise: bool, at_min: f64) -> Result<f64, Event> {
    let n_days = if date.in_leap_year() { 366.0 } else { 365.0 };
    let day = f64::from(date.day_of_year()) - 1.0;
    let gamma = std::f64::consts::TAU / n_days * (day + (at_min - 720.0) / 1_440.0);
    let (sin, cos) = (|k: f64| (k * gamma).sin(), |k: f64| (k * gamma).cos());
    let equation_min = 229.18
        * (0.000_075 + 0.001_868 * cos(1.0)
            - 0.032_077 * sin(1.0)
            - 0.014_615 * cos(2.0)
            - 0.040_849 * sin(2.0));
    let declination = 0.006_918 - 0.399_912 * cos(1.0) + 0.070_257 * sin(1.0)
        - 0.006_758 * cos(2.0)
        + 0.000_907 * sin(2.0)
        - 0.002_697 * cos(3.0)
        + 0.001_48 * sin(3.0);
    let latitude = position.latitude_deg.to_radians();
    let cos_hour = ZENITH_DEG.to_radians().cos() / (latitude.cos() * declination.cos())
        - latitude.tan() * declination.tan();
    if cos_hour <= -1.0 {
        return Err(Event::AlwaysUp);
    }
    // Not a number at a pole in the equinox: neither up nor down.
    if cos_hour >= 1.0 || cos_hour.is_nan() {
        return Err(Event::AlwaysDown);
    }
    let hour_deg = cos_hour.acos().to_degrees();
    let signed = if is_rise { hour_deg } else { -hour_deg };
    Ok(720.0 - 4.0 * (position.longitude_deg + signed) - equation_min)
}
