//! Schedule documents in the store, and ready for use.
//!
//! In: documents that were checked. Out: the same, by number; the newest of
//! all are held in memory, since every camera's settings need them.

use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use store::Expected;
use types::Clock;

use crate::settings::{ScheduleDocument, Schedules};
use crate::storage::Storage;

const PREFIX: &str = "schedule/";
/// Most schedules.
pub(crate) const MAX_SCHEDULES: usize = 256;

/// All schedules; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
    ready: Arc<RwLock<Arc<Schedules>>>,
}

/// One schedule's document and its revision.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleRecord {
    /// Which schedule.
    pub id: String,
    /// What was saved.
    pub document: ScheduleDocument,
    /// From 1, counting every change.
    pub revision: u64,
}

impl ScheduleBook {
    /// The schedules in `storage`. One that cannot be used is left out and
    /// logged: rules that need it are then refused, never on by mistake.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn load(storage: Storage, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let book = ScheduleBook {
            storage,
            clock,
            ready: Arc::default(),
        };
        book.refresh().await?;
        Ok(book)
    }

    /// All that can be used, by number.
    pub(crate) fn ready(&self) -> Arc<Schedules> {
        Arc::clone(&self.ready.read().expect("no holder of this lock panics"))
    }

    /// All documents, by number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<ScheduleRecord>> {
        let stored = self
            .storage
            .read(|reader| reader.list_settings(PREFIX))
            .await?;
        let records = stored
            .into_iter()
            .filter_map(|settings| {
                let id = settings.key.strip_prefix(PREFIX)?.to_owned();
                let json = settings.document?;
                let document = serde_json::from_str(&json)
                    .inspect_err(|error| tracing::error!(id = %id, %error, "schedule left out"))
                    .ok()?;
                Some(ScheduleRecord {
                    id,
                    document,
                    revision: settings.revision,
                })
            })
            .collect();
        Ok(records)
    }

    /// Saves a new revision and returns its number. The document was checked.
    ///
    /// # Errors
    /// [`store::Error::Conflict`] inside when the newest revision is not the
    /// expected one; or the store cannot write.
    pub(crate) async fn put(
        &self,
        id: &str,
        document: &ScheduleDocument,
        expected: Expected,
        by: &str,
    ) -> anyhow::Result<u64> {
        let json = serde_json::to_string(document).context("write schedule as JSON")?;
        let (key, by, now) = (format!("{PREFIX}{id}"), by.to_owned(), self.clock.now());
        let revision = self
            .storage
            .write(move |store| store.put_settings(&key, &json, expected, &by, now))
            .await?;
        self.refresh().await?;
        Ok(revision)
    }

    /// Deletes a schedule.
    ///
    /// # Errors
    /// There is none, or the store cannot write.
    pub(crate) async fn delete(&self, id: &str, by: &str) -> anyhow::Result<()> {
        let (key, by, now) = (format!("{PREFIX}{id}"), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        self.refresh().await
    }

    async fn refresh(&self) -> anyhow::Result<()> {
        let mut ready = Schedules::new();
        for record in self.list().await? {
            match record.document.resolve() {
                Ok(schedule) => {
                    ready.insert(record.id, Arc::new(schedule));
                }
                Err(errors) => tracing::error!(id = %record.id, %errors, "schedule left out"),
            }
        }
        *self.ready.write().expect("no holder of this lock panics") = Arc::new(ready);
        Ok(())
    }
}
