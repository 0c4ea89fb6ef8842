//! Why a mail did not arrive, in words for who looks after airelay.

use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use thiserror::Error;

use crate::Reaction;
use crate::http::shown;

/// Wait after a refused login: who tries often is locked out by some servers.
const LOGIN_PAUSE: Duration = Duration::from_mins(5);

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reaching the server.
    Connect,
    /// Encrypting the connection.
    Encrypt,
    /// Saying who we are.
    Greet,
    /// Signing in.
    SignIn,
    /// Handing over the mail.
    Send,
}

impl Step {
    /// As people read it.
    pub const fn text(self) -> &'static str {
        match self {
            Step::Connect => "reach",
            Step::Encrypt => "encrypt the connection to",
            Step::Greet => "greet",
            Step::SignIn => "sign in at",
            Step::Send => "send the mail by",
        }
    }
}

/// A mail that was not taken, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} {authority}: {problem}{}{advice}", step.text(), if advice.is_empty() { "" } else { "; " })]
pub struct MailError {
    /// What was being done.
    pub step: Step,
    /// Host and port.
    pub authority: String,
    /// What came back.
    pub problem: String,
    /// What to do, in words; may be empty.
    pub advice: String,
    reaction: Reaction,
}

impl MailError {
    /// A failure that a person or time may mend: the mail waits.
    pub(super) fn retry(step: Step, authority: &str, problem: impl Into<String>) -> Self {
        MailError {
            step,
            authority: authority.to_owned(),
            problem: problem.into(),
            advice: String::new(),
            reaction: Reaction::Retry { after: None },
        }
    }

    /// A failure that stays: a dead letter, which a person can send again.
    pub(super) fn refused(step: Step, authority: &str, problem: impl Into<String>) -> Self {
        MailError {
            reaction: Reaction::Refused,
            ..Self::retry(step, authority, problem)
        }
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// What a server's answer, or its silence, means at `step`.
    ///
    /// A 5xx answer to the mail itself is final; one to the greeting or the
    /// login waits until somebody mends it.
    pub(super) fn of(step: Step, authority: &str, error: &SmtpError) -> Self {
        let problem = problem(error);
        let code: Option<u16> = error.status().map(u16::from);
        match (step, code) {
            (Step::SignIn, Some(500..)) | (_, Some(530 | 534 | 535 | 538)) => MailError {
                reaction: Reaction::Retry {
                    after: Some(LOGIN_PAUSE),
                },
                ..Self::retry(Step::SignIn, authority, problem)
            }
            .with_advice(
                "type user name and password anew; Gmail, Microsoft and others want an app \
                 password here",
            ),
            (Step::SignIn, None) if error.is_client() => Self::retry(
                step,
                authority,
                "the server offers no login that airelay speaks",
            )
            .with_advice(
                "it may offer one only over an encrypted connection; or leave the user \
                         name blank",
            ),
            (Step::Send, Some(code @ 500..)) => {
                Self::refused(step, authority, problem).with_advice(advice_on(code))
            }
            (_, Some(_)) => Self::retry(step, authority, problem),
            (_, None) => Self::retry(step, authority, problem)
                .with_advice("look at port and encryption, and whether the server runs"),
        }
    }

    /// What to do about the delivery.
    pub const fn reaction(&self) -> Reaction {
        self.reaction
    }
}

/// What a person can do about a final answer.
fn advice_on(code: u16) -> &'static str {
    match code {
        550 | 551 | 553 => "look at the sender's and the recipients' addresses, then send again",
        552 => "the mailbox is full or the mail too large; make room, then send again",
        _ => "the server's log says more; then send again",
    }
}

/// `550 5.1.1 no such user`, or what broke.
fn problem(error: &SmtpError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let text = shown(source.unwrap_or_default().as_bytes());
    match error.status() {
        Some(code) if text.is_empty() => code.to_string(),
        Some(code) => format!("{code} {text}"),
        None if text == "incomplete response" => "the server hung up without an answer".to_owned(),
        None if error.is_response() => "what came back is no SMTP".to_owned(),
        None => text,
    }
}
