//! Metrics of what was counted: today's counts, and alarms that are open.

use std::collections::BTreeMap;

use metrics::{Key, Label, Recorder as _};
use metrics_exporter_prometheus::PrometheusRecorder;
use store::{Split, Statistic, StatisticsFilter, Step};
use types::{Metric as Counted, Timestamp};

use super::{METADATA, as_f64};
use crate::web::App;
use crate::web::error::ApiResult;

const COUNTS: &str = "relay_counts_today";
const OPEN_ALARMS: &str = "relay_alarms_open";
const DAY_S: i64 = 86_400;
/// What is told; the rest is in the statistics.
const TOLD: [Counted; 5] = [
    Counted::In,
    Counted::Out,
    Counted::Unique,
    Counted::Stays,
    Counted::Peak,
];

/// Adds them as gauges. Days are UTC, as in the statistics.
pub(super) async fn add_counts(app: &App, recorder: &PrometheusRecorder) -> ApiResult<()> {
    let now_s = app.clock.now().as_micros() / 1_000_000;
    let from = Timestamp::from_secs(now_s - now_s.rem_euclid(DAY_S));
    let (counts, open) = app
        .storage
        .read(move |reader| {
            let mut counts: Vec<(Counted, Statistic)> = Vec::new();
            for metric in TOLD {
                let filter = StatisticsFilter {
                    metric,
                    step: Step::Day,
                    split: Split::Rule,
                    from,
                    until: from.saturating_add(std::time::Duration::from_hours(24)),
                    cameras: Vec::new(),
                    rules: Vec::new(),
                    class: None,
                };
                let found = reader.statistics(&filter)?;
                counts.extend(found.into_iter().map(|count| (metric, count)));
            }
            Ok((counts, reader.open_alarms()?))
        })
        .await?;
    let gauge = |name: &'static str, labels: Vec<Label>, value: f64| {
        let key = Key::from_parts(name, labels);
        recorder.register_gauge(&key, &METADATA).set(value);
    };
    for (metric, count) in counts {
        let camera = count.camera_id.map(|id| id.to_string()).unwrap_or_default();
        let rule = count.rule_id.map(|id| id.0.to_string()).unwrap_or_default();
        let labels = vec![
            Label::new("metric", metric.name()),
            Label::new("camera", camera),
            Label::new("rule", rule),
        ];
        gauge(COUNTS, labels, count.value);
    }
    let mut by_severity: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (_, severity, n_alarms) in open {
        *by_severity.entry(severity.name()).or_default() += n_alarms;
    }
    for (severity, n_alarms) in by_severity {
        let labels = vec![Label::new("severity", severity)];
        gauge(OPEN_ALARMS, labels, as_f64(n_alarms));
    }
    Ok(())
}
