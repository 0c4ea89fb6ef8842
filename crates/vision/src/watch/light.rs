//! Light: what two pictures of one scene have in common but for brightness.
//!
//! In: levels before and now. Out: the straight line between them, which
//! things that cover less than half of the picture do not bend.

/// Cells from one that is used to the next.
const STEP: usize = 3;
/// Least distance of the halves' medians from which a gain can be told.
const MIN_SPREAD: f32 = 8.0;
/// How often the line is drawn again without what lies far off it.
const N_REFITS: usize = 2;
/// Distance from the line that never is far, grey levels.
const MIN_OFF: f32 = 4.0;
/// Fewest cells from which a line is drawn.
const MIN_CELLS: usize = 24;

/// Brightness now, of what had a brightness before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Light {
    offset: f32,
    gain: f32,
}

impl Light {
    /// The same light.
    pub(super) const SAME: Light = Light {
        offset: 0.0,
        gain: 1.0,
    };

    /// The line through `(before, now)` of every third pair. `pairs` is
    /// working memory.
    pub(super) fn between(
        all: impl Iterator<Item = (f32, f32)>,
        pairs: &mut Vec<(f32, f32)>,
    ) -> Self {
        pairs.clear();
        pairs.extend(all.step_by(STEP));
        if pairs.len() < MIN_CELLS {
            return Light::SAME;
        }
        let mut light = Light::through(pairs);
        // What is far off the line is no light; without it the line is better.
        for _ in 0..N_REFITS {
            let off = |pair: &(f32, f32)| (pair.1 - light.of(pair.0)).abs();
            let middle = pairs.len() / 2;
            let by_distance = |a: &(f32, f32), b: &(f32, f32)| off(a).total_cmp(&off(b));
            let typical = off(pairs.select_nth_unstable_by(middle, by_distance).1);
            pairs.retain(|pair| off(pair) <= (2.0 * typical).max(MIN_OFF));
            light = Light::through(pairs);
        }
        light
    }

    /// Tukey's line through the medians of both halves of `pairs`.
    fn through(pairs: &mut [(f32, f32)]) -> Self {
        let middle = pairs.len() / 2;
        pairs.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
        let (dark, bright) = pairs.split_at_mut(middle);
        let (dark, bright) = (centre(dark), centre(bright));
        let spread = bright.0 - dark.0;
        let gain = if spread >= MIN_SPREAD {
            ((bright.1 - dark.1) / spread).clamp(0.2, 5.0)
        } else {
            1.0
        };
        Light {
            offset: f32::midpoint(dark.1, bright.1) - gain * f32::midpoint(dark.0, bright.0),
            gain,
        }
    }

    /// What a level before looks like now.
    pub(super) fn of(self, before: f32) -> f32 {
        self.offset + self.gain * before
    }
}

/// Medians of before and of now.
fn centre(half: &mut [(f32, f32)]) -> (f32, f32) {
    let middle = half.len() / 2;
    let before = half
        .select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0))
        .1
        .0;
    let now = half
        .select_nth_unstable_by(middle, |a, b| a.1.total_cmp(&b.1))
        .1
        .1;
    (before, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_told_beside_things_that_changed() {
        for (offset, gain) in [(0.0, 0.5), (20.0, 1.0), (-5.0, 1.3_f32)] {
            let all = (0..600).map(|idx| {
                let before = 20.0 + (idx % 150) as f32;
                let thing = if idx % 5 == 0 { 60.0 } else { 0.0 };
                (before, offset + gain * before + thing)
            });
            let light = Light::between(all, &mut Vec::new());
            for before in [30.0, 90.0, 160.0_f32] {
                let expected = offset + gain * before;
                assert!((light.of(before) - expected).abs() < 4.0, "{light:?}");
            }
        }
    }
}
