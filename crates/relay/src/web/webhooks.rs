//! Webhooks over REST: list with queue state, add, change, remove, test.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use crate::deliver::{WebhookRecord, next_id};
use crate::settings::WebhookInput;
use crate::supervise::hex;

const MAX_WEBHOOKS: usize = 32;

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
    /// Where events are sent.
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
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
    /// Last success, UTC.
    pub last_delivered_at: Option<String>,
    /// Last failure since then, in words.
    pub last_error: Option<String>,
    /// Steps that were refused for good.
    pub dead: u64,
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

/// All webhooks with their queues.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<WebhookList>> {
    let mut webhooks = Vec::new();
    for record in app.deliveries.webhooks.book.list().await? {
        webhooks.push(view(&app, record).await?);
    }
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
    let records = app.deliveries.webhooks.book.list().await?;
    if records.len() >= MAX_WEBHOOKS {
        return Err(ApiError::conflict(format!(
            "at most {MAX_WEBHOOKS} webhooks"
        )));
    }
    let record = WebhookRecord {
        id: next_id(&records),
        document: input
            .into_document(None, &app.vault)
            .map_err(ApiError::fields)?,
    };
    save(&app, &editor, &record, None).await?;
    Ok((StatusCode::CREATED, Json(view(&app, record).await?)))
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
    let stored = find(&app, &id).await?;
    let record = WebhookRecord {
        id,
        document: input
            .into_document(Some(&stored.document), &app.vault)
            .map_err(ApiError::fields)?,
    };
    save(&app, &editor, &record, Some(&stored)).await?;
    Ok(Json(view(&app, record).await?))
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
    let stored = find(&app, &id).await?;
    app.deliveries
        .webhooks
        .book
        .delete(&id, &editor.name)
        .await?;
    app.deliveries.webhooks.remove(&id).await?;
    let what = format!("removed webhook {id}");
    audit::note(&app, &editor.name, what, Some(&stored.document), None).await;
    Ok(StatusCode::NO_CONTENT)
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
    let record = find(&app, &id).await?;
    let webhook = app
        .deliveries
        .webhooks
        .make(&record.document)
        .map_err(ApiError::fields)?;
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

async fn find(app: &App, id: &str) -> ApiResult<WebhookRecord> {
    let record = app.deliveries.webhooks.book.get(id).await?;
    record.ok_or_else(|| ApiError::not_found(format!("no webhook {id:?}")))
}

async fn save(
    app: &App,
    editor: &Editor,
    record: &WebhookRecord,
    before: Option<&WebhookRecord>,
) -> ApiResult<()> {
    app.deliveries
        .webhooks
        .make(&record.document)
        .map_err(ApiError::fields)?;
    app.deliveries
        .webhooks
        .book
        .put(record, &editor.name)
        .await?;
    app.deliveries.webhooks.apply(record).await?;
    let did = if before.is_some() { "changed" } else { "added" };
    let what = format!("{did} webhook {}", record.id);
    let before = before.map(|before| &before.document);
    audit::note(app, &editor.name, what, before, Some(&record.document)).await;
    Ok(())
}

async fn view(app: &App, record: WebhookRecord) -> ApiResult<WebhookView> {
    let sink = record.sink_name();
    let state = app
        .storage
        .read(move |reader| reader.sink_state(&sink))
        .await?;
    let document = record.document;
    Ok(WebhookView {
        id: record.id,
        name: document.name,
        url: document.url,
        is_enabled: document.is_enabled,
        has_secret: document.sealed_secret.is_some(),
        headers: document
            .headers
            .into_iter()
            .map(|header| HeaderView { name: header.name })
            .collect(),
        fingerprint: document.fingerprint,
        has_picture_inside: document.has_picture_inside,
        timeout_s: document.timeout_s,
        queue: state.as_ref().map_or(0, |state| state.n_waiting),
        last_delivered_at: state
            .as_ref()
            .and_then(|state| state.last_delivered_at)
            .map(|at| at.to_string()),
        last_error: state.as_ref().and_then(|state| state.last_error.clone()),
        dead: state.as_ref().map_or(0, |state| state.n_dead),
    })
}
