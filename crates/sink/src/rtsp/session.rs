//! What a viewer may ask, and in which order (RFC 2326).
//!
//! In: requests of one connection. Out: what the caller shall do to answer
//! each of them ([`Ask`]), then the answer. One connection holds at most one
//! session, of one stream.
//!
//! Not here: who may ask (`access`), sockets, pictures.

use super::address::{Address, Target, TrackKind};
use super::message::{Protocol, Request};
use super::reply::{Reply, Status};
use super::transport::Transport;

/// What is answered to OPTIONS.
const METHODS: &str =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER";

/// What to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Nothing but answering.
    Answer(Reply),
    /// Find out what the stream is, then [`Session::describe`].
    Describe(Target),
    /// Make ready to send a track, then [`Session::set_up`].
    SetUp {
        /// Stream.
        target: Target,
        /// Which of its tracks.
        track: TrackKind,
        /// How its packets shall travel.
        transport: Transport,
    },
    /// Begin to send, then [`Session::play`].
    Play,
    /// Stop to send, then [`Session::pause`].
    Pause,
    /// Stop to send and forget the tracks, then [`Session::tear_down`].
    TearDown,
}

/// How a track is sent, for the answer to SETUP.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Our ports of RTP and RTCP, when datagrams are sent.
    pub ports: Option<(u16, u16)>,
    /// Who sends.
    pub ssrc: u32,
}

/// Where a track begins, for the answer to PLAY.
#[derive(Clone, Copy, Debug)]
pub struct TrackStart {
    /// Which.
    pub track: TrackKind,
    /// Number of its first packet.
    pub sequence: u16,
    /// Its clock at the begin.
    pub rtp_time: u32,
}

/// State of one connection's session.
#[derive(Clone, Debug)]
pub struct Session {
    id: String,
    timeout_s: u64,
    /// Address that tracks hang on, with a slash at the end.
    base: String,
    target: Option<Target>,
    tracks: Vec<(TrackKind, Transport)>,
    is_playing: bool,
}

impl Session {
    /// A session called `id` that is given up when nothing is heard of the
    /// viewer for `timeout_s`.
    pub fn new(id: String, timeout_s: u64) -> Self {
        Session {
            id,
            timeout_s,
            base: String::new(),
            target: None,
            tracks: Vec::new(),
            is_playing: false,
        }
    }

    /// The stream, once it was described or set up.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Tracks that were set up.
    pub fn tracks(&self) -> &[(TrackKind, Transport)] {
        &self.tracks
    }

    /// Whether tracks are being sent.
    pub fn is_playing(&self) -> bool {
        self.is_playing
    }

    /// What to do about a request. `can_udp`: whether datagrams reach the
    /// viewer, which they do not through a tunnel.
    pub fn ask(&mut self, request: &Request, can_udp: bool) -> Ask {
        let refuse = |status, why: &str| Ask::Answer(Reply::refusal(status, why));
        if request.protocol == Protocol::OtherRtsp {
            return refuse(Status::VersionNotSupported, "RTSP/1.0 is spoken here");
        }
        if request.cseq().is_none() {
            return refuse(Status::BadRequest, "CSeq is missing or no number");
        }
        // Nobody talks to a camera through us, so there is nothing to require:
        // an audio backchannel least of all.
        if let Some(required) = request.header("Require") {
            let required: String = required.chars().filter(|c| !c.is_control()).collect();
            return Ask::Answer(
                Reply::new(Status::OptionNotSupported).with("Unsupported", required),
            );
        }
        let named = request.header("Session").map(session_id);
        let is_ours = !self.tracks.is_empty() && named == Some(&self.id);
        let no_session = "no such session: it ended, or SETUP comes first";
        match request.method.as_str() {
            "OPTIONS" => Ask::Answer(Reply::new(Status::Ok).with("Public", METHODS)),
            "DESCRIBE" => match Address::parse(&request.uri) {
                Some(address) => {
                    let base = request.uri.split('?').next().unwrap_or_default();
                    self.base = format!("{}/", base.trim_end_matches('/'));
                    Ask::Describe(address.target)
                }
                None => refuse(
                    Status::NotFound,
                    "no such stream: addresses are /cameras/ID/jpeg, h264 or metadata",
                ),
            },
            "SETUP" if named.is_some() && !is_ours => refuse(Status::SessionNotFound, no_session),
            "SETUP" => {
                if self.base.is_empty() {
                    self.base = base_of_track(&request.uri);
                }
                self.ask_set_up(request, can_udp)
            }
            "GET_PARAMETER" | "SET_PARAMETER" if named.is_none() || is_ours => {
                Ask::Answer(self.with_session(Reply::new(Status::Ok)))
            }
            "PLAY" | "PAUSE" | "TEARDOWN" | "GET_PARAMETER" | "SET_PARAMETER" if !is_ours => {
                refuse(Status::SessionNotFound, no_session)
            }
            "PLAY" => Ask::Play,
            "PAUSE" => Ask::Pause,
            "TEARDOWN" => Ask::TearDown,
            _ => Ask::Answer(Reply::new(Status::MethodNotAllowed).with("Allow", METHODS)),
        }
    }

    fn ask_set_up(&self, request: &Request, can_udp: bool) -> Ask {
        let refuse = |status, why: &str| Ask::Answer(Reply::refusal(status, why));
        let Some(mut address) = Address::parse(&request.uri) else {
            return refuse(Status::NotFound, "no such stream or track");
        };
        // What the query asked for at DESCRIBE holds for the tracks too.
        if let Some(described) = &self.target {
            let asked = &address.target;
            if (&asked.camera, asked.video) == (&described.camera, described.video) {
                address.target.content = described.content;
            } else if !self.tracks.is_empty() {
                return refuse(Status::NotValidInThisState, "one session holds one stream");
            }
        }
        let mut tracks = address.target.tracks();
        let only = tracks.next().filter(|_| tracks.next().is_none());
        let Some(track) = address.track.or(only) else {
            return refuse(
                Status::AggregateNotAllowed,
                "set up the tracks one by one: /trackID=N",
            );
        };
        if !address.target.tracks().any(|known| known == track) {
            return refuse(Status::NotFound, "this stream has no such track");
        }
        if self.is_playing {
            return refuse(Status::NotValidInThisState, "pause before setting up again");
        }
        let offers = request.header("Transport").unwrap_or_default();
        match Transport::choose(offers, can_udp, self.free_channel()) {
            Some(transport) => Ask::SetUp {
                target: address.target,
                track,
                transport,
            },
            None => refuse(
                Status::UnsupportedTransport,
                match can_udp {
                    true => "use RTP/AVP;unicast;client_port=N-M or RTP/AVP/TCP;interleaved=N-M",
                    false => "use RTP/AVP/TCP;interleaved=N-M",
                },
            ),
        }
    }

    /// The answer to DESCRIBE.
    pub fn describe(&mut self, target: Target, description: String) -> Reply {
        if self.tracks.is_empty() {
            self.target = Some(target);
        }
        Reply::new(Status::Ok)
            .with("Content-Base", self.base.clone())
            .with_body("application/sdp", description)
    }

    /// The answer to SETUP.
    pub fn set_up(
        &mut self,
        target: Target,
        track: TrackKind,
        transport: Transport,
        sender: Sender,
    ) -> Reply {
        self.target = Some(target);
        self.tracks.retain(|(known, _)| *known != track);
        self.tracks.push((track, transport));
        let text = match (transport, sender.ports) {
            (
                Transport::Udp {
                    rtp_port,
                    rtcp_port,
                },
                Some((ours, ours_rtcp)),
            ) => format!(
                "RTP/AVP;unicast;client_port={rtp_port}-{rtcp_port};server_port={ours}-{ours_rtcp}"
            ),
            (Transport::Udp { .. }, None) => unreachable!("datagrams leave from ports"),
            (
                Transport::Interleaved {
                    rtp_channel,
                    rtcp_channel,
                },
                _,
            ) => format!("RTP/AVP/TCP;unicast;interleaved={rtp_channel}-{rtcp_channel}"),
        };
        let text = format!("{text};ssrc={:08X};mode=\"PLAY\"", sender.ssrc);
        self.with_session(Reply::new(Status::Ok).with("Transport", text))
    }

    /// The answer to PLAY. `start` is UTC as RFC 3339.
    pub fn play(&mut self, start: &str, tracks: &[TrackStart]) -> Reply {
        self.is_playing = true;
        let target = self.target.as_ref().expect("tracks were set up");
        let infos: Vec<String> = tracks
            .iter()
            .map(|start| {
                format!(
                    "url={}trackID={};seq={};rtptime={}",
                    self.base,
                    target.track_number(start.track),
                    start.sequence,
                    start.rtp_time
                )
            })
            .collect();
        let reply = Reply::new(Status::Ok)
            .with("Range", format!("clock={}-", clock_time(start)))
            .with("RTP-Info", infos.join(","));
        self.with_session(reply)
    }

    /// The answer to PAUSE.
    pub fn pause(&mut self) -> Reply {
        self.is_playing = false;
        self.with_session(Reply::new(Status::Ok))
    }

    /// The answer to TEARDOWN.
    pub fn tear_down(&mut self) -> Reply {
        let reply = self.with_session(Reply::new(Status::Ok));
        self.is_playing = false;
        self.tracks.clear();
        reply
    }

    fn with_session(&self, reply: Reply) -> Reply {
        if self.tracks.is_empty() {
            return reply;
        }
        reply.with("Session", format!("{};timeout={}", self.id, self.timeout_s))
    }

    /// The first channel behind those in use.
    fn free_channel(&self) -> u8 {
        let used = self
            .tracks
            .iter()
            .filter_map(|(_, transport)| match transport {
                Transport::Interleaved {
                    rtp_channel,
                    rtcp_channel,
                } => Some((*rtp_channel).max(*rtcp_channel)),
                Transport::Udp { .. } => None,
            });
        used.max().map_or(0, |last| last.saturating_add(1))
    }
}

/// The stream's address, for a viewer who did not ask for its description.
fn base_of_track(uri: &str) -> String {
    let path = uri.split('?').next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let stream = path
        .rsplit_once("/trackID=")
        .map_or(path, |(stream, _)| stream);
    format!("{stream}/")
}

/// The id, without what may stand behind it.
fn session_id(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// `20260701T093000.200Z` for `2026-07-01T09:30:00.200Z` (RFC 2326, 3.7).
fn clock_time(rfc3339: &str) -> String {
    rfc3339
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtsp::message::{Inbox, Incoming};

    const URI: &str = "rtsp://h:8554/cameras/gate/jpeg";

    fn request(method: &str, uri: &str, headers: &str) -> Request {
        let mut inbox = Inbox::default();
        inbox.push(format!("{method} {uri} RTSP/1.0\r\nCSeq: 1\r\n{headers}\r\n").as_bytes());
        let Ok(Some(Incoming::Request(request))) = inbox.next() else {
            panic!("no request");
        };
        request
    }

    fn session() -> Session {
        Session::new("s1".to_owned(), 60)
    }

    fn described() -> Session {
        let mut session = session();
        let Ask::Describe(target) = session.ask(&request("DESCRIBE", URI, ""), true) else {
            panic!("not described");
        };
        session.describe(target, String::new());
        session
    }

    fn ready() -> Session {
        let mut session = described();
        let set_up = request(
            "SETUP",
            "rtsp://h:8554/cameras/gate/jpeg/trackID=1",
            "Transport: RTP/AVP/TCP;interleaved=0-1\r\n",
        );
        let Ask::SetUp {
            target,
            track,
            transport,
        } = session.ask(&set_up, true)
        else {
            panic!("not set up");
        };
        let sender = Sender {
            ports: None,
            ssrc: 7,
        };
        let reply = session.set_up(target, track, transport, sender);
        let text = String::from_utf8(reply.encode(Some(3))).unwrap();
        assert!(text.contains("Session: s1;timeout=60\r\n"), "{text}");
        assert!(text.contains("interleaved=0-1;ssrc=00000007;mode=\"PLAY\"\r\n"));
        session
    }

    #[track_caller]
    fn refused(session: &mut Session, request: &Request, expected: Status) -> Reply {
        match session.ask(request, true) {
            Ask::Answer(reply) if reply.status == expected => reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stream_is_described_set_up_played_paused_and_torn_down() {
        let mut session = ready();
        let with_session = "Session: s1;timeout=60\r\n";
        assert_eq!(
            session.ask(&request("PLAY", URI, with_session), true),
            Ask::Play
        );
        let start = TrackStart {
            track: TrackKind::Video,
            sequence: 5,
            rtp_time: 9,
        };
        let reply = session.play("2026-07-01T09:30:00.200Z", &[start]);
        let text = String::from_utf8(reply.encode(Some(4))).unwrap();
        assert!(text.contains("Range: clock=20260701T093000.200Z-\r\n"));
        assert!(text.contains(
            "RTP-Info: url=rtsp://h:8554/cameras/gate/jpeg/trackID=1;seq=5;rtptime=9\r\n"
        ));
        assert!(session.is_playing());
        assert_eq!(
            session.ask(&request("PAUSE", URI, with_session), true),
            Ask::Pause
        );
        session.pause();
        assert_eq!(
            session.ask(&request("TEARDOWN", URI, with_session), true),
            Ask::TearDown
        );
        session.tear_down();
        refused(
            &mut session,
            &request("PLAY", URI, with_session),
            Status::SessionNotFound,
        );
    }

    #[test]
    fn what_comes_in_the_wrong_order_or_cannot_be_had_is_refused() {
        let track = "rtsp://h:8554/cameras/gate/jpeg/trackID=1";
        let tcp = "Transport: RTP/AVP/TCP;interleaved=0-1\r\n";
        for (mut session, request, expected) in [
            (session(), request("PLAY", URI, ""), Status::SessionNotFound),
            (
                ready(),
                request("PLAY", URI, "Session: other\r\n"),
                Status::SessionNotFound,
            ),
            (
                ready(),
                request("GET_PARAMETER", URI, "Session: other\r\n"),
                Status::SessionNotFound,
            ),
            (
                described(),
                request("SETUP", URI, tcp),
                Status::AggregateNotAllowed,
            ),
            (
                described(),
                request("SETUP", track, "Transport: RTP/AVP;multicast\r\n"),
                Status::UnsupportedTransport,
            ),
            (
                described(),
                request("SETUP", track, ""),
                Status::UnsupportedTransport,
            ),
            (
                described(),
                request("SETUP", "rtsp://h/cameras/gate/metadata/trackID=1", tcp),
                Status::NotFound,
            ),
            (
                ready(),
                request("SETUP", "rtsp://h/cameras/other/jpeg/trackID=1", tcp),
                Status::NotValidInThisState,
            ),
            (
                session(),
                request("DESCRIBE", "rtsp://h/x", ""),
                Status::NotFound,
            ),
            (
                session(),
                request("ANNOUNCE", URI, ""),
                Status::MethodNotAllowed,
            ),
        ] {
            refused(&mut session, &request, expected);
        }
    }

    #[test]
    fn backchannel_is_refused_by_name() {
        let option = "www.onvif.org/ver20/backchannel";
        let request = request("DESCRIBE", URI, &format!("Require: {option}\r\n"));
        let reply = refused(&mut session(), &request, Status::OptionNotSupported);
        let text = String::from_utf8(reply.encode(Some(1))).unwrap();
        assert!(text.starts_with("RTSP/1.0 551 "));
        assert!(text.contains(&format!("Unsupported: {option}\r\n")));
    }

    #[test]
    fn query_of_the_description_holds_for_its_tracks() {
        let mut session = session();
        let uri = "rtsp://h/MediaInput/stream_1?event=1";
        let Ask::Describe(target) = session.ask(&request("DESCRIBE", uri, ""), true) else {
            panic!("not described");
        };
        let reply = session.describe(target, "v=0\r\n".to_owned());
        let text = String::from_utf8(reply.encode(Some(1))).unwrap();
        assert!(text.contains("Content-Base: rtsp://h/MediaInput/stream_1/\r\n"));
        let set_up = request(
            "SETUP",
            "rtsp://h/MediaInput/stream_1/trackID=4",
            "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
        );
        let Ask::SetUp { target, track, .. } = session.ask(&set_up, false) else {
            panic!("not set up");
        };
        assert!(target.content.is_ipro && target.content.has_events);
        assert_eq!(track, TrackKind::Metadata);
    }

    #[test]
    fn other_version_and_missing_number_are_refused() {
        let mut inbox = Inbox::default();
        inbox.push(b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\nOPTIONS * RTSP/1.0\r\n\r\n");
        for expected in [Status::VersionNotSupported, Status::BadRequest] {
            let Ok(Some(Incoming::Request(request))) = inbox.next() else {
                panic!("no request");
            };
            refused(&mut session(), &request, expected);
        }
    }
}
