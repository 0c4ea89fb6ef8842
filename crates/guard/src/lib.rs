//! Questions that people ask of what was stored.
//!
//! In: what the store knows, as plain values. Out: answers, ranked and with
//! their reasons.
//!
//! Not here: SQL (`store`), pixels (`vision`), threads, addresses and pages
//! (`relay`).

pub mod alarms;
pub mod search;
pub mod watch;
