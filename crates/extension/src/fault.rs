//! What a program did wrong, in words, and when it may try again.
//!
//! In: what the machine that runs components says. Out: a [`Fault`], and by
//! [`Restarts`] what the caller should do.
//!
//! Time is told by the caller.
//!
//! Not here: stopping the program (`program`).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use types::Timestamp;
use wasmtime::Trap;

use crate::limits::{MAX_HOST_CALLS, OutOfMemory};
use crate::manifest::shorten;

/// Why and when a program was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The scene or tick it was stopped at.
    pub at: Timestamp,
    /// What it was doing: `start`, `update`, `tick` or `finish`.
    pub call: &'static str,
    /// What it did wrong.
    pub cause: Cause,
    /// The last line it logged, if there is one: often its own reason.
    pub last_log: Option<String>,
}

/// What a program did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It did not come to an end.
    TooLong {
        /// Instructions it had.
        max_instructions: u64,
    },
    /// It wanted more memory than it may have.
    Memory {
        /// All of it together.
        asked_bytes: usize,
        /// Its limit.
        max_bytes: usize,
    },
    /// It called itself too deeply.
    Recursion,
    /// It used a right that no program has, such as opening a file.
    Forbidden {
        /// The function it called.
        function: String,
    },
    /// It said too much, or what cannot be.
    Output {
        /// What it said.
        text: String,
    },
    /// It broke down by itself.
    Trap {
        /// In the words of the machine that runs it.
        text: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped in {}: {}", self.call, self.cause)?;
        match &self.last_log {
            Some(line) => write!(f, " (last log line: {line:?})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::TooLong { max_instructions } => {
                write!(f, "did not finish within {max_instructions} instructions")
            }
            Cause::Memory {
                asked_bytes,
                max_bytes,
            } => write!(
                f,
                "asked for {asked_bytes} bytes of memory, the limit is {max_bytes}"
            ),
            Cause::Recursion => f.write_str("called itself without end"),
            Cause::Forbidden { function } => {
                write!(f, "called {function}, which no program may")
            }
            Cause::Output { text } => write!(f, "gave output that is refused: {text}"),
            Cause::Trap { text } => write!(f, "broke down: {text}"),
        }
    }
}

/// A program called what it has no right to.
#[derive(Debug)]
pub(crate) struct Forbidden {
    pub(crate) function: String,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not there", self.function)
    }
}

impl std::error::Error for Forbidden {}

/// A program called the relay too often.
#[derive(Debug)]
pub(crate) struct TooManyCalls;

impl fmt::Display for TooManyCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "more than {MAX_HOST_CALLS} calls of the relay in one step"
        )
    }
}

impl std::error::Error for TooManyCalls {}

impl Cause {
    /// The cause behind what a call gave back; `max_instructions` is what the
    /// call had.
    pub(crate) fn of(error: &wasmtime::Error, max_instructions: u64) -> Self {
        if let Some(out) = error.downcast_ref::<OutOfMemory>() {
            return Cause::Memory {
                asked_bytes: out.asked_bytes,
                max_bytes: out.max_bytes,
            };
        }
        if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
            return Cause::Forbidden {
                function: forbidden.function.clone(),
            };
        }
        if let Some(too_many) = error.downcast_ref::<TooManyCalls>() {
            return Cause::Output {
                text: too_many.to_string(),
            };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Cause::TooLong { max_instructions },
            Some(Trap::StackOverflow) => Cause::Recursion,
            Some(trap) => Cause::Trap {
                text: trap.to_string(),
            },
            // Lifting what the program returned failed: a list outside its
            // memory, text that is no UTF-8, more bytes than allowed.
            None => Cause::Output {
                text: shorten(&error.root_cause().to_string(), 200),
            },
        }
    }
}

/// When a faulted program may start again: at once it would only fault
/// again, and one that keeps faulting is not worth the others' time.
///
/// The first fault is followed by a pause of 5 s, the second by 30 s; the
/// third within 10 minutes is the last, until a person starts the program.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    faulted_at: VecDeque<Timestamp>,
}

impl Restarts {
    /// Faults within [`Self::WITHIN`] after which a program stays off.
    pub const MAX_FAULTS: usize = 3;
    /// How long a fault is remembered.
    pub const WITHIN: Duration = Duration::from_secs(600);

    const PAUSES: [Duration; Self::MAX_FAULTS - 1] =
        [Duration::from_secs(5), Duration::from_secs(30)];

    /// Notes a fault. Gives the time of the next start, or `None` when the
    /// program stays off until a person starts it.
    pub fn after_fault(&mut self, at: Timestamp) -> Option<Timestamp> {
        self.faulted_at
            .retain(|earlier| at.saturating_since(*earlier) < Self::WITHIN);
        self.faulted_at.push_back(at);
        let pause = Self::PAUSES.get(self.faulted_at.len() - 1)?;
        Some(at.saturating_add(*pause))
    }

    /// Forgets all faults: a person started the program, or it was replaced.
    pub fn clear(&mut self) {
        self.faulted_at.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn third_fault_within_ten_minutes_is_the_last() {
        let mut restarts = Restarts::default();
        let mut after = |secs| {
            restarts
                .after_fault(Timestamp::from_secs(secs))
                .map(|at| at.as_millis() / 1_000)
        };
        assert_eq!(after(0), Some(5));
        assert_eq!(after(100), Some(130));
        // The first is forgotten by now.
        assert_eq!(after(600), Some(630));
        assert_eq!(after(699), None);
        restarts.clear();
        assert_eq!(
            restarts.after_fault(Timestamp::from_secs(700)),
            Some(Timestamp::from_secs(705))
        );
    }

    #[test]
    fn fault_names_call_cause_and_last_words() {
        let fault = Fault {
            at: Timestamp::from_secs(1),
            call: "update",
            cause: Cause::Trap {
                text: "wasm trap: integer divide by zero".to_owned(),
            },
            last_log: Some("speed is 0".to_owned()),
        };
        assert_eq!(
            fault.to_string(),
            r#"stopped in update: broke down: wasm trap: integer divide by zero (last log line: "speed is 0")"#
        );
    }
}
