//! What a camera wants of installed programs, as typed.
//!
//! In: the settings of a program as JSON, and the schema of its manifest. Out:
//! values of the right kinds; the program's manifest checks their ranges.

use std::sync::Arc;

use extension::{Setting, SettingKind, Value, Values};
use programs::schedule::Schedule;
use serde_json::{Map, Value as Json};
use types::{Class, LineId, RuleId, ZoneId};

/// Most installed programs that one camera runs.
pub(super) const MAX_EXTENSIONS: usize = 16;
/// Rules of installed programs are numbered from here on.
const FIRST_RULE_ID: u32 = 1_000_000;

/// An installed program that is switched on.
#[derive(Clone, Debug)]
pub struct ExtensionPart {
    /// Which program.
    pub id: String,
    /// Its settings by name, as typed.
    pub settings: Map<String, Json>,
    /// When it runs; always, if there is none.
    pub schedule: Option<Arc<Schedule>>,
}

impl ExtensionPart {
    /// Under which number its events are kept: always the same.
    pub fn rule_id(&self) -> RuleId {
        let share = u32::try_from(hash_of(&self.id) % 1_000_000).unwrap_or_default();
        RuleId(FIRST_RULE_ID + share)
    }
}

/// FNV-1a of an id: the same on every machine and in every version.
pub(crate) fn hash_of(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Reads settings by the schema of a program.
///
/// # Errors
/// Names the setting that is unknown, of another kind, or out of its range.
pub fn extension_values(schema: &[Setting], typed: &Map<String, Json>) -> Result<Values, String> {
    let mut values = Values::new();
    for (name, json) in typed {
        let setting = schema.iter().find(|setting| setting.name == *name);
        let setting = setting.ok_or_else(|| format!("{name}: the program has no such setting"))?;
        let value = read(&setting.kind, json)
            .ok_or_else(|| format!("{name}: {json} is of another kind than the setting"))?;
        setting.check(&value).map_err(|error| error.to_string())?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn read(kind: &SettingKind, json: &Json) -> Option<Value> {
    Some(match kind {
        SettingKind::Switch { .. } => Value::Switch(json.as_bool()?),
        SettingKind::Whole { .. } => Value::Whole(json.as_i64()?),
        SettingKind::Number { .. } => Value::Number(json.as_f64()?),
        SettingKind::Text { .. } => Value::Text(json.as_str()?.to_owned()),
        SettingKind::Choice { .. } => Value::Choice(json.as_str()?.to_owned()),
        SettingKind::Zone => Value::Zone(read_id(json)?.map(ZoneId)),
        SettingKind::Line => Value::Line(read_id(json)?.map(LineId)),
        SettingKind::Classes { .. } => {
            let names = json.as_array()?.iter();
            let classes: Option<_> = names.map(|name| Class::from_name(name.as_str()?)).collect();
            Value::Classes(classes?)
        }
    })
}

/// A number, or `null` for none; nothing for all else.
#[expect(
    clippy::option_option,
    reason = "none chosen is a right answer; another kind is not"
)]
fn read_id(json: &Json) -> Option<Option<u32>> {
    if json.is_null() {
        return Some(None);
    }
    let id = json.as_u64().and_then(|id| u32::try_from(id).ok())?;
    Some(Some(id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(name: &str, kind: SettingKind) -> Setting {
        Setting {
            name: name.to_owned(),
            label: name.to_owned(),
            help: String::new(),
            unit: String::new(),
            kind,
        }
    }

    #[test]
    fn typed_settings_become_values_or_name_what_is_wrong() {
        let limit = SettingKind::Whole {
            default: 3,
            min: 1,
            max: 9,
        };
        let schema = [
            setting("limit", limit),
            setting("door", SettingKind::Line),
            setting(
                "who",
                SettingKind::Classes {
                    default: Vec::new(),
                },
            ),
        ];
        for (typed, expected) in [
            (json!({"limit": 9, "door": 4, "who": ["person"]}), Ok(3)),
            (json!({"door": null}), Ok(1)),
            (
                json!({"limit": 10}),
                Err(r#"set "limit": expected a whole number, 1 to 9"#),
            ),
            (
                json!({"limit": "9"}),
                Err(r#"limit: "9" is of another kind than the setting"#),
            ),
            (
                json!({"who": ["dragon"]}),
                Err(r#"who: ["dragon"] is of another kind than the setting"#),
            ),
            (
                json!({"other": 1}),
                Err("other: the program has no such setting"),
            ),
        ] {
            let read = extension_values(&schema, typed.as_object().unwrap());
            let read = read.map(|values| values.len());
            assert_eq!(
                read.as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|text| *text)
            );
        }
    }
}
