//! Who watches which camera, and the RTSP server's state, for pages; and the
//! WebSocket that carries RTSP.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::session::Viewer;
use crate::rtsp::{MAX_MESSAGE_BYTES, SUBPROTOCOLS, ViewerFacts};

/// The RTSP server and who watches.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewersView {
    /// Port of the RTSP server; null while it cannot be opened.
    pub rtsp_port: Option<u16>,
    /// Whether other machines can reach the port.
    pub is_reachable: bool,
    /// Why the port is not open.
    pub error: Option<String>,
    /// Who watches now, in the order in which they came.
    pub viewers: Vec<ViewerView>,
}

/// One viewer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewerView {
    /// Number since airelay started.
    pub id: u64,
    /// Which camera.
    pub camera_id: String,
    /// jpeg, h264, or metadata (without video).
    pub video: &'static str,
    /// udp, tcp, http, websocket, or mjpeg.
    pub way: &'static str,
    /// Address and port.
    pub address: String,
    /// Device account.
    pub account: String,
    /// What the program calls itself; may be empty.
    pub agent: String,
    /// When it began, UTC.
    pub since: String,
    /// Pictures sent.
    pub pictures: u64,
    /// Metadata documents sent.
    pub documents: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Pictures and documents that it was too slow for.
    pub lost: u64,
    /// Packets that did not arrive, as the viewer itself counts them.
    pub lost_on_the_way: u64,
}

impl ViewerView {
    fn new(facts: ViewerFacts) -> Self {
        let watch = facts.watch;
        ViewerView {
            id: facts.id,
            camera_id: watch.camera_id.to_string(),
            video: watch.video,
            way: watch.way.name(),
            address: watch.peer.to_string(),
            account: watch.account,
            agent: watch.agent,
            since: watch.since.to_string(),
            pictures: facts.n_pictures,
            documents: facts.n_documents,
            bytes: facts.n_bytes,
            lost: facts.n_lost,
            lost_on_the_way: facts.n_lost_on_the_way,
        }
    }
}

/// Who watches which camera now.
#[utoipa::path(get, path = "/api/v1/viewers", tag = "live",
    responses((status = 200, body = ViewersView)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> Json<ViewersView> {
    let state = app.rtsp.state();
    Json(ViewersView {
        rtsp_port: state.addr.map(|addr| addr.port()),
        is_reachable: state.addr.is_some_and(|addr| !addr.ip().is_loopback()),
        error: state.error,
        viewers: app
            .rtsp
            .viewers()
            .into_iter()
            .map(ViewerView::new)
            .collect(),
    })
}

/// `/rtsp-over-websocket`.
pub(super) async fn websocket(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let proven = app.rtsp.proven_by_upgrade(authorization);
    upgrade
        .protocols(SUBPROTOCOLS)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| async move {
            app.rtsp.serve_websocket(socket, peer, proven).await;
        })
}
