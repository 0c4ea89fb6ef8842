//! RTSP within a WebSocket (ONVIF Streaming Specification, 5.1.1.6), and as
//! i-PRO's clients do it: requests as text, one binary block per message.

use std::net::SocketAddr;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use sink::access::{Account, Verdict};
use tokio::time::timeout;

use super::limits::WRITE_WITHIN;
use super::wire::{Carrier, Line, Out, Peer, pair};
use super::{Rtsp, conversation};

/// Subprotocols that are spoken, ONVIF's and i-PRO's.
pub(crate) const SUBPROTOCOLS: [&str; 2] = ["rtsp.onvif.org", "binary"];
/// Longest message of a viewer, bytes: a request, or a report.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// What i-PRO's sample client signed to get the header that it sends with the
/// upgrade.
const IPRO_SIGNED: &str = "/cgi-bin/getinfo?FILE=1";

impl Rtsp {
    /// Serves a viewer on a WebSocket.
    pub(crate) async fn serve_websocket(
        &self,
        socket: WebSocket,
        peer: SocketAddr,
        proven: Option<Account>,
    ) {
        let (wire, line) = pair();
        let peer = Peer {
            addr: peer,
            local: None,
            carrier: Carrier::WebSocket,
            proven,
        };
        let carrying = self.shared.parts.tasks.spawn(carry(socket, line));
        conversation::run(self, wire, peer).await;
        drop(carrying.await);
    }

    /// Who proved a password with the upgrade's header, signed as i-PRO's
    /// sample client does.
    pub(crate) fn proven_by_upgrade(&self, authorization: Option<&str>) -> Option<Account> {
        let accounts = &self.shared.parts.accounts;
        let now = self.clock().now();
        let find = |name: &str| accounts.find(name);
        let verdict = accounts
            .gate()
            .check("GET", IPRO_SIGNED, Some(authorization?), now, find);
        match verdict {
            Verdict::Known(account) => Some(account),
            Verdict::Challenge(_) => None,
        }
    }
}

/// Moves messages both ways until either side ends.
async fn carry(mut socket: WebSocket, mut line: Line) {
    // Answers come as the requests do: as text or as bytes.
    let mut is_text = false;
    loop {
        tokio::select! {
            out = line.outgoing.recv() => {
                let Some(out) = out else { break };
                if !send(&mut socket, &out, is_text).await {
                    return;
                }
            }
            message = socket.recv() => {
                let bytes = match message {
                    Some(Ok(Message::Text(text))) => {
                        is_text = true;
                        Bytes::from(text)
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        is_text = is_text && bytes.first() == Some(&b'$');
                        bytes
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                };
                // Who sends faster than is answered does not want answers.
                if line.incoming.try_send(bytes).is_err() {
                    return;
                }
            }
        }
    }
    drop(timeout(WRITE_WITHIN, socket.send(Message::Close(None))).await);
}

async fn send(socket: &mut WebSocket, out: &Out, is_text: bool) -> bool {
    let messages: Vec<Message> = match out {
        Out::Reply(bytes) => {
            let text = std::str::from_utf8(bytes).ok().filter(|_| is_text);
            vec![match text {
                Some(text) => Message::text(text),
                None => Message::binary(bytes.clone()),
            }]
        }
        Out::Blocks(bytes) => blocks(bytes)
            .map(|block| Message::binary(block.to_vec()))
            .collect(),
    };
    let sent = timeout(WRITE_WITHIN, async {
        for message in messages {
            socket.send(message).await?;
        }
        Ok::<(), axum::Error>(())
    });
    matches!(sent.await, Ok(Ok(())))
}

/// The single blocks, each with its head.
fn blocks(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let head = bytes.get(..4)?;
        let len = 4 + usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (block, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        Some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_apart() {
        let bytes = [b'$', 0, 0, 2, 1, 2, b'$', 1, 0, 0, b'$', 0, 0, 1, 9];
        let found: Vec<&[u8]> = blocks(&bytes).collect();
        assert_eq!(found, [&bytes[..6], &bytes[6..10], &bytes[10..]]);
    }
}
