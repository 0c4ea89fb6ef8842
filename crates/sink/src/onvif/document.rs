//! `tt:MetadataStream` documents, as RTSP and files carry them.

use std::time::Duration;

use types::{Scene, Timestamp};

use super::namespace as ns;
use super::notification::{Notification, write_notification};
use super::scene::{FrameOptions, write_frame};
use super::topic::Naming;
use super::xml::{XmlWriter, write_document};

/// Name of the module that makes all scenes.
pub const MODULE: &str = "airelay";

/// How the root element is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootName {
    /// `tt:MetadataStream`, as in the schema.
    #[default]
    Schema,
    /// `tt:MetaDataStream`, as in the specification's text and as receivers
    /// of i-PRO cameras look for.
    Prose,
}

impl RootName {
    const fn name(self) -> &'static str {
        match self {
            RootName::Schema => "tt:MetadataStream",
            RootName::Prose => "tt:MetaDataStream",
        }
    }
}

/// A time as all documents carry it: UTC with milliseconds.
pub fn utc(at: Timestamp) -> String {
    Timestamp::from_millis(at.as_millis()).to_string()
}

/// A time as clients write it: with `Z`, with an offset such as `+00:00`, or
/// without either, which is taken as UTC.
pub fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = Timestamp::parse_rfc3339(text) {
        return Some(at);
    }
    let offset_at = text.len().checked_sub(6)?;
    let offset = text
        .get(offset_at..)
        .filter(|offset| offset.starts_with(['+', '-']));
    let Some(offset) = offset else {
        return Timestamp::parse_rfc3339(&format!("{text}Z")).ok();
    };
    let plain = text.get(..offset_at)?;
    let at = Timestamp::parse_rfc3339(&format!("{plain}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u64>().ok()?, minutes.parse::<u64>().ok()?);
    (hours <= 14 && minutes < 60).then_some(())?;
    let off = Duration::from_secs(hours * 3_600 + minutes * 60);
    Some(match offset.starts_with('+') {
        true => at.saturating_sub(off),
        false => at.saturating_add(off),
    })
}

/// A document with what `body` writes into its root.
pub fn metadata_stream(root: RootName, body: impl FnOnce(&mut XmlWriter)) -> String {
    write_document(|xml| {
        let namespaces = [
            ("xmlns:tt", ns::TT),
            ("xmlns:wsnt", ns::WSNT),
            ("xmlns:tns1", ns::TNS1),
            ("xmlns:airelay", ns::AIRELAY),
        ];
        xml.within_with(root.name(), &namespaces, body);
    })
}

/// The document of one analysed frame.
pub fn frame_document(root: RootName, scene: &Scene, options: &FrameOptions<'_>) -> String {
    metadata_stream(root, |xml| {
        xml.within("tt:VideoAnalytics", |xml| write_frame(xml, scene, options));
    })
}

/// The document of notifications.
pub fn event_document<'a>(
    root: RootName,
    notifications: impl IntoIterator<Item = &'a Notification>,
    naming: Naming,
) -> String {
    metadata_stream(root, |xml| {
        xml.within("tt:Event", |xml| {
            for notification in notifications {
                write_notification(xml, notification, naming);
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_clients_are_read_with_every_offset() {
        let at = read_time("2026-07-01T09:30:00Z");
        assert!(at.is_some());
        for text in [
            "2026-07-01T09:30:00+00:00",
            "2026-07-01T09:30:00.000-00:00",
            "2026-07-01T11:30:00+02:00",
            "2026-07-01T06:00:00-03:30",
            " 2026-07-01T09:30:00 ",
        ] {
            assert_eq!(read_time(text), at, "{text}");
        }
        for text in [
            "",
            "now",
            "2026-07-01T09:30:00+99:00",
            "2026-07-01T09:30:00+ö:00",
            "+00:00",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
