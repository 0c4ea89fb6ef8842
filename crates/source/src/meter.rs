//! Measured frame rate and bit rate of one source.
//!
//! In: when frames were captured and how long they are. Out: a reading over the
//! last ten seconds.
//!
//! Time: only that of the frames and of whoever reads.

use std::collections::VecDeque;
use std::time::Duration;

use types::Timestamp;

const WINDOW: Duration = Duration::from_secs(10);

/// Most frames remembered: above 100 fps the window gets shorter.
const MAX_FRAMES: usize = 1_000;

/// A sliding window over the latest frames.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    frames: VecDeque<(Timestamp, u64)>,
}

/// What a [`Meter`] shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Frames per second, rounded to one decimal.
    pub fps: f32,
    /// Bits per second of the pictures.
    pub bit_rate_bps: u64,
    /// Time since the latest frame; `None` before the first.
    pub frame_age: Option<Duration>,
    /// Frames in the window.
    pub n_frames: usize,
}

impl Meter {
    /// Notes one frame.
    pub fn record(&mut self, captured_at: Timestamp, len_bytes: u64) {
        // A clock that was set back would make the window endless.
        if self.frames.back().is_some_and(|&(at, _)| captured_at < at) {
            self.frames.clear();
        }
        if self.frames.len() == MAX_FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back((captured_at, len_bytes));
        self.forget(captured_at);
    }

    /// The rates at `now`.
    pub fn reading(&self, now: Timestamp) -> Reading {
        let from = now.saturating_sub(WINDOW);
        let last = self.frames.back().map(|&(at, _)| at);
        let mut in_window = self.frames.iter().filter(|&&(at, _)| at >= from);
        let n_frames = in_window.clone().count();
        let frame_age = last.map(|last| now.saturating_since(last));
        let (Some(&(first_at, first_bytes)), Some(last), true) =
            (in_window.next(), last, n_frames >= 2)
        else {
            return Reading {
                frame_age,
                n_frames,
                ..Reading::default()
            };
        };
        let n_bytes: u64 = self
            .frames
            .iter()
            .filter(|&&(at, _)| at >= from)
            .map(|&(_, bytes)| bytes)
            .sum();
        let n_gaps = u32::try_from(n_frames - 1).unwrap_or(u32::MAX);
        let steady = last.saturating_since(first_at);
        // A pause longer than usual counts, so that the rate falls when frames
        // stay away.
        let pause = now.saturating_since(last);
        let is_late = pause > steady * 2 / n_gaps;
        let span = if is_late { steady + pause } else { steady };
        let span_s = span.as_secs_f64().max(0.001);
        let gap_bytes = n_bytes.saturating_sub(first_bytes);
        Reading {
            fps: one_decimal(f64::from(n_gaps) / span_s),
            bit_rate_bps: per_second(gap_bytes.saturating_mul(8), span),
            frame_age,
            n_frames,
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let from = now.saturating_sub(WINDOW);
        while self.frames.front().is_some_and(|&(at, _)| at < from) {
            self.frames.pop_front();
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a rate is below 1e6")]
fn one_decimal(value: f64) -> f32 {
    ((value * 10.0).round() / 10.0) as f32
}

fn per_second(amount: u64, span: Duration) -> u64 {
    let millis = span.as_millis().max(1);
    u64::try_from(u128::from(amount) * 1_000 / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meter fed `n` frames of 1000 bytes, `gap_ms` apart from 0.
    fn fed(n: i64, gap_ms: i64) -> Meter {
        let mut meter = Meter::default();
        for frame in 0..n {
            meter.record(Timestamp::from_millis(frame * gap_ms), 1_000);
        }
        meter
    }

    #[track_caller]
    fn check(meter: &Meter, now_ms: i64, fps: f32, bit_rate_bps: u64) {
        let reading = meter.reading(Timestamp::from_millis(now_ms));
        assert!((reading.fps - fps).abs() < 0.01, "{reading:?}");
        assert_eq!(reading.bit_rate_bps, bit_rate_bps);
    }

    #[test]
    fn steady_rate_is_read_exactly() {
        check(&fed(100, 200), 19_800, 5.0, 40_000);
        check(&fed(100, 200), 19_900, 5.0, 40_000);
        check(&fed(31, 333), 9_990, 3.0, 24_024);
    }

    #[test]
    fn rate_falls_when_frames_stay_away() {
        let meter = fed(51, 200);
        check(&meter, 15_000, 2.5, 20_000);
        check(&meter, 30_000, 0.0, 0);
        let reading = meter.reading(Timestamp::from_secs(30));
        assert_eq!(reading.frame_age, Some(Duration::from_secs(20)));
    }

    #[test]
    fn fewer_than_two_frames_give_no_rate() {
        check(&fed(0, 200), 0, 0.0, 0);
        check(&fed(1, 200), 0, 0.0, 0);
        assert_eq!(fed(0, 0).reading(Timestamp::default()).frame_age, None);
    }

    #[test]
    fn flood_keeps_memory_bounded() {
        let meter = fed(100_000, 1);
        assert_eq!(meter.frames.len(), MAX_FRAMES);
        check(&meter, 99_999, 1_000.0, 8_000_000);
    }

    #[test]
    fn clock_set_back_starts_over() {
        let mut meter = fed(51, 200);
        meter.record(Timestamp::from_millis(1_000), 1_000);
        meter.record(Timestamp::from_millis(1_250), 1_000);
        check(&meter, 1_250, 4.0, 32_000);
    }
}
