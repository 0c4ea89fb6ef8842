//! Statistics over REST: counts of many cameras over long times, in stretches
//! and parts, and by hour and weekday.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{MAX_STATISTICS, Split, Statistic, StatisticsFilter, Step};
use types::{CameraId, Class, Metric, RuleId, Timestamp};
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::session::Viewer;

/// Longest time in minutes, hours and days.
const MAX_DAYS: [(Step, i64); 3] = [(Step::Minute, 2), (Step::Hour, 400), (Step::Day, 4_000)];
const MICROS_PER_HOUR: i64 = 3_600_000_000;
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
/// Most zones differ from UTC by less.
const MAX_OFFSET_MIN: i64 = 18 * 60;
const N_CELLS: usize = 7 * 24;

/// Numbers over time, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statistics {
    /// Starts of the stretches that have numbers, UTC, oldest first.
    pub starts: Vec<String>,
    /// One for each part, such as each camera.
    pub series: Vec<Series>,
}

/// Numbers of one part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Series {
    /// Camera id, where cameras or rules are told apart.
    pub camera_id: Option<String>,
    /// The camera's name now; its id when it was removed.
    pub camera_name: Option<String>,
    /// Rule, where rules are told apart.
    pub rule_id: Option<u32>,
    /// Class, where classes are told apart.
    pub class: Option<&'static str>,
    /// One for each start; `null` where nothing is stored.
    pub values: Vec<Option<f64>>,
}

/// Numbers by weekday and hour.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WeekHeat {
    /// Seven rows, Monday first, of 24 hours: the mean per such hour; `null`
    /// where nothing is stored.
    pub cells: Vec<Vec<Option<f64>>>,
}

/// What is asked, checked.
#[derive(Debug)]
struct Asked {
    filter: StatisticsFilter,
    is_month: bool,
    is_csv: bool,
    offset_min: i64,
}

/// Counts of many cameras added up.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "statistics",
    params(("metric" = String, Query, description = "in, out, unique, stays, stay_sum (added up; in and out with what was corrected by hand), peak, p95, stay_max (the highest), mean (weighed by time)"),
        ("from" = String, Query, description = "UTC"),
        ("until" = String, Query, description = "UTC"),
        ("interval" = Option<String>, Query, description = "minute (at most 2 days), hour (400 days), day or month (4,000 days), all UTC; day when absent"),
        ("split" = Option<String>, Query, description = "none, camera, rule or class; none when absent"),
        ("camera" = Option<Vec<String>>, Query, description = "Only of these cameras; may be repeated"),
        ("rule" = Option<Vec<String>>, Query, description = "camera/rule; only by these; may be repeated"),
        ("class" = Option<String>, Query, description = "Only of this class"),
        ("format" = Option<String>, Query, description = "json or csv; json when absent")),
    responses((status = 200, body = Statistics), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn list(
    _: Viewer,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> ApiResult<Response> {
    let asked = parse(query.as_deref().unwrap_or_default())?;
    let filter = asked.filter.clone();
    let mut numbers = app
        .storage
        .read(move |reader| reader.statistics(&filter))
        .await
        .map_err(too_many)?;
    if asked.is_month {
        numbers = by_month(numbers, asked.filter.metric);
    }
    let statistics = Statistics::new(&app, &numbers);
    if asked.is_csv {
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"statistics.csv\"",
            ),
        ];
        return Ok((headers, statistics.csv(asked.filter.metric)).into_response());
    }
    Ok(Json(statistics).into_response())
}

/// What an hour of each weekday has on average.
#[utoipa::path(get, path = "/api/v1/statistics/week", tag = "statistics",
    params(("metric" = String, Query, description = "As for the statistics"),
        ("from" = String, Query, description = "UTC"),
        ("until" = String, Query, description = "UTC; at most 400 days later"),
        ("utc_offset_min" = Option<i64>, Query, description = "Minutes that the wanted time is ahead of UTC; 0 when absent"),
        ("camera" = Option<Vec<String>>, Query, description = "Only of these cameras; may be repeated"),
        ("rule" = Option<Vec<String>>, Query, description = "camera/rule; only by these; may be repeated"),
        ("class" = Option<String>, Query, description = "Only of this class")),
    responses((status = 200, body = WeekHeat), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn week(
    _: Viewer,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> ApiResult<Json<WeekHeat>> {
    let mut asked = parse(query.as_deref().unwrap_or_default())?;
    (asked.filter.step, asked.filter.split) = (Step::Hour, Split::Nothing);
    check_span(&asked.filter)?;
    let filter = asked.filter.clone();
    let numbers = app
        .storage
        .read(move |reader| reader.statistics(&filter))
        .await
        .map_err(too_many)?;
    Ok(Json(WeekHeat {
        cells: week_cells(&numbers, asked.offset_min),
    }))
}

fn too_many(error: anyhow::Error) -> ApiError {
    match error.downcast_ref() {
        Some(store::Error::TooLarge { .. }) => ApiError::bad_request(format!(
            "there are more than {MAX_STATISTICS} numbers: ask for a shorter time, longer \
             intervals or fewer parts"
        )),
        _ => error.into(),
    }
}

impl Statistics {
    fn new(app: &App, numbers: &[Statistic]) -> Self {
        let mut starts: Vec<Timestamp> = numbers.iter().map(|number| number.from).collect();
        starts.sort();
        starts.dedup();
        let places: BTreeMap<Timestamp, usize> = (0..)
            .zip(&starts)
            .map(|(place, &start)| (start, place))
            .collect();
        let mut series: BTreeMap<_, Series> = BTreeMap::new();
        for number in numbers {
            let key = (number.camera_id.clone(), number.rule_id, number.class);
            let series = series.entry(key).or_insert_with(|| Series {
                camera_id: number.camera_id.as_ref().map(CameraId::to_string),
                camera_name: number.camera_id.as_ref().map(|id| app.camera_name(id)),
                rule_id: number.rule_id.map(|rule_id| rule_id.0),
                class: number.class.map(Class::name),
                values: vec![None; starts.len()],
            });
            if let Some(&place) = places.get(&number.from) {
                series.values[place] = Some(number.value);
            }
        }
        Statistics {
            starts: starts.iter().map(Timestamp::to_string).collect(),
            series: series.into_values().collect(),
        }
    }

    /// RFC 4180; a name that a spreadsheet would run as a formula is defused.
    fn csv(&self, metric: Metric) -> String {
        let mut text = "from,camera_id,camera,rule_id,class,metric,value\r\n".to_owned();
        for (place, start) in self.starts.iter().enumerate() {
            for series in &self.series {
                let Some(value) = series.values[place] else {
                    continue;
                };
                let rule = series.rule_id.map_or_else(String::new, |id| id.to_string());
                text += &format!(
                    "{start},{},{},{rule},{},{},{value}\r\n",
                    series.camera_id.as_deref().unwrap_or(""),
                    cell(series.camera_name.as_deref().unwrap_or("")),
                    series.class.unwrap_or(""),
                    metric.name(),
                );
            }
        }
        text
    }
}

fn cell(text: &str) -> String {
    let safe = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match safe.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

/// Days put into calendar months (UTC).
fn by_month(numbers: Vec<Statistic>, metric: Metric) -> Vec<Statistic> {
    let mut months: BTreeMap<_, (Statistic, u32)> = BTreeMap::new();
    for number in numbers {
        let start = month_of(number.from);
        let key = (
            start,
            number.camera_id.clone(),
            number.rule_id,
            number.class,
        );
        match months.get_mut(&key) {
            None => {
                months.insert(
                    key,
                    (
                        Statistic {
                            from: start,
                            ..number
                        },
                        1,
                    ),
                );
            }
            Some((month, n_days)) => {
                *n_days += 1;
                month.value = match metric {
                    Metric::Peak | Metric::P95 | Metric::StayMax => month.value.max(number.value),
                    Metric::Mean | Metric::Offset => {
                        month.value + (number.value - month.value) / f64::from(*n_days)
                    }
                    _ => month.value + number.value,
                };
            }
        }
    }
    months.into_values().map(|(month, _)| month).collect()
}

/// The first moment of the month, by the text of a time: `YYYY-MM-...`.
fn month_of(at: Timestamp) -> Timestamp {
    let text = at.to_string();
    let month = text.get(..7).unwrap_or_default();
    Timestamp::parse_rfc3339(&format!("{month}-01T00:00:00Z")).unwrap_or(at)
}

/// Means by weekday and hour of a time that is `offset_min` ahead of UTC.
fn week_cells(numbers: &[Statistic], offset_min: i64) -> Vec<Vec<Option<f64>>> {
    let mut sums = [(0.0, 0_u32); N_CELLS];
    for number in numbers {
        let local = number.from.as_micros() + offset_min * 60_000_000;
        let hour = local.div_euclid(MICROS_PER_HOUR).rem_euclid(24);
        // 1970 began on a Thursday.
        let weekday = (local.div_euclid(MICROS_PER_DAY) + 3).rem_euclid(7);
        let cell = usize::try_from(weekday * 24 + hour).unwrap_or(0);
        sums[cell].0 += number.value;
        sums[cell].1 += 1;
    }
    let mean = |&(sum, n_hours): &(f64, u32)| (n_hours > 0).then(|| sum / f64::from(n_hours));
    sums.chunks(24)
        .map(|day| day.iter().map(mean).collect())
        .collect()
}

/// Reads the query by hand: cameras and rules may be given several times.
fn parse(query: &str) -> ApiResult<Asked> {
    let (mut metric, mut from, mut until) = (None, None, None);
    let mut asked = Asked {
        filter: StatisticsFilter {
            metric: Metric::In,
            step: Step::Day,
            split: Split::Nothing,
            from: Timestamp::from_secs(0),
            until: Timestamp::from_secs(0),
            cameras: Vec::new(),
            rules: Vec::new(),
            class: None,
        },
        is_month: false,
        is_csv: false,
        offset_min: 0,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let time = || Timestamp::parse_rfc3339(&value).map_err(|error| error.to_string());
        let read = match &*name {
            "metric" => read_metric(&value).map(|read| metric = Some(read)),
            "from" => time().map(|read| from = Some(read)),
            "until" => time().map(|read| until = Some(read)),
            _ => read_pair(&mut asked, &name, &value),
        };
        read.map_err(|wish| {
            let value: String = value.chars().take(80).collect();
            ApiError::bad_request(format!("{name} = {value:?}: {wish}"))
        })?;
    }
    let missing = |name: &str| ApiError::bad_request(format!("{name} is missing"));
    asked.filter.metric = metric.ok_or_else(|| missing("metric"))?;
    asked.filter.from = from.ok_or_else(|| missing("from"))?;
    asked.filter.until = until.ok_or_else(|| missing("until"))?;
    check_span(&asked.filter)?;
    Ok(asked)
}

fn read_metric(name: &str) -> Result<Metric, String> {
    let known = Metric::ALL.map(Metric::name).join(", ");
    Metric::from_name(name).ok_or_else(|| format!("use one of {known}"))
}

/// An error says what would have been right.
fn read_pair(asked: &mut Asked, name: &str, value: &str) -> Result<(), String> {
    let filter = &mut asked.filter;
    match name {
        "interval" => {
            asked.is_month = value == "month";
            filter.step = match value {
                "minute" => Step::Minute,
                "hour" => Step::Hour,
                "day" | "month" => Step::Day,
                _ => return Err("use minute, hour, day or month".to_owned()),
            };
        }
        "split" => {
            filter.split = match value {
                "none" => Split::Nothing,
                "camera" => Split::Camera,
                "rule" => Split::Rule,
                "class" => Split::Class,
                _ => return Err("use none, camera, rule or class".to_owned()),
            };
        }
        "camera" => {
            let camera_id = CameraId::new(value).map_err(|error| error.to_string())?;
            filter.cameras.push(camera_id);
        }
        "rule" => {
            let (camera, rule) = value.rsplit_once('/').ok_or("use camera/rule")?;
            let camera_id = CameraId::new(camera).map_err(|error| error.to_string())?;
            let rule_id = rule.parse().map_err(|_| "use camera/rule")?;
            filter.rules.push((camera_id, RuleId(rule_id)));
        }
        "class" => filter.class = Some(Class::from_name(value).ok_or("no such class")?),
        "format" => {
            asked.is_csv = match value {
                "json" => false,
                "csv" => true,
                _ => return Err("use json or csv".to_owned()),
            };
        }
        "utc_offset_min" => {
            let offset = value.parse().ok();
            let offset = offset.filter(|offset: &i64| offset.abs() <= MAX_OFFSET_MIN);
            asked.offset_min = offset.ok_or("use minutes, -1,080 to 1,080")?;
        }
        _ => return Err("no such parameter".to_owned()),
    }
    Ok(())
}

fn check_span(filter: &StatisticsFilter) -> ApiResult<()> {
    if filter.until <= filter.from {
        return Err(ApiError::bad_request("until is not after from"));
    }
    let days = MAX_DAYS.into_iter().find(|(step, _)| *step == filter.step);
    let max_days = days.map_or(0, |(_, days)| days);
    let span = filter
        .until
        .as_micros()
        .saturating_sub(filter.from.as_micros());
    if span > max_days * MICROS_PER_DAY {
        return Err(ApiError::bad_request(format!(
            "at most {max_days} days can be asked for in this interval"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(from: &str, value: f64) -> Statistic {
        Statistic {
            from: Timestamp::parse_rfc3339(from).unwrap(),
            camera_id: None,
            rule_id: None,
            class: None,
            value,
        }
    }

    #[test]
    fn days_become_months_as_their_metric_wants_it() {
        let days = || {
            vec![
                number("2026-01-30T00:00:00Z", 2.0),
                number("2026-01-31T00:00:00Z", 4.0),
                number("2026-02-01T00:00:00Z", 5.0),
            ]
        };
        for (metric, january) in [(Metric::In, 6.0), (Metric::Peak, 4.0), (Metric::Mean, 3.0)] {
            let months = by_month(days(), metric);
            assert_eq!(
                months,
                [
                    number("2026-01-01T00:00:00Z", january),
                    number("2026-02-01T00:00:00Z", 5.0)
                ],
                "{metric:?}"
            );
        }
    }

    #[test]
    fn week_has_means_of_its_hours_in_the_wanted_time() {
        // A Monday and the next, 23:00 UTC: Tuesday 00:00 an hour ahead.
        let numbers = [
            number("2026-01-05T23:00:00Z", 2.0),
            number("2026-01-12T23:00:00Z", 6.0),
        ];
        let cells = week_cells(&numbers, 0);
        assert_eq!((cells[0][23], cells[1][0]), (Some(4.0), None));
        let cells = week_cells(&numbers, 60);
        assert_eq!((cells[0][23], cells[1][0]), (None, Some(4.0)));
    }

    #[test]
    fn csv_defuses_formulas_and_quotes() {
        assert_eq!(cell("Gate"), "Gate");
        assert_eq!(cell("=SUM(A1)"), "'=SUM(A1)");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
    }

    #[test]
    fn query_that_cannot_be_meant_is_refused() {
        let good = "metric=in&from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z";
        assert!(parse(good).is_ok());
        let asked = parse(&format!(
            "{good}&rule=gate/10001&camera=gate&split=rule&class=car"
        ))
        .unwrap();
        assert_eq!(
            (asked.filter.rules.len(), asked.filter.class),
            (1, Some(Class::Car))
        );
        for more in [
            "&metric=people",
            "&interval=year",
            "&split=zone",
            "&camera=a b",
            "&rule=10001",
            "&rule=gate/x",
            "&class=cat",
            "&format=pdf",
            "&utc_offset_min=2000",
            "&colour=red",
            "&from=yesterday",
            "&until=2026-01-01T00:00:00Z",
            "&interval=minute&until=2026-01-09T00:00:00Z",
        ] {
            assert!(parse(&format!("{good}{more}")).is_err(), "{more}");
        }
        assert!(parse("metric=in&from=2026-01-01T00:00:00Z").is_err());
    }
}
