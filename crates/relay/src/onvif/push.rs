//! Basic Notification: a task per subscription that posts what waits for it.

use std::time::Duration;

use sink::onvif::consumer::Consumer;
use sink::onvif::service::write_notify;
use sink::onvif::subscription::SubscriptionId;

use super::OnvifDesk;

/// Most notifications in one post.
const AT_ONCE: usize = 50;
/// Pause after a post that failed.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Longest sleep without looking whether the subscription is over.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Starts the task of a subscription; it ends with the subscription.
pub(crate) fn push(desk: &OnvifDesk, id: SubscriptionId, address: String, consumer: Consumer) {
    let (desk, stop) = (desk.clone(), desk.shared.stop.clone());
    desk.shared.tasks.clone().spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = run(&desk, &id, &address, &consumer) => {}
        }
    });
}

async fn run(desk: &OnvifDesk, id: &str, address: &str, consumer: &Consumer) {
    loop {
        let now = desk.shared.clock.now();
        let Ok(wake) = desk.hub().wake_of(id, now) else {
            return;
        };
        let Ok(waiting) = desk.hub().take(id, AT_ONCE, now) else {
            return;
        };
        if waiting.is_empty() {
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            continue;
        }
        let document = write_notify(address, &waiting, desk.hub().naming_of(id));
        match consumer.post(document).await {
            Ok(()) => desk.hub().delivered(id, desk.shared.clock.now()),
            Err(error) => {
                tracing::warn!(
                    subscription = id,
                    error,
                    "notification not taken: trying again"
                );
                desk.hub().give_back(id, waiting, error);
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}
