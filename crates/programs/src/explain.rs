//! The answer to "why was there an alarm, why was there none?".
//!
//! In: the memory of a program. Out: for each rule, and for each object it
//! looks at, the gates in order with what each found; the first gate that did
//! not pass is the reason.
//!
//! Not here: which gates a rule has (each program), whether pictures arrive
//! and can be decoded (`relay` knows, and puts that in front).

use types::{Class, EventKind, Gate, LineId, NormBox, RuleId, TrackId, ZoneId};

/// How one rule sees the newest scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Which rule.
    pub rule_id: RuleId,
    /// As people call it.
    pub rule_name: String,
    /// What it looks for.
    pub kind: EventKind,
    /// Where, if it has a zone.
    pub zone_id: Option<ZoneId>,
    /// Where, if it has a line.
    pub line_id: Option<LineId>,
    /// Whether an event of it is open.
    pub is_active: bool,
    /// Gates that concern no single object.
    pub gates: Vec<Gate>,
    /// The objects of the scene, for rules about objects.
    pub objects: Vec<ObjectExplanation>,
}

/// How one rule sees one object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectExplanation {
    /// Which object.
    pub track_id: TrackId,
    /// What it is.
    pub class: Class,
    /// Where it is.
    pub bbox: NormBox,
    /// Every gate in order, also those behind one that did not pass.
    pub gates: Vec<Gate>,
}

impl ObjectExplanation {
    /// The gate that keeps this object from raising an alarm, if one does.
    pub fn stopped_by(&self) -> Option<&Gate> {
        self.gates.iter().find(|gate| !gate.outcome.passed())
    }
}
