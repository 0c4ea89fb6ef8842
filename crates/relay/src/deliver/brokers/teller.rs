//! Publishes states that changed: what the board wants told.

use std::sync::Arc;
use std::time::Duration;

use sink::Reaction;
use sink::mqtt::Session;

use super::super::couriers::lock;
use super::link::BrokerLink;

/// Pause while older events go first, and after a broker that is busy.
const LATER: Duration = Duration::from_millis(300);

/// Publishes until it is dropped.
pub(super) async fn tell(link: Arc<BrokerLink>) {
    let mut sessions = link.session.subscribe();
    loop {
        let session = sessions.borrow_and_update().clone();
        match session {
            Some(session) => tokio::select! {
                // What the end of the connection did to a message is heard
                // before the end itself.
                biased;
                () = tell_on(&link, &session) => {}
                changed = sessions.changed() => if changed.is_err() { return },
            },
            None => {
                if sessions.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Publishes on one connection; it never ends by itself.
async fn tell_on(link: &BrokerLink, session: &Session) {
    lock(&link.board).connected();
    let mut is_drained = false;
    loop {
        let next = lock(&link.board).next();
        let Some(publication) = next else {
            link.news.notified().await;
            continue;
        };
        // A state of now must not overtake the events that led to it, and a
        // deletion must be the last that is said of its topic.
        let is_deletion = publication.payload.is_empty();
        if (!is_drained || is_deletion) && !link.is_outbox_empty().await {
            tokio::time::sleep(LATER).await;
            continue;
        }
        is_drained = true;
        match link.publish_state(session, &publication).await {
            Ok(()) => lock(&link.board).published(&publication),
            Err(error) => {
                tracing::warn!(%error, "state not told");
                link.note_error(&error);
                if error.reaction() == Reaction::Refused {
                    // To say it again would be refused again.
                    lock(&link.board).published(&publication);
                } else {
                    tokio::time::sleep(LATER).await;
                }
            }
        }
        let is_all_gone = !lock(&link.board).has_gone();
        if is_deletion && is_all_gone {
            link.keep_topics().await;
        }
    }
}
