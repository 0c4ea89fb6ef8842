//! Requests do not depend on how their bytes arrive, and what a viewer asks
//! in any order is answered.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sink::rtsp::{
    Address, Ask, Error, Inbox, Incoming, MAX_WAITING_BYTES, Sender, Session, TunnelDecoder,
    parse_report, tunnel_half,
};

fn all(bytes: &[u8], cut: usize) -> (Vec<Incoming>, Option<Error>) {
    let mut inbox = Inbox::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(cut) {
        inbox.push(piece);
        loop {
            match inbox.next() {
                Ok(Some(incoming)) => found.push(incoming),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    assert!(inbox.take_rest().len() <= MAX_WAITING_BYTES);
    (found, None)
}

fuzz_target!(|bytes: &[u8]| {
    let (found, error) = all(bytes, bytes.len().max(1));
    for cut in [1, 7] {
        assert_eq!(all(bytes, cut), (found.clone(), error.clone()));
    }
    let mut session = Session::new("s".to_owned(), 60);
    for incoming in found {
        match incoming {
            Incoming::Block { data, .. } => {
                parse_report(&data);
            }
            Incoming::Request(request) => {
                Address::parse(&request.uri);
                tunnel_half(&request);
                match session.ask(&request, false) {
                    Ask::Describe(target) => {
                        session.describe(target, String::new()).encode(request.cseq());
                    }
                    Ask::SetUp {
                        target,
                        track,
                        transport,
                    } => {
                        let sender = Sender {
                            ports: None,
                            ssrc: 1,
                        };
                        session.set_up(target, track, transport, sender);
                    }
                    Ask::Play => {
                        session.play("2026-07-01T09:30:00.200Z", &[]);
                    }
                    Ask::Pause => {
                        session.pause();
                    }
                    Ask::TearDown => {
                        session.tear_down();
                    }
                    Ask::Answer(reply) => {
                        let bytes = reply.encode(request.cseq());
                        // No line of the viewer's own gets into the head.
                        let text = String::from_utf8_lossy(&bytes);
                        let (head, body) = text.split_once("\r\n\r\n").expect("a head ends");
                        let n_heads = head.lines().filter(|line| line.starts_with("RTSP/1.0 "));
                        assert_eq!(n_heads.count(), 1);
                        let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                        let len = len.map_or(Ok(0), str::parse::<usize>);
                        assert_eq!(len, Ok(body.len()), "the next answer is found");
                    }
                }
            }
        }
    }
    TunnelDecoder::default().decode(bytes, &mut Vec::new());
});
