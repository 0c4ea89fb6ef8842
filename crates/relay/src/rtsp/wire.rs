//! What lies between a conversation and the bytes of its viewer: two bounded
//! channels, whatever carries them.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use sink::access::Account;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::limits::{READ_BYTES, WAITING_READS, WAITING_WRITES, WRITE_WITHIN};

/// What a viewer is sent.
#[derive(Debug)]
pub(super) enum Out {
    /// An answer.
    Reply(Vec<u8>),
    /// One or more whole binary blocks.
    Blocks(Vec<u8>),
}

impl Out {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Out::Reply(bytes) | Out::Blocks(bytes) => bytes,
        }
    }
}

/// What carries the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// The RTSP port.
    Tcp,
    /// A tunnel through HTTP.
    Http,
    /// A WebSocket.
    WebSocket,
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its address.
    pub(super) addr: SocketAddr,
    /// Our address as it reached us, where datagrams may leave from; `None`
    /// where they cannot.
    pub(super) local: Option<IpAddr>,
    /// How it reached us.
    pub(super) carrier: Carrier,
    /// Who proved a password before RTSP began, by the way of i-PRO's
    /// clients; good for streams in i-PRO's shape.
    pub(super) proven: Option<Account>,
}

/// A conversation's ends of the channels.
#[derive(Debug)]
pub(super) struct Wire {
    /// What the viewer sends.
    pub(super) incoming: mpsc::Receiver<Bytes>,
    /// What it is sent.
    pub(super) outgoing: mpsc::Sender<Out>,
}

/// The other ends.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) incoming: mpsc::Sender<Bytes>,
    pub(super) outgoing: mpsc::Receiver<Out>,
}

/// Two pairs of ends that belong together.
pub(super) fn pair() -> (Wire, Line) {
    let (to_conversation, incoming) = mpsc::channel(WAITING_READS);
    let (outgoing, from_conversation) = mpsc::channel(WAITING_WRITES);
    (
        Wire { incoming, outgoing },
        Line {
            incoming: to_conversation,
            outgoing: from_conversation,
        },
    )
}

/// Reads until the viewer or the conversation ends.
pub(super) async fn read_all(mut stream: impl AsyncRead + Unpin, incoming: mpsc::Sender<Bytes>) {
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(len @ 1..) = stream.read(&mut buffer).await {
        if incoming
            .send(Bytes::copy_from_slice(&buffer[..len]))
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Writes until the conversation ends, the viewer is gone, or is so slow that
/// it counts as gone.
pub(super) async fn write_all(
    mut stream: impl AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<Out>,
) {
    while let Some(out) = outgoing.recv().await {
        let written = timeout(WRITE_WITHIN, async {
            stream.write_all(out.as_bytes()).await?;
            stream.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
    }
    // Whoever reads to the end gets the last answer before the close.
    drop(timeout(WRITE_WITHIN, stream.shutdown()).await);
}
