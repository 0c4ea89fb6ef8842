//! A connection that is signed in: publishes, and says what became of each.
//!
//! In: publications, from any number of clones. Out: acknowledgements. The
//! [`Driver`] reads and writes; when it ends, the session is over and whatever
//! was not acknowledged is reported as lost.
//!
//! The client library can connect again by itself; we do not let it, so that
//! one place (relay) decides when, and a lost publication is one the outbox
//! sends again in its order.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::connect::{Stream, tls_error};
use super::{
    ACKNOWLEDGED_WITHIN, ConnectError, MAX_PAYLOAD_BYTES, MAX_TOPIC_BYTES, Publication,
    PublishError, Qos,
};
use crate::words::plain_io;

mod v3;
mod v5;

/// Packets from a broker are acknowledgements and, in a test, our own words.
const MAX_INCOMING_BYTES: u32 = 256 * 1024;
/// Publications that may wait for their acknowledgement at once.
const MAX_IN_FLIGHT: u16 = 64;
/// What a packet has around its payload at most, besides the topic, bytes.
const PACKET_OVERHEAD_BYTES: usize = 64;
/// Longest wait for a subscription to be acknowledged.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(5);

/// A connection that is signed in; clones share it.
#[derive(Clone)]
pub struct Session {
    client: Client,
    /// Largest packet that the broker takes, bytes; it did not say: `None`.
    max_packet_bytes: Option<u32>,
}

#[derive(Clone)]
enum Client {
    V5(mqtt5::AsyncClient),
    V3(mqtt3::AsyncClient),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("version", &self.version())
            .field("max_packet_bytes", &self.max_packet_bytes)
            .finish_non_exhaustive()
    }
}

/// Reads and writes for a [`Session`].
pub struct Driver {
    authority: String,
    wheel: Wheel,
}

enum Wheel {
    V5(Box<mqtt5::EventLoop>),
    V3(Box<mqtt3::EventLoop>),
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The version of MQTT that is spoken.
    pub fn version(&self) -> &'static str {
        match self.client {
            Client::V5(_) => "5",
            Client::V3(_) => "3.1.1",
        }
    }

    /// Whether the broker says so when it does not allow something.
    pub(super) fn tells_denials(&self) -> bool {
        matches!(self.client, Client::V5(_))
    }

    /// Publishes, and waits until the broker has it (at QoS 0: until it is
    /// written).
    ///
    /// # Errors
    /// It did not arrive; [`PublishError::reaction`] says what to do.
    pub async fn publish(&self, publication: &Publication) -> Result<(), PublishError> {
        self.check(publication)?;
        let topic = &publication.topic;
        let acknowledged = async {
            match &self.client {
                Client::V5(client) => v5::publish(client, publication).await,
                Client::V3(client) => v3::publish(client, publication).await,
            }
        };
        match timeout(ACKNOWLEDGED_WITHIN, acknowledged).await {
            Ok(result) => result,
            Err(_) => Err(PublishError::Timeout {
                topic: topic.clone(),
            }),
        }
    }

    /// Publishes at QoS 0 without waiting: what finds no room is given up.
    /// Returns whether it found room.
    pub fn offer(&self, publication: Publication) -> bool {
        if self.check(&publication).is_err() {
            return false;
        }
        let Publication {
            topic,
            payload,
            is_retained,
            ..
        } = publication;
        match &self.client {
            Client::V5(client) => {
                let options = mqtt5::PublishOptions::at_most_once().retain(is_retained);
                client.try_publish(topic, payload, options).is_ok()
            }
            Client::V3(client) => {
                let options = mqtt3::PublishOptions::at_most_once().retain(is_retained);
                client.try_publish(topic, payload, options).is_ok()
            }
        }
    }

    /// Asks for what is published to `topic`; whether the broker agreed.
    pub(super) async fn subscribe(&self, topic: &str) -> bool {
        let agreed = async {
            match &self.client {
                Client::V5(client) => {
                    let asked = client
                        .subscribe_tracked(topic, mqtt5::QoS::AtLeastOnce)
                        .await;
                    match asked {
                        Ok(notice) => notice.wait_completion_async().await.is_ok(),
                        Err(_) => false,
                    }
                }
                Client::V3(client) => {
                    let asked = client
                        .subscribe_tracked(topic, mqtt3::QoS::AtLeastOnce)
                        .await;
                    match asked {
                        Ok(notice) => notice.wait_completion_async().await.is_ok(),
                        Err(_) => false,
                    }
                }
            }
        };
        timeout(SUBSCRIBED_WITHIN, agreed).await.unwrap_or(false)
    }

    /// Says goodbye, so that the broker does not publish the will. The driver
    /// ends soon after.
    pub async fn close(&self) {
        match &self.client {
            Client::V5(client) => drop(client.disconnect().await),
            Client::V3(client) => drop(client.disconnect().await),
        }
    }

    fn check(&self, publication: &Publication) -> Result<(), PublishError> {
        let topic = &publication.topic;
        let is_sound =
            (1..=MAX_TOPIC_BYTES).contains(&topic.len()) && !topic.contains(['+', '#', '\0']);
        if !is_sound {
            return Err(PublishError::NoTopic {
                topic: topic.chars().take(200).collect(),
            });
        }
        let len_bytes = topic.len() + publication.payload.len() + PACKET_OVERHEAD_BYTES;
        let is_too_large = publication.payload.len() > MAX_PAYLOAD_BYTES
            || self
                .max_packet_bytes
                .is_some_and(|max| len_bytes > max as usize);
        if is_too_large {
            return Err(PublishError::too_large(
                topic,
                len_bytes,
                self.max_packet_bytes,
            ));
        }
        Ok(())
    }
}

impl Driver {
    /// Keeps the connection alive until it ends, and says why it did.
    /// `on_message` hears what the broker sends us.
    pub async fn run(&mut self, mut on_message: impl FnMut(&str, Bytes)) -> ConnectError {
        let detail = loop {
            let message = match &mut self.wheel {
                Wheel::V5(wheel) => v5::turn(wheel).await,
                Wheel::V3(wheel) => v3::turn(wheel).await,
            };
            match message {
                Ok(Some((topic, payload))) => {
                    if let Ok(topic) = std::str::from_utf8(&topic) {
                        on_message(topic, payload);
                    }
                }
                Ok(None) => {}
                Err(detail) => break detail,
            }
        };
        ConnectError::Lost {
            authority: self.authority.clone(),
            detail,
        }
    }
}

/// A message from the broker: topic and payload; `None` for any other packet.
type Turn = Result<Option<(Bytes, Bytes)>, String>;

/// The opened stream, to be handed to the library once.
fn once(stream: Box<dyn Stream>) -> impl Fn() -> io::Result<Box<dyn Stream>> + Send + Sync {
    let slot = Mutex::new(Some(stream));
    move || {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
            .ok_or_else(|| io::Error::other("the connection is used up"))
    }
}

/// What the loss of a connection means while we sign in.
fn not_mqtt(authority: &str, error: &io::Error) -> ConnectError {
    let is_tls = error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>());
    if is_tls {
        // TLS 1.3 refuses a client's certificate after the handshake.
        return tls_error(authority, error);
    }
    ConnectError::NotMqtt {
        authority: authority.to_owned(),
        detail: plain_io(error),
    }
}

fn to_qos(qos: Qos) -> mqtt5::QoS {
    match qos {
        Qos::AtMostOnce => mqtt5::QoS::AtMostOnce,
        Qos::AtLeastOnce => mqtt5::QoS::AtLeastOnce,
        Qos::ExactlyOnce => mqtt5::QoS::ExactlyOnce,
    }
}

/// The name of a reason code as words, such as `not authorized`.
fn in_words(code: &impl std::fmt::Debug) -> String {
    let name = format!("{code:?}");
    let mut words = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_codes_are_told_in_words() {
        let words = in_words(&mqtt5::PubAckReason::NotAuthorized);
        assert_eq!(words, "not authorized");
        let words = in_words(&mqtt3::ConnectReturnCode::BadUserNamePassword);
        assert_eq!(words, "bad user name password");
    }
}
