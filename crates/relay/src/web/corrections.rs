//! Counts corrected by hand: somebody counted otherwise than the camera did.
//!
//! In: by how much a counter's number is to change, or how many are in a
//! place. Out: a row beside what was counted, which stays as it was counted,
//! and an entry of the control log in the same transaction.
//!
//! Not here: the offset of an area, which is a setting (`cameras`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use programs::counting::Interval;
use serde::{Deserialize, Serialize};
use store::AuditEntry;
use types::{Count, Crossing, Metric, RuleId, Timestamp};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::cameras::find_camera;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::Editor;
use crate::settings::{CameraSettings, FieldErrors};
use crate::supervise::CameraRuntime;

/// Largest correction, either way.
const MAX_BY: i64 = 100_000;
/// Longest note, characters.
const MAX_NOTE_CHARS: usize = 200;

/// What somebody counted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectionInput {
    /// Counter, or the in-minus-out of occupancy.
    pub rule_id: u32,
    /// Which number of a counter: in or out.
    #[serde(default)]
    pub way: Option<String>,
    /// By how many a counter's number changes, -100,000 to 100,000, not 0.
    #[serde(default)]
    pub by: Option<i64>,
    /// When those of a counter crossed, UTC; now when absent.
    #[serde(default)]
    pub at: Option<String>,
    /// How many are in the place now, for the in-minus-out, 0 to 100,000.
    #[serde(default)]
    pub n_inside: Option<u32>,
    /// Why, at most 200 characters.
    #[serde(default)]
    pub note: String,
}

/// What the correction made of the number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CorrectionView {
    /// Total of the counter since its reset, or number in the place, before.
    pub before: u64,
    /// The same with the correction.
    pub after: u64,
}

/// How the control log shows the number.
#[derive(Serialize)]
struct Logged<'a> {
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crossed_at: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
}

/// A correction of a counter, checked.
#[derive(Clone, Copy, Debug)]
struct OfCounter {
    rule_id: RuleId,
    way: Crossing,
    by: i64,
    at: Timestamp,
}

/// Corrects a number that was counted wrong; what was counted stays beside it.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/counts/corrections", tag = "programs",
    request_body = CorrectionInput, params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = CorrectionView), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "Nothing counts now", body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn correct(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<CorrectionInput>,
) -> ApiResult<Json<CorrectionView>> {
    let camera = find_camera(&app, &id)?;
    if input.note.chars().count() > MAX_NOTE_CHARS {
        let message = format!("use at most {MAX_NOTE_CHARS} characters");
        return Err(refused("note", message));
    }
    let view = match input.n_inside {
        Some(n_inside) => correct_inside(&app, &editor, camera, n_inside, &input).await?,
        None => correct_counter(&app, &editor, &camera, &input).await?,
    };
    Ok(Json(view))
}

async fn correct_counter(
    app: &App,
    editor: &Editor,
    camera: &Arc<CameraRuntime>,
    input: &CorrectionInput,
) -> ApiResult<CorrectionView> {
    let now = app.clock.now();
    let settings = camera.current_settings();
    let asked = OfCounter::check(input, &settings, now)?;
    let live = camera.live.borrow().clone();
    let shown = live.as_ref().and_then(|record| {
        let mut counters = record.programs.counters.iter();
        counters.find(|counter| counter.rule_id == asked.rule_id)
    });
    let before = shown.map_or(0, |counter| match asked.way {
        Crossing::LeftToRight => counter.n_entered(),
        Crossing::RightToLeft => counter.n_left(),
    });
    let is_of_total =
        shown.is_some_and(|counter| counter.since.is_none_or(|since| asked.at >= since));
    let after = if is_of_total {
        before.checked_add_signed(asked.by)
    } else {
        Some(before)
    };
    let Some(after) = after else {
        let message =
            format!("{before} were counted since the last reset: no more can be taken off");
        return Err(refused("by", message));
    };
    let counter = settings.analysis.counters.iter();
    let Some(counter) = counter.into_iter().find(|one| one.rule_id == asked.rule_id) else {
        return Err(no_counter());
    };
    let interval = Interval::around(asked.at, counter.interval);
    let row = Count {
        camera_id: camera.camera_id.clone(),
        rule_id: asked.rule_id,
        metric: match asked.way {
            Crossing::LeftToRight => Metric::InByHand,
            Crossing::RightToLeft => Metric::OutByHand,
        },
        class: None,
        from: interval.from,
        until: interval.until,
        value: asked.by as f64,
    };
    let way = input.way.as_deref().unwrap_or_default();
    let what = format!(
        "corrected {way} of counter {:?} on camera {}",
        counter.name, camera.camera_id
    );
    let logged = Logged {
        number: after,
        by: Some(asked.by),
        crossed_at: Some(asked.at.to_string()),
        note: &input.note,
    };
    store(app, editor, row, what, before, &logged).await?;
    change(camera, move |programs| {
        programs.correct_counter(asked.rule_id, asked.way, asked.by, asked.at)
    })
    .await?;
    Ok(CorrectionView { before, after })
}

async fn correct_inside(
    app: &App,
    editor: &Editor,
    camera: Arc<CameraRuntime>,
    n_inside: u32,
    input: &CorrectionInput,
) -> ApiResult<CorrectionView> {
    if n_inside > 100_000 {
        return Err(refused("n_inside", format!("{n_inside}: use 0 to 100000")));
    }
    let settings = camera.current_settings();
    let occupancy = settings.analysis.occupancy.wanted.as_ref();
    let balance = occupancy.and_then(|part| part.balance.as_ref());
    if balance.is_none_or(|balance| balance.rule_id.0 != input.rule_id) {
        return Err(no_counter());
    }
    let now = app.clock.now();
    let set = |n_inside| {
        change(&camera, move |programs| {
            programs.correct_balance(n_inside, now)
        })
    };
    let Some((before, row)) = set(n_inside).await?.flatten() else {
        return Err(ApiError::conflict(
            "nothing counts in minus out now: no picture was analysed, or the program is off",
        ));
    };
    let view = CorrectionView {
        before: before.into(),
        after: n_inside.into(),
    };
    let Some(row) = row else {
        return Ok(view);
    };
    let what = format!("corrected in minus out on camera {}", camera.camera_id);
    let logged = Logged {
        number: view.after,
        by: None,
        crossed_at: None,
        note: &input.note,
    };
    if let Err(error) = store(app, editor, row, what, view.before, &logged).await {
        // Nothing is corrected that is not logged.
        set(before).await?;
        return Err(error);
    }
    Ok(view)
}

/// On a thread that may wait for the frame that is just being analysed.
async fn change<T: Send + 'static>(
    camera: &Arc<CameraRuntime>,
    change: impl FnOnce(&mut crate::pipeline::ProgramSet) -> T + Send + 'static,
) -> ApiResult<Option<T>> {
    let camera = Arc::clone(camera);
    let changed = tokio::task::spawn_blocking(move || camera.change_programs(change)).await;
    Ok(changed.map_err(|error| anyhow::anyhow!("change the running programs: {error}"))?)
}

/// The row and the control log's entry, both or none; and a row of the audit.
async fn store(
    app: &App,
    editor: &Editor,
    row: Count,
    what: String,
    before: u64,
    logged: &Logged<'_>,
) -> ApiResult<()> {
    let was = Logged {
        number: before,
        by: None,
        crossed_at: None,
        note: "",
    };
    let (before, after) = audit::before_and_after(Some(&was), Some(logged));
    let entry = AuditEntry {
        who: editor.name.clone(),
        what: what.clone(),
        before,
        after,
    };
    let now = app.clock.now();
    app.storage
        .write(move |store| store.correct_count(&row, &entry, now))
        .await?;
    audit::note(app, &editor.name, what, Some(&was), Some(logged)).await;
    Ok(())
}

impl OfCounter {
    fn check(
        input: &CorrectionInput,
        settings: &CameraSettings,
        now: Timestamp,
    ) -> ApiResult<Self> {
        let mut errors = FieldErrors::default();
        let way = match input.way.as_deref() {
            Some("in") => Crossing::LeftToRight,
            Some("out") => Crossing::RightToLeft,
            _ => {
                errors.add("way", "use in or out");
                Crossing::LeftToRight
            }
        };
        let by = input.by.unwrap_or_default();
        if by == 0 || by.abs() > MAX_BY {
            errors.add("by", format!("{by}: use -{MAX_BY} to {MAX_BY}, not 0"));
        }
        let at = match input.at.as_deref().map(Timestamp::parse_rfc3339) {
            None => now,
            Some(Ok(at)) if at <= now => at,
            Some(Ok(_)) => {
                errors.add("at", "this time has not come yet");
                now
            }
            Some(Err(error)) => {
                errors.add("at", error.to_string());
                now
            }
        };
        if !errors.is_empty() {
            return Err(ApiError::fields(errors));
        }
        let rule_id = RuleId(input.rule_id);
        if !settings
            .analysis
            .counters
            .iter()
            .any(|counter| counter.rule_id == rule_id)
        {
            return Err(no_counter());
        }
        Ok(OfCounter {
            rule_id,
            way,
            by,
            at,
        })
    }
}

fn no_counter() -> ApiError {
    refused(
        "rule_id",
        "nothing on this camera that is switched on counts under this number",
    )
}

fn refused(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::fields(FieldErrors::one(field, message))
}
