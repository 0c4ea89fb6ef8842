//! Light and exposure: what all blocks have in common is no motion.
//!
//! In: the background and the present means of all judged blocks. Out: the
//! straight line (offset and gain) that explains most of the change.
//!
//! The line is Tukey's resistant line in two halves: medians of the dark and
//! of the bright half of the picture, so that objects that cover less than
//! half of either do not bend it.

/// Most that the line may explain, grey levels. More is a jump, and jumps are
/// told apart by how much of the picture they change.
const MAX_SHIFT: f32 = 16.0;

/// Least distance of the halves' medians from which a gain can be told, grey
/// levels.
const MIN_SPREAD: f32 = 8.0;

/// Fewest blocks from which a line is drawn.
const MIN_BLOCKS: usize = 32;

/// A common change of brightness.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LightChange {
    offset: f32,
    gain: f32,
}

impl LightChange {
    /// The line through `pairs` of (background, change) of the judged blocks.
    /// Their order is changed. `scratch` is working memory.
    pub(super) fn fit(pairs: &mut [(f32, f32)], scratch: &mut Vec<f32>) -> Self {
        if pairs.len() < MIN_BLOCKS {
            return LightChange::default();
        }
        let middle = pairs.len() / 2;
        pairs.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
        let (dark, bright) = pairs.split_at(middle);
        let mut centre = |half: &[(f32, f32)]| {
            let background = median(scratch, half.iter().map(|pair| pair.0));
            let change = median(scratch, half.iter().map(|pair| pair.1));
            (background, change)
        };
        let (dark, bright) = (centre(dark), centre(bright));
        let spread = bright.0 - dark.0;
        let gain = if spread >= MIN_SPREAD {
            (bright.1 - dark.1) / spread
        } else {
            0.0
        };
        LightChange {
            offset: f32::midpoint(dark.1, bright.1) - gain * f32::midpoint(dark.0, bright.0),
            gain,
        }
    }

    /// By how much a block of this background brightens, grey levels.
    pub(super) fn at(self, background: f32) -> f32 {
        (self.offset + self.gain * background).clamp(-MAX_SHIFT, MAX_SHIFT)
    }
}

/// The median; 0 of nothing.
pub(super) fn median(scratch: &mut Vec<f32>, values: impl Iterator<Item = f32>) -> f32 {
    scratch.clear();
    scratch.extend(values);
    let middle = scratch.len() / 2;
    if scratch.is_empty() {
        return 0.0;
    }
    *scratch.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(change_of: impl Fn(usize, f32) -> f32) -> LightChange {
        let mut pairs: Vec<(f32, f32)> = (0..200)
            .map(|idx| {
                let background = 20.0 + idx as f32;
                (background, change_of(idx, background))
            })
            .collect();
        LightChange::fit(&mut pairs, &mut Vec::new())
    }

    #[test]
    fn offset_and_gain_are_found_beside_objects() {
        for (offset, gain) in [(5.0, 0.0), (0.0, 0.1), (-4.0, 0.05)] {
            let light = fit(|idx, background| {
                let object = if idx % 4 == 0 { 70.0 } else { 0.0 };
                offset + gain * background + object
            });
            for background in [30.0, 100.0, 200.0_f32] {
                let expected = (offset + gain * background).clamp(-16.0, 16.0);
                let actual = light.at(background);
                assert!(
                    (actual - expected).abs() < 3.0,
                    "{offset} {gain} {background}: {actual}"
                );
            }
        }
    }

    #[test]
    fn objects_alone_are_not_taken_for_light() {
        let light = fit(|idx, _| if idx % 3 == 0 { 60.0 } else { 0.0 });
        assert!(light.at(100.0).abs() < 0.1);
    }

    #[test]
    fn few_blocks_give_no_line() {
        let mut pairs = vec![(100.0, 9.0); MIN_BLOCKS - 1];
        let light = LightChange::fit(&mut pairs, &mut Vec::new());
        assert_eq!(light, LightChange::default());
    }
}
