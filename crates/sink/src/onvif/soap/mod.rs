//! SOAP 1.2 envelopes: requests read, answers and faults written.
//!
//! In: the bytes of a request. Out: its operation, by the name of Body's
//! first child alone (actions and prefixes of real clients are often wrong),
//! and the documents that go back.

mod envelope;
mod fault;
mod security;

pub use self::envelope::{Envelope, EnvelopeError, write_envelope};
pub use self::fault::{Fault, FaultCode, FaultDetail};
pub use self::security::{NonceBook, SecurityError, UsernameToken, write_security};
