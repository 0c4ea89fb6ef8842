//! `/metrics` in Prometheus' text form.
//!
//! Numbers are read from the status boards when asked, so counting costs the
//! pipeline nothing.

mod counts;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use self::counts::add_counts;
use super::App;
use super::error::ApiResult;
use super::session::Scraper;
use crate::deliver::BrokerState;
use crate::nodes::NodeLink;

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
    StateDetectors,
    StatesKnown,
    ClipPictures,
    ClipBytes,
    ClipLost,
    ClipDiskBytes,
    StoreLostEvents,
    StoreLostPictures,
    StoreWaitingEvents,
    StoreFailedAppends,
    WebhookDelivered,
    WebhookFailed,
    WebhookDropped,
    WebhookWaiting,
    WebhookDead,
    VmsDelivered,
    VmsFailed,
    VmsDropped,
    VmsWaiting,
    VmsDead,
    MailDelivered,
    MailFailed,
    MailDropped,
    MailWaiting,
    MailDead,
    BrokerConnected,
    BrokerDelivered,
    BrokerFailed,
    BrokerDropped,
    BrokerWaiting,
    BrokerDead,
    BrokerScenes,
    BrokerScenesLost,
    LiveListeners,
    Viewers,
    ViewerLost,
    NodeFollowed,
    NodeLag,
    NodeHeardAge,
    NodeBehind,
    NodeSteps,
    NodePictures,
    NodeFailures,
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
            Metric::StateDetectors => "relay_state_detectors",
            Metric::StatesKnown => "relay_states_known",
            Metric::ClipPictures => "relay_clip_pictures_total",
            Metric::ClipBytes => "relay_clip_bytes_total",
            Metric::ClipLost => "relay_clip_lost_pictures_total",
            Metric::ClipDiskBytes => "relay_clip_disk_bytes",
            Metric::StoreLostEvents => "relay_store_lost_events_total",
            Metric::StoreLostPictures => "relay_store_lost_pictures_total",
            Metric::StoreWaitingEvents => "relay_store_waiting_events",
            Metric::WebhookDelivered => "relay_webhook_delivered_total",
            Metric::WebhookFailed => "relay_webhook_failed_attempts_total",
            Metric::WebhookDropped => "relay_webhook_dropped_total",
            Metric::WebhookWaiting => "relay_webhook_waiting",
            Metric::WebhookDead => "relay_webhook_dead",
            Metric::VmsDelivered => "relay_vms_delivered_total",
            Metric::VmsFailed => "relay_vms_failed_attempts_total",
            Metric::VmsDropped => "relay_vms_dropped_total",
            Metric::VmsWaiting => "relay_vms_waiting",
            Metric::VmsDead => "relay_vms_dead",
            Metric::MailDelivered => "relay_mail_delivered_total",
            Metric::MailFailed => "relay_mail_failed_attempts_total",
            Metric::MailDropped => "relay_mail_dropped_total",
            Metric::MailWaiting => "relay_mail_waiting",
            Metric::MailDead => "relay_mail_dead",
            Metric::BrokerConnected => "relay_broker_connected",
            Metric::BrokerDelivered => "relay_broker_delivered_total",
            Metric::BrokerFailed => "relay_broker_failed_attempts_total",
            Metric::BrokerDropped => "relay_broker_dropped_total",
            Metric::BrokerWaiting => "relay_broker_waiting",
            Metric::BrokerDead => "relay_broker_dead",
            Metric::BrokerScenes => "relay_broker_scenes_total",
            Metric::BrokerScenesLost => "relay_broker_scenes_lost_total",
            Metric::StoreFailedAppends => "relay_store_failed_appends_total",
            Metric::LiveListeners => "relay_change_listeners",
            Metric::Viewers => "relay_viewers",
            Metric::ViewerLost => "relay_viewer_lost_total",
            Metric::NodeFollowed => "relay_node_followed",
            Metric::NodeLag => "relay_node_lag_seconds",
            Metric::NodeHeardAge => "relay_node_heard_age_seconds",
            Metric::NodeBehind => "relay_node_changes_behind",
            Metric::NodeSteps => "relay_node_steps_total",
            Metric::NodePictures => "relay_node_pictures_total",
            Metric::NodeFailures => "relay_node_failures_total",
        }
    }
}

/// All numbers at this moment.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, description = "Prometheus text", content_type = "text/plain")))]
pub(super) async fn metrics(_: Scraper, State(app): State<App>) -> ApiResult<Response> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (viewers, lost) = (app.rtsp.viewers(), app.rtsp.n_lost());
    let clip_bytes = app.clips.bytes();
    for camera in app.fleet.all() {
        let id = camera.camera_id.to_string();
        let (sums, dropped) = app.fleet.sums(&camera);
        let status = app.fleet.status(&camera);
        let label = Some(("camera", id.as_str()));
        let count = |metric, value| set_counter(&recorder, metric, label, value);
        count(Metric::FramesReceived, sums.received);
        count(Metric::BytesReceived, sums.received_bytes);
        count(Metric::FramesAnalysed, sums.analysed);
        count(Metric::FramesDropped, dropped);
        count(Metric::DecodeErrors, sums.decode_errors);
        count(Metric::DetectErrors, sums.detect_errors);
        count(Metric::DetectorLooks, sums.looks);
        count(Metric::PipelinePanics, sums.panics);
        count(Metric::ConnectionsOpened, sums.opened);
        count(
            Metric::ViewerLost,
            lost.get(&camera.camera_id).copied().unwrap_or(0),
        );
        let n_viewers = viewers.iter();
        let n_viewers = n_viewers.filter(|viewer| viewer.watch.camera_id == camera.camera_id);
        let n_viewers = n_viewers.count() as u64;
        let is_receiving = status.state == crate::supervise::SourceState::Receiving;
        let gauge = |metric, value| set_gauge(&recorder, metric, label, value);
        gauge(Metric::FramesPerSecond, f64::from(status.fps));
        gauge(Metric::Viewers, as_f64(n_viewers));
        gauge(Metric::Receiving, f64::from(u8::from(is_receiving)));
        gauge(
            Metric::Tracks,
            f64::from(u32::try_from(status.tracks).unwrap_or(u32::MAX)),
        );
        let record = camera.live.borrow().clone();
        let states = record.iter().flat_map(|record| &record.programs.states);
        let known = states.clone().filter(|live| live.state_id.is_some());
        let clips = camera.clips.sums();
        count(Metric::ClipPictures, clips.n_written);
        count(Metric::ClipBytes, clips.n_bytes);
        count(Metric::ClipLost, clips.n_lost);
        let clip_bytes = clip_bytes.get(&camera.camera_id).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "a gauge, exact up to 9 PB")]
        gauge(Metric::ClipDiskBytes, clip_bytes as f64);
        gauge(Metric::StatesKnown, as_f64(known.count() as u64));
        gauge(Metric::StateDetectors, as_f64(states.count() as u64));
    }
    let total = |metric, value| set_counter(&recorder, metric, None, value);
    total(Metric::StoreLostEvents, app.storage.n_lost_events());
    total(Metric::StoreLostPictures, app.storage.n_lost_pictures());
    total(Metric::StoreFailedAppends, app.storage.n_failed_appends());
    let n_waiting = app.storage.n_waiting_events();
    set_gauge(
        &recorder,
        Metric::StoreWaitingEvents,
        None,
        as_f64(n_waiting),
    );
    add_sinks(&app, &recorder).await?;
    add_counts(&app, &recorder).await?;
    add_nodes(&app, &recorder).await?;
    let n_listeners = u32::try_from(app.changes.n_listeners()).unwrap_or(u32::MAX);
    set_gauge(&recorder, Metric::LiveListeners, None, n_listeners.into());
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        recorder.handle().render(),
    )
        .into_response())
}

async fn add_sinks(app: &App, recorder: &PrometheusRecorder) -> ApiResult<()> {
    let sinks = app.storage.read(|reader| reader.list_sinks()).await?;
    let n_failed = app.deliveries.n_failed();
    for sink in sinks {
        let n_failed = n_failed.get(&sink.name).copied().unwrap_or(0);
        if let Some(id) = sink.name.strip_prefix("webhook/") {
            let label = Some(("webhook", id));
            let count = |metric, value| set_counter(recorder, metric, label, value);
            count(Metric::WebhookDelivered, sink.n_delivered);
            count(Metric::WebhookFailed, n_failed);
            count(Metric::WebhookDropped, sink.n_dropped);
            let gauge = |metric, value| set_gauge(recorder, metric, label, as_f64(value));
            gauge(Metric::WebhookWaiting, sink.n_waiting);
            gauge(Metric::WebhookDead, sink.n_dead);
        } else if let Some(id) = sink.name.strip_prefix("vms/") {
            let label = Some(("vms", id));
            let count = |metric, value| set_counter(recorder, metric, label, value);
            count(Metric::VmsDelivered, sink.n_delivered);
            count(Metric::VmsFailed, n_failed);
            count(Metric::VmsDropped, sink.n_dropped);
            let gauge = |metric, value| set_gauge(recorder, metric, label, as_f64(value));
            gauge(Metric::VmsWaiting, sink.n_waiting);
            gauge(Metric::VmsDead, sink.n_dead);
        } else if let Some(id) = sink.name.strip_prefix("mail/") {
            let label = Some(("mail", id));
            let count = |metric, value| set_counter(recorder, metric, label, value);
            count(Metric::MailDelivered, sink.n_delivered);
            count(Metric::MailFailed, n_failed);
            count(Metric::MailDropped, sink.n_dropped);
            let gauge = |metric, value| set_gauge(recorder, metric, label, as_f64(value));
            gauge(Metric::MailWaiting, sink.n_waiting);
            gauge(Metric::MailDead, sink.n_dead);
        } else if let Some(id) = sink.name.strip_prefix("broker/") {
            let status = app.deliveries.brokers.status(id).unwrap_or_default();
            let is_connected = status.state == BrokerState::Connected;
            let label = Some(("broker", id));
            let count = |metric, value| set_counter(recorder, metric, label, value);
            count(Metric::BrokerDelivered, sink.n_delivered);
            count(Metric::BrokerFailed, n_failed);
            count(Metric::BrokerDropped, sink.n_dropped);
            count(Metric::BrokerScenes, status.n_scenes);
            count(Metric::BrokerScenesLost, status.n_scenes_lost);
            let gauge = |metric, value| set_gauge(recorder, metric, label, as_f64(value));
            gauge(Metric::BrokerConnected, is_connected.into());
            gauge(Metric::BrokerWaiting, sink.n_waiting);
            gauge(Metric::BrokerDead, sink.n_dead);
        }
    }
    Ok(())
}

async fn add_nodes(app: &App, recorder: &PrometheusRecorder) -> ApiResult<()> {
    for record in app.nodes.list().await? {
        let notes = app.nodes.notes(&record.id);
        let label = Some(("node", record.id.as_str()));
        let count = |metric, value| set_counter(recorder, metric, label, value);
        count(Metric::NodeSteps, notes.n_steps);
        count(Metric::NodePictures, notes.n_pictures);
        count(Metric::NodeFailures, notes.n_failures);
        let gauge = |metric, value| set_gauge(recorder, metric, label, value);
        let is_followed = [NodeLink::Following, NodeLink::CatchingUp].contains(&notes.link);
        gauge(Metric::NodeFollowed, f64::from(u8::from(is_followed)));
        gauge(Metric::NodeBehind, as_f64(notes.n_behind));
        if let Some(lag_s) = super::nodes::lag_s(app, &notes) {
            gauge(Metric::NodeLag, lag_s);
        }
        if let Some(heard_at) = notes.heard_at {
            let age = app.clock.now().saturating_since(heard_at);
            gauge(Metric::NodeHeardAge, age.as_secs_f64());
        }
    }
    Ok(())
}

fn as_f64(count: u64) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

const METADATA: Metadata<'static> = Metadata::new("relay", Level::INFO, None);

/// Name and value of a label.
type LabelOf<'a> = Option<(&'static str, &'a str)>;

fn key(metric: Metric, label: LabelOf<'_>) -> Key {
    let labels = label
        .map(|(name, value)| Label::new(name, value.to_owned()))
        .into_iter()
        .collect::<Vec<_>>();
    Key::from_parts(metric.name(), labels)
}

fn set_counter(recorder: &PrometheusRecorder, metric: Metric, label: LabelOf<'_>, value: u64) {
    recorder
        .register_counter(&key(metric, label), &METADATA)
        .absolute(value);
}

fn set_gauge(recorder: &PrometheusRecorder, metric: Metric, label: LabelOf<'_>, value: f64) {
    recorder
        .register_gauge(&key(metric, label), &METADATA)
        .set(value);
}
