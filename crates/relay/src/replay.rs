//! The same road on a file: deterministic, as fast as it goes.
//!
//! In: a clip and settings. Out: events as they are decided, and a summary.
//! Same clip, settings and model, same events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use source::replay::{self as clips, ReplayOptions};
use types::{Class, Event, Timestamp, TrackId, TrackState};

use crate::pipeline::{CameraPipeline, Engine, LooksShelf, Step};
use crate::settings::CameraSettings;

/// What to replay.
#[derive(Clone, Debug)]
pub struct ReplayInput {
    /// Folder of JPEGs, MJPEG file, or anything ffmpeg reads.
    pub clip: PathBuf,
    /// Frames per second to take; the clip's own when absent.
    pub fps: Option<f32>,
    /// Size to scale to; the clip's own when absent.
    pub size_px: Option<(u32, u32)>,
    /// Time of the first frame.
    pub start_at: Timestamp,
    /// Zones and rules.
    pub settings: Arc<CameraSettings>,
    /// Models that describe looks; empty: none.
    pub looks: LooksShelf,
}

/// What a replay found, in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplaySummary {
    /// Frames read.
    pub n_frames: u64,
    /// Frames that could not be decoded.
    pub n_decode_errors: u64,
    /// Times the detector looked.
    pub n_looks: u64,
    /// Confirmed tracks by class, as of their last scene.
    pub tracks: BTreeMap<&'static str, u64>,
    /// Events begun, by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Best shots cut.
    pub n_best_shots: u64,
}

/// Replays a clip; `on_step` sees every step, the closing one included.
///
/// # Errors
/// The clip cannot be read, or the detector fails.
pub fn replay(
    input: &ReplayInput,
    network_input_px: Option<(u32, u32)>,
    engine: &mut Engine,
    mut on_step: impl FnMut(&Step),
) -> anyhow::Result<ReplaySummary> {
    let options = ReplayOptions {
        fps: input.fps,
        size: input.size_px,
        start_at: input.start_at,
    };
    let clip = clips::open(&input.clip, options)?;
    let mut pipeline =
        CameraPipeline::new(Arc::clone(&input.settings), network_input_px, TrackId(1), 0);
    pipeline.use_looks(input.looks.clone());
    let mut notes = Notes::default();
    let mut last_at = input.start_at;
    for frame in clip {
        let frame = frame?;
        last_at = frame.captured_at;
        let step = pipeline.step(&frame, engine);
        if let Some(error) = &step.detect_error {
            anyhow::bail!("detect in frame {}: {error}", frame.seq);
        }
        notes.add(&step);
        notes.summary.n_frames += 1;
        on_step(&step);
    }
    let step = pipeline.finish(last_at);
    notes.add(&step);
    on_step(&step);
    Ok(notes.into_summary())
}

#[derive(Default)]
struct Notes {
    summary: ReplaySummary,
    classes: BTreeMap<TrackId, Class>,
    begun: BTreeSet<types::EventId>,
}

impl Notes {
    fn add(&mut self, step: &Step) {
        self.summary.n_decode_errors += u64::from(step.decode_error.is_some());
        self.summary.n_looks += u64::from(step.n_looks);
        self.summary.n_best_shots += step.best_shots.len() as u64;
        for track in step.scene.iter().flat_map(|scene| &scene.tracks) {
            if track.state == TrackState::Confirmed {
                self.classes.insert(track.track_id, track.class);
            }
        }
        for event in &step.events {
            self.note_event(event);
        }
    }

    fn note_event(&mut self, event: &Event) {
        if self.begun.insert(event.event_id) {
            *self.summary.events.entry(event.kind.name()).or_default() += 1;
        }
    }

    fn into_summary(mut self) -> ReplaySummary {
        for class in self.classes.values() {
            *self.summary.tracks.entry(class.name()).or_default() += 1;
        }
        self.summary
    }
}
