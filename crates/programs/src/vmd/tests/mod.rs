//! What the tests of all kinds of rules share: drawn walks, and their story.

use std::fmt::Write as _;

use types::{
    CameraLine, Class, ClassSet, Line, LineId, NormBox, NormPoint, PictureProblem, PictureState,
    Polygon, RuleId, StillChange, Track, TrackId, TrackState, Zone,
};

use super::*;
use crate::filter::ObjectFilter;
use crate::health::HealthWish;
use crate::site::Drawing;

mod filters;
mod intruder;
mod kinds;
mod limits;
mod properties;
mod things;

fn at_ms(millis: u64) -> Timestamp {
    Timestamp::from_secs(1_000).saturating_add(Duration::from_millis(millis))
}

/// The right half of the picture.
fn yard(zone_id: u32) -> Zone {
    let corners = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)];
    let vertices = corners.map(|(x, y)| NormPoint::new(x, y)).to_vec();
    Zone {
        zone_id: ZoneId(zone_id),
        name: "yard".into(),
        polygon: Polygon::new(vertices).unwrap(),
    }
}

fn site(zones: Vec<Zone>) -> Arc<Site> {
    let drawing = Drawing {
        zones,
        ..Drawing::default()
    };
    Arc::new(Site::new(drawing).unwrap())
}

/// The left third of the picture, zone 2.
fn street() -> Zone {
    let corners = [(0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)];
    Zone {
        zone_id: ZoneId(2),
        name: "street".into(),
        polygon: Polygon::new(corners.map(|(x, y)| NormPoint::new(x, y)).to_vec()).unwrap(),
    }
}

/// Up the middle of the picture: to the right is left to right.
fn gate_line() -> CameraLine {
    let points = vec![NormPoint::new(0.5, 1.0), NormPoint::new(0.5, 0.0)];
    CameraLine {
        line_id: LineId(1),
        name: "gate".into(),
        line: Line::new(points).unwrap(),
    }
}

/// A square picture with the yard (right half), the street and the gate line.
fn drawn() -> Drawing {
    Drawing {
        zones: vec![yard(1), street()],
        lines: vec![gate_line()],
        aspect: 1.0,
        ..Drawing::default()
    }
}

/// Any class, score 0.5, 3 s grace.
fn rule_of(what: What) -> Rule {
    Rule {
        rule_id: RuleId(1),
        name: "rule".into(),
        what,
        filter: ObjectFilter::of(ClassSet::ALL, 0.5),
        grace: Duration::from_secs(3),
        cool_down: Duration::ZERO,
        schedule: None,
        health: HealthWish::Any,
    }
}

fn program(drawing: Drawing, rules: Vec<Rule>) -> Vmd {
    let config = VmdConfig {
        site: Arc::new(Site::new(drawing).unwrap()),
        rules,
    };
    Vmd::new(CameraId::new("gate").unwrap(), config, EventIds::new(1)).unwrap()
}

/// The walk of one person of a fifth of the picture's height, a place each
/// second.
///
/// `0` to `9`: its middle is at x 0.05 to 0.95; so 5 to 9 are in the yard, 0
/// to 2 in the street, and at 0 and 9 it touches the border. `a` to `j` the
/// same, but lost and only expected there. `+` where it was, `x` it ends, `.`
/// absent.
fn walker(walk: &str, step: usize, track_id: u64, at: Timestamp, step_ms: u64) -> Option<Track> {
    let marks: Vec<char> = walk.chars().collect();
    let place = |step: usize| -> Option<(f32, bool)> {
        let mark = *marks.get(..=step)?.iter().rfind(|mark| **mark != '+')?;
        let lost = u32::from(mark).wrapping_sub(u32::from('a'));
        let digit = mark.to_digit(10).or((lost < 10).then_some(lost))?;
        let tenths = f32::from(u8::try_from(digit).unwrap());
        Some((0.05 + tenths / 10.0, mark.is_ascii_digit()))
    };
    let mark = *marks.get(step)?;
    let first = marks.iter().position(|mark| *mark != '.')?;
    let before = step.checked_sub(1).and_then(place);
    let is_ended = mark == 'x';
    let (x, is_seen) = if is_ended { before? } else { place(step)? };
    let step_s = Duration::from_millis(step_ms).as_secs_f32();
    let velocity = before.map_or(0.0, |(before, _)| (x - before) / step_s);
    let rests = (step.saturating_sub(3)..step).filter(|then| place(*then) == Some((x, true)));
    Some(Track {
        track_id: TrackId(track_id),
        state: match (is_ended, is_seen) {
            (true, _) => TrackState::Ended,
            (_, true) => TrackState::Confirmed,
            (_, false) => TrackState::Lost,
        },
        bbox: NormBox::from_xyxy(x - 0.05, 0.5, x + 0.05, 0.7),
        class: Class::Person,
        score: 0.7,
        first_seen_at: at_ms(first as u64 * step_ms),
        last_seen_at: if is_seen {
            at
        } else {
            at.saturating_sub(Duration::from_secs(1))
        },
        velocity: (velocity, 0.0),
        is_stationary: rests.count() == 3,
        moved: types::Moved::Surely,
    })
}

/// A scene with these tracks, a second after the one before.
fn scene_of(step: usize, step_ms: u64, tracks: Vec<Track>) -> Scene {
    Scene {
        captured_at: at_ms(step as u64 * step_ms),
        frame_seq: step as u64,
        tracks,
        ..Scene::default()
    }
}

/// The scenes of several walks; where all are `_`, there is none.
fn scenes(walks: &[&str], step_ms: u64) -> Vec<Result<Scene, Timestamp>> {
    let n_steps = walks.iter().map(|walk| walk.len()).max().unwrap_or(0);
    (0..n_steps)
        .map(|step| {
            let at = at_ms(step as u64 * step_ms);
            if walks
                .iter()
                .all(|walk| walk.as_bytes().get(step) == Some(&b'_'))
            {
                return Err(at);
            }
            let tracks = (1_u64..).zip(walks).filter_map(|(track_id, walk)| {
                walker(&walk.replace('_', "."), step, track_id, at, step_ms)
            });
            Ok(scene_of(step, step_ms, tracks.collect()))
        })
        .collect()
}

/// Runs `program` over scenes, and ticks where there is none.
fn play(program: &mut Vmd, scenes: &[Result<Scene, Timestamp>]) -> Vec<Event> {
    let mut events = Vec::new();
    for scene in scenes {
        events.extend(match scene {
            Ok(scene) => program.update(scene, &[]).events,
            Err(at) => program.tick(*at).events,
        });
    }
    events
}

/// One line for each step of an event.
fn tale(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let at_s = event.at.saturating_since(at_ms(0)).as_secs_f32();
        let (kind, phase) = (event.kind.name(), event.phase.name());
        write!(text, "{at_s}s: {kind} {phase}").unwrap();
        if let Some(track_id) = event.track_id {
            write!(text, " track {track_id}").unwrap();
        }
        let detail = event.detail;
        if let Some(crossing) = detail.crossing {
            write!(text, " {crossing:?}").unwrap();
        }
        if let Some(heading_deg) = detail.heading_deg {
            write!(text, " {heading_deg:.0}°").unwrap();
        }
        if let Some(count) = detail.count {
            write!(text, " count {count}").unwrap();
        }
        if let Some(problem) = detail.problem {
            write!(text, " {}", problem.name()).unwrap();
        }
        if let Some(ended_at) = event.ended_at {
            let lasted_s = ended_at.saturating_since(event.started_at).as_secs_f32();
            let reason = event.why.iter().find(|gate| !gate.outcome.passed());
            let reason = reason.map_or_else(String::new, |gate| gate.outcome.to_string());
            write!(text, ": {reason} after {lasted_s}s").unwrap();
        }
        text.push('\n');
    }
    text
}
