//! Requests to another airelay.
//!
//! In: its address, and a token or a login. Out: answers, whole or not at all:
//! what ends early, is too long or is no JSON of ours is an error in words that
//! never holds a secret.
//!
//! Not here: what to do with the answers (`walk`, `task`).

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::Stream;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sink::{CarefulClient, NoAnswer};

use super::error::NodeError;
use super::wire::{CameraChangeView, FeedView};
use crate::deliver::parse_trust;
use crate::settings::{FieldErrors, NodeAddress};

/// Longest wait for an answer that is there at once.
const WITHIN: Duration = Duration::from_secs(10);
/// Longest that an airelay may take to send a page, beyond the time that it
/// waits for news.
const PAGE_WITHIN: Duration = Duration::from_secs(20);
/// Longest answer, bytes: a page with its pictures.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Longest part of a refusal that is shown, characters.
const MAX_SHOWN_CHARS: usize = 200;
/// Longest that one live view is passed on, without a break.
const LIVE_FOR: Duration = Duration::from_hours(24);

/// Speaks to one airelay.
#[derive(Debug)]
pub(crate) struct NodeClient {
    careful: CarefulClient,
    base: String,
}

/// Somebody who signed in at the node.
pub(super) struct Login {
    cookie: String,
    csrf_token: String,
}

/// From where to read the feed.
#[derive(Clone, Debug)]
pub(super) struct FeedQuery {
    /// A cursor, `beginning` or `now`.
    pub after: String,
    /// Not past this cursor.
    pub until: Option<String>,
    /// How long to wait where there is nothing new, seconds.
    pub wait_s: u32,
    /// Whether to tell what the cameras do.
    pub has_cameras: bool,
}

impl NodeClient {
    /// For an address; connects to nobody yet.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn new(address: &NodeAddress) -> Result<Self, FieldErrors> {
        let host = address.host.trim();
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || "/@?#\\".contains(c);
        if host.is_empty() || host.len() > 256 || host.contains(is_odd) {
            return Err(FieldErrors::one(
                "host",
                "type only the address or name, without http:// and without a path",
            ));
        }
        if address.port == 0 {
            return Err(FieldErrors::one("port", "the port must be 1 to 65535"));
        }
        let trust = parse_trust(address.fingerprint.as_deref())?;
        let careful = CarefulClient::new(trust, WITHIN)
            .map_err(|error| FieldErrors::one("fingerprint", error))?;
        let scheme = if address.is_tls { "https" } else { "http" };
        let host = match host.parse::<std::net::Ipv6Addr>() {
            Ok(v6) => format!("[{v6}]"),
            Err(_) => host.to_owned(),
        };
        let base = format!("{scheme}://{host}:{}", address.port);
        if reqwest::Url::parse(&base).is_err() {
            return Err(FieldErrors::one("host", "this is no address or name"));
        }
        Ok(NodeClient { careful, base })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.base
    }

    /// SHA-256 of the newest certificate that was refused.
    pub(crate) fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.careful.refused_certificate()
    }

    /// Who answers: the version of an airelay.
    pub(super) async fn version(&self) -> Result<String, NodeError> {
        let what = "reach it";
        let request = self.request(Method::GET, "/api/v1/session");
        let session: Value = self.json(what, request).await.map_err(|error| {
            let is_other = error.problem.starts_with("HTTP") || error.problem.contains("JSON");
            match is_other {
                true => NodeError::person(
                    what,
                    "somebody answers, but no airelay",
                    "look at address and port: the port is the one of airelay's web pages",
                ),
                false => error,
            }
        })?;
        if session["setup_required"] == true {
            return Err(NodeError::person(
                what,
                "this airelay has no account yet",
                "open the set-up link that it printed at its first start",
            ));
        }
        session["version"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| {
                NodeError::person(
                    what,
                    "somebody answers, but no airelay",
                    "look at address and port",
                )
            })
    }

    /// Signs in; the account must be an administrator.
    pub(super) async fn sign_in(&self, name: &str, password: &str) -> Result<Login, NodeError> {
        let what = "sign in";
        let request = self
            .request(Method::POST, "/api/v1/session")
            .header("x-csrf-token", "first");
        let request = with_json(request, &json!({"name": name, "password": password}));
        let answer = self.send(what, request).await?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookie = cookies
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .find(|pair| pair.starts_with("airelay_session="))
            .map(str::to_owned);
        let session: Value = parse(what, &self.body(what, answer).await?)?;
        let (Some(cookie), Some(csrf_token)) = (cookie, session["csrf_token"].as_str()) else {
            return Err(NodeError::person(what, "no session came back", ""));
        };
        let login = Login {
            cookie,
            csrf_token: csrf_token.to_owned(),
        };
        if session["user"]["role"] != "administrator" {
            self.sign_out(&login).await;
            return Err(NodeError::person(
                what,
                format!("{name} is no administrator there"),
                "use an account that is one: it is needed once, to make a token",
            ));
        }
        Ok(login)
    }

    /// Signs out; a session that stays ends by itself.
    pub(super) async fn sign_out(&self, login: &Login) {
        let request = self.request(Method::DELETE, "/api/v1/session");
        drop(self.send("sign out", login.on(request)).await);
    }

    /// Makes a token for us.
    pub(super) async fn make_token(&self, login: &Login, name: &str) -> Result<String, NodeError> {
        let what = "make a token";
        let request = self.request(Method::POST, "/api/v1/tokens");
        let request = with_json(request, &json!({"name": name, "scopes": ["node"]}));
        let made: Value = self.json(what, login.on(request)).await?;
        let token = made["token"].as_str().map(str::to_owned);
        token.ok_or_else(|| NodeError::person(what, "no token came back", ""))
    }

    /// Gives our token back; who cannot be reached keeps it until somebody
    /// revokes it there.
    pub(super) async fn give_token_back(&self, token: &str) -> Result<(), NodeError> {
        let request = self.request(Method::DELETE, "/api/v1/tokens/own");
        let sent = self.send("give the token back", request.bearer_auth(token));
        sent.await.map(drop)
    }

    /// A page of the feed, asked by somebody who signed in.
    pub(super) async fn feed_as(&self, login: &Login) -> Result<FeedView, NodeError> {
        let request = self.request(Method::GET, "/api/v1/feed?after=now&limit=1");
        self.json("read what is new", login.on(request)).await
    }

    /// A page of the feed.
    pub(super) async fn feed(&self, query: &FeedQuery, token: &str) -> Result<FeedView, NodeError> {
        let mut path = format!(
            "/api/v1/feed?after={}&wait_s={}&cameras={}",
            query.after, query.wait_s, query.has_cameras
        );
        if let Some(until) = &query.until {
            path += &format!("&until={until}");
        }
        let request = self
            .request(Method::GET, &path)
            .timeout(PAGE_WITHIN + Duration::from_secs(query.wait_s.into()))
            .bearer_auth(token);
        self.json("read what is new", request).await
    }

    /// The settings of all cameras there.
    pub(super) async fn cameras(&self, token: &str) -> Result<Vec<CameraChangeView>, NodeError> {
        let request = self.request(Method::GET, "/api/v1/feed/cameras");
        let what = "read its cameras";
        let mut list: Value = self.json(what, request.bearer_auth(token)).await?;
        serde_json::from_value(list["cameras"].take()).map_err(|_| no_json(what))
    }

    /// The same, asked by somebody who signed in.
    pub(super) async fn cameras_as(
        &self,
        login: &Login,
    ) -> Result<Vec<CameraChangeView>, NodeError> {
        let request = self.request(Method::GET, "/api/v1/feed/cameras");
        let what = "read its cameras";
        let mut list: Value = self.json(what, login.on(request)).await?;
        serde_json::from_value(list["cameras"].take()).map_err(|_| no_json(what))
    }

    /// The newest picture of a camera there.
    ///
    /// # Errors
    /// It could not be fetched.
    pub(crate) async fn picture(&self, token: &str, camera: &str) -> Result<Bytes, NodeError> {
        let what = "fetch its picture";
        let path = format!("/api/v1/cameras/{camera}/frame.jpg");
        let request = self.request(Method::GET, &path).bearer_auth(token);
        let answer = self.send(what, request).await?;
        self.body(what, answer).await
    }

    /// The live view of a camera there, byte by byte.
    ///
    /// # Errors
    /// It could not be opened.
    pub(crate) async fn live(
        &self,
        token: &str,
        camera: &str,
    ) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + use<>, NodeError> {
        let path = format!("/api/v1/cameras/{camera}/live");
        let request = self
            .request(Method::GET, &path)
            .timeout(LIVE_FOR)
            .bearer_auth(token);
        let answer = self.send("open its live view", request).await?;
        Ok(answer.bytes_stream())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.careful.client().request(method, url)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: RequestBuilder,
    ) -> Result<T, NodeError> {
        let answer = self.send(what, request).await?;
        parse(what, &self.body(what, answer).await?)
    }

    /// The answer of a request that went well.
    async fn send(
        &self,
        what: &'static str,
        request: RequestBuilder,
    ) -> Result<Response, NodeError> {
        let answer = request
            .send()
            .await
            .map_err(|error| self.no_answer(what, &error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = self.body(what, answer).await.unwrap_or_default();
        Err(refused(what, status, &body))
    }

    /// All of a body; half a body is none.
    async fn body(&self, what: &'static str, mut answer: Response) -> Result<Bytes, NodeError> {
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > MAX_ANSWER_BYTES => {
                    let problem = format!("more than {MAX_ANSWER_BYTES} bytes came back");
                    return Err(NodeError::retry(what, problem, ""));
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(bytes.into()),
                Err(error) => return Err(self.no_answer(what, &error)),
            }
        }
    }

    fn no_answer(&self, what: &'static str, error: &reqwest::Error) -> NodeError {
        match NoAnswer::of(error) {
            NoAnswer::Timeout => NodeError::retry(
                what,
                "no answer in time",
                "look whether it runs, and whether a firewall is between",
            ),
            NoAnswer::Address(refused) => NodeError::person(what, refused.to_string(), ""),
            NoAnswer::Unreachable(detail) => match self.refused_certificate() {
                Some(_) => NodeError::person(
                    what,
                    format!("its certificate is not trusted ({detail})"),
                    "compare the fingerprint with the one that it shows, and trust it",
                ),
                None => NodeError::retry(
                    what,
                    detail,
                    "look at address, port and SSL, and whether it runs",
                ),
            },
        }
    }
}

impl Login {
    fn on(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf_token)
    }
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_string())
}

/// What an airelay that refuses says.
fn refused(what: &'static str, status: StatusCode, body: &[u8]) -> NodeError {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &answer["error"];
    let said: String = error["message"]
        .as_str()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_SHOWN_CHARS)
        .collect();
    let problem = match said.as_str() {
        "" => format!("HTTP {}", status.as_u16()),
        said => said.to_owned(),
    };
    match (status, error["code"].as_str()) {
        (StatusCode::UNAUTHORIZED, Some("bad_token")) => NodeError::person(
            what,
            "it does not know our token",
            "it was revoked there, or that database was made anew: log in again",
        ),
        (StatusCode::UNAUTHORIZED, Some("bad_login")) => {
            NodeError::person(what, problem, "type name and password as on its own pages")
        }
        (StatusCode::NOT_FOUND, Some("not_found")) if what == "read what is new" => {
            NodeError::person(what, "this airelay is too old to be guarded", "update it")
        }
        (status, _) if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            NodeError::person(what, problem, "")
        }
        _ => NodeError::retry(what, problem, ""),
    }
}

fn parse<T: DeserializeOwned>(what: &'static str, body: &[u8]) -> Result<T, NodeError> {
    serde_json::from_slice(body)
        .context("read JSON")
        .map_err(|error| {
            tracing::debug!(error = %format!("{error:#}"), "answer of a node");
            no_json(what)
        })
}

fn no_json(what: &'static str) -> NodeError {
    NodeError::retry(
        what,
        "what came back is no JSON of an airelay",
        "look at address and port, and whether both are of about the same version",
    )
}
