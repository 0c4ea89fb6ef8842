//! Requests to a VMS, and what every answer has in common.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use url::Url;

use super::ServerConfig;
use super::error::{Step, VmsError};
use crate::http::{NoAnswer, careful_builder, is_busy, read_start, retry_after, shown};
use crate::tls::RefusedCertificate;
use crate::{ConfigError, Trust};

/// How much of an answer is read at most, bytes: some thousand cameras.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Longest text of a setting, bytes.
const MAX_TEXT_BYTES: usize = 256;

/// One web interface of a VMS, with its connections.
pub(super) struct Caller {
    client: Client,
    base: Url,
    timeout: Duration,
    refused: RefusedCertificate,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

/// An answer that is no failure of the connection.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    pub(super) retry_after: Option<Duration>,
}

impl Answer {
    /// The body's start as one line, for people.
    pub(super) fn shown(&self) -> String {
        shown(&self.body)
    }

    /// `HTTP 503` or `HTTP 400: what it says`.
    pub(super) fn problem(&self) -> String {
        let text = self.shown();
        let status = self.status.as_u16();
        match text.is_empty() {
            true => format!("HTTP {status}"),
            false => format!("HTTP {status}: {text}"),
        }
    }
}

impl Caller {
    /// Checks the parts of an address; connects to nobody yet.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub(super) fn new(
        host: &str,
        port: u16,
        tls: Option<Trust>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let base = base_url(host, port, tls.is_some())?;
        if !(Duration::from_secs(1)..=Duration::from_mins(2)).contains(&timeout) {
            return Err(invalid(
                "timeout",
                "the time limit must be 1 to 120 seconds",
            ));
        }
        let refused = RefusedCertificate::default();
        let client = careful_builder(tls.unwrap_or_default(), &refused, timeout)
            .and_then(|builder| builder.build().map_err(|error| error.to_string()))
            .map_err(|error| invalid("fingerprint", format!("prepare connections: {error}")))?;
        Ok(Caller {
            client,
            base,
            timeout,
            refused,
        })
    }

    /// Of the web interface in `config`.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub(super) fn web(config: &ServerConfig) -> Result<Self, ConfigError> {
        for (field, text) in [("user", &config.user), ("password", &config.password)] {
            if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
                return Err(invalid(
                    field,
                    format!("at most {MAX_TEXT_BYTES} bytes, no line breaks"),
                ));
            }
        }
        if config.user.is_empty() {
            return Err(invalid("user", "type the user's name"));
        }
        let tls = config.is_tls.then_some(config.trust);
        Caller::new(&config.host, config.port, tls, config.timeout)
    }

    /// Scheme, host and port: all of an address that may be shown.
    pub(super) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// SHA-256 of the newest certificate that was refused.
    pub(super) fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.refused.get()
    }

    /// A POST to a path below the host; `path` starts with a slash and is
    /// sent as it is.
    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// A GET, as [`post`](Self::post).
    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap_or_else(|_| self.base.clone())
    }

    /// Sends a request; answers of any status but "busy" come back.
    ///
    /// # Errors
    /// Nobody answered, or the VMS is busy: trying again makes sense.
    pub(super) async fn call(
        &self,
        step: Step,
        request: RequestBuilder,
    ) -> Result<Answer, VmsError> {
        let mut response = request
            .send()
            .await
            .map_err(|error| self.no_answer(step, &error))?;
        let answer = Answer {
            status: response.status(),
            retry_after: retry_after(&response),
            body: read_start(&mut response, MAX_ANSWER_BYTES).await,
        };
        if is_busy(answer.status) {
            let error = VmsError::retry(step, &self.origin(), answer.problem());
            return Err(error.after(answer.retry_after));
        }
        Ok(answer)
    }

    /// A failure of this interface that may mend itself.
    pub(super) fn retry(&self, step: Step, problem: impl Into<String>) -> VmsError {
        VmsError::retry(step, &self.origin(), problem)
    }

    /// A failure of this interface that stays.
    pub(super) fn refuse(&self, step: Step, problem: impl Into<String>) -> VmsError {
        VmsError::refused(step, &self.origin(), problem)
    }

    fn no_answer(&self, step: Step, error: &reqwest::Error) -> VmsError {
        match NoAnswer::of(error) {
            NoAnswer::Timeout => self
                .retry(
                    step,
                    format!("no answer within {} s", self.timeout.as_secs()),
                )
                .with_advice("look whether the server runs, and whether a firewall is between"),
            NoAnswer::Address(refused) => self.refuse(step, refused.to_string()),
            NoAnswer::Unreachable(detail) => {
                let advice = match self.refused.get() {
                    Some(_) => {
                        "compare the certificate's fingerprint and trust it, if it is the server's"
                    }
                    None => "look at address, port and SSL, and whether the service runs",
                };
                self.retry(step, detail).with_advice(advice)
            }
        }
    }
}

fn base_url(host: &str, port: u16, is_tls: bool) -> Result<Url, ConfigError> {
    let host = host.trim();
    if host.is_empty() {
        return Err(invalid("host", "type the server's address"));
    }
    if host.contains(['/', '@', '?', '#', '\\']) || host.len() > MAX_TEXT_BYTES {
        return Err(invalid(
            "host",
            "type only the address or name, without http:// and without a path",
        ));
    }
    if port == 0 {
        return Err(invalid("port", "the port must be 1 to 65535"));
    }
    let is_ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    let host = if is_ipv6 {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let scheme = if is_tls { "https" } else { "http" };
    let text = format!("{scheme}://{host}:{port}/");
    crate::webhook::check_url(&text).map_err(|error| invalid("host", error.message))
}

/// A field that cannot be meant.
pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> ConfigError {
    ConfigError {
        field,
        message: message.into(),
    }
}
