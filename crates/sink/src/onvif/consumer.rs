//! Where notifications are posted to (Basic Notification).
//!
//! The address comes from a client, so it is held to the same policy as a
//! webhook's: http or https, no link-local or special address, no redirect.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use crate::http::careful_client;
use crate::webhook::check_url;

/// Longest wait for a consumer's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest address, bytes.
const MAX_URL_BYTES: usize = 1_024;

/// A consumer, with its connections.
#[derive(Debug)]
pub struct Consumer {
    client: Client,
    url: Url,
}

impl Consumer {
    /// Checks the address; connects to nobody yet.
    ///
    /// # Errors
    /// The address cannot be used, in words.
    pub fn new(address: &str) -> Result<Self, String> {
        if address.len() > MAX_URL_BYTES {
            return Err(format!("the address is longer than {MAX_URL_BYTES} bytes"));
        }
        let url = check_url(address).map_err(|error| error.to_string())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address must not hold a user name or password".to_owned());
        }
        let client = careful_client(ANSWER_WITHIN)?;
        Ok(Consumer { client, url })
    }

    /// Posts a document.
    ///
    /// # Errors
    /// It did not arrive or was not taken, in words.
    pub async fn post(&self, document: String) -> Result<(), String> {
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/soap+xml; charset=utf-8")
            .body(document);
        let answer = request
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(format!(
                "the consumer answered HTTP {}",
                answer.status().as_u16()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_be_abused_are_refused() {
        for address in [
            "ftp://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::ffff:169.254.169.254]/",
            "http://user:secret@10.0.0.1/",
            "http://0.0.0.0/",
            "not an address",
            "",
        ] {
            assert!(Consumer::new(address).is_err(), "{address}");
        }
        assert!(Consumer::new(&format!("http://a/{}", "x".repeat(2_000))).is_err());
    }
}
