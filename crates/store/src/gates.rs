//! The gates of an event, as text in one column.
//!
//! In: gates as the program asked them. Out: JSON, and the same gates back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Gate, GateOutcome};

/// One condition a rule asked, as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGate {
    /// What was asked.
    pub name: String,
    /// What came back.
    pub outcome: GateOutcome,
}

/// The stored form: `["class", {"passed": "person"}]`.
#[derive(Serialize, Deserialize)]
struct GateJson<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>, OutcomeJson);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeJson {
    Passed(String),
    Stopped(String),
    /// Measured, needed.
    Reached(f32, f32),
    /// Measured, needed; microseconds.
    LastedUs(u64, u64),
}

/// The column's text for `gates`.
pub(crate) fn to_json(gates: &[Gate]) -> String {
    let gates: Vec<GateJson<'_>> = gates
        .iter()
        .map(|gate| GateJson(gate.name.into(), to_stored(&gate.outcome)))
        .collect();
    serde_json::to_string(&gates).expect("text and numbers are always JSON")
}

/// Whether `json` holds gates.
pub fn is_gates(json: &str) -> bool {
    from_json(json).is_ok()
}

/// The gates that `json` holds.
pub(crate) fn from_json(json: &str) -> Result<Vec<StoredGate>, serde_json::Error> {
    let gates: Vec<GateJson<'_>> = serde_json::from_str(json)?;
    Ok(gates
        .into_iter()
        .map(|GateJson(name, outcome)| StoredGate {
            name: name.into_owned(),
            outcome: match outcome {
                OutcomeJson::Passed(text) => GateOutcome::Passed(text),
                OutcomeJson::Stopped(text) => GateOutcome::Stopped(text),
                OutcomeJson::Reached(actual, needed) => GateOutcome::Reached { actual, needed },
                OutcomeJson::LastedUs(actual, needed) => GateOutcome::Lasted {
                    actual: Duration::from_micros(actual),
                    needed: Duration::from_micros(needed),
                },
            },
        })
        .collect())
}

fn to_stored(outcome: &GateOutcome) -> OutcomeJson {
    match outcome {
        GateOutcome::Passed(text) => OutcomeJson::Passed(text.clone()),
        GateOutcome::Stopped(text) => OutcomeJson::Stopped(text.clone()),
        // JSON has no infinity; a gate that measured nonsense measured nothing.
        &GateOutcome::Reached { actual, needed } => {
            let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
            OutcomeJson::Reached(finite(actual), finite(needed))
        }
        GateOutcome::Lasted { actual, needed } => {
            let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            OutcomeJson::LastedUs(micros(actual), micros(needed))
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn gates_come_back_as_they_were_stored() {
        let gates = [
            ("class", GateOutcome::Passed("person \"x\"".to_owned())),
            ("size", GateOutcome::Stopped("too small".to_owned())),
            (
                "score",
                GateOutcome::Reached {
                    actual: 0.62,
                    needed: 0.5,
                },
            ),
            (
                "dwell",
                GateOutcome::Lasted {
                    actual: Duration::from_micros(2_200_001),
                    needed: Duration::from_secs(2),
                },
            ),
        ]
        .map(|(name, outcome)| Gate { name, outcome });
        let json = to_json(&gates);
        expect![[
            r#"[["class",{"passed":"person \"x\""}],["size",{"stopped":"too small"}],["score",{"reached":[0.62,0.5]}],["dwell",{"lasted_us":[2200001,2000000]}]]"#
        ]]
        .assert_eq(&json);
        let back = from_json(&json).unwrap();
        assert_eq!(back.len(), gates.len());
        for (back, gate) in back.iter().zip(&gates) {
            assert_eq!(
                (back.name.as_str(), &back.outcome),
                (gate.name, &gate.outcome)
            );
        }
    }

    #[test]
    fn infinite_measurement_is_stored_as_zero() {
        let gate = Gate {
            name: "score",
            outcome: GateOutcome::Reached {
                actual: f32::INFINITY,
                needed: f32::NAN,
            },
        };
        expect![[r#"[["score",{"reached":[0.0,0.0]}]]"#]].assert_eq(&to_json(&[gate]));
    }
}
