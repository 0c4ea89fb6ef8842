//! RTSP through HTTP: a GET that answers for ever, and a POST whose body is
//! the requests in Base64; a cookie tells which belong together.
//!
//! Source: Apple, "Tunneling RTSP and RTP over HTTP", as ONVIF's Streaming
//! Specification refers to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::Request;

/// Media type of both directions.
const MEDIA_TYPE: &str = "application/x-rtsp-tunnelled";
/// Longest cookie, bytes.
const MAX_COOKIE_BYTES: usize = 128;

/// Which half of a tunnel a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// From us to the viewer.
    Down,
    /// From the viewer to us.
    Up,
}

/// What begins a tunnel's answer, before everything that RTSP answers.
pub const ACCEPTED: &str = "HTTP/1.0 200 OK\r\nServer: airelay\r\nConnection: close\r\n\
    Cache-Control: no-store\r\nPragma: no-cache\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n";

/// What an HTTP request is answered that is no tunnel.
pub const REFUSED: &str = "HTTP/1.0 400 Bad Request\r\nServer: airelay\r\nConnection: close\r\n\
    Content-Type: text/plain\r\n\r\nRTSP is served here; through HTTP only as a tunnel with x-sessioncookie.\r\n";

/// Which half an HTTP request begins, and its cookie; `None` when it begins
/// none.
pub fn half(request: &Request) -> Option<(Half, &str)> {
    let cookie = request.header("x-sessioncookie")?;
    if cookie.is_empty() || cookie.len() > MAX_COOKIE_BYTES {
        return None;
    }
    let is_tunnel = |name| {
        request
            .header(name)
            .is_some_and(|value| value.contains(MEDIA_TYPE))
    };
    match request.method.as_str() {
        "GET" if is_tunnel("Accept") => Some((Half::Down, cookie)),
        "POST" if is_tunnel("Content-Type") => Some((Half::Up, cookie)),
        _ => None,
    }
}

/// Whether the head of an HTTP request, as far as it has come, may begin a
/// tunnel.
pub fn looks_like_tunnel(head: &[u8]) -> bool {
    let name = MEDIA_TYPE.as_bytes();
    head.windows(name.len())
        .any(|window| window.eq_ignore_ascii_case(name))
}

/// Decodes Base64 that arrives in pieces. Each request may end with padding of
/// its own.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    group: Vec<u8>,
}

impl Decoder {
    /// Appends what the piece says; `false` when it is no Base64.
    pub fn decode(&mut self, piece: &[u8], decoded: &mut Vec<u8>) -> bool {
        for &byte in piece.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            self.group.push(byte);
            if self.group.len() == 4 {
                let is_right = STANDARD.decode_vec(&self.group, decoded).is_ok();
                self.group.clear();
                if !is_right {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtsp::message::{Inbox, Incoming};

    #[track_caller]
    fn check(head: &str, expected: Option<Half>) {
        let mut inbox = Inbox::default();
        inbox.push(head.as_bytes());
        let Ok(Some(Incoming::Request(request))) = inbox.next() else {
            panic!("no request");
        };
        assert_eq!(half(&request).map(|(half, _)| half), expected, "{head}");
        assert_eq!(
            looks_like_tunnel(head.as_bytes()),
            head.contains(MEDIA_TYPE)
        );
    }

    #[test]
    fn halves_are_told_by_method_and_media_type() {
        check(
            "GET /cameras/gate/jpeg HTTP/1.0\r\nx-sessioncookie: a\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n",
            Some(Half::Down),
        );
        check(
            "POST / HTTP/1.1\r\nX-SessionCookie: a\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n",
            Some(Half::Up),
        );
        check("GET / HTTP/1.1\r\nx-sessioncookie: a\r\n\r\n", None);
        check(
            "GET / HTTP/1.1\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n",
            None,
        );
    }

    #[test]
    fn what_is_no_base64_is_told() {
        assert!(!Decoder::default().decode(b"OPT*", &mut Vec::new()));
        assert!(!Decoder::default().decode(b"O=PT", &mut Vec::new()));
    }

    proptest! {
        #[test]
        fn requests_come_out_as_sent_however_cut(
            requests in proptest::collection::vec(".{1,50}", 1..5),
            cut in 1_usize..9,
        ) {
            let mut sent = String::new();
            for request in &requests {
                sent.push_str(&STANDARD.encode(request));
                sent.push_str("\r\n");
            }
            let mut decoder = Decoder::default();
            let mut decoded = Vec::new();
            for piece in sent.as_bytes().chunks(cut) {
                prop_assert!(decoder.decode(piece, &mut decoded));
            }
            prop_assert_eq!(decoded, requests.concat().into_bytes());
        }
    }
}
