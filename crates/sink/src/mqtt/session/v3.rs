//! MQTT 3.1.1 by the client library, for brokers that know no other.

use bytes::Bytes;
use mqtt3::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    Packet, PublishOptions, StateError,
};

use super::super::connect::{SignIn, Stream};
use super::super::{
    ConnectError, KEEP_ALIVE_S, MAX_PAYLOAD_BYTES, MAX_QUEUED, MAX_TOPIC_BYTES, Publication,
    PublishError, STEP_WITHIN, Step,
};
use super::{
    Client, Driver, MAX_IN_FLIGHT, MAX_INCOMING_BYTES, PACKET_OVERHEAD_BYTES, Session, Turn, Wheel,
    in_words, not_mqtt, once, to_qos,
};
use crate::words::plain_io;

impl Session {
    /// Signs in by MQTT 3.1.1 over an opened stream.
    pub(in super::super) async fn open_3(
        stream: Box<dyn Stream>,
        sign_in: SignIn,
    ) -> Result<(Session, Driver), ConnectError> {
        let authority = sign_in.authority;
        let mut options = MqttOptions::new(sign_in.client_id, "broker");
        options
            .set_keep_alive(KEEP_ALIVE_S)
            .set_clean_session(true)
            .set_max_packet_size(
                MAX_INCOMING_BYTES as usize,
                MAX_PAYLOAD_BYTES + MAX_TOPIC_BYTES + PACKET_OVERHEAD_BYTES,
            )
            .set_inflight(MAX_IN_FLIGHT);
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
            ));
        }
        let take = once(stream);
        options.set_socket_connector(move |_, _| std::future::ready(take()));
        let builder = AsyncClient::builder(options).capacity(MAX_QUEUED);
        let (client, mut wheel) = builder.try_build().map_err(|error| ConnectError::Refused {
            authority: authority.clone(),
            detail: error.to_string(),
        })?;
        loop {
            match wheel.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(error) => return Err(to_error(&authority, &error)),
            }
        }
        let session = Session {
            client: Client::V3(client),
            max_packet_bytes: None,
        };
        let wheel = Wheel::V3(Box::new(wheel));
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
    let acknowledged = notice.wait_completion_async().await;
    acknowledged.map_err(|_| PublishError::Lost { topic })
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
        ConnectionError::ConnectionRefused(code) => refusal(authority, *code),
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqtt3::Error::Io(error)),
        ) => not_mqtt(authority, error),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => ConnectError::Timeout {
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
        ConnectReturnCode::BadUserNamePassword => ConnectError::BadLogin { authority, detail },
        ConnectReturnCode::NotAuthorized => ConnectError::NotAuthorised { authority, detail },
        ConnectReturnCode::RefusedProtocolVersion => ConnectError::Version {
            authority,
            version: "3.1.1",
        },
        ConnectReturnCode::Success
        | ConnectReturnCode::BadClientId
        | ConnectReturnCode::ServiceUnavailable => ConnectError::Refused { authority, detail },
    }
}

fn in_plain_words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqtt3::Error::Io(error)),
        ) => plain_io(error),
        ConnectionError::MqttState(StateError::ConnectionAborted) => {
            "the other side closed the connection".to_owned()
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            format!("no sign of life within {KEEP_ALIVE_S} s")
        }
        ConnectionError::MqttState(StateError::Deserialization(_))
        | ConnectionError::NotConnAck(_) => "what came back is no MQTT".to_owned(),
        ConnectionError::RequestsDone => "closed by us".to_owned(),
        other => other.to_string(),
    }
}
