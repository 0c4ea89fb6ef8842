//! Webhook: each step of an event as one HTTP request: airelay's own JSON
//! document, or a form that a person typed.
//!
//! In: a message and the present. Out: accepted, or an error that says whether
//! trying again makes sense. The document, the headers, the places of a form
//! and how a receiver checks the signature stand in `docs/webhooks.md`.
//!
//! Not here: where it may connect to (`http`), when to deliver what (`queue`).

use std::time::Duration;

use http_auth::{PasswordClient, PasswordParams};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use tokio::sync::Mutex;
use types::Timestamp;
use url::Url;

use crate::address;
use crate::http::{NoAnswer, careful_builder, digest_of, is_busy, read_start, retry_after, shown};
use crate::tls::RefusedCertificate;
use crate::{ConfigError, Message, Trust};

mod document;
mod error;
mod login;
mod signature;
mod template;

pub use self::error::DeliverError;
pub use self::login::{Login, TypedLogin, split_login};
pub use self::template::{Method, PLACES, Template};

use self::login::check_login;

/// Most own headers.
const MAX_HEADERS: usize = 16;
/// Longest secret, bytes.
const MAX_SECRET_BYTES: usize = 1_024;
/// Longest body we send, bytes: a picture of 4 MiB in base64 and the rest.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// How much of an answer is read at most, bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Where and how to deliver.
#[derive(Clone)]
pub struct WebhookConfig {
    /// `http` or `https`, with places behind the host where there is a
    /// template. Path and query may hold secrets and are never shown.
    pub url: String,
    /// User and password there.
    pub login: Option<Login>,
    /// The request's form; airelay's own document without one.
    pub template: Option<Template>,
    /// Key of the signature header; no signature without it.
    pub secret: Option<String>,
    /// Further headers, such as an API key; at most 16.
    pub headers: Vec<(String, String)>,
    /// Longest time for one delivery, from connect to answer; 1 s to 120 s.
    pub timeout: Duration,
    /// Whose certificate is accepted.
    pub trust: Trust,
    /// What precedes a picture's path, such as `https://relay.example:8092`;
    /// without it the document has no picture link.
    pub public_base_url: Option<String>,
    /// Whether the picture itself goes into the document, as base64.
    pub has_picture_inside: bool,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        WebhookConfig {
            url: String::new(),
            login: None,
            template: None,
            secret: None,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            trust: Trust::Verify,
            public_base_url: None,
            has_picture_inside: false,
        }
    }
}

impl std::fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookConfig")
            .field(
                "origin",
                &Url::parse(&self.url).ok().map(|url| origin(&url)),
            )
            .field("has_secret", &self.secret.is_some())
            .field("n_headers", &self.headers.len())
            .field("timeout", &self.timeout)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A receiver, with its connections.
pub struct Webhook {
    client: Client,
    config: WebhookConfig,
    /// Without what fills its places.
    url: Url,
    refused: RefusedCertificate,
    /// What the receiver asked for last.
    digest: Mutex<Option<PasswordClient>>,
}

/// A request, ready to be sent more than once.
struct Outgoing {
    method: reqwest::Method,
    url: Url,
    /// Content type and body.
    body: Option<(String, Vec<u8>)>,
    idempotency_key: String,
    signature: Option<String>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Checks `config`; connects to nobody yet.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub fn new(config: WebhookConfig) -> Result<Self, ConfigError> {
        let url = match &config.template {
            None => check_url(&config.url)?,
            Some(template) => {
                template.check()?;
                check_url(&template::check_url(&config.url)?)?
            }
        };
        check_login(&url, config.login.as_ref())?;
        check_rest(&config)?;
        let headers = check_headers(&config.headers)?;
        let refused = RefusedCertificate::default();
        let invalid = |message: String| ConfigError {
            field: "trust",
            message,
        };
        let client = careful_builder(config.trust, &refused, config.timeout)
            .map_err(invalid)?
            .pool_max_idle_per_host(4)
            .default_headers(headers)
            .build()
            .map_err(|error| invalid(format!("prepare connections: {error}")))?;
        Ok(Webhook {
            client,
            config,
            url,
            refused,
            digest: Mutex::default(),
        })
    }

    /// Whether messages want [`Picture::jpeg`](crate::Picture).
    pub fn has_picture_inside(&self) -> bool {
        self.config.has_picture_inside
    }

    /// SHA-256 of the newest certificate that was refused, for a person to
    /// compare and pin.
    pub fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.refused.get()
    }

    /// Sends one step. Repeating it sends the same idempotency key.
    ///
    /// # Errors
    /// It did not arrive, or was not accepted;
    /// [`DeliverError::reaction`] says what to do.
    pub async fn deliver(&self, message: &Message, now: Timestamp) -> Result<(), DeliverError> {
        let outgoing = self.outgoing(message, now)?;
        let mut response = self.send(&outgoing).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.takes_challenge(&response).await {
            response = self.send(&outgoing).await?;
        }
        self.judge(response).await
    }

    fn outgoing(&self, message: &Message, now: Timestamp) -> Result<Outgoing, DeliverError> {
        let base = self.config.public_base_url.as_deref();
        let (method, url, body) = match &self.config.template {
            None => {
                let document = document::to_json(message, &self.config);
                let body = ("application/json".to_owned(), document);
                (reqwest::Method::POST, self.url.clone(), Some(body))
            }
            Some(template) => {
                let url = template::url_of(&self.config.url, message, base).map_err(|error| {
                    DeliverError::Refused {
                        origin: self.origin(),
                        status: 0,
                        text: format!("the address cannot be filled: {error}"),
                    }
                })?;
                let body = || (template.content_type.clone(), template.body(message, base));
                match template.method {
                    Method::Get => (reqwest::Method::GET, url, None),
                    Method::Post => (reqwest::Method::POST, url, Some(body())),
                    Method::Put => (reqwest::Method::PUT, url, Some(body())),
                }
            }
        };
        let bytes = body.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        if bytes.len() > MAX_BODY_BYTES {
            return Err(DeliverError::TooLarge {
                origin: self.origin(),
                len_bytes: bytes.len(),
            });
        }
        let secret = self.config.secret.as_ref();
        Ok(Outgoing {
            signature: secret.map(|secret| signature::header(secret, now, bytes)),
            method,
            url,
            body,
            idempotency_key: message.idempotency_key(),
        })
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Response, DeliverError> {
        let mut request = self
            .client
            .request(outgoing.method.clone(), outgoing.url.clone())
            .header("Idempotency-Key", &outgoing.idempotency_key);
        if let Some(signature) = &outgoing.signature {
            request = request.header("X-Airelay-Signature", signature);
        }
        match &self.config.login {
            None => {}
            Some(login) if login.is_digest => {
                if let Some(answer) = self.digest_answer(login, outgoing).await {
                    request = request.header(AUTHORIZATION, answer);
                }
            }
            Some(login) => request = request.basic_auth(&login.user, Some(&login.password)),
        }
        if let Some((content_type, body)) = &outgoing.body {
            request = request
                .header(CONTENT_TYPE, content_type)
                .body(body.clone());
        }
        let response = request.send().await;
        response.map_err(|error| self.transport_error(&error))
    }

    /// The answer to what the receiver asked for last, if it did.
    async fn digest_answer(&self, login: &Login, outgoing: &Outgoing) -> Option<HeaderValue> {
        let mut digest = self.digest.lock().await;
        let url = &outgoing.url;
        let uri = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let answer = digest.as_mut()?.respond(&PasswordParams {
            username: &login.user,
            password: &login.password,
            uri: &uri,
            method: outgoing.method.as_str(),
            // With a body, the library would prefer auth-int.
            body: None,
        });
        let mut value = HeaderValue::from_str(&answer.ok()?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether the receiver asked for Digest, which is known from now on.
    async fn takes_challenge(&self, response: &Response) -> bool {
        let is_digest = self
            .config
            .login
            .as_ref()
            .is_some_and(|login| login.is_digest);
        if !is_digest {
            return false;
        }
        // The password never goes out as Basic where Digest was chosen.
        let Some(client) = digest_of(response) else {
            return false;
        };
        *self.digest.lock().await = Some(client);
        true
    }

    async fn judge(&self, mut response: Response) -> Result<(), DeliverError> {
        let status = response.status();
        let origin = self.origin();
        if status.is_success() {
            // What it says is of no interest; reading a little lets the
            // connection be used again.
            drop(read_start(&mut response, MAX_ANSWER_BYTES).await);
            return Ok(());
        }
        let status_code = status.as_u16();
        if is_busy(status) {
            return Err(DeliverError::Busy {
                origin,
                status: status_code,
                retry_after: retry_after(&response),
            });
        }
        if status.is_redirection() {
            return Err(DeliverError::Redirect {
                origin,
                status: status_code,
            });
        }
        Err(DeliverError::Refused {
            origin,
            status: status_code,
            text: shown(&read_start(&mut response, MAX_ANSWER_BYTES).await),
        })
    }

    fn transport_error(&self, error: &reqwest::Error) -> DeliverError {
        let origin = self.origin();
        match NoAnswer::of(error) {
            NoAnswer::Timeout => DeliverError::Timeout {
                origin,
                timeout: self.config.timeout,
            },
            NoAnswer::Address(refused) => DeliverError::Address { origin, refused },
            NoAnswer::Unreachable(detail) => DeliverError::Unreachable { origin, detail },
        }
    }

    fn origin(&self) -> String {
        origin(&self.url)
    }
}

pub(crate) fn check_url(text: &str) -> Result<Url, ConfigError> {
    let invalid = |message: String| ConfigError {
        field: "url",
        message,
    };
    let url =
        Url::parse(text).map_err(|error| invalid(format!("this is not a web address: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(invalid(
            "the address must start with http:// or https://".to_owned(),
        ));
    }
    let ip = match url.host() {
        Some(url::Host::Ipv4(ip)) => Some(ip.into()),
        Some(url::Host::Ipv6(ip)) => Some(ip.into()),
        Some(url::Host::Domain(_)) => None,
        None => return Err(invalid("the address names no host".to_owned())),
    };
    // A resolver is only asked for names, so numbers are checked here.
    if let Some(ip) = ip {
        address::check(ip).map_err(|refused| invalid(refused.to_string()))?;
    }
    Ok(url)
}

fn check_rest(config: &WebhookConfig) -> Result<(), ConfigError> {
    if let Some(base) = &config.public_base_url {
        let parsed = Url::parse(base).ok();
        if !parsed.is_some_and(|url| ["http", "https"].contains(&url.scheme())) {
            return Err(ConfigError {
                field: "public_base_url",
                message: "this is not a web address such as https://relay.example:8092".to_owned(),
            });
        }
    }
    if config
        .secret
        .as_ref()
        .is_some_and(|secret| secret.is_empty() || secret.len() > MAX_SECRET_BYTES)
    {
        return Err(ConfigError {
            field: "secret",
            message: format!("the secret must have 1 to {MAX_SECRET_BYTES} bytes"),
        });
    }
    if !(Duration::from_secs(1)..=Duration::from_mins(2)).contains(&config.timeout) {
        return Err(ConfigError {
            field: "timeout",
            message: "the time limit must be 1 to 120 seconds".to_owned(),
        });
    }
    Ok(())
}

fn check_headers(headers: &[(String, String)]) -> Result<reqwest::header::HeaderMap, ConfigError> {
    let invalid = |message: String| ConfigError {
        field: "headers",
        message,
    };
    if headers.len() > MAX_HEADERS {
        return Err(invalid(format!(
            "at most {MAX_HEADERS} headers can be added"
        )));
    }
    let ours = [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "idempotency-key",
        "x-airelay-signature",
    ];
    let mut checked = reqwest::header::HeaderMap::new();
    for (name, value) in headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| invalid(format!("{name:?} is no header name")))?;
        if ours.contains(&header.as_str()) {
            return Err(invalid(format!(
                "the header {name:?} is set by airelay itself"
            )));
        }
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| invalid(format!("the value of {name:?} cannot be sent in a header")))?;
        value.set_sensitive(true);
        checked.insert(header, value);
    }
    Ok(checked)
}

/// Scheme, host and port: all of a URL that may be shown.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
