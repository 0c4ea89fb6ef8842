//! One camera's road: frame -> motion -> regions -> detections -> scene ->
//! events and best shots.
//!
//! In: frames and ticks, one at a time. Out: a [`Step`].
//! Time comes only from the frames and ticks, so the same frames and settings
//! give the same steps, live and in a replay.
//!
//! Not here: threads, storage, live view (`supervise`).

use std::sync::Arc;

use programs::Output;
use programs::health::HealthLog;
use programs::occupancy::HeatMap;
use programs::state::Candidate;
use types::{
    BestShot, Count, EncodedFrame, Event, HealthMinute, MotionSummary, Phase, Scene, ScoreCount,
    Sighting, StateChange, Timestamp, Track, TrackId, ZoneId,
};
use vision::best_shot::{BestShotConfig, BestShots};
use vision::decode::FrameDecoder;
use vision::motion::MotionGate;
use vision::regions::{RegionConfig, RegionPlanner};
use vision::rest::Rests;
use vision::states::RegionWatch;
use vision::track::{Tracker, TrackerConfig};
use vision::watch::{PictureWatch, StillChanges};

use super::programs::WantedLooks;
use super::{Engine, ExtensionFault, LooksShelf, ProgramSet};
use crate::settings::CameraSettings;

/// Quality of pictures of states: they may have to be looked at anew.
const SMALL_QUALITY: u8 = 85;

/// The stages of one camera and what they remember.
#[derive(Debug)]
pub struct CameraPipeline {
    settings: Arc<CameraSettings>,
    network_input_px: Option<(u32, u32)>,
    decoder: FrameDecoder,
    motion: MotionGate,
    regions: RegionPlanner,
    tracker: Tracker,
    best_shots: BestShots,
    looks: LooksShelf,
    /// By which models, and what, shots are described; `None`: not at all.
    described: Option<(u64, WantedLooks)>,
    /// Number of the looks that the programs compare visitors by.
    compared: u64,
    picture: PictureWatch,
    still: StillChanges,
    regions_of_states: RegionWatch,
    programs: ProgramSet,
    /// Scene of the frame before: regions are planned around its tracks.
    last_scene: Scene,
    rests: Rests,
    health: HealthLog,
    size_px: Option<(u32, u32)>,
    n_damaged: u64,
}

/// What one frame or tick brought.
#[derive(Debug, Default)]
pub struct Step {
    /// What was observed; `None` when the frame could not be decoded, or for
    /// a tick.
    pub scene: Option<Scene>,
    /// What the rules decided, in order.
    pub events: Vec<Event>,
    /// Numbers of intervals that are over.
    pub counts: Vec<Count>,
    /// What is known of followed objects.
    pub sightings: Vec<Sighting>,
    /// Learnt states that became others.
    pub states: Vec<StateChange>,
    /// Pictures worth labelling, each as a small JPEG.
    pub candidates: Vec<(Candidate, Vec<u8>)>,
    /// Heat maps of hours that are over, or of the hour that is cut.
    pub heat_maps: Vec<HeatMap>,
    /// Crops chosen now.
    pub best_shots: Vec<BestShot>,
    /// How healthy the scene was in a minute that is over, or cut.
    pub health: Option<HealthMinute>,
    /// How sure the detector was of objects that are gone; told by the minute.
    pub scores: Vec<ScoreCount>,
    /// Installed programs that were stopped.
    pub faults: Vec<ExtensionFault>,
    /// Zones in which an event is open.
    pub active_zones: Vec<ZoneId>,
    /// Pixels of the whole frame, when it was decoded.
    pub size_px: Option<(u32, u32)>,
    /// Why the frame could not be used.
    pub decode_error: Option<String>,
    /// Why the detector gave nothing although it was asked.
    pub detect_error: Option<String>,
    /// Times the detector ran.
    pub n_looks: u32,
    /// The frame was not decoded: nothing had changed just before.
    pub is_rest: bool,
}

impl CameraPipeline {
    /// A pipeline without memory.
    ///
    /// `first_track_id` must be above every id this camera has used. Equal
    /// seeds, frames and settings give equal events.
    pub fn new(
        settings: Arc<CameraSettings>,
        network_input_px: Option<(u32, u32)>,
        first_track_id: TrackId,
        event_seed: u64,
    ) -> Self {
        CameraPipeline {
            decoder: FrameDecoder::new(),
            motion: MotionGate::new(settings.motion.clone()),
            regions: plan_regions_for(network_input_px),
            tracker: Tracker::new(TrackerConfig::default(), first_track_id),
            best_shots: BestShots::new(BestShotConfig::default()),
            looks: LooksShelf::default(),
            described: None,
            compared: 0,
            picture: PictureWatch::new(),
            still: StillChanges::new(),
            regions_of_states: regions_of(&settings),
            programs: ProgramSet::new(&settings, event_seed, None),
            last_scene: Scene::default(),
            rests: Rests::default(),
            health: HealthLog::default(),
            size_px: None,
            n_damaged: 0,
            network_input_px,
            settings,
        }
    }

    /// Analyses one frame.
    pub fn step(&mut self, frame: &EncodedFrame, engine: &mut Engine) -> Step {
        if self.may_rest(frame) {
            return self.rest(frame);
        }
        let followed = self.follow_looks(frame.captured_at);
        let image = match self.decoder.decode(frame, &mut engine.jpeg_decoder) {
            Ok(image) => image,
            Err(error) => {
                let mut step = self.tick(frame.captured_at);
                step.counts.extend(followed.counts);
                step.decode_error = Some(error.to_string());
                return step;
            }
        };
        if image.is_damaged {
            self.n_damaged += 1;
        }
        let size_px = image.size_px();
        self.tracker.set_picture_px(size_px);
        let is_other_shape = self.size_px.replace(size_px) != Some(size_px);
        let motion = self.motion.update(image, frame.captured_at);
        let is_calm = motion.is_stable && !motion.is_open && motion.summary.changed_share <= 0.0;
        self.rests.looked(frame, is_calm);
        let mut n_looks = 0;
        let mut detect_error = None;
        let sight = match &mut engine.detector {
            Some(detector) => {
                let regions =
                    self.regions
                        .plan(frame.captured_at, image, &motion, &self.last_scene.tracks);
                n_looks = u32::try_from(regions.len()).unwrap_or(u32::MAX);
                detector
                    .look_at(&regions, image, &frame.jpeg, &mut engine.jpeg_decoder)
                    .unwrap_or_else(|error| {
                        detect_error = Some(error.to_string());
                        None
                    })
            }
            None => None,
        };
        let mut scene = self.tracker.update(
            frame.captured_at,
            frame.seq,
            sight.as_ref(),
            &motion.summary,
        );
        scene.picture = self.picture.update(image, frame.captured_at, &scene.tracks);
        scene.still_changes = self.still.update(image, frame.captured_at, &scene.tracks);
        if self.programs.looks_at_regions() {
            scene.region_looks = self.regions_of_states.update(image, &scene);
        }
        let best_shots = self.best_shots.update(
            &scene,
            frame,
            image,
            &mut engine.jpeg_decoder,
            &mut engine.jpeg_encoder,
        );
        let mut output = followed;
        if is_other_shape {
            output.append(self.fit_programs(size_px, frame.captured_at));
        }
        output.append(self.programs.update(&scene, &best_shots));
        self.last_scene.clone_from(&scene);
        let health = self.health.add(scene.captured_at, &scene.picture);
        let candidates = std::mem::take(&mut output.candidates);
        Step {
            scene: Some(scene),
            health,
            best_shots,
            candidates: with_pictures(candidates, frame, engine),
            size_px: Some(size_px),
            detect_error,
            n_looks,
            ..self.told(output)
        }
    }

    /// Tells the programs the picture's shape: directions and sizes go by it.
    fn fit_programs(&mut self, (width_px, height_px): (u32, u32), now: Timestamp) -> Output {
        let aspect = width_px.max(1) as f32 / height_px.max(1) as f32;
        let analysis = &self.settings.analysis;
        self.programs.apply(analysis, Some(aspect), now)
    }

    fn told(&mut self, output: Output) -> Step {
        for event in &output.events {
            if let (Phase::Begin, Some(track_id)) = (event.phase, event.track_id) {
                self.best_shots.alarmed(track_id, event.at);
            }
        }
        Step {
            events: output.events,
            counts: output.counts,
            sightings: output.sightings,
            states: output.states,
            heat_maps: self.programs.take_heat_maps(),
            faults: self.programs.take_faults(),
            active_zones: self.programs.active_zones(),
            ..Step::default()
        }
    }

    /// Looks are described only while somebody wants to know them, and by the
    /// models that are in use now.
    fn follow_looks(&mut self, now: Timestamp) -> Output {
        let number = self.looks.number();
        let wanted = self.programs.wanted_looks();
        let described = wanted.map(|wanted| (number, wanted));
        if described != self.described {
            let describer = described
                .as_ref()
                .map(|(_, wanted)| self.looks.current().0.telling(wanted.iter().copied()));
            self.best_shots.set_describer(describer);
            self.described = described;
        }
        if number == self.compared {
            return Output::default();
        }
        self.compared = number;
        self.programs.compare_by(self.looks.current().1);
        self.programs.apply(&self.settings.analysis, None, now)
    }

    /// Describes looks from now on with what is on this shelf.
    pub fn use_looks(&mut self, shelf: LooksShelf) {
        self.looks = shelf;
        // An empty shelf has the number that it began with.
        (self.described, self.compared) = (None, 0);
    }

    fn may_rest(&mut self, frame: &EncodedFrame) -> bool {
        let is_still = |track: &Track| track.is_stationary;
        self.last_scene.tracks.iter().all(is_still) && self.rests.may_rest(frame)
    }

    /// A frame that is not looked at: all is as it was.
    fn rest(&mut self, frame: &EncodedFrame) -> Step {
        let nothing = MotionSummary::default();
        let mut scene = self
            .tracker
            .update(frame.captured_at, frame.seq, None, &nothing);
        scene.picture.clone_from(&self.last_scene.picture);
        scene
            .still_changes
            .clone_from(&self.last_scene.still_changes);
        let output = self.programs.update(&scene, &[]);
        self.last_scene.clone_from(&scene);
        let health = self.health.add(scene.captured_at, &scene.picture);
        Step {
            scene: Some(scene),
            health,
            size_px: self.size_px,
            is_rest: true,
            ..self.told(output)
        }
    }

    /// Lets time pass when no frame comes: events of a silent camera end.
    pub fn tick(&mut self, now: Timestamp) -> Step {
        let output = self.programs.tick(now);
        self.told(output)
    }

    /// Ends all tracks and open events, for a stop or other settings.
    pub fn finish(&mut self, now: Timestamp) -> Step {
        let scene = self.tracker.finish(now);
        let best_shots = self.best_shots.finish();
        let mut output = self.programs.update(&scene, &best_shots);
        let heat_so_far = self.programs.heat_so_far(now);
        output.append(self.programs.finish(now));
        let mut step = self.told(output);
        step.heat_maps.extend(heat_so_far);
        Step {
            best_shots,
            health: self.health.take(),
            scores: self.programs.take_scores(),
            ..step
        }
    }

    /// Takes over other settings: events of changed rules end, tracks live on.
    pub fn apply(&mut self, settings: Arc<CameraSettings>, now: Timestamp) -> Step {
        let output = self.programs.apply(&settings.analysis, None, now);
        if settings.motion != self.settings.motion {
            self.motion = MotionGate::new(settings.motion.clone());
        }
        let has_other_regions = settings.analysis.states != self.settings.analysis.states;
        self.settings = settings;
        if has_other_regions {
            self.regions_of_states = regions_of(&self.settings);
        }
        self.told(output)
    }

    /// All programs of the camera.
    pub fn programs(&self) -> &ProgramSet {
        &self.programs
    }

    /// All programs of the camera, to go on counting after a restart.
    pub fn programs_mut(&mut self) -> &mut ProgramSet {
        &mut self.programs
    }

    /// The newest scene.
    pub fn last_scene(&self) -> &Scene {
        &self.last_scene
    }

    /// Plans regions for the input of another detector, where it is another.
    pub fn use_input(&mut self, network_input_px: Option<(u32, u32)>) {
        if self.network_input_px != network_input_px {
            self.network_input_px = network_input_px;
            self.regions = plan_regions_for(network_input_px);
        }
    }

    /// Settings in use.
    pub fn settings(&self) -> &Arc<CameraSettings> {
        &self.settings
    }

    /// Lowest id that no track of this pipeline has.
    pub fn next_track_id(&self) -> TrackId {
        self.tracker.next_track_id()
    }

    /// Frames that were damaged but usable.
    pub fn n_damaged(&self) -> u64 {
        self.n_damaged
    }
}

fn regions_of(settings: &CameraSettings) -> RegionWatch {
    let mut watch = RegionWatch::new();
    let parts = settings.analysis.states.iter();
    watch.set_regions(parts.map(|part| (part.detector.detector_id, &part.polygon)));
    watch
}

/// Pictures for labelling; one that cannot be made small is left out.
fn with_pictures(
    candidates: Vec<Candidate>,
    frame: &EncodedFrame,
    engine: &mut Engine,
) -> Vec<(Candidate, Vec<u8>)> {
    if candidates.is_empty() {
        return Vec::new();
    }
    match small_picture(
        &frame.jpeg,
        &mut engine.jpeg_decoder,
        &mut engine.jpeg_encoder,
    ) {
        Ok(jpeg) if jpeg.len() > store::MAX_STATE_PICTURE_BYTES => {
            tracing::debug!(len_bytes = jpeg.len(), "picture for labelling is too large");
            Vec::new()
        }
        Ok(jpeg) => {
            let candidates = candidates.into_iter();
            candidates
                .map(|candidate| (candidate, jpeg.clone()))
                .collect()
        }
        Err(error) => {
            tracing::warn!(%error, "picture for labelling left out");
            Vec::new()
        }
    }
}

/// A frame as a JPEG of the scale at which it is analysed.
///
/// # Errors
/// The frame is no JPEG, or broken beyond use.
pub(crate) fn small_picture(
    jpeg: &[u8],
    decoder: &mut jpeg::Decoder,
    encoder: &mut jpeg::Encoder,
) -> Result<Vec<u8>, jpeg::Error> {
    let header = jpeg::read_header(jpeg)?;
    let scale = vision::decode::scale_for(header.width_px);
    let (picture, ..) = decoder.rgb(jpeg, scale, None)?;
    encoder.rgb(&picture, SMALL_QUALITY)
}

fn plan_regions_for(network_input_px: Option<(u32, u32)>) -> RegionPlanner {
    RegionPlanner::new(
        network_input_px.map_or_else(RegionConfig::default, |(width_px, height_px)| {
            RegionConfig::for_input(width_px, height_px)
        }),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::CameraId;

    use super::*;
    use crate::pipeline::EngineFactory;
    use crate::settings::AnalysisDocument;

    fn pipeline() -> (CameraPipeline, Engine) {
        let camera_id = CameraId::new("gate").unwrap();
        let settings = AnalysisDocument::default().resolve(&camera_id).unwrap();
        let pipeline = CameraPipeline::new(settings, None, TrackId(1), 0);
        (pipeline, EngineFactory::motion_only().make().unwrap())
    }

    /// A grey picture, with a dark object or without, at `idx` / 5 seconds.
    fn frame(idx: u64, has_object: bool, engine: &mut Engine) -> EncodedFrame {
        let mut picture = jpeg::RgbImage::new(640, 360);
        picture.data.fill(128);
        if has_object {
            for row in picture.data.chunks_exact_mut(640 * 3).skip(150).take(90) {
                row[900..1_000].fill(20);
            }
        }
        EncodedFrame {
            seq: idx,
            captured_at: Timestamp::from_secs(1_000)
                .saturating_add(Duration::from_millis(200 * idx)),
            jpeg: engine.jpeg_encoder.rgb(&picture, 80).unwrap().into(),
        }
    }

    #[test]
    fn still_camera_rests_in_every_other_frame_and_sees_who_comes_within_half_a_second() {
        for comes_at in 60..64 {
            let (mut pipeline, mut engine) = pipeline();
            let mut n_rests = 0;
            for idx in 0..comes_at {
                let frame = frame(idx, false, &mut engine);
                n_rests += u64::from(pipeline.step(&frame, &mut engine).is_rest);
            }
            assert!((20..=30).contains(&n_rests), "{n_rests} of {comes_at}");
            let seen = (comes_at..comes_at + 3).position(|idx| {
                let frame = frame(idx, true, &mut engine);
                let scene = pipeline.step(&frame, &mut engine).scene.unwrap();
                !scene.motion.boxes.is_empty()
            });
            assert!(seen.is_some_and(|n_frames| n_frames <= 1), "{seen:?}");
        }
    }
}
