//! The event service: who wants to be told what.

use std::sync::Arc;
use std::time::Duration;

use types::Timestamp;

use super::command::{Command, PullRequest, SubscribeRequest};
use super::device_service::max_subscriptions;
use super::event_broker::{self, EventBroker};
use super::{Call, Reply};
use crate::onvif::device::EventBrokerLimits;
use crate::onvif::document::{read_time, utc};
use crate::onvif::namespace as ns;
use crate::onvif::notification::{CONCRETE_SET_DIALECT, Notification, write_notification};
use crate::onvif::rule::read_duration;
use crate::onvif::soap::{Envelope, Fault, write_envelope};
use crate::onvif::subscription::{
    CONCRETE_DIALECT, Filter, FilterError, Hub, HubError, ITEM_FILTER_DIALECT,
};
use crate::onvif::topic::{Naming, write_topic_set};
use crate::onvif::xml::XmlWriter;

const EVENT_PORT: &str = "http://www.onvif.org/ver10/events/wsdl/EventPortType";
const PULL_POINT: &str = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription";
const MANAGER: &str = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager";
const PRODUCER: &str = "http://docs.oasis-open.org/wsn/bw-2/NotificationProducer";

pub(super) fn answer(call: Call<'_>, envelope: &Envelope) -> Result<Reply, Fault> {
    let name = &call.operation.name;
    let relates_to = envelope.message_id.as_deref();
    let document = |port: &str, body: &dyn Fn(&mut XmlWriter)| {
        let action = format!("{port}/{}Response", name.local);
        write_envelope(Some(&action), None, relates_to, |xml| body(xml))
    };
    let empty = |port: &str, element: &str| document(port, &|xml| xml.empty(element, &[]));
    let command = |command, document| Ok(Reply::Command(Box::new(command), document));
    match (&*name.namespace, name.local.as_str()) {
        (ns::TEV, "GetServiceCapabilities") => Ok(Reply::Document(document(EVENT_PORT, &|xml| {
            xml.within("tev:GetServiceCapabilitiesResponse", |xml| {
                write_capabilities(xml, &call.device.event_brokers);
            });
        }))),
        (ns::TEV, "GetEventProperties") => Ok(Reply::Document(document(EVENT_PORT, &|xml| {
            write_properties(xml, call.device.naming);
        }))),
        (ns::TEV, "CreatePullPointSubscription") => {
            command(Command::CreatePullPoint(subscribe(call)?), String::new())
        }
        (ns::TEV, "PullMessages") => command(Command::Pull(pull(call)?), String::new()),
        (ns::TEV, "SetSynchronizationPoint") => {
            let done = empty(PULL_POINT, "tev:SetSynchronizationPointResponse");
            command(Command::SetSynchronizationPoint, done)
        }
        (ns::TEV, "GetEventBrokers") => {
            let address = Some(call.text("Address")).filter(|text| !text.is_empty());
            command(
                Command::GetEventBrokers(address.map(str::to_owned)),
                String::new(),
            )
        }
        (ns::TEV, "AddEventBroker") => {
            let done = empty(EVENT_PORT, "tev:AddEventBrokerResponse");
            command(Command::AddEventBroker(event_broker::read(call)?), done)
        }
        (ns::TEV, "DeleteEventBroker") => {
            let address = call.child("Address")?.text.trim().to_owned();
            let done = empty(EVENT_PORT, "tev:DeleteEventBrokerResponse");
            command(Command::DeleteEventBroker(address), done)
        }
        (ns::WSNT, "Subscribe") => {
            let reference = call.child("ConsumerReference")?;
            let address = reference.child_text(ns::WSA, "Address").unwrap_or_default();
            let request = subscribe(call)?;
            command(
                Command::Subscribe(request, address.to_owned()),
                String::new(),
            )
        }
        (ns::WSNT, "Renew") => {
            let until = read_termination(Some(call.text("TerminationTime")), call.caller.now)?;
            command(Command::Renew(until), String::new())
        }
        (ns::WSNT, "Unsubscribe") => {
            let done = empty(MANAGER, "wsnt:UnsubscribeResponse");
            command(Command::Unsubscribe, done)
        }
        (_, other) => Err(Fault::not_supported(other)),
    }
}

pub(super) fn write_capabilities(xml: &mut XmlWriter, brokers: &EventBrokerLimits) {
    let max = max_subscriptions();
    let no = "false";
    let max_brokers = brokers.max.to_string();
    xml.empty(
        "tev:Capabilities",
        &[
            ("WSSubscriptionPolicySupport", "true"),
            ("WSPausableSubscriptionManagerInterfaceSupport", no),
            ("MaxNotificationProducers", &max),
            ("MaxPullPoints", &max),
            ("PersistentNotificationStorage", no),
            ("EventBrokerProtocols", &brokers.protocols),
            ("MaxEventBrokers", &max_brokers),
            ("MetadataOverMQTT", "true"),
        ],
    );
}

fn write_properties(xml: &mut XmlWriter, naming: Naming) {
    xml.open("tev:GetEventPropertiesResponse");
    xml.leaf(
        "tev:TopicNamespaceLocation",
        "http://www.onvif.org/onvif/ver10/topics/topicns.xml",
    );
    xml.leaf("wsnt:FixedTopicSet", "true");
    write_topic_set(xml, naming);
    xml.leaf("wsnt:TopicExpressionDialect", CONCRETE_DIALECT);
    xml.leaf("wsnt:TopicExpressionDialect", CONCRETE_SET_DIALECT);
    xml.leaf("tev:MessageContentFilterDialect", ITEM_FILTER_DIALECT);
    xml.leaf(
        "tev:MessageContentSchemaLocation",
        "http://www.onvif.org/onvif/ver10/schema/onvif.xsd",
    );
    xml.close();
}

fn subscribe(call: Call<'_>) -> Result<SubscribeRequest, Fault> {
    let namespace = &*call.operation.name.namespace;
    let now = call.caller.now;
    let filter = match call.operation.child(namespace, "Filter") {
        None => Filter::default(),
        Some(element) => Filter::read(element).map_err(|error| filter_fault(&error, now))?,
    };
    let initial = call
        .operation
        .child_text(namespace, "InitialTerminationTime");
    let policy = call.operation.child(namespace, "SubscriptionPolicy");
    Ok(SubscribeRequest {
        filter,
        terminates_at: read_termination(initial, now)?,
        is_changed_only: policy
            .is_some_and(|policy| policy.child(ns::TEV, "ChangedOnly").is_some()),
    })
}

fn filter_fault(error: &FilterError, now: Timestamp) -> Fault {
    let element = match error {
        FilterError::Unknown(_) | FilterError::Content(_) => "wsnt:InvalidFilterFault",
        FilterError::TopicDialect(_) => "wsnt:TopicExpressionDialectUnknownFault",
        FilterError::Topic(_) => "wsnt:InvalidTopicExpressionFault",
    };
    Fault::base(element, error.to_string(), now)
}

/// The fault of what a hub refuses.
pub fn hub_fault(error: HubError, now: Timestamp) -> Fault {
    let reason = error.to_string();
    match error {
        HubError::TooMany => Fault {
            code: crate::onvif::soap::FaultCode::Receiver,
            ..Fault::base("wsnt:SubscribeCreationFailedFault", reason, now)
        },
        HubError::Unknown => Fault::base("wsrf-r:ResourceUnknownFault", reason, now),
        HubError::Busy => Fault::base("wsnt:UnableToGetMessagesFault", reason, now),
    }
}

fn pull(call: Call<'_>) -> Result<PullRequest, Fault> {
    let timeout = read_duration(call.text("Timeout")).ok_or_else(|| {
        Fault::sender(
            &["ter:InvalidArgVal"],
            "Timeout is no duration: use one such as PT60S",
        )
    })?;
    if timeout > Hub::MAX_PULL {
        return Err(Fault {
            detail: Some(crate::onvif::soap::FaultDetail::PullLimits {
                max_timeout_s: Hub::MAX_PULL.as_secs(),
                max_messages: Hub::MAX_MESSAGES,
            }),
            ..Fault::sender(
                &["ter:InvalidArgVal"],
                format!("wait at most {} s", Hub::MAX_PULL.as_secs()),
            )
        });
    }
    let limit = call.text("MessageLimit").parse::<i64>().unwrap_or_default();
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let wrong = || Fault::sender(&["ter:InvalidArgVal"], "MessageLimit must be 1 or more");
    Ok(PullRequest {
        timeout,
        limit: limit.ok_or_else(wrong)?.min(Hub::MAX_MESSAGES),
    })
}

/// A time or a duration from now; a minute when there is none.
///
/// # Errors
/// It is neither, or over already.
pub fn read_termination(text: Option<&str>, now: Timestamp) -> Result<Timestamp, Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(now.saturating_add(Hub::DEFAULT_LIFE));
    };
    let until = match read_duration(text) {
        Some(duration) => Some(now.saturating_add(duration)),
        None => read_time(text),
    };
    let latest = now.saturating_add(Hub::MAX_LIFE);
    until
        .filter(|until| until.saturating_since(now) > Duration::ZERO)
        .map(|until| until.min(latest))
        .ok_or_else(|| {
            Fault::base(
                "wsnt:UnacceptableTerminationTimeFault",
                "use a duration such as PT60S, or a time in the future",
                now,
            )
        })
}

/// Answers CreatePullPointSubscription.
pub fn write_create_pull_point_response(
    address: &str,
    now: Timestamp,
    until: Timestamp,
    relates_to: Option<&str>,
) -> String {
    let action = format!("{EVENT_PORT}/CreatePullPointSubscriptionResponse");
    write_envelope(Some(&action), None, relates_to, |xml| {
        xml.open("tev:CreatePullPointSubscriptionResponse");
        xml.within("tev:SubscriptionReference", |xml| {
            xml.leaf("wsa:Address", address);
        });
        xml.leaf("wsnt:CurrentTime", utc(now));
        xml.leaf("wsnt:TerminationTime", utc(until));
        xml.close();
    })
}

/// Answers PullMessages.
pub fn write_pull_response(
    notifications: &[Arc<Notification>],
    naming: Naming,
    now: Timestamp,
    until: Timestamp,
    relates_to: Option<&str>,
) -> String {
    let action = format!("{PULL_POINT}/PullMessagesResponse");
    write_envelope(Some(&action), None, relates_to, |xml| {
        xml.open("tev:PullMessagesResponse");
        xml.leaf("tev:CurrentTime", utc(now));
        xml.leaf("tev:TerminationTime", utc(until));
        for notification in notifications {
            write_notification(xml, notification, naming);
        }
        xml.close();
    })
}

/// Answers GetEventBrokers.
pub fn write_event_brokers_response(brokers: &[EventBroker], relates_to: Option<&str>) -> String {
    let action = format!("{EVENT_PORT}/GetEventBrokersResponse");
    write_envelope(Some(&action), None, relates_to, |xml| {
        xml.open("tev:GetEventBrokersResponse");
        for broker in brokers {
            event_broker::write(xml, broker);
        }
        xml.close();
    })
}

/// Answers Subscribe.
pub fn write_subscribe_response(
    address: &str,
    now: Timestamp,
    until: Timestamp,
    relates_to: Option<&str>,
) -> String {
    let action = format!("{PRODUCER}/SubscribeResponse");
    write_envelope(Some(&action), None, relates_to, |xml| {
        xml.open("wsnt:SubscribeResponse");
        xml.within("wsnt:SubscriptionReference", |xml| {
            xml.leaf("wsa:Address", address);
        });
        xml.leaf("wsnt:CurrentTime", utc(now));
        xml.leaf("wsnt:TerminationTime", utc(until));
        xml.close();
    })
}

/// Answers Renew.
pub fn write_renew_response(now: Timestamp, until: Timestamp, relates_to: Option<&str>) -> String {
    let action = format!("{MANAGER}/RenewResponse");
    write_envelope(Some(&action), None, relates_to, |xml| {
        xml.open("wsnt:RenewResponse");
        xml.leaf("wsnt:TerminationTime", utc(until));
        xml.leaf("wsnt:CurrentTime", utc(now));
        xml.close();
    })
}

/// What is posted to a consumer.
pub fn write_notify(consumer: &str, notifications: &[Arc<Notification>], naming: Naming) -> String {
    let action = "http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify";
    write_envelope(Some(action), Some(consumer), None, |xml| {
        xml.open("wsnt:Notify");
        for notification in notifications {
            write_notification(xml, notification, naming);
        }
        xml.close();
    })
}
