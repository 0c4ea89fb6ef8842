//! Vectors in one byte per number: a quarter of the memory, and as good for
//! choosing the candidates that are then compared exactly.

/// A vector as bytes: each times `scale` is about the number it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// -127..=127.
    pub bytes: Vec<i8>,
    /// At least 0.
    pub scale: f32,
}

/// The nearest bytes; numbers that are not finite count as 0.
pub fn quantise(values: &[f32]) -> Quantised {
    let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
    let largest = values
        .iter()
        .fold(0.0_f32, |largest, &value| largest.max(finite(value).abs()));
    let scale = largest / 127.0;
    // Also of numbers too small to be divided by.
    let inverse = if scale.is_normal() { 1.0 / scale } else { 0.0 };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between -127 and 127 after rounding"
    )]
    let bytes = values
        .iter()
        .map(|&value| (finite(value) * inverse).round().clamp(-127.0, 127.0) as i8)
        .collect();
    Quantised { bytes, scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_times_scale_are_the_numbers_to_half_a_step() {
        let values = [0.5, -1.27, 0.0, 0.013, 1.27];
        let Quantised { bytes, scale } = quantise(&values);
        assert_eq!(bytes, [50, -127, 0, 1, 127]);
        for (byte, value) in bytes.iter().zip(values) {
            assert!((f32::from(*byte) * scale - value).abs() <= scale / 2.0);
        }
    }

    #[test]
    fn numbers_that_are_none_count_as_zero() {
        for values in [[0.0, 0.0], [f32::NAN, f32::INFINITY], [1e-42, -1e-42]] {
            assert_eq!(quantise(&values).bytes, [0, 0], "{values:?}");
        }
    }
}
