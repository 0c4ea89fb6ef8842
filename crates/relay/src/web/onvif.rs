//! The ONVIF services over HTTP, and pictures that ONVIF clients fetch.
//!
//! In: SOAP requests, with HTTP Digest or WS-UsernameToken. Out: what the
//! services answer.
//!
//! Order of decision about a login (ONVIF Core, "Authentication"): operations
//! that everybody may use are answered; then HTTP Digest, where it is there,
//! and the token, where that is there, must both be right; without either the
//! answer is a challenge.
//!
//! Not here: what operations answer (`sink::onvif`), what commands do
//! (`onvif_commands`).

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use sink::access::{Account, Verdict};
use sink::onvif::device::Caller;
use sink::onvif::service::{Reply, access_of, answer};
use sink::onvif::soap::{Envelope, Fault};
use sink::onvif::xml::Limits;
use types::CameraId;

use super::App;
use super::onvif_commands::{Asked, carry_out};
use crate::onvif::device;

/// Longest time for a request's body to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(20);
/// What SOAP answers are.
const SOAP: &str = "application/soap+xml; charset=utf-8";
/// Longest `Host` header that is believed, bytes.
const MAX_HOST_BYTES: usize = 261;

/// Addresses of the services. They are outside the limit on the time of
/// answers: a pull waits for as long as its client says.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/onvif/{service}", post(service))
        .route("/onvif/subscription/{id}", post(subscription))
        .route("/onvif/snapshot/{camera}", get(snapshot))
        .route("/onvif/sample.jpg", get(sample))
}

async fn service(State(app): State<App>, request: Request) -> Response {
    serve(app, None, request).await
}

async fn subscription(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    serve(app, Some(id), request).await
}

async fn serve(app: App, subscription: Option<String>, request: Request) -> Response {
    if !app.onvif.book().present().is_enabled {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (parts, body) = request.into_parts();
    let bytes = match read_body(body).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let envelope = match Envelope::read(&bytes) {
        Ok(envelope) => envelope,
        Err(error) => return fault_response(&Fault::from(error), None),
    };
    drop(bytes);
    let relates_to = envelope.message_id.clone();
    let account = match authenticate(&app, &parts, &envelope) {
        Ok(account) => account,
        Err(Refusal::Challenge(challenges)) => return challenge(challenges),
        Err(Refusal::Fault(fault)) => return fault_response(&fault, relates_to.as_deref()),
    };
    let caller = caller(&app, &parts.headers, account.as_ref());
    let device = device(&app.onvif, &app.fleet, &app.device_accounts);
    let reply = answer(&envelope, &device, &caller);
    let answered = match reply {
        Ok(Reply::Document(document)) => Ok(document),
        Ok(Reply::Command(command, done)) => {
            let asked = Asked {
                app: &app,
                caller: &caller,
                device: &device,
                subscription,
                to: envelope.to.as_deref(),
                relates_to: relates_to.as_deref(),
            };
            carry_out(asked, *command, done).await
        }
        Err(fault) => Err(fault),
    };
    match answered {
        Ok(document) => soap(StatusCode::OK, document),
        Err(fault) => fault_response(&fault, relates_to.as_deref()),
    }
}

/// At most what a request may have, and not for ever.
async fn read_body(body: Body) -> Result<Bytes, Box<Response>> {
    let read = axum::body::to_bytes(body, Limits::REQUEST.max_bytes);
    match tokio::time::timeout(BODY_WITHIN, read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Box::new(StatusCode::PAYLOAD_TOO_LARGE.into_response())),
        Err(_) => Err(Box::new(StatusCode::REQUEST_TIMEOUT.into_response())),
    }
}

enum Refusal {
    Challenge(Vec<String>),
    Fault(Fault),
}

/// Whose request it is; `None` where everybody may.
fn authenticate(app: &App, parts: &Parts, envelope: &Envelope) -> Result<Option<Account>, Refusal> {
    let Some(least) = access_of(&envelope.operation.name).least_level() else {
        return Ok(None);
    };
    let has_http = parts.headers.contains_key(header::AUTHORIZATION);
    let by_http = match (has_http, &envelope.token) {
        (false, Some(_)) => None,
        _ => match digest(app, parts) {
            Verdict::Known(account) => Some(account),
            Verdict::Challenge(challenges) => return Err(Refusal::Challenge(challenges)),
        },
    };
    let by_token = match &envelope.token {
        None => None,
        Some(token) => {
            let find = |name: &str| app.device_accounts.find(name);
            let checked = token.check(app.clock.now(), &mut app.onvif.nonces(), find);
            let account = checked
                .map_err(|error| Refusal::Fault(Fault::not_authorized(error.to_string())))?;
            Some(account)
        }
    };
    let level = [&by_http, &by_token]
        .into_iter()
        .flatten()
        .map(|account| account.level)
        .min();
    if level.is_none_or(|level| level < least) {
        let reason = format!("this needs an account of level {}", least.name());
        return Err(Refusal::Fault(Fault::not_authorized(reason)));
    }
    Ok(by_http.or(by_token))
}

fn digest(app: &App, parts: &Parts) -> Verdict {
    let target = parts.uri.path_and_query();
    let authorization = parts.headers.get(header::AUTHORIZATION);
    app.device_accounts.gate().check(
        parts.method.as_str(),
        target.map_or("/", |target| target.as_str()),
        authorization.and_then(|value| value.to_str().ok()),
        app.clock.now(),
        |name| app.device_accounts.find(name),
    )
}

/// By which address the client reached us: behind a proxy that speaks TLS,
/// that proxy's.
fn caller(app: &App, headers: &HeaderMap, account: Option<&Account>) -> Caller {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_plain = |host: &&str| {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        !host.is_empty() && host.len() <= MAX_HOST_BYTES && host.chars().all(is_fine)
    };
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ if app.facts.is_tls => "https",
        _ => "http",
    };
    let authority = text("host").filter(is_plain).unwrap_or("127.0.0.1");
    let port_at = authority
        .rfind(':')
        .filter(|at| !authority.get(*at..).unwrap_or_default().contains(']'));
    let host = port_at
        .and_then(|at| authority.get(..at))
        .unwrap_or(authority);
    Caller {
        base_url: format!("{scheme}://{authority}"),
        host: host.to_owned(),
        now: app.clock.now(),
        account: account.map(|account| account.name.clone()),
    }
}

/// The newest picture, as the camera sent it.
async fn snapshot(
    State(app): State<App>,
    Path(camera): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    if let Verdict::Challenge(challenges) = digest(&app, &parts) {
        return challenge(challenges);
    }
    let camera = CameraId::new(&camera)
        .ok()
        .and_then(|id| app.fleet.get(&id));
    let frame = camera.and_then(|camera| camera.newest_frame.borrow().clone());
    match frame {
        Some(frame) => jpeg(Bytes::from_owner(frame.jpeg)),
        None => (StatusCode::NOT_FOUND, "no picture from this camera yet").into_response(),
    }
}

/// The picture that the sample of the metadata refers to: of the first camera.
async fn sample(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Verdict::Challenge(challenges) = digest(&app, &parts) {
        return challenge(challenges);
    }
    let frames = app.fleet.all().into_iter();
    let mut frames = frames.filter_map(|camera| camera.newest_frame.borrow().clone());
    match frames.next() {
        Some(frame) => jpeg(Bytes::from_owner(frame.jpeg)),
        None => (StatusCode::NOT_FOUND, "no picture yet").into_response(),
    }
}

fn jpeg(bytes: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from(bytes)).into_response()
}

fn soap(status: StatusCode, document: String) -> Response {
    (status, [(header::CONTENT_TYPE, SOAP)], document).into_response()
}

fn fault_response(fault: &Fault, relates_to: Option<&str>) -> Response {
    let status = StatusCode::from_u16(fault.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    soap(status, fault.to_xml(relates_to))
}

fn challenge(challenges: Vec<String>) -> Response {
    let fault = Fault::not_authorized("sign in with HTTP Digest or WS-UsernameToken");
    let mut response = soap(StatusCode::UNAUTHORIZED, fault.to_xml(None));
    for challenge in challenges {
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            let headers = response.headers_mut();
            headers.append(header::WWW_AUTHENTICATE, value);
        }
    }
    response
}
