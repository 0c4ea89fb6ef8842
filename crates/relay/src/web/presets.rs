//! Vendor presets: the camera's command written from resolution, rate, stream
//! and channel.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use source::Mode;
use source::presets::{self, PresetInput};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, ApiResult};
use super::input::Asked;
use super::session::Viewer;

/// All presets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresetList {
    /// By vendor.
    pub presets: Vec<PresetView>,
}

/// One preset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresetView {
    /// Stable name.
    pub id: &'static str,
    /// Maker of the camera.
    pub vendor: &'static str,
    /// As shown in a list.
    pub label: &'static str,
    /// `stream` or `one_shot`.
    pub mode: &'static str,
    /// Sizes that can be chosen, `[width, height]`; empty when the camera decides.
    pub resolutions: Vec<[u32; 2]>,
    /// Whether a stream number is used.
    pub has_stream: bool,
    /// Whether a channel number is used.
    pub has_channel: bool,
    /// Whether a frame rate is used.
    pub has_fps: bool,
    /// What to know about it.
    pub note: &'static str,
}

/// What a preset's command is written from.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandQuery {
    /// Pixels across; 1920 when absent.
    #[serde(default = "default_width")]
    width_px: u32,
    /// Pixels down; 1080 when absent.
    #[serde(default = "default_height")]
    height_px: u32,
    /// Pictures per second; 5 when absent.
    #[serde(default = "default_fps")]
    fps: u32,
    /// Stream number; 1 when absent.
    #[serde(default = "default_one")]
    stream: u8,
    /// Channel number; 1 when absent.
    #[serde(default = "default_one")]
    channel: u8,
}

/// A preset's command.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CommandView {
    /// For the field "Http Jpeg stream URL".
    pub path: String,
    /// `stream` or `one_shot`.
    pub mode: &'static str,
}

fn default_width() -> u32 {
    1_920
}

fn default_height() -> u32 {
    1_080
}

fn default_fps() -> u32 {
    5
}

fn default_one() -> u8 {
    1
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::Stream => "stream",
        Mode::OneShot => "one_shot",
    }
}

/// Vendor presets.
#[utoipa::path(get, path = "/api/v1/presets", tag = "cameras",
    responses((status = 200, body = PresetList)))]
pub(super) async fn list(_: Viewer) -> Json<PresetList> {
    let presets = presets::all()
        .iter()
        .map(|preset| PresetView {
            id: preset.id,
            vendor: preset.vendor,
            label: preset.label,
            mode: mode_name(preset.mode),
            resolutions: preset.resolutions.iter().map(|&(w, h)| [w, h]).collect(),
            has_stream: preset.has_stream,
            has_channel: preset.has_channel,
            has_fps: preset.has_fps,
            note: preset.note,
        })
        .collect();
    Json(PresetList { presets })
}

/// The command of a preset.
#[utoipa::path(get, path = "/api/v1/presets/{id}/command", tag = "cameras",
    params(("id" = String, Path, description = "Preset id"), CommandQuery),
    responses((status = 200, body = CommandView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn command(
    _: Viewer,
    Path(id): Path<String>,
    Asked(query): Asked<CommandQuery>,
) -> ApiResult<Json<CommandView>> {
    let preset =
        presets::find(&id).ok_or_else(|| ApiError::not_found(format!("no preset {id:?}")))?;
    let input = PresetInput {
        width_px: query.width_px,
        height_px: query.height_px,
        fps: query.fps,
        stream: query.stream,
        channel: query.channel,
    };
    let path = presets::command(preset, &input)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(Json(CommandView {
        path,
        mode: mode_name(preset.mode),
    }))
}
