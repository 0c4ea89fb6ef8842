//! The software manager over REST: what programs there are and how they do;
//! start, stop, install, uninstall. Every change goes into the control log.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use extension::{InstallError, MAX_PACKAGE_BYTES, Package};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::Expected;
use utoipa::ToSchema;

use super::App;
use super::audit::note_control;
use super::cameras::{find_record, save};
use super::cost::switches;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use super::software_view::{SoftwareProgram, built_in, view};
use crate::cameras::CameraRecord;
use crate::extensions::ExtensionDesk;
use crate::settings::CameraDocument;

pub(super) use super::software_view::Software;

/// Largest upload: a package, and the form around it.
pub(super) const MAX_UPLOAD_BYTES: usize = MAX_PACKAGE_BYTES + 64 * 1024;

/// Where it is kept on which cameras a program was stopped.
const STOPPED: &str = "stopped_program/";

/// On which camera.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramSwitch {
    /// One camera; all of them when absent.
    #[serde(default)]
    pub camera_id: Option<String>,
}

/// What runs here and what it takes.
#[utoipa::path(get, path = "/api/v1/software", tag = "software",
    responses((status = 200, body = Software)))]
pub(super) async fn get(_: Viewer, State(app): State<App>) -> ApiResult<Json<Software>> {
    view(&app).await.map(Json)
}

/// Installs a program, or updates it; the body is a `.ext` file.
#[utoipa::path(post, path = "/api/v1/software", tag = "software",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = SoftwareProgram),
        (status = 422, description = "Refused; nothing is changed", body = super::error::ErrorBody)))]
pub(super) async fn install(
    editor: Editor,
    State(app): State<App>,
    package: Bytes,
) -> ApiResult<(StatusCode, Json<SoftwareProgram>)> {
    let id = install_as(&app, &editor, package.to_vec()).await?;
    let shown = view(&app)
        .await?
        .programs
        .into_iter()
        .find(|program| program.id == id);
    let shown = shown.ok_or_else(|| no_program(&id))?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Lets a program run: on one camera, or on all on which it was stopped.
#[utoipa::path(post, path = "/api/v1/software/{program}/start", tag = "software",
    params(("program" = String, Path, description = "Program id")), request_body = ProgramSwitch,
    responses((status = 204), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "The machine would be overloaded", body = super::error::ErrorBody)))]
pub(super) async fn start(
    editor: Editor,
    State(app): State<App>,
    Path(program): Path<String>,
    Body(switch): Body<ProgramSwitch>,
) -> ApiResult<StatusCode> {
    start_as(&app, &editor, &program, switch.camera_id.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops a program on one camera or on all.
#[utoipa::path(post, path = "/api/v1/software/{program}/stop", tag = "software",
    params(("program" = String, Path, description = "Program id")), request_body = ProgramSwitch,
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn stop(
    editor: Editor,
    State(app): State<App>,
    Path(program): Path<String>,
    Body(switch): Body<ProgramSwitch>,
) -> ApiResult<StatusCode> {
    stop_as(&app, &editor, &program, switch.camera_id.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings back the version before the installed one.
#[utoipa::path(post, path = "/api/v1/software/{program}/roll_back", tag = "software",
    params(("program" = String, Path, description = "Program id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn roll_back(
    editor: Editor,
    State(app): State<App>,
    Path(program): Path<String>,
) -> ApiResult<StatusCode> {
    let before = version_of(&app, &program);
    let id = program.clone();
    off_thread(&app, move |desk| desk.roll_back(&id)).await?;
    let what = format!("roll back {program}");
    note(
        &app,
        &editor.name,
        &what,
        before.as_ref(),
        version_of(&app, &program).as_ref(),
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an installed program with its settings; its events stay.
#[utoipa::path(delete, path = "/api/v1/software/{program}", tag = "software",
    params(("program" = String, Path, description = "Program id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "It is a part of airelay", body = super::error::ErrorBody)))]
pub(super) async fn uninstall(
    editor: Editor,
    State(app): State<App>,
    Path(program): Path<String>,
) -> ApiResult<StatusCode> {
    uninstall_as(&app, &editor, &program).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Installs a package for `editor`; gives the program's id.
pub(super) async fn install_as(app: &App, editor: &Editor, package: Vec<u8>) -> ApiResult<String> {
    let before: BTreeMap<String, Option<String>> = app
        .extensions
        .list()
        .into_iter()
        .map(|facts| {
            (
                facts.id,
                facts.installation.map(|found| found.manifest.version),
            )
        })
        .collect();
    let id = Package::read(&package)
        .map(|package| package.manifest.id)
        .unwrap_or_default();
    if built_in().iter().any(|(name, _)| *name == id) {
        return Err(refused(format!(
            "install {id:?}: a part of airelay has this id"
        )));
    }
    let id = off_thread(app, move |desk| desk.install(&package))
        .await?
        .id;
    let old = before.get(&id);
    let what = format!("{} {id}", if old.is_some() { "update" } else { "install" });
    let new = version_of(app, &id);
    note(
        app,
        &editor.name,
        &what,
        old.cloned().flatten().as_ref(),
        new.as_ref(),
    )
    .await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok(id)
}

/// Removes a program for `editor`.
pub(super) async fn uninstall_as(app: &App, editor: &Editor, program: &str) -> ApiResult<()> {
    if built_in().iter().any(|(name, _)| *name == program) {
        return Err(ApiError::conflict(format!(
            "{program} is a part of airelay: stop it instead"
        )));
    }
    let before = version_of(app, program);
    let id = program.to_owned();
    off_thread(app, move |desk| desk.uninstall(&id)).await?;
    let what = format!("uninstall {program}");
    note(app, &editor.name, &what, before.as_ref(), None).await;
    for record in app.cameras.list().await? {
        if record.document.programs.extensions.contains_key(program) {
            let mut document = record.document.clone();
            document.programs.extensions.remove(program);
            save_over(app, editor, &record, document).await?;
        }
    }
    app.changes.tell("system", &serde_json::json!({}));
    Ok(())
}

/// Lets a program run on one camera; with none, on all on which it was
/// stopped, else on all.
pub(super) async fn start_as(
    app: &App,
    editor: &Editor,
    program: &str,
    camera_id: Option<&str>,
) -> ApiResult<()> {
    let records = chosen(app, program, camera_id).await?;
    let remembered = match camera_id {
        Some(_) => BTreeSet::new(),
        None => stopped_on(app, program).await?,
    };
    // One that stays off after faults is tried again.
    app.extensions.shelf().ask_again(program);
    let is_meant = |record: &CameraRecord| {
        remembered.is_empty() || remembered.contains(record.camera_id.as_str())
    };
    for record in records.iter().filter(|record| is_meant(record)) {
        set_enabled(app, editor, record, program, true).await?;
    }
    Ok(())
}

/// Stops a program on one camera or on all; for all, it is remembered where
/// it ran.
pub(super) async fn stop_as(
    app: &App,
    editor: &Editor,
    program: &str,
    camera_id: Option<&str>,
) -> ApiResult<()> {
    let records = chosen(app, program, camera_id).await?;
    let is_running =
        |record: &&CameraRecord| switches(&record.document.programs).get(program) == Some(&true);
    let running: Vec<&CameraRecord> = records.iter().filter(is_running).collect();
    if camera_id.is_none() && !running.is_empty() {
        let ids: Vec<&str> = running
            .iter()
            .map(|record| record.camera_id.as_str())
            .collect();
        let json = serde_json::json!(ids).to_string();
        let (key, by, now) = (
            format!("{STOPPED}{program}"),
            editor.name.clone(),
            app.clock.now(),
        );
        app.storage
            .write(move |store| store.put_settings(&key, &json, Expected::Any, &by, now))
            .await?;
    }
    for record in running {
        set_enabled(app, editor, record, program, false).await?;
    }
    Ok(())
}

async fn stopped_on(app: &App, program: &str) -> ApiResult<BTreeSet<String>> {
    let key = format!("{STOPPED}{program}");
    let stored = app
        .storage
        .read(move |reader| reader.settings(&key))
        .await?;
    let json = stored.and_then(|settings| settings.document);
    Ok(json
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default())
}

/// The cameras that are meant, if there is such a program.
async fn chosen(app: &App, program: &str, camera_id: Option<&str>) -> ApiResult<Vec<CameraRecord>> {
    let is_known = built_in().iter().any(|(name, _)| *name == program)
        || app.extensions.shelf().find(program).is_some();
    if !is_known {
        return Err(no_program(program));
    }
    Ok(match camera_id {
        Some(id) => vec![find_record(app, id).await?],
        None => app.cameras.list().await?,
    })
}

fn no_program(program: &str) -> ApiError {
    ApiError::not_found(format!(
        "no program {program:?}: it may have been uninstalled"
    ))
}

async fn set_enabled(
    app: &App,
    editor: &Editor,
    record: &CameraRecord,
    program: &str,
    is_enabled: bool,
) -> ApiResult<()> {
    let mut document = record.document.clone();
    let programs = &mut document.programs;
    let switch = match program {
        "vmd" => &mut programs.vmd.is_enabled,
        "people" => &mut programs.people.is_enabled,
        "vehicle" => &mut programs.vehicle.is_enabled,
        "occupancy" => &mut programs.occupancy.is_enabled,
        "state" => &mut programs.state.is_enabled,
        id => {
            let document = programs.extensions.entry(id.to_owned());
            &mut document.or_default().is_enabled
        }
    };
    if *switch == is_enabled {
        return Ok(());
    }
    *switch = is_enabled;
    save_over(app, editor, record, document).await
}

/// Saves another form of a camera's document, as its page does.
pub(super) async fn save_over(
    app: &App,
    editor: &Editor,
    record: &CameraRecord,
    document: CameraDocument,
) -> ApiResult<()> {
    let camera_id = record.camera_id.clone();
    save(app, editor, camera_id, document, Some(record)).await?;
    Ok(())
}

/// Asks the desk off the async threads: it reads files and compiles.
pub(super) async fn off_thread<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&ExtensionDesk) -> Result<T, InstallError> + Send + 'static,
) -> ApiResult<T> {
    let desk = app.extensions.clone();
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    let done = done.map_err(|error| anyhow::anyhow!("look after installed programs: {error}"))?;
    done.map_err(|error| match &error {
        InstallError::Missing { .. } => ApiError::not_found(error.to_string()),
        InstallError::Untrusted { key, .. } => refused(format!("{error}: {key}")),
        InstallError::Disk { .. } => {
            ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "disk", error.to_string())
        }
        _ => refused(error.to_string()),
    })
}

fn refused(text: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "package_refused", text)
}

fn version_of(app: &App, id: &str) -> Option<String> {
    let mut installed = app.extensions.list().into_iter();
    let facts = installed.find(|facts| facts.id == id)?;
    Some(facts.installation?.manifest.version)
}

/// Writes into the control log what differs.
pub(super) async fn note<T: Serialize>(
    app: &App,
    who: &str,
    what: &str,
    before: Option<&T>,
    after: Option<&T>,
) {
    note_control(app, who, what.to_owned(), before, after).await;
}

/// Names this installation, as the reference product does: four groups of
/// four digits, always the same.
pub(super) fn device_id(app: &App) -> String {
    let hash = Sha256::digest(app.vault.sign("device id").as_bytes());
    let groups = hash[..8].chunks(2);
    let groups: Vec<String> = groups
        .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    groups.join("-")
}
