//! Tailgating: two people through a door on one opening.
//!
//! This file is the border to the relay: it reads the settings and turns
//! scenes into questions for [`door::Door`], which decides. The interface is
//! `crates/extension/wit/program.wit`.

mod door;

use std::cell::RefCell;

use door::{Door, Passage, Point, Way};

wit_bindgen::generate!({
    path: "../../crates/extension/wit",
    world: "program",
});

use airelay::program::{host, results, scenes};

/// Number of the one event that can be open.
const ALARM: u32 = 1;
/// Passages are counted in intervals of this length.
const COUNT_INTERVAL: i64 = 60_000_000;

struct Tailgating;

/// What is remembered between two calls.
struct State {
    door: Door,
    line_id: u32,
    alarm_lasts: i64,
    /// When the open alarm ends.
    alarm_until: Option<i64>,
    counted_since: Option<i64>,
    n_in: u32,
    n_out: u32,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

impl Guest for Tailgating {
    fn start(camera: scenes::Camera, settings: Vec<scenes::Setting>) -> Result<(), String> {
        std::panic::set_hook(Box::new(|panic| host::log(&panic.to_string())));
        let state = State::new(&camera, &settings)?;
        STATE.set(Some(state));
        Ok(())
    }

    fn update(scene: scenes::Scene) -> results::Output {
        with_state(|state| state.update(&scene))
    }

    fn tick(now: scenes::Timestamp) -> results::Output {
        with_state(|state| state.advance(now))
    }

    fn finish(now: scenes::Timestamp) -> results::Output {
        // The relay ends the open alarm.
        with_state(|state| state.advance(now))
    }
}

export!(Tailgating);

fn with_state(answer: impl FnOnce(&mut State) -> results::Output) -> results::Output {
    STATE.with_borrow_mut(|state| answer(state.as_mut().expect("start comes first")))
}

impl State {
    fn new(camera: &scenes::Camera, settings: &[scenes::Setting]) -> Result<Self, String> {
        let mut line_id = None;
        let mut way = Way::Both;
        let mut within_s = 2.0;
        let mut alarm_s = 5;
        for setting in settings {
            match (setting.name.as_str(), &setting.value) {
                ("door", scenes::Value::Line(chosen)) => line_id = *chosen,
                ("way", scenes::Value::Choice(word)) => {
                    way = match word.as_str() {
                        "left to right" => Way::LeftToRight,
                        "right to left" => Way::RightToLeft,
                        _ => Way::Both,
                    };
                }
                ("within_s", scenes::Value::Number(number)) => within_s = *number,
                ("alarm_s", scenes::Value::Whole(number)) => alarm_s = *number,
                (name, _) => return Err(format!("setting {name:?} is not known")),
            }
        }
        let line_id = line_id.ok_or("choose the line that is drawn across the door")?;
        let line = camera
            .lines
            .iter()
            .find(|line| line.line_id == line_id)
            .ok_or("the line across the door is no longer there")?;
        let points = line.points.iter().map(|at| Point { x: at.x, y: at.y });
        Ok(State {
            door: Door::new(points.collect(), way, (within_s * 1e6) as i64),
            line_id,
            alarm_lasts: alarm_s * 1_000_000,
            alarm_until: None,
            counted_since: None,
            n_in: 0,
            n_out: 0,
        })
    }

    fn update(&mut self, scene: &scenes::Scene) -> results::Output {
        let now = scene.captured_at;
        let mut output = self.advance(now);
        for track in &scene.tracks {
            if track.state == scenes::TrackState::Ended {
                self.door.forget(track.track_id);
                continue;
            }
            let is_person = track.class == scenes::Class::Person;
            if !is_person || track.state != scenes::TrackState::Confirmed {
                continue;
            }
            // Where the person stands: the middle of the box's lower edge.
            let foot = Point {
                x: (track.bbox.x1 + track.bbox.x2) / 2.0,
                y: track.bbox.y2,
            };
            let Some(passage) = self.door.step(track.track_id, foot, now) else {
                continue;
            };
            match passage.way {
                Way::RightToLeft => self.n_out += 1,
                _ => self.n_in += 1,
            }
            if passage.behind.is_some() {
                output.events.push(self.alarm(now, &passage));
            }
        }
        output
    }

    /// Ends the alarm whose time is over and tells what was counted.
    fn advance(&mut self, now: i64) -> results::Output {
        let mut output = results::Output {
            events: Vec::new(),
            counts: Vec::new(),
        };
        if self.alarm_until.is_some_and(|until| until <= now) {
            self.alarm_until = None;
            output.events.push(self.event(results::Phase::End));
        }
        let since = *self.counted_since.get_or_insert(now);
        if now - since >= COUNT_INTERVAL {
            for (metric, n_people) in [
                (results::Metric::In, &mut self.n_in),
                (results::Metric::Out, &mut self.n_out),
            ] {
                output.counts.push(results::Count {
                    metric,
                    class: Some(scenes::Class::Person),
                    since,
                    until: now,
                    value: f64::from(std::mem::take(n_people)),
                });
            }
            self.counted_since = Some(now);
        }
        output
    }

    /// The step that says so: a new alarm, or one more person in an open one.
    fn alarm(&mut self, now: i64, passage: &Passage) -> results::Event {
        let phase = match self.alarm_until {
            None => results::Phase::Begin,
            Some(_) => results::Phase::Update,
        };
        self.alarm_until = Some(now + self.alarm_lasts);
        let mut why = vec![format!("{} went {}", passage.track_id, passage.way.name())];
        if let Some((before, gap)) = passage.behind {
            why.push(format!("{:.1} s after {before}", gap as f64 / 1e6));
        }
        results::Event {
            track_id: Some(passage.track_id),
            count: Some(2),
            why,
            ..self.event(phase)
        }
    }

    fn event(&self, phase: results::Phase) -> results::Event {
        results::Event {
            key: ALARM,
            phase,
            name: "Tailgating".to_owned(),
            zone_id: None,
            line_id: Some(self.line_id),
            track_id: None,
            class: None,
            bbox: None,
            count: None,
            why: Vec::new(),
        }
    }
}
