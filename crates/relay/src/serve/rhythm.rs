//! What happens by the clock: ticks for silent cameras, states for browsers,
//! retention, and a look at what the command line changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use store::Retention;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::CameraId;

use super::follow::Follower;
use crate::clips::Allowance;
use crate::pipeline::Scheduler;
use crate::supervise::CameraStatus;
use crate::web::{App, relayed_status};

const TICK_EVERY: Duration = Duration::from_secs(1);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
const TIDY_CLIPS_EVERY: Duration = Duration::from_secs(15);
const FOLLOW_EVERY: Duration = Duration::from_secs(2);

/// What is kept of a camera that was removed, beside the sum of all.
const REMOVED_CAMERA: Allowance = Allowance {
    keep: Duration::from_hours(24 * 30),
    max_bytes: u64::MAX,
};

/// Rows removed in one transaction: small, so that appends never wait long.
const PRUNE_ROWS: u32 = 500;

#[derive(Debug, Serialize)]
struct CameraChange<'a> {
    id: &'a str,
    status: CameraStatus,
}

/// Something about the program as a whole changed: ask for it again.
#[derive(Debug, Serialize)]
struct SystemChange {}

/// Starts the tasks.
pub(super) fn start(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    app: &App,
    scheduler: &Arc<Scheduler>,
    retention: Retention,
) {
    tasks.spawn(every(TICK_EVERY, stop.clone(), {
        let (app, scheduler) = (app.clone(), Arc::clone(scheduler));
        let mut told_error = None;
        async move || {
            scheduler.tick(app.clock.now());
            app.onvif.look(&app.fleet);
            tell_states(&app);
            let error = app.storage.append_error();
            if error != told_error {
                app.changes.tell("system", &SystemChange {});
                told_error = error;
            }
        }
    }));
    tasks.spawn(every(FOLLOW_EVERY, stop.clone(), {
        let mut follower = Follower::new(app.clone());
        async move || follower.look().await
    }));
    tasks.spawn(every(PRUNE_EVERY, stop.clone(), {
        let app = app.clone();
        async move || prune(&app, &retention).await
    }));
    tasks.spawn(every(TIDY_CLIPS_EVERY, stop.clone(), {
        let app = app.clone();
        async move || {
            if let Err(error) = tidy_clips(&app).await {
                tracing::warn!(error = %format!("{error:#}"), "retention of clips");
            }
        }
    }));
}

async fn every(period: Duration, stop: CancellationToken, mut work: impl AsyncFnMut()) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}

fn tell_states(app: &App) {
    if app.changes.n_listeners() == 0 {
        return;
    }
    for camera in app.fleet.all() {
        app.changes.tell(
            "camera",
            &CameraChange {
                id: camera.camera_id.as_str(),
                status: app.fleet.status(&camera),
            },
        );
    }
    for camera in app.fleet.relayed().all() {
        app.changes.tell(
            "camera",
            &CameraChange {
                id: camera.settings.camera_id.as_str(),
                status: relayed_status(app, &camera),
            },
        );
    }
}

/// Removes what is too old, in small steps until nothing is left to remove.
async fn prune(app: &App, retention: &Retention) {
    let now = app.clock.now();
    loop {
        let retention = *retention;
        let pruned = app
            .storage
            .write(move |store| store.prune(now, &retention, PRUNE_ROWS))
            .await;
        match pruned {
            Ok(report) if report.is_done => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "retention");
                return;
            }
        }
    }
}

/// Removes clips that are too old or take too much room, and pictures that no
/// alarm wants.
async fn tidy_clips(app: &App) -> anyhow::Result<()> {
    // Alarms that wait to be stored want their pictures, too.
    if app.storage.n_waiting_events() > 0 {
        return Ok(());
    }
    let clips = app.storage.read(|reader| reader.kept_clips()).await?;
    let cameras = app.fleet.all().into_iter().map(|camera| {
        let clips = camera.current_settings().clips;
        let allowance = Allowance {
            keep: clips.keep,
            max_bytes: clips.quota_bytes,
        };
        (camera.camera_id.clone(), allowance)
    });
    let cameras: BTreeMap<CameraId, Allowance> = cameras.collect();
    let (desk, now) = (app.clips.clone(), app.clock.now());
    let gone = tokio::task::spawn_blocking(move || {
        let allowance = |camera_id: &CameraId| {
            let known = cameras.get(camera_id).copied();
            known.unwrap_or(REMOVED_CAMERA)
        };
        desk.tidy(now, &clips, allowance)
    });
    let gone = gone.await?;
    if !gone.is_empty() {
        app.storage
            .write(move |store| store.drop_clips(&gone))
            .await?;
    }
    Ok(())
}
