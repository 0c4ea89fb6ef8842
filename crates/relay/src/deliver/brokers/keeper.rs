//! Keeps the connection to a broker: connects, runs it, connects again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sink::mqtt::{ConnectError, Driver, Session};
use tokio_util::sync::CancellationToken;

use super::link::BrokerLink;

/// First pause; doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause: a broker that is back is found within it.
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// Pause after a refused password: some brokers lock out who tries often.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// Longest goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(3);

/// Keeps the connection until `stop`, then says goodbye.
pub(super) async fn keep(link: Arc<BrokerLink>, stop: CancellationToken) {
    let mut n_failures = 0_u32;
    loop {
        link.note_connecting();
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = link.broker.connect() => connected,
        };
        let error = match connected {
            Ok((session, mut driver)) => {
                n_failures = 0;
                match run(&link, session, &mut driver, &stop).await {
                    Some(error) => error,
                    None => return,
                }
            }
            Err(error) => error,
        };
        let pause = pause_after(&error, n_failures);
        n_failures = n_failures.saturating_add(1);
        let retry_at = link.parts.clock.now().saturating_add(pause);
        link.note_failed(&error, retry_at);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn pause_after(error: &ConnectError, n_failures: u32) -> Duration {
    match error {
        ConnectError::BadLogin { .. } | ConnectError::NotAuthorised { .. } => REFUSED_PAUSE,
        _ => FIRST_PAUSE
            .saturating_mul(1 << n_failures.min(10))
            .min(MAX_PAUSE),
    }
}

/// Runs a connection until it is lost; `None` after a goodbye.
async fn run(
    link: &BrokerLink,
    session: Session,
    driver: &mut Driver,
    stop: &CancellationToken,
) -> Option<ConnectError> {
    let mut run = pin!(driver.run(|_, _| {}));
    tokio::select! {
        error = &mut run => return Some(error),
        () = link.begin(session.clone()) => {}
    }
    tokio::select! {
        error = &mut run => return Some(error),
        () = stop.cancelled() => {}
    }
    // A courier may be waiting for an acknowledgement: let it find another
    // connection, since this one is about to end.
    link.session.send_replace(None);
    let goodbye = async {
        drop(session.publish(&link.last_word()).await);
        session.close().await;
        std::future::pending::<()>().await;
    };
    let both = async {
        tokio::select! {
            _ = &mut run => {}
            () = goodbye => {}
        }
    };
    if tokio::time::timeout(GOODBYE_WITHIN, both).await.is_err() {
        tracing::debug!("a broker took no goodbye");
    }
    None
}
