//! Webhook documents in the store.

use std::sync::Arc;

use anyhow::Context as _;
use store::Expected;
use types::Clock;

use crate::settings::WebhookDocument;
use crate::storage::Storage;

const PREFIX: &str = "webhook/";

/// Webhook documents in the store; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct WebhookBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
}

/// One webhook's document.
#[derive(Clone, Debug)]
pub(crate) struct WebhookRecord {
    /// Identity: a number as text.
    pub webhook_id: String,
    /// What was saved.
    pub document: WebhookDocument,
}

impl WebhookBook {
    /// The documents in `storage`.
    pub(crate) fn new(storage: Storage, clock: Arc<dyn Clock>) -> Self {
        WebhookBook { storage, clock }
    }

    /// All webhooks, by id.
    ///
    /// # Errors
    /// The store cannot be read, or a document in it is damaged.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<WebhookRecord>> {
        let settings = self
            .storage
            .read(|reader| reader.list_settings(PREFIX))
            .await?;
        settings
            .into_iter()
            .filter_map(|settings| {
                let webhook_id = settings.key.strip_prefix(PREFIX)?.to_owned();
                let json = settings.document?;
                let document = serde_json::from_str(&json)
                    .with_context(|| format!("read settings {}", settings.key));
                Some(document.map(|document| WebhookRecord {
                    webhook_id,
                    document,
                }))
            })
            .collect()
    }

    /// One webhook; `None` when there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub(crate) async fn get(&self, webhook_id: &str) -> anyhow::Result<Option<WebhookRecord>> {
        let records = self.list().await?;
        Ok(records
            .into_iter()
            .find(|record| record.webhook_id == webhook_id))
    }

    /// Saves a document, new or changed.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn put(&self, record: &WebhookRecord, by: &str) -> anyhow::Result<()> {
        let json = serde_json::to_string(&record.document).context("write settings as JSON")?;
        let key = format!("{PREFIX}{}", record.webhook_id);
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
    pub(crate) async fn delete(&self, webhook_id: &str, by: &str) -> anyhow::Result<()> {
        let key = format!("{PREFIX}{webhook_id}");
        let (by, now) = (by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        Ok(())
    }
}
