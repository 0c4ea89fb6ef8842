//! Things left and things removed: parts of the scene that look otherwise
//! than they did for long, and stay so.
//!
//! In: decoded frames, tracks. Out: the changes that are there now, longest
//! first, at most [`MAX_CHANGES`].
//!
//! Each cell of 4x4 pixels has a fast level (about a second) and a slow one
//! (how the scene was). Where they differ although the fast one has been
//! still for [`STILL_S`], neighbouring cells make a part. `part` decides what
//! it is: light has no sharp border, or keeps what is under it; a thing has a
//! border now that was not there before (left), or had one (removed). What is
//! neither becomes part of the scene within a minute, a thing after an hour.
//!
//! What all cells have in common is light. When a quarter of the picture
//! differs, nothing is judged, and if that lasts it is the scene from then on;
//! so it is when the camera goes over to infrared light or back, or when more
//! than [`MAX_AT_ONCE`] things come and go together. Things left and removed
//! before stay.
//!
//! Under tracks nothing is judged or learnt. Where a vehicle stood still, the
//! place is learnt anew when it leaves: parking is no thing left or removed.
//! At the start, a place is learnt when it has been still for as long, so that
//! passers-by do not belong to the scene.
//!
//! Time comes only from `captured_at`.
//!
//! Not here: which zone asks for how long (`programs`).

mod part;

use std::time::Duration;

use types::{ClassGroup, NormBox, StillChange, Timestamp, Track, TrackState};

use self::part::{Part, Scenes};
use super::RHYTHM;
use super::cells::{Cells, GREY, colourfulness};
use super::light::Light;
use crate::decode::Image;

/// Most changes at one time; the largest parts are kept.
pub const MAX_CHANGES: usize = 16;

/// A change is found this long after it happened and is seen, at the latest.
pub const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// How long a part must not have changed, seconds.
const STILL_S: f32 = 5.0;
/// How fast the fast level follows, seconds.
const FAST_S: f32 = 1.0;
/// How fast the slow level follows where nothing changed, seconds.
const SLOW_S: f32 = 20.0;
/// The same where the change is no thing.
const UNLIKELY_S: f32 = 15.0;
/// The same where the scene never is still.
const RESTLESS_S: f32 = 60.0;
/// How long restlessness is remembered, seconds.
const UNREST_S: f32 = 20.0;
/// Largest step that counts into restlessness, grey levels.
const MAX_UNREST_STEP: f32 = 10.0;
/// Least difference that counts as change, grey levels.
const MIN_CHANGE: f32 = 8.0;
/// Least step that counts as not still, grey levels.
const MIN_STEP: f32 = 5.0;
/// Restlessness counts this much into both.
const UNREST_WEIGHT: f32 = 3.0;
/// Share of the picture from which a change is of the whole scene.
const WHOLE_SHARE: f32 = 0.25;
/// How long that must last to be the new scene, seconds.
const WHOLE_S: f32 = 10.0;
/// More than this at once is light.
const MAX_AT_ONCE: u64 = 3;
/// How long a new scene must be known before changes of it begin, seconds.
const START_S: f32 = 15.0;
/// How long a change may be hidden.
const HIDDEN: Duration = Duration::from_secs(120);
/// After this, a thing belongs to the scene.
const ABSORBED: Duration = Duration::from_secs(3_600);
/// Longest step of time that is learnt from at once, seconds.
const MAX_ELAPSED_S: f32 = 2.0;
/// Share of a track's box by which its surroundings belong to it.
const MARGIN: f32 = 0.12;

/// Watches the scene of one camera.
#[derive(Debug, Default)]
pub struct StillChanges {
    cells: Cells,
    fast: Vec<f32>,
    slow: Vec<f32>,
    unrest: Vec<f32>,
    /// The fast level since when it has been still, and for how long, seconds.
    anchor: Vec<f32>,
    still_s: Vec<f32>,
    marks: Vec<Mark>,
    /// What is here is learnt when it is still next: the scene is new, or a
    /// vehicle stood here.
    is_unknown: Vec<bool>,
    /// How long the scene has been known, seconds.
    age_s: f32,
    is_grey: bool,
    /// How long most of the scene has been otherwise, seconds.
    whole_s: f32,
    last_at: Option<Timestamp>,
    known: Vec<Known>,
    last_change_id: u64,
    pairs: Vec<(f32, f32)>,
}

/// What a cell does in this picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    /// As it was.
    #[default]
    Same,
    /// Different, but not still.
    Restless,
    /// Different and still.
    Changed,
    /// Under a track.
    Hidden,
}

#[derive(Clone, Debug)]
struct Known {
    change: StillChange,
    part: Part,
    seen_at: Timestamp,
}

impl StillChanges {
    /// A watch that does not know the scene yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges a picture; between two that are judged, the changes stay.
    ///
    /// `tracks` as of the scene.
    pub fn update(
        &mut self,
        image: &Image,
        captured_at: Timestamp,
        tracks: &[Track],
    ) -> Vec<StillChange> {
        let elapsed = self.last_at.map(|last| captured_at.saturating_since(last));
        if image.is_damaged || elapsed.is_some_and(|elapsed| elapsed < RHYTHM) {
            return self.changes();
        }
        self.last_at = Some(captured_at);
        let elapsed_s = elapsed.unwrap_or_default().as_secs_f32().min(MAX_ELAPSED_S);
        if self.cells.measure(&image.planes.y) {
            self.start();
            return Vec::new();
        }
        self.age_s += elapsed_s;
        self.follow(elapsed_s);
        self.hide(tracks);
        let light = self.light();
        let share = self.mark(light);
        let is_whole = share > WHOLE_SHARE;
        self.whole_s = if is_whole {
            self.whole_s + elapsed_s
        } else {
            0.0
        };
        let colours = colourfulness(&image.planes);
        let was_grey = self.is_grey;
        self.is_grey = colours < if was_grey { GREY.1 } else { GREY.0 };
        if is_whole {
            self.age_s = 0.0;
        }
        if self.whole_s >= WHOLE_S || self.is_grey != was_grey {
            self.learn_scene(light);
        } else if !is_whole {
            let parts = part::find(&self.cells, &self.marks);
            let n_known = self.last_change_id;
            let accepted = self.judge(parts, light, captured_at);
            if self.last_change_id > n_known + MAX_AT_ONCE {
                self.known.retain(|known| known.change.change_id <= n_known);
                self.learn_scene(light);
            } else {
                self.learn(light, &accepted, elapsed_s);
            }
        }
        self.changes()
    }

    fn changes(&self) -> Vec<StillChange> {
        self.known
            .iter()
            .map(|known| known.change.clone())
            .collect()
    }

    fn start(&mut self) {
        let n = self.cells.levels.len();
        let last_change_id = self.last_change_id;
        *self = StillChanges {
            cells: std::mem::take(&mut self.cells),
            unrest: vec![1.0; n],
            still_s: vec![0.0; n],
            marks: vec![Mark::Same; n],
            is_unknown: vec![true; n],
            last_at: self.last_at,
            last_change_id,
            ..Self::default()
        };
        self.fast.clone_from(&self.cells.levels);
        self.slow.clone_from(&self.cells.levels);
        self.anchor.clone_from(&self.cells.levels);
    }

    /// Moves the fast levels, and notes which of them are still.
    fn follow(&mut self, elapsed_s: f32) {
        let share = elapsed_s / (elapsed_s + FAST_S);
        // At the start the little that was seen counts in full.
        let forget = elapsed_s / (elapsed_s + UNREST_S.min(self.age_s + elapsed_s));
        for idx in 0..self.cells.levels.len() {
            let step = self.cells.levels[idx] - self.fast[idx];
            let limit = MIN_STEP.max(UNREST_WEIGHT * self.unrest[idx]);
            self.fast[idx] += if step.abs() > limit {
                step
            } else {
                share * step
            };
            // Against the anchor, so that what creeps is not still.
            if (self.fast[idx] - self.anchor[idx]).abs() > limit {
                self.anchor[idx] = self.fast[idx];
                self.still_s[idx] = 0.0;
            } else {
                self.still_s[idx] += elapsed_s;
            }
            let creep = self.cells.levels[idx] - self.anchor[idx];
            let counted = step.abs().max(creep.abs()).min(MAX_UNREST_STEP);
            self.unrest[idx] += forget * (counted - self.unrest[idx]);
        }
    }

    /// Marks what is under tracks, and remembers where vehicles stand.
    fn hide(&mut self, tracks: &[Track]) {
        self.marks.fill(Mark::Same);
        let n_columns = self.cells.n_columns;
        for track in tracks {
            if track.state == TrackState::Ended {
                continue;
            }
            let is_parked = track.is_stationary && track.class.group() != ClassGroup::Person;
            let (columns, rows) = self.span(wider(track.bbox));
            for row in rows {
                for column in columns.clone() {
                    let idx = row * n_columns + column;
                    self.marks[idx] = Mark::Hidden;
                    self.still_s[idx] = 0.0;
                    self.is_unknown[idx] |= is_parked;
                }
            }
        }
    }

    fn span(&self, area: NormBox) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let along = |from: f32, to: f32, n: usize| {
            let first = whole(from * n as f32).min(n);
            first..whole((to * n as f32).ceil()).clamp(first, n)
        };
        (
            along(area.x1(), area.x2(), self.cells.n_columns),
            along(area.y1(), area.y2(), self.cells.n_rows),
        )
    }

    /// The light now, of what is in the slow levels.
    fn light(&mut self) -> Light {
        let visible = self.marks.iter().zip(self.slow.iter().zip(&self.fast));
        let levels = visible
            .filter(|(mark, _)| **mark != Mark::Hidden)
            .map(|(_, (slow, fast))| (*slow, *fast));
        Light::between(levels, &mut self.pairs)
    }

    /// Marks the changed cells; returns their share of the visible ones.
    fn mark(&mut self, light: Light) -> f32 {
        let (mut n_visible, mut n_changed) = (0_usize, 0_usize);
        for idx in 0..self.marks.len() {
            if self.marks[idx] == Mark::Hidden {
                continue;
            }
            n_visible += 1;
            let is_still = self.still_s[idx] >= STILL_S;
            if self.is_unknown[idx] {
                if is_still {
                    self.is_unknown[idx] = false;
                    self.slow[idx] = self.fast[idx];
                }
                continue;
            }
            let difference = self.fast[idx] - light.of(self.slow[idx]);
            if difference.abs() > MIN_CHANGE.max(UNREST_WEIGHT * self.unrest[idx]) {
                n_changed += 1;
                self.marks[idx] = if is_still {
                    Mark::Changed
                } else {
                    Mark::Restless
                };
            }
        }
        n_changed as f32 / n_visible.max(1) as f32
    }

    /// Decides about the parts; returns for which cells a thing is there or
    /// gone.
    fn judge(&mut self, parts: Vec<Part>, light: Light, at: Timestamp) -> Vec<bool> {
        let scenes = Scenes {
            n_columns: self.cells.n_columns,
            n_rows: self.cells.n_rows,
            now: &self.fast,
            before: &self.slow,
            light,
        };
        let mut accepted = vec![false; self.marks.len()];
        for part in parts {
            let may_begin = self.known.len() < MAX_CHANGES && self.age_s >= START_S;
            let known = self.known.iter_mut().find(|known| known.part.meets(&part));
            let found = part::kind(&part, &scenes);
            match (known, found) {
                (Some(known), _) => {
                    known.seen_at = at;
                    if found == Some(known.change.kind) {
                        known.change.bbox = scenes.norm_box(&part);
                        known.part = part;
                    }
                }
                (None, Some(kind)) if may_begin => {
                    self.last_change_id += 1;
                    let still = Duration::from_secs_f32(part.still_s(&self.still_s));
                    self.known.push(Known {
                        change: StillChange {
                            change_id: self.last_change_id,
                            bbox: scenes.norm_box(&part),
                            since: at.saturating_sub(still),
                            kind,
                        },
                        part,
                        seen_at: at,
                    });
                }
                (None, _) => {}
            }
        }
        let marks = &self.marks;
        self.known.retain(|known| {
            let is_hidden = known.part.share(marks, |mark| mark != Mark::Same) > 0.5;
            let lasts = at.saturating_since(known.change.since) < ABSORBED;
            let unseen = at.saturating_since(known.seen_at);
            lasts && (unseen < RHYTHM * 2 || (is_hidden && unseen < HIDDEN))
        });
        for known in &self.known {
            for idx in &known.part.cells {
                accepted[*idx] = true;
            }
        }
        accepted
    }

    /// Lets the slow levels follow: all of them the light, and what is no
    /// thing what is there now.
    fn learn(&mut self, light: Light, accepted: &[bool], elapsed_s: f32) {
        let share = |settle_s: f32| elapsed_s / (elapsed_s + settle_s);
        for idx in 0..self.slow.len() {
            let lit = light.of(self.slow[idx]);
            let follow = match self.marks[idx] {
                Mark::Hidden => 0.0,
                _ if accepted[idx] => 0.0,
                Mark::Same => share(SLOW_S),
                Mark::Changed => share(UNLIKELY_S),
                Mark::Restless => share(RESTLESS_S),
            };
            self.slow[idx] +=
                share(SLOW_S) * (lit - self.slow[idx]) + follow * (self.fast[idx] - lit);
        }
    }

    /// Takes the scene as it is now, when it is still; behind things left and
    /// removed, as it must look in this light.
    fn learn_scene(&mut self, light: Light) {
        self.is_unknown.fill(true);
        for known in &self.known {
            for idx in &known.part.cells {
                self.is_unknown[*idx] = false;
            }
        }
        for (slow, (fast, is_unknown)) in self
            .slow
            .iter_mut()
            .zip(self.fast.iter().zip(&self.is_unknown))
        {
            *slow = if *is_unknown { *fast } else { light.of(*slow) };
        }
        self.whole_s = 0.0;
        self.age_s = 0.0;
        if let Some(now) = self.last_at {
            for known in &mut self.known {
                known.seen_at = now;
            }
        }
    }
}

/// The box and what close by belongs to it, such as a shadow's beginning.
fn wider(bbox: NormBox) -> NormBox {
    let (dx, dy) = (MARGIN * bbox.width(), MARGIN * bbox.height());
    NormBox::from_xyxy(
        bbox.x1() - dx,
        bbox.y1() - dy,
        bbox.x2() + dx,
        bbox.y2() + dy,
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to what a picture can have before"
)]
fn whole(value: f32) -> usize {
    value.clamp(0.0, 65_535.0) as usize
}
