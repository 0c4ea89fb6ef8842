//! Crops worth labelling: objects of the clips, followed by the tracker.
//!
//! In: a detector. Out: lines as `crops` reads them, the object's track as
//! `who`; a person then joins tracks that are one object.
//!
//! Not here: labels.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jpeg::{Decoder, Limits};
use types::{Scene, TrackId, TrackState};
use vision::decode::FrameDecoder;
use vision::detect::{Detector, Manifest, OrtBackend};
use vision::motion::{MotionConfig, MotionGate};
use vision::regions::{RegionConfig, RegionPlanner};
use vision::track::{Tracker, TrackerConfig};

use crate::crops;

const CLIPS: [&str; 4] = [
    "media/one-by-one-person-detection.mp4",
    "media/people-detection.264",
    "media/person-bicycle-car-detection.mp4",
    "media/car-detection.mp4",
];
/// Frames between two crops of one track.
const EVERY: u64 = 5;

pub(crate) fn list(models: &[PathBuf], out: &mut impl Write) -> anyhow::Result<()> {
    let model = models.first().context("collect: --model is needed")?;
    for clip in CLIPS {
        let Some(path) = testkit::shared_data(clip) else {
            continue;
        };
        list_clip(clip, &path, open_detector(model)?, out)?;
    }
    Ok(())
}

fn list_clip(
    clip: &str,
    path: &Path,
    mut detector: Detector,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let input = &detector.manifest().input;
    let (width_px, height_px) = (input.width_px.try_into()?, input.height_px.try_into()?);
    let mut decoder = Decoder::new(Limits::default())?;
    let mut frames = FrameDecoder::new();
    let mut motion = MotionGate::new(MotionConfig::default());
    let mut regions = RegionPlanner::new(RegionConfig::for_input(width_px, height_px));
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scene = Scene::default();
    let mut last_listed: BTreeMap<TrackId, u64> = BTreeMap::new();
    for frame in crops::frames(path)? {
        let frame = frame?;
        let at = frame.captured_at;
        let image = frames.decode(&frame, &mut decoder)?;
        let moved = motion.update(image, at);
        let looks = regions.plan(at, image, &moved, &scene.tracks);
        let sight = detector.look_at(&looks, image, &frame.jpeg, &mut decoder)?;
        tracker.set_picture_px(image.size_px());
        scene = tracker.update(at, frame.seq, sight.as_ref(), &moved.summary);
        for track in &scene.tracks {
            let last = last_listed.get(&track.track_id);
            let is_due = last.is_none_or(|seq| seq + EVERY <= frame.seq);
            let is_seen = track.state == TrackState::Confirmed && track.last_seen_at == at;
            if !is_due || !is_seen {
                continue;
            }
            last_listed.insert(track.track_id, frame.seq);
            let bbox = track.bbox;
            writeln!(
                out,
                "{clip} {:.1} {:.3} {:.3} {:.3} {:.3} {} t{} -",
                crops::since_start(&frame).as_secs_f32(),
                bbox.x1(),
                bbox.y1(),
                bbox.x2(),
                bbox.y2(),
                track.class,
                track.track_id.0,
            )?;
        }
    }
    Ok(())
}

fn open_detector(manifest_file: &Path) -> anyhow::Result<Detector> {
    let text = std::fs::read_to_string(manifest_file)
        .with_context(|| format!("read {}", manifest_file.display()))?;
    let manifest = Manifest::parse(&text)?;
    let model_file = manifest_file.with_file_name(&manifest.file);
    let model =
        std::fs::read(&model_file).with_context(|| format!("read {}", model_file.display()))?;
    manifest.check_model(&model)?;
    let runtime = runtime::onnx_runtime().map_err(|error| anyhow::anyhow!("{error}"))?;
    let backend = OrtBackend::from_bytes(&model, runtime.environment(), &manifest.input.name)?;
    Ok(Detector::new(manifest, Box::new(backend)))
}
