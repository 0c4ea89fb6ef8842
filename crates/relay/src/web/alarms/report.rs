//! The weekly report of noisy rules, as JSON and as a file for spreadsheets.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use guard::alarms::{Noise, NoisyRule, Raised, noisy_rules};
use serde::{Deserialize, Serialize};
use types::Timestamp;
use utoipa::{IntoParams, ToSchema};

use crate::web::App;
use crate::web::csv;
use crate::web::error::{ApiResult, ErrorBody};
use crate::web::input::{Asked, opt_time};
use crate::web::session::Viewer;

/// Length of the time reported on, and of the time before it.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Which week.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ReportQuery {
    /// End of the seven days, UTC; now when absent.
    until: Option<String>,
}

/// Noisy rules of a week, beside the week before.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ReportView {
    /// Start of the seven days, UTC.
    pub from: String,
    /// Their end.
    pub until: String,
    /// Most false alarms first, then most alarms.
    pub rules: Vec<NoisyRuleView>,
}

/// How noisy a rule is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NoisyRuleView {
    /// Camera id.
    pub camera_id: String,
    /// The camera's name now; its id when it was removed.
    pub camera_name: String,
    /// Which rule.
    pub rule_id: u32,
    /// Its name when it last decided.
    pub rule_name: String,
    /// What it looks for.
    pub kind: &'static str,
    /// In the seven days.
    pub now: NoiseView,
    /// In the seven days before them.
    pub before: NoiseView,
}

/// How noisy a rule was in seven days.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NoiseView {
    /// Alarms.
    pub n_alarms: u64,
    /// Of these closed by now.
    pub n_closed: u64,
    /// Of these closed as false alarms.
    pub n_false: u64,
    /// False among the closed, 0 to 1; null where none was closed.
    pub false_share: Option<f64>,
    /// Days for which the camera's pictures were analysed.
    pub camera_days: f64,
    /// Alarms per such day; null where that was less than an hour.
    pub per_camera_day: Option<f64>,
}

/// Rules by how noisy they were in seven days, beside the seven days before.
#[utoipa::path(get, path = "/api/v1/alarms/report", tag = "alarms", params(ReportQuery),
    responses((status = 200, body = ReportView), (status = 400, body = ErrorBody)))]
pub(in crate::web) async fn report(
    _: Viewer,
    State(app): State<App>,
    Asked(query): Asked<ReportQuery>,
) -> ApiResult<Json<ReportView>> {
    made(&app, &query).await.map(Json)
}

/// The same as a CSV file.
#[utoipa::path(get, path = "/api/v1/alarms/report.csv", tag = "alarms", params(ReportQuery),
    responses((status = 200, description = "CSV", content_type = "text/csv"),
        (status = 400, body = ErrorBody)))]
pub(in crate::web) async fn report_csv(
    _: Viewer,
    State(app): State<App>,
    Asked(query): Asked<ReportQuery>,
) -> ApiResult<Response> {
    let report = made(&app, &query).await?;
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"noisy-rules.csv\"",
            ),
        ],
        report.to_csv(),
    )
        .into_response())
}

async fn made(app: &App, query: &ReportQuery) -> ApiResult<ReportView> {
    let until = opt_time(query.until.as_deref())?.unwrap_or_else(|| app.clock.now());
    let from = until.saturating_sub(WEEK);
    let counted = move |from: Timestamp, until: Timestamp| {
        app.storage.read(move |reader| {
            Ok((
                reader.rule_alarms(from, until)?,
                reader.watched_minutes(from, until)?,
            ))
        })
    };
    let now = counted(from, until).await?;
    let before = counted(from.saturating_sub(WEEK), from).await?;
    let rules = noisy_rules(
        Raised {
            rules: &now.0,
            watched: &now.1,
        },
        Raised {
            rules: &before.0,
            watched: &before.1,
        },
    );
    let names: BTreeMap<String, String> = rules
        .iter()
        .map(|rule| {
            let name = app.camera_name(&rule.camera_id);
            (rule.camera_id.to_string(), name)
        })
        .collect();
    let view = |rule: NoisyRule| {
        let id = rule.camera_id.to_string();
        NoisyRuleView {
            camera_name: names.get(&id).cloned().unwrap_or_default(),
            camera_id: id,
            rule_id: rule.rule_id.0,
            rule_name: rule.rule_name,
            kind: rule.kind.name(),
            now: NoiseView::new(rule.now),
            before: NoiseView::new(rule.before),
        }
    };
    Ok(ReportView {
        from: from.to_string(),
        until: until.to_string(),
        rules: rules.into_iter().map(view).collect(),
    })
}

impl NoiseView {
    fn new(noise: Noise) -> Self {
        NoiseView {
            n_alarms: noise.n_alarms,
            n_closed: noise.n_closed,
            n_false: noise.n_false,
            false_share: noise.false_share,
            camera_days: noise.camera_days,
            per_camera_day: noise.per_camera_day,
        }
    }

    fn fields(&self) -> [String; 6] {
        let or_empty = |number: Option<f64>| number.map(|n| format!("{n:.3}")).unwrap_or_default();
        [
            self.n_alarms.to_string(),
            self.n_closed.to_string(),
            self.n_false.to_string(),
            or_empty(self.false_share),
            format!("{:.3}", self.camera_days),
            or_empty(self.per_camera_day),
        ]
    }
}

impl ReportView {
    fn to_csv(&self) -> String {
        let mut text = String::from(
            "from,until,camera_id,camera,rule_id,rule,kind,\
             alarms,closed,false,false_share,camera_days,per_camera_day,\
             alarms_before,closed_before,false_before,false_share_before,camera_days_before,\
             per_camera_day_before\r\n",
        );
        for rule in &self.rules {
            let mut fields = vec![
                self.from.clone(),
                self.until.clone(),
                rule.camera_id.clone(),
                rule.camera_name.clone(),
                rule.rule_id.to_string(),
                rule.rule_name.clone(),
                rule.kind.to_owned(),
            ];
            fields.extend(rule.now.fields());
            fields.extend(rule.before.fields());
            csv::push_row(&mut text, &fields);
        }
        text
    }
}
