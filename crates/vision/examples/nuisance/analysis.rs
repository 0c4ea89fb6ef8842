//! The road of one camera as the program drives it, and the watch beside it.
//!
//! In: frames, the truth about them. Out: a tally of what was said.

use sim::street::TruthBox;
use types::{EncodedFrame, Scene, TrackId};
use vision::decode::FrameDecoder;
use vision::detect::Detector;
use vision::motion::{MotionConfig, MotionGate};
use vision::regions::{RegionConfig, RegionPlanner};
use vision::track::{Tracker, TrackerConfig};
use vision::watch::{PictureWatch, StillChanges};

use crate::tally::Tally;

pub(crate) struct Analysis {
    detector: Option<Detector>,
    decoder: jpeg::Decoder,
    frames: FrameDecoder,
    motion: MotionGate,
    regions: RegionPlanner,
    tracker: Tracker,
    picture: PictureWatch,
    still: StillChanges,
    last_scene: Scene,
    pub(crate) tally: Tally,
}

impl Analysis {
    pub(crate) fn new(detector: Option<Detector>) -> anyhow::Result<Self> {
        let px = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let config = detector.as_ref().map_or_else(RegionConfig::default, |one| {
            let input = &one.manifest().input;
            RegionConfig::for_input(px(input.width_px), px(input.height_px))
        });
        Ok(Analysis {
            detector,
            decoder: jpeg::Decoder::new(jpeg::Limits::default())?,
            frames: FrameDecoder::new(),
            motion: MotionGate::new(MotionConfig::default()),
            regions: RegionPlanner::new(config),
            tracker: Tracker::new(TrackerConfig::default(), TrackId(1)),
            picture: PictureWatch::new(),
            still: StillChanges::new(),
            last_scene: Scene::default(),
            tally: Tally::default(),
        })
    }

    pub(crate) fn step(&mut self, frame: &EncodedFrame, truth: &[TruthBox]) -> anyhow::Result<()> {
        let at = frame.captured_at;
        let image = self.frames.decode(frame, &mut self.decoder)?;
        let motion = self.motion.update(image, at);
        let tracks = &self.last_scene.tracks;
        let mut n_looks = 0;
        let sight = match &mut self.detector {
            Some(detector) => {
                let regions = self.regions.plan(at, image, &motion, tracks);
                n_looks = regions.len();
                detector.look_at(&regions, image, &frame.jpeg, &mut self.decoder)?
            }
            None => None,
        };
        self.tracker.set_picture_px(image.size_px());
        self.last_scene = self
            .tracker
            .update(at, frame.seq, sight.as_ref(), &motion.summary);
        let tracks = &self.last_scene.tracks;
        self.last_scene.picture = self.picture.update(image, at, tracks);
        self.last_scene.still_changes = self.still.update(image, at, tracks);
        self.tally
            .add(&self.last_scene, motion.is_open, n_looks, truth);
        Ok(())
    }
}
