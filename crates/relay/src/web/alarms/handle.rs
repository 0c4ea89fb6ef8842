//! Alarms handled by people, one or many at once.
//!
//! In: alarms with the revisions that somebody has seen, and what he does. Out:
//! what was done; where somebody else was quicker, what that was; where it
//! makes no sense, why not. All of one request is stored together.
//!
//! Not here: what may follow on what (`guard`).

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use guard::alarms::{self, Refusal};
use serde::{Deserialize, Serialize};
use store::{MAX_HANDLED, UserRow};
use types::{CloseReason, EventId, Handling, HandlingKind, Standing};
use utoipa::ToSchema;

use super::view::{HandledView, HistoryView};
use crate::settings::FieldErrors;
use crate::web::App;
use crate::web::accounts::Role;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::events::parse_id;
use crate::web::input::Body;
use crate::web::session::{Handler, Viewer};

/// Alarms told one by one; beyond, browsers load their lists again.
const MAX_TOLD: usize = 100;

/// What is done, with which alarms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct HandleInput {
    /// Which alarms, 1 to 500: of an incident, all of its.
    pub alarms: Vec<SeenAlarm>,
    /// acknowledge, assign, release, close, reopen or note.
    pub kind: String,
    /// Account that is to look after them, for assign.
    #[serde(default)]
    pub assignee: Option<String>,
    /// real, false_alarm, test, authorised or other, for close.
    #[serde(default)]
    pub reason: Option<String>,
    /// The note, or what is to be said with it, at most 2,000 characters;
    /// needed for a note and for the reason other.
    #[serde(default)]
    pub text: String,
}

/// An alarm as somebody has seen it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct SeenAlarm {
    /// Which alarm.
    pub id: String,
    /// Its `revision` when it was seen. Notes do not ask for it.
    pub revision: u32,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct HandleResult {
    /// Alarms that it was done with.
    pub handled: Vec<HandledView>,
    /// Alarms that somebody else has changed meanwhile: nothing was done with
    /// these.
    pub conflicts: Vec<ConflictView>,
    /// Alarms with which it makes no sense: nothing was done with these.
    pub refused: Vec<RefusedView>,
}

/// An alarm that somebody else has changed meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ConflictView {
    /// Which alarm, and how it is handled now.
    #[serde(flatten)]
    pub now: HandledView,
    /// Who did what since.
    pub message: String,
    /// What was done since.
    pub since: Vec<HistoryView>,
}

/// An alarm with which it makes no sense.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct RefusedView {
    /// Which alarm.
    pub id: String,
    /// Why.
    pub message: String,
}

/// Who may be given alarms.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct People {
    /// Names of accounts that may handle alarms.
    pub names: Vec<String>,
}

/// Alarms that were just handled, for browsers.
#[derive(Debug, Serialize)]
struct HandledChange<'a> {
    by: &'a str,
    alarms: &'a [HandledView],
}

/// Handles alarms: takes note, assigns, closes, reopens, writes a note. For
/// operators and administrators.
#[utoipa::path(post, path = "/api/v1/alarms/handle", tag = "alarms", request_body = HandleInput,
    responses((status = 200, body = HandleResult), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::web) async fn handle(
    handler: Handler,
    State(app): State<App>,
    Body(input): Body<HandleInput>,
) -> ApiResult<Json<HandleResult>> {
    let (handling, seen) = input.read(&app).await?;
    let ids: Vec<EventId> = seen.iter().map(|(id, _)| *id).collect();
    let (who, now, done) = (handler.name.clone(), app.clock.now(), handling.clone());
    let revisions: HashMap<EventId, u32> = seen.iter().copied().collect();
    let (rows, mut refusals) = app
        .storage
        .write(move |store| {
            let mut refusals: HashMap<EventId, Refusal> = HashMap::new();
            let decide = |id, standing: &Standing| {
                let seen_revision = revisions.get(&id).copied().unwrap_or_default();
                alarms::stands(standing, seen_revision, &done)
                    .map_err(|refusal| refusals.insert(id, refusal))
                    .ok()
            };
            let rows = store.handle_alarms(&ids, &done, &who, now, decide)?;
            Ok((rows, refusals))
        })
        .await?;
    let handled: Vec<HandledView> = rows
        .into_iter()
        .map(|row| HandledView::new(&app, row))
        .collect();
    tell(&app, &handler.name, &handled);
    let mut result = HandleResult {
        handled,
        conflicts: Vec::new(),
        refused: Vec::new(),
    };
    for (id, seen_revision) in seen {
        let message = match refusals.remove(&id) {
            Some(Refusal::Changed) => match conflict(&app, id, seen_revision).await? {
                Some(conflict) => {
                    result.conflicts.push(conflict);
                    continue;
                }
                None => "there is no such alarm: retention may have removed it".to_owned(),
            },
            Some(refusal) => refusal.to_string(),
            None if result.handled.iter().any(|one| one.id == id.to_string()) => continue,
            None => "there is no such alarm: retention may have removed it".to_owned(),
        };
        let id = id.to_string();
        result.refused.push(RefusedView { id, message });
    }
    Ok(Json(result))
}

pub(super) fn tell(app: &App, by: &str, handled: &[HandledView]) {
    match handled.len() {
        0 => {}
        1..=MAX_TOLD => {
            let alarms = handled;
            app.changes.tell("handled", &HandledChange { by, alarms });
        }
        _ => app.changes.tell("reload", &serde_json::json!({})),
    }
}

/// What changes nothing.
fn is_aside(kind: HandlingKind) -> bool {
    matches!(kind, HandlingKind::Note | HandlingKind::Export)
}

async fn conflict(app: &App, id: EventId, seen_revision: u32) -> ApiResult<Option<ConflictView>> {
    let (alarm, history) = app
        .storage
        .read(move |reader| Ok((reader.alarm(id)?, reader.alarm_history(id)?)))
        .await?;
    let since: Vec<HistoryView> = history
        .into_iter()
        .filter(|row| row.revision > seen_revision && !is_aside(row.handling.kind))
        .map(HistoryView::new)
        .collect();
    Ok(alarm.map(|listed| ConflictView {
        now: HandledView::new(app, listed.alarm),
        message: since
            .last()
            .map_or_else(|| Refusal::Changed.to_string(), HistoryView::words),
        since,
    }))
}

/// Who may be given alarms.
#[utoipa::path(get, path = "/api/v1/alarms/people", tag = "alarms",
    responses((status = 200, body = People)))]
pub(in crate::web) async fn people(_: Viewer, State(app): State<App>) -> ApiResult<Json<People>> {
    let users = app.storage.read(|reader| reader.list_users()).await?;
    let names = users.into_iter().filter(may_handle).map(|user| user.name);
    Ok(Json(People {
        names: names.collect(),
    }))
}

fn may_handle(user: &UserRow) -> bool {
    let role = Role::from_name(&user.role);
    user.disabled_at.is_none() && role.is_some_and(Role::handles_alarms)
}

impl HandleInput {
    /// What is to be done, and the alarms as they were seen, each once.
    async fn read(self, app: &App) -> ApiResult<(Handling, Vec<(EventId, u32)>)> {
        let n_alarms = self.alarms.len();
        if !(1..=MAX_HANDLED).contains(&n_alarms) {
            return Err(ApiError::bad_request(format!(
                "{n_alarms} alarms: handle 1 to {MAX_HANDLED} at once"
            )));
        }
        let mut seen: Vec<(EventId, u32)> = Vec::new();
        for alarm in &self.alarms {
            let id = parse_id(&alarm.id)?;
            if !seen.iter().any(|(known, _)| *known == id) {
                seen.push((id, alarm.revision));
            }
        }
        let refused =
            |field: &str, message: String| ApiError::fields(FieldErrors::one(field, message));
        let kind = HandlingKind::from_name(&self.kind)
            .filter(|kind| *kind != HandlingKind::Export)
            .ok_or_else(|| {
                let known = "use acknowledge, assign, release, close, reopen or note";
                refused("kind", known.to_owned())
            })?;
        let reason = match self.reason.as_deref() {
            None => None,
            Some(name) => Some(CloseReason::from_name(name).ok_or_else(|| {
                let known = CloseReason::ALL.map(CloseReason::name).join(", ");
                refused("reason", format!("use one of {known}"))
            })?),
        };
        let mut handling = Handling {
            kind,
            assignee: self.assignee,
            reason,
            text: self.text.trim().to_owned(),
        };
        alarms::check(&handling).map_err(|bad| refused(bad.field, bad.message))?;
        if let Some(name) = handling.assignee.take() {
            let users = app.storage.read(|reader| reader.list_users()).await?;
            // Names are the same in capitals; the account's own writing is kept.
            let mut users = users.into_iter().filter(may_handle);
            let user = users.find(|user| user.name.eq_ignore_ascii_case(&name));
            let message = "no account of this name may handle alarms: choose another one";
            let user = user.ok_or_else(|| refused("assignee", message.to_owned()))?;
            handling.assignee = Some(user.name);
        }
        Ok((handling, seen))
    }
}
