//! ONVIF's XML as JSON, by the rules of the Core specification ("JSON Event
//! Payload") and of the Analytics specification ("JSON over MQTT").
//!
//! An attribute becomes `"@name"`, text `"#text"` (or the value itself where
//! there are no attributes), an element that may be repeated a list, also if
//! there is one. ONVIF's prefixes are dropped; others are kept and listed in
//! `"@context"`. Members keep the order that they have in XML, which these
//! rules want and a map would lose.

use std::fmt;

use crate::onvif::namespace as ns;
use crate::onvif::xml::Element;

/// A JSON value whose members stand in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// Text.
    Text(String),
    /// A number, as it was written.
    Number(String),
    /// A list.
    List(Vec<Json>),
    /// Members.
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Json::Text(text.into())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Text(text) => write_text(f, text),
            Json::Number(number) => f.write_str(number),
            Json::List(items) => {
                f.write_str("[")?;
                for (idx, item) in items.iter().enumerate() {
                    let comma = if idx == 0 { "" } else { "," };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (idx, (name, value)) in members.iter().enumerate() {
                    f.write_str(if idx == 0 { "" } else { "," })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    f.write_str(&quoted)
}

/// Elements that the schema lets be repeated, by parent and own name, as far as
/// we write them.
const REPEATED: &[(&str, &str)] = &[
    ("VideoAnalytics", "Frame"),
    ("Frame", "Object"),
    ("Appearance", "VehicleInfo"),
    ("Appearance", "Label"),
    ("Class", "Type"),
    ("Color", "ColorCluster"),
    ("Polygon", "Point"),
    ("Polyline", "Point"),
    ("ObjectTree", "Rename"),
    ("ObjectTree", "Split"),
    ("ObjectTree", "Merge"),
    ("ObjectTree", "Delete"),
];

/// Attributes that are numbers in the schema. All others are text, even where
/// somebody's name of a thing is a number.
const NUMBERS: &[&str] = &[
    "x",
    "y",
    "left",
    "top",
    "right",
    "bottom",
    "X",
    "Y",
    "Z",
    "ObjectId",
    "Parent",
    "Likelihood",
];
/// Elements whose text is a number in the schema.
const NUMBER_ELEMENTS: &[&str] = &["Weight", "Speed", "Direction"];

/// An element's value; the element's own name is its owner's business.
pub(super) fn of_element(element: &Element) -> Json {
    let text = element.text.trim();
    let mut members: Vec<(String, Json)> = element
        .attributes
        .iter()
        .map(|(name, value)| {
            let is_number = NUMBERS.contains(&name.local.as_str());
            (format!("@{}", name.local), scalar(value, is_number))
        })
        .collect();
    if element.name.local == "Frame"
        && let Some(context) = context(element)
    {
        members.push(("@context".to_owned(), context));
    }
    if element.children.is_empty() && members.is_empty() && !text.is_empty() {
        return scalar(text, NUMBER_ELEMENTS.contains(&element.name.local.as_str()));
    }
    if !text.is_empty() {
        members.push(("#text".to_owned(), Json::text(text)));
    }
    for child in &element.children {
        let name = name_of(child);
        let value = of_element(child);
        let pair = (element.name.local.as_str(), child.name.local.as_str());
        let known = members.iter_mut().find(|(member, _)| *member == name);
        match known {
            Some((_, Json::List(items))) => items.push(value),
            // A schema newer than our list: what is repeated is a list.
            Some((_, other)) => {
                let first = std::mem::replace(other, Json::List(Vec::new()));
                *other = Json::List(vec![first, value]);
            }
            None if REPEATED.contains(&pair) => members.push((name, Json::List(vec![value]))),
            None => members.push((name, value)),
        }
    }
    Json::Object(members)
}

fn scalar(text: &str, is_number: bool) -> Json {
    // What XML takes for a number and JSON does not (INF, +1, .5) stays text.
    let is_json = serde_json::from_str::<serde_json::Number>(text).is_ok();
    if is_number && is_json {
        Json::Number(text.to_owned())
    } else {
        Json::text(text)
    }
}

/// Names of ONVIF go without prefix.
fn name_of(element: &Element) -> String {
    match &*element.name.namespace {
        ns::AIRELAY => format!("airelay:{}", element.name.local),
        _ => element.name.local.clone(),
    }
}

/// The prefixes used in an element that are not ONVIF's.
fn context(element: &Element) -> Option<Json> {
    fn has_ours(element: &Element) -> bool {
        &*element.name.namespace == ns::AIRELAY || element.children.iter().any(has_ours)
    }
    has_ours(element).then(|| Json::Object(vec![("airelay".to_owned(), Json::text(ns::AIRELAY))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::xml::{Limits, read};

    fn convert(xml: &str) -> String {
        let xml = format!(
            r#"<tt:Frame xmlns:tt="{}" xmlns:airelay="{}">{xml}</tt:Frame>"#,
            ns::TT,
            ns::AIRELAY
        );
        of_element(&read(xml.as_bytes(), Limits::REQUEST).unwrap()).to_string()
    }

    #[test]
    fn attributes_texts_and_lists_take_the_form_of_the_specification() {
        // From the example of the Core specification: a line with its points.
        let polyline = r#"<tt:Polyline><tt:Point x="0.10" y="0.50"/><tt:Point x="1.0" y="0.50"/></tt:Polyline>"#;
        assert_eq!(
            convert(polyline),
            r#"{"Polyline":{"Point":[{"@x":0.10,"@y":0.50},{"@x":1.0,"@y":0.50}]}}"#
        );
        // From that of the Analytics specification: one class is a list too.
        let class = r#"<tt:Class><tt:Type Likelihood="0.8">Human</tt:Type></tt:Class>"#;
        assert_eq!(
            convert(class),
            r##"{"Class":{"Type":[{"@Likelihood":0.8,"#text":"Human"}]}}"##
        );
    }

    #[test]
    fn names_that_look_like_numbers_stay_text_and_empty_elements_are_objects() {
        assert_eq!(
            convert(r#"<tt:A Source="12" ObjectId="INF"/><tt:Weight>0.5</tt:Weight>"#),
            r#"{"A":{"@Source":"12","@ObjectId":"INF"},"Weight":0.5}"#
        );
        assert_eq!(convert("<tt:Idle/>"), r#"{"Idle":{}}"#);
        assert_eq!(
            convert("<tt:B>1</tt:B><tt:B>2</tt:B><tt:B>&#34;</tt:B>"),
            r#"{"B":["1","2","\""]}"#
        );
    }

    #[test]
    fn names_of_our_own_keep_their_prefix_and_are_explained() {
        assert_eq!(
            convert("<airelay:Plate>x</airelay:Plate>"),
            r#"{"@context":{"airelay":"urn:airelay:onvif"},"airelay:Plate":"x"}"#
        );
    }
}
