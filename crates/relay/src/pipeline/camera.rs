//! One camera's road: frame -> motion -> regions -> detections -> scene ->
//! events and best shots.
//!
//! In: frames and ticks, one at a time. Out: a [`Step`].
//! Time comes only from the frames and ticks, so the same frames and settings
//! give the same steps, live and in a replay.
//!
//! Not here: threads, storage, live view (`supervise`).

use std::sync::Arc;

use programs::Program as _;
use programs::vmd::{ConfigError, Vmd};
use types::{
    BestShot, Detection, EncodedFrame, Event, EventIds, NormBox, Scene, Timestamp, TrackId, ZoneId,
};
use vision::best_shot::{BestShotConfig, BestShots};
use vision::decode::FrameDecoder;
use vision::detect::{Look, calibrate};
use vision::motion::MotionGate;
use vision::regions::{Region, RegionConfig, RegionPlanner};
use vision::track::{Tracker, TrackerConfig};

use super::Engine;
use crate::settings::CameraSettings;

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
    vmd: Vmd,
    /// Scene of the frame before: regions are planned around its tracks.
    last_scene: Scene,
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
    /// Crops chosen now.
    pub best_shots: Vec<BestShot>,
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
}

impl CameraPipeline {
    /// A pipeline without memory.
    ///
    /// `first_track_id` must be above every id this camera has used.
    ///
    /// # Errors
    /// The rules contradict themselves; checked settings do not.
    pub fn new(
        settings: Arc<CameraSettings>,
        network_input_px: Option<(u32, u32)>,
        first_track_id: TrackId,
        event_ids: EventIds,
    ) -> Result<Self, ConfigError> {
        let vmd = Vmd::new(settings.camera_id.clone(), settings.vmd.clone(), event_ids)?;
        Ok(CameraPipeline {
            decoder: FrameDecoder::new(),
            motion: MotionGate::new(settings.motion.clone()),
            regions: plan_regions_for(network_input_px),
            tracker: Tracker::new(TrackerConfig::default(), first_track_id),
            best_shots: BestShots::new(BestShotConfig::default()),
            vmd,
            last_scene: Scene::default(),
            n_damaged: 0,
            network_input_px,
            settings,
        })
    }

    /// Analyses one frame.
    pub fn step(&mut self, frame: &EncodedFrame, engine: &mut Engine) -> Step {
        let image = match self.decoder.decode(frame, &mut engine.jpeg_decoder) {
            Ok(image) => image,
            Err(error) => {
                return Step {
                    decode_error: Some(error.to_string()),
                    events: self.vmd.tick(frame.captured_at),
                    active_zones: self.vmd.active_zones(),
                    ..Step::default()
                };
            }
        };
        if image.is_damaged {
            self.n_damaged += 1;
        }
        let size_px = (image.full_width_px, image.full_height_px);
        let motion = self.motion.update(image, frame.captured_at);
        let mut n_looks = 0;
        let mut detect_error = None;
        let detections = match &mut engine.detector {
            Some(detector) => {
                let regions =
                    self.regions
                        .plan(frame.captured_at, image, &motion, &self.last_scene.tracks);
                n_looks = u32::try_from(regions.len()).unwrap_or(u32::MAX);
                match look(detector, &regions, image, frame, &mut engine.jpeg_decoder) {
                    Ok(detections) => detections,
                    Err(error) => {
                        detect_error = Some(error);
                        None
                    }
                }
            }
            None => None,
        };
        let scene = self.tracker.update(
            frame.captured_at,
            frame.seq,
            detections.as_deref(),
            &motion.summary,
        );
        let best_shots = self.best_shots.update(
            &scene,
            frame,
            image,
            &mut engine.jpeg_decoder,
            &mut engine.jpeg_encoder,
        );
        let events = self.vmd.update(&scene);
        self.last_scene.clone_from(&scene);
        Step {
            scene: Some(scene),
            events,
            best_shots,
            active_zones: self.vmd.active_zones(),
            size_px: Some(size_px),
            decode_error: None,
            detect_error,
            n_looks,
        }
    }

    /// Lets time pass when no frame comes: events of a silent camera end.
    pub fn tick(&mut self, now: Timestamp) -> Step {
        Step {
            events: self.vmd.tick(now),
            active_zones: self.vmd.active_zones(),
            ..Step::default()
        }
    }

    /// Ends all tracks and open events, for a stop or other settings.
    pub fn finish(&mut self, now: Timestamp) -> Step {
        let scene = self.tracker.finish(now);
        let mut events = self.vmd.update(&scene);
        events.extend(self.vmd.finish(now));
        Step {
            best_shots: self.best_shots.finish(),
            events,
            ..Step::default()
        }
    }

    /// Takes over other settings: events of changed rules end, tracks live on.
    pub fn apply(&mut self, settings: Arc<CameraSettings>, now: Timestamp) -> Step {
        let events = self
            .vmd
            .replace_config(settings.vmd.clone(), now)
            .unwrap_or_else(|error| {
                // Settings were checked before they were stored.
                tracing::error!(%error, "rules refused: keeping the old ones");
                Vec::new()
            });
        if settings.motion != self.settings.motion {
            self.motion = MotionGate::new(settings.motion.clone());
        }
        self.settings = settings;
        Step {
            events,
            ..Step::default()
        }
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

fn plan_regions_for(network_input_px: Option<(u32, u32)>) -> RegionPlanner {
    RegionPlanner::new(
        network_input_px.map_or_else(RegionConfig::default, |(width_px, height_px)| {
            RegionConfig::for_input(width_px, height_px)
        }),
    )
}

/// Runs the detector over the planned regions; `None` when none was planned.
fn look(
    detector: &mut vision::detect::Detector,
    regions: &[Region],
    image: &vision::decode::Image,
    frame: &EncodedFrame,
    jpeg_decoder: &mut jpeg::Decoder,
) -> Result<Option<Vec<Detection>>, String> {
    if regions.is_empty() {
        return Ok(None);
    }
    let mut looks = Vec::new();
    for region in regions {
        match region {
            Region::Whole => looks.push(Look {
                area: NormBox::WHOLE,
                detections: detector.whole(image).map_err(|error| error.to_string())?,
            }),
            Region::Detail { area, scale } => {
                let rect = image.full_rect(*area);
                let (crop, covered, _) = jpeg_decoder
                    .rgb(&frame.jpeg, *scale, Some(rect))
                    .map_err(|error| error.to_string())?;
                let area = image.norm_box(covered);
                let detections = detector
                    .detail(&crop, area)
                    .map_err(|error| error.to_string())?;
                looks.push(Look { area, detections });
            }
        }
    }
    let mut detections = detector.merge(&looks);
    calibrate(&mut detections, &detector.thresholds());
    Ok(Some(detections))
}
