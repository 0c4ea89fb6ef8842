//! Evidence of alarms: taken out as a signed zip file, and checked.
//!
//! In: alarms; or a zip file of any origin. Out: the file; or what is right
//! and wrong with it. That evidence was taken out stands in the history of
//! each alarm, and so in the evidence itself.
//!
//! Not here: packing and signing (`crate::evidence`).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use extension::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{HistoryRow, ListedAlarm, Reader};
use types::{EventId, Handling, HandlingKind, Scene, Timestamp, TrackId};
use utoipa::{IntoParams, ToSchema};

use super::clip_file::evidence_clips;
use super::list::AlarmDetail;
use super::view::{AlarmView, HandledView, HistoryView};
use crate::cameras::camera_key;
use crate::evidence::{About, EvidenceFile, SignedBy, Verdict, pack, verify};
use crate::settings::FieldErrors;
use crate::web::App;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::events::{EventView, parse_id};
use crate::web::input::{Asked, Body};
use crate::web::live::xyxy;
use crate::web::session::{Handler, Viewer};

/// Most alarms of one file.
const MAX_ALARMS: usize = 100;
/// Scenes before and after an alarm in which its object is shown.
const AROUND: std::time::Duration = std::time::Duration::from_secs(30);
/// Longest stretch of them.
const MAX_TRACK: std::time::Duration = std::time::Duration::from_secs(900);
/// Most revisions of a camera's settings that are looked through.
const MAX_REVISIONS: u32 = 1_000;

/// Which alarms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct EvidenceInput {
    /// Their ids, 1 to 100: of an incident, all of its.
    pub alarms: Vec<String>,
}

/// The key with which this airelay signs evidence.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct EvidenceKeyView {
    /// As others need it to check evidence.
    pub public_key: String,
    /// Its first bytes, for people who compare two keys.
    pub fingerprint: String,
}

/// Keys that somebody has compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct VerifyQuery {
    /// Public key of the airelay that the evidence comes from.
    key: Option<String>,
}

/// What is right and wrong with evidence.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct VerdictView {
    /// Whether every file is as it was given out, by a known key.
    pub is_genuine: bool,
    /// us, named, unknown, broken or nobody.
    pub signed_by: &'static str,
    /// The same in words.
    pub signature: String,
    /// Fingerprint of the key, where the signature holds.
    pub fingerprint: Option<String>,
    /// When it was taken out; to be believed only if it is genuine.
    pub made_at: Option<String>,
    /// By whom.
    pub made_by: Option<String>,
    /// Which alarms it is about.
    pub alarms: Vec<String>,
    /// Files that are as they were given out.
    pub n_intact: usize,
    /// What is wrong, in words.
    pub problems: Vec<String>,
}

/// What the store knows of one alarm.
struct Known {
    alarm: ListedAlarm,
    steps: Vec<store::EventRow>,
    history: Vec<HistoryRow>,
    jpeg: Option<Vec<u8>>,
    track: Option<Value>,
    settings: Option<Value>,
}

/// Evidence of alarms as a signed zip file. For operators and administrators.
#[utoipa::path(post, path = "/api/v1/alarms/evidence", tag = "alarms",
    request_body = EvidenceInput,
    responses((status = 200, description = "Zip file", content_type = "application/zip"),
        (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn take_out(
    handler: Handler,
    State(app): State<App>,
    Body(input): Body<EvidenceInput>,
) -> ApiResult<Response> {
    let n_alarms = input.alarms.len();
    if !(1..=MAX_ALARMS).contains(&n_alarms) {
        return Err(ApiError::bad_request(format!(
            "{n_alarms} alarms: take out 1 to {MAX_ALARMS} at once"
        )));
    }
    let mut ids: Vec<EventId> = Vec::new();
    for id in &input.alarms {
        ids.push(parse_id(id)?);
    }
    ids.sort_unstable();
    ids.dedup();
    let now = app.clock.now();
    note(&app, &handler.name, &ids, now).await?;
    let known = app
        .storage
        .read(move |reader| ids.into_iter().map(|id| find(reader, id)).collect())
        .await?;
    let known: Vec<Known> = known_all(known)?;
    let about = About {
        made_at: now.to_string(),
        made_by: handler.name,
        airelay_version: env!("CARGO_PKG_VERSION").to_owned(),
        alarms: known
            .iter()
            .map(|one| one.alarm.event.event_id.to_string())
            .collect(),
    };
    let name = format!("evidence-{}.zip", about.alarms[0]);
    let mut files = Vec::new();
    for one in known {
        files.extend(files_of(&app, one)?);
    }
    files.extend(evidence_clips(&app, &about.alarms).await);
    let key = app.evidence_key.clone();
    let packed = tokio::task::spawn_blocking(move || pack(files, about, key.secret()?)).await;
    let zip = packed.map_err(|error| anyhow::anyhow!("pack evidence: {error}"))??;
    Ok((
        [
            (header::CONTENT_TYPE, "application/zip".to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
        ],
        zip,
    )
        .into_response())
}

/// Writes into the history of each that its evidence was taken out.
async fn note(app: &App, who: &str, ids: &[EventId], now: Timestamp) -> ApiResult<()> {
    let (ids, by) = (ids.to_vec(), who.to_owned());
    let handling = Handling {
        kind: HandlingKind::Export,
        assignee: None,
        reason: None,
        text: String::new(),
    };
    let rows = app
        .storage
        .write(move |store| {
            store.handle_alarms(&ids, &handling, &by, now, |_, standing| {
                guard::alarms::stands(standing, standing.revision, &handling).ok()
            })
        })
        .await?;
    let alarms: Vec<HandledView> = rows
        .into_iter()
        .map(|row| HandledView::new(app, row))
        .collect();
    super::handle::tell(app, who, &alarms);
    Ok(())
}

fn known_all(found: Vec<Option<Known>>) -> ApiResult<Vec<Known>> {
    let all: Option<Vec<Known>> = found.into_iter().collect();
    all.ok_or_else(|| {
        ApiError::not_found("one of these alarms is not there: retention may have removed it")
    })
}

fn find(reader: &Reader, id: EventId) -> Result<Option<Known>, store::Error> {
    let Some(alarm) = reader.alarm(id)? else {
        return Ok(None);
    };
    let event = &alarm.event;
    let jpeg = match &event.shot {
        Some(shot) => reader.shot_jpeg(shot.shot_id)?,
        None => None,
    };
    let from = event.started_at.saturating_sub(AROUND);
    let until = event.ended_at.unwrap_or(event.at).saturating_add(AROUND);
    let until = until.min(from.saturating_add(MAX_TRACK));
    let track = match event.track_id {
        Some(track_id) => track_of(track_id, &reader.scenes(&event.camera_id, from, until)?),
        None => None,
    };
    let revisions = reader.settings_history(&camera_key(&event.camera_id), MAX_REVISIONS)?;
    let in_force = revisions
        .iter()
        .find(|revision| revision.at <= event.started_at);
    let settings = in_force.and_then(|revision| {
        let mut document: Value = serde_json::from_str(revision.document.as_deref()?).ok()?;
        // Addresses and sealed passwords are no evidence.
        document.as_object_mut()?.remove("link");
        Some(json!({
            "revision": revision.revision,
            "saved_at": revision.at.to_string(),
            "saved_by": revision.by,
            "camera": document,
        }))
    });
    Ok(Some(Known {
        steps: reader.event_steps(id)?,
        history: reader.alarm_history(id)?,
        jpeg,
        track,
        settings,
        alarm,
    }))
}

/// Where the object was, scene by scene; `None` where no scene of it is kept.
fn track_of(track_id: TrackId, scenes: &[Scene]) -> Option<Value> {
    let places: Vec<Value> = scenes
        .iter()
        .filter_map(|scene| {
            let track = scene
                .tracks
                .iter()
                .find(|track| track.track_id == track_id)?;
            Some(json!({
                "at": scene.captured_at.to_string(),
                "bbox": xyxy(track.bbox),
                "class": track.class.name(),
                "score": track.score,
            }))
        })
        .collect();
    (!places.is_empty()).then(|| json!({"track_id": track_id.0, "places": places}))
}

fn files_of(app: &App, known: Known) -> ApiResult<Vec<EvidenceFile>> {
    let id = known.alarm.event.event_id;
    let steps = known.steps.into_iter().map(|row| EventView::new(app, row));
    let detail = AlarmDetail {
        alarm: AlarmView::new(app, known.alarm),
        steps: steps.collect(),
        history: known.history.into_iter().map(HistoryView::new).collect(),
    };
    let detail = serde_json::to_value(&detail).map_err(anyhow::Error::from)?;
    let mut files = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| {
        let name = format!("{id}/{name}");
        files.push(EvidenceFile { name, bytes });
    };
    let texts = [
        ("alarm.json", Some(detail)),
        ("track.json", known.track),
        ("settings.json", known.settings),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            let bytes = serde_json::to_vec_pretty(&value).map_err(anyhow::Error::from)?;
            add(name, bytes);
        }
    }
    if let Some(jpeg) = known.jpeg {
        add("picture.jpg", jpeg);
    }
    Ok(files)
}

/// The key with which this airelay signs evidence; made if there is none yet.
#[utoipa::path(get, path = "/api/v1/evidence/key", tag = "alarms",
    responses((status = 200, body = EvidenceKeyView)))]
pub(in crate::web) async fn evidence_key(
    _: Viewer,
    State(app): State<App>,
) -> ApiResult<Json<EvidenceKeyView>> {
    let key = app.evidence_key.clone();
    let made = tokio::task::spawn_blocking(move || Ok(key.secret()?.public_key())).await;
    let made: anyhow::Result<PublicKey> =
        made.map_err(|error| anyhow::anyhow!("read the key of evidence: {error}"))?;
    let key = made?;
    Ok(Json(EvidenceKeyView {
        public_key: key.to_string(),
        fingerprint: key.fingerprint(),
    }))
}

/// What is right and wrong with evidence; the body is the zip file.
#[utoipa::path(post, path = "/api/v1/evidence/verify", tag = "alarms", params(VerifyQuery),
    request_body(content_type = "application/zip", description = "The file, at most 64 MiB"),
    responses((status = 200, body = VerdictView), (status = 422, body = ErrorBody)))]
pub(in crate::web) async fn verify_evidence(
    _: Viewer,
    State(app): State<App>,
    Asked(query): Asked<VerifyQuery>,
    zip: Bytes,
) -> ApiResult<Json<VerdictView>> {
    let mut named = Vec::new();
    if let Some(text) = query.key.filter(|text| !text.trim().is_empty()) {
        let key = PublicKey::parse(&text)
            .map_err(|error| ApiError::fields(FieldErrors::one("key", error.to_string())))?;
        named.push(key);
    }
    let key = app.evidence_key.clone();
    let look = move || Ok(verify(&zip, key.public()?, &named));
    let verdict: anyhow::Result<Verdict> = tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| anyhow::anyhow!("look at evidence: {error}"))?;
    Ok(Json(VerdictView::new(&verdict?)))
}

impl VerdictView {
    fn new(verdict: &Verdict) -> Self {
        let (signed_by, key) = match &verdict.signed_by {
            SignedBy::Us(key) => ("us", Some(key)),
            SignedBy::Named(key) => ("named", Some(key)),
            SignedBy::Unknown(key) => ("unknown", Some(key)),
            SignedBy::Broken => ("broken", None),
            SignedBy::Nobody => ("nobody", None),
        };
        let about = verdict.about.as_ref();
        VerdictView {
            is_genuine: verdict.is_genuine(),
            signed_by,
            signature: verdict.signed_by.to_string(),
            fingerprint: key.map(PublicKey::fingerprint),
            made_at: about.map(|about| about.made_at.clone()),
            made_by: about.map(|about| about.made_by.clone()),
            alarms: about.map(|about| about.alarms.clone()).unwrap_or_default(),
            n_intact: verdict.n_intact,
            problems: verdict.problems.iter().map(ToString::to_string).collect(),
        }
    }
}
