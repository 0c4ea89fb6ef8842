//! `tt:MetadataStream` documents, as RTSP and files carry them.

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
pub fn event_document(root: RootName, notifications: &[Notification], naming: Naming) -> String {
    metadata_stream(root, |xml| {
        xml.within("tt:Event", |xml| {
            for notification in notifications {
                write_notification(xml, notification, naming);
            }
        });
    })
}
