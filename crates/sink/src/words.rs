//! An event in a few words, for alarm lists and messages that people read, and
//! the system's errors in plain ones.

use std::io;

use types::{ClassGroup, EventKind, Phase};

use crate::Message;

/// What happened, as the alarm lists of such systems say it.
pub(crate) const fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Intruder => "Intruder",
        EventKind::Loitering => "Loitering",
        EventKind::Direction => "Direction",
        EventKind::WrongWay => "Wrong way",
        EventKind::UTurn => "U-turn",
        EventKind::CrossLine => "Cross line",
        EventKind::Enter => "Enter",
        EventKind::Exit => "Exit",
        EventKind::Stopped => "Stopped",
        EventKind::ObjectLeft => "Object left",
        EventKind::ObjectRemoved => "Object removed",
        EventKind::CountOverLimit => "Count over limit",
        EventKind::ZoneSequence => "Zone sequence",
        EventKind::PictureProblem => "Picture problem",
        EventKind::SignalLost => "Signal lost",
        EventKind::Occupancy => "Occupancy",
        EventKind::State => "State",
        EventKind::Program => "Program",
        EventKind::WatchList => "Watch list",
    }
}

/// Who did it: `Human`, `Vehicle`, `Bicycle` or `Object`, the words of
/// i-PRO's own events.
pub fn object_word(message: &Message) -> &'static str {
    match message.class.map(types::Class::group) {
        Some(ClassGroup::Person) => "Human",
        Some(ClassGroup::Vehicle) => "Vehicle",
        Some(ClassGroup::TwoWheeler) => "Bicycle",
        None => "Object",
    }
}

/// One line that says what happened, where and by which rule.
pub(crate) fn description(message: &Message) -> String {
    let mut text = kind_word(message.kind).to_owned();
    if message.phase == Phase::End {
        text.push_str(" ended");
    }
    if message.class.is_some() {
        text.push_str(&format!(": {}", object_word(message)));
    }
    if let Some(zone) = &message.zone_name {
        text.push_str(&format!(" in {zone}"));
    }
    if let Some(line) = &message.line_name {
        text.push_str(&format!(" at {line}"));
    }
    if let (Some(detector), Some(state)) = (&message.detector_name, &message.state_name) {
        text.push_str(&format!(": {detector} is {state}"));
    }
    if let Some(count) = message.detail.count {
        text.push_str(&format!(", {count} present"));
    }
    text.push_str(&format!(
        ", {} ({})",
        message.camera_name, message.rule_name
    ));
    if message.is_test {
        text = format!("TEST, nothing happened: {text}");
    }
    text
}

/// An error of the system in plain words.
pub(crate) fn plain_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "connection refused: nothing listens on this port".to_owned()
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to this host".to_owned()
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "the other side closed the connection".to_owned(),
        _ => {
            let text = error.to_string();
            match text.strip_prefix("failed to lookup address information: ") {
                Some(text) => text.to_owned(),
                None => text,
            }
        }
    }
}
