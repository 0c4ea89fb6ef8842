//! Models that describe what objects look like: shared by all cameras, and
//! exchanged while they run.
//!
//! In: a describer with its models. Out: the same for each camera, with a
//! number that tells when it changed.
//!
//! Not here: files (`looks`), what is told of an object (`vision::appearance`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vision::appearance::Describer;

/// By maker of vectors: the similarity from which two are the same visitor.
pub type SameFrom = Vec<(Arc<str>, f32)>;

/// What describes looks now; clones share it.
#[derive(Clone, Debug, Default)]
pub struct LooksShelf {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    looks: Mutex<(Describer, SameFrom)>,
    /// Counts the exchanges.
    number: AtomicU64,
}

impl LooksShelf {
    /// Takes the place of what was there; cameras follow with their next
    /// picture.
    pub fn put(&self, describer: Describer, same_from: SameFrom) {
        let mut looks = self.lock();
        *looks = (describer, same_from);
        self.shared.number.fetch_add(1, Ordering::Release);
    }

    /// Differs after each [`put`](Self::put).
    pub fn number(&self) -> u64 {
        self.shared.number.load(Ordering::Acquire)
    }

    /// The describer with its models, and the similarities of their makers.
    pub fn current(&self) -> (Describer, SameFrom) {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Describer, SameFrom)> {
        let looks = self.shared.looks.lock();
        looks.unwrap_or_else(PoisonError::into_inner)
    }
}
