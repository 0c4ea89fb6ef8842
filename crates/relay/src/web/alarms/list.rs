//! Alarms and incidents, listed.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::{AlarmFilter, EventFilter, ListedAlarm};
use types::{AlarmState, CameraId, Class, CloseReason, EventId, EventKind, RuleId, Severity};
use utoipa::{IntoParams, ToSchema};

use super::view::{AlarmView, HistoryView};
use crate::web::App;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::events::{EventView, names, no_event, parse_id};
use crate::web::input::{Asked, opt_time};
use crate::web::session::Viewer;

const DEFAULT_LIMIT: u32 = 50;
const MAX_ALARMS: u32 = 500;
const MAX_INCIDENTS: u32 = 100;

/// Which alarms; every part may be left out.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct AlarmQuery {
    /// Only of these states, separated by commas: new, acknowledged, assigned,
    /// closed.
    state: Option<String>,
    /// Only so grave, separated by commas: info, low, medium, high, critical.
    severity: Option<String>,
    /// Only of this camera.
    camera: Option<String>,
    /// Only of the rule of this number.
    rule: Option<u32>,
    /// Only of these kinds, separated by commas.
    kind: Option<String>,
    /// Only of these classes, separated by commas.
    class: Option<String>,
    /// Only assigned to this account; "me" is who asks.
    assignee: Option<String>,
    /// Only closed for this reason.
    reason: Option<String>,
    /// Only at or after this time, UTC.
    from: Option<String>,
    /// Only before this time, UTC.
    until: Option<String>,
    /// Only older than this one: `next_before` of the page before.
    before: Option<String>,
    /// Most alarms, 1 to 500, or incidents, 1 to 100; 50 when absent.
    limit: Option<u32>,
}

/// A page of alarms, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct AlarmList {
    /// Newest first.
    pub alarms: Vec<AlarmView>,
    /// For the next page; absent on the last one.
    pub next_before: Option<String>,
}

/// A page of incidents; the one that began last comes first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct IncidentList {
    /// Newest first.
    pub incidents: Vec<IncidentView>,
    /// For the next page; absent on the last one.
    pub next_before: Option<String>,
}

/// Alarms that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct IncidentView {
    /// Id of the alarm that began it.
    pub id: String,
    /// As they came, at most 100.
    pub alarms: Vec<AlarmView>,
}

/// An alarm with its steps and all that was done with it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct AlarmDetail {
    /// As it is now.
    #[serde(flatten)]
    pub alarm: AlarmView,
    /// First to last.
    pub steps: Vec<EventView>,
    /// What was done, as it was done.
    pub history: Vec<HistoryView>,
}

/// How many alarms wait.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct OpenAlarms {
    /// By state and severity; those of which there are none are left out.
    pub counts: Vec<OpenCount>,
}

/// How many alarms of one state and severity wait.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct OpenCount {
    /// new, acknowledged or assigned.
    pub state: &'static str,
    /// info, low, medium, high or critical.
    pub severity: &'static str,
    /// How many.
    pub n_alarms: u64,
}

/// Alarms, newest first.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "alarms", params(AlarmQuery),
    responses((status = 200, body = AlarmList), (status = 400, body = ErrorBody)))]
pub(in crate::web) async fn list(
    viewer: Viewer,
    State(app): State<App>,
    Asked(query): Asked<AlarmQuery>,
) -> ApiResult<Json<AlarmList>> {
    let (mut filter, before) = query.into_filter(&viewer.name, MAX_ALARMS)?;
    filter.events.before = before;
    let limit = filter.events.limit as usize;
    let rows = app
        .storage
        .read(move |reader| reader.list_alarms(&filter))
        .await?;
    let next_before = (rows.len() == limit)
        .then(|| rows.last().map(|row| row.event.event_id.to_string()))
        .flatten();
    let alarms = rows.into_iter().map(|row| AlarmView::new(&app, row));
    Ok(Json(AlarmList {
        alarms: alarms.collect(),
        next_before,
    }))
}

/// Incidents of which an alarm is asked for, each with all its alarms.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "alarms", params(AlarmQuery),
    responses((status = 200, body = IncidentList), (status = 400, body = ErrorBody)))]
pub(in crate::web) async fn list_incidents(
    viewer: Viewer,
    State(app): State<App>,
    Asked(query): Asked<AlarmQuery>,
) -> ApiResult<Json<IncidentList>> {
    let (filter, before) = query.into_filter(&viewer.name, MAX_INCIDENTS)?;
    let limit = filter.events.limit;
    let found = app
        .storage
        .read(move |reader| reader.list_incidents(&filter, before, limit))
        .await?;
    let is_last = found.len() < limit as usize;
    let incidents: Vec<IncidentView> = found
        .into_iter()
        .filter_map(|alarms| IncidentView::new(&app, alarms))
        .collect();
    Ok(Json(IncidentList {
        next_before: incidents
            .last()
            .filter(|_| !is_last)
            .map(|incident| incident.id.clone()),
        incidents,
    }))
}

/// One incident with its alarms.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "alarms",
    params(("id" = String, Path, description = "Id of the alarm that began it")),
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn get_incident(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<IncidentView>> {
    let incident_id = parse_id(&id)?;
    let alarms = app
        .storage
        .read(move |reader| reader.incident(incident_id))
        .await?;
    let incident = IncidentView::new(&app, alarms);
    incident.map(Json).ok_or_else(|| no_event(&id))
}

/// One alarm with its steps and its history.
#[utoipa::path(get, path = "/api/v1/alarms/{id}", tag = "alarms",
    params(("id" = String, Path, description = "Event id")),
    responses((status = 200, body = AlarmDetail), (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<AlarmDetail>> {
    let event_id = parse_id(&id)?;
    let (alarm, steps, history) = app
        .storage
        .read(move |reader| {
            Ok((
                reader.alarm(event_id)?,
                reader.event_steps(event_id)?,
                reader.alarm_history(event_id)?,
            ))
        })
        .await?;
    let alarm = alarm.ok_or_else(|| no_event(&id))?;
    let steps = steps.into_iter().map(|row| EventView::new(&app, row));
    Ok(Json(AlarmDetail {
        alarm: AlarmView::new(&app, alarm),
        steps: steps.collect(),
        history: history.into_iter().map(HistoryView::new).collect(),
    }))
}

/// How many alarms are not closed.
#[utoipa::path(get, path = "/api/v1/alarms/open", tag = "alarms",
    responses((status = 200, body = OpenAlarms)))]
pub(in crate::web) async fn open(_: Viewer, State(app): State<App>) -> ApiResult<Json<OpenAlarms>> {
    let counts = app.storage.read(|reader| reader.open_alarms()).await?;
    let counts = counts
        .into_iter()
        .map(|(state, severity, n_alarms)| OpenCount {
            state: state.name(),
            severity: severity.name(),
            n_alarms,
        });
    Ok(Json(OpenAlarms {
        counts: counts.collect(),
    }))
}

impl IncidentView {
    /// `None` of no alarm.
    pub(super) fn new(app: &App, alarms: Vec<ListedAlarm>) -> Option<Self> {
        let id = alarms.first()?.alarm.incident_id.to_string();
        let alarms = alarms.into_iter().map(|row| AlarmView::new(app, row));
        Some(IncidentView {
            id,
            alarms: alarms.collect(),
        })
    }
}

impl AlarmQuery {
    /// What is asked for, and before what.
    fn into_filter(self, me: &str, max_limit: u32) -> ApiResult<(AlarmFilter, Option<EventId>)> {
        let bad = |text: String| ApiError::bad_request(text);
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT.min(max_limit));
        if !(1..=max_limit).contains(&limit) {
            return Err(bad(format!("limit = {limit}: use 1 to {max_limit}")));
        }
        let camera_id = self.camera.as_deref().map(CameraId::new).transpose();
        let before = self.before.as_deref().map(EventId::parse).transpose();
        let reason = names(self.reason.as_deref(), "reason", CloseReason::from_name)?;
        let filter = AlarmFilter {
            events: EventFilter {
                camera_id: camera_id.map_err(|error| bad(error.to_string()))?,
                kinds: names(self.kind.as_deref(), "kind", EventKind::from_name)?,
                classes: names(self.class.as_deref(), "class", Class::from_name)?,
                from: opt_time(self.from.as_deref())?,
                until: opt_time(self.until.as_deref())?,
                before: None,
                limit,
            },
            states: names(self.state.as_deref(), "state", AlarmState::from_name)?,
            severities: names(self.severity.as_deref(), "severity", Severity::from_name)?,
            rule_id: self.rule.map(RuleId),
            assignee: self.assignee.map(|name| match name.as_str() {
                "me" => me.to_owned(),
                _ => name,
            }),
            reason: reason.first().copied(),
        };
        Ok((filter, before.map_err(|error| bad(error.to_string()))?))
    }
}
