//! Webhook: each step of an event as one HTTP POST with a JSON body.
//!
//! In: a message and the present. Out: accepted, or an error that says whether
//! trying again makes sense. The document, the headers and how a receiver
//! checks the signature stand in `docs/webhooks.md`.
//!
//! Not here: where it may connect to (`http`), when to deliver what (`queue`).

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use thiserror::Error;
use types::Timestamp;
use url::Url;

use crate::address::{self, RefusedAddress};
use crate::http::{NoAnswer, careful_builder, is_busy, read_start, retry_after, shown};
use crate::tls::RefusedCertificate;
use crate::{ConfigError, Message, Reaction, Trust};

mod document;
mod signature;

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
    /// `http` or `https`; user and password in it become Basic
    /// authentication. Path and query may hold secrets and are never shown.
    pub url: String,
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

/// Why a step did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeliverError {
    /// The name has no address, or nobody answered there.
    #[error("post to {origin}: {detail}")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What came back.
        detail: String,
    },
    /// No answer in time.
    #[error("post to {origin}: no answer within {} s", timeout.as_secs())]
    Timeout {
        /// Scheme, host and port.
        origin: String,
        /// Limit that was exceeded.
        timeout: Duration,
    },
    /// The name leads only to addresses that we never connect to.
    #[error("post to {origin}: {refused}")]
    Address {
        /// Scheme, host and port.
        origin: String,
        /// Which address, and why not.
        refused: RefusedAddress,
    },
    /// The receiver is there and cannot take the step now.
    #[error("post to {origin}: HTTP {status}")]
    Busy {
        /// Scheme, host and port.
        origin: String,
        /// 408, 425, 429 or 5xx.
        status: u16,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The receiver sent us elsewhere.
    #[error("post to {origin}: HTTP {status}, a redirect; enter the final address instead")]
    Redirect {
        /// Scheme, host and port.
        origin: String,
        /// 3xx.
        status: u16,
    },
    /// The receiver will not take this step.
    #[error("post to {origin}: HTTP {status}: {text}")]
    Refused {
        /// Scheme, host and port.
        origin: String,
        /// Any other status.
        status: u16,
        /// Start of the answer.
        text: String,
    },
    /// The document is larger than any receiver takes.
    #[error("post to {origin}: the document has {len_bytes} bytes, more than {MAX_BODY_BYTES}")]
    TooLarge {
        /// Scheme, host and port.
        origin: String,
        /// Its size.
        len_bytes: usize,
    },
}

impl DeliverError {
    /// The reaction this error asks for.
    pub fn reaction(&self) -> Reaction {
        match self {
            DeliverError::Busy { retry_after, .. } => Reaction::Retry {
                after: *retry_after,
            },
            // A wrong certificate, too: a person mends it, and the steps wait.
            DeliverError::Unreachable { .. } | DeliverError::Timeout { .. } => {
                Reaction::Retry { after: None }
            }
            DeliverError::Address { .. }
            | DeliverError::Redirect { .. }
            | DeliverError::Refused { .. }
            | DeliverError::TooLarge { .. } => Reaction::Refused,
        }
    }
}

/// A receiver, with its connections.
pub struct Webhook {
    client: Client,
    config: WebhookConfig,
    url: Url,
    refused: RefusedCertificate,
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
        let url = check_url(&config.url)?;
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

    /// Posts one step. Repeating it sends the same idempotency key.
    ///
    /// # Errors
    /// It did not arrive, or was not accepted;
    /// [`DeliverError::reaction`] says what to do.
    pub async fn deliver(&self, message: &Message, now: Timestamp) -> Result<(), DeliverError> {
        let body = document::to_json(message, &self.config);
        if body.len() > MAX_BODY_BYTES {
            return Err(DeliverError::TooLarge {
                origin: self.origin(),
                len_bytes: body.len(),
            });
        }
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", message.idempotency_key());
        if let Some(secret) = &self.config.secret {
            let signature = signature::header(secret, now, &body);
            request = request.header("X-Airelay-Signature", signature);
        }
        let response = request.body(body).send().await;
        let response = response.map_err(|error| self.transport_error(&error))?;
        self.judge(response).await
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
