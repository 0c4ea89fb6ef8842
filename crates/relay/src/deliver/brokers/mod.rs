//! MQTT brokers: their settings, and the tasks that keep each connected and
//! informed.
//!
//! Four tasks share one [`BrokerLink`]: the courier brings events from the
//! outbox, the keeper holds the connection, the teller publishes states, the
//! watcher sees what cameras see. None waits for another but for a connection.
//!
//! Not here: the protocol and the form of what is sent (`sink::mqtt`).

mod hangups;
mod keeper;
mod link;
mod rules;
mod status;
mod teller;
mod watcher;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sink::Identity;
use sink::mqtt::home_assistant::{HomeAssistant, OFFLINE, Topics};
use sink::mqtt::{Broker, BrokerAddress, BrokerConfig, EventFilter, Publication, Qos, StepReport};

pub(super) use self::link::BrokerLink;
use self::link::Plan;
pub(crate) use self::status::{BrokerState, BrokerStatus};

use super::book::{Book, Record, sink_name};
use super::couriers::{Couriers, lock};
use super::parse_trust;
use super::receiver::Receiver;
use crate::settings::{BrokerDocument, FieldErrors};
use crate::supervise::hex;

/// A broker's document with its id.
pub(crate) type BrokerRecord = Record<BrokerDocument>;

/// All brokers.
#[derive(Debug)]
pub(crate) struct Brokers {
    couriers: Arc<Couriers>,
    /// Documents in the store.
    pub book: Book<BrokerDocument>,
    links: Mutex<BTreeMap<String, Arc<BrokerLink>>>,
}

impl Brokers {
    pub(super) fn new(couriers: Arc<Couriers>) -> Self {
        let parts = &couriers.parts;
        Brokers {
            book: Book::new(parts.storage.clone(), Arc::clone(&parts.clock)),
            couriers,
            links: Mutex::default(),
        }
    }

    /// Makes the running tasks of a broker follow its document.
    ///
    /// # Errors
    /// The store cannot read or write.
    pub(crate) async fn apply(&self, record: &BrokerRecord) -> anyhow::Result<()> {
        let sink = record.sink_name();
        self.leave(&record.id).await;
        let document = &record.document;
        // Of a broker that hears states only, no events are kept.
        let is_fed = document.sends_events || document.has_home_assistant;
        self.couriers
            .register(&sink, document.is_enabled && is_fed)
            .await?;
        if !document.is_enabled {
            return Ok(());
        }
        let broker = match self.make(&record.id, document) {
            Ok(broker) => broker,
            Err(errors) => {
                tracing::error!(broker = document.name, %errors, "broker not started");
                return Ok(());
            }
        };
        let plan = self.plan(document);
        let link = BrokerLink::open(&record.id, broker, plan, self.couriers.parts.clone()).await?;
        let link = Arc::new(link);
        let receiver = Receiver::Broker(Arc::clone(&link));
        if let Some(ground) = self.couriers.dispatch(&sink, receiver) {
            let (tasks, stop) = (&ground.tasks, &ground.stop);
            let keeper = keeper::keep(Arc::clone(&link), stop.clone());
            link.note_keeper(tasks.spawn(keeper));
            tasks.spawn(until(stop.clone(), teller::tell(Arc::clone(&link))));
            tasks.spawn(until(stop.clone(), watcher::watch(Arc::clone(&link))));
            lock(&self.links).insert(record.id.clone(), link);
        }
        Ok(())
    }

    /// Takes back what a broker holds for us, before its address changes or it
    /// is removed. Does what can be done within seconds.
    pub(crate) async fn take_back(&self, id: &str) {
        let link = lock(&self.links).get(id).cloned();
        if let Some(link) = link {
            link.take_back().await;
        }
    }

    /// Stops a broker and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.leave(id).await;
        self.couriers
            .remove(&sink_name::<BrokerDocument>(id))
            .await?;
        link::forget_topics(&self.couriers.parts, id).await
    }

    /// How a broker is doing; `None` while it is switched off.
    pub(crate) fn status(&self, id: &str) -> Option<BrokerStatus> {
        let links = lock(&self.links);
        links.get(id).map(|link| link.status())
    }

    /// Checks a document as a broker.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn make(&self, id: &str, document: &BrokerDocument) -> Result<Broker, FieldErrors> {
        let parts = &self.couriers.parts;
        let open = |field: &str, sealed: &str| {
            let opened = parts.vault.open_sealed(sealed);
            opened.map_err(|error| FieldErrors::one(field, error.to_string()))
        };
        let identity = match (&document.certificate, &document.sealed_key) {
            (Some(certificate), Some(sealed_key)) => {
                let key = open("key", sealed_key)?;
                let identity = Identity::from_pem(certificate, &key);
                Some(identity.map_err(|message| FieldErrors::one("certificate", message))?)
            }
            _ => None,
        };
        let password = document.sealed_password.as_deref();
        let topics = Topics::new(&document.topic_prefix);
        Broker::new(BrokerConfig {
            address: document.address.clone(),
            client_id: format!("airelay{}{id}", self.instance()),
            user: document.user.clone(),
            password: password
                .map(|sealed| open("password", sealed))
                .transpose()?,
            identity,
            trust: parse_trust(document.fingerprint.as_deref())?,
            will: Some(Publication::state(topics.status(), OFFLINE)),
        })
        .map_err(|error| FieldErrors::one(error.field, error.message))
    }

    /// Walks every step to a broker and says what came back, without touching
    /// the connection in use.
    pub(crate) async fn test(&self, document: &BrokerDocument, broker: &Broker) -> Vec<StepReport> {
        let topic = Topics::new(&document.topic_prefix).test();
        let now = self.couriers.parts.clock.now();
        let payload = format!("{{\"UtcTime\":\"{now}\",\"is_test\":true}}");
        broker.walk(&topic, &payload).await
    }

    /// The same broker by its address as written in one form; `None` when
    /// there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn by_address(
        &self,
        address: &BrokerAddress,
    ) -> anyhow::Result<Option<BrokerRecord>> {
        let records = self.book.list().await?;
        let is_it = |record: &BrokerRecord| {
            BrokerAddress::parse(&record.document.address).is_ok_and(|own| own == *address)
        };
        Ok(records.into_iter().find(is_it))
    }

    fn plan(&self, document: &BrokerDocument) -> Plan {
        let topics = Topics::new(&document.topic_prefix);
        let filter = document.event_filter.as_deref();
        Plan {
            prefix: document.topic_prefix.clone(),
            // It was checked before it was stored.
            events: document
                .sends_events
                .then(|| filter.and_then(|text| EventFilter::parse(text).ok()))
                .map(Option::unwrap_or_default),
            qos: match document.qos {
                0 => Qos::AtMostOnce,
                1 => Qos::AtLeastOnce,
                _ => Qos::ExactlyOnce,
            },
            sends_scenes: document.sends_scenes,
            home: document.has_home_assistant.then(|| HomeAssistant {
                instance: self.instance(),
                discovery_prefix: document.discovery_prefix.clone(),
                topics: topics.clone(),
                public_url: self.couriers.parts.public_url.clone(),
            }),
            topics,
        }
    }

    /// Tells this airelay from others at the same broker: 8 hexadecimal digits
    /// of this installation.
    fn instance(&self) -> String {
        let signature = self.couriers.parts.vault.sign("name at MQTT brokers");
        let bytes: Vec<u8> = signature.bytes().take(32).collect();
        let folded = bytes.chunks(8).fold([0_u8; 4], |mut folded, chunk| {
            for (byte_idx, byte) in chunk.iter().enumerate() {
                folded[byte_idx % 4] = folded[byte_idx % 4].rotate_left(3) ^ byte;
            }
            folded
        });
        hex(&folded)
    }

    /// Stops a broker's tasks, after a goodbye.
    async fn leave(&self, id: &str) {
        self.couriers.halt(&sink_name::<BrokerDocument>(id));
        let link = lock(&self.links).remove(id);
        if let Some(link) = link {
            link.is_left().await;
        }
    }
}

async fn until(stop: tokio_util::sync::CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}
