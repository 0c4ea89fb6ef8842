//! Similarity search over what was seen: the index beside the database, and
//! questions put to it.
//!
//! In: changes of sightings, read from the store. Out: ranked answers.
//!
//! The index lies in memory and, for the next start, in the folder `search` of
//! the data folder. It knows nothing that the database does not: without its
//! files, or with damaged ones, it is built anew while everything else runs,
//! and answers meanwhile from what it has.
//!
//! Not here: comparing and ranking (`guard::search`), addresses (`web`).

mod follow;
mod ask;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use guard::search::{Entry, Index, Size, TagName};
use store::LooksRow;
use tokio::sync::Semaphore;

use crate::pipeline::LooksShelf;
use crate::storage::Storage;

pub(crate) use self::ask::{Answer, AskError, MAX_RANKED, Picture, Query, Source};
pub(crate) use self::follow::{FollowParts, follow};

/// Searches at once; more wait. Each takes up to two threads.
const MAX_SEARCHES: usize = 2;

/// The search; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SearchDesk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    storage: Storage,
    looks: LooksShelf,
    folder: PathBuf,
    index: RwLock<Arc<Index>>,
    progress: Mutex<Progress>,
    searches: Semaphore,
}

/// How far the index is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// Whether it knows all that is stored.
    pub is_ready: bool,
    /// Sightings that it read while it is being built.
    pub n_read: u64,
    /// Why its files could not be written; it works without.
    pub problem: Option<String>,
}

impl SearchDesk {
    /// A search that knows nothing yet: [`follow`] tells it.
    pub(crate) fn new(storage: Storage, looks: LooksShelf, data_dir: &Path) -> Self {
        SearchDesk {
            shared: Arc::new(Shared {
                storage,
                looks,
                folder: data_dir.join("search"),
                index: RwLock::default(),
                progress: Mutex::default(),
                searches: Semaphore::new(MAX_SEARCHES),
            }),
        }
    }

    /// How far the index is.
    pub(crate) fn progress(&self) -> Progress {
        self.shared.progress().clone()
    }

    /// How large the index is.
    pub(crate) fn size(&self) -> Size {
        self.shared.index().size()
    }
}

impl Shared {
    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().expect("no holder of this lock panics"))
    }

    fn replace_index(&self, index: Index) {
        *self.index.write().expect("no holder of this lock panics") = Arc::new(index);
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().expect("no holder of this lock panics")
    }
}

/// A stored sighting as the index knows it.
fn entry(row: LooksRow) -> Entry {
    let place = |number: u32| format!("{}/{number}", row.camera_id);
    let attributes = row.attributes.iter().map(|attribute| {
        (
            TagName::Attribute(attribute.name.clone()),
            attribute.value.clone(),
        )
    });
    let zones = row
        .zone_ids
        .iter()
        .map(|zone_id| (TagName::Zone, place(zone_id.0)));
    let lines = row
        .line_ids
        .iter()
        .map(|line_id| (TagName::Line, place(line_id.0)));
    Entry {
        sighting_id: row.sighting_id.0,
        program: row.program,
        class: row.class,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        heading_deg: row.heading_deg,
        tags: attributes.chain(zones).chain(lines).collect(),
        vectors: row
            .vectors
            .into_iter()
            .map(|(maker, vector)| (Arc::from(maker), vector))
            .collect(),
        camera_id: row.camera_id,
    }
}
