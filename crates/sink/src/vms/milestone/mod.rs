//! Milestone XProtect: analytics events on the Event Server's port, cameras
//! and alarms by the API Gateway.
//!
//! Facts: Milestone's published `AnalyticsEvent.xsd` and the protocol samples
//! `milestonesys/mipsdk-samples-protocol`.
//!
//! An analytics event becomes visible in XProtect only when one of exactly its
//! name was defined there and is used by an alarm definition. A 200 answer
//! that carries a warning means that the event was dropped, so it counts as a
//! failure.

mod document;
mod gateway;

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use self::document::to_xml;
use self::gateway::Gateway;
use super::caller::{Caller, invalid};
use super::error::{Step, VmsError};
use super::text::EventName;
use super::{KindFilter, Place, ServerConfig, VmsCamera, Walk};
use crate::{ConfigError, Message};

/// Longest document we send, bytes: a picture of 4 MiB in base64 and the rest.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How alarms reach XProtect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Analytics events on the notification port: with box and picture, in
    /// every version.
    #[default]
    AnalyticsEvents,
    /// Alarms by the API Gateway: without picture, XProtect 2023 R2 or newer;
    /// nothing has to be defined there.
    Alarms,
}

/// Where and how to deliver.
#[derive(Clone, Debug)]
pub struct MilestoneConfig {
    /// The API Gateway.
    pub server: ServerConfig,
    /// Port of the Event Server's analytics events; 9090 unless changed there.
    pub notification_port: u16,
    /// How alarms are sent.
    pub way: Way,
    /// Names of events.
    pub event_name: EventName,
    /// Priority in XProtect's list.
    pub priority: u16,
    /// Which events are sent.
    pub filter: KindFilter,
}

/// An XProtect installation, with its connections.
#[derive(Debug)]
pub struct Milestone {
    gateway: Gateway,
    notifications: Caller,
    config: MilestoneConfig,
}

impl Milestone {
    /// Checks `config`; connects to nobody yet.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub fn new(config: MilestoneConfig) -> Result<Self, ConfigError> {
        let server = &config.server;
        let notifications =
            Caller::new(&server.host, config.notification_port, None, server.timeout).map_err(
                |error| match error.field {
                    "port" => invalid("notification_port", error.message),
                    _ => error,
                },
            )?;
        Ok(Milestone {
            gateway: Gateway::new(server)?,
            notifications,
            config,
        })
    }

    #[cfg(test)]
    pub(super) fn filter_for_tests(&mut self, filter: KindFilter) {
        self.config.filter = filter;
    }

    #[cfg(test)]
    pub(super) fn ask_at_for_tests(&mut self, port: u16) {
        let server = &self.config.server;
        let caller = Caller::new(&server.host, port, None, server.timeout);
        self.notifications = caller.expect("a plain address");
    }

    /// Delivers one step; what the filter leaves out counts as delivered.
    ///
    /// # Errors
    /// It did not arrive; [`VmsError::reaction`] says what to do.
    pub async fn deliver(&self, message: &Message, place: &Place) -> Result<(), VmsError> {
        if !self.config.filter.takes(message) {
            return Ok(());
        }
        match self.config.way {
            Way::AnalyticsEvents => self.send_event(message, place).await,
            Way::Alarms => {
                let name = self.config.event_name.of(message);
                self.gateway
                    .trigger_alarm(&name, message, place)
                    .await
                    .map(drop)
            }
        }
    }

    /// The cameras that the API Gateway lists.
    ///
    /// # Errors
    /// It cannot be reached or does not let us in.
    pub async fn cameras(&self) -> Result<Vec<VmsCamera>, VmsError> {
        self.gateway.cameras().await
    }

    /// Signs in, reads the cameras and sends `message`.
    pub async fn test(&self, message: &Message, place: &Place) -> Walk {
        let mut walk = Walk::default();
        self.walk(&mut walk, message, place).await;
        walk.refused_certificate = self.gateway.refused_certificate();
        walk
    }

    async fn walk(&self, walk: &mut Walk, message: &Message, place: &Place) -> Option<()> {
        let signed_in = self.gateway.sign_in().await;
        let signed_in = signed_in.map(|()| ((), "signed in".to_owned()));
        walk.note(format!("Sign in at {}", self.gateway.origin()), signed_in)?;
        let cameras = self.cameras().await;
        let cameras = cameras.map(|cameras| ((), format!("{} cameras", cameras.len())));
        walk.note("Read the cameras", cameras)?;
        let name = self.config.event_name.of(message);
        let what = match self.config.way {
            Way::AnalyticsEvents => format!(
                "Send the analytics event {name:?} to {}",
                self.notifications.origin()
            ),
            Way::Alarms => format!("Raise the alarm {name:?}"),
        };
        let sent = match self.config.way {
            Way::AnalyticsEvents => self.send_event(message, place).await,
            Way::Alarms => self
                .gateway
                .trigger_alarm(&name, message, place)
                .await
                .map(drop),
        };
        walk.note(what, sent.map(|()| ((), "taken".to_owned())))
    }

    async fn send_event(&self, message: &Message, place: &Place) -> Result<(), VmsError> {
        let name = self.config.event_name.of(message);
        let document = to_xml(message, place, &name, self.config.priority);
        if document.len() > MAX_BODY_BYTES {
            let problem = format!(
                "the document has {} bytes, more than {MAX_BODY_BYTES}",
                document.len()
            );
            return Err(self.notifications.refuse(Step::Send, problem));
        }
        let request = self
            .notifications
            .post("/")
            .header(CONTENT_TYPE, "text/xml")
            .body(document);
        let answer = self.notifications.call(Step::Send, request).await?;
        let problem = answer.problem();
        match answer.status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => {
                match is_warning(&answer.shown()) {
                    false => Ok(()),
                    true => Err(self
                        .notifications
                        .refuse(Step::Send, format!("it was dropped: {}", answer.shown()))
                        .with_advice(format!(
                            "define an analytics event named {name:?} in the Management Client, use it in an alarm \
                             definition, and look whether the camera {:?} is known there",
                            place.address
                        ))),
                }
            }
            StatusCode::FORBIDDEN => Err(self.notifications.retry(Step::Send, problem).with_advice(
                "switch analytics events on in the Management Client (Tools, Options, Analytics Events) and allow \
                 this machine's address there",
            )),
            _ => Err(self.notifications.refuse(Step::Send, problem)),
        }
    }
}

/// Whether the text of a 200 answer says that the event was not used. What a
/// good answer says is not published, so only words of failure count.
fn is_warning(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "warning",
        "not known",
        "unknown",
        "error",
        "not found",
        "invalid",
    ]
    .iter()
    .any(|word| text.contains(word))
}
