//! The task that empties one sink's outbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sink::{DeliveryQueue, Item, Message, Next, Outcome, RetryPolicy};
use store::OutboxId;
use tokio::sync::Notify;

use super::SinkParts;
use super::message::message_of;
use super::receiver::{Failure, Receiver};
use crate::secrets::random_seed;

/// Rows taken from the outbox at once.
const PAGE: u32 = 100;

/// Pause after the store itself failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);

/// Longest sleep without looking, in case a wake-up was missed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(super) struct CourierTask {
    pub(super) sink: String,
    pub(super) receiver: Receiver,
    pub(super) parts: SinkParts,
    pub(super) wake: Arc<Notify>,
    /// Counts attempts that failed.
    pub(super) n_failed: Arc<AtomicU64>,
}

/// How one delivery went.
type Report = (Item, Result<(), Failure>);

impl CourierTask {
    /// Delivers until it is dropped.
    pub(super) async fn run(self) {
        loop {
            if let Err(error) = self.work().await {
                tracing::warn!(sink = self.sink, error = %format!("{error:#}"), "outbox");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    }

    /// Delivers until the store fails.
    async fn work(&self) -> anyhow::Result<()> {
        let mut queue = DeliveryQueue::new(RetryPolicy::default(), random_seed()?);
        let mut messages: BTreeMap<i64, Message> = BTreeMap::new();
        let mut in_flight = FuturesUnordered::new();
        loop {
            self.refill(&mut queue, &mut messages).await?;
            let wait = loop {
                match queue.next(self.parts.clock.now()) {
                    Next::Deliver(item) => match messages.get(&item.outbox_id).cloned() {
                        Some(message) => in_flight.push(self.deliver(item, message)),
                        None => anyhow::bail!("row {} is queued without a message", item.outbox_id),
                    },
                    Next::WaitUntil(at) => {
                        break at.saturating_since(self.parts.clock.now()).min(LOOK_EVERY);
                    }
                    Next::Wait => break LOOK_EVERY,
                }
            };
            tokio::select! {
                Some((item, result)) = in_flight.next() => self.note(&mut queue, &mut messages, item, result).await?,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn refill(
        &self,
        queue: &mut DeliveryQueue,
        messages: &mut BTreeMap<i64, Message>,
    ) -> anyhow::Result<()> {
        let (sink, now) = (self.sink.clone(), self.parts.clock.now());
        let deliveries = self
            .parts
            .storage
            .read(move |reader| reader.next_deliveries(&sink, now, PAGE))
            .await?;
        for delivery in deliveries {
            let item_id = delivery.outbox_id.0;
            let item = Item {
                outbox_id: item_id,
                camera_id: delivery.event.camera_id.clone(),
                queued_at: delivery.queued_at,
                n_attempts: delivery.n_attempts,
            };
            queue.add([item]);
            // Also when the step is held already: by its next attempt the
            // object may have a better picture.
            let message = message_of(delivery, &self.parts.vault, &self.parts.fleet);
            messages.insert(item_id, message);
        }
        Ok(())
    }

    async fn deliver(&self, item: Item, mut message: Message) -> Report {
        if self.receiver.wants_picture() {
            self.add_picture(&mut message).await;
        }
        let now = self.parts.clock.now();
        let result = self.receiver.deliver(&message, now).await;
        (item, result)
    }

    /// Puts the event's best picture into the message. A picture that cannot
    /// be read is no reason to hold back an alarm: the link stays.
    async fn add_picture(&self, message: &mut Message) {
        let event_id = message.event_id;
        let Some(picture) = &mut message.picture else {
            return;
        };
        let read = self
            .parts
            .storage
            .read(move |reader| match reader.event_shot(event_id)? {
                Some(shot) => reader.shot_jpeg(shot.shot_id),
                None => Ok(None),
            })
            .await;
        match read {
            Ok(jpeg) => picture.jpeg = jpeg.map(Into::into),
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "picture left out of a message");
            }
        }
    }

    async fn note(
        &self,
        queue: &mut DeliveryQueue,
        messages: &mut BTreeMap<i64, Message>,
        item: Item,
        result: Result<(), Failure>,
    ) -> anyhow::Result<()> {
        let (sink, outbox_id) = (self.sink.clone(), OutboxId(item.outbox_id));
        let now = self.parts.clock.now();
        match result {
            Ok(()) => {
                queue.delivered(&item);
                messages.remove(&item.outbox_id);
                self.parts
                    .storage
                    .write(move |store| store.mark_delivered(&sink, outbox_id, now))
                    .await?;
            }
            Err(error) => {
                self.n_failed.fetch_add(1, Ordering::Relaxed);
                let Failure { text, reaction } = error;
                let outcome = queue.failed(&item, reaction, now);
                tracing::warn!(sink, error = text, ?outcome, "delivery failed");
                if matches!(outcome, Outcome::Dead) {
                    messages.remove(&item.outbox_id);
                }
                self.parts
                    .storage
                    .write(move |store| match outcome {
                        Outcome::RetryAt(at) => store.mark_failed(&sink, outbox_id, &text, at, now),
                        Outcome::Dead => store.mark_dead(&sink, outbox_id, &text, now),
                    })
                    .await?;
            }
        }
        Ok(())
    }
}
