//! Why a VMS did not take something.

use std::time::Duration;

use thiserror::Error;

use crate::Reaction;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reaching the web interface.
    Connect,
    /// Signing in.
    SignIn,
    /// Reading the cameras.
    Cameras,
    /// Sending an event or alarm.
    Send,
}

impl Step {
    /// As people read it.
    pub const fn text(self) -> &'static str {
        match self {
            Step::Connect => "connect to",
            Step::SignIn => "sign in at",
            Step::Cameras => "read the cameras of",
            Step::Send => "send the event to",
        }
    }
}

/// Something that a VMS did not do, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} {origin}: {problem}{}{advice}", step.text(), if advice.is_empty() { "" } else { "; " })]
pub struct VmsError {
    /// What was being done.
    pub step: Step,
    /// Scheme, host and port.
    pub origin: String,
    /// What came back.
    pub problem: String,
    /// What to do, in words; may be empty.
    pub advice: String,
    /// Whether to try again.
    reaction: Reaction,
}

impl VmsError {
    /// A failure that a person or time may mend: the step waits.
    pub(super) fn retry(step: Step, origin: &str, problem: impl Into<String>) -> Self {
        Self::new(step, origin, problem, Reaction::Retry { after: None })
    }

    /// A failure that will never go away by itself: a dead letter, which a
    /// person can send again.
    pub(super) fn refused(step: Step, origin: &str, problem: impl Into<String>) -> Self {
        Self::new(step, origin, problem, Reaction::Refused)
    }

    fn new(step: Step, origin: &str, problem: impl Into<String>, reaction: Reaction) -> Self {
        VmsError {
            step,
            origin: origin.to_owned(),
            problem: problem.into(),
            advice: String::new(),
            reaction,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// The receiver said how long to wait.
    #[must_use]
    pub(super) fn after(mut self, after: Option<Duration>) -> Self {
        if matches!(self.reaction, Reaction::Retry { .. }) {
            self.reaction = Reaction::Retry { after };
        }
        self
    }

    /// What to do about the delivery.
    pub const fn reaction(&self) -> Reaction {
        self.reaction
    }
}
