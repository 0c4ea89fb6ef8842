//! Events out to other systems.
//!
//! In: one message per event step, and where it should go. Out: the step
//! delivered, or an error that says whether trying again makes sense.
//!
//! Everything here is passive: relay owns the loop that takes steps from the
//! outbox, asks [`DeliveryQueue`] which may go now, lets a sink deliver them
//! and notes the result in the store.
//!
//! Not here: pixels, tables, timers, other sinks' business.

pub mod access;
mod address;
mod http;
pub mod ipro;
mod kinds;
pub mod mail;
mod message;
pub mod mqtt;
pub mod onvif;
mod queue;
pub mod rtsp;
mod segments;
mod tls;
pub mod vms;
mod walk;
pub mod webhook;
mod words;

#[cfg(test)]
mod testing;

pub use crate::address::RefusedAddress;
pub use crate::http::{CarefulClient, NoAnswer};
pub use crate::kinds::KindFilter;
pub use crate::message::{Message, Picture, Why};
pub use crate::queue::{DeliveryQueue, Item, Next, Outcome, RetryPolicy};
pub use crate::tls::{Identity, Trust};
pub use crate::walk::{TestStep, Walk};

/// A field of a sink's settings that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// Which field.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// What to do about a delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Try again later: the receiver may recover.
    Retry {
        /// How long the receiver asked us to wait, if it did.
        after: Option<std::time::Duration>,
    },
    /// The receiver will never take this step: a dead letter.
    Refused,
}
