//! One request per picture.
//!
//! In: the body of an answer; the present. Out: the JPEG in it; how long to
//! wait before the next request.
//!
//! Requests follow each other, so slow answers lower the rate and never pile
//! up. The pace follows a schedule, so a quick camera holds its rate on
//! average even when some answers are late.

use std::ops::Range;
use std::time::Duration;

use crate::mjpeg::{START, Walker, complete_len};

/// When the next request is due.
#[derive(Debug)]
pub(crate) struct Pacer {
    interval: Duration,
    due: Option<Duration>,
}

impl Pacer {
    pub(crate) fn new(interval: Duration) -> Self {
        Pacer {
            interval,
            due: None,
        }
    }

    /// How long to wait at `now` before the next request is sent.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_sub(now))
    }

    /// A request is sent at `now`.
    pub(crate) fn sent(&mut self, now: Duration) {
        let due = self.due.unwrap_or(now) + self.interval;
        // Lost time is not made up for with a burst.
        self.due = Some(due.max(now));
    }
}

/// Where the JPEG lies in a body, or `None` when there is none. One without an
/// end marker goes to the end of the body, when `is_whole` says that the camera
/// meant it to end there.
pub(crate) fn picture_in(body: &[u8], is_whole: bool) -> Option<Range<usize>> {
    let start = memchr::memmem::find(body, &START)?;
    let jpeg = &body[start..];
    let mut walker = Walker::default();
    let end = walker.advance(jpeg);
    let len = complete_len(jpeg)
        .or(end)
        .or(is_whole.then_some(jpeg.len()))?;
    walker.has_scan_before(len).then_some(start..start + len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mjpeg::testing::jpeg;

    #[test]
    fn pace_is_held_on_average() {
        let ms = Duration::from_millis;
        let mut pacer = Pacer::new(ms(200));
        let mut sent = Vec::new();
        let mut now = ms(1_000);
        for answer_ms in [10, 250, 10, 10, 900, 10, 10] {
            now += pacer.wait(now);
            pacer.sent(now);
            sent.push(now.as_millis());
            now += ms(answer_ms);
        }
        assert_eq!(sent, [1_000, 1_200, 1_450, 1_600, 1_800, 2_700, 2_710]);
    }

    #[test]
    fn picture_is_found_between_other_bytes() {
        let picture = jpeg(1, 50);
        let len = picture.len();
        for (before, after) in [("", ""), ("\r\n", "\r\n"), ("junk", "vendor data")] {
            let body = [before.as_bytes(), &picture, after.as_bytes()].concat();
            let range = picture_in(&body, true).unwrap();
            assert_eq!(range, before.len()..before.len() + len);
        }
    }

    #[test]
    fn picture_without_end_counts_only_in_a_whole_body() {
        let picture = jpeg(1, 50);
        let cut = &picture[..picture.len() - 2];
        assert_eq!(picture_in(cut, true), Some(0..cut.len()));
        assert_eq!(picture_in(cut, false), None);
        assert_eq!(picture_in(b"<html>", true), None);
    }
}
