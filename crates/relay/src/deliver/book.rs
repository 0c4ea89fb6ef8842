//! Documents of sinks in the store: one kind per [`Book`].

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Expected;
use types::Clock;

use crate::settings::{BrokerDocument, MailDocument, NodeDocument, VmsDocument, WebhookDocument};
use crate::storage::Storage;

/// A kind of sink's document.
pub(crate) trait SinkDocument:
    Clone + fmt::Debug + Serialize + DeserializeOwned + Send
{
    /// Precedes its id in the store, and in the name of its sink.
    const PREFIX: &'static str;
}

impl SinkDocument for WebhookDocument {
    const PREFIX: &'static str = "webhook/";
}

impl SinkDocument for BrokerDocument {
    const PREFIX: &'static str = "broker/";
}

impl SinkDocument for NodeDocument {
    const PREFIX: &'static str = "node/";
}

impl SinkDocument for VmsDocument {
    const PREFIX: &'static str = "vms/";
}

impl SinkDocument for MailDocument {
    const PREFIX: &'static str = "mail/";
}

/// Documents of one kind in the store; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Book<D> {
    storage: Storage,
    clock: Arc<dyn Clock>,
    kind: PhantomData<fn() -> D>,
}

/// One sink's document.
#[derive(Clone, Debug)]
pub(crate) struct Record<D> {
    /// Identity: a number as text.
    pub id: String,
    /// What was saved.
    pub document: D,
}

impl<D: SinkDocument> Record<D> {
    /// Name of its sink in the store.
    pub(crate) fn sink_name(&self) -> String {
        sink_name::<D>(&self.id)
    }
}

/// Name of a sink in the store.
pub(crate) fn sink_name<D: SinkDocument>(id: &str) -> String {
    format!("{}{id}", D::PREFIX)
}

impl<D: SinkDocument> Book<D> {
    /// The documents in `storage`.
    pub(crate) fn new(storage: Storage, clock: Arc<dyn Clock>) -> Self {
        Book {
            storage,
            clock,
            kind: PhantomData,
        }
    }

    /// All of them, by id.
    ///
    /// # Errors
    /// The store cannot be read, or a document in it is damaged.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<Record<D>>> {
        let settings = self
            .storage
            .read(|reader| reader.list_settings(D::PREFIX))
            .await?;
        settings
            .into_iter()
            .filter_map(|settings| {
                let id = settings.key.strip_prefix(D::PREFIX)?.to_owned();
                let json = settings.document?;
                let document = serde_json::from_str(&json)
                    .with_context(|| format!("read settings {}", settings.key));
                Some(document.map(|document| Record { id, document }))
            })
            .collect()
    }

    /// One of them; `None` when there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub(crate) async fn get(&self, id: &str) -> anyhow::Result<Option<Record<D>>> {
        let records = self.list().await?;
        Ok(records.into_iter().find(|record| record.id == id))
    }

    /// Saves a document, new or changed.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn put(&self, record: &Record<D>, by: &str) -> anyhow::Result<()> {
        let json = serde_json::to_string(&record.document).context("write settings as JSON")?;
        let key = record.sink_name();
        let (by, now) = (by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.put_settings(&key, &json, Expected::Any, &by, now))
            .await?;
        Ok(())
    }

    /// Deletes a document.
    ///
    /// # Errors
    /// There is none, or the store cannot write.
    pub(crate) async fn delete(&self, id: &str, by: &str) -> anyhow::Result<()> {
        let key = sink_name::<D>(id);
        let (by, now) = (by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        Ok(())
    }
}

/// The lowest number above all ids given: a number is used once only.
pub(crate) fn next_id<D>(records: &[Record<D>]) -> String {
    let newest = records
        .iter()
        .filter_map(|record| record.id.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    newest.saturating_add(1).to_string()
}
