//! Why each rule had, or had not, an event: now, or by stored scenes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use programs::Explanation;
use serde::{Deserialize, Serialize};
use types::{Gate, Timestamp};
use utoipa::{IntoParams, ToSchema};

use crate::pipeline::ProgramSet;
use crate::settings::CameraSettings;
use crate::supervise::CameraRuntime;
use crate::web::App;
use crate::web::cameras::find_camera;
use crate::web::error::{ApiError, ApiResult};
use crate::web::input::Asked;
use crate::web::live::xyxy;
use crate::web::session::Viewer;

/// How far before the asked moment scenes are looked at, so that stays are
/// known.
const WHY_BEFORE: Duration = Duration::from_secs(30 * 60);
/// A scene this near to the asked moment is its scene.
const WHY_NEAR: Duration = Duration::from_secs(10);

/// Which moment and rule.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct WhyQuery {
    /// When, UTC; now when absent.
    at: Option<String>,
    /// Only this rule.
    rule_id: Option<u32>,
}

/// Why each rule had, or had not, an event.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct WhyView {
    /// The scene that was looked at, UTC; absent when there was none near.
    pub at: Option<String>,
    /// By rule.
    pub rules: Vec<WhyRule>,
}

/// How one rule saw the scene.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct WhyRule {
    /// Which rule.
    pub rule_id: u32,
    /// Its name.
    pub rule_name: String,
    /// What it looks for.
    pub kind: &'static str,
    /// Its zone.
    pub zone_name: Option<String>,
    /// Whether an event was open.
    pub is_active: bool,
    /// Conditions that concern no single object.
    pub gates: Vec<WhyGate>,
    /// Objects of the scene.
    pub objects: Vec<WhyObject>,
}

/// How one rule saw one object.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct WhyObject {
    /// Which object.
    pub track_id: u64,
    /// What it is.
    pub class: &'static str,
    /// Where it was.
    pub bbox: [f32; 4],
    /// Conditions in order.
    pub gates: Vec<WhyGate>,
}

/// One condition.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct WhyGate {
    /// What was asked.
    pub name: &'static str,
    /// Whether it held.
    pub is_passed: bool,
    /// By what, or why not.
    pub text: String,
}

/// Why there was, or was not, an alarm.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/why", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), WhyQuery),
    responses((status = 200, body = WhyView), (status = 404, body = super::super::error::ErrorBody)))]
pub(in crate::web) async fn why(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<WhyQuery>,
) -> ApiResult<Json<WhyView>> {
    let camera = find_camera(&app, &id)?;
    let settings = camera.current_settings();
    let now = app.clock.now();
    let asked = query
        .at
        .as_deref()
        .map(Timestamp::parse_rfc3339)
        .transpose()
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let (at, explanations) = match asked {
        None => running(Arc::clone(&camera), now).await?,
        Some(at) => past(&app, Arc::clone(&camera), Arc::clone(&settings), at).await?,
    };
    let received = received_gate(at, asked.unwrap_or(now));
    let rules = explanations
        .into_iter()
        .filter(|rule| {
            query
                .rule_id
                .is_none_or(|rule_id| rule.rule_id.0 == rule_id)
        })
        .map(|rule| WhyRule::new(rule, &received, &settings));
    Ok(Json(WhyView {
        at: at.map(|at| at.to_string()),
        rules: rules.collect(),
    }))
}

/// As of the newest scene of the running programs.
async fn running(
    camera: Arc<CameraRuntime>,
    now: Timestamp,
) -> ApiResult<(Option<Timestamp>, Vec<Explanation>)> {
    let look = move || camera.explain(now);
    let found = tokio::task::spawn_blocking(look).await;
    Ok(found.map_err(|error| anyhow::anyhow!("look at the programs: {error}"))?)
}

/// As of the stored scene nearest before `at`.
async fn past(
    app: &App,
    camera: Arc<CameraRuntime>,
    settings: Arc<CameraSettings>,
    at: Timestamp,
) -> ApiResult<(Option<Timestamp>, Vec<Explanation>)> {
    let camera_id = camera.camera_id.clone();
    let (from, until) = (
        at.saturating_sub(WHY_BEFORE),
        at.saturating_add(Duration::from_millis(1)),
    );
    let scenes = app
        .storage
        .read(move |reader| reader.scenes(&camera_id, from, until))
        .await?;
    let replay = move || {
        let mut set = ProgramSet::new(&settings, 0, camera.aspect());
        for scene in &scenes {
            set.update(scene, &[]);
        }
        let newest = scenes.last().map(|scene| scene.captured_at);
        (newest, set.explain(at))
    };
    let found = tokio::task::spawn_blocking(replay).await;
    Ok(found.map_err(|error| anyhow::anyhow!("replay stored scenes: {error}"))?)
}

fn received_gate(newest: Option<Timestamp>, at: Timestamp) -> (bool, String) {
    match newest.map(|newest| at.saturating_since(newest)) {
        Some(age) if age <= WHY_NEAR => (true, "pictures came and were analysed".to_owned()),
        Some(age) => (false, format!("no picture for {} s before", age.as_secs())),
        None => (
            false,
            "no analysed picture near this moment is kept".to_owned(),
        ),
    }
}

impl WhyRule {
    fn new(rule: Explanation, received: &(bool, String), settings: &CameraSettings) -> Self {
        let mut gates = vec![WhyGate {
            name: "received",
            is_passed: received.0,
            text: received.1.clone(),
        }];
        gates.extend(rule.gates.iter().map(WhyGate::new));
        let zone_name = rule.zone_id.and_then(|zone_id| settings.zone_name(zone_id));
        let line_name = rule.line_id.and_then(|line_id| settings.line_name(line_id));
        WhyRule {
            rule_id: rule.rule_id.0,
            rule_name: rule.rule_name,
            kind: rule.kind.name(),
            zone_name: zone_name.or(line_name).map(str::to_owned),
            is_active: rule.is_active,
            gates,
            objects: rule
                .objects
                .into_iter()
                .map(|object| WhyObject {
                    track_id: object.track_id.0,
                    class: object.class.name(),
                    bbox: xyxy(object.bbox),
                    gates: object.gates.iter().map(WhyGate::new).collect(),
                })
                .collect(),
        }
    }
}

impl WhyGate {
    fn new(gate: &Gate) -> Self {
        WhyGate {
            name: gate.name,
            is_passed: gate.outcome.passed(),
            text: gate.outcome.to_string(),
        }
    }
}
