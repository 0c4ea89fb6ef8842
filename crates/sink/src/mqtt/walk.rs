//! "Test": every step to the broker, with what came back.

use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::{Broker, Publication, PublishError, Qos, STEP_WITHIN, Session, Step};

/// Longest wait for our own message to come back.
const BACK_WITHIN: Duration = Duration::from_secs(3);

/// Longest wait for the broker to hang up after our goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Passed,
    /// It cannot be told, and nothing depends on it.
    Unsure,
    /// Not at all.
    Failed,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// Which.
    pub step: Step,
    /// How it went.
    pub verdict: Verdict,
    /// What came back.
    pub text: String,
    /// What a person can do, if it did not go well.
    pub advice: Option<String>,
}

impl StepReport {
    pub(super) fn passed(step: Step, text: String) -> Self {
        StepReport {
            step,
            verdict: Verdict::Passed,
            text,
            advice: None,
        }
    }
}

impl Broker {
    /// Walks every step: finds, connects, signs in as a guest of its own name
    /// (so that the connection in use is not disturbed), publishes `payload`
    /// to `topic` and waits for it to come back. Ends at the first step that
    /// fails.
    pub async fn walk(&self, topic: &str, payload: &str) -> Vec<StepReport> {
        let mut trail = Vec::new();
        let client_id = format!("{}t", self.config.client_id);
        let connected = self.connect_as(client_id, None, &mut trail).await;
        let (session, mut driver) = match connected {
            Ok(opened) => opened,
            Err(error) => {
                trail.push(StepReport {
                    step: error.step(),
                    verdict: Verdict::Failed,
                    text: error.to_string(),
                    advice: Some(error.advice().to_owned()),
                });
                return trail;
            }
        };
        let (seen, mut came_back) = tokio::sync::mpsc::channel(8);
        let mut run =
            pin!(driver.run(|topic, payload| drop(seen.try_send((topic.to_owned(), payload)))));
        let wanted = (topic.to_owned(), bytes::Bytes::from(payload.to_owned()));
        let talk = async {
            let is_heard = session.subscribe(topic).await;
            let publication = Publication {
                topic: topic.to_owned(),
                payload: wanted.1.clone(),
                is_retained: false,
                qos: Qos::AtLeastOnce,
            };
            let published = timeout(STEP_WITHIN, session.publish(&publication)).await;
            let published = published.unwrap_or_else(|_| {
                Err(PublishError::Timeout {
                    topic: topic.to_owned(),
                })
            });
            let mut reports = vec![publish_report(published)];
            if reports[0].verdict == Verdict::Passed {
                let back = timeout(BACK_WITHIN, async {
                    while let Some(seen) = came_back.recv().await {
                        if seen == wanted {
                            return true;
                        }
                    }
                    false
                });
                let is_back = is_heard && back.await.unwrap_or(false);
                reports.push(read_back_report(&session, topic, is_heard, is_back));
            }
            session.close().await;
            reports
        };
        tokio::select! {
            // The talk ends the run by closing; look at its result first.
            biased;
            reports = talk => {
                trail.extend(reports);
                // The goodbye must be on its way before the connection goes.
                drop(timeout(GOODBYE_WITHIN, run).await);
            }
            error = &mut run => trail.push(StepReport {
                step: Step::Publish,
                verdict: Verdict::Failed,
                text: error.to_string(),
                advice: Some(
                    "The broker hung up although it had let us in; its log says why.".to_owned(),
                ),
            }),
        }
        trail
    }
}

fn publish_report(published: Result<(), PublishError>) -> StepReport {
    match published {
        Ok(()) => StepReport::passed(
            Step::Publish,
            "the broker acknowledged a test message".to_owned(),
        ),
        Err(error) => StepReport {
            step: Step::Publish,
            verdict: Verdict::Failed,
            text: error.to_string(),
            advice: Some(
                "Allow this user to write below the prefix, or choose a prefix where it may."
                    .to_owned(),
            ),
        },
    }
}

fn read_back_report(session: &Session, topic: &str, is_heard: bool, is_back: bool) -> StepReport {
    if is_back {
        return StepReport::passed(
            Step::ReadBack,
            "the test message came back, so others receive it too".to_owned(),
        );
    }
    let (text, advice) = match (is_heard, session.tells_denials()) {
        // A user that may only write is a sound set-up.
        (false, true) => ("this user may not read, so it was not tried", None),
        (false, false) | (true, false) => (
            "the test message did not come back: either this user may not read, or the broker \
             threw it away without a word, as MQTT 3.1.1 does with what is not allowed",
            Some(format!(
                "See with another client whether messages on {topic} arrive."
            )),
        ),
        (true, true) => (
            "the test message did not come back, so this user may not read",
            None,
        ),
    };
    StepReport {
        step: Step::ReadBack,
        verdict: Verdict::Unsure,
        text: text.to_owned(),
        advice,
    }
}
