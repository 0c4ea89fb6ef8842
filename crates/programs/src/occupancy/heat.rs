//! Heat maps: where objects spend time, and where they pass.
//!
//! In: where each object stands, scene by scene. Out: for each hour of the
//! clock a map of 64 x 36 cells: object seconds per cell (dwell), and objects
//! per cell (passage). An object counts once per cell and map, on every cell
//! of the straight way between two sightings; so it counts again in the next
//! hour. Maps add up: over hours, and where a stop cuts an hour in two.
//!
//! Not here: drawing, storing.

use std::collections::BTreeMap;
use std::time::Duration;

use types::{NormPoint, Timestamp, TrackId};

use crate::counting::Interval;

/// What the cells of a map say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeatKind {
    /// Object seconds.
    Dwell,
    /// Objects.
    Passage,
}

impl HeatKind {
    /// Lower-case name, as stored and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            HeatKind::Dwell => "dwell",
            HeatKind::Passage => "passage",
        }
    }
}

/// One map, row by row from the top-left.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// What the cells say.
    pub kind: HeatKind,
    /// Start.
    pub from: Timestamp,
    /// End.
    pub until: Timestamp,
    /// [`HeatMap::N_CELLS`] numbers, 0 or more.
    pub cells: Vec<f32>,
}

impl HeatMap {
    /// Cells across.
    pub const WIDTH: usize = 64;
    /// Cells down.
    pub const HEIGHT: usize = 36;
    /// All cells.
    pub const N_CELLS: usize = Self::WIDTH * Self::HEIGHT;
    /// Time that one map covers.
    pub const INTERVAL: Duration = Duration::from_secs(3_600);

    /// Adds `other`, of the same kind, cell by cell.
    pub fn merge(&mut self, other: &HeatMap) {
        self.from = self.from.min(other.from);
        self.until = self.until.max(other.until);
        for (cell, add) in self.cells.iter_mut().zip(&other.cells) {
            *cell += add;
        }
    }

    /// Column and row of the cell of `point`.
    fn place(point: NormPoint) -> (usize, usize) {
        let idx = |value: f32, n_cells: usize| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a coordinate of 0..=1 times a small number"
            )]
            let idx = (value * n_cells as f32) as usize;
            idx.min(n_cells - 1)
        };
        (idx(point.x, Self::WIDTH), idx(point.y, Self::HEIGHT))
    }
}

/// Most objects followed at one time; the tracker follows fewer.
const MAX_OBJECTS: usize = 256;
/// Objects not seen for this long are forgotten; a way that was not seen for
/// longer is not drawn.
const FORGET_AFTER: Duration = Duration::from_secs(10);
const WORDS: usize = HeatMap::N_CELLS / 64;

/// The maps of the present hour.
#[derive(Debug)]
pub(super) struct Heat {
    /// Start and border of the maps, once something was seen.
    started: Option<(Timestamp, Interval)>,
    dwell_micros: Vec<u64>,
    n_passed: Vec<u32>,
    objects: BTreeMap<TrackId, Object>,
    last_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Object {
    cell: (usize, usize),
    seen_at: Timestamp,
    /// Cells it has been on, as bits.
    been_on: Box<[u64; WORDS]>,
}

impl Heat {
    pub(super) fn new() -> Self {
        Heat {
            started: None,
            dwell_micros: vec![0; HeatMap::N_CELLS],
            n_passed: vec![0; HeatMap::N_CELLS],
            objects: BTreeMap::new(),
            last_at: None,
        }
    }

    /// Advances to the scene captured `at`, in which objects stand at `feet`.
    /// Returns the maps of an hour that is over.
    pub(super) fn update(
        &mut self,
        at: Timestamp,
        feet: impl Iterator<Item = (TrackId, NormPoint)>,
    ) -> Vec<HeatMap> {
        let over = self.tick(at);
        self.started
            .get_or_insert_with(|| (at, Interval::around(at, HeatMap::INTERVAL)));
        let gap = at.saturating_since(self.last_at.unwrap_or(at));
        self.last_at = Some(at);
        // After a pause nobody knows where they were in it.
        let held = if gap <= FORGET_AFTER {
            gap
        } else {
            Duration::ZERO
        };
        let held_micros = u64::try_from(held.as_micros()).unwrap_or(0);
        self.objects
            .retain(|_, object| at.saturating_since(object.seen_at) <= FORGET_AFTER);
        for (track_id, foot) in feet {
            let cell = HeatMap::place(foot);
            self.dwell_micros[cell.1 * HeatMap::WIDTH + cell.0] += held_micros;
            if self.objects.len() >= MAX_OBJECTS && !self.objects.contains_key(&track_id) {
                continue;
            }
            let object = self.objects.entry(track_id).or_insert_with(|| Object {
                cell,
                seen_at: at,
                been_on: Box::new([0; WORDS]),
            });
            let way = way(object.cell, cell);
            (object.cell, object.seen_at) = (cell, at);
            for (column, row) in way {
                let idx = row * HeatMap::WIDTH + column;
                let bit = 1_u64 << (idx % 64);
                if object.been_on[idx / 64] & bit == 0 {
                    object.been_on[idx / 64] |= bit;
                    self.n_passed[idx] += 1;
                }
            }
        }
        over
    }

    /// The maps of the present hour if it is over `now`.
    pub(super) fn tick(&mut self, now: Timestamp) -> Vec<HeatMap> {
        match self.started {
            Some((_, interval)) if interval.is_over(now) => self.finish(interval.until),
            _ => Vec::new(),
        }
    }

    /// The maps so far, and none from then on.
    pub(super) fn finish(&mut self, now: Timestamp) -> Vec<HeatMap> {
        let maps = self.so_far(now);
        self.started = None;
        self.dwell_micros.fill(0);
        self.n_passed.fill(0);
        for object in self.objects.values_mut() {
            object.been_on.fill(0);
        }
        maps
    }

    /// The maps so far.
    pub(super) fn so_far(&self, now: Timestamp) -> Vec<HeatMap> {
        let Some((from, interval)) = self.started else {
            return Vec::new();
        };
        let until = now.clamp(from, interval.until.max(from));
        let map = |kind, cells| HeatMap {
            kind,
            from,
            until,
            cells,
        };
        let seconds = self.dwell_micros.iter();
        let seconds = seconds.map(|micros| Duration::from_micros(*micros).as_secs_f32());
        vec![
            map(HeatKind::Dwell, seconds.collect()),
            map(
                HeatKind::Passage,
                self.n_passed.iter().map(|n| *n as f32).collect(),
            ),
        ]
    }
}

/// The cells of the straight way between two cells, both included.
fn way(from: (usize, usize), to: (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let n_steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    let between = move |a: usize, b: usize, step: usize| {
        // Rounded to the nearest.
        (a * (n_steps - step) * 2 + b * step * 2 + n_steps) / (2 * n_steps)
    };
    (0..=n_steps).map(move |step| (between(from.0, to.0, step), between(from.1, to.1, step)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn sum(map: &HeatMap) -> f32 {
        map.cells.iter().sum()
    }

    fn stand(heat: &mut Heat, millis: i64, x: f32) -> Vec<HeatMap> {
        heat.update(
            at(millis),
            [(TrackId(1), NormPoint::new(x, 0.5))].into_iter(),
        )
    }

    #[test]
    fn who_stands_for_long_counts_once_and_dwells_long() {
        let mut heat = Heat::new();
        for second in 0..=10 {
            // Jitters between two cells.
            let x = if second % 2 == 0 { 0.499 } else { 0.501 };
            stand(&mut heat, second * 1_000, x);
        }
        let maps = heat.so_far(at(10_000));
        assert_eq!(
            (maps[0].kind, maps[1].kind),
            (HeatKind::Dwell, HeatKind::Passage)
        );
        assert!((sum(&maps[0]) - 10.0).abs() < 1e-3);
        assert!((sum(&maps[1]) - 2.0).abs() < 1e-3);
        let middle = 18 * HeatMap::WIDTH + 31;
        assert!((maps[1].cells[middle] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn passage_counts_every_cell_of_the_way_and_a_pause_none() {
        let mut heat = Heat::new();
        stand(&mut heat, 0, 0.0);
        stand(&mut heat, 1_000, 0.999);
        let passed = sum(&heat.so_far(at(1_000))[1]);
        assert!((passed - 64.0).abs() < 1e-3, "{passed}");
        let mut paused = Heat::new();
        stand(&mut paused, 0, 0.0);
        stand(&mut paused, 20_000, 0.999);
        let maps = paused.so_far(at(20_000));
        assert!((sum(&maps[1]) - 2.0).abs() < 1e-3);
        assert!(sum(&maps[0]) < 1e-3);
    }

    #[test]
    fn hour_is_told_at_its_border_and_a_cut_hour_in_two_maps_that_add_up() {
        let mut heat = Heat::new();
        stand(&mut heat, 3_590_000, 0.5);
        stand(&mut heat, 3_599_000, 0.5);
        let told = stand(&mut heat, 3_600_000, 0.5);
        assert_eq!(told.len(), 2);
        assert_eq!(
            (told[0].from, told[0].until),
            (at(3_590_000), at(3_600_000))
        );
        assert!((sum(&told[0]) - 9.0).abs() < 1e-3);
        stand(&mut heat, 3_605_000, 0.5);
        let mut first = heat.finish(at(3_606_000)).remove(0);
        stand(&mut heat, 3_610_000, 0.5);
        stand(&mut heat, 3_612_000, 0.5);
        let second = heat.finish(at(3_612_000)).remove(0);
        assert_eq!(second.from, at(3_610_000));
        first.merge(&second);
        assert_eq!((first.from, first.until), (at(3_600_000), at(3_612_000)));
        assert!((sum(&first) - 13.0).abs() < 1e-3, "{}", sum(&first));
    }

    #[test]
    fn objects_are_bounded_and_forgotten() {
        let mut heat = Heat::new();
        let many = |n: u64| (0..n).map(|id| (TrackId(id), NormPoint::new(0.5, 0.5)));
        heat.update(at(0), many(300));
        assert_eq!(heat.objects.len(), MAX_OBJECTS);
        heat.update(at(11_000), many(0));
        assert_eq!(heat.objects.len(), 0);
    }

    proptest! {
        #[test]
        fn way_has_no_gaps_and_ends_where_it_should(
            from in (0_usize..64, 0_usize..36),
            to in (0_usize..64, 0_usize..36),
        ) {
            let cells: Vec<_> = way(from, to).collect();
            prop_assert_eq!((cells[0], cells[cells.len() - 1]), (from, to));
            for pair in cells.windows(2) {
                let step = pair[0].0.abs_diff(pair[1].0).max(pair[0].1.abs_diff(pair[1].1));
                prop_assert!(step <= 1);
            }
        }
    }
}
