//! `/metrics` in Prometheus' text form.
//!
//! Numbers are read from the status boards when asked, so counting costs the
//! pipeline nothing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use super::App;
use super::session::Scraper;

/// Every name we export.
#[derive(Clone, Copy, Debug)]
enum Metric {
    FramesReceived,
    BytesReceived,
    FramesAnalysed,
    FramesDropped,
    DecodeErrors,
    DetectErrors,
    DetectorLooks,
    PipelinePanics,
    ConnectionsOpened,
    FramesPerSecond,
    Receiving,
    Tracks,
    StoreLostBatches,
    StoreFailedAppends,
    LiveListeners,
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Metric::FramesReceived => "relay_frames_received_total",
            Metric::BytesReceived => "relay_received_bytes_total",
            Metric::FramesAnalysed => "relay_frames_analysed_total",
            Metric::FramesDropped => "relay_frames_dropped_total",
            Metric::DecodeErrors => "relay_decode_errors_total",
            Metric::DetectErrors => "relay_detect_errors_total",
            Metric::DetectorLooks => "relay_detector_looks_total",
            Metric::PipelinePanics => "relay_pipeline_panics_total",
            Metric::ConnectionsOpened => "relay_connections_opened_total",
            Metric::FramesPerSecond => "relay_frames_per_second",
            Metric::Receiving => "relay_camera_receiving",
            Metric::Tracks => "relay_tracks",
            Metric::StoreLostBatches => "relay_store_lost_batches_total",
            Metric::StoreFailedAppends => "relay_store_failed_appends_total",
            Metric::LiveListeners => "relay_change_listeners",
        }
    }
}

/// All numbers at this moment.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, description = "Prometheus text", content_type = "text/plain")))]
pub(super) async fn metrics(_: Scraper, State(app): State<App>) -> Response {
    let recorder = PrometheusBuilder::new().build_recorder();
    for camera in app.fleet.all() {
        let id = camera.camera_id.to_string();
        let (sums, dropped) = app.fleet.sums(&camera);
        let status = app.fleet.status(&camera);
        let count = |metric, value| set_counter(&recorder, metric, Some(&id), value);
        count(Metric::FramesReceived, sums.received);
        count(Metric::BytesReceived, sums.received_bytes);
        count(Metric::FramesAnalysed, sums.analysed);
        count(Metric::FramesDropped, dropped);
        count(Metric::DecodeErrors, sums.decode_errors);
        count(Metric::DetectErrors, sums.detect_errors);
        count(Metric::DetectorLooks, sums.looks);
        count(Metric::PipelinePanics, sums.panics);
        count(Metric::ConnectionsOpened, sums.opened);
        let is_receiving = status.state == crate::supervise::SourceState::Receiving;
        let gauge = |metric, value| set_gauge(&recorder, metric, Some(&id), value);
        gauge(Metric::FramesPerSecond, f64::from(status.fps));
        gauge(Metric::Receiving, f64::from(u8::from(is_receiving)));
        gauge(
            Metric::Tracks,
            f64::from(u32::try_from(status.tracks).unwrap_or(u32::MAX)),
        );
    }
    let total = |metric, value| set_counter(&recorder, metric, None, value);
    total(Metric::StoreLostBatches, app.storage.n_lost_batches());
    total(Metric::StoreFailedAppends, app.storage.n_failed_appends());
    let n_listeners = u32::try_from(app.changes.n_listeners()).unwrap_or(u32::MAX);
    set_gauge(&recorder, Metric::LiveListeners, None, n_listeners.into());
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        recorder.handle().render(),
    )
        .into_response()
}

const METADATA: Metadata<'static> = Metadata::new("relay", Level::INFO, None);

fn key(metric: Metric, camera: Option<&str>) -> Key {
    let labels = camera
        .map(|id| Label::new("camera", id.to_owned()))
        .into_iter()
        .collect::<Vec<_>>();
    Key::from_parts(metric.name(), labels)
}

fn set_counter(recorder: &PrometheusRecorder, metric: Metric, camera: Option<&str>, value: u64) {
    recorder
        .register_counter(&key(metric, camera), &METADATA)
        .absolute(value);
}

fn set_gauge(recorder: &PrometheusRecorder, metric: Metric, camera: Option<&str>, value: f64) {
    recorder
        .register_gauge(&key(metric, camera), &METADATA)
        .set(value);
}
