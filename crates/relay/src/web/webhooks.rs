//! Webhooks over REST: list with queue state, add, change, remove, test, send
//! dead letters again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use sink::webhook::{PLACES, Webhook};
use store::SinkState;
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use super::sinks::{self, Replayed, SinkKind};
use crate::deliver::{Book, WebhookRecord};
use crate::secrets::Vault;
use crate::settings::{FieldErrors, TemplateDocument, WebhookDocument, WebhookInput};
use crate::supervise::hex;

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookList {
    /// By id.
    pub webhooks: Vec<WebhookView>,
}

/// A webhook and its queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// Identity.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Where events are sent, without user and password.
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// User at the receiver.
    pub user: Option<String>,
    /// Whether a password is stored.
    pub has_password: bool,
    /// Whether user and password are given by Digest.
    pub is_digest: bool,
    /// The request's form; `null` for airelay's own document.
    pub template: Option<TemplateDocument>,
    /// Whether deliveries are signed.
    pub has_secret: bool,
    /// Names of the headers of its own.
    pub headers: Vec<HeaderView>,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// Whether the picture itself goes into the message.
    pub has_picture_inside: bool,
    /// Longest time for one delivery, seconds.
    pub timeout_s: u16,
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

/// A header of the receiver's own; its value may be a key and is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeaderView {
    /// Its name.
    pub name: String,
}

/// How a test went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookTest {
    /// Whether the receiver took it.
    pub is_ok: bool,
    /// What it answered.
    pub message: String,
    /// SHA-256 of the receiver's certificate where that was refused, as hex.
    pub certificate_sha256: Option<String>,
}

/// Webhooks, as a kind of sink.
struct Webhooks;

impl SinkKind for Webhooks {
    type Document = WebhookDocument;
    type Input = WebhookInput;
    type View = WebhookView;
    const NAME: &'static str = "webhook";
    const MAX: usize = 32;

    fn book(app: &App) -> &Book<WebhookDocument> {
        &app.deliveries.webhooks.book
    }

    fn document(
        input: WebhookInput,
        stored: Option<&WebhookDocument>,
        vault: &Vault,
    ) -> Result<WebhookDocument, FieldErrors> {
        input.into_document(stored, vault)
    }

    async fn prepare(
        app: &App,
        record: &WebhookRecord,
        _before: Option<&WebhookRecord>,
    ) -> ApiResult<()> {
        make(app, &record.document).map(drop)
    }

    async fn apply(app: &App, record: &WebhookRecord) -> anyhow::Result<()> {
        app.deliveries.webhooks.apply(record).await
    }

    async fn end(app: &App, id: &str) -> anyhow::Result<()> {
        app.deliveries.webhooks.remove(id).await
    }

    fn view(app: &App, record: WebhookRecord, queue: Option<SinkState>) -> WebhookView {
        let queue = queue.unwrap_or_default();
        let mut document = record.document;
        match document.clone().split_login(&app.vault) {
            Ok(split) => document = split,
            // Rather no address than one with a password in it.
            Err(_) => document.url = String::new(),
        }
        let headers = document.headers.into_iter();
        WebhookView {
            id: record.id,
            name: document.name,
            url: document.url,
            is_enabled: document.is_enabled,
            user: document.user,
            has_password: document.sealed_password.is_some(),
            is_digest: document.is_digest,
            template: document.template,
            has_secret: document.sealed_secret.is_some(),
            headers: headers
                .map(|header| HeaderView { name: header.name })
                .collect(),
            fingerprint: document.fingerprint,
            has_picture_inside: document.has_picture_inside,
            timeout_s: document.timeout_s,
            queue: queue.n_waiting,
            delivered: queue.n_delivered,
            last_delivered_at: queue.last_delivered_at.map(|at| at.to_string()),
            last_error: queue.last_error,
            dead: queue.n_dead,
            dropped: queue.n_dropped,
        }
    }
}

/// A place that forms of one's own may have.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlaceView {
    /// Its name; stands in braces.
    pub name: &'static str,
    /// What it holds.
    pub text: &'static str,
}

/// All places that addresses and bodies of a person's own form may have.
#[utoipa::path(get, path = "/api/v1/webhook_places", tag = "webhooks",
    responses((status = 200, body = Vec<PlaceView>)))]
pub(super) async fn places(_: Viewer) -> Json<Vec<PlaceView>> {
    let places = PLACES.iter().map(|&(name, text)| PlaceView { name, text });
    Json(places.collect())
}

/// All webhooks with their queues.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<WebhookList>> {
    let webhooks = sinks::all::<Webhooks>(&app).await?;
    Ok(Json(WebhookList { webhooks }))
}

/// Adds a webhook; events from now on are sent to it.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookInput,
    responses((status = 201, body = WebhookView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(input): Body<WebhookInput>,
) -> ApiResult<(StatusCode, Json<WebhookView>)> {
    sinks::add::<Webhooks>(&app, &editor.name, input).await
}

/// Changes a webhook; what waits for it is kept.
#[utoipa::path(put, path = "/api/v1/webhooks/{id}", tag = "webhooks", request_body = WebhookInput,
    params(("id" = String, Path, description = "Webhook id")),
    responses((status = 200, body = WebhookView), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<WebhookInput>,
) -> ApiResult<Json<WebhookView>> {
    sinks::change::<Webhooks>(&app, &editor.name, id, input).await
}

/// Removes a webhook and what waits for it.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "Webhook id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    sinks::remove::<Webhooks>(&app, &editor.name, &id).await
}

/// Sends one made-up event, marked as a test, and says what came back.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "Webhook id")),
    responses((status = 200, body = WebhookTest), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn test(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<WebhookTest>> {
    let record = sinks::find::<Webhooks>(&app, &id).await?;
    let webhook = make(&app, &record.document)?;
    Ok(Json(match app.deliveries.webhooks.test(&webhook).await {
        Ok(()) => WebhookTest {
            is_ok: true,
            message: "the receiver took the test event".to_owned(),
            certificate_sha256: None,
        },
        Err(error) => WebhookTest {
            is_ok: false,
            message: error.to_string(),
            certificate_sha256: webhook.refused_certificate().map(|hash| hex(&hash)),
        },
    }))
}

/// Queues the steps that were refused for good again, in their old order.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", tag = "webhooks",
    params(("id" = String, Path, description = "Webhook id")),
    responses((status = 200, body = Replayed), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn replay(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<Replayed>> {
    sinks::replay::<Webhooks>(&app, &id).await
}

fn make(app: &App, document: &WebhookDocument) -> ApiResult<Webhook> {
    let made = app.deliveries.webhooks.make(document);
    made.map_err(ApiError::fields)
}
