//! What an event is called in a VMS.

use types::{EventKind, Phase};

use super::caller::invalid;
use crate::words::{kind_word, object_word};
use crate::{ConfigError, Message};

/// Longest name, characters: both systems cut long ones off.
const MAX_NAME_CHARS: usize = 100;

/// A name for events, with places for what happened.
///
/// `{kind}` is what happened, `{object}` who did it, `{camera}`, `{zone}` and
/// `{rule}` are names as people gave them. Milestone shows an event only when
/// one of exactly this name was defined there, so few places are best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(String);

impl Default for EventName {
    fn default() -> Self {
        EventName("airelay {kind}".to_owned())
    }
}

const PLACES: [&str; 5] = ["kind", "object", "camera", "zone", "rule"];

impl EventName {
    /// Reads a name with places.
    ///
    /// # Errors
    /// It is empty, too long, or a place is unknown.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARS {
            return Err(invalid(
                "event_name",
                format!("the name must have 1 to {MAX_NAME_CHARS} characters"),
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid("event_name", "the name must be one line"));
        }
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let place = after.split_once('}');
            match place.filter(|(place, _)| PLACES.contains(place)) {
                Some((_, after)) => rest = after,
                None => {
                    return Err(invalid(
                        "event_name",
                        "in braces only {kind}, {object}, {camera}, {zone} or {rule}",
                    ));
                }
            }
        }
        Ok(EventName(text.to_owned()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of one step.
    pub fn of(&self, message: &Message) -> String {
        // One pass: braces in people's names stay as they are.
        let mut name = String::new();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            name.push_str(before);
            name.push_str(match place {
                "kind" => kind_word(message.kind),
                "object" => object_word(message),
                "camera" => &message.camera_name,
                "zone" => message.zone_name.as_deref().unwrap_or("no zone"),
                _ => &message.rule_name,
            });
            rest = after;
        }
        name.push_str(rest);
        let is_end = message.phase == Phase::End;
        let ending = if is_end { " ended" } else { "" };
        let room = MAX_NAME_CHARS.saturating_sub(ending.len());
        let short: String = name.chars().take(room).collect();
        format!("{}{ending}", short.trim())
    }

    /// The names that have to be defined in the VMS for `kinds`; `None` when
    /// they depend on more than the kind.
    pub fn all(
        &self,
        kinds: impl IntoIterator<Item = EventKind>,
        has_ends: bool,
    ) -> Option<Vec<String>> {
        let depends = PLACES
            .iter()
            .any(|&place| place != "kind" && self.0.contains(&format!("{{{place}}}")));
        if depends {
            return None;
        }
        let begins: Vec<String> = kinds
            .into_iter()
            .map(|kind| self.0.replace("{kind}", kind_word(kind)))
            .collect();
        let ends = begins.iter().map(|name| format!("{name} ended"));
        let mut names = begins.clone();
        if has_ends {
            names.extend(ends);
        }
        names.sort();
        names.dedup();
        Some(names)
    }
}
