//! What a camera is doing, for people and metrics.
//!
//! In: words from the source task and the workers. Out: one [`CameraStatus`]
//! at a time, cheap to ask for.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use source::{Meter, ModeInUse};
use types::{Timestamp, TrackState};
use utoipa::ToSchema;

use crate::pipeline::Step;

/// Where a camera's source stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceState {
    /// Switched off by a person.
    #[default]
    Off,
    /// Opening the connection.
    Connecting,
    /// Frames arrive.
    Receiving,
    /// Failed; tries again after a pause.
    Waiting,
    /// Failed; waits for a person to change the settings.
    Failed,
}

/// Why a camera gives no frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CauseView {
    /// Stable name, for programs.
    pub code: String,
    /// What happened, in one plain sentence.
    pub meaning: String,
    /// What was tried and what came back.
    pub message: String,
    /// What a person can do.
    pub advice: String,
}

/// A recommendation about the camera's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AdviceView {
    /// Stable name, for programs.
    pub code: String,
    /// What to change, and where.
    pub message: String,
}

/// Size of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Resolution {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
}

/// Pictures per second that suffice, whatever more arrives.
const ENOUGH_FPS: f32 = 4.0;

/// A camera's state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct CameraStatus {
    /// Where the source stands.
    pub state: SourceState,
    /// Why there are no frames.
    pub cause: Option<CauseView>,
    /// Seconds until the next try.
    pub retry_in_s: Option<f32>,
    /// Full address asked, never with credentials.
    pub url: String,
    /// Size of the pictures.
    pub resolution: Option<Resolution>,
    /// Pictures received per second over the last ten seconds, one decimal.
    pub fps: f32,
    /// Bits received per second over the last ten seconds.
    pub bit_rate_bps: u64,
    /// Seconds since the newest picture.
    pub frame_age_s: Option<f32>,
    /// `stream` or `one_shot`, as really used.
    pub mode_in_use: Option<String>,
    /// Status of the camera's last HTTP answer.
    pub http_status: Option<u16>,
    /// `none`, `basic` or `digest` with its algorithm.
    pub auth_scheme: Option<String>,
    /// SHA-256 of the camera's certificate, hex.
    pub certificate_sha256: Option<String>,
    /// Pictures analysed per second over the last ten seconds.
    pub analysed_fps: f32,
    /// Pictures replaced before a worker was free.
    pub dropped: u64,
    /// Pictures that could not be decoded.
    pub decode_errors: u64,
    /// Times the detector failed.
    pub detect_errors: u64,
    /// Times the connection was opened again.
    pub reconnects: u64,
    /// Whether objects move at present.
    pub is_motion: bool,
    /// Objects followed at present.
    pub tracks: usize,
    /// What would make this camera work better.
    pub advice: Vec<AdviceView>,
}

impl CameraStatus {
    /// Of a camera that another airelay pulls, as it told: the name of the
    /// state, width and height, pictures received and analysed per second,
    /// objects followed.
    pub(crate) fn relayed(
        state: &str,
        size_px: Option<(u32, u32)>,
        (fps, analysed_fps): (f32, f32),
        tracks: usize,
    ) -> Self {
        CameraStatus {
            state: match state {
                "receiving" => SourceState::Receiving,
                "connecting" => SourceState::Connecting,
                "waiting" => SourceState::Waiting,
                "failed" => SourceState::Failed,
                _ => SourceState::Off,
            },
            resolution: size_px.map(|(width_px, height_px)| Resolution {
                width_px,
                height_px,
            }),
            fps,
            analysed_fps,
            tracks,
            ..CameraStatus::default()
        }
    }
}

impl AdviceView {
    fn new(advice: source::Advice) -> Self {
        AdviceView {
            code: advice.code.to_owned(),
            message: advice.message.to_owned(),
        }
    }
}

/// One camera's notes; shared by its source task, workers and readers.
#[derive(Debug, Default)]
pub(crate) struct StatusBoard {
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    state: SourceState,
    cause: Option<CauseView>,
    retry_at: Option<Timestamp>,
    url: String,
    size_px: Option<(u32, u32)>,
    received: Meter,
    analysed: Meter,
    mode_in_use: Option<ModeInUse>,
    http_status: Option<u16>,
    auth_scheme: Option<String>,
    certificate_sha256: Option<String>,
    sums: CameraSums,
    /// Sliding mean of the worker time of a frame.
    spent: Option<Duration>,
    is_motion: bool,
    n_tracks: usize,
}

/// Sums for `/metrics`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CameraSums {
    /// Frames received since the start.
    pub received: u64,
    /// Bytes received since the start.
    pub received_bytes: u64,
    /// Frames analysed since the start.
    pub analysed: u64,
    /// Frames that could not be decoded.
    pub decode_errors: u64,
    /// Times the detector failed.
    pub detect_errors: u64,
    /// Times the detector ran.
    pub looks: u64,
    /// Times the pipeline panicked and was rebuilt.
    pub panics: u64,
    /// Times a connection was opened.
    pub opened: u64,
}

impl StatusBoard {
    /// The source is switched off.
    pub(crate) fn off(&self) {
        let mut notes = self.lock();
        notes.state = SourceState::Off;
        notes.cause = None;
        notes.retry_at = None;
        notes.n_tracks = 0;
        notes.is_motion = false;
    }

    /// The source opens `url`.
    pub(crate) fn connecting(&self, url: &str) {
        let mut notes = self.lock();
        notes.state = SourceState::Connecting;
        notes.retry_at = None;
        url.clone_into(&mut notes.url);
    }

    /// The source is open and knows this about the camera.
    pub(crate) fn opened(&self, info: &source::Info) {
        let mut notes = self.lock();
        notes.sums.opened += 1;
        notes.note_info(info);
    }

    /// A frame of `len_bytes` came.
    pub(crate) fn received(&self, captured_at: Timestamp, len_bytes: usize, info: &source::Info) {
        let mut notes = self.lock();
        notes.state = SourceState::Receiving;
        notes.cause = None;
        notes.received.record(captured_at, len_bytes as u64);
        notes.sums.received += 1;
        notes.sums.received_bytes += len_bytes as u64;
        notes.note_info(info);
    }

    /// The source failed; it is tried again at `retry_at`, or never by itself.
    pub(crate) fn failed(&self, error: &source::Error, retry_at: Option<Timestamp>) {
        let cause = error.cause();
        let mut notes = self.lock();
        notes.state = if retry_at.is_some() {
            SourceState::Waiting
        } else {
            SourceState::Failed
        };
        notes.retry_at = retry_at;
        notes.cause = Some(CauseView {
            code: cause.name().to_owned(),
            meaning: cause.meaning().to_owned(),
            message: error.to_string(),
            advice: cause.advice().to_owned(),
        });
        if let Some(status) = error.http_status() {
            notes.http_status = Some(status);
        }
        if let Some(certificate) = error.certificate_sha256() {
            notes.certificate_sha256 = Some(hex(&certificate));
        }
    }

    /// The newest picture has this size.
    pub(crate) fn sized(&self, size_px: (u32, u32)) {
        self.lock().size_px = Some(size_px);
    }

    /// A worker finished one frame.
    pub(crate) fn analysed(&self, captured_at: Timestamp, step: &Step) {
        let mut notes = self.lock();
        notes.analysed.record(captured_at, 0);
        notes.sums.analysed += 1;
        notes.sums.looks += u64::from(step.n_looks);
        notes.sums.decode_errors += u64::from(step.decode_error.is_some());
        notes.sums.detect_errors += u64::from(step.detect_error.is_some());
        if let Some(size_px) = step.size_px {
            notes.size_px = Some(size_px);
        }
        if let Some(scene) = &step.scene {
            let followed = |state| matches!(state, TrackState::Confirmed | TrackState::Lost);
            notes.n_tracks = scene.tracks.iter().filter(|t| followed(t.state)).count();
            notes.is_motion = !scene.motion.boxes.is_empty() && !scene.motion.is_global;
        }
    }

    /// A worker took so long for one frame.
    pub(crate) fn spent(&self, spent: Duration) {
        let mut notes = self.lock();
        notes.spent = Some(match notes.spent {
            Some(mean) => (mean * 63 + spent) / 64,
            None => spent,
        });
    }

    /// Worker time per second that the camera's frames take, milliseconds.
    pub(crate) fn ms_per_second(&self, now: Timestamp) -> f32 {
        let notes = self.lock();
        let ms_per_frame = notes.spent.map_or(0.0, |spent| spent.as_secs_f32() * 1e3);
        ms_per_frame * notes.analysed.reading(now).fps
    }

    /// The pipeline panicked and was rebuilt.
    pub(crate) fn panicked(&self) {
        self.lock().sums.panics += 1;
    }

    /// Everything, as of `now`; `dropped` is the scheduler's count.
    pub(crate) fn status(&self, now: Timestamp, dropped: u64) -> CameraStatus {
        let notes = self.lock();
        let received = notes.received.reading(now);
        let analysed = notes.analysed.reading(now);
        let advice = match (notes.state, notes.size_px, notes.mode_in_use) {
            (SourceState::Receiving, Some(size_px), Some(mode)) => {
                let advice = source::advice(size_px, received.fps, mode).into_iter();
                let advice = advice.map(AdviceView::new);
                advice
                    .chain(slow_analysis(received.fps, analysed.fps))
                    .collect()
            }
            _ => Vec::new(),
        };
        CameraStatus {
            state: notes.state,
            cause: notes.cause.clone(),
            retry_in_s: notes.retry_at.map(|at| seconds(at.saturating_since(now))),
            url: notes.url.clone(),
            resolution: notes.size_px.map(|(width_px, height_px)| Resolution {
                width_px,
                height_px,
            }),
            fps: received.fps,
            bit_rate_bps: received.bit_rate_bps,
            frame_age_s: received.frame_age.map(seconds),
            mode_in_use: notes.mode_in_use.map(|mode| mode.name().to_owned()),
            http_status: notes.http_status,
            auth_scheme: notes.auth_scheme.clone(),
            certificate_sha256: notes.certificate_sha256.clone(),
            analysed_fps: analysed.fps,
            dropped,
            decode_errors: notes.sums.decode_errors,
            detect_errors: notes.sums.detect_errors,
            reconnects: notes.sums.opened.saturating_sub(1),
            is_motion: notes.is_motion,
            tracks: notes.n_tracks,
            advice,
        }
    }

    /// Sums for `/metrics`.
    pub(crate) fn sums(&self) -> CameraSums {
        self.lock().sums
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("no holder of this lock panics")
    }
}

impl Notes {
    fn note_info(&mut self, info: &source::Info) {
        self.mode_in_use = Some(info.mode_in_use);
        self.http_status = info.http_status;
        self.auth_scheme = info.auth_scheme.map(|scheme| scheme.name().to_owned());
        self.certificate_sha256 = info.peer_certificate_sha256.as_ref().map(|hash| hex(hash));
    }
}

/// Advice where this machine, not the camera, is the limit: more than a
/// quarter of the pictures, and one a second, arrive without being analysed.
/// `None` while nothing was analysed yet, as in a test of a link.
fn slow_analysis(received_fps: f32, analysed_fps: f32) -> Option<AdviceView> {
    let is_slow = analysed_fps > 0.0
        && analysed_fps < ENOUGH_FPS
        && analysed_fps + 1.0 < received_fps
        && analysed_fps < 0.75 * received_fps;
    is_slow.then(|| AdviceView {
        code: "slow_analysis".to_owned(),
        message: format!(
            "This machine is too busy: of {received_fps:.1} pictures per second it analyses \
             {analysed_fps:.1}. The camera is not the limit: use a faster machine or fewer cameras \
             on this one."
        ),
    })
}

/// Seconds with one decimal.
fn seconds(duration: Duration) -> f32 {
    (duration.as_secs_f32() * 10.0).round() / 10.0
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_that_cannot_keep_up_is_told_apart_from_a_slow_camera() {
        for (received_fps, analysed_fps, is_told) in [
            (5.0, 5.0, false),
            (3.0, 3.0, false),
            (5.0, 4.0, false),
            (5.0, 2.0, true),
            (60.0, 5.0, false),
            (60.0, 3.9, true),
            (2.0, 1.2, false),
            (5.0, 0.0, false),
        ] {
            let advice = slow_analysis(received_fps, analysed_fps);
            assert_eq!(advice.is_some(), is_told, "{received_fps} {analysed_fps}");
        }
    }
}
