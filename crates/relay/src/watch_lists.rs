//! Watch lists in the store, and ready to be compared with.
//!
//! In: documents that were checked. Out: the same by number; those that are
//! switched on are held in memory, since every sighting is compared with them.

use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use guard::watch::WatchList;
use store::Expected;
use types::Clock;

use crate::settings::WatchListDocument;
use crate::storage::Storage;

const PREFIX: &str = "watch_list/";
/// Most watch lists.
pub(crate) const MAX_LISTS: usize = 64;

/// All watch lists; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct WatchBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
    ready: Arc<RwLock<Arc<Vec<WatchList>>>>,
}

/// One list's document and its revision.
#[derive(Clone, Debug)]
pub(crate) struct WatchRecord {
    /// Which list.
    pub id: u32,
    /// What was saved.
    pub document: WatchListDocument,
    /// From 1, counting every change.
    pub revision: u64,
}

impl WatchBook {
    /// The lists in `storage`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn load(storage: Storage, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let book = WatchBook {
            storage,
            clock,
            ready: Arc::default(),
        };
        book.refresh().await?;
        Ok(book)
    }

    /// Those that are switched on, expired ones among them.
    pub(crate) fn ready(&self) -> Arc<Vec<WatchList>> {
        Arc::clone(&self.ready.read().expect("no holder of this lock panics"))
    }

    /// All, by number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<WatchRecord>> {
        let stored = self
            .storage
            .read(|reader| reader.list_settings(PREFIX))
            .await?;
        let mut records: Vec<WatchRecord> = stored
            .into_iter()
            .filter_map(|settings| {
                let id = settings.key.strip_prefix(PREFIX)?.parse().ok()?;
                let json = settings.document?;
                let document = serde_json::from_str(&json)
                    .inspect_err(|error| tracing::error!(id, %error, "watch list left out"))
                    .ok()?;
                Some(WatchRecord {
                    id,
                    document,
                    revision: settings.revision,
                })
            })
            .collect();
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// Saves a new revision and returns its number. The document was checked.
    ///
    /// # Errors
    /// [`store::Error::Conflict`] inside when the newest revision is not the
    /// expected one; or the store cannot write.
    pub(crate) async fn put(
        &self,
        id: u32,
        document: &WatchListDocument,
        expected: Expected,
        by: &str,
    ) -> anyhow::Result<u64> {
        let json = serde_json::to_string(document).context("write watch list as JSON")?;
        let (key, by, now) = (format!("{PREFIX}{id}"), by.to_owned(), self.clock.now());
        let revision = self
            .storage
            .write(move |store| store.put_settings(&key, &json, expected, &by, now))
            .await?;
        self.refresh().await?;
        Ok(revision)
    }

    /// Deletes a list.
    ///
    /// # Errors
    /// There is none, or the store cannot write.
    pub(crate) async fn delete(&self, id: u32, by: &str) -> anyhow::Result<()> {
        let (key, by, now) = (format!("{PREFIX}{id}"), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        self.refresh().await
    }

    async fn refresh(&self) -> anyhow::Result<()> {
        let records = self.list().await?;
        let ready = records
            .into_iter()
            .filter_map(|record| record.document.ready(record.id))
            .collect();
        *self.ready.write().expect("no holder of this lock panics") = Arc::new(ready);
        Ok(())
    }
}
