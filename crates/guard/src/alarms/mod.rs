//! Alarms: what may be done with them, which belong together, and which
//! rules are noisy.
//!
//! In: rows of the store, and what somebody wants. Out: decisions, which the
//! caller stores. Same input, same output; time comes from the caller.
//!
//! Not here: storing (`store`), who may do it (`relay`).

mod handling;
mod incident;
mod noisy;

pub use self::handling::{
    BadHandling, MAX_NAME_CHARS, MAX_NOTES, MAX_REVISION, MAX_TEXT_CHARS, Refusal, check, stands,
};
pub use self::incident::{Grouping, MAX_ALARMS, MAX_SPAN, incident_of};
pub use self::noisy::{Noise, NoisyRule, Raised, noisy_rules};
