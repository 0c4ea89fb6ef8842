//! Why a step did not arrive, and whether trying again makes sense.

use std::time::Duration;

use thiserror::Error;

use super::MAX_BODY_BYTES;
use crate::Reaction;
use crate::address::RefusedAddress;

/// Why a step did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeliverError {
    /// The name has no address, or nobody answered there.
    #[error("send to {origin}: {detail}")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What came back.
        detail: String,
    },
    /// No answer in time.
    #[error("send to {origin}: no answer within {} s", timeout.as_secs())]
    Timeout {
        /// Scheme, host and port.
        origin: String,
        /// Limit that was exceeded.
        timeout: Duration,
    },
    /// The name leads only to addresses that we never connect to.
    #[error("send to {origin}: {refused}")]
    Address {
        /// Scheme, host and port.
        origin: String,
        /// Which address, and why not.
        refused: RefusedAddress,
    },
    /// The receiver is there and cannot take the step now.
    #[error("send to {origin}: HTTP {status}")]
    Busy {
        /// Scheme, host and port.
        origin: String,
        /// 408, 425, 429 or 5xx.
        status: u16,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The receiver sent us elsewhere.
    #[error("send to {origin}: HTTP {status}, a redirect; enter the final address instead")]
    Redirect {
        /// Scheme, host and port.
        origin: String,
        /// 3xx.
        status: u16,
    },
    /// The receiver will not take this step.
    #[error("send to {origin}: HTTP {status}: {text}")]
    Refused {
        /// Scheme, host and port.
        origin: String,
        /// Any other status.
        status: u16,
        /// Start of the answer.
        text: String,
    },
    /// The document is larger than any receiver takes.
    #[error("send to {origin}: the document has {len_bytes} bytes, more than {MAX_BODY_BYTES}")]
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
