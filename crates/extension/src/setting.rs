//! Settings of a program: what they may hold, and what they hold.
//!
//! In: the schema of a manifest, and values as a page or a file gives them.
//! Out: a complete, checked list of values in the order of the schema.
//!
//! Not here: how the program reads them (`convert`), where they are kept.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;
use types::{ClassSet, LineId, ZoneId};

/// Longest text value, characters.
pub(crate) const MAX_TEXT_CHARS: usize = 200;

/// One setting of a manifest: all that a page needs to show it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Setting {
    /// Name in values, `a-z`, `0-9` and `_`, 1 to 32 characters.
    pub name: String,
    /// What people read beside the field, 1 to 64 characters.
    pub label: String,
    /// A sentence for people who do not know what it does; may be empty.
    #[serde(default)]
    pub help: String,
    /// Unit shown behind the field, such as `s`; may be empty.
    #[serde(default)]
    pub unit: String,
    /// What it may hold, and its default.
    #[serde(flatten)]
    pub kind: SettingKind,
}

/// What a setting may hold, with the default for those who change nothing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SettingKind {
    /// On or off.
    Switch {
        /// Until it is changed.
        default: bool,
    },
    /// A whole number.
    Whole {
        /// Until it is changed.
        default: i64,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A number.
    Number {
        /// Until it is changed.
        default: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// A line of text.
    Text {
        /// Until it is changed.
        default: String,
        /// Longest allowed, characters, at most 200.
        max_chars: usize,
    },
    /// One of several words.
    Choice {
        /// Until it is changed; one of `options`.
        default: String,
        /// What can be chosen, 2 to 32 words.
        options: Vec<String>,
    },
    /// A zone of the camera; none until one is chosen.
    Zone,
    /// A line of the camera; none until one is chosen.
    Line,
    /// Classes of objects.
    Classes {
        /// Names of classes until it is changed.
        default: Vec<String>,
    },
}

/// What a setting holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`SettingKind::Switch`].
    Switch(bool),
    /// Of [`SettingKind::Whole`].
    Whole(i64),
    /// Of [`SettingKind::Number`].
    Number(f64),
    /// Of [`SettingKind::Text`].
    Text(String),
    /// Of [`SettingKind::Choice`].
    Choice(String),
    /// Of [`SettingKind::Zone`].
    Zone(Option<ZoneId>),
    /// Of [`SettingKind::Line`].
    Line(Option<LineId>),
    /// Of [`SettingKind::Classes`].
    Classes(ClassSet),
}

/// Values as given, by name of the setting.
pub type Values = BTreeMap<String, Value>;

/// Why values are refused.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SettingError {
    /// The program has no such setting.
    #[error("set {name:?}: the program has no such setting")]
    Unknown {
        /// As given, shortened.
        name: String,
    },
    /// A value of another kind, or outside its range.
    #[error("set {name:?}: expected {expected}")]
    Value {
        /// Which setting.
        name: String,
        /// What it may hold.
        expected: String,
    },
}

impl Setting {
    /// What the setting holds until it is changed.
    pub fn default_value(&self) -> Value {
        match &self.kind {
            SettingKind::Switch { default } => Value::Switch(*default),
            SettingKind::Whole { default, .. } => Value::Whole(*default),
            SettingKind::Number { default, .. } => Value::Number(*default),
            SettingKind::Text { default, .. } => Value::Text(default.clone()),
            SettingKind::Choice { default, .. } => Value::Choice(default.clone()),
            SettingKind::Zone => Value::Zone(None),
            SettingKind::Line => Value::Line(None),
            SettingKind::Classes { default } => Value::Classes(
                default
                    .iter()
                    .filter_map(|n| types::Class::from_name(n))
                    .collect(),
            ),
        }
    }

    /// Checks that `value` is of this setting's kind and in its range.
    ///
    /// # Errors
    /// It is not; the text says what may be given.
    pub fn check(&self, value: &Value) -> Result<(), SettingError> {
        let fits = match (&self.kind, value) {
            (SettingKind::Switch { .. }, Value::Switch(_))
            | (SettingKind::Zone, Value::Zone(_))
            | (SettingKind::Line, Value::Line(_))
            | (SettingKind::Classes { .. }, Value::Classes(_)) => true,
            (SettingKind::Whole { min, max, .. }, Value::Whole(value)) => {
                (min..=max).contains(&value)
            }
            // Not a number is in no range.
            (SettingKind::Number { min, max, .. }, Value::Number(value)) => {
                (min..=max).contains(&value)
            }
            (SettingKind::Text { max_chars, .. }, Value::Text(text)) => {
                text.chars().count() <= *max_chars && !text.chars().any(char::is_control)
            }
            (SettingKind::Choice { options, .. }, Value::Choice(word)) => options.contains(word),
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(SettingError::Value {
            name: self.name.clone(),
            expected: self.expected(),
        })
    }

    fn expected(&self) -> String {
        match &self.kind {
            SettingKind::Switch { .. } => "true or false".to_owned(),
            SettingKind::Whole { min, max, .. } => format!("a whole number, {min} to {max}"),
            SettingKind::Number { min, max, .. } => format!("a number, {min} to {max}"),
            SettingKind::Text { max_chars, .. } => {
                format!("one line of at most {max_chars} characters")
            }
            SettingKind::Choice { options, .. } => format!("one of {}", options.join(", ")),
            SettingKind::Zone => "a zone of the camera or none".to_owned(),
            SettingKind::Line => "a line of the camera or none".to_owned(),
            SettingKind::Classes { .. } => "classes of objects".to_owned(),
        }
    }
}

/// The values of all settings of `schema`, in its order: as given, else by
/// default.
///
/// # Errors
/// A value is refused, or there is no such setting.
pub(crate) fn complete(
    schema: &[Setting],
    given: &Values,
) -> Result<Vec<(String, Value)>, SettingError> {
    let unknown = |name: &&String| schema.iter().all(|setting| setting.name != **name);
    if let Some(name) = given.keys().find(unknown) {
        return Err(SettingError::Unknown {
            name: name.chars().take(40).collect(),
        });
    }
    let mut values = Vec::with_capacity(schema.len());
    for setting in schema {
        let value = match given.get(&setting.name) {
            Some(value) => value.clone(),
            None => setting.default_value(),
        };
        setting.check(&value)?;
        values.push((setting.name.clone(), value));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Vec<Setting> {
        #[derive(Deserialize)]
        struct File {
            settings: Vec<Setting>,
        }
        let file: File = toml::from_str(
            r#"
            settings = [
              { name = "within", label = "Within", unit = "s", kind = "number", default = 2.0, min = 0.5, max = 10.0 },
              { name = "limit", label = "Limit", kind = "whole", default = 3, min = 1, max = 9 },
              { name = "way", label = "Way", kind = "choice", default = "both", options = ["both", "left"] },
              { name = "title", label = "Title", kind = "text", default = "", max_chars = 3 },
              { name = "door", label = "Door", kind = "line" },
              { name = "who", label = "Who", kind = "classes", default = ["person"] },
            ]"#,
        )
        .unwrap();
        file.settings
    }

    #[test]
    fn what_is_not_given_takes_its_default_in_the_order_of_the_schema() {
        let given = Values::from([("limit".to_owned(), Value::Whole(9))]);
        let values = complete(&schema(), &given).unwrap();
        let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        assert_eq!(
            values,
            [
                Value::Number(2.0),
                Value::Whole(9),
                Value::Choice("both".to_owned()),
                Value::Text(String::new()),
                Value::Line(None),
                Value::Classes(ClassSet::EMPTY.with(types::Class::Person)),
            ]
        );
    }

    #[test]
    fn values_outside_their_range_are_refused_with_the_range() {
        for (name, value, expected) in [
            (
                "within",
                Value::Number(10.1),
                r#"set "within": expected a number, 0.5 to 10"#,
            ),
            (
                "within",
                Value::Number(f64::NAN),
                r#"set "within": expected a number, 0.5 to 10"#,
            ),
            (
                "within",
                Value::Whole(2),
                r#"set "within": expected a number, 0.5 to 10"#,
            ),
            (
                "limit",
                Value::Whole(0),
                r#"set "limit": expected a whole number, 1 to 9"#,
            ),
            (
                "way",
                Value::Choice("up".to_owned()),
                r#"set "way": expected one of both, left"#,
            ),
            (
                "title",
                Value::Text("four".to_owned()),
                r#"set "title": expected one line of at most 3 characters"#,
            ),
            (
                "title",
                Value::Text("a\n".to_owned()),
                r#"set "title": expected one line of at most 3 characters"#,
            ),
            (
                "door",
                Value::Zone(None),
                r#"set "door": expected a line of the camera or none"#,
            ),
            (
                "dooor",
                Value::Line(None),
                r#"set "dooor": the program has no such setting"#,
            ),
        ] {
            let given = Values::from([(name.to_owned(), value)]);
            let error = complete(&schema(), &given).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
