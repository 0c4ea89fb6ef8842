//! Brokers as ONVIF clients set them (AddEventBroker, GetEventBrokers,
//! DeleteEventBroker of the events service).
//!
//! In: the fields of `tev:EventBrokerConfig`. Out: the same brokers as on the
//! web page, known by their address; faults by ONVIF's names.
//!
//! Not here: SOAP (the events service calls these).

use sink::mqtt::{BrokerAddress, EventFilter, Scheme};
use sink::onvif::device::EventBrokerLimits;
use sink::onvif::service::EventBroker;
use sink::onvif::soap::Fault;

use crate::deliver::{BrokerState, Record, next_id};
use crate::settings::{BrokerDocument, BrokerInput};
use crate::web::{App, MAX_BROKERS, forget_broker, save_broker};

/// Metadata that we send: scenes.
const SCENES: &str = "tns1:VideoAnalytics//.";

/// Why a call is refused: the last subcode of ONVIF's fault, and a text.
#[derive(Debug)]
pub(crate) enum EventBrokerFault {
    /// `ter:Action/ter:TooManyEventBrokers`.
    TooMany,
    /// `ter:InvalidArgVal/ter:InvalidAddress`.
    InvalidAddress(String),
    /// `ter:InvalidArgVal/ter:InvalidProtocol`.
    InvalidProtocol(String),
    /// `ter:InvalidArgVal/ter:InvalidFilter`.
    InvalidFilter(String),
    /// `ter:InvalidArgVal`: another field.
    InvalidArgument(String),
    /// `ter:Action`: ours to mend.
    Failed(anyhow::Error),
}

impl From<EventBrokerFault> for Fault {
    fn from(fault: EventBrokerFault) -> Self {
        match fault {
            EventBrokerFault::TooMany => Fault::receiver(
                &["ter:Action", "ter:TooManyEventBrokers"],
                format!("there are {MAX_BROKERS} brokers already, the most"),
            ),
            EventBrokerFault::InvalidAddress(reason) => {
                Fault::invalid("ter:InvalidAddress", reason)
            }
            EventBrokerFault::InvalidProtocol(reason) => {
                Fault::invalid("ter:InvalidProtocol", reason)
            }
            EventBrokerFault::InvalidFilter(reason) => Fault::invalid("ter:InvalidFilter", reason),
            EventBrokerFault::InvalidArgument(reason) => {
                Fault::sender(&["ter:InvalidArgVal"], reason)
            }
            EventBrokerFault::Failed(error) => {
                tracing::error!(error = %format!("{error:#}"), "ONVIF request failed");
                Fault::receiver(&["ter:Action"], format!("{error:#}"))
            }
        }
    }
}

impl From<anyhow::Error> for EventBrokerFault {
    fn from(error: anyhow::Error) -> Self {
        EventBrokerFault::Failed(error)
    }
}

/// What clients may set.
pub(crate) fn limits() -> EventBrokerLimits {
    EventBrokerLimits {
        protocols: protocols(),
        max: MAX_BROKERS,
    }
}

fn protocols() -> String {
    Scheme::ALL.map(Scheme::name).join(" ")
}

/// All brokers, or the one with this address.
///
/// # Errors
/// There is none with this address; the store cannot be read.
pub(crate) async fn list(
    app: &App,
    address: Option<&str>,
) -> Result<Vec<EventBroker>, EventBrokerFault> {
    let brokers = &app.deliveries.brokers;
    let records = match address {
        None => brokers.book.list().await?,
        Some(text) => vec![find(app, text).await?],
    };
    let found = records.into_iter().map(|record| {
        let state = brokers.status(&record.id).map(|status| status.state);
        let document = record.document;
        EventBroker {
            address: document.address,
            topic_prefix: document.topic_prefix,
            user: document.user,
            password: None,
            publish_filter: document.event_filter,
            metadata_filter: document.sends_scenes.then(|| SCENES.to_owned()),
            qos: Some(document.qos),
            status: Some(match state {
                Some(BrokerState::Connected) => "Connected",
                Some(BrokerState::Connecting) => "Connecting",
                Some(BrokerState::Waiting | BrokerState::Off) | None => "Offline",
            }),
        }
    });
    Ok(found.collect())
}

/// Adds a broker, or changes the one with this address; what only the web page
/// sets stays as it is.
///
/// # Errors
/// ONVIF's faults; the store cannot write.
pub(crate) async fn add(app: &App, by: &str, broker: EventBroker) -> Result<(), EventBrokerFault> {
    let address = parse(&broker.address)?;
    let brokers = &app.deliveries.brokers;
    let records = brokers.book.list().await?;
    let stored = brokers.by_address(&address).await?;
    if stored.is_none() && records.len() >= MAX_BROKERS {
        return Err(EventBrokerFault::TooMany);
    }
    let filter = broker.publish_filter.filter(|text| !text.trim().is_empty());
    if let Some(text) = &filter {
        EventFilter::parse(text).map_err(EventBrokerFault::InvalidFilter)?;
    }
    let sends_scenes = match broker.metadata_filter.as_deref().map(str::trim) {
        None => false,
        Some("") => true,
        Some(text) if text.split('|').any(|part| part.trim() == SCENES) => true,
        Some(text) => {
            return Err(EventBrokerFault::InvalidFilter(format!(
                "{text:?}: airelay sends {SCENES} only"
            )));
        }
    };
    let before = stored.as_ref().map(|record| &record.document);
    let input = input_of(broker.address, before, filter, sends_scenes);
    let document = BrokerInput {
        topic_prefix: broker.topic_prefix,
        user: broker.user,
        password: broker.password,
        qos: broker.qos.unwrap_or(1),
        ..input
    }
    .into_document(before, &app.vault)
    .map_err(|errors| EventBrokerFault::InvalidArgument(errors.to_string()))?;
    let id = match &stored {
        Some(record) => record.id.clone(),
        None => next_id(&records),
    };
    let record = Record { id, document };
    save_broker(app, by, &record, stored.as_ref())
        .await
        .map_err(EventBrokerFault::InvalidArgument)
}

/// Removes the broker with this address.
///
/// # Errors
/// There is none; the store cannot write.
pub(crate) async fn delete(app: &App, by: &str, address: &str) -> Result<(), EventBrokerFault> {
    let record = find(app, address).await?;
    forget_broker(app, by, &record).await?;
    Ok(())
}

async fn find(app: &App, address: &str) -> Result<Record<BrokerDocument>, EventBrokerFault> {
    let known = app.deliveries.brokers.by_address(&parse(address)?).await?;
    known.ok_or_else(|| EventBrokerFault::InvalidAddress(format!("no broker {address:?}")))
}

fn parse(address: &str) -> Result<BrokerAddress, EventBrokerFault> {
    let is_known = |scheme: &Scheme| {
        let (typed, _) = address.split_once("://").unwrap_or_default();
        typed.trim().eq_ignore_ascii_case(scheme.name())
    };
    if !Scheme::ALL.iter().any(is_known) {
        return Err(EventBrokerFault::InvalidProtocol(format!(
            "{address:?}: use one of {}",
            protocols()
        )));
    }
    BrokerAddress::parse(address).map_err(|error| EventBrokerFault::InvalidAddress(error.message))
}

/// What ONVIF has no field for: as it was, or as a new broker has it.
fn input_of(
    address: String,
    before: Option<&BrokerDocument>,
    event_filter: Option<String>,
    sends_scenes: bool,
) -> BrokerInput {
    BrokerInput {
        name: before.map_or_else(
            || "Added by an ONVIF client".to_owned(),
            |before| before.name.clone(),
        ),
        address,
        is_enabled: true,
        topic_prefix: String::new(),
        user: None,
        password: None,
        certificate: None,
        key: None,
        fingerprint: before.and_then(|before| before.fingerprint.clone()),
        qos: 1,
        sends_events: true,
        event_filter,
        sends_scenes,
        has_home_assistant: before.is_some_and(|before| before.has_home_assistant),
        discovery_prefix: before.map_or_else(
            || "homeassistant".to_owned(),
            |before| before.discovery_prefix.clone(),
        ),
    }
}
