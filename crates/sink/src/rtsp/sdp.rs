//! Descriptions of streams (SDP, RFC 4566; metadata as ONVIF's Streaming
//! Specification names it).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::Timestamp;

use super::address::{Target, TrackKind, Video};

/// RTP payload type of JPEG (RFC 3551).
pub const JPEG_TYPE: u8 = 26;
/// Of H.264: from the range for what is agreed per session.
pub const H264_TYPE: u8 = 96;
/// Of metadata.
pub const METADATA_TYPE: u8 = 107;

/// What is known of the pictures when a stream is described.
#[derive(Clone, Debug, Default)]
pub struct PictureFacts {
    /// Width and height, pixels.
    pub size_px: Option<(u32, u32)>,
    /// Sequence and picture parameter sets of H.264.
    pub parameter_sets: Option<(Vec<u8>, Vec<u8>)>,
}

/// The description of a stream called `name`.
pub fn describe(target: &Target, name: &str, facts: &PictureFacts, now: Timestamp) -> String {
    // A session name is one line, and not empty.
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = if name.trim().is_empty() { "-" } else { &name };
    let number = now.as_micros();
    let mut text = format!(
        "v=0\r\no=- {number} {number} IN IP4 0.0.0.0\r\ns={name}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
         a=control:*\r\na=range:npt=now-\r\n"
    );
    for track in target.tracks() {
        let media = match (track, target.video) {
            (TrackKind::Metadata, _) => metadata(),
            (TrackKind::Video, Video::H264) => h264(facts),
            (TrackKind::Video, Video::Jpeg | Video::None) => jpeg(facts),
        };
        text.push_str(&media);
        let number = target.track_number(track);
        add(&mut text, format_args!("a=control:trackID={number}"));
        text.push_str("a=recvonly\r\n");
    }
    text
}

fn jpeg(facts: &PictureFacts) -> String {
    let mut text = format!("m=video 0 RTP/AVP {JPEG_TYPE}\r\na=rtpmap:{JPEG_TYPE} JPEG/90000\r\n");
    if let Some((width_px, height_px)) = facts.size_px {
        // GStreamer reads this where the packets cannot say the size.
        add(
            &mut text,
            format_args!("a=x-dimensions:{width_px},{height_px}"),
        );
    }
    text
}

fn h264(facts: &PictureFacts) -> String {
    let mut text = format!("m=video 0 RTP/AVP {H264_TYPE}\r\na=rtpmap:{H264_TYPE} H264/90000\r\n");
    let mut format = format!("a=fmtp:{H264_TYPE} packetization-mode=1");
    if let Some((sequence, picture)) = &facts.parameter_sets {
        if let Some([profile, constraints, level]) = sequence.get(1..4) {
            write!(
                format,
                ";profile-level-id={profile:02X}{constraints:02X}{level:02X}"
            )
            .expect("writing to a string never fails");
        }
        let (sequence, picture) = (STANDARD.encode(sequence), STANDARD.encode(picture));
        write!(format, ";sprop-parameter-sets={sequence},{picture}")
            .expect("writing to a string never fails");
    }
    add(&mut text, format_args!("{format}"));
    text
}

fn metadata() -> String {
    format!(
        "m=application 0 RTP/AVP {METADATA_TYPE}\r\n\
         a=rtpmap:{METADATA_TYPE} vnd.onvif.metadata/90000\r\n"
    )
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    write!(text, "{line}\r\n").expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::rtsp::address::Address;

    #[test]
    fn stream_is_described_with_its_tracks() {
        let target = Address::parse("/cameras/gate/h264").unwrap().target;
        let facts = PictureFacts {
            size_px: Some((640, 360)),
            parameter_sets: Some((vec![0x67, 0x42, 0xc0, 0x1e, 9], vec![0x68, 1])),
        };
        let text = describe(&target, "Gate\r\n2", &facts, Timestamp::from_secs(1));
        expect![[r#"
            v=0
            o=- 1000000 1000000 IN IP4 0.0.0.0
            s=Gate2
            c=IN IP4 0.0.0.0
            t=0 0
            a=control:*
            a=range:npt=now-
            m=video 0 RTP/AVP 96
            a=rtpmap:96 H264/90000
            a=fmtp:96 packetization-mode=1;profile-level-id=42C01E;sprop-parameter-sets=Z0LAHgk=,aAE=
            a=control:trackID=1
            a=recvonly
            m=application 0 RTP/AVP 107
            a=rtpmap:107 vnd.onvif.metadata/90000
            a=control:trackID=2
            a=recvonly
        "#]]
        .assert_eq(&text.replace("\r\n", "\n"));
    }

    #[test]
    fn ipro_path_gives_metadata_the_number_its_clients_count_on() {
        let target = Address::parse("/MediaInput/stream_1?event=1")
            .unwrap()
            .target;
        let text = describe(&target, "", &PictureFacts::default(), Timestamp::default());
        assert!(text.contains("s=-\r\n"));
        assert!(
            text.ends_with("a=control:trackID=4\r\na=recvonly\r\n"),
            "{text}"
        );
    }
}
