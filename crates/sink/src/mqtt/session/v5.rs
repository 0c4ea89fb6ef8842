//! MQTT 5 by the client library.

use bytes::Bytes;
use mqtt5::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    Packet, PubAckReason, PublishNoticeError, PublishOptions, StateError,
};

use super::super::connect::{SignIn, Stream};
use super::super::{
    ConnectError, KEEP_ALIVE_S, MAX_QUEUED, Publication, PublishError, STEP_WITHIN, Step,
};
use super::{
    Client, Driver, MAX_IN_FLIGHT, MAX_INCOMING_BYTES, Session, Turn, Wheel, in_words, not_mqtt,
    once, to_qos,
};
use crate::words::plain_io;

impl Session {
    /// Signs in by MQTT 5 over an opened stream.
    pub(in super::super) async fn open_5(
        stream: Box<dyn Stream>,
        sign_in: SignIn,
    ) -> Result<(Session, Driver), ConnectError> {
        let authority = sign_in.authority;
        let mut options = MqttOptions::new(sign_in.client_id, "broker");
        options
            .set_keep_alive(KEEP_ALIVE_S)
            .set_clean_start(true)
            .set_connect_timeout(STEP_WITHIN)
            .set_max_packet_size(Some(MAX_INCOMING_BYTES))
            .set_outgoing_inflight_upper_limit(MAX_IN_FLIGHT);
        if let Some(user) = sign_in.user {
            match sign_in.password {
                Some(password) => options.set_credentials(user, Bytes::from(password)),
                None => options.set_username(user),
            };
        }
        if let Some(will) = sign_in.will {
            options.set_last_will(LastWill::new(
                will.topic,
                will.payload,
                to_qos(will.qos),
                will.is_retained,
                None,
            ));
        }
        let take = once(stream);
        options.set_socket_connector(move |_, _| std::future::ready(take()));
        let builder = AsyncClient::builder(options).capacity(MAX_QUEUED);
        let (client, mut wheel) = builder.try_build().map_err(|error| ConnectError::Refused {
            authority: authority.clone(),
            detail: error.to_string(),
        })?;
        let acknowledged = loop {
            match wheel.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(acknowledged))) => break acknowledged,
                Ok(_) => {}
                Err(error) => return Err(to_error(&authority, &error)),
            }
        };
        let properties = acknowledged.properties;
        let session = Session {
            client: Client::V5(client),
            max_packet_bytes: properties.and_then(|properties| properties.max_packet_size),
        };
        let wheel = Wheel::V5(Box::new(wheel));
        Ok((session, Driver { authority, wheel }))
    }
}

pub(super) async fn publish(
    client: &AsyncClient,
    publication: &Publication,
) -> Result<(), PublishError> {
    let topic = publication.topic.clone();
    let options = PublishOptions::new(to_qos(publication.qos)).retain(publication.is_retained);
    let sent = client
        .publish_tracked(topic.clone(), publication.payload.clone(), options)
        .await;
    let Ok(notice) = sent else {
        return Err(PublishError::Lost { topic });
    };
    let denied = |reason: String| PublishError::Denied {
        topic: topic.clone(),
        reason,
    };
    match notice.wait_completion_async().await {
        Ok(()) => Ok(()),
        Err(PublishNoticeError::V5PubAck(reason)) => Err(match reason {
            PubAckReason::QuotaExceeded
            | PubAckReason::PacketIdentifierInUse
            | PubAckReason::UnspecifiedError
            | PubAckReason::ImplementationSpecificError => PublishError::Busy {
                topic: topic.clone(),
                reason: in_words(&reason),
            },
            _ => denied(in_words(&reason)),
        }),
        Err(PublishNoticeError::V5PubRec(reason)) => Err(denied(in_words(&reason))),
        Err(PublishNoticeError::RetainNotSupported) => {
            Err(denied("this broker holds no messages".to_owned()))
        }
        Err(_) => Err(PublishError::Lost { topic }),
    }
}

pub(super) async fn turn(wheel: &mut EventLoop) -> Turn {
    match wheel.poll().await {
        Ok(Event::Incoming(Packet::Publish(publish))) => Ok(Some((publish.topic, publish.payload))),
        Ok(_) => Ok(None),
        Err(error) => Err(in_plain_words(&error)),
    }
}

fn to_error(authority: &str, error: &ConnectionError) -> ConnectError {
    match error {
        ConnectionError::ConnectionRefused(code)
        | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => {
            refusal(authority, *code)
        }
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqtt5::Error::Io(error)),
        ) => not_mqtt(authority, error),
        ConnectionError::Timeout(_) => ConnectError::Timeout {
            authority: authority.to_owned(),
            step: Step::SignIn,
            limit: STEP_WITHIN,
        },
        other => ConnectError::NotMqtt {
            authority: authority.to_owned(),
            detail: in_plain_words(other),
        },
    }
}

fn refusal(authority: &str, code: ConnectReturnCode) -> ConnectError {
    let authority = authority.to_owned();
    let detail = in_words(&code);
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::BadAuthenticationMethod => {
            ConnectError::BadLogin { authority, detail }
        }
        ConnectReturnCode::NotAuthorized | ConnectReturnCode::Banned => {
            ConnectError::NotAuthorised { authority, detail }
        }
        ConnectReturnCode::UnsupportedProtocolVersion
        | ConnectReturnCode::RefusedProtocolVersion => ConnectError::Version {
            authority,
            version: "5",
        },
        _ => ConnectError::Refused { authority, detail },
    }
}

fn in_plain_words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqtt5::Error::Io(error)),
        ) => plain_io(error),
        ConnectionError::MqttState(StateError::ConnectionAborted) => {
            "the other side closed the connection".to_owned()
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            format!("no sign of life within {KEEP_ALIVE_S} s")
        }
        ConnectionError::MqttState(StateError::ServerDisconnect {
            reason_code,
            reason_string,
        }) => match reason_string {
            Some(text) => format!("the broker hung up: {} ({text})", in_words(reason_code)),
            None => format!("the broker hung up: {}", in_words(reason_code)),
        },
        ConnectionError::MqttState(StateError::Deserialization(_))
        | ConnectionError::NotConnAck(_) => "what came back is no MQTT".to_owned(),
        ConnectionError::RequestsDone => "closed by us".to_owned(),
        other => other.to_string(),
    }
}
