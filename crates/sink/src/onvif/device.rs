//! What airelay is as an ONVIF device, as of one request.
//!
//! In: made by relay from its settings. Out: plain values that the services
//! write.

use types::{CameraId, Timestamp};

use super::rule::OnvifRule;
use super::token::{Encoding, ProfileToken};
use super::topic::Naming;
use crate::access::Level;

/// The device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Who it is.
    pub identity: Identity,
    /// Linked cameras that are switched on, by id.
    pub cameras: Vec<DeviceCamera>,
    /// Accounts of the camera protocols.
    pub users: Vec<(String, Level)>,
    /// Which names source items have.
    pub naming: Naming,
    /// Port of the RTSP server; `None` where there is none.
    pub rtsp_port: Option<u16>,
    /// Whether WS-Discovery answers.
    pub is_discoverable: bool,
    /// Scopes that clients set.
    pub scopes: Vec<String>,
    /// Which brokers clients may set.
    pub event_brokers: EventBrokerLimits,
}

/// Which brokers clients may set.
#[derive(Clone, Debug)]
pub struct EventBrokerLimits {
    /// Schemes of their addresses, with blanks between.
    pub protocols: String,
    /// Most of them.
    pub max: usize,
}

/// Who the device is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Never changes: `urn:uuid:...` names it in discovery.
    pub uuid: String,
    /// Version of airelay.
    pub version: String,
    /// Number of this installation.
    pub serial_number: String,
    /// Name of the machine.
    pub hostname: String,
    /// Hardware address, made of the uuid: programs do not see the real one.
    pub mac: String,
}

/// One linked camera.
#[derive(Clone, Debug)]
pub struct DeviceCamera {
    /// Which.
    pub camera_id: CameraId,
    /// As people call it.
    pub name: String,
    /// Width of its picture, pixels; a usual one before the first picture.
    pub width_px: u32,
    /// Height of its picture, pixels.
    pub height_px: u32,
    /// Pictures per second.
    pub fps: f32,
    /// Whether H.264 can be had.
    pub has_h264: bool,
    /// What its metadata track carries.
    pub metadata: MetadataSetup,
    /// What clients took out of its profiles.
    pub left_out: Vec<LeftOut>,
    /// Its rules, as ONVIF knows them.
    pub rules: Vec<OnvifRule>,
}

/// What a metadata track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataSetup {
    /// Scenes.
    pub has_analytics: bool,
    /// Notifications.
    pub has_events: bool,
}

impl Default for MetadataSetup {
    fn default() -> Self {
        MetadataSetup {
            has_analytics: true,
            has_events: true,
        }
    }
}

/// A part that a client took out of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which profile.
    pub encoding: Encoding,
    /// Which part.
    pub part: ProfilePart,
}

/// A part of a profile that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfilePart {
    /// Metadata.
    Metadata,
    /// Analytics.
    Analytics,
}

/// How a client asked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// `http://HOST:PORT`, as the client reached us.
    pub base_url: String,
    /// Its host alone.
    pub host: String,
    /// Now.
    pub now: Timestamp,
    /// Who it is, once known.
    pub account: Option<String>,
}

impl Caller {
    /// Address of a service.
    pub fn service(&self, name: &str) -> String {
        format!("{}/onvif/{name}", self.base_url)
    }
}

impl Device {
    /// The camera of a token that is a camera's id.
    pub fn camera(&self, token: &str) -> Option<&DeviceCamera> {
        let mut cameras = self.cameras.iter();
        cameras.find(|camera| camera.camera_id.as_str() == token)
    }

    /// The camera and encoding of a profile or encoder token.
    pub fn profile(&self, token: &str) -> Option<(&DeviceCamera, Encoding)> {
        let token = ProfileToken::parse(token)?;
        let camera = self.camera(token.camera_id.as_str())?;
        camera
            .encodings()
            .any(|encoding| encoding == token.encoding)
            .then_some((camera, token.encoding))
    }

    /// All profiles.
    pub fn profiles(&self) -> impl Iterator<Item = (&DeviceCamera, Encoding)> {
        let cameras = self.cameras.iter();
        cameras.flat_map(|camera| camera.encodings().map(move |encoding| (camera, encoding)))
    }
}

/// Fixed scopes: what the device is, for people and programs that look for
/// devices.
pub fn scopes(identity: &Identity) -> Vec<String> {
    [
        "onvif://www.onvif.org/type/video_encoder".to_owned(),
        "onvif://www.onvif.org/type/video_analytics".to_owned(),
        "onvif://www.onvif.org/Profile/M".to_owned(),
        "onvif://www.onvif.org/Profile/Streaming".to_owned(),
        "onvif://www.onvif.org/hardware/airelay".to_owned(),
        format!("onvif://www.onvif.org/name/{}", percent(&identity.hostname)),
    ]
    .to_vec()
}

impl DeviceCamera {
    /// Ways in which its video can be had.
    pub fn encodings(&self) -> impl Iterator<Item = Encoding> + use<> {
        let has_h264 = self.has_h264;
        let all = Encoding::ALL.into_iter();
        all.filter(move |encoding| has_h264 || *encoding != Encoding::H264)
    }

    /// Token of one of its profiles.
    pub fn token(&self, encoding: Encoding) -> String {
        let token = ProfileToken {
            camera_id: self.camera_id.clone(),
            encoding,
        };
        token.to_string()
    }

    /// Whether a profile has a part.
    pub fn has(&self, encoding: Encoding, part: ProfilePart) -> bool {
        !self.left_out.contains(&LeftOut { encoding, part })
    }
}

/// As in scopes: all but letters, digits and `-._~` as `%XX`.
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}
