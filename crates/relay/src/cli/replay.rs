//! `airelay replay CLIP`: the same road on a file.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use types::{CameraId, Count, Sighting, Timestamp};

use super::say;
use crate::config::Config;
use crate::looks::LooksDesk;
use crate::models::{ModelFolder, engine_factory, rten_factory};
use crate::pipeline::{EngineFactory, Step};
use crate::replay::{ReplayInput, replay};
use crate::settings::AnalysisDocument;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Folder of JPEGs, .mjpeg file, or any clip that ffmpeg reads
    clip: PathBuf,
    /// Zones, masks and rules (TOML or JSON)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Frames per second to take from the clip
    #[arg(long, default_value_t = 5.0)]
    fps: f32,
    /// Scale frames to this size, such as 1920x1080
    #[arg(long, value_parser = parse_size)]
    size: Option<(u32, u32)>,
    /// Time of the first frame, UTC
    #[arg(long, default_value = "2026-01-01T00:00:00Z", value_parser = parse_time)]
    start_at: Timestamp,
    /// Run the detector with rten even where ONNX Runtime is there
    #[arg(long)]
    rten: bool,
    /// Also print every scene
    #[arg(long)]
    scenes: bool,
}

pub(super) fn run(config: &Config, args: &ReplayArgs) -> anyhow::Result<()> {
    let document = match &args.settings {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("read {}", file.display()))?;
            AnalysisDocument::parse(&text).with_context(|| file.display().to_string())?
        }
        None => AnalysisDocument::default(),
    };
    let camera_id = CameraId::new("clip")?;
    let input = ReplayInput {
        clip: args.clip.clone(),
        fps: Some(args.fps),
        size_px: args.size,
        start_at: args.start_at,
        settings: document.resolve(&camera_id)?,
        looks: LooksDesk::open(&config.data_dir).shelf().clone(),
    };
    let model = ModelFolder::new(&config.data_dir).open(config.model.as_deref())?;
    let factory = match model {
        Some(model) if args.rten => rten_factory(model),
        Some(model) => engine_factory(model).0,
        None => EngineFactory::motion_only(),
    };
    let mut engine = factory.make()?;
    let input_px = factory.input_px();
    let summary = replay(&input, input_px, &mut engine, |step| {
        print(step, args.scenes);
    })?;
    say(&json!({
        "summary": {
            "detector": factory.facts().map(|facts| facts.name),
            "frames": summary.n_frames,
            "decode_errors": summary.n_decode_errors,
            "looks": summary.n_looks,
            "tracks": summary.tracks,
            "events": summary.events,
            "best_shots": summary.n_best_shots,
        }
    })
    .to_string());
    Ok(())
}

fn print(step: &Step, scenes: bool) {
    if let Some(scene) = step.scene.as_ref().filter(|_| scenes) {
        let tracks: Vec<_> = scene
            .tracks
            .iter()
            .map(|track| {
                let bbox = track.bbox;
                json!({
                    "id": track.track_id.0,
                    "class": track.class.name(),
                    "state": format!("{:?}", track.state).to_lowercase(),
                    "score": track.score,
                    "bbox": [bbox.x1(), bbox.y1(), bbox.x2(), bbox.y2()],
                })
            })
            .collect();
        say(&json!({
            "scene": {
                "seq": scene.frame_seq,
                "captured_at": scene.captured_at.to_string(),
                "is_detected": scene.is_detected,
                "changed_share": scene.motion.changed_share,
                "tracks": tracks,
            }
        })
        .to_string());
    }
    step.counts.iter().for_each(print_count);
    let told_last = step.sightings.iter().filter(|sighting| sighting.is_final);
    told_last.for_each(print_sighting);
    for event in &step.events {
        say(&json!({
            "event": {
                "id": event.event_id.to_string(),
                "phase": event.phase.name(),
                "kind": event.kind.name(),
                "rule": event.rule_name,
                "zone": event.zone_id.map(|zone| zone.0),
                "at": event.at.to_string(),
                "started_at": event.started_at.to_string(),
                "ended_at": event.ended_at.map(|at| at.to_string()),
                "track": event.track_id.map(|track| track.0),
                "class": event.class.map(types::Class::name),
                "score": event.score,
                "why": event.why.iter().map(|gate| format!("{}: {}", gate.name, gate.outcome)).collect::<Vec<_>>(),
            }
        })
        .to_string());
    }
}

fn print_sighting(sighting: &Sighting) {
    let appearance = &sighting.appearance;
    say(&json!({
        "sighting": {
            "program": sighting.program.name(),
            "track": sighting.track_id.0,
            "class": sighting.class.name(),
            "score": sighting.score,
            "first_seen_at": sighting.first_seen_at.to_string(),
            "last_seen_at": sighting.last_seen_at.to_string(),
            "heading_deg": sighting.heading_deg,
            "speed_mps": sighting.speed_mps,
            "zones": sighting.zone_ids.iter().map(|zone| zone.0).collect::<Vec<_>>(),
            "lines": sighting.line_ids.iter().map(|line| line.0).collect::<Vec<_>>(),
            "attributes": appearance.attributes.iter().map(|attribute| json!({
                "name": attribute.name,
                "value": &*attribute.value,
                "likelihood": attribute.likelihood,
            })).collect::<Vec<_>>(),
            "vectors_of": appearance.embeddings.iter().map(|e| e.maker.to_string()).collect::<Vec<_>>(),
        }
    })
    .to_string());
}

fn print_count(count: &Count) {
    say(&json!({
        "count": {
            "rule_id": count.rule_id.0,
            "metric": count.metric.name(),
            "class": count.class.map(types::Class::name),
            "from": count.from.to_string(),
            "until": count.until.to_string(),
            "value": count.value,
        }
    })
    .to_string());
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    text.split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .filter(|&(width, height)| (16..=8_192).contains(&width) && (16..=8_192).contains(&height))
        .ok_or_else(|| format!("{text:?}: expected a size such as 1920x1080"))
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())
}
