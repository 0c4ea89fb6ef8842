//! Alarms by e-mail over REST: list with queue, add, change, remove, test,
//! send dead letters again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::SinkState;
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use super::sinks::{self, Replayed, SinkKind, SinkTest};
use crate::deliver::{Book, MailRecord, Mails};
use crate::secrets::Vault;
use crate::settings::{FieldErrors, MailDocument, MailInput};

/// All ways to send mails.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MailList {
    /// By id.
    pub servers: Vec<MailView>,
}

/// A way to send mails, and its queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MailView {
    /// Identity.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whether alarms are mailed.
    pub is_enabled: bool,
    /// Address or name of the SMTP server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted: `tls`, `starttls` or `none`.
    pub encryption: String,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// User there; empty signs in as nobody.
    pub user: String,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Longest time for each step of sending, seconds.
    pub timeout_s: u16,
    /// Kinds of events that are mailed.
    pub kinds: Vec<String>,
    /// Whether ends of events are mailed as well.
    pub has_ends: bool,
    /// Least severity that is mailed.
    pub least_severity: String,
    /// Most mails an hour.
    pub max_per_hour: u32,
    /// Alarms that are held back since more came in an hour; the next mail
    /// tells of them.
    pub held_back: u64,
    /// When the first of those was decided, UTC.
    pub held_since: Option<String>,
    /// Steps that wait.
    pub queue: u64,
    /// Steps delivered, left out by these settings or held back since it was
    /// added.
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
pub(super) struct MailDraft {
    /// Of this one the password is taken when it is left out.
    #[serde(default)]
    id: Option<String>,
    /// The settings.
    mail: MailInput,
}

impl SinkKind for Mails {
    type Document = MailDocument;
    type Input = MailInput;
    type View = MailView;
    const NAME: &'static str = "mail server";
    const MAX: usize = 16;

    fn book(app: &App) -> &Book<MailDocument> {
        &app.deliveries.mails.book
    }

    fn document(
        input: MailInput,
        stored: Option<&MailDocument>,
        vault: &Vault,
    ) -> Result<MailDocument, FieldErrors> {
        input.into_document(stored, vault)
    }

    async fn prepare(
        app: &App,
        record: &MailRecord,
        _before: Option<&MailRecord>,
    ) -> ApiResult<()> {
        let made = app.deliveries.mails.make(&record.document);
        made.map(drop).map_err(ApiError::fields)
    }

    async fn apply(app: &App, record: &MailRecord) -> anyhow::Result<()> {
        app.deliveries.mails.apply(record).await
    }

    async fn end(app: &App, id: &str) -> anyhow::Result<()> {
        app.deliveries.mails.remove(id).await
    }

    fn view(app: &App, record: MailRecord, queue: Option<SinkState>) -> MailView {
        let queue = queue.unwrap_or_default();
        let held = app.deliveries.mails.held(&record.id);
        let document = record.document;
        MailView {
            id: record.id,
            name: document.name,
            is_enabled: document.is_enabled,
            host: document.host,
            port: document.port,
            encryption: document.encryption,
            fingerprint: document.fingerprint,
            user: document.user,
            from: document.from,
            to: document.to,
            timeout_s: document.timeout_s,
            kinds: document.kinds,
            has_ends: document.has_ends,
            least_severity: document.least_severity,
            max_per_hour: document.max_per_hour,
            held_back: held.map_or(0, |held| held.n_alarms),
            held_since: held.map(|held| held.since.to_string()),
            queue: queue.n_waiting,
            delivered: queue.n_delivered,
            last_delivered_at: queue.last_delivered_at.map(|at| at.to_string()),
            last_error: queue.last_error,
            dead: queue.n_dead,
            dropped: queue.n_dropped,
        }
    }
}

/// All ways to send mails with their queues.
#[utoipa::path(get, path = "/api/v1/mail", tag = "mail", responses((status = 200, body = MailList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<MailList>> {
    let servers = sinks::all::<Mails>(&app).await?;
    Ok(Json(MailList { servers }))
}

/// Adds a mail server; alarms from now on are mailed through it.
#[utoipa::path(post, path = "/api/v1/mail", tag = "mail", request_body = MailInput,
    responses((status = 201, body = MailView), (status = 409, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(input): Body<MailInput>,
) -> ApiResult<(StatusCode, Json<MailView>)> {
    sinks::add::<Mails>(&app, &editor.name, input).await
}

/// Changes a mail server; what waits for it is kept.
#[utoipa::path(put, path = "/api/v1/mail/{id}", tag = "mail", request_body = MailInput,
    params(("id" = String, Path, description = "Mail server id")),
    responses((status = 200, body = MailView), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<MailInput>,
) -> ApiResult<Json<MailView>> {
    sinks::change::<Mails>(&app, &editor.name, id, input).await
}

/// Removes a mail server and what waits for it.
#[utoipa::path(delete, path = "/api/v1/mail/{id}", tag = "mail",
    params(("id" = String, Path, description = "Mail server id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    sinks::remove::<Mails>(&app, &editor.name, &id).await
}

/// Walks every step to a mail server before it is saved and says what came
/// back; the last step sends a mail marked as a test.
#[utoipa::path(post, path = "/api/v1/mail_test", tag = "mail", request_body = MailDraft,
    responses((status = 200, body = SinkTest), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn test_draft(
    _: Editor,
    State(app): State<App>,
    Body(draft): Body<MailDraft>,
) -> ApiResult<Json<SinkTest>> {
    let document = sinks::of_draft::<Mails>(&app, draft.id.as_deref(), draft.mail).await?;
    let mails = &app.deliveries.mails;
    let mail = mails.make(&document).map_err(ApiError::fields)?;
    let walk = mails.test(&mail).await;
    Ok(Json(walk.into()))
}

/// Queues the mails that were refused for good again, in their old order.
#[utoipa::path(post, path = "/api/v1/mail/{id}/replay", tag = "mail",
    params(("id" = String, Path, description = "Mail server id")),
    responses((status = 200, body = Replayed), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn replay(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<Replayed>> {
    sinks::replay::<Mails>(&app, &id).await
}
