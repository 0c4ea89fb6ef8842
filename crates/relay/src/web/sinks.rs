//! What REST does alike with every kind of sink - webhooks, brokers, VMS
//! servers, mail servers: their documents are listed, added, changed and removed.
//!
//! In: what a person sent. Out: documents kept, in force, and audited; how
//! each is shown with its queue.
//!
//! Not here: what a kind of sink is made of, its paths and its tests (one
//! module per kind).

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use store::SinkState;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use crate::deliver::{Book, Record, SinkDocument, next_id};
use crate::secrets::Vault;
use crate::settings::FieldErrors;
use crate::supervise::hex;

/// How a test went that walks step by step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkTest {
    /// Whether every step went well.
    pub is_ok: bool,
    /// Every step that was taken; ends with the one that failed.
    pub steps: Vec<SinkTestStep>,
    /// SHA-256 of the server's certificate where that was refused, as hex.
    pub certificate_sha256: Option<String>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkTestStep {
    /// What was tried.
    pub what: String,
    /// Whether it went well.
    pub is_ok: bool,
    /// What came back, and what to do.
    pub text: String,
}

impl From<sink::Walk> for SinkTest {
    fn from(walk: sink::Walk) -> Self {
        let steps = walk.steps.iter().map(|step| SinkTestStep {
            what: step.what.clone(),
            is_ok: step.result.is_ok(),
            text: step.result.clone().unwrap_or_else(|text| text),
        });
        SinkTest {
            is_ok: walk.is_ok(),
            steps: steps.collect(),
            certificate_sha256: walk.refused_certificate.map(|hash| hex(&hash)),
        }
    }
}

/// A kind of sink as REST sees it.
pub(super) trait SinkKind {
    /// What is stored of one.
    type Document: SinkDocument + Sync;
    /// What a person sends.
    type Input;
    /// How one is shown.
    type View;
    /// As people call one.
    const NAME: &'static str;
    /// Most of them.
    const MAX: usize;

    /// Where the documents are.
    fn book(app: &App) -> &Book<Self::Document>;

    /// What is to be stored of `input`; secrets that it leaves out are those of
    /// `stored`.
    fn document(
        input: Self::Input,
        stored: Option<&Self::Document>,
        vault: &Vault,
    ) -> Result<Self::Document, FieldErrors>;

    /// Checks a document, and ends what is no longer true of the one before.
    async fn prepare(
        app: &App,
        record: &Record<Self::Document>,
        before: Option<&Record<Self::Document>>,
    ) -> ApiResult<()>;

    /// Puts a stored document in force.
    async fn apply(app: &App, record: &Record<Self::Document>) -> anyhow::Result<()>;

    /// Ends what runs for a document that is no longer stored, and forgets
    /// what waits for it.
    async fn end(app: &App, id: &str) -> anyhow::Result<()>;

    /// How one is shown; `None` for a queue that the store does not know yet.
    fn view(app: &App, record: Record<Self::Document>, queue: Option<SinkState>) -> Self::View;
}

/// How many were queued again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    /// Steps.
    pub replayed: usize,
}

/// All of a kind.
pub(super) async fn all<K: SinkKind>(app: &App) -> ApiResult<Vec<K::View>> {
    let mut views = Vec::new();
    for record in K::book(app).list().await? {
        views.push(shown::<K>(app, record).await?);
    }
    Ok(views)
}

/// One of a kind.
pub(super) async fn find<K: SinkKind>(app: &App, id: &str) -> ApiResult<Record<K::Document>> {
    let record = K::book(app).get(id).await?;
    record.ok_or_else(|| ApiError::not_found(format!("no {} {id:?}", K::NAME)))
}

/// Adds one; events from now on are sent to it.
pub(super) async fn add<K: SinkKind>(
    app: &App,
    by: &str,
    input: K::Input,
) -> ApiResult<(StatusCode, Json<K::View>)> {
    let records = K::book(app).list().await?;
    if records.len() >= K::MAX {
        let text = format!("at most {} {}s", K::MAX, K::NAME);
        return Err(ApiError::conflict(text));
    }
    let record = Record {
        id: next_id(&records),
        document: K::document(input, None, &app.vault).map_err(ApiError::fields)?,
    };
    save::<K>(app, by, &record, None).await?;
    Ok((StatusCode::CREATED, Json(shown::<K>(app, record).await?)))
}

/// Changes one; what waits for it is kept.
pub(super) async fn change<K: SinkKind>(
    app: &App,
    by: &str,
    id: String,
    input: K::Input,
) -> ApiResult<Json<K::View>> {
    let stored = find::<K>(app, &id).await?;
    let document = K::document(input, Some(&stored.document), &app.vault);
    let record = Record {
        id,
        document: document.map_err(ApiError::fields)?,
    };
    save::<K>(app, by, &record, Some(&stored)).await?;
    Ok(Json(shown::<K>(app, record).await?))
}

/// Removes one and what waits for it.
pub(super) async fn remove<K: SinkKind>(app: &App, by: &str, id: &str) -> ApiResult<StatusCode> {
    let stored = find::<K>(app, id).await?;
    forget::<K>(app, by, &stored).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a draft says, to be tried; with an `id`, secrets that it leaves out
/// are those of that one.
pub(super) async fn of_draft<K: SinkKind>(
    app: &App,
    id: Option<&str>,
    input: K::Input,
) -> ApiResult<K::Document> {
    let stored = match id {
        Some(id) => Some(find::<K>(app, id).await?),
        None => None,
    };
    let stored = stored.as_ref().map(|stored| &stored.document);
    K::document(input, stored, &app.vault).map_err(ApiError::fields)
}

/// Queues the steps that were refused for good again, in their old order.
pub(super) async fn replay<K: SinkKind>(app: &App, id: &str) -> ApiResult<Json<Replayed>> {
    let record = find::<K>(app, id).await?;
    let replayed = app.deliveries.replay(&record.sink_name()).await?;
    Ok(Json(Replayed { replayed }))
}

/// Checks, stores and applies a document.
pub(super) async fn save<K: SinkKind>(
    app: &App,
    by: &str,
    record: &Record<K::Document>,
    before: Option<&Record<K::Document>>,
) -> ApiResult<()> {
    K::prepare(app, record, before).await?;
    K::book(app).put(record, by).await?;
    K::apply(app, record).await?;
    let did = if before.is_some() { "changed" } else { "added" };
    let what = format!("{did} {} {}", K::NAME, record.id);
    let before = before.map(|before| &before.document);
    audit::note(app, by, what, before, Some(&record.document)).await;
    Ok(())
}

/// Removes a document, what runs for it, and what waits for it.
pub(super) async fn forget<K: SinkKind>(
    app: &App,
    by: &str,
    stored: &Record<K::Document>,
) -> anyhow::Result<()> {
    K::book(app).delete(&stored.id, by).await?;
    K::end(app, &stored.id).await?;
    let what = format!("removed {} {}", K::NAME, stored.id);
    audit::note(app, by, what, Some(&stored.document), None).await;
    Ok(())
}

async fn shown<K: SinkKind>(app: &App, record: Record<K::Document>) -> ApiResult<K::View> {
    let sink = record.sink_name();
    let queue = app
        .storage
        .read(move |reader| reader.sink_state(&sink))
        .await?;
    Ok(K::view(app, record, queue))
}
