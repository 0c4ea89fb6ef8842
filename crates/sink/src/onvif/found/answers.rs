//! What cameras answer. Whatever cannot be read is left out.

use types::Timestamp;

use super::FoundProfile;
use crate::onvif::namespace as ns;
use crate::onvif::xml::Element;

/// Longest text that is shown to people, characters.
const MAX_SHOWN_CHARS: usize = 256;
/// Longest address, bytes.
const MAX_URI_BYTES: usize = 1_024;
/// Largest side of a picture that is believed, pixels.
const MAX_SIDE_PX: u32 = 65_535;

/// A text of a stranger, for people: of one line and bounded.
pub(super) fn short(text: &str) -> String {
    let text = text.trim().chars().filter(|c| !c.is_control());
    text.take(MAX_SHOWN_CHARS).collect()
}

fn given(text: &str) -> Option<String> {
    Some(short(text)).filter(|text| !text.is_empty())
}

/// GetSystemDateAndTime: what time it is there, UTC.
pub(super) fn clock_of(answer: &Element) -> Option<Timestamp> {
    let time = answer
        .child(ns::TDS, "SystemDateAndTime")?
        .child(ns::TT, "UTCDateTime")?;
    let number = |part: &str, name: &str| -> Option<u32> {
        time.child(ns::TT, part)?
            .child_text(ns::TT, name)?
            .parse()
            .ok()
    };
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        number("Date", "Year")?,
        number("Date", "Month")?,
        number("Date", "Day")?,
        number("Time", "Hour")?,
        number("Time", "Minute")?,
        number("Time", "Second")?,
    );
    Timestamp::parse_rfc3339(&text).ok()
}

/// GetServices: where the media service is, and whether it is of version 2.
pub(super) fn media_service_of(answer: &Element) -> Option<(String, bool)> {
    let find = |namespace: &str| {
        let mut services = answer.children_named(ns::TDS, "Service");
        let is_it =
            |service: &&Element| service.child_text(ns::TDS, "Namespace") == Some(namespace);
        let service = services.find(is_it)?;
        service.child_text(ns::TDS, "XAddr").map(str::to_owned)
    };
    let old = find(ns::TRT).map(|address| (address, false));
    old.or_else(|| find(ns::TR2).map(|address| (address, true)))
}

/// GetCapabilities: where the media service is.
pub(super) fn old_media_service_of(answer: &Element) -> Option<String> {
    let capabilities = answer.child(ns::TDS, "Capabilities")?;
    let media = capabilities.child(ns::TT, "Media")?;
    media.child_text(ns::TT, "XAddr").map(str::to_owned)
}

/// GetProfiles: profiles without their addresses.
pub(super) fn profiles_of(answer: &Element, is_new: bool) -> Vec<FoundProfile> {
    let namespace = if is_new { ns::TR2 } else { ns::TRT };
    let profiles = answer.children_named(namespace, "Profiles");
    profiles
        .filter_map(|profile| {
            let token = profile.attribute("token")?;
            let (name, encoder) = match is_new {
                true => {
                    let configurations = profile.child(ns::TR2, "Configurations");
                    let encoder =
                        configurations.and_then(|parts| parts.child(ns::TR2, "VideoEncoder"));
                    (profile.child_text(ns::TR2, "Name"), encoder)
                }
                false => (
                    profile.child_text(ns::TT, "Name"),
                    profile.child(ns::TT, "VideoEncoderConfiguration"),
                ),
            };
            let encoding = encoder.and_then(|encoder| encoder.child_text(ns::TT, "Encoding"));
            Some(FoundProfile {
                // It goes back as it came, so it is not shortened.
                token: (token.len() <= MAX_SHOWN_CHARS).then(|| token.to_owned())?,
                name: name.and_then(given).unwrap_or_else(|| short(token)),
                encoding: encoding.and_then(given),
                size_px: encoder.and_then(size_of),
                stream: None,
                snapshot: None,
            })
        })
        .collect()
}

fn size_of(encoder: &Element) -> Option<(u32, u32)> {
    let resolution = encoder.child(ns::TT, "Resolution")?;
    let side = |name| -> Option<u32> {
        let side = resolution.child_text(ns::TT, name)?.parse().ok()?;
        (1..=MAX_SIDE_PX).contains(&side).then_some(side)
    };
    Some((side("Width")?, side("Height")?))
}

/// GetStreamUri, GetSnapshotUri.
pub(super) fn uri_of(answer: &Element, is_new: bool) -> Option<String> {
    let uri = match is_new {
        true => answer.child_text(ns::TR2, "Uri"),
        false => {
            let media = answer.child(ns::TRT, "MediaUri");
            media.and_then(|media| media.child_text(ns::TT, "Uri"))
        }
    };
    uri.filter(|uri| (1..=MAX_URI_BYTES).contains(&uri.len()))
        .filter(|uri| !uri.chars().any(char::is_control))
        .map(str::to_owned)
}

/// GetDeviceInformation: who made it, and which model it is.
pub(super) fn model_of(answer: &Element) -> (Option<String>, Option<String>) {
    let text = |name| answer.child_text(ns::TDS, name).and_then(given);
    (text("Manufacturer"), text("Model"))
}
