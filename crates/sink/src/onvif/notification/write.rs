//! A notification as `wsnt:NotificationMessage`.

use super::{Item, Notification, Value};
use crate::onvif::document::utc;
use crate::onvif::scene::write_object;
use crate::onvif::topic::Naming;
use crate::onvif::xml::XmlWriter;

/// Dialect of topics that we send.
pub const CONCRETE_SET_DIALECT: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";

/// Writes `wsnt:NotificationMessage`; `tt`, `wsnt`, `tns1` and `airelay` must
/// be declared around it.
pub fn write_notification(xml: &mut XmlWriter, notification: &Notification, naming: Naming) {
    xml.open("wsnt:NotificationMessage");
    xml.leaf_with(
        "wsnt:Topic",
        &[("Dialect", CONCRETE_SET_DIALECT)],
        notification.topic.spec().expression(),
    );
    xml.within("wsnt:Message", |xml| {
        write_message(xml, notification, naming);
    });
    xml.close();
}

/// Writes `tt:Message`.
pub fn write_message(xml: &mut XmlWriter, notification: &Notification, naming: Naming) {
    let at = utc(notification.at);
    let mut attributes = vec![("UtcTime", at.as_str())];
    if let Some(operation) = notification.operation {
        attributes.push(("PropertyOperation", operation.name()));
    }
    xml.open_with("tt:Message", &attributes);
    write_items(xml, "tt:Source", &notification.source, naming);
    write_items(xml, "tt:Data", &notification.data, naming);
    xml.close();
}

/// The schema wants simple items before elements.
fn write_items(xml: &mut XmlWriter, element: &str, items: &[Item], naming: Naming) {
    xml.open(element);
    for item in items {
        if !item.spec.item_type.is_element() {
            let (name, value) = (item.spec.name_by(naming), item.value.to_text());
            xml.empty("tt:SimpleItem", &[("Name", name), ("Value", &value)]);
        }
    }
    for item in items {
        if let Value::Object(object) = &item.value {
            xml.within_with("tt:ElementItem", &[("Name", item.spec.name)], |xml| {
                write_object(xml, object);
            });
        }
    }
    xml.close();
}
