//! Schedules over REST: list, add, change, remove, and a look ahead.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use programs::schedule::Schedule;
use serde::{Deserialize, Serialize};
use store::Expected;
use types::Timestamp;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::cameras::refresh_all;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use super::software;
use crate::schedules::{MAX_SCHEDULES, ScheduleRecord};
use crate::settings::ScheduleDocument;

/// All schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleList {
    /// By number.
    pub schedules: Vec<ScheduleView>,
}

/// A schedule, and whether it is on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleView {
    /// Identity.
    pub id: String,
    /// The schedule as typed.
    #[serde(flatten)]
    pub document: ScheduleDocument,
    /// Send it back with a change; a newer one in between answers 409.
    pub revision: u64,
    /// Whether it is on now.
    pub is_on: bool,
    /// When it goes on or off next, UTC; absent when it never does.
    pub next_change_at: Option<String>,
}

/// A schedule's new form.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ScheduleChange {
    /// The schedule as typed.
    #[serde(flatten)]
    pub document: ScheduleDocument,
    /// The revision that was changed.
    pub revision: u64,
}

/// A schedule to look at before it is saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewInput {
    /// The schedule as typed.
    pub schedule: ScheduleDocument,
    /// When, UTC; now when absent.
    #[serde(default)]
    pub at: Option<String>,
}

/// What a schedule does from a time on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// Whether it is on then.
    pub is_on: bool,
    /// When it goes on or off next, UTC.
    pub next_change_at: Option<String>,
    /// The seven days from that day on, in its own time zone.
    pub week: Vec<Vec<StretchView>>,
}

/// A stretch of a day in which a schedule is on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StretchView {
    /// First minute of the day that is on, 0 to 1,439.
    pub from_min: u16,
    /// First minute that is no longer, 1 to 1,440.
    pub until_min: u16,
}

/// All schedules.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules",
    responses((status = 200, body = ScheduleList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<ScheduleList>> {
    let records = app.schedules.list().await?;
    let schedules = records.into_iter().map(|record| view(&app, record));
    Ok(Json(ScheduleList {
        schedules: schedules.collect(),
    }))
}

/// Adds a schedule.
#[utoipa::path(post, path = "/api/v1/schedules", tag = "schedules", request_body = ScheduleDocument,
    responses((status = 201, body = ScheduleView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(document): Body<ScheduleDocument>,
) -> ApiResult<(StatusCode, Json<ScheduleView>)> {
    document.resolve().map_err(ApiError::fields)?;
    let _changing = app.changing.lock().await;
    let records = app.schedules.list().await?;
    if records.len() >= MAX_SCHEDULES {
        return Err(ApiError::conflict(format!(
            "{MAX_SCHEDULES} schedules are the most: remove one first"
        )));
    }
    let numbers = records
        .iter()
        .filter_map(|record| record.id.parse::<u32>().ok());
    let id = (numbers.max().unwrap_or(0) + 1).to_string();
    let revision = app
        .schedules
        .put(&id, &document, Expected::Any, &editor.name)
        .await?;
    let what = format!("add schedule {id}");
    software::note(&app, &editor.name, &what, None, Some(&document)).await;
    audit::note(&app, &editor.name, what, None, Some(&document)).await;
    let record = ScheduleRecord {
        id,
        document,
        revision,
    };
    Ok((StatusCode::CREATED, Json(view(&app, record))))
}

/// Changes a schedule; running cameras follow at once.
#[utoipa::path(put, path = "/api/v1/schedules/{id}", tag = "schedules", request_body = ScheduleChange,
    params(("id" = String, Path, description = "Schedule id")),
    responses((status = 200, body = ScheduleView), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(change): Body<ScheduleChange>,
) -> ApiResult<Json<ScheduleView>> {
    change.document.resolve().map_err(ApiError::fields)?;
    let _changing = app.changing.lock().await;
    let before = find(&app, &id).await?;
    let expected = Expected::Revision(change.revision);
    let saved = app
        .schedules
        .put(&id, &change.document, expected, &editor.name)
        .await;
    let revision = saved.map_err(|error| match error.downcast_ref::<store::Error>() {
        Some(store::Error::Conflict { .. }) => {
            ApiError::conflict("this schedule was changed by somebody else: load it again")
        }
        _ => error.into(),
    })?;
    let what = format!("change schedule {id}");
    let (old, new) = (Some(&before.document), Some(&change.document));
    software::note(&app, &editor.name, &what, old, new).await;
    audit::note(&app, &editor.name, what, old, new).await;
    refresh_all(&app).await?;
    let record = ScheduleRecord {
        id,
        document: change.document,
        revision,
    };
    Ok(Json(view(&app, record)))
}

/// Removes a schedule that nothing uses.
#[utoipa::path(delete, path = "/api/v1/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, description = "Schedule id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "A camera uses it", body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let _changing = app.changing.lock().await;
    let before = find(&app, &id).await?;
    for record in app.cameras.list().await? {
        if record.document.uses_schedule(&id) {
            return Err(ApiError::conflict(format!(
                "camera {:?} uses this schedule: choose another one there first",
                record.document.name
            )));
        }
    }
    if app.alarms.get().settings.quiet_schedule_id.as_deref() == Some(id.as_str()) {
        return Err(ApiError::conflict(
            "the quiet hours of alarms use this schedule: choose another one there first",
        ));
    }
    app.schedules.delete(&id, &editor.name).await?;
    let what = format!("remove schedule {id}");
    software::note(&app, &editor.name, &what, Some(&before.document), None).await;
    audit::note(&app, &editor.name, what, Some(&before.document), None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What a schedule would do, before it is saved.
#[utoipa::path(post, path = "/api/v1/schedules/preview", tag = "schedules", request_body = PreviewInput,
    responses((status = 200, body = Preview), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn preview(
    _: Viewer,
    State(app): State<App>,
    Body(input): Body<PreviewInput>,
) -> ApiResult<Json<Preview>> {
    let schedule = input.schedule.resolve().map_err(ApiError::fields)?;
    let at = match input.at.as_deref() {
        Some(text) => Timestamp::parse_rfc3339(text)
            .map_err(|error| ApiError::bad_request(error.to_string()))?,
        None => app.clock.now(),
    };
    Ok(Json(Preview {
        is_on: schedule.is_on(at),
        next_change_at: next_change(&schedule, at),
        week: schedule
            .coming_days(at)
            .into_iter()
            .map(|day| {
                let stretches = day.into_iter();
                stretches
                    .map(|(from_min, until_min)| StretchView {
                        from_min,
                        until_min,
                    })
                    .collect()
            })
            .collect(),
    }))
}

async fn find(app: &App, id: &str) -> ApiResult<ScheduleRecord> {
    let records = app.schedules.list().await?;
    let found = records.into_iter().find(|record| record.id == id);
    found.ok_or_else(|| ApiError::not_found(format!("no schedule {id}")))
}

fn view(app: &App, record: ScheduleRecord) -> ScheduleView {
    let now = app.clock.now();
    let ready = app.schedules.ready();
    let schedule = ready.get(&record.id);
    ScheduleView {
        is_on: schedule.is_some_and(|schedule| schedule.is_on(now)),
        next_change_at: schedule.and_then(|schedule| next_change(schedule, now)),
        id: record.id,
        document: record.document,
        revision: record.revision,
    }
}

fn next_change(schedule: &Schedule, at: Timestamp) -> Option<String> {
    schedule.next_change(at).map(|change| change.to_string())
}
