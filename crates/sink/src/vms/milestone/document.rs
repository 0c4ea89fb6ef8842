//! An analytics event as XML: `AnalyticsEvent.xsd`, namespace
//! `urn:milestone-systems`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{Phase, Timestamp};

use super::super::Place;
use super::super::guid::{guid_of, parse_guid};
use crate::Message;
use crate::onvif::xml::{XmlWriter, write_document};
use crate::words::{description, kind_word, object_word};

/// Kind of a camera in XProtect's identities.
const CAMERA_KIND: &str = "5135BA21-F1DC-4321-806A-6CE2017343C0";

/// The document of one step. The event's id is the same each time the step is
/// sent; boxes are parts of the picture, origin at the top left.
pub(super) fn to_xml(message: &Message, place: &Place, name: &str, priority: u16) -> String {
    write_document(|xml| {
        let namespace = [("xmlns", "urn:milestone-systems")];
        xml.within_with("AnalyticsEvent", &namespace, |xml| {
            xml.within("EventHeader", |xml| {
                header(xml, message, place, name, priority);
            });
            xml.leaf("Description", description(message));
            xml.leaf("StartTime", date_time(message.started_at));
            if let Some(ended_at) = message.ended_at {
                xml.leaf("EndTime", date_time(ended_at));
            }
            if let Some(zone) = &message.zone_name {
                xml.leaf("Location", zone);
            }
            if let Some(count) = message.detail.count {
                xml.leaf("Count", count.to_string());
            }
            xml.within("RuleList", |xml| {
                xml.within("Rule", |xml| {
                    xml.leaf("Name", &message.rule_name);
                    xml.leaf("Type", kind_word(message.kind));
                });
            });
            objects(xml, message);
            picture(xml, message);
            xml.within("Vendor", |xml| xml.leaf("Name", "airelay"));
        });
    })
}

fn header(xml: &mut XmlWriter, message: &Message, place: &Place, name: &str, priority: u16) {
    let event_id = message.event_id.as_bits().to_be_bytes();
    xml.leaf("ID", guid_of(&[&event_id, &message.step.to_be_bytes()]));
    xml.leaf("Timestamp", date_time(message.at));
    xml.leaf("Type", kind_word(message.kind));
    xml.leaf("Version", "1.0");
    xml.leaf("Priority", priority.to_string());
    xml.leaf("Name", &message.rule_name);
    xml.leaf("Message", name);
    xml.leaf("CustomTag", message.idempotency_key());
    xml.within("Source", |xml| {
        xml.leaf("Name", &place.address);
        xml.leaf("Description", &message.camera_name);
        if let Some(camera_id) = place.camera_id.as_deref().and_then(parse_guid) {
            xml.within("FQID", |xml| {
                xml.leaf("ObjectId", camera_id);
                xml.leaf("Kind", CAMERA_KIND);
            });
        }
    });
}

fn objects(xml: &mut XmlWriter, message: &Message) {
    let (Some(class), Some(bbox)) = (message.class, message.bbox) else {
        return;
    };
    xml.within("ObjectList", |xml| {
        xml.within("Object", |xml| {
            if let Some(track_id) = message.track_id {
                let camera_id = message.camera_id.to_string();
                xml.leaf(
                    "ID",
                    guid_of(&[camera_id.as_bytes(), &track_id.0.to_be_bytes()]),
                );
            }
            xml.leaf("Name", class.name());
            xml.leaf("Type", object_word(message));
            xml.leaf("Confidence", format!("{:.3}", message.score));
            xml.leaf("AlarmTrigger", (message.phase != Phase::End).to_string());
            xml.within("BoundingBox", |xml| {
                for (name, value) in [
                    ("Top", bbox.y1()),
                    ("Left", bbox.x1()),
                    ("Bottom", bbox.y2()),
                    ("Right", bbox.x2()),
                ] {
                    xml.leaf(name, format!("{value:.4}"));
                }
            });
        });
    });
}

fn picture(xml: &mut XmlWriter, message: &Message) {
    let Some(picture) = &message.picture else {
        return;
    };
    let Some(jpeg) = &picture.jpeg else {
        return;
    };
    let offset_us = picture
        .captured_at
        .as_micros()
        .saturating_sub(message.at.as_micros());
    let offset_ms = i32::try_from(offset_us / 1_000).unwrap_or(0);
    xml.within("SnapshotList", |xml| {
        xml.within("Snapshot", |xml| {
            xml.leaf("TimeOffset", offset_ms.to_string());
            xml.leaf("Width", picture.width_px.to_string());
            xml.leaf("Height", picture.height_px.to_string());
            xml.leaf("HasOverlay", "false");
            xml.leaf("SizeInBytes", jpeg.len().to_string());
            xml.leaf("Image", STANDARD.encode(jpeg));
        });
    });
}

/// With an offset, as XProtect wants it.
fn date_time(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}+00:00", text.trim_end_matches('Z'))
}
