//! A camera that was found: what it says of its streams and pictures.
//!
//! In: the addresses with which it answered the search, and a login. Out: its
//! profiles with their addresses, as far as its media service tells them.
//!
//! A device in the network may be anybody's, so it is believed little: answers
//! are bounded in size, number and time; its services are asked only at the
//! host that was reached, whatever host it names; no redirect is followed; no
//! link-local or special address is asked; the password is never sent, only
//! proofs of it.
//!
//! Not here: the search (`discovery`), linking a camera.

mod answers;
mod ask;

use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;
use types::Timestamp;
use url::Url;

use self::answers::{
    clock_of, media_service_of, model_of, old_media_service_of, profiles_of, short, uri_of,
};
use self::ask::Asker;
use super::namespace as ns;
use super::xml::XmlWriter;

/// Longest time for one camera.
const WITHIN: Duration = Duration::from_secs(15);
/// Most addresses of one camera that are tried.
const MAX_ADDRESSES: usize = 4;
/// Most profiles that are asked for their addresses.
pub const MAX_PROFILES: usize = 16;

/// Who we are at the camera.
#[derive(Clone)]
pub struct CameraLogin {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for CameraLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CameraLogin")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What a camera says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundCamera {
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Which model it is.
    pub model: Option<String>,
    /// Its profiles, at most [`MAX_PROFILES`].
    pub profiles: Vec<FoundProfile>,
}

/// One media profile of a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundProfile {
    /// Its token.
    pub token: String,
    /// As people call it.
    pub name: String,
    /// How its video is encoded, as the camera says.
    pub encoding: Option<String>,
    /// Width and height, pixels.
    pub size_px: Option<(u32, u32)>,
    /// Address of its stream, as the camera says.
    pub stream: Option<String>,
    /// Where single pictures are.
    pub snapshot: Option<FoundPicture>,
}

/// Where a camera gives single pictures, at the host that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPicture {
    /// By HTTPS.
    pub is_secure: bool,
    /// Host that was reached.
    pub host: String,
    /// Port, where it is not the usual one.
    pub port: Option<u16>,
    /// Path and query.
    pub path: String,
    /// The host that the camera names, where it is another.
    pub told_host: Option<String>,
}

/// Why a camera tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FoundError {
    /// None of its addresses can be asked.
    #[error("ask the camera: {0}")]
    Address(String),
    /// Nobody answered there.
    #[error("ask the camera at {authority}: {detail}")]
    Unreachable {
        /// Host and port.
        authority: String,
        /// What came back.
        detail: String,
    },
    /// It took too long.
    #[error("ask the camera: it did not tell everything within {} s", WITHIN.as_secs())]
    Timeout,
    /// Nobody gave a login, and it wants one.
    #[error("sign in to the camera at {0}: it wants a user name and password")]
    LoginWanted(String),
    /// It does not accept the login.
    #[error(
        "sign in to the camera at {0}: it refuses this user name and password (some cameras have \
         accounts for ONVIF of their own)"
    )]
    LoginRefused(String),
    /// What came back is no ONVIF, or not what was asked.
    #[error("ask the camera at {authority}: {detail}")]
    NotOnvif {
        /// Host and port.
        authority: String,
        /// What came instead.
        detail: String,
    },
}

impl FoundPicture {
    /// As a whole address.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{host}{port}{}", self.path)
    }
}

/// Asks a camera for its profiles and their addresses.
///
/// # Errors
/// It cannot be asked, or tells nothing.
pub async fn read_camera(
    addresses: &[String],
    login: Option<&CameraLogin>,
    now: Timestamp,
) -> Result<FoundCamera, FoundError> {
    let all = async {
        let mut last = FoundError::Address("it gave no address of a service".to_owned());
        for address in addresses.iter().take(MAX_ADDRESSES) {
            match read_at(address, login, now).await {
                Err(error @ (FoundError::Address(_) | FoundError::Unreachable { .. })) => {
                    last = error;
                }
                other => return other,
            }
        }
        Err(last)
    };
    timeout(WITHIN, all)
        .await
        .unwrap_or(Err(FoundError::Timeout))
}

async fn read_at(
    address: &str,
    login: Option<&CameraLogin>,
    now: Timestamp,
) -> Result<FoundCamera, FoundError> {
    let device = ask::checked(address)?;
    let mut asker = Asker::new(&device, login, now)?;
    // Signing in needs the camera's own idea of the time.
    let open = asker
        .ask_openly(&device, "tds:GetSystemDateAndTime")
        .await?;
    asker.set_clock(clock_of(&open));
    let media = find_media(&mut asker, &device).await?;
    let mut profiles = {
        let answer = asker
            .ask(&media.url, |xml| media.write_get_profiles(xml))
            .await?;
        profiles_of(&answer, media.is_new)
    };
    profiles.truncate(MAX_PROFILES);
    for profile in &mut profiles {
        let token = profile.token.clone();
        profile.stream = optional(
            asker
                .ask(&media.url, |xml| media.write_get_stream(xml, &token))
                .await,
        )?
        .and_then(|answer| uri_of(&answer, media.is_new));
        let snapshot = optional(
            asker
                .ask(&media.url, |xml| media.write_get_snapshot(xml, &token))
                .await,
        )?;
        profile.snapshot = snapshot
            .and_then(|answer| uri_of(&answer, media.is_new))
            .and_then(|uri| picture_at(&uri, &device));
    }
    let information = asker
        .ask(&device, |xml| xml.empty("tds:GetDeviceInformation", &[]))
        .await;
    let (manufacturer, model) = optional(information)?
        .map(|answer| model_of(&answer))
        .unwrap_or_default();
    Ok(FoundCamera {
        manufacturer,
        model,
        profiles,
    })
}

/// What a camera need not be able to tell: `None` where it says that it
/// cannot.
fn optional<T>(asked: Result<T, FoundError>) -> Result<Option<T>, FoundError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(FoundError::NotOnvif { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A camera's media service.
struct Media {
    url: Url,
    /// Of version 2.
    is_new: bool,
}

async fn find_media(asker: &mut Asker, device: &Url) -> Result<Media, FoundError> {
    let services = asker
        .ask(device, |xml| {
            xml.within("tds:GetServices", |xml| {
                xml.leaf("tds:IncludeCapability", "false");
            });
        })
        .await;
    let told = match optional(services)? {
        Some(answer) => media_service_of(&answer),
        None => None,
    };
    let told = match told {
        Some(told) => Some(told),
        // Older ones know this only.
        None => {
            let old = asker
                .ask(device, |xml| {
                    xml.within("tds:GetCapabilities", |xml| {
                        xml.leaf("tds:Category", "Media");
                    });
                })
                .await?;
            old_media_service_of(&old).map(|address| (address, false))
        }
    };
    let no_media = || FoundError::NotOnvif {
        authority: ask::authority(device),
        detail: "it names no media service".to_owned(),
    };
    let (address, is_new) = told.ok_or_else(no_media)?;
    Ok(Media {
        url: ask::at_reached_host(&address, device).ok_or_else(no_media)?,
        is_new,
    })
}

impl Media {
    fn name(&self, operation: &str) -> String {
        let prefix = if self.is_new { "tr2" } else { "trt" };
        format!("{prefix}:{operation}")
    }

    fn write_get_profiles(&self, xml: &mut XmlWriter) {
        xml.within(&self.name("GetProfiles"), |xml| {
            if self.is_new {
                xml.leaf("tr2:Type", "VideoEncoder");
            }
        });
    }

    fn write_get_stream(&self, xml: &mut XmlWriter, token: &str) {
        xml.within(&self.name("GetStreamUri"), |xml| {
            if self.is_new {
                xml.leaf("tr2:Protocol", "RTSP");
            } else {
                xml.open("trt:StreamSetup");
                xml.leaf("tt:Stream", "RTP-Unicast");
                xml.within("tt:Transport", |xml| xml.leaf("tt:Protocol", "RTSP"));
                xml.close();
            }
            xml.leaf(&self.name("ProfileToken"), token);
        });
    }

    fn write_get_snapshot(&self, xml: &mut XmlWriter, token: &str) {
        xml.within(&self.name("GetSnapshotUri"), |xml| {
            xml.leaf(&self.name("ProfileToken"), token);
        });
    }
}

/// A snapshot's address, at the host that was reached.
fn picture_at(uri: &str, device: &Url) -> Option<FoundPicture> {
    let url = Url::parse(uri).ok()?;
    let is_secure = match url.scheme() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        host.trim_matches(['[', ']']).to_owned()
    };
    let (told, reached) = (bare(&url), bare(device));
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Some(FoundPicture {
        is_secure,
        told_host: (told != reached).then(|| short(&told)),
        host: reached,
        port: url.port(),
        path,
    })
}

/// Namespaces that questions use, by their prefixes.
const PREFIXES: [(&str, &str); 5] = [
    ("xmlns:s", ns::SOAP),
    ("xmlns:tt", ns::TT),
    ("xmlns:tds", ns::TDS),
    ("xmlns:trt", ns::TRT),
    ("xmlns:tr2", ns::TR2),
];

#[cfg(test)]
mod tests;
