//! Chance that repeats: numbers that depend on nothing but their seed.
//!
//! In: seeds and positions. Out: numbers that look random, and smooth noise.
//!
//! Not here: the operating system's randomness (`server` uses it for nonces).

/// A sequence of numbers fixed by its seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

/// One well-mixed number for each input (the finaliser of splitmix64).
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    /// The sequence of `seed`, `stream` and `index`: neighbours share nothing.
    pub(crate) fn new(seed: u64, stream: u64, index: u64) -> Self {
        Dice(mix(mix(mix(seed) ^ stream) ^ index))
    }

    /// The next number, all 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = mix(self.0);
        self.0
    }

    /// The next number, 0 <= x < 1.
    pub(crate) fn unit(&mut self) -> f32 {
        unit(self.bits())
    }

    /// The next number, `low` <= x < `high`.
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Whether an event of this probability happens.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let n_choices = u64::try_from(choices.len()).unwrap_or(1);
        choices[usize::try_from(self.bits() % n_choices).unwrap_or(0)]
    }
}

fn unit(bits: u64) -> f32 {
    // 24 bits fit a float without rounding up to 1.
    (bits >> 40) as f32 / 16_777_216.0
}

/// Smooth noise over the plane, 0..=1, about one bump per unit.
pub(crate) fn smooth(seed: u64, x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (fade(x - x0), fade(y - y0));
    let corner = |dx: f32, dy: f32| cell(seed, x0 + dx, y0 + dy);
    let top = corner(0.0, 0.0) + (corner(1.0, 0.0) - corner(0.0, 0.0)) * fx;
    let bottom = corner(0.0, 1.0) + (corner(1.0, 1.0) - corner(0.0, 1.0)) * fx;
    top + (bottom - top) * fy
}

/// Noise that is constant over unit squares, 0..=1.
pub(crate) fn cell(seed: u64, x: f32, y: f32) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    let (x, y) = (x.floor() as i64, y.floor() as i64);
    let key = x
        .wrapping_mul(0x1F12_3BB5)
        .wrapping_add(y.wrapping_mul(0x5B_D1E9_9571));
    unit(mix(seed ^ key.cast_unsigned()))
}

fn fade(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}
