//! Schedules: when rules and programs are on. They belong to the site, and
//! any camera may use them.

use std::collections::BTreeMap;
use std::sync::Arc;

use programs::schedule::{Moment, Position, Schedule, Span, Timetable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};

/// Schedules by identity, ready for use.
pub type Schedules = BTreeMap<String, Arc<Schedule>>;

/// A schedule as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleDocument {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// IANA name, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Degrees north, for sunrise and sunset.
    #[serde(default)]
    pub latitude: Option<f64>,
    /// Degrees east, for sunrise and sunset.
    #[serde(default)]
    pub longitude: Option<f64>,
    /// Seven days, Monday first.
    pub week: Vec<Vec<SpanDocument>>,
    /// Dates that differ.
    #[serde(default)]
    pub exceptions: Vec<ExceptionDocument>,
}

/// One stretch of a day; it goes over midnight when it ends earlier in the day
/// than it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanDocument {
    /// `06:30`, `sunrise+30`, `sunset-15`.
    pub from: String,
    /// The same, and `24:00`.
    pub until: String,
}

/// A date that has its own spans; none: off all day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionDocument {
    /// Such as `2026-12-25`.
    pub date: String,
    /// Why, for people; at most 64 characters.
    #[serde(default)]
    pub name: String,
    /// The day's spans.
    pub spans: Vec<SpanDocument>,
}

impl ScheduleDocument {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn resolve(&self) -> Result<Schedule, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        let mut week: [Vec<Span>; 7] = Default::default();
        if self.week.len() != week.len() {
            errors.add("week", format!("{} days: send seven", self.week.len()));
        }
        for (day_idx, (day, spans)) in week.iter_mut().zip(&self.week).enumerate() {
            *day = read_spans(&format!("week.{day_idx}"), spans, &mut errors);
        }
        let mut exceptions = Vec::new();
        for (idx, exception) in self.exceptions.iter().enumerate() {
            if exception.name.chars().count() > 64 {
                errors.add(
                    format!("exceptions.{idx}.name"),
                    "use at most 64 characters",
                );
            }
            let field = format!("exceptions.{idx}.spans");
            let spans = read_spans(&field, &exception.spans, &mut errors);
            exceptions.push((exception.date.clone(), spans));
        }
        let position = match (self.latitude, self.longitude) {
            (Some(latitude_deg), Some(longitude_deg)) => Some(Position {
                latitude_deg,
                longitude_deg,
            }),
            (None, None) => None,
            _ => {
                errors.add("latitude", "give both latitude and longitude, or neither");
                None
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Schedule::new(Timetable {
            time_zone: self.time_zone.clone(),
            week,
            exceptions,
            position,
        })
        .map_err(|error| {
            use programs::schedule::ScheduleError;
            let field = match error {
                ScheduleError::TimeZone(_) => "time_zone",
                ScheduleError::NoPosition | ScheduleError::Position => "latitude",
                ScheduleError::Date(_) | ScheduleError::DateTwice(_) => "exceptions",
                ScheduleError::TooMany { .. } | ScheduleError::Empty(_) => "week",
            };
            errors.add(field, error.to_string());
            errors
        })
    }
}

fn read_spans(field: &str, documents: &[SpanDocument], errors: &mut FieldErrors) -> Vec<Span> {
    let mut spans = Vec::new();
    for (span_idx, document) in documents.iter().enumerate() {
        let mut read = |end: &str, text: &str| {
            Moment::parse(text)
                .map_err(|error| errors.add(format!("{field}.{span_idx}.{end}"), error.to_string()))
                .ok()
        };
        let from = read("from", &document.from);
        let until = read("until", &document.until);
        if let (Some(from), Some(until)) = (from, until) {
            spans.push(Span { from, until });
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    fn document() -> ScheduleDocument {
        let day = vec![SpanDocument {
            from: "22:00".to_owned(),
            until: "06:00".to_owned(),
        }];
        ScheduleDocument {
            name: "Nights".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            latitude: None,
            longitude: None,
            week: vec![day; 7],
            exceptions: Vec::new(),
        }
    }

    #[test]
    fn nights_are_on_over_midnight_in_local_time() {
        let schedule = document().resolve().unwrap();
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        // Berlin is two hours ahead of UTC in summer.
        assert!(schedule.is_on(at("2026-07-01T20:30:00Z")));
        assert!(schedule.is_on(at("2026-07-02T03:59:00Z")));
        assert!(!schedule.is_on(at("2026-07-02T04:01:00Z")));
    }

    #[test]
    fn fields_that_cannot_be_used_are_named() {
        let with = |change: fn(&mut ScheduleDocument)| {
            let mut document = document();
            change(&mut document);
            let errors = document.resolve().unwrap_err().into_map();
            errors.into_keys().next().unwrap()
        };
        assert_eq!(with(|d| d.time_zone = "Berlin".to_owned()), "time_zone");
        assert_eq!(
            with(|d| d.week[2][0].from = "25:00".to_owned()),
            "week.2.0.from"
        );
        assert_eq!(
            with(|d| d.week[1][0].from = "sunrise".to_owned()),
            "latitude"
        );
        assert_eq!(with(|d| d.week.truncate(6)), "week");
        assert_eq!(with(|d| d.latitude = Some(1.0)), "latitude");
    }
}
