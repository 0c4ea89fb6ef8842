//! RTSP and RTP as a server speaks them: requests, sessions, packets.
//!
//! In: bytes of viewers, pictures and documents with the time of their
//! capture. Out: what to do about a request, answers, packets.
//!
//! | module | does |
//! |---|---|
//! | `message`, `reply` | bytes to requests, answers to bytes |
//! | `address` | which camera, which tracks |
//! | `session` | what may be asked when |
//! | `transport` | how packets travel |
//! | `sdp` | what a stream is |
//! | `rtp`, `rtcp` | packets and reports of one track |
//! | `jpeg`, `h264`, `document` | pictures and metadata, cut to fit packets |
//! | `tunnel` | RTSP through HTTP |
//!
//! Sources: RFC 2326 (RTSP), 3550 (RTP), 2435 (JPEG), 6184 (H.264), and ONVIF's
//! Streaming Specification 26.06.
//!
//! Not here: connections, sockets, tasks, timers and cameras (`relay`), who may
//! watch (`access`), pixels.

mod message;
mod reply;
mod address;
mod transport;
mod session;
mod sdp;
mod rtp;
mod rtcp;
mod document;
mod h264;
mod jpeg;
mod tunnel;

pub use self::address::{Address, CameraName, Content, Target, TrackKind, Video};
pub use self::document::fragments as document_fragments;
pub use self::h264::{fragments as h264_fragments, parameter_sets, split_stream};
pub use self::jpeg::{
    MAX_SIDE_PX as MAX_JPEG_SIDE_PX, Parts as JpegParts, Unsuited, fragments as jpeg_fragments,
};
pub use self::message::{
    Error, Inbox, Incoming, MAX_BODY_BYTES, MAX_HEAD_BYTES, MAX_WAITING_BYTES, Protocol, Request,
};
pub use self::reply::{Reply, Status};
pub use self::rtcp::{ViewerReport, goodbye, parse_report, sender_report};
pub use self::rtp::{Fragment, PacketWriter, Seeds};
pub use self::sdp::{H264_TYPE, JPEG_TYPE, METADATA_TYPE, PictureFacts, describe};
pub use self::session::{Ask, Sender, Session, TrackStart};
pub use self::transport::Transport;
pub use self::tunnel::{
    ACCEPTED as TUNNEL_ACCEPTED, Decoder as TunnelDecoder, Half, REFUSED as TUNNEL_REFUSED,
    half as tunnel_half, looks_like_tunnel,
};
