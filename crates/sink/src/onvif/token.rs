//! Names by which ONVIF knows a camera's parts.
//!
//! Video source, its configuration, analytics and metadata configuration all
//! go by the camera's id: a token need only be unique among its kind, and
//! people who compare events with the web pages meet one name only. Profiles
//! and encoders come twice, one for each way to encode.

use std::fmt;

use types::CameraId;

/// How a profile's video is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// As the camera sends it.
    Jpeg,
    /// Encoded anew, for clients that take nothing else.
    H264,
}

impl Encoding {
    /// Both.
    pub const ALL: [Encoding; 2] = [Encoding::Jpeg, Encoding::H264];

    /// Last part of its token and of its stream's path.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Jpeg => "jpeg",
            Encoding::H264 => "h264",
        }
    }
}

/// Token of a media profile and of its encoder: `CAMERA.jpeg`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileToken {
    /// Which camera.
    pub camera_id: CameraId,
    /// Which of its profiles.
    pub encoding: Encoding,
}

impl ProfileToken {
    /// Reads a token; `None` when it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (camera_id, encoding) = text.rsplit_once('.')?;
        let mut encodings = Encoding::ALL.into_iter();
        Some(ProfileToken {
            camera_id: CameraId::new(camera_id).ok()?,
            encoding: encodings.find(|known| known.name() == encoding)?,
        })
    }

    /// Path of its RTSP stream, with a leading slash.
    pub fn rtsp_path(&self) -> String {
        format!("/cameras/{}/{}", self.camera_id, self.encoding.name())
    }
}

impl fmt::Display for ProfileToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.camera_id, self.encoding.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_tokens_are_read_back() {
        for encoding in Encoding::ALL {
            let token = ProfileToken {
                camera_id: CameraId::new("gate-2").unwrap(),
                encoding,
            };
            assert_eq!(ProfileToken::parse(&token.to_string()), Some(token));
        }
        for text in ["", "gate", "gate.mpeg4", ".jpeg", "Gate.jpeg", "a b.jpeg"] {
            assert_eq!(ProfileToken::parse(text), None, "{text}");
        }
    }
}
