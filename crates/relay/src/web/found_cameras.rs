//! Cameras in the network, over REST: which are there, and what each says of
//! its streams and pictures.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sink::onvif::discovery::Endpoint;
use sink::onvif::found::{
    CameraLogin, FoundCamera, FoundError, FoundPicture, FoundProfile, read_camera,
};
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::Editor;
use crate::onvif::find_devices;
use crate::settings::FieldErrors;

/// How long a search listens.
const SEARCH: Duration = Duration::from_secs(3);

/// Devices in the network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundDevices {
    /// By name.
    pub devices: Vec<FoundDevice>,
}

/// A device that answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundDevice {
    /// Its address of its own: `urn:uuid:...`.
    pub endpoint: String,
    /// As it calls itself.
    pub name: Option<String>,
    /// What it says it is.
    pub hardware: Option<String>,
    /// Host of its service.
    pub host: Option<String>,
    /// Addresses of its service.
    pub addresses: Vec<String>,
}

/// Which camera to ask, and as whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraQuestion {
    /// Addresses of its device service, as the search gives them.
    pub addresses: Vec<String>,
    /// User name; empty: nobody.
    #[serde(default)]
    pub user: String,
    /// Password of `user`; never stored.
    #[serde(default)]
    pub password: String,
}

/// What a camera says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraAnswer {
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Which model it is.
    pub model: Option<String>,
    /// Its media profiles.
    pub profiles: Vec<CameraProfile>,
}

/// A media profile of a found camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraProfile {
    /// As the camera calls it.
    pub name: String,
    /// How its video is encoded, as the camera says.
    pub encoding: Option<String>,
    /// Width of its picture, pixels.
    pub width_px: Option<u32>,
    /// Height of its picture, pixels.
    pub height_px: Option<u32>,
    /// Address of its stream (RTSP), which airelay does not read.
    pub stream: Option<String>,
    /// Where single pictures are; `null`: it offers none.
    pub snapshot: Option<CameraPicture>,
}

/// Where a camera gives single pictures, as the fields of a link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraPicture {
    /// http or https.
    pub protocol: &'static str,
    /// Host that was reached.
    pub host: String,
    /// Port; `null`: the usual one.
    pub port: Option<u16>,
    /// Path and query.
    pub path: String,
    /// The host that the camera itself names, where it is another.
    pub told_host: Option<String>,
}

/// Asks the network which cameras are there, for three seconds.
#[utoipa::path(post, path = "/api/v1/discover", tag = "integrations",
    responses((status = 200, body = FoundDevices)))]
pub(super) async fn discover(_: Editor, State(app): State<App>) -> ApiResult<Json<FoundDevices>> {
    let ours = format!("urn:uuid:{}", app.onvif.identity().uuid);
    let found = find_devices(None, SEARCH).await?;
    let mut devices: Vec<FoundDevice> = found
        .into_iter()
        .filter(|endpoint| endpoint.address != ours)
        .map(FoundDevice::new)
        .collect();
    devices.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(FoundDevices { devices }))
}

/// Asks a camera for its streams and pictures; takes up to 15 s.
#[utoipa::path(post, path = "/api/v1/discover/camera", tag = "integrations",
    request_body = CameraQuestion,
    responses((status = 200, body = CameraAnswer), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn ask_camera(
    _: Editor,
    State(app): State<App>,
    Body(question): Body<CameraQuestion>,
) -> ApiResult<Json<CameraAnswer>> {
    let login = (!question.user.is_empty()).then(|| CameraLogin {
        user: question.user.clone(),
        password: question.password.clone(),
    });
    let read = read_camera(&question.addresses, login.as_ref(), app.clock.now()).await;
    read.map(|camera| Json(camera.into()))
        .map_err(|error| match &error {
            FoundError::LoginWanted(_) | FoundError::LoginRefused(_) => {
                ApiError::fields(FieldErrors::one("user", error.to_string()))
            }
            _ => ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "camera_not_read",
                error.to_string(),
            ),
        })
}

impl FoundDevice {
    fn new(endpoint: Endpoint) -> Self {
        FoundDevice {
            name: endpoint.scope("name"),
            hardware: endpoint.scope("hardware"),
            host: endpoint.host(),
            endpoint: endpoint.address,
            addresses: endpoint.x_addrs,
        }
    }
}

impl From<FoundCamera> for CameraAnswer {
    fn from(camera: FoundCamera) -> Self {
        CameraAnswer {
            manufacturer: camera.manufacturer,
            model: camera.model,
            profiles: camera.profiles.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<FoundProfile> for CameraProfile {
    fn from(profile: FoundProfile) -> Self {
        CameraProfile {
            name: profile.name,
            encoding: profile.encoding,
            width_px: profile.size_px.map(|(width_px, _)| width_px),
            height_px: profile.size_px.map(|(_, height_px)| height_px),
            stream: profile.stream,
            snapshot: profile.snapshot.map(Into::into),
        }
    }
}

impl From<FoundPicture> for CameraPicture {
    fn from(picture: FoundPicture) -> Self {
        CameraPicture {
            protocol: if picture.is_secure { "https" } else { "http" },
            host: picture.host,
            port: picture.port,
            path: picture.path,
            told_host: picture.told_host,
        }
    }
}
