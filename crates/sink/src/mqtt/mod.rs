//! MQTT: events, scenes and states to a broker.
//!
//! In: where the broker is and who we are there; one [`Publication`] at a
//! time. Out: a [`Session`] that publishes and says what became of each, and a
//! [`Driver`] that whoever owns the task must run meanwhile; for a person who
//! presses "Test", each step on the way with what came back.
//!
//! MQTT 5 is tried first, because its brokers say when a publication is not
//! allowed; a broker that knows 3.1.1 only gets that.
//!
//! Not here: when to connect again, what waits (relay, `queue`), which events
//! there are.

mod address;
mod board;
mod connect;
mod error;
mod event;
pub mod home_assistant;
mod json;
mod scene;
mod session;
mod walk;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;

pub use self::address::{BrokerAddress, Scheme};
pub use self::board::Board;
pub use self::error::{ConnectError, PublishError, Step};
pub use self::event::{EventFilter, event_publication};
pub use self::scene::scene_publication;
pub use self::session::{Driver, Session};
pub use self::walk::{StepReport, Verdict};

use crate::tls::{self, RefusedCertificate};
use crate::{ConfigError, Identity, Trust};

/// Longest wait for one step of connecting.
const STEP_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for a broker to acknowledge a publication.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// Silence after which we ask whether the broker is still there.
const KEEP_ALIVE_S: u16 = 30;
/// Most publications that may wait inside a connection.
const MAX_QUEUED: usize = 64;
/// Longest topic, bytes: MQTT counts it in 16 bits.
pub const MAX_TOPIC_BYTES: usize = 65_535;
/// Longest payload we send, bytes: a picture of 4 MiB and the rest.
const MAX_PAYLOAD_BYTES: usize = 8 * 1024 * 1024;

/// How surely a publication arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Qos {
    /// Once or not at all.
    AtMostOnce,
    /// Once or, after a lost connection, twice.
    #[default]
    AtLeastOnce,
    /// Once as far as the broker is concerned.
    ExactlyOnce,
}

/// One message for the broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where to; without wildcards.
    pub topic: String,
    /// What; empty and retained, it deletes what the broker holds.
    pub payload: Bytes,
    /// Whether the broker holds it for those who subscribe later.
    pub is_retained: bool,
    /// How surely it arrives.
    pub qos: Qos,
}

impl Publication {
    /// A state: retained, at least once.
    pub fn state(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Publication {
            topic: topic.into(),
            payload: payload.into(),
            is_retained: true,
            qos: Qos::AtLeastOnce,
        }
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("topic", &self.topic)
            .field("len_bytes", &self.payload.len())
            .field("is_retained", &self.is_retained)
            .field("qos", &self.qos)
            .finish()
    }
}

/// Where a broker is and who we are there.
#[derive(Default)]
pub struct BrokerConfig {
    /// `mqtt://`, `mqtts://`, `ws://` or `wss://`, host, port.
    pub address: String,
    /// By which the broker knows us again; unique at it.
    pub client_id: String,
    /// User name, if the broker wants one.
    pub user: Option<String>,
    /// Password of `user`.
    pub password: Option<String>,
    /// Our certificate, if the broker wants one.
    pub identity: Option<Identity>,
    /// Whose certificate is accepted.
    pub trust: Trust,
    /// What the broker tells others when it loses us.
    pub will: Option<Publication>,
}

impl fmt::Debug for BrokerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerConfig")
            .field("address", &self.address)
            .field("client_id", &self.client_id)
            .field("has_user", &self.user.is_some())
            .field("has_password", &self.password.is_some())
            .field("identity", &self.identity)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A broker whose settings are checked; connects when it is asked to.
pub struct Broker {
    address: BrokerAddress,
    config: BrokerConfig,
    tls: Option<Arc<ClientConfig>>,
    refused: RefusedCertificate,
    /// It does not answer at all when it is spoken to in MQTT 5.
    is_silent_on_5: AtomicBool,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// Checks `config`; connects to nobody yet.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub fn new(config: BrokerConfig) -> Result<Self, ConfigError> {
        let invalid = |field, message: &str| ConfigError {
            field,
            message: message.to_owned(),
        };
        let address = BrokerAddress::parse(&config.address)?;
        if config.password.is_some() && config.user.is_none() {
            return Err(invalid("user", "a password needs a user name"));
        }
        if config.client_id.is_empty() {
            return Err(invalid("client_id", "the client id is empty"));
        }
        let is_too_long = |text: &Option<String>| {
            text.as_ref()
                .is_some_and(|text| text.len() > MAX_TOPIC_BYTES)
        };
        if is_too_long(&config.user) || is_too_long(&config.password) {
            return Err(invalid(
                "password",
                "user name and password must be shorter than 64 KiB each",
            ));
        }
        if config.identity.is_some() && !address.scheme().is_secure() {
            return Err(invalid(
                "certificate",
                "a certificate of our own needs TLS: use mqtts:// or wss://",
            ));
        }
        let refused = RefusedCertificate::default();
        let tls = match address.scheme().is_secure() {
            true => Some(Arc::new(
                tls::client_config(config.trust, config.identity.as_ref(), &refused).map_err(
                    |message| ConfigError {
                        field: "certificate",
                        message,
                    },
                )?,
            )),
            false => None,
        };
        Ok(Broker {
            address,
            config,
            tls,
            refused,
            is_silent_on_5: AtomicBool::new(false),
        })
    }

    /// Where it is.
    pub fn address(&self) -> &BrokerAddress {
        &self.address
    }

    /// SHA-256 of the newest certificate that was refused, for a person to
    /// compare and pin.
    pub fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.refused.get()
    }

    /// Connects and signs in. Nothing happens on the connection unless
    /// [`Driver::run`] is polled.
    ///
    /// # Errors
    /// The step that failed, and what came back.
    pub async fn connect(&self) -> Result<(Session, Driver), ConnectError> {
        let client_id = self.config.client_id.clone();
        self.connect_as(client_id, self.config.will.clone(), &mut Vec::new())
            .await
    }
}

#[cfg(test)]
mod tests;
