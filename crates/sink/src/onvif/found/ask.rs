//! One question to a camera, and its answer.
//!
//! Signing in: by WS-UsernameToken, which every ONVIF device knows, until the
//! camera asks for HTTP Digest instead. Basic is not answered: it would give
//! the password away.

use std::time::Duration;

use http_auth::{PasswordClient, PasswordParams};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode};
use ring::rand::{SecureRandom as _, SystemRandom};
use types::Timestamp;
use url::Url;

use super::{CameraLogin, FoundError, PREFIXES};
use crate::http::{careful_client, digest_of};
use crate::onvif::namespace as ns;
use crate::onvif::soap::write_security;
use crate::onvif::xml::{Element, Limits, XmlWriter, read, write_document};
use crate::webhook::check_url;

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Longest address, bytes.
const MAX_URL_BYTES: usize = 1_024;
/// Longest answer, bytes: a camera with many profiles writes some 100 kB.
const MAX_ANSWER_BYTES: usize = Limits::REQUEST.max_bytes;
const NONCE_BYTES: usize = 16;

/// Asks one camera.
pub(super) struct Asker {
    client: Client,
    authority: String,
    login: Option<CameraLogin>,
    now: Timestamp,
    /// The camera's clock less ours, milliseconds.
    clock_ahead_ms: i64,
    /// Once the camera has asked for HTTP Digest.
    digest: Option<PasswordClient>,
}

impl Asker {
    pub(super) fn new(
        device: &Url,
        login: Option<&CameraLogin>,
        now: Timestamp,
    ) -> Result<Self, FoundError> {
        Ok(Asker {
            client: careful_client(ANSWER_WITHIN).map_err(FoundError::Address)?,
            authority: authority(device),
            login: login.cloned(),
            now,
            clock_ahead_ms: 0,
            digest: None,
        })
    }

    /// Takes over the camera's idea of the time.
    pub(super) fn set_clock(&mut self, camera_now: Option<Timestamp>) {
        if let Some(camera_now) = camera_now {
            self.clock_ahead_ms = camera_now.as_millis() - self.now.as_millis();
        }
    }

    /// Asks without signing in, as everybody may.
    pub(super) async fn ask_openly(
        &mut self,
        url: &Url,
        operation: &str,
    ) -> Result<Element, FoundError> {
        let document = envelope(|_| {}, |xml| xml.empty(operation, &[]));
        let answer = self.post(url, document, None).await?;
        self.read(answer).await
    }

    /// Asks, and signs in.
    pub(super) async fn ask(
        &mut self,
        url: &Url,
        body: impl Fn(&mut XmlWriter),
    ) -> Result<Element, FoundError> {
        let document = match (&self.login, &self.digest) {
            (Some(login), None) => {
                let nonce = nonce()?;
                let created = Timestamp::from_millis(self.now.as_millis() + self.clock_ahead_ms);
                let head = |xml: &mut XmlWriter| {
                    write_security(xml, &login.user, &login.password, &nonce, created);
                };
                envelope(head, &body)
            }
            _ => envelope(|_| {}, &body),
        };
        let authorization = self.authorization(url)?;
        let mut answer = self.post(url, document, authorization).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.login.is_some() {
            self.digest = Some(digest_of(&answer).ok_or_else(|| self.refused())?);
            let authorization = self.authorization(url)?;
            let document = envelope(|_| {}, &body);
            answer = self.post(url, document, authorization).await?;
        }
        self.read(answer).await
    }

    fn authorization(&mut self, url: &Url) -> Result<Option<String>, FoundError> {
        let (Some(login), Some(digest)) = (&self.login, &mut self.digest) else {
            return Ok(None);
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let header = digest.respond(&PasswordParams {
            username: &login.user,
            password: &login.password,
            uri: &path,
            method: "POST",
            // With a body, the library would prefer auth-int.
            body: None,
        });
        header.map(Some).map_err(|error| self.strange(error))
    }

    async fn post(
        &self,
        url: &Url,
        document: String,
        authorization: Option<String>,
    ) -> Result<Response, FoundError> {
        let mut request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/soap+xml; charset=utf-8")
            .body(document);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let sent = request.send().await;
        sent.map_err(|error| FoundError::Unreachable {
            authority: self.authority.clone(),
            detail: in_words(error),
        })
    }

    /// The operation's answer; faults are errors.
    async fn read(&self, mut answer: Response) -> Result<Element, FoundError> {
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED {
            return Err(self.refused());
        }
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.strange(format!(
                    "its answer exceeds the limit of {MAX_ANSWER_BYTES} bytes"
                )));
            }
            bytes.extend_from_slice(&chunk);
        }
        let no_onvif = || self.strange(format!("no ONVIF came back, but HTTP {}", status.as_u16()));
        let root = read(&bytes, Limits::REQUEST).map_err(|_| no_onvif())?;
        let mut bodies = root.children.into_iter();
        let body = bodies.find(|child| child.name.is(ns::SOAP, "Body"));
        let first = body.and_then(|body| body.children.into_iter().next());
        let first = first.ok_or_else(no_onvif)?;
        if !first.name.is(ns::SOAP, "Fault") {
            return Ok(first);
        }
        let fault = Fault::read(&first);
        if fault.is_about_login || status == StatusCode::FORBIDDEN {
            return Err(self.refused());
        }
        Err(self.strange(format!("it refuses ({})", fault.reason)))
    }

    fn refused(&self) -> FoundError {
        let authority = self.authority.clone();
        match self.login {
            Some(_) => FoundError::LoginRefused(authority),
            None => FoundError::LoginWanted(authority),
        }
    }

    fn strange(&self, detail: String) -> FoundError {
        FoundError::NotOnvif {
            authority: self.authority.clone(),
            detail,
        }
    }
}

/// What a fault says.
struct Fault {
    is_about_login: bool,
    reason: String,
}

impl Fault {
    fn read(fault: &Element) -> Self {
        let mut codes = Vec::new();
        let mut code = fault.child(ns::SOAP, "Code");
        // Code and subcodes; the tree's depth is bounded.
        while let Some(present) = code {
            codes.extend(present.child_text(ns::SOAP, "Value"));
            code = present.child(ns::SOAP, "Subcode");
        }
        let is_about_login = codes.iter().any(|code| {
            let local = code.rsplit(':').next().unwrap_or_default();
            ["NotAuthorized", "FailedAuthentication"].contains(&local)
        });
        let reason = fault.child(ns::SOAP, "Reason");
        let reason = reason.and_then(|reason| reason.child_text(ns::SOAP, "Text"));
        Fault {
            is_about_login,
            reason: super::short(reason.unwrap_or("without a reason")),
        }
    }
}

/// A device's address that may be asked.
pub(super) fn checked(address: &str) -> Result<Url, FoundError> {
    if address.len() > MAX_URL_BYTES {
        let reason = format!("its address is longer than {MAX_URL_BYTES} bytes");
        return Err(FoundError::Address(reason));
    }
    let url = check_url(address).map_err(|error| FoundError::Address(error.message))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FoundError::Address(
            "type user name and password in their own fields".to_owned(),
        ));
    }
    Ok(url)
}

/// A service of the camera at the host by which the camera was reached, and
/// never in the clear when that was secure.
pub(super) fn at_reached_host(address: &str, device: &Url) -> Option<Url> {
    if address.len() > MAX_URL_BYTES {
        return None;
    }
    let told = Url::parse(address).ok()?;
    let mut url = device.clone();
    if device.scheme() == told.scheme() {
        url.set_port(told.port()).ok()?;
    } else if told.scheme() == "https" {
        url.set_scheme("https").ok()?;
        url.set_port(told.port()).ok()?;
    } else if told.scheme() != "http" {
        return None;
    }
    url.set_path(told.path());
    url.set_query(told.query());
    Some(url)
}

/// Host and port.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn envelope(head: impl FnOnce(&mut XmlWriter), body: impl FnOnce(&mut XmlWriter)) -> String {
    write_document(|xml| {
        xml.within_with("s:Envelope", &PREFIXES, |xml| {
            xml.within("s:Header", head);
            xml.within("s:Body", body);
        });
    })
}

fn nonce() -> Result<[u8; NONCE_BYTES], FoundError> {
    let mut nonce = [0; NONCE_BYTES];
    let filled = SystemRandom::new().fill(&mut nonce);
    filled.map_err(|_| FoundError::Address("the system gives no random numbers".to_owned()))?;
    Ok(nonce)
}

/// The innermost cause says most.
fn in_words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", ANSWER_WITHIN.as_secs());
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    super::short(&cause.to_string())
}
