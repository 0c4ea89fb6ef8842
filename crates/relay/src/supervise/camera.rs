//! One running camera: its source task and what it shares with workers and
//! viewers.

use std::sync::{Arc, Mutex, MutexGuard};

use programs::Explanation;
use source::{Backoff, Limits, Source};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, info_span, warn};
use types::{CameraId, Clock, EncodedFrame, Scene, Timestamp, TrackId};

use super::live::OpenEvents;
use super::scene_log::SceneLog;
use super::{LiveRecord, StatusBoard};
use crate::clips::CameraClips;
use crate::pipeline::{CameraPipeline, ProgramLive, ProgramSet, Scheduler, Taught};
use crate::settings::CameraSettings;

/// Scenes kept for slow receivers: some seconds.
const SCENES_KEPT: usize = 64;

/// What tasks, workers and viewers of one camera share.
#[derive(Debug)]
pub(crate) struct CameraRuntime {
    /// Which camera.
    pub camera_id: CameraId,
    /// Newest settings; the source task and the pipeline pick them up.
    pub settings: watch::Sender<Arc<CameraSettings>>,
    /// Notes for people.
    pub status: StatusBoard,
    /// Newest frame received, analysed or not.
    pub newest_frame: watch::Sender<Option<EncodedFrame>>,
    /// Newest frame analysed.
    pub live: watch::Sender<Option<LiveRecord>>,
    /// Every scene, for those who must not miss one; a slow one is told how
    /// many it missed.
    pub scenes: broadcast::Sender<Arc<Scene>>,
    /// What people have shown of its states; `None` until it was read.
    pub taught: watch::Sender<Option<Taught>>,
    /// What its alarms keep of its pictures.
    pub clips: CameraClips,
    /// Held while examples are read and handed over.
    pub teaching: tokio::sync::Mutex<()>,
    /// Stages; `None` until the first job and after a panic.
    stages: Mutex<Option<Stages>>,
}

/// A camera's pipeline and the track ids it may use.
#[derive(Debug)]
pub(super) struct Stages {
    pub(super) pipeline: CameraPipeline,
    /// Scenes on their way to the store.
    pub(super) scenes: SceneLog,
    /// For viewers.
    pub(super) open_events: OpenEvents,
    /// Frames analysed since this camera started.
    pub(super) n_analysed: u64,
    /// First id that is not reserved for it.
    pub(super) track_id_end: TrackId,
}

impl CameraRuntime {
    /// A camera that does nothing yet.
    pub(crate) fn new(settings: Arc<CameraSettings>, clips: CameraClips) -> Self {
        CameraRuntime {
            camera_id: settings.camera_id.clone(),
            settings: watch::Sender::new(settings),
            status: StatusBoard::default(),
            newest_frame: watch::Sender::new(None),
            live: watch::Sender::new(None),
            scenes: broadcast::Sender::new(SCENES_KEPT),
            taught: watch::Sender::new(None),
            clips,
            teaching: tokio::sync::Mutex::default(),
            stages: Mutex::new(None),
        }
    }

    /// The pipeline. A panic while it was held leaves a poisoned lock: the
    /// pipeline inside is thrown away then.
    pub(super) fn stages(&self) -> MutexGuard<'_, Option<Stages>> {
        self.stages.lock().unwrap_or_else(|poisoned| {
            self.stages.clear_poison();
            let mut stages = poisoned.into_inner();
            *stages = None;
            stages
        })
    }

    /// Why each rule has, or has not, an open event, and as of when. Waits for
    /// a frame that is just being analysed.
    pub(crate) fn explain(&self, now: Timestamp) -> (Option<Timestamp>, Vec<Explanation>) {
        let stages = self.stages();
        let Some(stages) = stages.as_ref() else {
            return (None, Vec::new());
        };
        let newest = stages.pipeline.last_scene().captured_at;
        let newest = Some(newest).filter(|newest| *newest != Timestamp::default());
        (newest, stages.pipeline.programs().explain(now))
    }

    /// State and cost of each program; empty before the first frame. Waits for
    /// a frame that is just being analysed.
    pub(crate) fn program_states(&self) -> Vec<ProgramLive> {
        let stages = self.stages();
        let stages = stages.as_ref();
        stages.map_or_else(Vec::new, |stages| stages.pipeline.programs().states())
    }

    /// Has the programs changed by a person; `None` before the first frame.
    /// Waits for a frame that is just being analysed.
    pub(crate) fn change_programs<T>(
        &self,
        change: impl FnOnce(&mut ProgramSet) -> T,
    ) -> Option<T> {
        let mut stages = self.stages();
        Some(change(stages.as_mut()?.pipeline.programs_mut()))
    }

    /// Width over height of the picture, once one was analysed.
    pub(crate) fn aspect(&self) -> Option<f32> {
        let stages = self.stages();
        Some(stages.as_ref()?.pipeline.programs().aspect())
    }

    /// Settings in force.
    pub(crate) fn current_settings(&self) -> Arc<CameraSettings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Pulls frames until `stop`: opens, reads, waits, opens again, and starts
    /// afresh whenever the link's settings change.
    pub(crate) async fn pull(
        self: Arc<Self>,
        scheduler: Arc<Scheduler>,
        clock: Arc<dyn Clock>,
        backoff_seed: u64,
        stop: CancellationToken,
    ) {
        let span = info_span!("camera", id = %self.camera_id);
        let mut settings = self.settings.subscribe();
        let mut backoff = Backoff::new(backoff_seed);
        let mut seq = 0;
        let work = async {
            loop {
                let current = Arc::clone(&settings.borrow_and_update());
                if !current.is_enabled {
                    self.status.off();
                    if settings.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                let link_changed = link_change(&mut settings, &current);
                tokio::select! {
                    () = self.pull_once(&current, &scheduler, &clock, &mut backoff, &mut seq) => {}
                    () = link_changed => {
                        info!("link settings changed: opening again");
                        backoff.reset();
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work.instrument(span) => {}
        }
        self.status.off();
    }

    /// One connection's life, and the pause after it.
    async fn pull_once(
        &self,
        settings: &CameraSettings,
        scheduler: &Scheduler,
        clock: &Arc<dyn Clock>,
        backoff: &mut Backoff,
        seq: &mut u64,
    ) {
        let error = match self
            .read_frames(settings, scheduler, clock, backoff, seq)
            .await
        {
            Ok(never) => match never {},
            Err(error) => error,
        };
        let delay = backoff.next_delay(error.reaction());
        let retry_at = delay.map(|delay| clock.now().saturating_add(delay));
        self.status.failed(&error, retry_at);
        match delay {
            Some(delay) => {
                warn!(%error, retry_in_ms = delay.as_millis(), "reconnecting");
                tokio::time::sleep(delay).await;
            }
            None => {
                warn!(%error, "waiting for other settings");
                std::future::pending::<()>().await;
            }
        }
    }

    async fn read_frames(
        &self,
        settings: &CameraSettings,
        scheduler: &Scheduler,
        clock: &Arc<dyn Clock>,
        backoff: &mut Backoff,
        seq: &mut u64,
    ) -> Result<std::convert::Infallible, source::Error> {
        self.status.connecting(&settings.link.url());
        let limits = Limits::default();
        let mut source = Source::open(&settings.link, Arc::clone(clock), &limits).await?;
        self.status.opened(source.info());
        debug!(url = %settings.link.url(), "opened");
        loop {
            let mut frame = source.next().await?;
            frame.seq = *seq;
            *seq += 1;
            backoff.reset();
            self.status
                .received(frame.captured_at, frame.jpeg.len(), source.info());
            self.newest_frame.send_replace(Some(frame.clone()));
            let clips = self.settings.borrow().clips;
            self.clips.frame(&frame, &clips);
            scheduler.offer(&self.camera_id, frame);
        }
    }
}

/// Waits until the link's settings (or the switch) differ from `current`.
/// Changes of zones and rules alone do not disturb the connection.
async fn link_change(
    settings: &mut watch::Receiver<Arc<CameraSettings>>,
    current: &Arc<CameraSettings>,
) {
    let differs = |newest: &Arc<CameraSettings>| {
        newest.link != current.link || newest.is_enabled != current.is_enabled
    };
    let is_gone = settings.wait_for(differs).await.is_err();
    if is_gone {
        // The camera is being removed: its stop token ends this task.
        std::future::pending::<()>().await;
    }
}
