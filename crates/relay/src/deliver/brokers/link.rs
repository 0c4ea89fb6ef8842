//! What the tasks of one broker share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sink::mqtt::home_assistant::{HomeAssistant, OFFLINE, ONLINE, Topics, rule_state};
use sink::mqtt::{
    Board, Broker, ConnectError, EventFilter, Publication, PublishError, Qos, Session,
    event_publication,
};
use sink::onvif::notification::Notification;
use sink::onvif::state::DeviceState;
use sink::onvif::topic::Naming;
use sink::{Message, Reaction};
use store::Expected;
use tokio::sync::{Notify, RwLock, RwLockReadGuard, RwLockWriteGuard, watch};
use tokio::task::JoinHandle;
use types::{CameraId, EventId, Phase, RuleId, Timestamp};

use super::super::book::sink_name;
use super::super::couriers::{SinkParts, lock};
use super::hangups::HangUps;
use super::status::{BrokerState, BrokerStatus};
use crate::settings::BrokerDocument;

/// Most open events followed for one rule; beyond, the oldest is taken as
/// over.
const MAX_OPEN: usize = 512;
/// Longest wait for a broker to take back what it holds.
const TAKE_BACK_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for the tasks of a broker to end.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// What a broker is told.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) prefix: String,
    pub(super) qos: Qos,
    pub(super) topics: Topics,
    /// `None`: no events are sent.
    pub(super) events: Option<EventFilter>,
    pub(super) sends_scenes: bool,
    /// `None`: Home Assistant is told nothing.
    pub(super) home: Option<HomeAssistant>,
}

/// One broker that is switched on.
#[derive(Debug)]
pub(in super::super) struct BrokerLink {
    id: String,
    pub(super) broker: Broker,
    pub(super) plan: Plan,
    pub(super) parts: SinkParts,
    /// The connection; `None` while there is none.
    pub(super) session: watch::Sender<Option<Session>>,
    /// What rules and cameras have told, in the order of the outbox.
    pub(super) state: Mutex<DeviceState>,
    /// States that the broker shall hold.
    pub(super) board: Mutex<Board>,
    /// The board changed.
    pub(super) news: Notify,
    status: Mutex<BrokerStatus>,
    /// Steps of which a part was delivered.
    begun: Mutex<BTreeMap<String, VecDeque<Publication>>>,
    hang_ups: Mutex<HangUps>,
    /// Held while something is published; by a suspect alone.
    turn: RwLock<()>,
    open: Mutex<BTreeMap<(CameraId, RuleId), BTreeSet<EventId>>>,
    /// Nothing of us shall be left at the broker.
    is_taken_back: AtomicBool,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// Key of the topics that a broker holds for us.
fn topics_key(id: &str) -> String {
    format!("broker_topics/{id}")
}

/// Forgets which topics a broker holds.
///
/// # Errors
/// The store cannot write.
pub(super) async fn forget_topics(parts: &SinkParts, id: &str) -> anyhow::Result<()> {
    let (key, now) = (topics_key(id), parts.clock.now());
    parts
        .storage
        .write(move |store| match store.settings(&key)? {
            Some(_) => store
                .delete_settings(&key, Expected::Any, "airelay", now)
                .map(drop),
            None => Ok(()),
        })
        .await
}

impl BrokerLink {
    /// A broker that is not connected yet, with what a run before left there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn open(
        id: &str,
        broker: Broker,
        plan: Plan,
        parts: SinkParts,
    ) -> anyhow::Result<Self> {
        let key = topics_key(id);
        let stored = parts
            .storage
            .read(move |reader| reader.settings(&key))
            .await?;
        let json = stored.and_then(|settings| settings.document);
        let topics: Vec<String> = json
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default();
        Ok(BrokerLink {
            id: id.to_owned(),
            broker,
            plan,
            parts,
            session: watch::Sender::new(None),
            state: Mutex::default(),
            board: Mutex::new(Board::of_topics(topics)),
            news: Notify::new(),
            status: Mutex::default(),
            begun: Mutex::default(),
            hang_ups: Mutex::default(),
            turn: RwLock::default(),
            open: Mutex::default(),
            is_taken_back: AtomicBool::new(false),
            keeper: Mutex::default(),
        })
    }

    /// Whether pictures are wanted with events.
    pub(in super::super) fn wants_picture(&self) -> bool {
        self.plan.home.is_some()
    }

    /// Publishes all that belongs to one step, in order; waits for a
    /// connection first. What was acknowledged is not sent again by another
    /// attempt.
    pub(in super::super) async fn deliver(&self, message: &Message) -> Result<(), PublishError> {
        let key = message.idempotency_key();
        let begun = lock(&self.begun).remove(&key);
        let mut left = begun.unwrap_or_else(|| self.publications(message));
        let is_alone = lock(&self.hang_ups).is_suspect(&key);
        let mut session = self.connected().await;
        let (_together, _alone) = self.take_turn(is_alone).await;
        if is_alone {
            // The connection may have ended while others had their turn.
            session = self.connected().await;
            if let Err(error) = self.prove(&session).await {
                lock(&self.begun).insert(key, left);
                return Err(error);
            }
        }
        let mut refused = None;
        while let Some(publication) = left.front() {
            match self.publish(&session, publication).await {
                Ok(()) if publication.is_retained => {
                    lock(&self.board).told(&publication.topic, &publication.payload);
                }
                Ok(()) => {}
                Err(error) if error.reaction() == Reaction::Refused => {
                    refused.get_or_insert(error);
                }
                Err(error) => {
                    if let Some(given_up) = self.note_lost(&key, &error, is_alone) {
                        return Err(given_up);
                    }
                    lock(&self.begun).insert(key, left);
                    return Err(error);
                }
            }
            left.pop_front();
        }
        lock(&self.hang_ups).over(&key);
        self.add_picture(message, &session).await;
        refused.map_or(Ok(()), Err)
    }

    /// Publishes a state; one on which the broker hangs up is refused at last.
    pub(super) async fn publish_state(
        &self,
        session: &Session,
        publication: &Publication,
    ) -> Result<(), PublishError> {
        let key = format!("state {}", publication.topic);
        let is_alone = lock(&self.hang_ups).is_suspect(&key);
        let (_together, _alone) = self.take_turn(is_alone).await;
        if is_alone {
            self.prove(session).await?;
        }
        match self.publish(session, publication).await {
            Ok(()) => {
                lock(&self.hang_ups).over(&key);
                Ok(())
            }
            Err(error) => Err(self.note_lost(&key, &error, is_alone).unwrap_or(error)),
        }
    }

    /// Publishes, unless the broker hung up on others on their way there.
    async fn publish(
        &self,
        session: &Session,
        publication: &Publication,
    ) -> Result<(), PublishError> {
        let now = self.parts.clock.now();
        let refusal = lock(&self.hang_ups).refusal(&publication.topic, now);
        match refusal {
            Some(error) => Err(error),
            None => session.publish(publication).await,
        }
    }

    /// The error of a message that is given up, if it was lost often enough.
    fn note_lost(&self, key: &str, error: &PublishError, is_alone: bool) -> Option<PublishError> {
        let PublishError::Lost { topic } = error else {
            return None;
        };
        let now = self.parts.clock.now();
        lock(&self.hang_ups).lost(key, topic, is_alone, now)
    }

    /// Waits until something may be published, alone or together with others.
    async fn take_turn(
        &self,
        is_alone: bool,
    ) -> (
        Option<RwLockReadGuard<'_, ()>>,
        Option<RwLockWriteGuard<'_, ()>>,
    ) {
        match is_alone {
            true => (None, Some(self.turn.write().await)),
            false => (Some(self.turn.read().await), None),
        }
    }

    /// Whether this connection takes messages: a refusal is an answer, too.
    async fn prove(&self, session: &Session) -> Result<(), PublishError> {
        let hello = Publication::state(self.plan.topics.status(), ONLINE);
        match session.publish(&hello).await {
            Err(error) if error.reaction() != Reaction::Refused => Err(error),
            _ => Ok(()),
        }
    }

    /// A picture that cannot be sent is no reason to give up its event.
    async fn add_picture(&self, message: &Message, session: &Session) {
        let jpeg = message
            .picture
            .as_ref()
            .and_then(|picture| picture.jpeg.clone());
        let (Some(home), Some(jpeg)) = (&self.plan.home, jpeg) else {
            return;
        };
        let topic = home.topics.picture(&message.camera_id);
        let publication = Publication::state(topic, Bytes::from_owner(jpeg));
        if let Err(error) = session.publish(&publication).await {
            tracing::warn!(broker = self.id, %error, "picture not sent");
            self.note_error(&error);
        }
    }

    fn publications(&self, message: &Message) -> VecDeque<Publication> {
        let url_of = |path: &str| format!("{}{path}", self.parts.public_url);
        let told = lock(&self.state).step(message, &url_of);
        let mut publications: VecDeque<Publication> = told
            .iter()
            .filter_map(|notification| self.event(notification))
            .collect();
        if let Some(home) = &self.plan.home {
            let is_on = self.note_open(message);
            let state = rule_state(is_on, Some(message));
            let topic = home.topics.rule(&message.camera_id, message.rule_id);
            publications.push_back(Publication {
                qos: self.plan.qos,
                ..Publication::state(topic, state.to_string())
            });
        }
        publications
    }

    /// The publication of a notification, if it is wanted.
    pub(super) fn event(&self, notification: &Notification) -> Option<Publication> {
        let filter = self.plan.events.as_ref()?;
        let is_wanted = filter.wants(notification.topic.spec());
        is_wanted.then(|| {
            let (prefix, qos) = (&self.plan.prefix, self.plan.qos);
            event_publication(prefix, notification, Naming::Modern, qos)
        })
    }

    /// Tells what cameras say of themselves: a state that changed, or what is
    /// worth nothing later.
    pub(super) fn tell(&self, notification: &Notification) {
        let Some(publication) = self.event(notification) else {
            return;
        };
        if publication.is_retained {
            self.set(&publication.topic, publication.payload);
        } else if let Some(session) = &*self.session.borrow() {
            // Lost when the broker does not keep up, as a scene is.
            let is_sent = session.offer(publication);
            tracing::trace!(broker = self.id, is_sent, "told");
        }
    }

    /// Whether a rule has an open event after this step.
    fn note_open(&self, message: &Message) -> bool {
        let mut open = lock(&self.open);
        let rule = (message.camera_id.clone(), message.rule_id);
        let events = open.entry(rule.clone()).or_default();
        if message.phase == Phase::End {
            events.remove(&message.event_id);
        } else {
            events.insert(message.event_id);
            if events.len() > MAX_OPEN {
                events.pop_first();
            }
        }
        let is_on = !events.is_empty();
        if !is_on {
            open.remove(&rule);
        }
        is_on
    }

    /// The connection, as soon as there is one.
    async fn connected(&self) -> Session {
        let mut sessions = self.session.subscribe();
        loop {
            if let Some(session) = sessions.borrow_and_update().clone() {
                return session;
            }
            if sessions.changed().await.is_err() {
                // The sender is ours, so this cannot be.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether no event waits for this broker.
    pub(super) async fn is_outbox_empty(&self) -> bool {
        let sink = sink_name::<BrokerDocument>(&self.id);
        let state = self
            .parts
            .storage
            .read(move |reader| reader.sink_state(&sink))
            .await;
        match state {
            Ok(state) => state.is_none_or(|state| state.n_waiting == 0),
            Err(error) => {
                tracing::warn!(broker = self.id, error = %format!("{error:#}"), "outbox");
                false
            }
        }
    }

    /// From now on exactly these topics are ours.
    pub(super) async fn expect(&self, wanted: BTreeMap<String, Option<Bytes>>) {
        let has_grown = lock(&self.board).expect(wanted);
        if has_grown {
            self.keep_topics().await;
        }
        self.news.notify_one();
    }

    /// A state changed, or not.
    pub(super) fn set(&self, topic: &str, payload: impl Into<Bytes>) {
        lock(&self.board).set(topic, payload.into());
        self.news.notify_one();
    }

    /// Stores which topics the broker may hold, for the next run.
    pub(super) async fn keep_topics(&self) {
        let topics: Vec<String> = lock(&self.board).topics().map(str::to_owned).collect();
        let (key, now) = (topics_key(&self.id), self.parts.clock.now());
        let stored = match serde_json::to_string(&topics) {
            Ok(json) => {
                self.parts
                    .storage
                    .write(move |store| {
                        store.put_settings(&key, &json, Expected::Any, "airelay", now)
                    })
                    .await
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = stored {
            tracing::warn!(broker = self.id, error = %format!("{error:#}"), "topics not kept");
        }
    }

    /// Deletes all that the broker holds for us.
    pub(super) async fn take_back(&self) {
        self.is_taken_back.store(true, Ordering::Relaxed);
        let Some(session) = self.session.borrow().clone() else {
            return;
        };
        let topics: Vec<String> = {
            let mut board = lock(&self.board);
            board.expect(BTreeMap::new());
            board.topics().map(str::to_owned).collect()
        };
        let all = async {
            for topic in topics {
                let nothing = Publication::state(topic, Bytes::new());
                if session.publish(&nothing).await.is_ok() {
                    lock(&self.board).published(&nothing);
                }
            }
        };
        if tokio::time::timeout(TAKE_BACK_WITHIN, all).await.is_err() {
            tracing::warn!(broker = self.id, "states left behind at the broker");
        }
        self.keep_topics().await;
    }

    /// The last word on a connection: that we are gone, or nothing at all.
    pub(super) fn last_word(&self) -> Publication {
        let is_taken_back = self.is_taken_back.load(Ordering::Relaxed);
        let word = if is_taken_back { "" } else { OFFLINE };
        Publication::state(self.plan.topics.status(), word)
    }

    /// Says hello on a new connection and lets the others use it.
    pub(super) async fn begin(&self, session: Session) {
        let hello = Publication::state(self.plan.topics.status(), ONLINE);
        let said = session.publish(&hello).await;
        let now = self.parts.clock.now();
        let version = session.version();
        lock(&self.status).connected(version, now);
        tracing::info!(broker = self.id, address = %self.broker.address(), version, "connected");
        if let Err(error) = said {
            tracing::warn!(broker = self.id, %error, "state not told");
            self.note_error(&error);
        }
        self.session.send_replace(Some(session));
    }

    pub(super) fn note_connecting(&self) {
        lock(&self.status).state = BrokerState::Connecting;
    }

    /// There is no connection, and the next try is at `retry_at`.
    pub(super) fn note_failed(&self, error: &ConnectError, retry_at: Timestamp) {
        self.session.send_replace(None);
        let now = self.parts.clock.now();
        lock(&self.status).failed(error, retry_at, now);
        tracing::warn!(broker = self.id, %error, "connecting again");
    }

    pub(super) fn note_error(&self, error: &PublishError) {
        let now = self.parts.clock.now();
        lock(&self.status).note(error.to_string(), now);
    }

    /// A scene was sent, or found no room.
    pub(super) fn note_scene(&self, is_sent: bool) {
        let mut status = lock(&self.status);
        if is_sent {
            status.n_scenes += 1;
        } else {
            status.n_scenes_lost += 1;
        }
    }

    pub(super) fn status(&self) -> BrokerStatus {
        lock(&self.status).clone()
    }

    pub(super) fn note_keeper(&self, keeper: JoinHandle<()>) {
        *lock(&self.keeper) = Some(keeper);
    }

    /// Waits until the keeper has said goodbye.
    pub(super) async fn is_left(&self) {
        let keeper = lock(&self.keeper).take();
        if let Some(keeper) = keeper
            && tokio::time::timeout(LEAVE_WITHIN, keeper).await.is_err()
        {
            tracing::warn!(broker = self.id, "the connection ends late");
        }
    }
}
