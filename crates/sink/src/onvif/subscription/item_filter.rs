//! Filters on items of messages, in ONVIF's subset of XPath (Core, "Message
//! Content Filter"):
//!
//! ```text
//! boolean(//tt:SimpleItem[@Name="Rule" and @Value="Gate"]) and not(...)
//! ```

use crate::onvif::notification::Notification;
use crate::onvif::topic::Naming;

/// Dialect of such filters.
pub const ITEM_FILTER_DIALECT: &str =
    "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter";

/// Longest expression, bytes, and most levels of brackets.
const MAX_BYTES: usize = 4_096;
const MAX_DEPTH: usize = 16;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ItemFilter {
    Item { name: String, value: Option<String> },
    Not(Box<ItemFilter>),
    All(Vec<ItemFilter>),
    Any(Vec<ItemFilter>),
}

impl ItemFilter {
    /// `None` when it is not written like that.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader {
            rest: text
                .get(..text.len().min(MAX_BYTES))
                .filter(|t| t.len() == text.len())?,
        };
        let filter = reader.any(0)?;
        reader.rest.trim().is_empty().then_some(filter)
    }

    pub(super) fn matches(&self, notification: &Notification, naming: Naming) -> bool {
        match self {
            ItemFilter::Item { name, value } => {
                let mut items = notification.source.iter().chain(&notification.data);
                items.any(|item| {
                    item.spec.name_by(naming) == name
                        && !item.spec.item_type.is_element()
                        && value
                            .as_ref()
                            .is_none_or(|value| item.value.to_text() == *value)
                })
            }
            ItemFilter::Not(inner) => !inner.matches(notification, naming),
            ItemFilter::All(all) => all.iter().all(|inner| inner.matches(notification, naming)),
            ItemFilter::Any(any) => any.iter().any(|inner| inner.matches(notification, naming)),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Option<ItemFilter> {
        let mut parts = vec![self.all(depth)?];
        while self.word("or") {
            parts.push(self.all(depth)?);
        }
        Some(one_or(parts, ItemFilter::Any))
    }

    fn all(&mut self, depth: usize) -> Option<ItemFilter> {
        let mut parts = vec![self.one(depth)?];
        while self.word("and") {
            parts.push(self.one(depth)?);
        }
        Some(one_or(parts, ItemFilter::All))
    }

    fn one(&mut self, depth: usize) -> Option<ItemFilter> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.word("not") {
            self.sign("(")?;
            let inner = self.any(depth + 1)?;
            self.sign(")")?;
            return Some(ItemFilter::Not(Box::new(inner)));
        }
        if self.word("boolean") {
            self.sign("(")?;
            let item = self.item()?;
            self.sign(")")?;
            return Some(item);
        }
        self.sign("(")?;
        let inner = self.any(depth + 1)?;
        self.sign(")")?;
        Some(inner)
    }

    /// `//tt:SimpleItem[@Name="..." and @Value="..."]`
    fn item(&mut self) -> Option<ItemFilter> {
        self.sign("//")?;
        let end = self.rest.find('[')?;
        let (step, rest) = self.rest.split_at(end);
        let step = step.trim();
        let local = step.split_once(':').map_or(step, |(_, local)| local);
        (local == "SimpleItem").then_some(())?;
        self.rest = rest;
        self.sign("[")?;
        let (mut name, mut value) = (None, None);
        loop {
            self.sign("@")?;
            let slot = if self.word("Name") {
                &mut name
            } else if self.word("Value") {
                &mut value
            } else {
                return None;
            };
            self.sign("=")?;
            let text = self.text()?;
            slot.is_none().then_some(())?;
            *slot = Some(text);
            if !self.word("and") {
                break;
            }
        }
        self.sign("]")?;
        Some(ItemFilter::Item { name: name?, value })
    }

    fn text(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''))?;
        let (text, rest) = self.rest.get(1..)?.split_once(quote)?;
        self.rest = rest;
        Some(text.to_owned())
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn word(&mut self, word: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(word) else {
            return false;
        };
        let is_word = !rest.starts_with(|c: char| c.is_alphanumeric());
        if is_word {
            self.rest = rest;
        }
        is_word
    }
}

fn one_or(mut parts: Vec<ItemFilter>, many: fn(Vec<ItemFilter>) -> ItemFilter) -> ItemFilter {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{CameraId, Timestamp};

    use super::*;
    use crate::onvif::notification::Value;
    use crate::onvif::topic::Topic;

    fn matches(text: &str) -> Option<bool> {
        let source = [("Source", Value::Token("gate".to_owned()))];
        let data = [("State", Value::Boolean(true))];
        let notification = Notification::new(
            Topic::MotionAlarm,
            Some(&CameraId::new("gate").unwrap()),
            Timestamp::from_secs(1),
            &source,
            &data,
        );
        Some(ItemFilter::read(text)?.matches(&notification, Naming::Modern))
    }

    #[test]
    fn items_are_asked_for_by_name_and_value() {
        let gate = "boolean(//tt:SimpleItem[@Name=\"Source\" and @Value=\"gate\"])";
        let yard = "boolean( //tt:SimpleItem[ @Value = 'yard' and @Name='Source' ] )";
        let named = "boolean(//tt:SimpleItem[@Name='State'])";
        for (text, expected) in [
            (gate.to_owned(), Some(true)),
            (yard.to_owned(), Some(false)),
            (named.to_owned(), Some(true)),
            (format!("{gate} and {yard}"), Some(false)),
            (format!("{gate} or {yard}"), Some(true)),
            (format!("not({yard}) and ({yard} or {named})"), Some(true)),
            (format!("{gate} {gate}"), None),
            (format!("{gate} and"), None),
            ("boolean(//tt:ElementItem[@Name='a'])".to_owned(), None),
            ("boolean(//tt:SimpleItem[@Other='a'])".to_owned(), None),
            ("(".repeat(1_000), None),
            (String::new(), None),
        ] {
            assert_eq!(matches(&text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_expression_is_read_or_refused(
            text in "(boolean|not|and|or|\\(|\\)|//tt:SimpleItem\\[|@Name=|'a'|\"|\\]| |ö){0,20}"
        ) {
            drop(ItemFilter::read(&text));
        }
    }
}
