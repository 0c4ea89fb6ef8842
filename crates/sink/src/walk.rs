//! "Test" of a sink: what was tried, step by step, and what came back.
//!
//! Not here: the steps themselves (each sink's own).

/// How one step of a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestStep {
    /// What was tried, such as `sign in at https://vms.example`.
    pub what: String,
    /// What came back, or what is wrong and what to do.
    pub result: Result<String, String>,
}

/// A walk through all steps: each is tried only when those before went well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// In the order in which they were tried.
    pub steps: Vec<TestStep>,
    /// SHA-256 of a certificate that was refused, to compare and pin.
    pub refused_certificate: Option<[u8; 32]>,
}

impl Walk {
    /// Whether every step went well.
    pub fn is_ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.result.is_ok())
    }

    /// Notes a step; `None` when it failed, so that `?` ends the walk.
    pub(crate) fn note<T>(
        &mut self,
        what: impl Into<String>,
        result: Result<(T, String), impl std::fmt::Display>,
    ) -> Option<T> {
        let (value, result) = match result {
            Ok((value, text)) => (Some(value), Ok(text)),
            Err(error) => (None, Err(error.to_string())),
        };
        self.steps.push(TestStep {
            what: what.into(),
            result,
        });
        value
    }
}
