//! Why another airelay could not be asked, in words.

use std::fmt;

/// What was tried, what came back, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeError {
    /// What was tried.
    pub what: &'static str,
    /// What came back.
    pub problem: String,
    /// What a person can do.
    pub advice: &'static str,
    /// Trying again brings nothing before a person does something.
    pub needs_person: bool,
}

impl NodeError {
    /// One that may mend itself.
    pub(super) fn retry(
        what: &'static str,
        problem: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        NodeError {
            what,
            problem: problem.into(),
            advice,
            needs_person: false,
        }
    }

    /// One that stays until a person does something.
    pub(super) fn person(
        what: &'static str,
        problem: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        NodeError {
            needs_person: true,
            ..NodeError::retry(what, problem, advice)
        }
    }

    /// What came back and what to do, without what was tried.
    pub(crate) fn text(&self) -> String {
        match self.advice {
            "" => self.problem.clone(),
            advice => format!("{}: {advice}", self.problem),
        }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.text())
    }
}

impl std::error::Error for NodeError {}
