//! Video management systems over REST: list with queue, add, change, remove,
//! test, cameras, custom events, send dead letters again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sink::vms::{EventName, Vms, VmsError};
use store::SinkState;
use types::{CameraId, EventKind};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Administrator, Editor, Viewer};
use super::sinks::{self, Replayed, SinkKind, SinkTest};
use crate::deliver::{Book, VmsRecord, same_addresses};
use crate::secrets::Vault;
use crate::settings::{FieldErrors, MatchDocument, SystemDocument, VmsDocument, VmsInput};

/// All video management systems.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VmsList {
    /// By id.
    pub servers: Vec<VmsView>,
}

/// A VMS and its queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VmsView {
    /// Identity.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// Address or name.
    pub host: String,
    /// Port of the web interface.
    pub port: u16,
    /// Whether the web interface is asked over TLS.
    pub is_tls: bool,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// User there.
    pub user: String,
    /// Longest time for one request, seconds.
    pub timeout_s: u16,
    /// Kinds of events that are sent.
    pub kinds: Vec<String>,
    /// Whether ends of events are sent as well.
    pub has_ends: bool,
    /// What only this system has.
    pub system: SystemDocument,
    /// Cameras matched by hand, by our camera's id.
    pub matches: BTreeMap<String, MatchDocument>,
    /// What has to be defined in the VMS before anything is seen there: names
    /// for Milestone, numbers and names for Genetec; empty when nothing, or
    /// when names depend on more than the kind of event.
    pub to_define: Vec<String>,
    /// Steps that wait.
    pub queue: u64,
    /// Steps delivered since it was added.
    pub delivered: u64,
    /// Last success, UTC.
    pub last_delivered_at: Option<String>,
    /// Last failure since then, in words.
    pub last_error: Option<String>,
    /// Steps that were refused for good.
    pub dead: u64,
    /// Steps given up because too many waited.
    pub dropped: u64,
}

/// Settings to be tried before they are saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VmsDraft {
    /// Of this VMS the password is taken when it is left out.
    #[serde(default)]
    id: Option<String>,
    /// The settings.
    vms: VmsInput,
}

/// The cameras of a VMS, and which of them seem to be ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VmsCameraList {
    /// As the VMS lists them.
    pub cameras: Vec<VmsCameraView>,
    /// Identity there by our camera's id, where address and channel are the
    /// same and no other camera has them.
    pub proposed: BTreeMap<String, String>,
}

/// A camera of a VMS.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VmsCameraView {
    /// Its identity there.
    pub id: String,
    /// As people call it there.
    pub name: String,
    /// Address of the device, where it is told.
    pub address: Option<String>,
    /// Number of the video input, where it is told.
    pub channel: Option<u32>,
}

/// VMS servers, as a kind of sink.
struct VmsServers;

impl SinkKind for VmsServers {
    type Document = VmsDocument;
    type Input = VmsInput;
    type View = VmsView;
    const NAME: &'static str = "VMS server";
    const MAX: usize = 16;

    fn book(app: &App) -> &Book<VmsDocument> {
        &app.deliveries.vms.book
    }

    fn document(
        input: VmsInput,
        stored: Option<&VmsDocument>,
        vault: &Vault,
    ) -> Result<VmsDocument, FieldErrors> {
        input.into_document(stored, vault)
    }

    async fn prepare(app: &App, record: &VmsRecord, _before: Option<&VmsRecord>) -> ApiResult<()> {
        make(app, &record.document).map(drop)
    }

    async fn apply(app: &App, record: &VmsRecord) -> anyhow::Result<()> {
        app.deliveries.vms.apply(record).await
    }

    async fn end(app: &App, id: &str) -> anyhow::Result<()> {
        app.deliveries.vms.remove(id).await
    }

    fn view(app: &App, record: VmsRecord, queue: Option<SinkState>) -> VmsView {
        let queue = queue.unwrap_or_default();
        let document = record.document;
        let vms = app.deliveries.vms.make(&document).ok();
        VmsView {
            id: record.id,
            to_define: to_define(&document, vms.as_ref()),
            name: document.name,
            is_enabled: document.is_enabled,
            host: document.host,
            port: document.port,
            is_tls: document.is_tls,
            fingerprint: document.fingerprint,
            user: document.user,
            timeout_s: document.timeout_s,
            kinds: document.kinds,
            has_ends: document.has_ends,
            system: document.system,
            matches: document.matches,
            queue: queue.n_waiting,
            delivered: queue.n_delivered,
            last_delivered_at: queue.last_delivered_at.map(|at| at.to_string()),
            last_error: queue.last_error,
            dead: queue.n_dead,
            dropped: queue.n_dropped,
        }
    }
}

/// All video management systems with their queues.
#[utoipa::path(get, path = "/api/v1/vms", tag = "vms", responses((status = 200, body = VmsList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<VmsList>> {
    let servers = sinks::all::<VmsServers>(&app).await?;
    Ok(Json(VmsList { servers }))
}

/// Adds a VMS; events from now on are sent to it.
#[utoipa::path(post, path = "/api/v1/vms", tag = "vms", request_body = VmsInput,
    responses((status = 201, body = VmsView), (status = 409, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(input): Body<VmsInput>,
) -> ApiResult<(StatusCode, Json<VmsView>)> {
    sinks::add::<VmsServers>(&app, &editor.name, input).await
}

/// Changes a VMS; what waits for it is kept.
#[utoipa::path(put, path = "/api/v1/vms/{id}", tag = "vms", request_body = VmsInput,
    params(("id" = String, Path, description = "VMS id")),
    responses((status = 200, body = VmsView), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<VmsInput>,
) -> ApiResult<Json<VmsView>> {
    sinks::change::<VmsServers>(&app, &editor.name, id, input).await
}

/// Removes a VMS and what waits for it.
#[utoipa::path(delete, path = "/api/v1/vms/{id}", tag = "vms",
    params(("id" = String, Path, description = "VMS id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    sinks::remove::<VmsServers>(&app, &editor.name, &id).await
}

/// Walks every step to a VMS before it is saved and says what came back; the
/// last step sends an event marked as a test.
#[utoipa::path(post, path = "/api/v1/vms_test", tag = "vms", request_body = VmsDraft,
    responses((status = 200, body = SinkTest), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn test_draft(
    _: Editor,
    State(app): State<App>,
    Body(draft): Body<VmsDraft>,
) -> ApiResult<Json<SinkTest>> {
    let document = sinks::of_draft::<VmsServers>(&app, draft.id.as_deref(), draft.vms).await?;
    let vms = make(&app, &document)?;
    let walk = app.deliveries.vms.test(&document, &vms).await;
    Ok(Json(walk.into()))
}

/// Reads the cameras of a VMS, to choose which of them is which of ours.
#[utoipa::path(get, path = "/api/v1/vms/{id}/cameras", tag = "vms",
    params(("id" = String, Path, description = "VMS id")),
    responses((status = 200, body = VmsCameraList), (status = 404, body = super::error::ErrorBody),
        (status = 502, body = super::error::ErrorBody)))]
pub(super) async fn cameras(
    _: Administrator,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<VmsCameraList>> {
    let vms = make(&app, &sinks::find::<VmsServers>(&app, &id).await?.document)?;
    let cameras = vms.cameras().await.map_err(|error| unreachable(&error))?;
    let own = app.fleet.all().into_iter();
    let own = own.map(|camera| camera.current_settings());
    let relayed = app.fleet.relayed().all().into_iter();
    let ours: Vec<(CameraId, String, u8)> = own
        .chain(relayed.map(|camera| Arc::clone(&camera.settings)))
        .map(|settings| {
            let link = &settings.link;
            (settings.camera_id.clone(), link.host(), link.channel())
        })
        .collect();
    let ours = ours
        .iter()
        .map(|(camera_id, host, channel)| (camera_id, host.as_str(), *channel));
    Ok(Json(VmsCameraList {
        proposed: same_addresses(ours, &cameras),
        cameras: cameras
            .into_iter()
            .map(|camera| VmsCameraView {
                id: camera.id,
                name: camera.name,
                address: camera.address,
                channel: camera.channel,
            })
            .collect(),
    }))
}

/// Makes the custom events in Genetec Security Center that events are sent as.
#[utoipa::path(post, path = "/api/v1/vms/{id}/custom_events", tag = "vms",
    params(("id" = String, Path, description = "VMS id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 502, body = super::error::ErrorBody)))]
pub(super) async fn custom_events(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let Vms::Genetec(genetec) = make(&app, &sinks::find::<VmsServers>(&app, &id).await?.document)?
    else {
        return Err(ApiError::conflict(
            "XProtect's analytics events are defined in its Management Client",
        ));
    };
    let made = genetec.make_custom_events().await;
    made.map_err(|error| unreachable(&error))?;
    let what = format!("made custom events in VMS server {id}");
    audit::note::<VmsDocument>(&app, &editor.name, what, None, None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Queues the steps that were refused for good again, in their old order.
#[utoipa::path(post, path = "/api/v1/vms/{id}/replay", tag = "vms",
    params(("id" = String, Path, description = "VMS id")),
    responses((status = 200, body = Replayed), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn replay(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<Replayed>> {
    sinks::replay::<VmsServers>(&app, &id).await
}

fn make(app: &App, document: &VmsDocument) -> ApiResult<Vms> {
    app.deliveries.vms.make(document).map_err(ApiError::fields)
}

fn unreachable(error: &VmsError) -> ApiError {
    ApiError::bad_gateway(error.to_string())
}

/// What a person has to define in the VMS.
fn to_define(document: &VmsDocument, vms: Option<&Vms>) -> Vec<String> {
    match (&document.system, vms) {
        (
            SystemDocument::Milestone {
                has_alarms: false,
                event_name,
                ..
            },
            _,
        ) => {
            let kinds = document
                .kinds
                .iter()
                .filter_map(|name| EventKind::from_name(name));
            let name = EventName::parse(event_name).ok();
            name.and_then(|name| name.all(kinds, document.has_ends))
                .unwrap_or_default()
        }
        (SystemDocument::Genetec { .. }, Some(Vms::Genetec(genetec))) => genetec
            .custom_events()
            .into_iter()
            .map(|(number, name)| format!("{number} {name}"))
            .collect(),
        _ => Vec::new(),
    }
}
