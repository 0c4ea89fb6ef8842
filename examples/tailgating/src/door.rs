//! Who passes a door, and who comes too soon after another.
//!
//! In: where each person stands, scene by scene. Out: passages, each with the
//! person before it if that was too short a time ago.
//!
//! A person passes when the way from the last place to this one cuts the
//! line. One passage each: who turns round in the door passes again only in
//! the other direction.

use std::collections::BTreeMap;

/// A place in the picture, 0..1 from the top-left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Directions through the door, seen by somebody who walks along the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    Both,
    LeftToRight,
    RightToLeft,
}

/// Somebody went through.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    pub track_id: u64,
    pub way: Way,
    /// Who went before, the same way, and how many microseconds earlier; only
    /// if that is too soon.
    pub behind: Option<(u64, i64)>,
}

/// A line across a door and who is near it.
#[derive(Debug)]
pub struct Door {
    line: Vec<Point>,
    way: Way,
    within: i64,
    people: BTreeMap<u64, Person>,
    /// Newest passage each way: left to right, right to left.
    newest: [Option<(u64, i64)>; 2],
}

#[derive(Debug)]
struct Person {
    at: Point,
    passed: Option<Way>,
}

/// More people than this are never in one picture; the bound is for safety.
const MAX_PEOPLE: usize = 500;

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Way::Both => "both ways",
            Way::LeftToRight => "left to right",
            Way::RightToLeft => "right to left",
        }
    }
}

impl Door {
    /// `line` has two points at least; `within` is in microseconds.
    pub fn new(line: Vec<Point>, way: Way, within: i64) -> Self {
        Door {
            line,
            way,
            within,
            people: BTreeMap::new(),
            newest: [None, None],
        }
    }

    /// The person `track_id` stands at `at` now.
    pub fn step(&mut self, track_id: u64, at: Point, now: i64) -> Option<Passage> {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&track_id) {
            self.people.pop_first();
        }
        let person = self
            .people
            .entry(track_id)
            .or_insert(Person { at, passed: None });
        let from = std::mem::replace(&mut person.at, at);
        let way = crossing(&self.line, from, at)?;
        if person.passed.replace(way) == Some(way) || (self.way != Way::Both && self.way != way) {
            return None;
        }
        let newest = &mut self.newest[usize::from(way == Way::RightToLeft)];
        let behind = newest
            .replace((track_id, now))
            .filter(|&(before, then)| before != track_id && now - then <= self.within)
            .map(|(before, then)| (before, now - then));
        Some(Passage {
            track_id,
            way,
            behind,
        })
    }

    /// The person is gone for good.
    pub fn forget(&mut self, track_id: u64) {
        self.people.remove(&track_id);
    }
}

/// Which way the step from `from` to `to` cuts the line, if it does.
fn crossing(line: &[Point], from: Point, to: Point) -> Option<Way> {
    line.windows(2).find_map(|pair| {
        let (a, b) = (pair[0], pair[1]);
        let (before, after) = (side(a, b, from), side(a, b, to));
        let is_cut = (before < 0.0) != (after < 0.0)
            && (side(from, to, a) < 0.0) != (side(from, to, b) < 0.0);
        // The picture's y points down, so the right of the line is positive.
        is_cut.then_some(if before < 0.0 {
            Way::LeftToRight
        } else {
            Way::RightToLeft
        })
    })
}

/// On which side of the line from `a` to `b` the point lies.
fn side(a: Point, b: Point, point: Point) -> f32 {
    (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks people across a line from (0.5, 1) up to (0.5, 0), whose right is
    /// the right half. Each step is (person, x, second).
    fn alarms(way: Way, steps: &[(u64, f32, i64)]) -> Vec<(u64, u64)> {
        let line = vec![Point { x: 0.5, y: 1.0 }, Point { x: 0.5, y: 0.0 }];
        let mut door = Door::new(line, way, 2_000_000);
        steps
            .iter()
            .filter_map(|&(person, x, second)| {
                door.step(person, Point { x, y: 0.5 }, second * 1_000_000)
            })
            .filter_map(|passage| Some((passage.behind?.0, passage.track_id)))
            .collect()
    }

    #[test]
    fn second_person_within_the_time_is_told() {
        let steps = [(1, 0.4, 0), (2, 0.3, 0), (1, 0.6, 1), (2, 0.6, 3)];
        assert_eq!(alarms(Way::Both, &steps), [(1, 2)]);
        assert_eq!(alarms(Way::LeftToRight, &steps), [(1, 2)]);
        assert_eq!(alarms(Way::RightToLeft, &steps), []);
    }

    #[test]
    fn second_person_after_the_time_is_not_told() {
        let steps = [(1, 0.4, 0), (2, 0.3, 0), (1, 0.6, 1), (2, 0.6, 4)];
        assert_eq!(alarms(Way::Both, &steps), []);
    }

    #[test]
    fn people_who_meet_in_the_door_are_not_told() {
        let steps = [(1, 0.4, 0), (2, 0.6, 0), (1, 0.6, 1), (2, 0.4, 1)];
        assert_eq!(alarms(Way::Both, &steps), []);
    }

    #[test]
    fn one_person_who_steps_to_and_fro_is_not_told() {
        let steps = [(1, 0.4, 0), (1, 0.6, 1), (1, 0.4, 2), (1, 0.6, 3)];
        assert_eq!(alarms(Way::Both, &steps), []);
    }
}
