//! Requests to addresses that people typed or others gave us.
//!
//! Where a client made here may connect to: any host, the site's own network
//! and this machine included, since installers' systems live there; but never
//! link-local, metadata, multicast or unspecified addresses, whatever name
//! they hide behind (`address`). Redirects are not followed and no proxy is
//! asked, so a receiver cannot send us elsewhere.

use std::time::Duration;

use http_auth::PasswordClient;
use reqwest::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, ClientBuilder, Response, StatusCode, redirect};

use crate::Trust;
use crate::address::{self, RefusedAddress};
use crate::tls::{self, RefusedCertificate};

/// How much of a refusal's text is shown, characters.
const MAX_SHOWN_CHARS: usize = 200;

/// A client that keeps to the rules above and accepts what public authorities
/// signed.
///
/// # Errors
/// TLS cannot be prepared, in words.
pub(crate) fn careful_client(timeout: Duration) -> Result<Client, String> {
    careful_builder(Trust::Verify, &RefusedCertificate::default(), timeout)?
        .build()
        .map_err(|error| format!("prepare connections: {error}"))
}

/// The same with a choice of trust; `refused` learns which certificate was not
/// accepted.
///
/// # Errors
/// TLS cannot be prepared, in words.
pub(crate) fn careful_builder(
    trust: Trust,
    refused: &RefusedCertificate,
    timeout: Duration,
) -> Result<ClientBuilder, String> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::client_config(trust, None, refused)?)
        .dns_resolver(address::Resolver)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .user_agent(concat!("airelay/", env!("CARGO_PKG_VERSION"))))
}

/// A client by the rules above, for interfaces that are spoken to elsewhere.
pub struct CarefulClient {
    client: Client,
    refused: RefusedCertificate,
}

impl std::fmt::Debug for CarefulClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarefulClient").finish_non_exhaustive()
    }
}

impl CarefulClient {
    /// With a choice of trust; `timeout` holds for a whole answer unless a
    /// request says otherwise.
    ///
    /// # Errors
    /// TLS cannot be prepared, in words.
    pub fn new(trust: Trust, timeout: Duration) -> Result<Self, String> {
        let refused = RefusedCertificate::default();
        let client = careful_builder(trust, &refused, timeout)?
            .connect_timeout(timeout)
            .build()
            .map_err(|error| format!("prepare connections: {error}"))?;
        Ok(CarefulClient { client, refused })
    }

    /// What sends requests.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// SHA-256 of the newest certificate that was refused.
    pub fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.refused.get()
    }
}

/// Why a request brought no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The time was over.
    Timeout,
    /// The name leads only to addresses that we never connect to.
    Address(RefusedAddress),
    /// Anything else, in words.
    Unreachable(String),
}

impl NoAnswer {
    /// What `error` comes from. The innermost cause says most, and never
    /// repeats the URL.
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return NoAnswer::Timeout;
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            if let Some(refused) = inner.downcast_ref::<RefusedAddress>() {
                return NoAnswer::Address(refused.clone());
            }
            cause = inner;
        }
        NoAnswer::Unreachable(cause.to_string())
    }
}

/// Whether a status says that the receiver is there and cannot take anything
/// now: 408, 425, 429 and 5xx.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    status.is_server_error()
        || [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ]
        .contains(&status)
}

/// What a refusal asks for, where that is Digest.
pub(crate) fn digest_of(answer: &Response) -> Option<PasswordClient> {
    let offers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let mut clients =
        offers.filter_map(|offer| PasswordClient::try_from(offer.to_str().ok()?).ok());
    clients.find(|client| matches!(client, PasswordClient::Digest(_)))
}

/// Seconds in `Retry-After`; the form with a date is not read, since our own
/// back-off serves as well.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The answer's first `max_bytes`; the rest is not read.
pub(crate) async fn read_start(response: &mut Response, max_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < max_bytes {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = max_bytes - bytes.len();
                bytes.extend(chunk.iter().take(room));
            }
            Ok(None) | Err(_) => break,
        }
    }
    bytes
}

/// The start of an answer as one line of plain text, for people.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain
        .take(MAX_SHOWN_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}
