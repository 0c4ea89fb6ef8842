//! Webhooks: settings, and one task each that empties its outbox.
//!
//! In: steps that were stored, in order per camera. Out: deliveries, and what
//! became of each, noted in the store. A dead receiver delays nobody else and
//! loses nothing: its rows wait.
//!
//! Not here: the wire form and the retry rules (`sink`).

mod book;
mod task;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sink::webhook::{DeliverError, Trust, Webhook, WebhookConfig};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::Clock;

pub(crate) use self::book::{WebhookBook, WebhookRecord};
pub(crate) use self::task::picture_claim;

use crate::secrets::Vault;
use crate::settings::{FieldErrors, WebhookDocument};
use crate::storage::Storage;
use crate::supervise::Fleet;

/// All webhooks and their tasks.
#[derive(Debug)]
pub(crate) struct Deliveries {
    storage: Storage,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    fleet: Arc<Fleet>,
    public_url: String,
    /// Documents in the store.
    pub book: WebhookBook,
    running: Mutex<Option<Running>>,
    couriers: Mutex<BTreeMap<String, Courier>>,
    /// Attempts that failed, by webhook; for `/metrics`.
    n_failed: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

#[derive(Clone, Debug)]
struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// One webhook's task.
#[derive(Debug)]
struct Courier {
    wake: Arc<Notify>,
    stop: CancellationToken,
}

/// Name of a webhook's sink in the store.
pub(crate) fn sink_name(webhook_id: &str) -> String {
    format!("webhook/{webhook_id}")
}

impl Deliveries {
    /// Webhooks whose documents and queues are in `storage`; `public_url`
    /// precedes the path of picture links.
    pub(crate) fn new(
        storage: Storage,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        fleet: Arc<Fleet>,
        public_url: String,
    ) -> Self {
        Deliveries {
            book: WebhookBook::new(storage.clone(), Arc::clone(&clock)),
            storage,
            vault,
            clock,
            fleet,
            public_url,
            running: Mutex::default(),
            couriers: Mutex::default(),
            n_failed: Mutex::default(),
        }
    }

    /// Starts a task per enabled webhook.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn start(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        *lock(&self.running) = Some(Running {
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        for record in self.book.list().await? {
            self.apply(&record).await?;
        }
        Ok(())
    }

    /// Makes the running task of a webhook follow its document.
    ///
    /// # Errors
    /// The store cannot note whether the sink is on.
    pub(crate) async fn apply(self: &Arc<Self>, record: &WebhookRecord) -> anyhow::Result<()> {
        self.halt(&record.webhook_id);
        let (sink, now) = (sink_name(&record.webhook_id), self.clock.now());
        let is_enabled = record.document.is_enabled;
        self.storage
            .write(move |store| {
                store.register_sink(&sink, now)?;
                store.set_sink_enabled(&sink, is_enabled)
            })
            .await?;
        if !is_enabled {
            return Ok(());
        }
        match self.make(&record.document) {
            Ok(webhook) => self.dispatch(&record.webhook_id, webhook),
            Err(errors) => {
                tracing::error!(webhook = record.document.name, %errors, "webhook not started");
            }
        }
        Ok(())
    }

    /// Stops a webhook and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, webhook_id: &str) -> anyhow::Result<()> {
        self.halt(webhook_id);
        lock(&self.n_failed).remove(webhook_id);
        let sink = sink_name(webhook_id);
        self.storage
            .write(move |store| store.remove_sink(&sink))
            .await
    }

    /// New rows wait: whoever sleeps shall look.
    pub(crate) fn wake(&self) {
        for courier in lock(&self.couriers).values() {
            courier.wake.notify_one();
        }
    }

    /// Checks a document as a receiver.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn make(&self, document: &WebhookDocument) -> Result<Webhook, FieldErrors> {
        let open = |field: &str, sealed: &str| {
            let opened = self.vault.open_sealed(sealed);
            opened.map_err(|error| FieldErrors::one(field, error.to_string()))
        };
        let secret = document.sealed_secret.as_deref();
        let headers = document.headers.iter();
        Webhook::new(WebhookConfig {
            url: document.url.clone(),
            secret: secret.map(|sealed| open("secret", sealed)).transpose()?,
            headers: headers
                .map(|header| Ok((header.name.clone(), open("headers", &header.sealed_value)?)))
                .collect::<Result<_, FieldErrors>>()?,
            timeout: Duration::from_secs(document.timeout_s.into()),
            trust: match &document.fingerprint {
                None => Trust::Verify,
                Some(hex) => Trust::Pin(parse_fingerprint(hex)?),
            },
            public_base_url: Some(self.public_url.clone()),
            has_picture_inside: document.has_picture_inside,
        })
        .map_err(|error| FieldErrors::one(error.field, error.message))
    }

    /// Attempts that failed since the start, by webhook.
    pub(crate) fn n_failed(&self) -> BTreeMap<String, u64> {
        let failed = lock(&self.n_failed);
        let count = |(id, n): (&String, &Arc<AtomicU64>)| (id.clone(), n.load(Ordering::Relaxed));
        failed.iter().map(count).collect()
    }

    /// Delivers one made-up event at once, past the queue.
    ///
    /// # Errors
    /// What the receiver answered.
    pub(crate) async fn test(&self, webhook: &Webhook) -> Result<(), DeliverError> {
        let now = self.clock.now();
        webhook.deliver(&task::test_message(now), now).await
    }

    fn dispatch(self: &Arc<Self>, webhook_id: &str, webhook: Webhook) {
        let Some(running) = lock(&self.running).clone() else {
            return;
        };
        let courier = Courier {
            wake: Arc::new(Notify::new()),
            stop: running.stop.child_token(),
        };
        let task = task::CourierTask {
            sink: sink_name(webhook_id),
            webhook,
            storage: self.storage.clone(),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            fleet: Arc::clone(&self.fleet),
            wake: Arc::clone(&courier.wake),
            n_failed: Arc::clone(
                lock(&self.n_failed)
                    .entry(webhook_id.to_owned())
                    .or_default(),
            ),
        };
        let stop = courier.stop.clone();
        running.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task.run() => {}
            }
        });
        lock(&self.couriers).insert(webhook_id.to_owned(), courier);
    }

    fn halt(&self, webhook_id: &str) {
        if let Some(courier) = lock(&self.couriers).remove(webhook_id) {
            courier.stop.cancel();
        }
    }
}

/// A SHA-256 in hex, with or without colons between the bytes.
fn parse_fingerprint(hex: &str) -> Result<[u8; 32], FieldErrors> {
    let digits: Vec<u8> = hex
        .bytes()
        .filter(|byte| !b": ".contains(byte))
        .filter_map(|byte| char::from(byte).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    let n_typed = hex.bytes().filter(|byte| !b": ".contains(byte)).count();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1..].iter().sum::<u8>())
        .collect();
    <[u8; 32]>::try_from(bytes)
        .ok()
        .filter(|_| n_typed == 64 && digits.len() == 64)
        .ok_or_else(|| {
            FieldErrors::one(
                "fingerprint",
                "type the 64 hexadecimal digits of its SHA-256",
            )
        })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
