//! What programs cost on this machine, and when that is too much.
//!
//! In: what the cameras' workers measured. Out: milliseconds of worker time
//! per second, as it is and as it would be. Settings that would take more
//! than the budget are refused; settings that take less than before never
//! are.
//!
//! A program that has run on any camera here is estimated by its own mean. One
//! that has not is estimated by the means that docs/programs.md tells of, and
//! an installed one counts nothing until it has run.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use types::CameraId;
use utoipa::ToSchema;

use super::App;
use super::cameras::find_record;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::Viewer;
use crate::pipeline::ProgramLive;
use crate::settings::{CameraDocument, ProgramsDocument};

/// Pictures per second of a camera that sends none yet: what the product is
/// made for.
const NOMINAL_FPS: f32 = 5.0;
/// Means over a busy scene, milliseconds per frame: docs/programs.md; of vmd
/// the bound that all rules together are held to.
const MEASURED_ELSEWHERE: [(&str, f32); 5] = [
    ("vmd", 0.2),
    ("people", 0.035),
    ("vehicle", 0.035),
    ("occupancy", 0.024),
    ("state", 0.01),
];

/// Programs to be weighed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CostInput {
    /// As in the camera's document.
    pub programs: ProgramsDocument,
}

/// Worker time that all cameras take together.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Cost {
    /// As measured, milliseconds per second.
    pub ms_per_second_now: f32,
    /// With the asked programs on this camera, an estimate.
    pub ms_per_second_then: f32,
    /// The most there may be: `budget_ms_per_second` of the settings file.
    pub budget_ms_per_second: f32,
    /// Whether saving this would be refused.
    pub is_refused: bool,
    /// Why, by how much, and what to do; or what the estimate rests on.
    pub text: String,
}

/// What programs would cost on a camera, before they are switched on.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/cost", tag = "software", request_body = CostInput,
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = Cost), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn cost(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<CostInput>,
) -> ApiResult<Json<Cost>> {
    let stored = find_record(&app, &id).await?;
    let after = CameraDocument {
        programs: input.programs,
        ..stored.document.clone()
    };
    let cost = weigh(&app, &stored.camera_id, &stored.document, &after).await?;
    Ok(Json(cost))
}

/// Refuses settings under which the machine could not keep up.
pub(super) async fn refuse_overload(
    app: &App,
    camera_id: &CameraId,
    before: Option<&CameraDocument>,
    after: &CameraDocument,
) -> ApiResult<()> {
    // Of a new camera nothing is measured; where no program is switched on,
    // the workers need not be asked.
    let Some(before) = before.filter(|before| wanted(before) != wanted(after)) else {
        return Ok(());
    };
    let cost = weigh(app, camera_id, before, after).await?;
    if cost.is_refused {
        return Err(ApiError::new(StatusCode::CONFLICT, "overloaded", cost.text));
    }
    Ok(())
}

async fn weigh(
    app: &App,
    camera_id: &CameraId,
    before: &CameraDocument,
    after: &CameraDocument,
) -> ApiResult<Cost> {
    let now = app.clock.now();
    let cameras = app.fleet.all();
    let ms_now: f32 = cameras
        .iter()
        .map(|camera| camera.status.ms_per_second(now))
        .sum();
    let fps = app
        .fleet
        .get(camera_id)
        .map(|camera| app.fleet.status(&camera).analysed_fps)
        .filter(|fps| *fps > 0.0)
        .unwrap_or(NOMINAL_FPS);
    // Each waits for a frame that is just being analysed.
    let states = move || {
        cameras
            .iter()
            .flat_map(|camera| camera.program_states())
            .collect()
    };
    let states: Vec<ProgramLive> = tokio::task::spawn_blocking(states)
        .await
        .map_err(|error| anyhow::anyhow!("ask cameras for their programs: {error}"))?;
    let before = wanted(before);
    let budget = app.facts.budget_ms_per_second as f32;
    Ok(compare(
        &before,
        &wanted(after),
        &states,
        fps,
        ms_now,
        budget,
    ))
}

/// Programs that a camera lets run; none while it is switched off.
fn wanted(document: &CameraDocument) -> Vec<String> {
    let programs = switches(&document.programs);
    programs
        .into_iter()
        .filter(|(_, is_enabled)| document.is_enabled && *is_enabled)
        .map(|(program, _)| program)
        .collect()
}

/// Every program that a document speaks of, and whether it is switched on.
pub(super) fn switches(programs: &ProgramsDocument) -> BTreeMap<String, bool> {
    let built_in = [
        ("vmd", programs.vmd.is_enabled),
        ("people", programs.people.is_enabled),
        ("vehicle", programs.vehicle.is_enabled),
        ("occupancy", programs.occupancy.is_enabled),
        ("state", programs.state.is_enabled),
    ];
    let built_in = built_in.map(|(name, is_enabled)| (name.to_owned(), is_enabled));
    let installed = programs.extensions.iter();
    let installed = installed.map(|(id, document)| (id.clone(), document.is_enabled));
    built_in.into_iter().chain(installed).collect()
}

/// The mean of a program, milliseconds per frame, and whether it was measured
/// on this machine.
fn mean_of(program: &str, states: &[ProgramLive]) -> (f32, bool) {
    let measured: Vec<f32> = states
        .iter()
        .filter(|state| state.name == program && state.ms_per_frame > 0.0)
        .map(|state| state.ms_per_frame)
        .collect();
    if measured.is_empty() {
        let elsewhere = MEASURED_ELSEWHERE.iter().find(|(name, _)| *name == program);
        return (elsewhere.map_or(0.0, |(_, ms)| *ms), false);
    }
    (measured.iter().sum::<f32>() / measured.len() as f32, true)
}

fn compare(
    before: &[String],
    after: &[String],
    states: &[ProgramLive],
    fps: f32,
    ms_now: f32,
    budget: f32,
) -> Cost {
    let mut ms_then = ms_now;
    let mut unmeasured = Vec::new();
    for program in after.iter().filter(|program| !before.contains(program)) {
        let (ms, is_measured) = mean_of(program, states);
        ms_then += ms * fps;
        if !is_measured {
            unmeasured.push(program.as_str());
        }
    }
    for program in before.iter().filter(|program| !after.contains(program)) {
        ms_then -= mean_of(program, states).0 * fps;
    }
    let ms_then = ms_then.max(0.0);
    let over = ms_then - budget;
    let is_refused = over > 0.0 && ms_then > ms_now;
    let text = if is_refused {
        format!(
            "Too much for this machine: {ms_then:.1} ms of work each second, {over:.1} ms ({:.0} %) more than the \
             {budget:.0} ms it may take. Switch another program off, or lower a camera's frame rate.",
            100.0 * over / budget
        )
    } else if unmeasured.is_empty() {
        String::new()
    } else {
        format!(
            "Not measured on this machine before it has run: {}.",
            unmeasured.join(", ")
        )
    };
    Cost {
        ms_per_second_now: tenths(ms_now),
        ms_per_second_then: tenths(ms_then),
        budget_ms_per_second: budget,
        is_refused,
        text,
    }
}

fn tenths(ms: f32) -> f32 {
    (ms * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use types::ProgramKind;

    use super::*;
    use crate::pipeline::ProgramState;

    fn live(name: &str, ms_per_frame: f32) -> ProgramLive {
        ProgramLive {
            program: ProgramKind::Extension,
            name: name.to_owned(),
            state: ProgramState::Operable,
            fault: None,
            ms_per_frame,
            memory_bytes: 0,
        }
    }

    fn check(before: &[&str], after: &[&str], ms_now: f32, expected: &Expect) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (before, after): (Vec<String>, Vec<String>) = (names(before), names(after));
        let states = [live("queue", 10.0), live("queue", 30.0), live("vmd", 1.0)];
        let cost = compare(&before, &after, &states, 5.0, ms_now, 400.0);
        expected.assert_eq(&format!(
            "{} -> {} {} {:?}",
            cost.ms_per_second_now,
            cost.ms_per_second_then,
            if cost.is_refused { "refused" } else { "fine" },
            cost.text
        ));
    }

    #[test]
    fn what_is_over_the_budget_is_refused_with_the_amount_and_what_is_less_never_is() {
        check(
            &["vmd"],
            &["vmd", "queue"],
            250.0,
            &expect![[r#"250 -> 350 fine """#]],
        );
        check(
            &["vmd"],
            &["vmd", "queue"],
            380.0,
            &expect![[
                r#"380 -> 480 refused "Too much for this machine: 480.0 ms of work each second, 80.0 ms (20 %) more than the 400 ms it may take. Switch another program off, or lower a camera's frame rate.""#
            ]],
        );
        check(
            &["vmd", "queue"],
            &["vmd"],
            600.0,
            &expect![[r#"600 -> 500 fine """#]],
        );
        check(
            &["vmd"],
            &["vmd", "other"],
            100.0,
            &expect![[
                r#"100 -> 100 fine "Not measured on this machine before it has run: other.""#
            ]],
        );
    }
}
