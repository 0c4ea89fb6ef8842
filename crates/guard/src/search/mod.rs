//! Similarity search: people and vehicles that look alike, and that are what
//! somebody remembers of them.
//!
//! In: what is known of each followed object ([`Entry`]), and questions
//! ([`Question`]). Out: the best answers, each with a score that can be
//! explained.
//!
//! Every question looks at every entry: vectors lie in memory as one byte per
//! number and are compared all; the best are compared again exactly, by the
//! vectors that the caller reads for them. So a filter costs nothing of the
//! result, and nothing has to be trained or balanced.
//!
//! Readers take a snapshot and hold no lock while they look. What changes
//! meanwhile is in the next one.
//!
//! Not here: threads (the caller looks at the parts of a snapshot with as many
//! as it likes), clocks, SQL, models.

mod quantised;
mod entry;
mod tags;
mod chunk;
mod question;
mod scan;
mod index;
mod files;
mod rank;
mod journey;
#[cfg(test)]
mod testing;

pub use self::entry::{Entry, MAX_TAGS, TagName};
pub use self::files::{FileError, load, save};
pub use self::index::{Index, MAX_MAKERS, Size, Snapshot};
pub use self::journey::{Visit, journey};
pub use self::quantised::{Quantised, quantise};
pub use self::question::{Facing, MAX_WISHES, Question, Wish};
pub use self::rank::{Example, Hit, Looks, MAX_EXAMPLES, rank, similarity};
pub use self::scan::{Candidate, Candidates, within_reach};
