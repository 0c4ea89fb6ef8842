//! Settings of alarm handling over REST.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use types::Severity;
use utoipa::ToSchema;

use crate::alarms::AlarmRecord;
use crate::settings::AlarmsDocument;
use crate::web::App;
use crate::web::audit;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::input::Body;
use crate::web::session::{Editor, Viewer};

/// How alarms are handled at this site.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct AlarmSettingsView {
    /// As saved.
    #[serde(flatten)]
    pub document: AlarmsDocument,
    /// Send it back with a change; a newer one in between answers 409.
    pub revision: u64,
    /// Whether quiet hours are on now.
    pub is_quiet: bool,
}

/// Other settings.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::web) struct AlarmSettingsChange {
    /// As they shall be.
    #[serde(flatten)]
    pub document: AlarmsDocument,
    /// The revision that was changed; 0 before the first change.
    pub revision: u64,
}

/// How alarms are handled: what belongs together, quiet hours.
#[utoipa::path(get, path = "/api/v1/alarms/settings", tag = "alarms",
    responses((status = 200, body = AlarmSettingsView)))]
pub(in crate::web) async fn get_settings(
    _: Viewer,
    State(app): State<App>,
) -> Json<AlarmSettingsView> {
    Json(view(&app, &app.alarms.get()))
}

/// Changes how alarms are handled; in force at once.
#[utoipa::path(put, path = "/api/v1/alarms/settings", tag = "alarms",
    request_body = AlarmSettingsChange,
    responses((status = 200, body = AlarmSettingsView), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::web) async fn put_settings(
    editor: Editor,
    State(app): State<App>,
    Body(change): Body<AlarmSettingsChange>,
) -> ApiResult<Json<AlarmSettingsView>> {
    let settings = change.document.resolve().map_err(ApiError::fields)?;
    let _changing = app.changing.lock().await;
    let is_camera = |id: &_| app.fleet.settings(id).is_some();
    let errors = change
        .document
        .check_names(&app.schedules.ready(), is_camera);
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let before = app.alarms.get();
    let saved = app
        .alarms
        .put(change.document, settings, change.revision, &editor.name)
        .await;
    let after = saved.map_err(|error| match error.downcast_ref::<store::Error>() {
        Some(store::Error::Conflict { .. }) => {
            ApiError::conflict("these settings were changed by somebody else: load them again")
        }
        _ => error.into(),
    })?;
    let what = "changed the settings of alarms".to_owned();
    let documents = (Some(&before.document), Some(&after.document));
    audit::note(&app, &editor.name, what, documents.0, documents.1).await;
    Ok(Json(view(&app, &after)))
}

fn view(app: &App, record: &AlarmRecord) -> AlarmSettingsView {
    let now = app.clock.now();
    AlarmSettingsView {
        document: record.document.clone(),
        revision: record.revision,
        // Of the least grave: loud ones are heard all the same.
        is_quiet: record.is_quiet(&app.schedules.ready(), Severity::Info, now),
    }
}
