//! What the tests share: the running binary, a REST client, cameras, waiting.

mod api;
mod cameras;
mod detector;
mod link;
pub(crate) mod mosquitto;
pub(crate) mod onvif;
mod program;
/// The mail server of `sink`'s tests.
#[path = "../../../../sink/src/mail/responder.rs"]
#[expect(dead_code, reason = "its ways to encrypt are for the tests of `sink`")]
pub(crate) mod smtp;
pub(crate) mod vms;
pub(crate) mod watched;

use std::time::Duration;

pub(crate) use self::api::{Api, Reply};
pub(crate) use self::cameras::{link, start_sim, still, street, whole_picture};
pub(crate) use self::detector::install_detector;
pub(crate) use self::link::{Fault, FaultyLink};
pub(crate) use self::program::{Guarded, Program, airelay, free_port, is_installed};

/// How often [`eventually`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within `patience`; says what was waited for.
pub(crate) async fn eventually<T>(
    what: &str,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let asked = tokio::time::timeout(patience, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
    match asked.await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {patience:?} for {what}"),
    }
}

/// As [`eventually`], with enough patience for a busy machine.
pub(crate) async fn soon<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually(what, Duration::from_secs(60), ask).await
}
