//! The road of one camera as the program drives it, up to the scene.
//!
//! In: frames and a detector, real or scripted. Out: scenes, and how often
//! the detector looked.

use anyhow::Context as _;
use sim::street::TruthBox;
use types::{EncodedFrame, Scene, TrackId};
use vision::decode::FrameDecoder;
use vision::detect::Detector;
use vision::motion::{MotionConfig, MotionGate};
use vision::regions::{RegionConfig, RegionPlanner};
use vision::track::{Tracker, TrackerConfig};

use crate::scripted::Scripted;

/// Who finds the objects.
#[derive(Debug)]
pub(crate) enum Finder {
    Model(Box<Detector>),
    Scripted(Scripted),
}

impl Finder {
    /// Width and height of a whole look's input, pixels.
    fn input_px(&self) -> (u32, u32) {
        match self {
            Finder::Model(detector) => {
                let input = &detector.manifest().input;
                let px = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
                (px(input.width_px), px(input.height_px))
            }
            Finder::Scripted(_) => (416, 256),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Road {
    finder: Finder,
    decoder: jpeg::Decoder,
    frames: FrameDecoder,
    motion: MotionGate,
    regions: RegionPlanner,
    tracker: Tracker,
    last_scene: Scene,
    pub(crate) n_looks: u32,
    pub(crate) n_frames: u32,
}

impl Road {
    pub(crate) fn new(finder: Finder) -> anyhow::Result<Self> {
        let (width_px, height_px) = finder.input_px();
        Ok(Road {
            finder,
            decoder: jpeg::Decoder::new(jpeg::Limits::default())?,
            frames: FrameDecoder::new(),
            motion: MotionGate::new(MotionConfig::default()),
            regions: RegionPlanner::new(RegionConfig::for_input(width_px, height_px)),
            tracker: Tracker::new(TrackerConfig::default(), TrackId(1)),
            last_scene: Scene::default(),
            n_looks: 0,
            n_frames: 0,
        })
    }

    pub(crate) fn step(
        &mut self,
        frame: &EncodedFrame,
        truth: &[TruthBox],
    ) -> anyhow::Result<&Scene> {
        let image = self.frames.decode(frame, &mut self.decoder)?;
        let motion = self.motion.update(image, frame.captured_at);
        let tracks = &self.last_scene.tracks;
        let regions = self.regions.plan(frame.captured_at, image, &motion, tracks);
        self.n_looks += u32::try_from(regions.len()).context("looks")?;
        self.n_frames += 1;
        let sight = match &mut self.finder {
            Finder::Model(detector) => {
                detector.look_at(&regions, image, &frame.jpeg, &mut self.decoder)?
            }
            Finder::Scripted(scripted) => scripted.look_at(&regions, image, frame.seq, truth),
        };
        self.tracker.set_picture_px(image.size_px());
        self.last_scene = self.tracker.update(
            frame.captured_at,
            frame.seq,
            sight.as_ref(),
            &motion.summary,
        );
        Ok(&self.last_scene)
    }

    pub(crate) fn looks_per_frame(&self) -> f64 {
        f64::from(self.n_looks) / f64::from(self.n_frames.max(1))
    }
}
