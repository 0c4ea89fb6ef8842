//! Addresses of streams.
//!
//! | path | gives |
//! |---|---|
//! | `/cameras/ID/jpeg` | the camera's own JPEG pictures, and metadata |
//! | `/cameras/ID/h264` | H.264, and metadata |
//! | `/cameras/ID/metadata` | metadata alone |
//! | `/MediaInput/stream_N` (also `/MediaInput/h264/stream_N`, `/MediaInput/jpeg/stream_N`) | as i-PRO cameras name it; N counts cameras by id, from 1 |
//!
//! `?event=1` and `?analytics=1` ask for metadata in i-PRO's shape. A track's
//! address is that of its stream and `/trackID=N`.

/// Which camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraName {
    /// By its id.
    Id(String),
    /// By its number in the order of ids, from 1.
    Number(usize),
}

/// Which video track a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Video {
    /// The camera's own pictures.
    Jpeg,
    /// Encoded by us.
    H264,
    /// None.
    None,
}

impl Video {
    /// The last part of a path.
    pub const fn name(self) -> &'static str {
        match self {
            Video::Jpeg => "jpeg",
            Video::H264 => "h264",
            Video::None => "metadata",
        }
    }
}

/// What a metadata track holds, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// What is observed in each analysed frame.
    pub has_scenes: bool,
    /// Events of rules.
    pub has_events: bool,
    /// In the shape of i-PRO cameras.
    pub is_ipro: bool,
}

impl Content {
    /// Everything, as ONVIF writes it.
    pub const ONVIF: Content = Content {
        has_scenes: true,
        has_events: true,
        is_ipro: false,
    };
}

/// Which of a stream's tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// XML documents.
    Metadata,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Of which camera.
    pub camera: CameraName,
    /// Its video track.
    pub video: Video,
    /// Its metadata track.
    pub content: Content,
    /// Whether it was asked for by i-PRO's path.
    pub is_ipro_path: bool,
}

/// A stream, or one of its tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The stream.
    pub target: Target,
    /// The track, if the address names one.
    pub track: Option<TrackKind>,
}

impl Target {
    /// Number of a track in its address. i-PRO cameras give metadata the
    /// number 4, and their clients count on it.
    pub const fn track_number(&self, track: TrackKind) -> u8 {
        match track {
            TrackKind::Video => 1,
            TrackKind::Metadata if self.is_ipro_path => 4,
            TrackKind::Metadata => 2,
        }
    }

    /// The stream's tracks, in the order of the description.
    pub fn tracks(&self) -> impl Iterator<Item = TrackKind> + use<> {
        let video = (self.video != Video::None).then_some(TrackKind::Video);
        video.into_iter().chain([TrackKind::Metadata])
    }
}

impl Address {
    /// Reads `rtsp://HOST/PATH?QUERY`, or a path alone; `None` when it names no
    /// stream of ours.
    pub fn parse(uri: &str) -> Option<Self> {
        let path = match uri.split_once("://") {
            Some((_, rest)) => rest.get(rest.find('/')?..)?,
            None => uri,
        };
        // Clients append the track to the whole address, query included.
        let (path, track) = match path.rsplit_once('/') {
            Some((stream, last)) if track_number(last).is_some() => (stream, track_number(last)),
            _ => (path, None),
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (query, after) = query.split_once('/').unwrap_or((query, ""));
        let track = track.or_else(|| track_number(after));
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let names = [parts.next(), parts.next(), parts.next(), parts.next()];
        let (camera, video, is_ipro_path) = match names {
            [Some("cameras"), Some(id), Some(video), None] => {
                let video = match video {
                    "jpeg" => Video::Jpeg,
                    "h264" => Video::H264,
                    "metadata" => Video::None,
                    _ => return None,
                };
                (CameraName::Id(id.to_owned()), video, false)
            }
            [Some("MediaInput"), Some(stream), None, None] => {
                (numbered(stream)?, Video::Jpeg, true)
            }
            [Some("MediaInput"), Some("h264"), Some(stream), None] => {
                (numbered(stream)?, Video::H264, true)
            }
            [Some("MediaInput"), Some("jpeg"), Some(stream), None] => {
                (numbered(stream)?, Video::Jpeg, true)
            }
            _ => return None,
        };
        Some(Address {
            target: Target {
                camera,
                video,
                content: content(query),
                is_ipro_path,
            },
            track: match track {
                None => None,
                Some(1) => Some(TrackKind::Video),
                Some(_) => Some(TrackKind::Metadata),
            },
        })
    }
}

fn numbered(stream: &str) -> Option<CameraName> {
    let number: usize = stream.strip_prefix("stream_")?.parse().ok()?;
    (number > 0).then_some(CameraName::Number(number))
}

fn track_number(text: &str) -> Option<u8> {
    let number = text.strip_prefix("trackID=")?.parse().ok()?;
    matches!(number, 1 | 2 | 4).then_some(number)
}

fn content(query: &str) -> Content {
    let is_on = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .any(|(known, value)| known.eq_ignore_ascii_case(name) && value == "1")
    };
    let (has_events, has_scenes) = (is_on("event"), is_on("analytics"));
    if !has_events && !has_scenes {
        return Content::ONVIF;
    }
    Content {
        has_scenes,
        has_events,
        is_ipro: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, expected: &str) {
        let actual = Address::parse(uri).map_or_else(
            || "none".to_owned(),
            |Address { target, track }| {
                let camera = match target.camera {
                    CameraName::Id(id) => id,
                    CameraName::Number(number) => number.to_string(),
                };
                let content = target.content;
                let flags: String = [
                    (content.has_scenes, 's'),
                    (content.has_events, 'e'),
                    (content.is_ipro, 'i'),
                ]
                .into_iter()
                .filter_map(|(is_on, flag)| is_on.then_some(flag))
                .collect();
                format!("{camera} {} {flags} {track:?}", target.video.name())
            },
        );
        assert_eq!(actual, expected, "{uri}");
    }

    #[test]
    fn addresses_name_camera_video_content_and_track() {
        check("rtsp://h:8554/cameras/gate/jpeg", "gate jpeg se None");
        check("rtsp://[::1]/cameras/gate/h264/", "gate h264 se None");
        check(
            "rtsp://h/cameras/gate/h264/trackID=1",
            "gate h264 se Some(Video)",
        );
        check(
            "/cameras/gate/metadata/trackID=2",
            "gate metadata se Some(Metadata)",
        );
        check("rtsp://h/MediaInput/stream_2?event=1", "2 jpeg ei None");
        check(
            "rtsp://h/MediaInput/h264/stream_1?event=1&analytics=1/trackID=4",
            "1 h264 sei Some(Metadata)",
        );
        check(
            "rtsp://h/cameras/gate/jpeg?analytics=1",
            "gate jpeg si None",
        );
    }

    #[test]
    fn other_addresses_are_none() {
        for uri in [
            "*",
            "rtsp://h",
            "rtsp://h/",
            "rtsp://h/cameras/gate",
            "rtsp://h/cameras/gate/vp8",
            "rtsp://h/cameras/gate/jpeg/more",
            "rtsp://h/cameras/gate/jpeg/trackID=3",
            "rtsp://h/MediaInput/stream_0",
            "rtsp://h/MediaInput/stream_x",
        ] {
            check(uri, "none");
        }
    }
}
