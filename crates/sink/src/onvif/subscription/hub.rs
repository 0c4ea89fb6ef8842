//! All subscriptions, and what waits for each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;
use types::Timestamp;

use super::filter::Filter;
use crate::onvif::notification::Notification;
use crate::onvif::topic::Naming;

/// Name of a subscription: the last part of its address.
pub type SubscriptionId = String;

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Hub {
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

/// One subscription.
#[derive(Debug)]
pub struct Subscription {
    filter: Filter,
    naming: Naming,
    delivery: Delivery,
    account: String,
    created_at: Timestamp,
    terminates_at: Timestamp,
    /// How long it was to live when it was made or last renewed.
    asked_life: Duration,
    queue: VecDeque<Arc<Notification>>,
    n_told: u64,
    n_lost: u64,
    is_pulled: bool,
    pulled_at: Option<Timestamp>,
    last_error: Option<String>,
    wake: Arc<Notify>,
}

/// How messages get to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It asks for them.
    Pull,
    /// They are posted to this address.
    Push(String),
}

/// A subscription as people see it.
#[derive(Clone, Debug)]
pub struct SubscriptionView {
    /// Its name.
    pub id: SubscriptionId,
    /// How messages get to the client.
    pub delivery: Delivery,
    /// Whose it is.
    pub account: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when, if the client does not say more.
    pub terminates_at: Timestamp,
    /// Messages that wait.
    pub n_waiting: usize,
    /// Messages given so far.
    pub n_told: u64,
    /// Messages dropped because too many waited.
    pub n_lost: u64,
    /// When the client last asked.
    pub pulled_at: Option<Timestamp>,
    /// What last went wrong with a delivery.
    pub last_error: Option<String>,
}

/// What a hub refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HubError {
    /// As many as there may be.
    #[error(
        "subscribe: there are {} subscriptions already",
        Hub::MAX_SUBSCRIPTIONS
    )]
    TooMany,
    /// None of this name, any more.
    #[error("no such subscription: it ended, or there never was one")]
    Unknown,
    /// Somebody is pulling it at this moment.
    #[error("another PullMessages is in progress on this subscription")]
    Busy,
}

impl Hub {
    /// Most subscriptions of both kinds together.
    pub const MAX_SUBSCRIPTIONS: usize = 128;
    /// Most messages that wait for one subscription.
    pub const MAX_WAITING: usize = 4_000;
    /// Longest life without a sign of the client.
    pub const MAX_LIFE: Duration = Duration::from_secs(24 * 3_600);
    /// Life when the client names none.
    pub const DEFAULT_LIFE: Duration = Duration::from_secs(60);
    /// Longest wait of one pull.
    pub const MAX_PULL: Duration = Duration::from_secs(120);
    /// Most messages of one answer.
    pub const MAX_MESSAGES: usize = 1_000;

    /// Adds a subscription; `initial` is told first, as far as its filter
    /// wants it.
    ///
    /// # Errors
    /// There are too many.
    #[expect(clippy::too_many_arguments, reason = "they make one subscription")]
    pub fn add(
        &mut self,
        id: SubscriptionId,
        filter: Filter,
        naming: Naming,
        delivery: Delivery,
        account: &str,
        terminates_at: Timestamp,
        initial: &[Arc<Notification>],
        now: Timestamp,
    ) -> Result<(), HubError> {
        self.expire(now);
        if self.subscriptions.len() >= Self::MAX_SUBSCRIPTIONS {
            return Err(HubError::TooMany);
        }
        let mut subscription = Subscription {
            filter,
            naming,
            delivery,
            account: account.to_owned(),
            created_at: now,
            terminates_at,
            asked_life: terminates_at.saturating_since(now),
            queue: VecDeque::new(),
            n_told: 0,
            n_lost: 0,
            is_pulled: false,
            pulled_at: None,
            last_error: None,
            wake: Arc::new(Notify::new()),
        };
        subscription.offer(initial);
        self.subscriptions.insert(id, subscription);
        Ok(())
    }

    /// Tells everybody who wants to know.
    pub fn publish(&mut self, notifications: &[Arc<Notification>]) {
        if notifications.is_empty() {
            return;
        }
        for subscription in self.subscriptions.values_mut() {
            subscription.offer(notifications);
        }
    }

    /// Tells one subscription, such as all states anew.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn tell(
        &mut self,
        id: &str,
        notifications: &[Arc<Notification>],
        now: Timestamp,
    ) -> Result<(), HubError> {
        self.find(id, now)?.offer(notifications);
        Ok(())
    }

    /// Begins a pull, of which there may be one at a time; what wakes it.
    ///
    /// # Errors
    /// There is none of this name, or it is being pulled.
    pub fn begin_pull(
        &mut self,
        id: &str,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Arc<Notify>, HubError> {
        let subscription = self.find(id, now)?;
        if std::mem::replace(&mut subscription.is_pulled, true) {
            return Err(HubError::Busy);
        }
        subscription.pulled_at = Some(now);
        // It must not end while its client waits.
        subscription.pulled(timeout, now);
        Ok(Arc::clone(&subscription.wake))
    }

    /// Takes what waits, at most `limit`, oldest first.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn take(
        &mut self,
        id: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Arc<Notification>>, HubError> {
        let subscription = self.find(id, now)?;
        let n_taken = limit.min(subscription.queue.len());
        subscription.n_told += n_taken as u64;
        Ok(subscription.queue.drain(..n_taken).collect())
    }

    /// Ends a pull; until when the subscription lives now: at least as long
    /// again as the pull could have lasted, and as its client once asked for,
    /// up to [`DEFAULT_LIFE`](Self::DEFAULT_LIFE): a client with short pulls
    /// may pause between them.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn end_pull(
        &mut self,
        id: &str,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Timestamp, HubError> {
        let subscription = self.find(id, now)?;
        subscription.is_pulled = false;
        subscription.pulled(timeout, now);
        Ok(subscription.terminates_at)
    }

    /// A pull whose client has gone, or whose subscription was ended.
    pub fn abandon_pull(&mut self, id: &str) {
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.is_pulled = false;
        }
    }

    /// Gives what a failed push could not deliver back, oldest first.
    pub fn give_back(&mut self, id: &str, notifications: Vec<Arc<Notification>>, error: String) {
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.n_told = subscription
                .n_told
                .saturating_sub(notifications.len() as u64);
            for notification in notifications.into_iter().rev() {
                subscription.queue.push_front(notification);
            }
            subscription.last_error = Some(error);
        }
    }

    /// Notes that a push was taken.
    pub fn delivered(&mut self, id: &str, now: Timestamp) {
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.pulled_at = Some(now);
            subscription.last_error = None;
        }
    }

    /// Gives a subscription another end.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn renew(&mut self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), HubError> {
        let subscription = self.find(id, now)?;
        subscription.terminates_at = until;
        subscription.asked_life = until.saturating_since(now);
        Ok(())
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn remove(&mut self, id: &str, now: Timestamp) -> Result<(), HubError> {
        self.find(id, now)?;
        self.drop_one(id);
        Ok(())
    }

    /// Ends all.
    pub fn clear(&mut self) {
        let ids: Vec<SubscriptionId> = self.subscriptions.keys().cloned().collect();
        for id in ids {
            self.drop_one(&id);
        }
    }

    /// What wakes whoever delivers this subscription.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn wake_of(&mut self, id: &str, now: Timestamp) -> Result<Arc<Notify>, HubError> {
        Ok(Arc::clone(&self.find(id, now)?.wake))
    }

    /// How this subscription wants source items named.
    pub fn naming_of(&self, id: &str) -> Naming {
        let subscription = self.subscriptions.get(id);
        subscription.map_or(Naming::Modern, |subscription| subscription.naming)
    }

    /// All of them.
    pub fn views(&self, now: Timestamp) -> Vec<SubscriptionView> {
        let alive = self.subscriptions.iter();
        let alive = alive.filter(|(_, subscription)| subscription.terminates_at > now);
        alive
            .map(|(id, subscription)| SubscriptionView {
                id: id.clone(),
                delivery: subscription.delivery.clone(),
                account: subscription.account.clone(),
                created_at: subscription.created_at,
                terminates_at: subscription.terminates_at,
                n_waiting: subscription.queue.len(),
                n_told: subscription.n_told,
                n_lost: subscription.n_lost,
                pulled_at: subscription.pulled_at,
                last_error: subscription.last_error.clone(),
            })
            .collect()
    }

    /// Ends those whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        let over = self.subscriptions.iter();
        let over = over.filter(|(_, subscription)| subscription.terminates_at <= now);
        let over: Vec<SubscriptionId> = over.map(|(id, _)| id.clone()).collect();
        for id in over {
            self.drop_one(&id);
        }
    }

    fn drop_one(&mut self, id: &str) {
        if let Some(subscription) = self.subscriptions.remove(id) {
            // Whoever waits for it shall see that it is gone.
            subscription.wake.notify_one();
        }
    }

    fn find(&mut self, id: &str, now: Timestamp) -> Result<&mut Subscription, HubError> {
        self.expire(now);
        self.subscriptions.get_mut(id).ok_or(HubError::Unknown)
    }
}

impl Subscription {
    fn offer(&mut self, notifications: &[Arc<Notification>]) {
        let n_before = self.queue.len();
        for notification in notifications {
            if self.filter.matches(notification, self.naming) {
                self.queue.push_back(Arc::clone(notification));
            }
        }
        while self.queue.len() > Hub::MAX_WAITING {
            self.queue.pop_front();
            self.n_lost += 1;
        }
        if self.queue.len() > n_before {
            self.wake.notify_one();
        }
    }

    /// A pull is a sign of life.
    fn pulled(&mut self, timeout: Duration, now: Timestamp) {
        let life = timeout.max(self.asked_life.min(Hub::DEFAULT_LIFE));
        self.terminates_at = self.terminates_at.max(now.saturating_add(life));
    }
}

#[cfg(test)]
mod tests {
    use types::CameraId;

    use super::*;
    use crate::onvif::notification::Value;
    use crate::onvif::topic::Topic;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn notification(second: i64) -> Arc<Notification> {
        Arc::new(Notification::new(
            Topic::MotionAlarm,
            Some(&CameraId::new("gate").unwrap()),
            at(second),
            &[("Source", Value::Token("gate".to_owned()))],
            &[("State", Value::Boolean(true))],
        ))
    }

    fn hub(ids: &[&str]) -> Hub {
        let mut hub = Hub::default();
        for id in ids {
            add(&mut hub, id).unwrap();
        }
        hub
    }

    fn add(hub: &mut Hub, id: &str) -> Result<(), HubError> {
        hub.add(
            id.to_owned(),
            Filter::default(),
            Naming::Modern,
            Delivery::Pull,
            "vms",
            at(60),
            &[],
            at(0),
        )
    }

    fn seconds(taken: &[Arc<Notification>]) -> Vec<Timestamp> {
        taken.iter().map(|notification| notification.at).collect()
    }

    #[test]
    fn each_pull_point_gets_everything_once_and_in_order() {
        let mut hub = hub(&["a", "b"]);
        hub.publish(&[notification(1), notification(2), notification(3)]);
        let first = hub.take("a", 2, at(1)).unwrap();
        assert_eq!(seconds(&first), [at(1), at(2)]);
        let rest = hub.take("a", 10, at(1)).unwrap();
        assert_eq!(seconds(&rest), [at(3)]);
        assert_eq!(hub.take("b", 10, at(1)).unwrap().len(), 3);
        assert!(hub.take("b", 10, at(1)).unwrap().is_empty());
    }

    #[test]
    fn one_pull_at_a_time_and_it_keeps_the_subscription_alive() {
        let mut hub = hub(&["a"]);
        let timeout = Duration::from_secs(100);
        assert!(hub.begin_pull("a", timeout, at(0)).is_ok());
        assert_eq!(
            hub.begin_pull("a", timeout, at(1)).err(),
            Some(HubError::Busy)
        );
        assert_eq!(hub.end_pull("a", timeout, at(90)), Ok(at(190)));
        assert!(hub.begin_pull("a", timeout, at(91)).is_ok());
        hub.abandon_pull("a");
        assert!(hub.begin_pull("a", timeout, at(92)).is_ok());
    }

    #[test]
    fn client_with_short_pulls_may_pause_between_them_but_not_longer_than_it_asked_for() {
        let mut hub = hub(&["a", "b"]);
        let timeout = Duration::from_secs(2);
        // It asked for 60 s: nine pulls, 50 s apart, keep it.
        for number in 1..10 {
            hub.begin_pull("a", timeout, at(number * 50)).unwrap();
            let ends = hub.end_pull("a", timeout, at(number * 50));
            assert_eq!(ends, Ok(at(number * 50 + 60)));
        }
        hub.renew("a", at(460), at(450)).unwrap();
        hub.begin_pull("a", timeout, at(455)).unwrap();
        assert_eq!(hub.end_pull("a", timeout, at(455)), Ok(at(465)));
        assert_eq!(hub.take("a", 1, at(466)), Err(HubError::Unknown));
        assert_eq!(
            hub.take("b", 1, at(61)),
            Err(HubError::Unknown),
            "never pulled"
        );
    }

    #[test]
    fn subscription_ends_by_time_renewal_or_wish() {
        let mut hub = hub(&["a", "b"]);
        hub.renew("a", at(120), at(1)).unwrap();
        assert!(hub.take("a", 1, at(119)).is_ok());
        assert_eq!(hub.take("b", 1, at(119)), Err(HubError::Unknown));
        hub.remove("a", at(119)).unwrap();
        assert_eq!(hub.remove("a", at(119)), Err(HubError::Unknown));
    }

    #[test]
    fn both_bounds_are_kept_and_losses_counted() {
        let mut hub = hub(&["a"]);
        let many: Vec<_> = (0..Hub::MAX_WAITING + 5).map(|_| notification(1)).collect();
        hub.publish(&many);
        let view = &hub.views(at(1))[0];
        assert_eq!((view.n_waiting, view.n_lost), (Hub::MAX_WAITING, 5));
        for idx in 1..Hub::MAX_SUBSCRIPTIONS {
            add(&mut hub, &idx.to_string()).unwrap();
        }
        assert_eq!(add(&mut hub, "more"), Err(HubError::TooMany));
    }

    #[test]
    fn failed_push_is_given_back_in_order() {
        let mut hub = hub(&["a"]);
        hub.publish(&[notification(1), notification(2)]);
        let taken = hub.take("a", 1, at(1)).unwrap();
        hub.give_back("a", taken, "refused".to_owned());
        let taken = hub.take("a", 5, at(1)).unwrap();
        assert_eq!(seconds(&taken), [at(1), at(2)]);
    }
}
