//! What can go wrong between us and a broker, in words for its administrator.

use std::time::Duration;

use thiserror::Error;

use super::MAX_PAYLOAD_BYTES;
use crate::{Reaction, RefusedAddress};

/// The steps to a broker, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Ask for the address of its name.
    Find,
    /// Open a connection.
    Connect,
    /// TLS.
    Secure,
    /// WebSocket.
    WebSocket,
    /// Tell who we are.
    SignIn,
    /// Publish something.
    Publish,
    /// Get it back.
    ReadBack,
}

impl Step {
    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Find => "find",
            Step::Connect => "connect",
            Step::Secure => "secure",
            Step::WebSocket => "websocket",
            Step::SignIn => "sign_in",
            Step::Publish => "publish",
            Step::ReadBack => "read_back",
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("find {host}: {detail}")]
    Unknown {
        /// Name.
        host: String,
        /// What came back.
        detail: String,
    },
    /// The name leads only to addresses that we never connect to.
    #[error("find {host}: {refused}")]
    Address {
        /// Name.
        host: String,
        /// Which address, and why not.
        refused: RefusedAddress,
    },
    /// Nobody answered there.
    #[error("connect to {authority}: {detail}")]
    Unreachable {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
    /// A step took too long.
    #[error("{step} {authority}: no answer within {} s", limit.as_secs(), step = doing(*step))]
    Timeout {
        /// Host and port.
        authority: String,
        /// Which step.
        step: Step,
        /// Limit that was exceeded.
        limit: Duration,
    },
    /// The broker's certificate is not one that we accept.
    #[error("check the certificate of {authority}: {detail}")]
    Certificate {
        /// Host and port.
        authority: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The broker wants another certificate of ours, or one at all.
    #[error("show our certificate to {authority}: {detail}")]
    OwnCertificate {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
    /// TLS failed for another reason.
    #[error("speak TLS with {authority}: {detail}")]
    Tls {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
    /// The other side does not take MQTT over WebSocket there.
    #[error("open a WebSocket at {authority}: {detail}")]
    WebSocket {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
    /// The broker refused user name or password.
    #[error("sign in to {authority}: the broker refused user name or password ({detail})")]
    BadLogin {
        /// Host and port.
        authority: String,
        /// The broker's reason.
        detail: String,
    },
    /// The broker knows us and does not let us in.
    #[error("sign in to {authority}: the broker does not let this client in ({detail})")]
    NotAuthorised {
        /// Host and port.
        authority: String,
        /// The broker's reason.
        detail: String,
    },
    /// The broker speaks another version of MQTT.
    #[error("sign in to {authority}: the broker does not speak MQTT {version}")]
    Version {
        /// Host and port.
        authority: String,
        /// The version that was tried.
        version: &'static str,
    },
    /// The broker refused for another reason.
    #[error("sign in to {authority}: the broker refused ({detail})")]
    Refused {
        /// Host and port.
        authority: String,
        /// The broker's reason.
        detail: String,
    },
    /// No MQTT came back.
    #[error("sign in to {authority}: no MQTT came back: {detail}")]
    NotMqtt {
        /// Host and port.
        authority: String,
        /// What came instead.
        detail: String,
    },
    /// The connection ended after it had worked.
    #[error("connection to {authority} lost: {detail}")]
    Lost {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
}

const fn doing(step: Step) -> &'static str {
    match step {
        Step::Find => "find",
        Step::Connect => "connect to",
        Step::Secure => "speak TLS with",
        Step::WebSocket => "open a WebSocket at",
        Step::SignIn => "sign in to",
        Step::Publish => "publish to",
        Step::ReadBack => "read from",
    }
}

impl ConnectError {
    /// Which step failed.
    pub fn step(&self) -> Step {
        match self {
            ConnectError::Unknown { .. } | ConnectError::Address { .. } => Step::Find,
            ConnectError::Unreachable { .. } => Step::Connect,
            ConnectError::Timeout { step, .. } => *step,
            ConnectError::Certificate { .. }
            | ConnectError::OwnCertificate { .. }
            | ConnectError::Tls { .. } => Step::Secure,
            ConnectError::WebSocket { .. } => Step::WebSocket,
            ConnectError::BadLogin { .. }
            | ConnectError::NotAuthorised { .. }
            | ConnectError::Version { .. }
            | ConnectError::Refused { .. }
            | ConnectError::NotMqtt { .. } => Step::SignIn,
            ConnectError::Lost { .. } => Step::Publish,
        }
    }

    /// What a person can do.
    pub fn advice(&self) -> &'static str {
        match self {
            ConnectError::Unknown { .. } => {
                "Check the spelling of the host, or type its IP address."
            }
            ConnectError::Address { .. } => "Type the address of the broker's own machine.",
            ConnectError::Unreachable { .. } => {
                "Check host and port, that the broker runs, that it listens on the network and not \
                 only on its own machine, and that no firewall is between."
            }
            ConnectError::Timeout { .. } => {
                "Check host and port and whether a firewall is between. A TLS port needs mqtts:// \
                 or wss://."
            }
            ConnectError::Certificate { .. } => {
                "If the certificate shown is the broker's own, trust it; else check the address."
            }
            ConnectError::OwnCertificate { .. } => {
                "Paste a certificate and its key that the broker's authority signed."
            }
            ConnectError::Tls { .. } => {
                "Check that this is the broker's TLS port; one without TLS needs mqtt:// or ws://."
            }
            ConnectError::WebSocket { .. } => {
                "Check port and path of the broker's WebSocket listener; many use the path /mqtt."
            }
            ConnectError::BadLogin { .. } => "Type user name and password anew.",
            ConnectError::NotAuthorised { .. } => {
                "Type user name and password, or let the broker's administrator allow this client."
            }
            ConnectError::Version { .. } => "The broker is too old: MQTT 3.1.1 or 5 is needed.",
            ConnectError::Refused { .. } => "The broker's log says more.",
            ConnectError::NotMqtt { .. } => {
                "Check that an MQTT broker listens on this port. A TLS port needs mqtts:// or wss://."
            }
            ConnectError::Lost { .. } => "airelay connects again by itself.",
        }
    }
}

/// Why a publication did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PublishError {
    /// The connection ended before the broker acknowledged it.
    #[error("publish to {topic}: the connection ended before the broker acknowledged")]
    Lost {
        /// Where to.
        topic: String,
    },
    /// The broker is there and does not acknowledge.
    #[error("publish to {topic}: the broker does not acknowledge")]
    Timeout {
        /// Where to.
        topic: String,
    },
    /// The broker cannot take it now.
    #[error("publish to {topic}: the broker cannot take more now ({reason})")]
    Busy {
        /// Where to.
        topic: String,
        /// The broker's reason.
        reason: String,
    },
    /// The broker does not allow it.
    #[error(
        "publish to {topic}: the broker does not allow it ({reason}); allow this user to write there"
    )]
    Denied {
        /// Where to.
        topic: String,
        /// The broker's reason.
        reason: String,
    },
    /// The broker takes others, but hangs up on this.
    #[error(
        "publish to {topic}: the broker hung up {times} times on this message alone, though it takes \
         others; some brokers do so instead of saying that this user may not write there"
    )]
    HungUp {
        /// Where to.
        topic: String,
        /// How often.
        times: u32,
    },
    /// It is larger than the broker takes, or than we send.
    #[error("publish to {topic}: {len_bytes} bytes, more than {max_bytes}")]
    TooLarge {
        /// Where to.
        topic: String,
        /// Its size.
        len_bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// It cannot be sent to any broker.
    #[error("publish to {topic}: no topic of MQTT")]
    NoTopic {
        /// Where to.
        topic: String,
    },
}

impl PublishError {
    /// The reaction this error asks for.
    pub fn reaction(&self) -> Reaction {
        match self {
            PublishError::Lost { .. }
            | PublishError::Timeout { .. }
            | PublishError::Busy { .. } => Reaction::Retry { after: None },
            PublishError::Denied { .. }
            | PublishError::HungUp { .. }
            | PublishError::TooLarge { .. }
            | PublishError::NoTopic { .. } => Reaction::Refused,
        }
    }

    pub(super) fn too_large(topic: &str, len_bytes: usize, max_bytes: Option<u32>) -> Self {
        let max_bytes = max_bytes.map_or(MAX_PAYLOAD_BYTES, |max| max as usize);
        PublishError::TooLarge {
            topic: topic.to_owned(),
            len_bytes,
            max_bytes: max_bytes.min(MAX_PAYLOAD_BYTES),
        }
    }
}
