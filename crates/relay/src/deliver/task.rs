//! The task that empties one webhook's outbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sink::webhook::{DeliverError, Webhook};
use sink::{DeliveryQueue, Item, Message, Next, Outcome, Picture, RetryPolicy, Why};
use store::{Delivery, EventRow, OutboxId};
use tokio::sync::Notify;
use types::{
    CameraId, Class, Clock, EventDetail, EventId, EventKind, NormBox, Phase, ProgramKind, RuleId,
    Timestamp,
};

use crate::secrets::{Vault, random_seed};
use crate::storage::Storage;
use crate::supervise::Fleet;

/// Rows taken from the outbox at once.
const PAGE: u32 = 100;

/// Pause after the store itself failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);

/// Longest sleep without looking, in case a wake-up was missed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(super) struct CourierTask {
    pub(super) sink: String,
    pub(super) webhook: Webhook,
    pub(super) storage: Storage,
    pub(super) vault: Arc<Vault>,
    pub(super) clock: Arc<dyn Clock>,
    /// For the names people gave to cameras and zones.
    pub(super) fleet: Arc<Fleet>,
    pub(super) wake: Arc<Notify>,
    /// Counts attempts that failed.
    pub(super) n_failed: Arc<AtomicU64>,
}

/// How one delivery went.
type Report = (Item, Result<(), DeliverError>);

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
                match queue.next(self.clock.now()) {
                    Next::Deliver(item) => match messages.get(&item.outbox_id).cloned() {
                        Some(message) => in_flight.push(self.deliver(item, message)),
                        None => anyhow::bail!("row {} is queued without a message", item.outbox_id),
                    },
                    Next::WaitUntil(at) => {
                        break at.saturating_since(self.clock.now()).min(LOOK_EVERY);
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
        let (sink, now) = (self.sink.clone(), self.clock.now());
        let deliveries = self
            .storage
            .read(move |reader| reader.next_deliveries(&sink, now, PAGE))
            .await?;
        for delivery in deliveries {
            let item = Item {
                outbox_id: delivery.outbox_id.0,
                camera_id: delivery.event.camera_id.clone(),
                queued_at: delivery.queued_at,
                n_attempts: delivery.n_attempts,
            };
            queue.add([item]);
            // Also when the step is held already: by its next attempt the
            // object may have a better picture.
            messages.insert(delivery.outbox_id.0, self.message(delivery));
        }
        Ok(())
    }

    async fn deliver(&self, item: Item, mut message: Message) -> Report {
        if self.webhook.has_picture_inside() {
            self.add_picture(&mut message).await;
        }
        let result = self.webhook.deliver(&message, self.clock.now()).await;
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
            .storage
            .read(move |reader| match reader.event_shot(event_id)? {
                Some(shot) => reader.shot_jpeg(shot.shot_id),
                None => Ok(None),
            })
            .await;
        match read {
            Ok(jpeg) => picture.jpeg = jpeg.map(Into::into),
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "picture left out of a webhook");
            }
        }
    }

    async fn note(
        &self,
        queue: &mut DeliveryQueue,
        messages: &mut BTreeMap<i64, Message>,
        item: Item,
        result: Result<(), DeliverError>,
    ) -> anyhow::Result<()> {
        let (sink, outbox_id) = (self.sink.clone(), OutboxId(item.outbox_id));
        let now = self.clock.now();
        match result {
            Ok(()) => {
                queue.delivered(&item);
                messages.remove(&item.outbox_id);
                self.storage
                    .write(move |store| store.mark_delivered(&sink, outbox_id, now))
                    .await?;
            }
            Err(error) => {
                self.n_failed.fetch_add(1, Ordering::Relaxed);
                let text = error.to_string();
                let outcome = queue.failed(&item, error.reaction(), now);
                tracing::warn!(sink, error = text, ?outcome, "delivery failed");
                if matches!(outcome, Outcome::Dead) {
                    messages.remove(&item.outbox_id);
                }
                self.storage
                    .write(move |store| match outcome {
                        Outcome::RetryAt(at) => store.mark_failed(&sink, outbox_id, &text, at, now),
                        Outcome::Dead => store.mark_dead(&sink, outbox_id, &text, now),
                    })
                    .await?;
            }
        }
        Ok(())
    }

    fn message(&self, delivery: Delivery) -> Message {
        let event = delivery.event;
        let path = picture_path(&self.vault, event.event_id);
        let mut message = to_message(event, &path);
        if let Some(camera) = self.fleet.get(&message.camera_id) {
            let settings = camera.current_settings();
            message.zone_name = message
                .zone_id
                .and_then(|zone_id| settings.zone_name(zone_id))
                .map(str::to_owned);
            let detail = &message.detail;
            message.line_name = detail
                .line_id
                .and_then(|line_id| settings.line_name(line_id))
                .map(str::to_owned);
            message.from_zone_name = detail
                .from_zone_id
                .and_then(|zone_id| settings.zone_name(zone_id))
                .map(str::to_owned);
            message.camera_name.clone_from(&settings.name);
        }
        message
    }
}

/// Path of an event's picture that needs no sign-in: the key in it opens this
/// one picture.
fn picture_path(vault: &Vault, event_id: EventId) -> String {
    let key = vault.sign(&picture_claim(event_id));
    format!("/api/v1/events/{event_id}/shot.jpg?key={key}")
}

/// What the key of a picture link is made from.
pub(crate) fn picture_claim(event_id: EventId) -> String {
    format!("picture of {event_id}")
}

fn to_message(event: EventRow, picture_path: &str) -> Message {
    Message {
        event_id: event.event_id,
        step: event.step,
        phase: event.phase,
        camera_name: event.camera_id.to_string(),
        camera_id: event.camera_id,
        program: event.program,
        rule_id: event.rule_id,
        rule_name: event.rule_name,
        kind: event.kind,
        zone_id: event.zone_id,
        zone_name: None,
        at: event.at,
        started_at: event.started_at,
        ended_at: event.ended_at,
        track_id: event.track_id,
        class: event.class,
        score: event.score,
        bbox: event.bbox,
        detail: event.detail,
        line_name: None,
        from_zone_name: None,
        why: event
            .why
            .into_iter()
            .map(|gate| Why {
                passed: gate.outcome.passed(),
                text: gate.outcome.to_string(),
                gate: gate.name,
            })
            .collect(),
        picture: event.shot.map(|shot| Picture {
            path: picture_path.to_owned(),
            stage: shot.stage,
            captured_at: shot.captured_at,
            width_px: shot.width_px,
            height_px: shot.height_px,
            quality: shot.quality,
            jpeg: None,
        }),
        is_test: false,
    }
}

/// What "Test" sends: marked as a test, of no camera.
pub(super) fn test_message(now: Timestamp) -> Message {
    Message {
        event_id: EventId::from_bits(0),
        step: 0,
        phase: Phase::Begin,
        camera_id: CameraId::new("test").expect("a plain id"),
        camera_name: "Test".to_owned(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(0),
        rule_name: "Test of this webhook".to_owned(),
        kind: EventKind::Intruder,
        zone_id: None,
        zone_name: None,
        at: now,
        started_at: now,
        ended_at: None,
        track_id: None,
        class: Some(Class::Person),
        score: 1.0,
        bbox: Some(NormBox::WHOLE),
        detail: EventDetail::default(),
        line_name: None,
        from_zone_name: None,
        why: Vec::new(),
        picture: None,
        is_test: true,
    }
}
