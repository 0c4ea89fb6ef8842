//! One object as `tt:Object`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{Class, NormBox, Track, TrackId};

use crate::onvif::xml::XmlWriter;

/// An object of a frame, of an event, or at the end of its track.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneObject {
    /// Which track, where one object is meant.
    pub track_id: Option<TrackId>,
    /// Where it is.
    pub bbox: Option<NormBox>,
    /// What it is.
    pub class: Option<Class>,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// It stands still.
    pub is_idle: bool,
    /// What it looks like.
    pub image: Option<ObjectImage>,
}

/// A picture of an object.
#[derive(Clone, PartialEq)]
pub enum ObjectImage {
    /// Where to fetch it.
    Reference(String),
    /// The JPEG itself.
    Embedded(Arc<[u8]>),
}

impl std::fmt::Debug for ObjectImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The address may hold a key.
            ObjectImage::Reference(_) => f.write_str("Reference"),
            ObjectImage::Embedded(jpeg) => write!(f, "Embedded({} bytes)", jpeg.len()),
        }
    }
}

impl SceneObject {
    /// The object of a track, without picture.
    pub fn of(track: &Track) -> Self {
        SceneObject {
            track_id: Some(track.track_id),
            bbox: Some(track.bbox),
            class: Some(track.class),
            score: track.score,
            is_idle: track.is_stationary,
            image: None,
        }
    }
}

/// A class in ONVIF's words (`tt:ObjectType`).
pub const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Person => "Human",
        Class::Bicycle => "Bicycle",
        Class::Car | Class::Bus | Class::Truck | Class::Motorcycle => "Vehicle",
    }
}

/// Kind of vehicle in ONVIF's words (`tt:VehicleType`).
const fn vehicle_name(class: Class) -> Option<&'static str> {
    match class {
        Class::Person => None,
        Class::Bicycle => Some("Bicycle"),
        Class::Car => Some("Car"),
        Class::Motorcycle => Some("Motorcycle"),
        Class::Bus => Some("Bus"),
        Class::Truck => Some("Truck"),
    }
}

/// Writes `tt:Object`. Children stand in the order that the schema wants.
pub fn write_object(xml: &mut XmlWriter, object: &SceneObject) {
    let id = object.track_id.map(|track_id| track_id.0.to_string());
    let attributes: &[(&str, &str)] = match &id {
        Some(id) => &[("ObjectId", id)],
        None => &[],
    };
    xml.open_with("tt:Object", attributes);
    xml.open("tt:Appearance");
    if let Some(bbox) = object.bbox {
        write_shape(xml, bbox);
    }
    if let Some(class) = object.class {
        let likelihood = [("Likelihood", decimal(object.score.clamp(0.0, 1.0)))];
        let likelihood = likelihood
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        xml.open("tt:Class");
        xml.leaf_with("tt:Type", &likelihood, class_name(class));
        xml.close();
        if let Some(vehicle) = vehicle_name(class) {
            xml.open("tt:VehicleInfo");
            xml.leaf_with("tt:Type", &likelihood, vehicle);
            xml.close();
        }
    }
    match &object.image {
        Some(ObjectImage::Reference(url)) => xml.leaf("tt:ImageRef", url),
        Some(ObjectImage::Embedded(jpeg)) => xml.leaf("tt:Image", STANDARD.encode(jpeg)),
        None => {}
    }
    xml.close();
    if object.is_idle {
        xml.open("tt:Behaviour");
        xml.empty("tt:Idle", &[]);
        xml.close();
    }
    xml.close();
}

fn write_shape(xml: &mut XmlWriter, bbox: NormBox) {
    let (left, right) = (x(bbox.x1()), x(bbox.x2()));
    let (top, bottom) = (y(bbox.y1()), y(bbox.y2()));
    let centre = bbox.centre();
    xml.open("tt:Shape");
    xml.empty(
        "tt:BoundingBox",
        &[
            ("left", &left),
            ("top", &top),
            ("right", &right),
            ("bottom", &bottom),
        ],
    );
    xml.empty(
        "tt:CenterOfGravity",
        &[("x", &x(centre.x)), ("y", &y(centre.y))],
    );
    xml.close();
}

/// To the right: 0..=1 becomes -1..=1.
fn x(x: f32) -> String {
    decimal(x * 2.0 - 1.0)
}

/// Up: 0..=1 from the top becomes 1..=-1.
fn y(y: f32) -> String {
    decimal(1.0 - y * 2.0)
}

/// Five decimals: a hundredth of a pixel in 1080p.
fn decimal(value: f32) -> String {
    let rounded = (f64::from(value) * 100_000.0).round() / 100_000.0;
    // Neither -0 nor "inf", which would be another text in XML.
    if rounded.is_finite() && rounded.abs() > 0.0 {
        rounded.to_string()
    } else {
        "0".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_of_the_picture_are_onvifs() {
        for (actual, expected) in [
            (x(0.0), "-1"),
            (x(1.0), "1"),
            (x(0.5), "0"),
            (y(0.0), "1"),
            (y(1.0), "-1"),
            (x(0.123_456), "-0.75309"),
        ] {
            assert_eq!(actual, expected);
        }
        assert_eq!(decimal(f32::NAN), "0");
    }
}
