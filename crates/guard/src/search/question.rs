//! What is asked, and the same in the numbers of the index.

use std::time::Duration;

use types::{CameraId, Class, ProgramKind, Timestamp};

use super::chunk::{Chunk, NO_HEADING, Row};
use super::entry::TagName;
use super::tags::Words;

/// Most wishes of one question.
pub const MAX_WISHES: usize = 8;

/// Bits of a row's tags: wish `n` is granted, wish `n` is known of it.
const GRANTED: u32 = 0xff;
const KNOWN_SHIFT: u32 = 8;
const EXCLUDED: u32 = 1 << 16;
const ZONE: u32 = 1 << 17;
const LINE: u32 = 1 << 18;

/// Which entries are meant. The default means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// Only of these cameras; all when empty.
    pub cameras: Vec<CameraId>,
    /// Only of this program.
    pub program: Option<ProgramKind>,
    /// Only of these classes; all when empty.
    pub classes: Vec<Class>,
    /// Only first seen at or after this time.
    pub from: Option<Timestamp>,
    /// Only first seen before this time.
    pub until: Option<Timestamp>,
    /// Only seen for at least so long.
    pub dwell_least: Option<Duration>,
    /// Only seen for at most so long.
    pub dwell_most: Option<Duration>,
    /// Only heading there.
    pub facing: Option<Facing>,
    /// Only who stood in one of these zones, `camera/number`; any when empty.
    pub zones: Vec<String>,
    /// Only who crossed one of these lines, `camera/number`; any when empty.
    pub lines: Vec<String>,
    /// What it should look like, at most [`MAX_WISHES`].
    pub wishes: Vec<Wish>,
    /// What it does not look like: attribute, value.
    pub excluded: Vec<(String, String)>,
    /// Also those of whom a wished attribute, or the heading, is not known.
    pub with_unknown: bool,
}

/// An attribute with the values that will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Which attribute.
    pub name: String,
    /// One of these.
    pub values: Vec<String>,
}

/// A heading, more or less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facing {
    /// Degrees clockwise from up, 0..360.
    pub heading_deg: f32,
    /// So much to either side, 0..=180.
    pub within_deg: f32,
}

/// A question in the numbers of one index.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// By camera number; empty means all.
    cameras: Vec<bool>,
    classes: u8,
    programs: u8,
    from: i64,
    until: i64,
    dwell_ms: std::ops::RangeInclusive<u32>,
    facing: Option<Facing>,
    /// By tag number: what it means to this question; empty when nothing does.
    marks: Vec<u32>,
    needed: u32,
    n_wishes: u32,
    with_unknown: bool,
}

impl Asked {
    pub(super) fn new(question: &Question, words: &Words) -> Self {
        let mut cameras = Vec::new();
        if !question.cameras.is_empty() {
            cameras = vec![false; words.cameras.len()];
            for camera_id in &question.cameras {
                if let Some(code) = words.known_camera(camera_id.as_str()) {
                    cameras[usize::from(code)] = true;
                }
            }
        }
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let has_places = !question.zones.is_empty() || !question.lines.is_empty();
        let looks_at_tags =
            has_places || !question.wishes.is_empty() || !question.excluded.is_empty();
        let marks = match looks_at_tags {
            true => words.tags.iter().map(|tag| mark(question, tag)).collect(),
            false => Vec::new(),
        };
        let needed = if question.zones.is_empty() { 0 } else { ZONE }
            | if question.lines.is_empty() { 0 } else { LINE };
        let classes = question.classes.iter();
        let n_wishes = question.wishes.len().min(MAX_WISHES);
        Asked {
            cameras,
            classes: match question.classes.is_empty() {
                true => u8::MAX,
                false => classes.fold(0, |bits, &class| bits | Row::class_bit(class)),
            },
            programs: question.program.map_or(u8::MAX, Row::program_bit),
            from: question.from.map_or(i64::MIN, Timestamp::as_micros),
            until: question.until.map_or(i64::MAX, Timestamp::as_micros),
            dwell_ms: question.dwell_least.map_or(0, millis)
                ..=question.dwell_most.map_or(u32::MAX, millis),
            facing: question.facing,
            marks,
            needed,
            n_wishes: u32::try_from(n_wishes).expect("at most eight"),
            with_unknown: question.with_unknown,
        }
    }

    /// Wishes and the heading, as far as they are asked for.
    pub(super) fn n_wishes(&self) -> u32 {
        self.n_wishes + u32::from(self.facing.is_some())
    }

    /// Which rows the columns leave, by one pass over each column that is asked
    /// about; [`Asked::look`] says the rest.
    pub(super) fn meant(&self, chunk: &Chunk, is_meant: &mut Vec<bool>) {
        is_meant.clear();
        is_meant.extend(chunk.dead.iter().map(|&dead| !dead));
        if self.classes != u8::MAX {
            narrow(is_meant, &chunk.classes, |class| class & self.classes != 0);
        }
        if self.programs != u8::MAX {
            let programs = self.programs;
            narrow(is_meant, &chunk.programs, |program| program & programs != 0);
        }
        if self.from != i64::MIN || self.until != i64::MAX {
            let (from, until) = (self.from, self.until);
            narrow(is_meant, &chunk.first_seen_at, |at| {
                from <= at && at < until
            });
        }
        if self.dwell_ms != (0..=u32::MAX) {
            let (least, most) = (*self.dwell_ms.start(), *self.dwell_ms.end());
            narrow(is_meant, &chunk.dwell_ms, |ms| least <= ms && ms <= most);
        }
        if !self.cameras.is_empty() {
            narrow(is_meant, &chunk.cameras, |camera| {
                self.cameras.get(usize::from(camera)) == Some(&true)
            });
        }
    }

    /// Whether a row that [`Asked::meant`] left is meant, and how many wishes
    /// it grants.
    pub(super) fn look(&self, chunk: &Chunk, idx: usize) -> Option<u32> {
        let mut n_granted = 0;
        if let Some(facing) = self.facing {
            match chunk.headings[idx] {
                NO_HEADING if self.with_unknown => {}
                NO_HEADING => return None,
                heading if facing.has(f32::from(heading)) => n_granted += 1,
                _ => return None,
            }
        }
        if self.marks.is_empty() {
            // With wishes that no tag in the index says anything about.
            return (self.needed == 0 && (self.n_wishes == 0 || self.with_unknown))
                .then_some(n_granted);
        }
        let mut bits = 0;
        for &tag in chunk.tags_of(idx) {
            // Tags that came after the question's numbers were made mean nothing to it.
            bits |= self.marks.get(usize::from(tag)).copied().unwrap_or(0);
        }
        if bits & EXCLUDED != 0 || bits & self.needed != self.needed {
            return None;
        }
        let granted = bits & GRANTED;
        let known = (bits >> KNOWN_SHIFT) & GRANTED;
        let all = (1_u32 << self.n_wishes) - 1;
        let is_refused = known & !granted != 0 || (!self.with_unknown && granted != all);
        (!is_refused).then(|| n_granted + granted.count_ones())
    }
}

fn narrow<T: Copy>(is_meant: &mut [bool], column: &[T], fits: impl Fn(T) -> bool) {
    for (is_meant, &value) in is_meant.iter_mut().zip(column) {
        *is_meant &= fits(value);
    }
}

impl Facing {
    /// Whether `heading_deg` is near enough.
    pub fn has(self, heading_deg: f32) -> bool {
        let apart = (heading_deg - self.heading_deg).rem_euclid(360.0);
        apart.min(360.0 - apart) <= self.within_deg
    }
}

/// What a tag means to a question.
fn mark(question: &Question, (name, value): &(TagName, String)) -> u32 {
    match name {
        TagName::Zone => u32::from(question.zones.contains(value)) * ZONE,
        TagName::Line => u32::from(question.lines.contains(value)) * LINE,
        TagName::Attribute(name) => {
            let mut bits = 0;
            for (wish_idx, wish) in question.wishes.iter().take(MAX_WISHES).enumerate() {
                if wish.name == *name {
                    bits |= 1 << (KNOWN_SHIFT as usize + wish_idx);
                    if wish.values.contains(value) {
                        bits |= 1 << wish_idx;
                    }
                }
            }
            let mut excluded = question.excluded.iter();
            if excluded.any(|(other, what)| other == name && what == value) {
                bits |= EXCLUDED;
            }
            bits
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::super::testing::{entry, index, scan_all};
    use super::*;

    fn wish(name: &str, values: &[&str]) -> Wish {
        Wish {
            name: name.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    /// Three persons: 1 in red, 2 in blue and white, 3 of unknown colour.
    #[track_caller]
    fn check(question: &Question, expected: &[i64]) {
        let mut red = entry(1, "gate", 10);
        red.tags = vec![
            (TagName::Attribute("upper_colour".into()), "red".into()),
            (TagName::Zone, "gate/3".into()),
        ];
        let mut blue = entry(2, "yard", 20);
        blue.tags = vec![
            (TagName::Attribute("upper_colour".into()), "blue".into()),
            (TagName::Attribute("upper_colour".into()), "white".into()),
            (TagName::Line, "yard/1".into()),
        ];
        blue.heading_deg = Some(350.0);
        blue.last_seen_at = Timestamp::from_secs(50);
        let mut unknown = entry(3, "gate", 30);
        unknown.class = Class::Car;
        unknown.program = ProgramKind::Vehicle;
        let index = index(&[red, blue, unknown]);
        let mut found: Vec<i64> = scan_all(&index, question, None)
            .iter()
            .map(|candidate| candidate.sighting_id)
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{question:?}");
    }

    #[test]
    fn wish_finds_those_who_grant_it_and_on_request_those_of_whom_it_is_unknown() {
        let with = |values: &[&str], with_unknown| Question {
            wishes: vec![wish("upper_colour", values)],
            with_unknown,
            ..Question::default()
        };
        check(&with(&["red"], false), &[1]);
        check(&with(&["red"], true), &[1, 3]);
        check(&with(&["red", "white"], false), &[1, 2]);
        check(&with(&["green"], false), &[]);
        check(&with(&["green"], true), &[3]);
    }

    #[test]
    fn excluded_value_leaves_out_those_who_have_it_and_no_one_else() {
        let question = Question {
            excluded: vec![("upper_colour".into(), "white".into())],
            ..Question::default()
        };
        check(&question, &[1, 3]);
    }

    #[test]
    fn each_filter_leaves_out_what_it_does_not_mean() {
        let all = Question::default;
        check(&all(), &[1, 2, 3]);
        for (question, expected) in [
            (
                Question {
                    cameras: vec![CameraId::new("gate").unwrap()],
                    ..all()
                },
                &[1, 3][..],
            ),
            (
                Question {
                    cameras: vec![CameraId::new("other").unwrap()],
                    ..all()
                },
                &[],
            ),
            (
                Question {
                    classes: vec![Class::Car, Class::Bus],
                    ..all()
                },
                &[3],
            ),
            (
                Question {
                    program: Some(ProgramKind::People),
                    ..all()
                },
                &[1, 2],
            ),
            (
                Question {
                    from: Some(Timestamp::from_secs(20)),
                    ..all()
                },
                &[2, 3],
            ),
            (
                Question {
                    until: Some(Timestamp::from_secs(20)),
                    ..all()
                },
                &[1],
            ),
            (
                Question {
                    dwell_least: Some(Duration::from_secs(30)),
                    ..all()
                },
                &[2],
            ),
            (
                Question {
                    dwell_most: Some(Duration::from_secs(29)),
                    ..all()
                },
                &[1, 3],
            ),
            (
                Question {
                    zones: vec!["gate/3".into()],
                    ..all()
                },
                &[1],
            ),
            (
                Question {
                    lines: vec!["yard/1".into(), "yard/2".into()],
                    ..all()
                },
                &[2],
            ),
            (
                Question {
                    zones: vec!["gate/3".into()],
                    lines: vec!["yard/1".into()],
                    ..all()
                },
                &[],
            ),
        ] {
            check(&question, expected);
        }
    }

    #[test]
    fn heading_is_met_across_north() {
        let facing = |heading_deg, within_deg| Question {
            facing: Some(Facing {
                heading_deg,
                within_deg,
            }),
            ..Question::default()
        };
        check(&facing(10.0, 30.0), &[2]);
        check(&facing(10.0, 10.0), &[]);
        check(
            &Question {
                with_unknown: true,
                ..facing(10.0, 10.0)
            },
            &[1, 3],
        );
    }
}
