//! What a courier hands steps to.

use std::sync::Arc;

use sink::mail::Mail;
use sink::webhook::Webhook;
use sink::{Message, Reaction};
use types::Timestamp;

use super::brokers::BrokerLink;
use super::vms::VmsLink;

/// One sink's far end.
#[derive(Debug)]
pub(super) enum Receiver {
    Webhook(Box<Webhook>),
    Broker(Arc<BrokerLink>),
    Vms(Box<VmsLink>),
    Mail(Box<Mail>),
}

/// Why a step did not arrive.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// In words, as people read it.
    pub(super) text: String,
    /// What to do about it.
    pub(super) reaction: Reaction,
}

impl Receiver {
    /// Whether messages want [`sink::Picture::jpeg`].
    pub(super) fn wants_picture(&self) -> bool {
        match self {
            Receiver::Webhook(webhook) => webhook.has_picture_inside(),
            Receiver::Broker(link) => link.wants_picture(),
            Receiver::Vms(link) => link.wants_picture(),
            Receiver::Mail(_) => true,
        }
    }

    /// Delivers one step.
    pub(super) async fn deliver(&self, message: &Message, now: Timestamp) -> Result<(), Failure> {
        match self {
            Receiver::Webhook(webhook) => {
                let delivered = webhook.deliver(message, now).await;
                delivered.map_err(|error| Failure {
                    text: error.to_string(),
                    reaction: error.reaction(),
                })
            }
            Receiver::Broker(link) => {
                let delivered = link.deliver(message).await;
                delivered.map_err(|error| Failure {
                    text: error.to_string(),
                    reaction: error.reaction(),
                })
            }
            Receiver::Vms(link) => link.deliver(message).await,
            Receiver::Mail(mail) => {
                let delivered = mail.deliver(message, now).await;
                delivered.map_err(|error| Failure {
                    text: error.to_string(),
                    reaction: error.reaction(),
                })
            }
        }
    }
}
