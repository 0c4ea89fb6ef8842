//! Our nouns in the words of the interface.
//!
//! In: scenes, places and settings. Out: the values that a component is
//! called with.
//!
//! Not here: the way back, which must be checked (`check`).

use types::{
    CameraLine, Class, NormBox, NormPoint, PictureProblem, Scene, StillChange, StillChangeKind,
    Timestamp, Track, TrackState, Zone,
};

use crate::host::bindings::airelay::program::scenes as wit;
use crate::setting::Value;

pub(crate) fn scene(scene: &Scene) -> wit::Scene {
    wit::Scene {
        captured_at: timestamp(scene.captured_at),
        frame_seq: scene.frame_seq,
        tracks: scene.tracks.iter().map(track).collect(),
        is_detected: scene.is_detected,
        changed_share: scene.motion.changed_share,
        is_global_change: scene.motion.is_global,
        is_grey: scene.picture.is_grey,
        problems: scene
            .picture
            .problems
            .iter()
            .map(|(problem, _)| picture_problem(*problem))
            .collect(),
        still_changes: scene.still_changes.iter().map(still_change).collect(),
    }
}

pub(crate) fn camera(zones: &[Zone], lines: &[CameraLine]) -> wit::Camera {
    wit::Camera {
        zones: zones
            .iter()
            .map(|zone| wit::Zone {
                zone_id: zone.zone_id.0,
                name: zone.name.clone(),
                polygon: points(zone.polygon.vertices()),
            })
            .collect(),
        lines: lines
            .iter()
            .map(|line| wit::Line {
                line_id: line.line_id.0,
                name: line.name.clone(),
                points: points(line.line.points()),
            })
            .collect(),
    }
}

pub(crate) fn setting((name, value): (String, Value)) -> wit::Setting {
    let value = match value {
        Value::Switch(is_on) => wit::Value::Switch(is_on),
        Value::Whole(number) => wit::Value::Whole(number),
        Value::Number(number) => wit::Value::Number(number),
        Value::Text(text) => wit::Value::Text(text),
        Value::Choice(word) => wit::Value::Choice(word),
        Value::Zone(zone_id) => wit::Value::Zone(zone_id.map(|zone_id| zone_id.0)),
        Value::Line(line_id) => wit::Value::Line(line_id.map(|line_id| line_id.0)),
        Value::Classes(classes) => wit::Value::Classes(classes.iter().map(class_out).collect()),
    };
    wit::Setting { name, value }
}

pub(crate) fn timestamp(at: Timestamp) -> wit::Timestamp {
    at.as_micros()
}

/// The class that the component names.
pub(crate) fn class_in(class: wit::Class) -> Class {
    match class {
        wit::Class::Person => Class::Person,
        wit::Class::Bicycle => Class::Bicycle,
        wit::Class::Car => Class::Car,
        wit::Class::Motorcycle => Class::Motorcycle,
        wit::Class::Bus => Class::Bus,
        wit::Class::Truck => Class::Truck,
    }
}

fn class_out(class: Class) -> wit::Class {
    match class {
        Class::Person => wit::Class::Person,
        Class::Bicycle => wit::Class::Bicycle,
        Class::Car => wit::Class::Car,
        Class::Motorcycle => wit::Class::Motorcycle,
        Class::Bus => wit::Class::Bus,
        Class::Truck => wit::Class::Truck,
    }
}

fn track(track: &Track) -> wit::Track {
    wit::Track {
        track_id: track.track_id.0,
        state: match track.state {
            TrackState::Tentative => wit::TrackState::Tentative,
            TrackState::Confirmed => wit::TrackState::Confirmed,
            TrackState::Lost => wit::TrackState::Lost,
            TrackState::Ended => wit::TrackState::Ended,
        },
        bbox: norm_box(track.bbox),
        class: class_out(track.class),
        score: track.score,
        first_seen_at: timestamp(track.first_seen_at),
        last_seen_at: timestamp(track.last_seen_at),
        velocity: wit::Point {
            x: track.velocity.0,
            y: track.velocity.1,
        },
        is_stationary: track.is_stationary,
    }
}

fn still_change(change: &StillChange) -> wit::StillChange {
    wit::StillChange {
        change_id: change.change_id,
        kind: match change.kind {
            StillChangeKind::Left => wit::StillChangeKind::Left,
            StillChangeKind::Removed => wit::StillChangeKind::Removed,
        },
        bbox: norm_box(change.bbox),
        since: timestamp(change.since),
    }
}

fn picture_problem(problem: PictureProblem) -> wit::PictureProblem {
    match problem {
        PictureProblem::Covered => wit::PictureProblem::Covered,
        PictureProblem::Defocused => wit::PictureProblem::Defocused,
        PictureProblem::Turned => wit::PictureProblem::Turned,
        PictureProblem::TooDark => wit::PictureProblem::TooDark,
        PictureProblem::TooBright => wit::PictureProblem::TooBright,
    }
}

fn norm_box(bbox: NormBox) -> wit::Bounds {
    wit::Bounds {
        x1: bbox.x1(),
        y1: bbox.y1(),
        x2: bbox.x2(),
        y2: bbox.y2(),
    }
}

fn points(points: &[NormPoint]) -> Vec<wit::Point> {
    points
        .iter()
        .map(|point| wit::Point {
            x: point.x,
            y: point.y,
        })
        .collect()
}
