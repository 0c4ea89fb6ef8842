//! Other systems over REST: what an ONVIF client needs to be told, and who
//! listens.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sink::onvif::device::Device;
use sink::onvif::subscription::{Delivery, SubscriptionView};
use sink::onvif::token::ProfileToken;
use types::CameraId;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use crate::onvif::device;

/// The ONVIF device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnvifView {
    /// Whether clients are answered.
    pub is_enabled: bool,
    /// Whether clients that search the network find it.
    pub is_discoverable: bool,
    /// Whether source items are named as before 2021.
    pub has_legacy_names: bool,
    /// Path of the device service on this server.
    pub device_path: &'static str,
    /// Port of the RTSP server; `null` where there is none.
    pub rtsp_port: Option<u16>,
    /// Accounts that clients may sign in with.
    pub n_accounts: usize,
    /// Cameras as clients find them.
    pub cameras: Vec<OnvifCamera>,
    /// Who listens now.
    pub subscriptions: Vec<OnvifSubscription>,
}

/// A camera as ONVIF clients find it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnvifCamera {
    /// Its id, which is the token of its video source.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Its profiles.
    pub profiles: Vec<OnvifProfile>,
    /// Path of its newest picture on this server, by HTTP Digest.
    pub snapshot_path: String,
    /// Path of its analysed pictures as MJPEG on this server, by HTTP Digest.
    pub mjpeg_path: String,
}

/// A media profile.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnvifProfile {
    /// Its token.
    pub token: String,
    /// Path of its stream on the RTSP server.
    pub rtsp_path: String,
}

/// Somebody who is told of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnvifSubscription {
    /// Its name.
    pub id: String,
    /// Account that made it.
    pub account: String,
    /// Address that events are posted to; `null` for a pull point.
    pub posted_to: Option<String>,
    /// Since when, UTC.
    pub created_at: String,
    /// Until when, if the client says no more, UTC.
    pub terminates_at: String,
    /// When the client last took events, UTC.
    pub taken_at: Option<String>,
    /// Messages that wait.
    pub waiting: usize,
    /// Messages given so far.
    pub told: u64,
    /// Messages dropped because too many waited.
    pub lost: u64,
    /// What last went wrong.
    pub last_error: Option<String>,
}

/// The switches.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnvifSwitches {
    /// Whether clients are answered.
    pub is_enabled: bool,
    /// Whether clients that search the network find it.
    pub is_discoverable: bool,
    /// Whether source items are named as before 2021.
    pub has_legacy_names: bool,
}

/// The ONVIF device and who listens to it.
#[utoipa::path(get, path = "/api/v1/onvif", tag = "integrations",
    responses((status = 200, body = OnvifView)))]
pub(super) async fn get(_: Viewer, State(app): State<App>) -> Json<OnvifView> {
    Json(view(&app))
}

/// Sets the switches.
#[utoipa::path(put, path = "/api/v1/onvif", tag = "integrations", request_body = OnvifSwitches,
    responses((status = 200, body = OnvifView)))]
pub(super) async fn put(
    editor: Editor,
    State(app): State<App>,
    Body(switches): Body<OnvifSwitches>,
) -> ApiResult<Json<OnvifView>> {
    let present = app.onvif.book().present();
    let before = OnvifSwitches {
        is_enabled: present.is_enabled,
        is_discoverable: present.is_discoverable,
        has_legacy_names: present.has_legacy_names,
    };
    app.onvif
        .book()
        .change(&editor.name, |document| {
            document.is_enabled = switches.is_enabled;
            document.is_discoverable = switches.is_discoverable;
            document.has_legacy_names = switches.has_legacy_names;
        })
        .await?;
    if !switches.is_enabled {
        app.onvif.hub().clear();
    }
    let what = "changed ONVIF".to_owned();
    audit::note(&app, &editor.name, what, Some(&before), Some(&switches)).await;
    Ok(Json(view(&app)))
}

/// Ends a subscription; its client has to make a new one.
#[utoipa::path(delete, path = "/api/v1/onvif/subscriptions/{id}", tag = "integrations",
    params(("id" = String, Path, description = "Subscription id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn end_subscription(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let removed = app.onvif.hub().remove(&id, app.clock.now());
    removed.map_err(|error| ApiError::not_found(error.to_string()))?;
    let what = "ended an ONVIF subscription".to_owned();
    audit::note::<()>(&app, &editor.name, what, None, None).await;
    Ok(StatusCode::NO_CONTENT)
}

fn view(app: &App) -> OnvifView {
    let document = app.onvif.book().present();
    let device = device(&app.onvif, &app.fleet, &app.device_accounts);
    let subscriptions = app.onvif.hub().views(app.clock.now());
    OnvifView {
        is_enabled: document.is_enabled,
        is_discoverable: document.is_discoverable,
        has_legacy_names: document.has_legacy_names,
        device_path: "/onvif/device_service",
        rtsp_port: device.rtsp_port,
        n_accounts: device.users.len(),
        cameras: cameras(app, &device),
        subscriptions: subscriptions
            .into_iter()
            .map(OnvifSubscription::new)
            .collect(),
    }
}

fn cameras(app: &App, device: &Device) -> Vec<OnvifCamera> {
    // Channels count cameras that are switched off, too.
    let running = app.fleet.all();
    let channel_of = |id: &CameraId| {
        let mut running = running.iter();
        running.position(|camera| camera.camera_id == *id)
    };
    let cameras = device.cameras.iter();
    cameras
        .map(|camera| OnvifCamera {
            id: camera.camera_id.to_string(),
            name: camera.name.clone(),
            profiles: camera
                .encodings()
                .map(|encoding| ProfileToken {
                    camera_id: camera.camera_id.clone(),
                    encoding,
                })
                .map(|token| OnvifProfile {
                    token: token.to_string(),
                    rtsp_path: token.rtsp_path(),
                })
                .collect(),
            snapshot_path: format!("/onvif/snapshot/{}", camera.camera_id),
            mjpeg_path: format!(
                "/cgi-bin/mjpeg?channel={}",
                channel_of(&camera.camera_id).map_or(0, |idx| idx + 1)
            ),
        })
        .collect()
}

impl OnvifSubscription {
    fn new(view: SubscriptionView) -> Self {
        OnvifSubscription {
            id: view.id,
            account: view.account,
            posted_to: match view.delivery {
                Delivery::Pull => None,
                Delivery::Push(address) => Some(address),
            },
            created_at: view.created_at.to_string(),
            terminates_at: view.terminates_at.to_string(),
            taken_at: view.pulled_at.map(|at| at.to_string()),
            waiting: view.n_waiting,
            told: view.n_told,
            lost: view.n_lost,
            last_error: view.last_error,
        }
    }
}
