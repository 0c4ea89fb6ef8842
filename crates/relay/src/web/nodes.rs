//! Other airelays that this one guards, over REST: list, check, register, change,
//! log in again, remove; several at once.
//!
//! The airelay that answers stands first in the list, as a node of its own: it
//! cannot be changed or removed.
//!
//! Not here: following a node (`nodes`), what nodes send (`feed`).

mod view;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use self::view::lag_s;
use self::view::{NodeList, NodeView};
use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Administrator, Editor, Viewer};
use crate::nodes::{MAX_NODES, NodeRecord, NodeWalk, Refusal};
use crate::settings::NodeAddress;
use crate::supervise::hex;

/// An airelay to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeCheck {
    /// How it is reached.
    pub address: NodeAddress,
    /// Name of an administrator there.
    pub user: String,
    /// That account's password; used for this check only.
    pub password: String,
}

/// An airelay to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeNew {
    /// As people call it, at most 64 characters; its host when absent or empty.
    #[serde(default)]
    pub name: String,
    /// How it is reached.
    pub address: NodeAddress,
    /// Name of an administrator there.
    pub user: String,
    /// That account's password: used once to have a token made, never kept.
    pub password: String,
}

/// What a node becomes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeChange {
    /// As people call it, 1 to 64 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// How it is reached.
    #[serde(default)]
    pub address: Option<NodeAddress>,
    /// Whether what happens there is fetched.
    #[serde(default)]
    pub is_enabled: Option<bool>,
}

/// A login at a node.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeLogin {
    /// Name of an administrator there.
    pub user: String,
    /// That account's password: used once, never kept.
    pub password: String,
}

/// The same for several nodes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodesHandling {
    /// Which, at most 64.
    pub ids: Vec<String>,
    /// enable, disable or remove.
    #[serde(rename = "do")]
    pub what: String,
}

/// How a check went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeCheckResult {
    /// Whether every step went well.
    pub is_ok: bool,
    /// Every step that was taken; ends with the one that failed.
    pub steps: Vec<NodeCheckStep>,
    /// SHA-256 of its certificate where that was refused, as hex.
    pub certificate_sha256: Option<String>,
    /// Cameras there.
    pub cameras: Vec<FoundCameraView>,
}

/// One step of a check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeCheckStep {
    /// What was tried.
    pub what: String,
    /// Whether it went well.
    pub is_ok: bool,
    /// What came back, and what to do.
    pub text: String,
}

/// A camera that was found at a node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundCameraView {
    /// Its id there.
    pub id: String,
    /// As people call it there.
    pub name: String,
}

impl NodeCheckResult {
    fn new(walk: NodeWalk) -> Self {
        NodeCheckResult {
            is_ok: walk.is_ok(),
            certificate_sha256: walk.refused_certificate.map(|hash| hex(&hash)),
            steps: walk
                .steps
                .into_iter()
                .map(|step| NodeCheckStep {
                    what: step.what.to_owned(),
                    is_ok: step.is_ok,
                    text: step.text,
                })
                .collect(),
            cameras: walk
                .cameras
                .into_iter()
                .map(|camera| FoundCameraView {
                    id: camera.id,
                    name: camera.name,
                })
                .collect(),
        }
    }
}

/// All airelays that this one guards, itself first, with their cameras.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "nodes",
    responses((status = 200, body = NodeList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<NodeList>> {
    let records = app.nodes.list().await?;
    let mut nodes = vec![NodeView::own(&app).await?];
    nodes.extend(
        records
            .into_iter()
            .map(|record| NodeView::new(&app, record)),
    );
    Ok(Json(NodeList { nodes }))
}

/// Walks every step to an airelay and says what came back; registers nothing.
#[utoipa::path(post, path = "/api/v1/nodes/check", tag = "nodes", request_body = NodeCheck,
    responses((status = 200, body = NodeCheckResult), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn check(
    _: Editor,
    State(app): State<App>,
    Body(wanted): Body<NodeCheck>,
) -> ApiResult<Json<NodeCheckResult>> {
    let address = wanted.address.trimmed();
    let walk = app
        .nodes
        .check(&address, wanted.user.trim(), &wanted.password)
        .await;
    Ok(Json(NodeCheckResult::new(walk.map_err(ApiError::fields)?)))
}

/// Registers an airelay: signs in once, has a token made there, and fetches from
/// then on what happens there.
#[utoipa::path(post, path = "/api/v1/nodes", tag = "nodes", request_body = NodeNew,
    responses((status = 201, body = NodeView), (status = 409, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody), (status = 502, body = super::error::ErrorBody)))]
pub(super) async fn register(
    editor: Editor,
    State(app): State<App>,
    Body(new): Body<NodeNew>,
) -> ApiResult<(StatusCode, Json<NodeView>)> {
    let login = (new.user.trim(), new.password.as_str());
    let made = app
        .nodes
        .register(&new.name, new.address, login, &editor.name);
    let record = made.await.map_err(refused)?;
    let what = format!("registered node {}", record.id);
    audit::note(&app, &editor.name, what, None, Some(&record.document)).await;
    let view = NodeView::new(&app, record);
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes a node: its name, its address, or whether it is followed.
#[utoipa::path(put, path = "/api/v1/nodes/{id}", tag = "nodes", request_body = NodeChange,
    params(("id" = String, Path, description = "Node id")),
    responses((status = 200, body = NodeView), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(wanted): Body<NodeChange>,
) -> ApiResult<Json<NodeView>> {
    let before = find(&app, &id).await?;
    let mut record = before.clone();
    let document = &mut record.document;
    if let Some(name) = wanted.name {
        name.trim().clone_into(&mut document.name);
    }
    if let Some(address) = wanted.address {
        document.address = address.trimmed();
    }
    document.is_enabled = wanted.is_enabled.unwrap_or(document.is_enabled);
    save(&app, &editor, &before, &record).await?;
    Ok(Json(NodeView::new(&app, record)))
}

/// Signs in at a node once more and has another token made, for one whose token
/// was revoked.
#[utoipa::path(post, path = "/api/v1/nodes/{id}/login", tag = "nodes", request_body = NodeLogin,
    params(("id" = String, Path, description = "Node id")),
    responses((status = 200, body = NodeView), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 502, body = super::error::ErrorBody)))]
pub(super) async fn log_in(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(login): Body<NodeLogin>,
) -> ApiResult<Json<NodeView>> {
    let before = find(&app, &id).await?;
    let login = (login.user.trim(), login.password.as_str());
    let record = app.nodes.log_in(&before, login, &editor.name).await;
    let record = record.map_err(refused)?;
    let what = format!("logged in again at node {id}");
    audit::note(
        &app,
        &editor.name,
        what,
        Some(&before.document),
        Some(&record.document),
    )
    .await;
    Ok(Json(NodeView::new(&app, record)))
}

/// Removes a node; what came from it stays until retention takes it.
#[utoipa::path(delete, path = "/api/v1/nodes/{id}", tag = "nodes",
    params(("id" = String, Path, description = "Node id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let record = find(&app, &id).await?;
    forget(&app, &editor, &record).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Does the same with several nodes; those that are gone already are passed over.
#[utoipa::path(post, path = "/api/v1/nodes/handle", tag = "nodes", request_body = NodesHandling,
    responses((status = 200, body = NodeList), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn handle(
    editor: Editor,
    _: Administrator,
    State(app): State<App>,
    Body(wanted): Body<NodesHandling>,
) -> ApiResult<Json<NodeList>> {
    if wanted.ids.len() > MAX_NODES {
        return Err(ApiError::bad_request(format!("ids: at most {MAX_NODES}")));
    }
    let is_enabled = match wanted.what.as_str() {
        "enable" => Some(true),
        "disable" => Some(false),
        "remove" => None,
        other => {
            let text = format!("do: {other:?} is none of enable, disable and remove");
            return Err(ApiError::bad_request(text));
        }
    };
    for id in &wanted.ids {
        let Some(before) = app.nodes.get(id).await? else {
            continue;
        };
        match is_enabled {
            None => forget(&app, &editor, &before).await?,
            Some(is_enabled) if is_enabled != before.document.is_enabled => {
                let mut record = before.clone();
                record.document.is_enabled = is_enabled;
                save(&app, &editor, &before, &record).await?;
            }
            Some(_) => {}
        }
    }
    list(
        Viewer {
            name: editor.name.clone(),
        },
        State(app),
    )
    .await
}

async fn find(app: &App, id: &str) -> ApiResult<NodeRecord> {
    if id == view::OWN {
        return Err(ApiError::conflict(
            "this airelay guards itself: that cannot be changed",
        ));
    }
    let record = app.nodes.get(id).await?;
    record.ok_or_else(|| ApiError::not_found(format!("no node {id:?}: it may have been removed")))
}

async fn save(
    app: &App,
    editor: &Editor,
    before: &NodeRecord,
    after: &NodeRecord,
) -> ApiResult<()> {
    app.nodes
        .change(after, &editor.name)
        .await
        .map_err(refused)?;
    let what = format!("changed node {}", after.id);
    let documents = (Some(&before.document), Some(&after.document));
    audit::note(app, &editor.name, what, documents.0, documents.1).await;
    Ok(())
}

async fn forget(app: &App, editor: &Editor, record: &NodeRecord) -> ApiResult<()> {
    app.nodes.remove(record, &editor.name).await?;
    let what = format!("removed node {}", record.id);
    audit::note(app, &editor.name, what, Some(&record.document), None).await;
    Ok(())
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Fields(errors) => ApiError::fields(errors),
        Refusal::Node(text) => ApiError::bad_gateway(text),
        Refusal::Conflict(text) => ApiError::conflict(text),
        Refusal::Broken(error) => error.into(),
    }
}
