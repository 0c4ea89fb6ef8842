//! MQTT brokers over REST: list with connection and queue, add, change,
//! remove, test, send dead letters again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sink::mqtt::{Broker, BrokerAddress, StepReport, Verdict};
use store::SinkState;
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use super::sinks::{self, Replayed, SinkKind};
use crate::deliver::{Book, BrokerRecord, BrokerState};
use crate::secrets::Vault;
use crate::settings::{BrokerDocument, BrokerInput, FieldErrors};
use crate::supervise::hex;

/// Most brokers.
pub(crate) const MAX_BROKERS: usize = 16;

/// All brokers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrokerList {
    /// By id.
    pub brokers: Vec<BrokerView>,
}

/// A broker, its connection and its queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrokerView {
    /// Identity.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Whether it is connected to.
    pub is_enabled: bool,
    /// What all topics begin with.
    pub topic_prefix: String,
    /// User name at the broker.
    pub user: Option<String>,
    /// Whether a password is stored.
    pub has_password: bool,
    /// Whether a certificate of our own is stored.
    pub has_certificate: bool,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// How surely events arrive: 0, 1 or 2.
    pub qos: u8,
    /// Whether events are sent.
    pub sends_events: bool,
    /// Only events of these topics.
    pub event_filter: Option<String>,
    /// Whether scenes are sent.
    pub sends_scenes: bool,
    /// Whether Home Assistant is told what there is.
    pub has_home_assistant: bool,
    /// Where Home Assistant looks.
    pub discovery_prefix: String,
    /// Where the connection stands.
    pub state: BrokerState,
    /// Since when it is connected, UTC.
    pub connected_since: Option<String>,
    /// Version of MQTT that is spoken: `5` or `3.1.1`.
    pub version: Option<&'static str>,
    /// Seconds until the next try.
    pub retry_in_s: Option<f32>,
    /// What went wrong last, in words; `null` once it went well.
    pub last_error: Option<String>,
    /// What a person can do about it.
    pub advice: Option<String>,
    /// When that was, UTC.
    pub last_error_at: Option<String>,
    /// Steps of events that wait.
    pub queue: u64,
    /// Steps of events delivered since it was added.
    pub delivered: u64,
    /// Last success, UTC.
    pub last_delivered_at: Option<String>,
    /// Steps that were refused for good.
    pub dead: u64,
    /// Steps given up because too many waited.
    pub dropped: u64,
    /// Scenes sent since the start.
    pub scenes: u64,
    /// Scenes given up since the start, because the broker was too slow.
    pub scenes_lost: u64,
}

/// How a test went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrokerTest {
    /// Whether no step failed.
    pub is_ok: bool,
    /// Every step that was taken; ends with the one that failed.
    pub steps: Vec<BrokerTestStep>,
    /// SHA-256 of the broker's certificate where that was refused, as hex.
    pub certificate_sha256: Option<String>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrokerTestStep {
    /// find, connect, secure, websocket, sign_in, publish or read_back.
    pub step: &'static str,
    /// passed, unsure or failed.
    pub verdict: &'static str,
    /// What came back.
    pub text: String,
    /// What a person can do.
    pub advice: Option<String>,
}

/// Settings to be tried before they are saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BrokerDraft {
    /// Of this broker secrets that are left out are taken.
    #[serde(default)]
    id: Option<String>,
    /// The settings.
    broker: BrokerInput,
}

/// Brokers, as a kind of sink.
struct Brokers;

impl SinkKind for Brokers {
    type Document = BrokerDocument;
    type Input = BrokerInput;
    type View = BrokerView;
    const NAME: &'static str = "broker";
    const MAX: usize = MAX_BROKERS;

    fn book(app: &App) -> &Book<BrokerDocument> {
        &app.deliveries.brokers.book
    }

    fn document(
        input: BrokerInput,
        stored: Option<&BrokerDocument>,
        vault: &Vault,
    ) -> Result<BrokerDocument, FieldErrors> {
        input.into_document(stored, vault)
    }

    /// One broker, one document; what another one still holds of us is taken
    /// back there.
    async fn prepare(
        app: &App,
        record: &BrokerRecord,
        before: Option<&BrokerRecord>,
    ) -> ApiResult<()> {
        let brokers = &app.deliveries.brokers;
        let made = brokers
            .make(&record.id, &record.document)
            .map_err(ApiError::fields)?;
        let same = brokers.by_address(made.address()).await?;
        if same.is_some_and(|same| same.id != record.id) {
            let message = "another broker has this address: change that one instead";
            return Err(ApiError::fields(FieldErrors::one("address", message)));
        }
        let has_moved = before.is_some_and(|before| {
            let address = BrokerAddress::parse(&before.document.address);
            address.is_ok_and(|address| address != *made.address())
        });
        if has_moved {
            brokers.take_back(&record.id).await;
        }
        Ok(())
    }

    async fn apply(app: &App, record: &BrokerRecord) -> anyhow::Result<()> {
        app.deliveries.brokers.apply(record).await
    }

    async fn end(app: &App, id: &str) -> anyhow::Result<()> {
        app.deliveries.brokers.take_back(id).await;
        app.deliveries.brokers.remove(id).await
    }

    fn view(app: &App, record: BrokerRecord, queue: Option<SinkState>) -> BrokerView {
        let queue = queue.unwrap_or_default();
        let now = app.clock.now();
        let status = app.deliveries.brokers.status(&record.id);
        let state = match &status {
            Some(status) => status.state,
            None if record.document.is_enabled => BrokerState::Waiting,
            None => BrokerState::Off,
        };
        let status = status.unwrap_or_default();
        let document = record.document;
        // An event's own failure stands until one arrives.
        let (last_error, last_error_at) = match status.last_error {
            Some(error) => (Some(error), status.last_error_at),
            None => (queue.last_error, queue.last_error_at),
        };
        BrokerView {
            id: record.id,
            name: document.name,
            address: document.address,
            is_enabled: document.is_enabled,
            topic_prefix: document.topic_prefix,
            user: document.user,
            has_password: document.sealed_password.is_some(),
            has_certificate: document.certificate.is_some(),
            fingerprint: document.fingerprint,
            qos: document.qos,
            sends_events: document.sends_events,
            event_filter: document.event_filter,
            sends_scenes: document.sends_scenes,
            has_home_assistant: document.has_home_assistant,
            discovery_prefix: document.discovery_prefix,
            state,
            connected_since: status.connected_since.map(|at| at.to_string()),
            version: status.version,
            retry_in_s: status
                .retry_at
                .map(|at| at.saturating_since(now).as_secs_f32().round()),
            last_error_at: last_error
                .as_ref()
                .and(last_error_at)
                .map(|at| at.to_string()),
            last_error,
            advice: status.advice,
            queue: queue.n_waiting,
            delivered: queue.n_delivered,
            last_delivered_at: queue.last_delivered_at.map(|at| at.to_string()),
            dead: queue.n_dead,
            dropped: queue.n_dropped,
            scenes: status.n_scenes,
            scenes_lost: status.n_scenes_lost,
        }
    }
}

/// All brokers with their connections and queues.
#[utoipa::path(get, path = "/api/v1/brokers", tag = "brokers",
    responses((status = 200, body = BrokerList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<BrokerList>> {
    let brokers = sinks::all::<Brokers>(&app).await?;
    Ok(Json(BrokerList { brokers }))
}

/// Adds a broker; it is connected to at once, and events from now on are sent.
#[utoipa::path(post, path = "/api/v1/brokers", tag = "brokers", request_body = BrokerInput,
    responses((status = 201, body = BrokerView), (status = 409, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(input): Body<BrokerInput>,
) -> ApiResult<(StatusCode, Json<BrokerView>)> {
    sinks::add::<Brokers>(&app, &editor.name, input).await
}

/// Changes a broker; what waits for it is kept.
#[utoipa::path(put, path = "/api/v1/brokers/{id}", tag = "brokers", request_body = BrokerInput,
    params(("id" = String, Path, description = "Broker id")),
    responses((status = 200, body = BrokerView), (status = 404, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<BrokerInput>,
) -> ApiResult<Json<BrokerView>> {
    sinks::change::<Brokers>(&app, &editor.name, id, input).await
}

/// Removes a broker, what waits for it, and what it holds for airelay.
#[utoipa::path(delete, path = "/api/v1/brokers/{id}", tag = "brokers",
    params(("id" = String, Path, description = "Broker id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    sinks::remove::<Brokers>(&app, &editor.name, &id).await
}

/// Walks every step to a broker as it is saved and says what came back.
#[utoipa::path(post, path = "/api/v1/brokers/{id}/test", tag = "brokers",
    params(("id" = String, Path, description = "Broker id")),
    responses((status = 200, body = BrokerTest), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn test(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<BrokerTest>> {
    let stored = sinks::find::<Brokers>(&app, &id).await?;
    try_it(&app, &id, &stored.document).await
}

/// Walks every step to a broker before it is saved.
#[utoipa::path(post, path = "/api/v1/broker_test", tag = "brokers", request_body = BrokerDraft,
    responses((status = 200, body = BrokerTest), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn test_draft(
    _: Editor,
    State(app): State<App>,
    Body(draft): Body<BrokerDraft>,
) -> ApiResult<Json<BrokerTest>> {
    let document = sinks::of_draft::<Brokers>(&app, draft.id.as_deref(), draft.broker).await?;
    try_it(&app, draft.id.as_deref().unwrap_or("0"), &document).await
}

/// Queues the steps that were refused for good again, in their old order.
#[utoipa::path(post, path = "/api/v1/brokers/{id}/replay", tag = "brokers",
    params(("id" = String, Path, description = "Broker id")),
    responses((status = 200, body = Replayed), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn replay(
    _: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<Replayed>> {
    sinks::replay::<Brokers>(&app, &id).await
}

async fn try_it(app: &App, id: &str, document: &BrokerDocument) -> ApiResult<Json<BrokerTest>> {
    let brokers = &app.deliveries.brokers;
    let broker = brokers.make(id, document).map_err(ApiError::fields)?;
    let steps = brokers.test(document, &broker).await;
    Ok(Json(BrokerTest::new(&broker, steps)))
}

impl BrokerTest {
    fn new(broker: &Broker, steps: Vec<StepReport>) -> Self {
        BrokerTest {
            is_ok: steps.iter().all(|step| step.verdict != Verdict::Failed),
            certificate_sha256: broker.refused_certificate().map(|hash| hex(&hash)),
            steps: steps
                .into_iter()
                .map(|report| BrokerTestStep {
                    step: report.step.name(),
                    verdict: match report.verdict {
                        Verdict::Passed => "passed",
                        Verdict::Unsure => "unsure",
                        Verdict::Failed => "failed",
                    },
                    text: report.text,
                    advice: report.advice,
                })
                .collect(),
        }
    }
}

/// Checks, stores and applies a broker's document, for another door than REST.
///
/// # Errors
/// What cannot be used, in words.
pub(crate) async fn save_broker(
    app: &App,
    by: &str,
    record: &BrokerRecord,
    before: Option<&BrokerRecord>,
) -> Result<(), String> {
    let saved = sinks::save::<Brokers>(app, by, record, before).await;
    saved.map_err(|error| error.message().to_owned())
}

/// Removes a broker, what waits for it, and what it holds for us.
///
/// # Errors
/// The store cannot write.
pub(crate) async fn forget_broker(
    app: &App,
    by: &str,
    stored: &BrokerRecord,
) -> anyhow::Result<()> {
    sinks::forget::<Brokers>(app, by, stored).await
}
