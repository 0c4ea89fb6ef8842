//! Counts over REST: rows of a rule, added up by minute, hour or day.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use types::{Class, Count, Metric, RuleId, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cameras::known_camera;
use super::error::{ApiError, ApiResult};
use super::input::{Asked, times};
use super::session::Viewer;

/// Which counts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct CountQuery {
    /// Rule, counter or area that counted.
    rule_id: u32,
    /// in, out, mean, peak, p95, unique; of an area stays (that ended), stay_sum
    /// and stay_max (seconds); or what was corrected by hand beside
    /// them: in_by_hand, out_by_hand, offset (is in mean, peak and p95); all
    /// when absent.
    metric: Option<String>,
    /// Only intervals that start at or after this time, UTC.
    from: String,
    /// Only intervals that start before this time, UTC.
    until: String,
    /// minute (as stored), hour or day (UTC); minute when absent.
    interval: Option<String>,
}

/// Counts, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountList {
    /// Oldest first.
    pub rows: Vec<CountView>,
}

/// A number over one interval.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct CountView {
    /// Who counted.
    pub rule_id: u32,
    /// What the number says.
    pub metric: &'static str,
    /// What was counted; absent for all classes together.
    pub class: Option<&'static str>,
    /// Start, UTC.
    pub from: String,
    /// End, UTC.
    pub until: String,
    /// How many.
    pub value: f64,
}

/// Counts of one rule.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/counts", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), CountQuery),
    responses((status = 200, body = CountList), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn list(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<CountQuery>,
) -> ApiResult<Json<CountList>> {
    let camera_id = known_camera(&app, &id)?;
    let (from, until) = times(&query.from, &query.until)?;
    let metric = query.metric.as_deref().map(parse_metric).transpose()?;
    let interval = parse_interval(query.interval.as_deref())?;
    let rule_id = RuleId(query.rule_id);
    let rows = app
        .storage
        .read(move |reader| {
            let is_wanted = |count: &Count| metric.is_none_or(|metric| count.metric == metric);
            let Some(interval_s) = interval else {
                let mut rows = reader.list_counts(&camera_id, rule_id, from, until)?;
                rows.retain(is_wanted);
                return Ok(rows);
            };
            let mut sums = Sums::new(interval_s);
            reader.each_count(&camera_id, rule_id, (from, until), |count| {
                if is_wanted(&count) {
                    sums.add(&count);
                }
            })?;
            Ok(sums.told())
        })
        .await?;
    Ok(Json(CountList {
        rows: rows.iter().map(CountView::new).collect(),
    }))
}

impl CountView {
    fn new(count: &Count) -> Self {
        CountView {
            rule_id: count.rule_id.0,
            metric: count.metric.name(),
            class: count.class.map(Class::name),
            from: count.from.to_string(),
            until: count.until.to_string(),
            value: count.value,
        }
    }
}

fn parse_metric(name: &str) -> ApiResult<Metric> {
    Metric::from_name(name).ok_or_else(|| {
        let known = Metric::ALL.map(Metric::name).join(", ");
        ApiError::bad_request(format!("metric = {name:?}: use one of {known}"))
    })
}

/// Seconds of the interval; `None` as stored.
fn parse_interval(name: Option<&str>) -> ApiResult<Option<i64>> {
    match name {
        None | Some("minute") => Ok(None),
        Some("hour") => Ok(Some(3_600)),
        Some("day") => Ok(Some(86_400)),
        Some(other) => Err(ApiError::bad_request(format!(
            "interval = {other:?}: use minute, hour or day"
        ))),
    }
}

/// Longer intervals from shorter ones: crossings and their corrections are
/// added, peaks and percentiles take the highest, means are weighed by their
/// time, offsets are the newest.
#[derive(Debug)]
struct Sums {
    interval_s: i64,
    sums: BTreeMap<(i64, Metric, Option<Class>), Sum>,
}

#[derive(Debug)]
struct Sum {
    told: Count,
    weighed: f64,
    total_s: f64,
}

impl Sums {
    fn new(interval_s: i64) -> Self {
        Sums {
            interval_s,
            sums: BTreeMap::new(),
        }
    }

    /// Takes one more; they come by time.
    fn add(&mut self, count: &Count) {
        let bucket = count
            .from
            .as_micros()
            .div_euclid(self.interval_s * 1_000_000);
        let len_s = count.until.saturating_since(count.from).as_secs_f64();
        let sum = self
            .sums
            .entry((bucket, count.metric, count.class))
            .or_insert_with(|| Sum {
                told: Count {
                    from: Timestamp::from_secs(bucket * self.interval_s),
                    until: Timestamp::from_secs((bucket + 1) * self.interval_s),
                    value: 0.0,
                    ..count.clone()
                },
                weighed: 0.0,
                total_s: 0.0,
            });
        sum.weighed += count.value * len_s;
        sum.total_s += len_s;
        match count.metric {
            Metric::In
            | Metric::Out
            | Metric::Unique
            | Metric::Stays
            | Metric::StaySum
            | Metric::InByHand
            | Metric::OutByHand => sum.told.value += count.value,
            Metric::Offset => sum.told.value = count.value,
            Metric::Peak | Metric::P95 | Metric::StayMax => {
                sum.told.value = sum.told.value.max(count.value);
            }
            Metric::Mean => {
                sum.told.value = if sum.total_s > 0.0 {
                    sum.weighed / sum.total_s
                } else {
                    count.value
                }
            }
        }
    }

    fn told(self) -> Vec<Count> {
        self.sums.into_values().map(|sum| sum.told).collect()
    }
}

#[cfg(test)]
mod tests {
    use types::CameraId;

    use super::*;

    fn count(metric: Metric, from_s: i64, len_s: i64, value: f64) -> Count {
        Count {
            camera_id: CameraId::new("gate").unwrap(),
            rule_id: RuleId(1),
            metric,
            class: None,
            from: Timestamp::from_secs(from_s),
            until: Timestamp::from_secs(from_s + len_s),
            value,
        }
    }

    #[test]
    fn hours_add_crossings_keep_peaks_and_weigh_means() {
        let counts = [
            count(Metric::In, 7_200, 60, 2.0),
            count(Metric::In, 7_260, 60, 3.0),
            count(Metric::In, 10_800, 60, 1.0),
            count(Metric::Peak, 7_200, 60, 4.0),
            count(Metric::Peak, 7_260, 60, 2.0),
            count(Metric::Mean, 7_200, 30, 4.0),
            count(Metric::Mean, 7_260, 90, 0.0),
            count(Metric::InByHand, 7_200, 60, 2.0),
            count(Metric::InByHand, 7_260, 60, -3.0),
            count(Metric::Offset, 7_200, 60, 5.0),
            count(Metric::Offset, 7_260, 60, -2.0),
        ];
        let mut sums = Sums::new(3_600);
        counts.iter().for_each(|count| sums.add(count));
        let sums = sums.told();
        let told: Vec<(i64, Metric, f64)> = sums
            .iter()
            .map(|sum| (sum.from.as_micros() / 1_000_000, sum.metric, sum.value))
            .collect();
        assert_eq!(
            told,
            [
                (7_200, Metric::In, 5.0),
                (7_200, Metric::Mean, 1.0),
                (7_200, Metric::Peak, 4.0),
                (7_200, Metric::InByHand, -1.0),
                (7_200, Metric::Offset, -2.0),
                (10_800, Metric::In, 1.0),
            ]
        );
        assert_eq!(sums[0].until, Timestamp::from_secs(10_800));
    }
}
