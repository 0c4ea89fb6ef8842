//! MQTT over WebSocket: a byte stream inside binary messages, as MQTT 5
//! section 6 has it.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, future};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};

use super::BrokerAddress;
use super::connect::Stream;
use crate::words::plain_io;

/// Largest message from a broker: it sends us acknowledgements and, in a test,
/// our own words.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Asks for a WebSocket that carries MQTT.
///
/// # Errors
/// What came back, in words.
pub(super) async fn open<S: Stream + 'static>(
    address: &BrokerAddress,
    stream: S,
) -> Result<Box<dyn Stream>, String> {
    let mut request = address
        .to_string()
        .into_client_request()
        .map_err(|error| error.to_string())?;
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MAX_MESSAGE_BYTES);
    config.max_frame_size = Some(MAX_MESSAGE_BYTES);
    let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    let (socket, _) = opened.map_err(|error| plain(&error))?;
    let (sink, messages) = socket.split();
    let reader = StreamReader::new(messages.filter_map(|message| {
        future::ready(match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            // A broker has no reason to send text.
            Ok(Message::Text(_)) => Some(Err(io::Error::other("text instead of MQTT"))),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_)) => None,
            Err(error) => Some(Err(io::Error::other(error))),
        })
    }));
    let sink = sink
        .with(|bytes: Bytes| future::ready(Ok::<_, Error>(Message::Binary(bytes))))
        .sink_map_err(io::Error::other);
    let writer = SinkWriter::new(CopyToBytes::new(sink));
    Ok(Box::new(tokio::io::join(reader, writer)))
}

fn plain(error: &Error) -> String {
    match error {
        Error::Http(response) => {
            format!("HTTP {} instead of a WebSocket", response.status().as_u16())
        }
        Error::Io(error) => plain_io(error),
        other => other.to_string(),
    }
}
