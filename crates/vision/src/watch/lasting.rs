//! A condition that must last to count, and must be gone for a while to end.
//!
//! In: whether there is evidence, at times. Out: since when it counts.

use std::time::Duration;

use types::Timestamp;

/// One condition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lasting {
    /// Since when there has been evidence without a break.
    evidence_since: Option<Timestamp>,
    /// Newest evidence.
    evidence_at: Timestamp,
    is_raised: bool,
}

impl Lasting {
    /// Takes in what is seen `at` a time.
    ///
    /// `raise`: how long evidence must last; `clear`: how long it must be
    /// missing.
    pub(super) fn update(
        &mut self,
        at: Timestamp,
        has_evidence: bool,
        (raise, clear): (Duration, Duration),
    ) {
        if has_evidence {
            let since = *self.evidence_since.get_or_insert(at);
            self.evidence_at = at;
            self.is_raised |= at.saturating_since(since) >= raise;
        } else if !self.is_raised || at.saturating_since(self.evidence_at) >= clear {
            *self = Lasting::default();
        }
    }

    /// Since when the condition holds, if it counts.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.evidence_since.filter(|_| self.is_raised)
    }

    /// Forgets evidence that does not count yet: nobody looked for long.
    pub(super) fn interrupt(&mut self) {
        if !self.is_raised {
            *self = Lasting::default();
        }
    }

    pub(super) fn has_evidence(&self) -> bool {
        self.evidence_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One character a second: `#` evidence. Gives since when it counts.
    fn run(text: &str) -> String {
        let mut lasting = Lasting::default();
        let limits = (Duration::from_secs(3), Duration::from_secs(2));
        let mut out = String::new();
        for (second, mark) in (0..).zip(text.chars()) {
            lasting.update(Timestamp::from_secs(second), mark == '#', limits);
            out.push(match lasting.since() {
                Some(since) => {
                    char::from_digit(u32::try_from(since.as_millis() / 1_000).unwrap_or(0), 10)
                        .unwrap_or('?')
                }
                None => '.',
            });
        }
        out
    }

    #[test]
    fn condition_counts_once_it_lasted_and_ends_once_it_was_gone() {
        for (seen, said) in [
            ("..####...", ".....22.."),
            ("..##.####", "........5"),
            ("####.##..", "...00000."),
        ] {
            assert_eq!(run(seen), said, "{seen}");
        }
    }
}
