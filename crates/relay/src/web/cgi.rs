//! The camera's own commands (CGI), for scripts made for the reference
//! product; docs/cgi.md tells of each.
//!
//! In: requests whose password is proven by HTTP Digest. Out: text, JSON, or
//! JSON with `faultCode` and `faultString`.
//!
//! Not here: what the commands do (`software`, `cameras`).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Map, Value, json};
use sink::access::{Account, Level, Verdict};

use super::App;
use super::error::ApiError;
use super::session::Editor;
use super::software::{
    MAX_UPLOAD_BYTES, device_id, install_as, save_over, start_as, stop_as, uninstall_as,
};
use super::software_view::built_in;
use crate::cameras::CameraRecord;
use crate::settings::{ModeDocument, ProgramsDocument, hash_of};
use crate::supervise::CameraRuntime;

/// The relay itself among its programs, as the reference product lists it.
const ENCODER: (u32, &str) = (10, "AiEncoderApp");
/// Numbers of installed programs: from the first, one of so many.
const FIRST_INSTALLED: u32 = 100;
const N_INSTALLED: u32 = 900;
/// Longest form that is not a package, bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// The commands' addresses.
pub(super) fn router() -> Router<App> {
    let upload = DefaultBodyLimit::max(MAX_UPLOAD_BYTES);
    Router::new()
        .route("/cgi-bin/adam.cgi", get(adam).post(adam))
        .route(
            "/cgi-bin/adam_install.cgi",
            post(adam_install).layer(upload),
        )
        .route("/cgi-bin/getinfo", get(getinfo))
        .route("/cgi-bin/cameralist", get(camera_list))
}

/// An account that proved its password.
pub(super) struct Proven(pub(super) Account);

impl FromRequestParts<App> for Proven {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let verdict = app.device_accounts.gate().check(
            parts.method.as_str(),
            target,
            authorization.and_then(|value| value.to_str().ok()),
            app.clock.now(),
            |name| app.device_accounts.find(name),
        );
        match verdict {
            Verdict::Known(account) => Ok(Proven(account)),
            Verdict::Challenge(challenges) => {
                let mut response = Fault::unproven().into_response();
                // MD5 alone: clients made for cameras take the first challenge
                // (Python's urllib) or the last one (ffmpeg), and know no other.
                // Who answers by SHA-256 nevertheless is let in.
                let known = challenges.iter().filter(|text| text.contains("=MD5"));
                for challenge in known {
                    if let Ok(value) = HeaderValue::from_str(challenge) {
                        response
                            .headers_mut()
                            .append(header::WWW_AUTHENTICATE, value);
                    }
                }
                Err(response)
            }
        }
    }
}

impl Proven {
    /// As who it changes things, if it may.
    fn editor(&self, least: Level) -> Result<Editor, Fault> {
        if self.0.level < least {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                2,
                format!("this needs an account of level {}", least.name()),
            ));
        }
        Ok(Editor {
            name: format!("{} (CGI)", self.0.name),
        })
    }
}

/// What went wrong, as scripts of the reference product read it.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: u32,
    text: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, code: u32, text: impl Into<String>) -> Self {
        Fault {
            status,
            code,
            text: text.into(),
        }
    }

    fn unproven() -> Self {
        Fault::new(StatusCode::UNAUTHORIZED, 1, "sign in with HTTP Digest")
    }

    /// A parameter is missing or wrong.
    pub(super) fn parameter(text: impl Into<String>) -> Self {
        Fault::new(StatusCode::BAD_REQUEST, 3, text)
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let text = error.message().to_owned();
        Fault::new(error.into_response().status(), 4, text)
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({"faultCode": self.code.to_string(), "faultString": self.text});
        (self.status, axum::Json(body)).into_response()
    }
}

/// Parameters of a request: of its address, and of a form in its body.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    async fn of(request: Request) -> Result<Self, Fault> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = axum::body::to_bytes(request.into_body(), MAX_FORM_BYTES)
            .await
            .map_err(|_| Fault::parameter(format!("the form exceeds {MAX_FORM_BYTES} bytes")))?;
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(&body));
        Ok(Parameters(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .take(64)
                .collect(),
        ))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.iter();
        let mut found = pairs.filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name)
            .ok_or_else(|| Fault::parameter(format!("the parameter {name} is missing")))
    }
}

/// `/cgi-bin/adam.cgi`.
async fn adam(proven: Proven, State(app): State<App>, request: Request) -> Result<Response, Fault> {
    let parameters = Parameters::of(request).await?;
    match parameters.need("methodName")? {
        "getApplicationList" => Ok(axum::Json(application_list(&app)).into_response()),
        "startApplication" => {
            let editor = proven.editor(Level::Operator)?;
            let program = program_of(&app, &parameters)?;
            start_as(&app, &editor, &program, None).await?;
            Ok(done())
        }
        "stopApplication" => {
            let editor = proven.editor(Level::Operator)?;
            let program = program_of(&app, &parameters)?;
            stop_as(&app, &editor, &program, None).await?;
            Ok(done())
        }
        "uninstallApplication" => {
            let editor = proven.editor(Level::Administrator)?;
            let program = program_of(&app, &parameters)?;
            uninstall_as(&app, &editor, &program).await?;
            Ok(done())
        }
        "setApplicationPreference" => {
            let editor = proven.editor(Level::Operator)?;
            set_preference(&app, &editor, &parameters).await?;
            Ok(done())
        }
        "sendDataToAdamApplication" => {
            let editor = proven.editor(Level::Operator)?;
            send_data(&app, &editor, &parameters).await
        }
        other => {
            let name: String = other.chars().take(40).collect();
            Err(Fault::parameter(format!("there is no method {name:?}")))
        }
    }
}

/// What a command answers that only does something.
fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Number, name in the camera's protocols, and id here of every program.
fn applications(app: &App) -> Vec<(u32, String, String, String)> {
    let version = env!("CARGO_PKG_VERSION");
    let mut applications: Vec<(u32, String, String, String)> = (1..)
        .zip(built_in())
        .map(|(number, (id, name))| (number, name.to_owned(), id.to_owned(), version.to_owned()))
        .collect();
    applications.push((
        ENCODER.0,
        ENCODER.1.to_owned(),
        String::new(),
        version.to_owned(),
    ));
    for facts in app.extensions.list() {
        let share = u32::try_from(hash_of(&facts.id) % u64::from(N_INSTALLED)).unwrap_or(0);
        // The next free number where two programs share one.
        let number = (0..N_INSTALLED)
            .map(|step| FIRST_INSTALLED + (share + step) % N_INSTALLED)
            .find(|number| applications.iter().all(|(taken, ..)| taken != number));
        let version = facts.installation.map(|found| found.manifest.version);
        if let Some(number) = number {
            let version = version.unwrap_or_default();
            applications.push((number, facts.id.clone(), facts.id, version));
        }
    }
    applications
}

fn application_list(app: &App) -> Value {
    let list: Vec<Value> = applications(app)
        .into_iter()
        .map(|(number, name, _, version)| {
            json!({"appInfo": {
                "installId": number,
                "appNameList": [{"name": name}],
                "version": version,
            }})
        })
        .collect();
    json!({"appList": list})
}

/// Id of the program that `installId` or `appName` means.
fn program_of(app: &App, parameters: &Parameters) -> Result<String, Fault> {
    let number = parameters.get("installId");
    let name = parameters.get("appName");
    if number.is_none() && name.is_none() {
        return Err(Fault::parameter("the parameter installId is missing"));
    }
    let found = applications(app)
        .into_iter()
        .find(|(known, known_name, ..)| {
            number.is_none_or(|number| *number == known.to_string())
                && name.is_none_or(|name| name == known_name)
        });
    match found {
        Some((.., id, _)) if !id.is_empty() => Ok(id),
        Some(_) => Err(Fault::parameter(format!(
            "{} is airelay itself: it is neither started nor stopped here",
            ENCODER.1
        ))),
        None => Err(Fault::parameter("there is no such application")),
    }
}

/// The cameras that `channel` means: its number in the order of ids, from 1;
/// all of them when absent.
async fn cameras_of(app: &App, parameters: &Parameters) -> Result<Vec<CameraRecord>, Fault> {
    let mut records = app.cameras.list().await?;
    let Some(channel) = parameters.get("channel") else {
        return Ok(records);
    };
    let number = channel
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1));
    match number.filter(|idx| *idx < records.len()) {
        Some(idx) => Ok(vec![records.swap_remove(idx)]),
        None => Err(Fault::parameter(format!(
            "channel: use 1 to {}, the linked cameras",
            records.len()
        ))),
    }
}

/// The one-shot switch of linked cameras.
async fn set_preference(app: &App, editor: &Editor, parameters: &Parameters) -> Result<(), Fault> {
    let named = ["appName", "prefType", "prefName"].map(|name| parameters.get(name));
    if named != [Some(ENCODER.1), Some("Integer"), Some("OneShot")] {
        return Err(Fault::parameter(
            "the only preference is appName=AiEncoderApp&prefType=Integer&prefName=OneShot",
        ));
    }
    let mode = match parameters.need("value")? {
        "1" => ModeDocument::OneShot,
        "0" => ModeDocument::Stream,
        _ => return Err(Fault::parameter("value: use 0 or 1")),
    };
    for record in cameras_of(app, parameters).await? {
        if record.document.link.mode != mode {
            let mut document = record.document.clone();
            document.link.mode = mode;
            save_over(app, editor, &record, document).await?;
        }
    }
    Ok(())
}

/// Settings of a program, as JSON in Base64: fields that are sent replace
/// those of the camera's document; `{}` changes nothing. Answers the settings
/// of each camera.
async fn send_data(app: &App, editor: &Editor, parameters: &Parameters) -> Result<Response, Fault> {
    let program = program_of(app, parameters)?;
    let data = STANDARD
        .decode(parameters.need("s_appData")?)
        .map_err(|_| Fault::parameter("s_appData is no Base64"))?;
    let sent: Map<String, Value> = serde_json::from_slice(&data)
        .map_err(|error| Fault::parameter(format!("s_appData holds no JSON object: {error}")))?;
    let mut answers = Vec::new();
    for record in cameras_of(app, parameters).await? {
        let changed = merged(&record.document.programs, &program, &sent)?;
        if changed != record.document.programs {
            let mut document = record.document.clone();
            document.programs = changed.clone();
            save_over(app, editor, &record, document).await?;
        }
        let shown = part_of(&json!(changed), &program).cloned();
        answers.push(json!({"camera": record.camera_id.as_str(), "settings": shown}));
    }
    Ok(axum::Json(json!({ "cameras": answers })).into_response())
}

/// The programs of a camera, with the sent fields of one of them.
fn merged(
    programs: &ProgramsDocument,
    program: &str,
    sent: &Map<String, Value>,
) -> Result<ProgramsDocument, Fault> {
    let mut programs = programs.clone();
    let is_built_in = built_in().iter().any(|(id, _)| *id == program);
    if !is_built_in && !sent.is_empty() {
        let extension = programs.extensions.entry(program.to_owned());
        extension.or_default();
    }
    let mut json = json!(programs);
    let part = match is_built_in {
        true => json.get_mut(program),
        false => json
            .get_mut("extensions")
            .and_then(|all| all.get_mut(program)),
    };
    if let Some(part) = part.and_then(Value::as_object_mut) {
        part.extend(sent.clone());
    }
    serde_json::from_value(json)
        .map_err(|error| Fault::parameter(format!("s_appData cannot be used: {error}")))
}

fn part_of<'a>(programs: &'a Value, program: &str) -> Option<&'a Value> {
    let built_in = programs.get(program);
    built_in.or_else(|| programs.get("extensions")?.get(program))
}

/// `/cgi-bin/adam_install.cgi`: a form with the package.
async fn adam_install(
    proven: Proven,
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Fault> {
    let editor = proven.editor(Level::Administrator)?;
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default())
        .map_err(|_| Fault::parameter("send the package as multipart/form-data"))?;
    let limits = SizeLimit::new().whole_stream(MAX_UPLOAD_BYTES as u64);
    let body = request.into_body().into_data_stream();
    let constraints = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(body, boundary, constraints);
    let unreadable = |error: multer::Error| Fault::parameter(format!("read the form: {error}"));
    let mut package = None;
    let mut method = None;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().map(str::to_owned);
        match name.as_deref() {
            Some("applicationPackage") => {
                package = Some(field.bytes().await.map_err(unreadable)?.to_vec());
            }
            Some("methodName") => method = Some(field.text().await.map_err(unreadable)?),
            _ => {}
        }
    }
    if method
        .as_deref()
        .is_some_and(|method| method != "installApplication")
    {
        return Err(Fault::parameter("methodName: use installApplication"));
    }
    let package =
        package.ok_or_else(|| Fault::parameter("the part applicationPackage is missing"))?;
    install_as(&app, &editor, package).await?;
    Ok(done())
}

/// `/cgi-bin/getinfo?FILE=1`: facts, one a line.
async fn getinfo(_: Proven, State(app): State<App>, request: Request) -> Result<Response, Fault> {
    let parameters = Parameters::of(request).await?;
    if parameters.need("FILE")? != "1" {
        return Err(Fault::parameter("FILE: use 1"));
    }
    let mut text = format!(
        "MODEL=airelay\r\nVERSION={}\r\nDEVICEID={}\r\n",
        env!("CARGO_PKG_VERSION"),
        device_id(&app)
    );
    for (line, (_, name, _, version)) in (1..).zip(applications(&app)) {
        text.push_str(&format!(
            "EXTAPP{line}={name}\r\nEXTAPPVER{line}={version}\r\n"
        ));
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((content_type, text).into_response())
}

/// All linked cameras, as Active Guard asks a VMS for them; the order is that
/// of `channel=`.
async fn camera_list(_: Proven, State(app): State<App>) -> axum::Json<Vec<Value>> {
    let cameras = app.fleet.all();
    let entry = |camera: &Arc<CameraRuntime>| {
        let settings = camera.current_settings();
        json!({
            "ID": settings.camera_id.to_string(),
            "CameraName": settings.name,
            "Model": "airelay",
            "IPAddress": settings.link.host(),
            "CameraChannel": settings.link.channel(),
        })
    };
    axum::Json(cameras.iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_fields_replace_those_of_one_program_and_unknown_ones_are_refused() {
        let before = ProgramsDocument::default();
        let sent = json!({"is_enabled": true, "interval_s": 5});
        let after = merged(&before, "occupancy", sent.as_object().unwrap()).unwrap();
        assert!(after.occupancy.is_enabled);
        assert_eq!(after.occupancy.interval_s, 5);
        assert_eq!(after.vmd, before.vmd);
        let unknown = json!({"colour": 1});
        assert!(merged(&before, "vmd", unknown.as_object().unwrap()).is_err());
        let queue = json!({"is_enabled": true, "settings": {"limit": 3}});
        let after = merged(&before, "queue", queue.as_object().unwrap());
        // A camera that had no installed program has none in its JSON either.
        assert!(after.unwrap().extensions["queue"].is_enabled);
        let nothing = merged(&before, "queue", &Map::new()).unwrap();
        assert_eq!(nothing, before);
    }
}
