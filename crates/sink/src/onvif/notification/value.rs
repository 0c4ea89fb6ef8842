//! Values of items, each of its declared type.

use types::Timestamp;

use crate::onvif::document::utc;
use crate::onvif::scene::SceneObject;
use crate::onvif::topic::{ItemSpec, ItemType};

/// A value of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A token.
    Token(String),
    /// Any text.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// A whole number, as far as `xs:int` goes.
    Int(i32),
    /// A number.
    Float(f32),
    /// A time.
    Time(Timestamp),
    /// Texts without blanks in them.
    TextList(Vec<String>),
    /// An address.
    Uri(String),
    /// An object of the scene.
    Object(Box<SceneObject>),
}

/// A value with its declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name and type.
    pub spec: &'static ItemSpec,
    /// Its value.
    pub value: Value,
}

impl Value {
    /// Its type.
    pub const fn item_type(&self) -> ItemType {
        match self {
            Value::Token(_) => ItemType::Token,
            Value::Text(_) => ItemType::Text,
            Value::Boolean(_) => ItemType::Boolean,
            Value::Int(_) => ItemType::Int,
            Value::Float(_) => ItemType::Float,
            Value::Time(_) => ItemType::Time,
            Value::TextList(_) => ItemType::TextList,
            Value::Uri(_) => ItemType::Uri,
            Value::Object(_) => ItemType::Object,
        }
    }

    /// As in `SimpleItem/@Value`; empty for an object.
    pub fn to_text(&self) -> String {
        match self {
            Value::Token(text) | Value::Text(text) | Value::Uri(text) => text.clone(),
            Value::Boolean(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Time(at) => utc(*at),
            Value::TextList(texts) => texts.join(" "),
            Value::Object(_) => String::new(),
        }
    }
}

/// `items` with their declarations in `specs`, in whose order they stand.
pub(super) fn declared(specs: &'static [ItemSpec], items: &[(&str, Value)]) -> Vec<Item> {
    let mut from = 0;
    items
        .iter()
        .map(|(name, value)| {
            let found = specs[from..].iter().position(|spec| spec.name == *name);
            let at = from + found.unwrap_or_else(|| panic_undeclared(name));
            let spec = &specs[at];
            assert!(
                spec.item_type == value.item_type(),
                "item {name} is a {:?}",
                spec.item_type
            );
            from = at + 1;
            Item {
                spec,
                value: value.clone(),
            }
        })
        .collect()
}

#[expect(
    clippy::panic,
    reason = "a mistake of ours: the table says what may be sent"
)]
fn panic_undeclared(name: &str) -> usize {
    panic!("item {name} is not declared, or not in this order")
}
