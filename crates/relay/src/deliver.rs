//! Sinks: settings, and one task each that empties its outbox.
//!
//! In: steps that were stored, in order per camera. Out: deliveries, and what
//! became of each, noted in the store. A dead receiver delays nobody else and
//! loses nothing: its rows wait.
//!
//! Not here: wire forms and the retry rules (`sink`).

mod book;
mod brokers;
mod couriers;
mod mails;
mod message;
mod receiver;
mod task;
mod vms;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use sink::Trust;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::book::{Book, Record, SinkDocument, next_id};
pub(crate) use self::brokers::{BrokerRecord, BrokerState, Brokers};
use self::couriers::Couriers;
pub(crate) use self::couriers::SinkParts;
pub(crate) use self::mails::{MailRecord, Mails};
pub(crate) use self::message::{picture_claim, picture_path};
pub(crate) use self::vms::{VmsRecord, VmsServers, same_addresses};
pub(crate) use self::webhooks::{WebhookRecord, Webhooks};

use crate::settings::FieldErrors;

/// All sinks and their tasks.
#[derive(Debug)]
pub(crate) struct Deliveries {
    couriers: Arc<Couriers>,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// MQTT brokers.
    pub brokers: Brokers,
    /// Video management systems.
    pub vms: VmsServers,
    /// Ways to send mails.
    pub mails: Mails,
}

impl Deliveries {
    /// Sinks whose documents and queues are in the store.
    pub(crate) fn new(parts: SinkParts) -> Self {
        let couriers = Arc::new(Couriers::new(parts));
        Deliveries {
            webhooks: Webhooks::new(Arc::clone(&couriers)),
            brokers: Brokers::new(Arc::clone(&couriers)),
            vms: VmsServers::new(Arc::clone(&couriers)),
            mails: Mails::new(Arc::clone(&couriers)),
            couriers,
        }
    }

    /// Starts the tasks of each sink that is switched on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn start(
        &self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        self.couriers.start(tasks, stop);
        for record in self.webhooks.book.list().await? {
            self.webhooks.apply(&record).await?;
        }
        for record in self.brokers.book.list().await? {
            self.brokers.apply(&record).await?;
        }
        for record in self.vms.book.list().await? {
            self.vms.apply(&record).await?;
        }
        for record in self.mails.book.list().await? {
            self.mails.apply(&record).await?;
        }
        Ok(())
    }

    /// New rows wait: whoever sleeps shall look.
    pub(crate) fn wake(&self) {
        self.couriers.wake();
    }

    /// Queues the dead letters of the sink called `sink` again; returns how
    /// many.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn replay(&self, sink: &str) -> anyhow::Result<usize> {
        self.couriers.replay(sink).await
    }

    /// Attempts that failed since the start, by sink.
    pub(crate) fn n_failed(&self) -> BTreeMap<String, u64> {
        self.couriers.n_failed()
    }
}

/// Whose certificate is accepted, by a fingerprint as typed.
pub(crate) fn parse_trust(fingerprint: Option<&str>) -> Result<Trust, FieldErrors> {
    fingerprint.map_or(Ok(Trust::Verify), |hex| {
        parse_fingerprint(hex).map(Trust::Pin)
    })
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
