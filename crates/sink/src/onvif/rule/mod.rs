//! Rules as ONVIF clients know them.
//!
//! In: rules of a camera, or what a client sent. Out: their XML, or a checked
//! [`OnvifRule`].
//!
//! Not here: our own documents of rules (`relay`).

mod read;
mod rule_type;
mod write;

use std::time::Duration;

use types::{Class, NormPoint};

pub use self::read::{read_duration, read_rule, type_name};
pub use self::rule_type::RuleType;
pub use self::write::{write_config, write_rule_description, write_rule_options};

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct OnvifRule {
    /// Its name, unique on all cameras.
    pub name: String,
    /// What it is.
    pub rule_type: RuleType,
    /// Its parameters; what its type has none of is empty.
    pub parameters: RuleParameters,
}

/// Parameters of rules of all types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleParameters {
    /// Corners of a field, parts of the picture from its top-left.
    pub field: Option<Vec<NormPoint>>,
    /// Points of a line, parts of the picture from its top-left.
    pub segments: Option<Vec<NormPoint>>,
    /// Classes in ONVIF's words; all when empty.
    pub classes: Vec<String>,
    /// Which way over the line, seen walking along it.
    pub direction: Direction,
    /// How long a condition must last.
    pub time_threshold: Option<Duration>,
    /// How often numbers are told.
    pub report_interval: Option<Duration>,
    /// Times of day, `HH:MM:SS`, at which numbers start anew.
    pub reset_times: Vec<String>,
}

/// Which way over a line, seen walking along it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    #[default]
    Any,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

impl Direction {
    /// As in `tt:Direction`.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Any => "Any",
            Direction::Left => "Left",
            Direction::Right => "Right",
        }
    }
}

/// Classes that clients may ask for, in ONVIF's words.
pub const CLASS_NAMES: [&str; 4] = ["Human", "Vehicle", "Bicycle", "Bike"];

/// Our classes behind one of ONVIF's; `None` for one that we do not find.
pub fn classes_of(name: &str) -> Option<&'static [Class]> {
    Some(match name {
        "Human" => &[Class::Person],
        "Vehicle" => &[Class::Car, Class::Bus, Class::Truck, Class::Motorcycle],
        "Bicycle" => &[Class::Bicycle],
        "Bike" => &[Class::Bicycle, Class::Motorcycle],
        _ => return None,
    })
}
