//! How the connection to a broker is doing, for people.

use serde::Serialize;
use sink::mqtt::ConnectError;
use types::Timestamp;
use utoipa::ToSchema;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BrokerState {
    /// Switched off by a person.
    Off,
    /// On the way.
    #[default]
    Connecting,
    /// Signed in.
    Connected,
    /// Failed; tries again after a pause.
    Waiting,
}

/// A broker's connection at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerStatus {
    /// Where it stands.
    pub state: BrokerState,
    /// Since when it is signed in.
    pub connected_since: Option<Timestamp>,
    /// Version of MQTT that is spoken.
    pub version: Option<&'static str>,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// What went wrong last, in words; `None` after it went well.
    pub last_error: Option<String>,
    /// What a person can do about it.
    pub advice: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// Scenes sent since the start.
    pub n_scenes: u64,
    /// Scenes given up since the start, because the broker was too slow.
    pub n_scenes_lost: u64,
}

impl BrokerStatus {
    pub(super) fn connected(&mut self, version: &'static str, now: Timestamp) {
        self.state = BrokerState::Connected;
        self.connected_since = Some(now);
        self.version = Some(version);
        self.retry_at = None;
        self.last_error = None;
        self.advice = None;
    }

    pub(super) fn failed(&mut self, error: &ConnectError, retry_at: Timestamp, now: Timestamp) {
        self.state = BrokerState::Waiting;
        self.connected_since = None;
        self.version = None;
        self.retry_at = Some(retry_at);
        self.advice = Some(error.advice().to_owned());
        self.note(error.to_string(), now);
    }

    pub(super) fn note(&mut self, error: String, now: Timestamp) {
        self.last_error = Some(error);
        self.last_error_at = Some(now);
    }
}
