//! All running cameras: added, changed and removed while everything runs.
//!
//! Also the one who does the workers' jobs: fetches the camera's pipeline,
//! steps it, and hands the outcome to the store and the viewers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use store::{AuditEntry, Batch, Clip, NewStatePicture, TrackIdBlock};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info_span, warn};
use types::{CameraId, Clock, Scene, Timestamp};

use super::camera::Stages;
use super::live::OpenEvents;
use super::scene_log::SceneLog;
use super::{CameraRuntime, CameraStatus, CameraSums, LiveRecord};
use crate::clips::ClipDesk;
use crate::nodes::RelayedCameras;
use crate::pipeline::{
    CameraPipeline, Engine, EngineFactory, ExtensionFault, ExtensionShelf, Job, JobOutcome,
    JobRunner, LooksShelf, Scheduler, Step, Work,
};
use crate::secrets::random_seed;
use crate::settings::CameraSettings;
use crate::storage::{Records, Storage};

/// Longest wait for one camera's source task when it is stopped.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Track ids reserved at once: what a restart may skip, so kept small.
const TRACK_IDS_AT_ONCE: u32 = 1_000;

/// Ids left in a block when the next one is reserved: more than one frame can
/// use up.
const TRACK_IDS_LEFT: u64 = 300;

/// What the fleet is built from.
#[derive(Clone, Debug)]
pub(crate) struct FleetParts {
    /// Whose turn it is.
    pub scheduler: Arc<Scheduler>,
    /// Where events go.
    pub storage: Storage,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Makes the workers' engines: knows the detector's input.
    pub engines: EngineFactory,
    /// Programs that are installed.
    pub extensions: ExtensionShelf,
    /// Models that describe looks.
    pub looks: LooksShelf,
    /// What alarms keep of their cameras' pictures.
    pub clips: ClipDesk,
    /// Where source tasks run.
    pub runtime: Handle,
}

/// All running cameras, and what is known of those of other airelays.
#[derive(Debug)]
pub(crate) struct Fleet {
    parts: FleetParts,
    relayed: RelayedCameras,
    cameras: Mutex<BTreeMap<CameraId, Member>>,
}

#[derive(Debug)]
struct Member {
    runtime: Arc<CameraRuntime>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Fleet {
    /// A fleet without cameras.
    pub(crate) fn new(parts: FleetParts) -> Self {
        Fleet {
            parts,
            relayed: RelayedCameras::default(),
            cameras: Mutex::default(),
        }
    }

    /// Cameras of other airelays.
    pub(crate) fn relayed(&self) -> &RelayedCameras {
        &self.relayed
    }

    /// Settings of a camera: of a running one, or as another airelay told.
    pub(crate) fn settings(&self, camera_id: &CameraId) -> Option<Arc<CameraSettings>> {
        match self.get(camera_id) {
            Some(camera) => Some(camera.current_settings()),
            None => Some(Arc::clone(&self.relayed.get(camera_id)?.settings)),
        }
    }

    /// Starts a camera, or gives a running one other settings.
    pub(crate) fn put(&self, settings: CameraSettings) {
        let settings = Arc::new(settings);
        let mut cameras = self.lock();
        if let Some(member) = cameras.get(&settings.camera_id) {
            member.runtime.settings.send_replace(settings);
            return;
        }
        let clips = self.parts.clips.camera(&settings.camera_id);
        let runtime = Arc::new(CameraRuntime::new(Arc::clone(&settings), clips));
        self.parts.scheduler.add(&settings.camera_id);
        let stop = CancellationToken::new();
        let pull = Arc::clone(&runtime).pull(
            Arc::clone(&self.parts.scheduler),
            Arc::clone(&self.parts.clock),
            random_seed().unwrap_or_default(),
            stop.clone(),
        );
        let task = self.parts.runtime.spawn(pull);
        cameras.insert(
            settings.camera_id.clone(),
            Member {
                runtime,
                stop,
                task,
            },
        );
        self.parts.clips.share_among(cameras.len());
    }

    /// Stops a camera and ends its open events.
    pub(crate) async fn remove(&self, camera_id: &CameraId) {
        let member = self.lock().remove(camera_id);
        if let Some(member) = member {
            self.parts.clips.share_among(self.lock().len());
            self.parts.scheduler.remove(camera_id);
            self.retire(member).await;
        }
    }

    /// Stops all sources. Call before the workers stop.
    pub(crate) fn stop_sources(&self) {
        let members: Vec<_> = {
            let cameras = self.lock();
            cameras.values().map(|member| member.stop.clone()).collect()
        };
        for stop in members {
            stop.cancel();
        }
    }

    /// Ends all open events. Call after the workers stopped.
    pub(crate) async fn finish(&self) {
        let members = std::mem::take(&mut *self.lock());
        for member in members.into_values() {
            self.retire(member).await;
        }
    }

    /// The running camera of this name.
    pub(crate) fn get(&self, camera_id: &CameraId) -> Option<Arc<CameraRuntime>> {
        self.lock()
            .get(camera_id)
            .map(|member| Arc::clone(&member.runtime))
    }

    /// All running cameras, by name.
    pub(crate) fn all(&self) -> Vec<Arc<CameraRuntime>> {
        self.lock()
            .values()
            .map(|member| Arc::clone(&member.runtime))
            .collect()
    }

    /// What one camera is doing.
    pub(crate) fn status(&self, camera: &CameraRuntime) -> CameraStatus {
        let dropped = self.parts.scheduler.n_overwritten(&camera.camera_id);
        camera.status.status(self.parts.clock.now(), dropped)
    }

    /// Sums and drops of one camera, for `/metrics`.
    pub(crate) fn sums(&self, camera: &CameraRuntime) -> (CameraSums, u64) {
        let dropped = self.parts.scheduler.n_overwritten(&camera.camera_id);
        (camera.status.sums(), dropped)
    }

    async fn retire(&self, member: Member) {
        member.stop.cancel();
        let mut task = member.task;
        if tokio::time::timeout(STOP_WITHIN, &mut task).await.is_err() {
            warn!(camera = %member.runtime.camera_id, "source still running: cut off");
            task.abort();
        }
        let runtime = member.runtime;
        let now = self.parts.clock.now();
        let step = runtime
            .stages()
            .take()
            .map(|mut stages| (stages.pipeline.finish(now), stages.scenes.take()));
        if let Some((step, scenes)) = step {
            self.store(&runtime, step, scenes, now);
        }
    }

    /// What alarms of a camera keep of its pictures from these steps on.
    pub(crate) fn claims(&self, batch: &Batch) -> Vec<Clip> {
        let runtime = self.get(&batch.camera_id);
        runtime.map_or_else(Vec::new, |runtime| {
            let settings = runtime.current_settings();
            runtime.clips.note(&batch.events, &settings.clips)
        })
    }

    fn run_work(&self, runtime: &CameraRuntime, work: Work, engine: &mut Engine) -> JobOutcome {
        let mut slot = runtime.stages();
        let settings = runtime.current_settings();
        let now = match &work {
            Work::Frame(frame) => frame.captured_at,
            Work::Tick(now) => *now,
        };
        if slot.is_none() {
            *slot = self.make_stages(&settings);
            self.read_examples(runtime, &settings);
        }
        let Some(stages) = slot.as_mut() else {
            return JobOutcome::Done;
        };
        self.extend_track_ids(&runtime.camera_id, stages);
        let pipeline = &mut stages.pipeline;
        pipeline.use_input(self.parts.engines.input_px());
        let taught = runtime.taught.borrow().clone();
        if let Some(taught) = taught
            && !Arc::ptr_eq(pipeline.programs().taught(), &taught)
        {
            pipeline.programs_mut().teach(taught);
        }
        if !Arc::ptr_eq(pipeline.settings(), &settings) {
            let step = pipeline.apply(settings, now);
            stages.open_events.update(&step.events);
            self.store(runtime, step, Vec::new(), now);
        }
        match work {
            Work::Tick(now) => {
                let step = pipeline.tick(now);
                stages.open_events.update(&step.events);
                self.store(runtime, step, Vec::new(), now);
                JobOutcome::Done
            }
            Work::Frame(frame) => {
                let started_at = self.parts.clock.monotonic();
                let mut step = pipeline.step(&frame, engine);
                let spent = self.parts.clock.monotonic().saturating_sub(started_at);
                runtime.status.spent(spent);
                runtime.status.analysed(frame.captured_at, &step);
                let outcome = if step.detect_error.is_some() {
                    JobOutcome::RenewEngine
                } else {
                    JobOutcome::Done
                };
                if let Some(error) = &step.detect_error {
                    error!(error, "detector failed: making a new session");
                }
                stages.open_events.update(&step.events);
                let mut scenes = Vec::new();
                if let Some(scene) = &step.scene {
                    scenes = stages.scenes.add(scene);
                    if !scenes.is_empty() {
                        // Once a minute, so that a power cut loses little.
                        let heat_so_far = stages.pipeline.programs().heat_so_far(now);
                        step.heat_maps.extend(heat_so_far);
                        step.scores = stages.pipeline.programs_mut().take_scores();
                    }
                    runtime.clips.scene(scene);
                    let shared = Arc::new(scene.clone());
                    // Fails when nobody listens.
                    drop(runtime.scenes.send(Arc::clone(&shared)));
                    stages.n_analysed += 1;
                    runtime.live.send_replace(Some(LiveRecord {
                        number: stages.n_analysed,
                        frame,
                        scene: shared,
                        active_zones: step.active_zones.clone(),
                        open_events: stages.open_events.shared(),
                        programs: Arc::new(stages.pipeline.programs().live(scene)),
                    }));
                }
                self.store(runtime, step, scenes, now);
                outcome
            }
        }
    }

    /// `None` when the store cannot reserve track ids; the next frame tries
    /// again.
    fn make_stages(&self, settings: &Arc<CameraSettings>) -> Option<Stages> {
        let made = self.try_make_stages(settings);
        made.inspect_err(|error| error!(error = %format!("{error:#}"), "cannot start the pipeline"))
            .ok()
    }

    fn try_make_stages(&self, settings: &Arc<CameraSettings>) -> anyhow::Result<Stages> {
        let block = self.reserve_track_ids(&settings.camera_id)?;
        let mut pipeline = CameraPipeline::new(
            Arc::clone(settings),
            self.parts.engines.input_px(),
            block.first,
            random_seed()?,
        );
        pipeline
            .programs_mut()
            .measure(Arc::clone(&self.parts.clock));
        pipeline
            .programs_mut()
            .use_shelf(self.parts.extensions.clone());
        pipeline.use_looks(self.parts.looks.clone());
        self.resume_counts(&mut pipeline)?;
        Ok(Stages {
            pipeline,
            scenes: SceneLog::default(),
            open_events: OpenEvents::default(),
            n_analysed: 0,
            track_id_end: block.end,
        })
    }

    /// Reads what people have shown of a camera's states, unless somebody has.
    fn read_examples(&self, runtime: &CameraRuntime, settings: &CameraSettings) {
        if settings.analysis.states.is_empty() || runtime.taught.borrow().is_some() {
            return;
        }
        let read = |reader: &mut store::Reader| crate::states::load(reader, settings);
        match self.parts.storage.read_blocking(read) {
            Ok(taught) => {
                runtime.taught.send_if_modified(|known| {
                    let is_first = known.is_none();
                    known.get_or_insert(taught);
                    is_first
                });
            }
            Err(error) => error!(error = %format!("{error:#}"), "cannot read examples of states"),
        }
    }

    /// Counters go on where the run before stopped.
    fn resume_counts(&self, pipeline: &mut CameraPipeline) -> anyhow::Result<()> {
        let camera_id = pipeline.settings().camera_id.clone();
        let now = self.parts.clock.now();
        let wanted = pipeline.programs().counts_since(now);
        if wanted.is_empty() {
            return Ok(());
        }
        let rows = self.parts.storage.read_blocking(|reader| {
            let mut rows = Vec::new();
            for (rule_id, since) in wanted {
                rows.extend(reader.list_counts(&camera_id, rule_id, since, now)?);
            }
            Ok(rows)
        })?;
        pipeline.programs_mut().resume_counts(&rows, now);
        Ok(())
    }

    fn reserve_track_ids(&self, camera_id: &CameraId) -> anyhow::Result<TrackIdBlock> {
        let camera_id = camera_id.clone();
        self.parts
            .storage
            .write_blocking(move |store| store.reserve_track_ids(&camera_id, TRACK_IDS_AT_ONCE))
    }

    /// Reserves the next block before this one is used up. Blocks follow each
    /// other, since nobody else reserves for a running camera.
    fn extend_track_ids(&self, camera_id: &CameraId, stages: &mut Stages) {
        if stages.pipeline.next_track_id().0 + TRACK_IDS_LEFT < stages.track_id_end.0 {
            return;
        }
        match self.reserve_track_ids(camera_id) {
            Ok(block) => stages.track_id_end = block.end,
            Err(error) => warn!(error = %format!("{error:#}"), "reserve track ids: trying again"),
        }
    }

    fn store(&self, runtime: &CameraRuntime, step: Step, scenes: Vec<Scene>, now: Timestamp) {
        let camera_id = &runtime.camera_id;
        self.log_faults(camera_id, step.faults, now);
        let heat_maps = step.heat_maps.into_iter();
        let settings = runtime.current_settings();
        let candidates = step.candidates.into_iter().filter_map(|(candidate, jpeg)| {
            let parts = &settings.analysis.states;
            let detector_id = candidate.detector_id;
            let mut parts = parts.iter();
            let part = parts.find(|part| part.detector.detector_id == detector_id)?;
            Some(NewStatePicture {
                camera_id: camera_id.clone(),
                detector_id,
                captured_at: now,
                is_grey: candidate.is_grey,
                region: crate::states::region_key(&part.polygon),
                look: candidate.look,
                jpeg,
            })
        });
        let records = Records {
            candidates: candidates.collect(),
            states: (!step.states.is_empty()).then(|| (camera_id.clone(), step.states)),
            counts: step.counts,
            sightings: step.sightings,
            heat_maps: heat_maps.map(|map| (camera_id.clone(), map)).collect(),
            scores: (!step.scores.is_empty()).then(|| (camera_id.clone(), now, step.scores)),
            health: step.health.map(|minute| (camera_id.clone(), minute)),
            clips: runtime.clips.note(&step.events, &settings.clips),
            scenes: (!scenes.is_empty()).then(|| (camera_id.clone(), scenes)),
        };
        if step.events.is_empty() && step.best_shots.is_empty() && records.is_empty() {
            return;
        }
        let batch = Batch {
            camera_id: camera_id.clone(),
            events: step.events,
            best_shots: step.best_shots,
            now,
        };
        self.parts.storage.append(batch, records);
    }

    /// Stops of installed programs belong into the control log; a worker does
    /// not wait for it.
    fn log_faults(&self, camera_id: &CameraId, faults: Vec<ExtensionFault>, now: Timestamp) {
        for fault in faults {
            let entry = AuditEntry {
                who: "airelay".to_owned(),
                what: format!("stopped program {} on camera {camera_id}", fault.id),
                before: None,
                after: Some(fault.text),
            };
            let storage = self.parts.storage.clone();
            self.parts.runtime.spawn(async move {
                let written = storage
                    .write(move |store| store.append_control(&entry, now))
                    .await;
                if let Err(error) = written {
                    error!(error = %format!("{error:#}"), "control log row lost");
                }
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CameraId, Member>> {
        self.cameras.lock().expect("no holder of this lock panics")
    }
}

impl JobRunner for Fleet {
    fn run(&self, job: Job, engine: &mut Engine) -> JobOutcome {
        let Some(runtime) = self.get(&job.camera_id) else {
            return JobOutcome::Done;
        };
        let _span = info_span!("camera", id = %job.camera_id).entered();
        self.run_work(&runtime, job.work, engine)
    }

    fn panicked(&self, camera_id: &CameraId, message: &str) {
        error!(camera = %camera_id, message, "pipeline panicked: rebuilding it");
        if let Some(runtime) = self.get(camera_id) {
            runtime.status.panicked();
        }
    }
}
