//! The web face: pages, REST under `/api/v1`, live changes, health, metrics.
//!
//! In: HTTP requests, each bounded in size. Out: answers; never a secret, and
//! errors as plain words.
//!
//! Not here: sockets and TLS (`server`), what cameras do (`supervise`).

mod accounts;
mod alarms;
mod assets;
mod audit;
mod brokers;
mod cameras;
mod cgi;
mod changes;
mod clips;
mod control_log;
mod corrections;
mod cost;
mod counts;
mod csv;
mod device_accounts;
mod error;
mod events;
mod health;
mod heat;
mod input;
mod found_cameras;
mod integrations;
mod link_test;
mod live;
mod mails;
mod metrics;
mod models;
mod feed;
mod nodes;
mod onvif;
mod onvif_commands;
mod openapi;
mod pictures;
mod presets;
mod program_changes;
mod programs;
mod publishers;
mod schedules;
mod scores;
mod search;
pub(crate) mod server;
mod session;
mod sightings;
mod sinks;
mod software;
mod software_view;
mod states;
mod statistics;
mod system;
mod tokens;
mod users;
mod viewers;
mod vms;
mod watch_lists;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::{any, delete, get, post, put};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use types::{CameraId, Clock, Timestamp};

pub(crate) use self::accounts::check_account;
pub(crate) use self::accounts::{Role, hash_password};
pub(crate) use self::alarms::AlarmView;
pub(crate) use self::assets::page_licences;
pub(crate) use self::audit::before_and_after;
pub(crate) use self::brokers::{MAX_BROKERS, forget_broker, save_broker};
pub(crate) use self::cameras::{relayed_status, tell_settings};
pub(crate) use self::changes::Changes;
pub(crate) use self::events::EventView;
pub(crate) use self::link_test::try_link;
pub use self::openapi::ApiDoc;
pub(crate) use self::session::hash_token;

use crate::alarms::AlarmBook;
use crate::cameras::CameraBook;
use crate::clips::ClipDesk;
use crate::deliver::Deliveries;
use crate::detector::DetectorDesk;
use crate::device_accounts::DeviceAccounts;
use crate::evidence::EvidenceKey;
use crate::extensions::ExtensionDesk;
use crate::looks::LooksDesk;
use crate::nodes::NodeDesk;
use crate::onvif::OnvifDesk;
use crate::rtsp::Rtsp;
use crate::schedules::ScheduleBook;
use crate::search::SearchDesk;
use crate::secrets::Vault;
use crate::storage::Storage;
use crate::supervise::Fleet;
use crate::watch_lists::WatchBook;

/// Largest request body. Settings of a camera with 64 zones stay below it.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Longest work on an answer's head. Live bodies go on for as long as watched.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What all handlers share; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The ONVIF device.
    pub onvif: OnvifDesk,
    /// Running cameras.
    pub fleet: Arc<Fleet>,
    /// Camera documents.
    pub cameras: CameraBook,
    /// Rows.
    pub storage: Storage,
    /// What alarms keep of their cameras' pictures.
    pub clips: ClipDesk,
    /// Seals passwords.
    pub vault: Arc<Vault>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Tells browsers.
    pub changes: Changes,
    /// Webhooks and brokers, and their queues.
    pub deliveries: Arc<Deliveries>,
    /// How alarms are handled.
    pub alarms: AlarmBook,
    /// Signs evidence.
    pub evidence_key: EvidenceKey,
    /// When rules and programs are on.
    pub schedules: ScheduleBook,
    /// Accounts of the camera protocols.
    pub device_accounts: DeviceAccounts,
    /// Who watches, and the server for them.
    pub rtsp: Rtsp,
    /// The detector in use.
    pub detector: Arc<DetectorDesk>,
    /// Installed programs.
    pub extensions: ExtensionDesk,
    /// Models that describe looks.
    pub looks: LooksDesk,
    /// Finds people and vehicles that look alike.
    pub search: SearchDesk,
    /// Who is waited for.
    pub watch_lists: WatchBook,
    /// Other airelays that this one guards.
    pub nodes: NodeDesk,
    /// Held while a camera's document and the running camera change together.
    pub changing: Arc<tokio::sync::Mutex<()>>,
    /// Facts that do not change while running.
    pub facts: Arc<Facts>,
    /// Cancelled when the program stops: endless bodies end.
    pub stop: CancellationToken,
}

impl App {
    /// A camera's name now; its id when it was removed.
    pub(crate) fn camera_name(&self, camera_id: &CameraId) -> String {
        let settings = self.fleet.settings(camera_id);
        settings.map_or_else(|| camera_id.to_string(), |settings| settings.name.clone())
    }
}

/// Facts that do not change while running.
#[derive(Debug)]
pub(crate) struct Facts {
    /// When the program started.
    pub started_at: Timestamp,
    /// Threads that analyse.
    pub n_workers: usize,
    /// Most analysis that programs may be switched on for.
    pub budget_ms_per_second: u32,
    /// Folder of database, keys and programs.
    pub data_dir: std::path::PathBuf,
    /// A simulated camera was linked because none was configured.
    pub is_demo: bool,
    /// Whether cookies may only travel over TLS.
    pub is_tls: bool,
}

/// Pages come from here alone; pictures also from memory of the page itself.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// All addresses.
pub(crate) fn router(app: App) -> Router {
    let api = Router::new()
        .route(
            "/session",
            get(accounts::session)
                .post(accounts::sign_in)
                .delete(accounts::sign_out),
        )
        .route("/session/password", put(users::change_own_password))
        .route("/setup", post(accounts::setup))
        .route("/accounts", get(users::list).post(users::add))
        .route("/accounts/{id}", put(users::change).delete(users::remove))
        .route("/tokens", get(tokens::list).post(tokens::add))
        .route("/tokens/own", delete(tokens::remove_own))
        .route("/tokens/{id}", delete(tokens::remove))
        .route("/feed", get(feed::feed))
        .route("/feed/cameras", get(feed::cameras))
        .route("/nodes", get(nodes::list).post(nodes::register))
        .route("/nodes/check", post(nodes::check))
        .route("/nodes/handle", post(nodes::handle))
        .route("/nodes/{id}", put(nodes::change).delete(nodes::remove))
        .route("/nodes/{id}/login", post(nodes::log_in))
        .route("/cameras", get(cameras::list).post(cameras::add))
        .route(
            "/cameras/{id}",
            get(cameras::get)
                .put(cameras::change)
                .delete(cameras::remove),
        )
        .route("/cameras/{id}/enabled", post(cameras::switch))
        .route("/cameras/{id}/frame.jpg", get(live::frame_jpg))
        .route("/cameras/{id}/live", get(live::live))
        .route("/cameras/{id}/counts", get(counts::list))
        .route(
            "/cameras/{id}/counts/corrections",
            post(corrections::correct),
        )
        .route("/cameras/{id}/heatmap", get(heat::get))
        .route("/cameras/{id}/health", get(health::get))
        .route("/cameras/{id}/scores", get(scores::get))
        .route("/cameras/{id}/programs/live", get(programs::live::live))
        .route(
            "/cameras/{id}/states/{detector}/examples",
            get(states::examples).post(states::add),
        )
        .route(
            "/cameras/{id}/states/{detector}/examples/{picture}",
            put(states::label).delete(states::remove),
        )
        .route(
            "/cameras/{id}/states/{detector}/examples/{picture}/picture.jpg",
            get(states::picture_jpg),
        )
        .route(
            "/cameras/{id}/states/{detector}/roll_back",
            post(states::roll_back),
        )
        .route(
            "/cameras/{id}/states/{detector}/history",
            get(states::history),
        )
        .route("/cameras/{id}/why", get(programs::why::why))
        .route("/cameras/{id}/try", post(programs::attempt::try_draft))
        .route("/statistics", get(statistics::list))
        .route("/statistics/week", get(statistics::week))
        .route("/sightings", get(sightings::list))
        .route(
            "/search",
            get(search::state)
                .post(search::search)
                .layer(DefaultBodyLimit::max(search::MAX_SEARCH_BYTES)),
        )
        .route("/search/journey", post(search::follow))
        .route(
            "/watch_lists",
            get(watch_lists::list).post(watch_lists::add),
        )
        .route(
            "/watch_lists/{id}",
            put(watch_lists::change).delete(watch_lists::remove),
        )
        .route(
            "/watch_lists/{id}/examples",
            post(watch_lists::add_example).layer(DefaultBodyLimit::max(search::MAX_SEARCH_BYTES)),
        )
        .route(
            "/watch_lists/{id}/examples/{example_id}",
            get(watch_lists::example_jpg).delete(watch_lists::remove_example),
        )
        .route("/shots/{id}", get(sightings::shot_jpg))
        .route("/cameras/{id}/cost", post(cost::cost))
        .route(
            "/software",
            get(software::get)
                .post(software::install)
                .layer(DefaultBodyLimit::max(software::MAX_UPLOAD_BYTES)),
        )
        .route("/software/{program}", delete(software::uninstall))
        .route("/software/{program}/start", post(software::start))
        .route("/software/{program}/stop", post(software::stop))
        .route("/software/{program}/roll_back", post(software::roll_back))
        .route("/publishers", get(publishers::list).post(publishers::add))
        .route("/publishers/{fingerprint}", delete(publishers::remove))
        .route("/control_log", get(control_log::list))
        .route("/control_log.csv", get(control_log::csv))
        .route("/device_accounts", get(device_accounts::list))
        .route(
            "/device_accounts/{name}",
            put(device_accounts::put).delete(device_accounts::remove),
        )
        .route("/onvif", get(integrations::get).put(integrations::put))
        .route(
            "/onvif/subscriptions/{id}",
            delete(integrations::end_subscription),
        )
        .route("/discover", post(found_cameras::discover))
        .route("/discover/camera", post(found_cameras::ask_camera))
        .route("/schedules", get(schedules::list).post(schedules::add))
        .route("/schedules/preview", post(schedules::preview))
        .route(
            "/schedules/{id}",
            put(schedules::change).delete(schedules::remove),
        )
        .route("/link_test", post(link_test::link_test))
        .route("/presets", get(presets::list))
        .route("/presets/{id}/command", get(presets::command))
        .route("/viewers", get(viewers::list))
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::get))
        .route("/events/{id}/shot.jpg", get(events::shot_jpg))
        .route("/alarms", get(alarms::list))
        .route("/alarms/handle", post(alarms::handle))
        .route("/alarms/open", get(alarms::open))
        .route("/alarms/people", get(alarms::people))
        .route("/alarms/report", get(alarms::report))
        .route("/alarms/report.csv", get(alarms::report_csv))
        .route(
            "/alarms/settings",
            get(alarms::get_settings).put(alarms::put_settings),
        )
        .route("/alarms/evidence", post(alarms::take_out))
        .route("/alarms/{id}", get(alarms::get))
        .route("/alarms/{id}/proposals", get(alarms::propose))
        .route("/evidence/key", get(alarms::evidence_key))
        .route(
            "/evidence/verify",
            post(alarms::verify_evidence)
                .layer(DefaultBodyLimit::max(crate::evidence::MAX_EVIDENCE_BYTES)),
        )
        .route("/alarms/{id}/clip", get(alarms::clip))
        .route("/alarms/{id}/clip/frames/{file}", get(alarms::clip_frame))
        .route("/alarms/{id}/clip.mkv", get(alarms::clip_mkv))
        .route("/alarms/{id}/clip.mp4", get(alarms::clip_mp4))
        .route("/clips", get(clips::usage))
        .route("/incidents", get(alarms::list_incidents))
        .route("/incidents/{id}", get(alarms::get_incident))
        .route("/changes", get(changes::changes))
        .route("/system", get(system::system))
        .route("/licences", get(system::licences))
        .route(
            "/models",
            get(models::list)
                .post(models::install)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/models/{name}", delete(models::remove))
        .route("/models/chosen", put(models::choose))
        .route("/models/looks/{name}", put(models::switch_looks))
        .route("/audit", get(audit::list))
        .route("/webhooks", get(webhooks::list).post(webhooks::add))
        .route(
            "/webhooks/{id}",
            put(webhooks::change).delete(webhooks::remove),
        )
        .route("/webhook_places", get(webhooks::places))
        .route("/webhooks/{id}/test", post(webhooks::test))
        .route("/webhooks/{id}/replay", post(webhooks::replay))
        .route("/brokers", get(brokers::list).post(brokers::add))
        .route(
            "/brokers/{id}",
            put(brokers::change).delete(brokers::remove),
        )
        .route("/brokers/{id}/test", post(brokers::test))
        .route("/brokers/{id}/replay", post(brokers::replay))
        .route("/broker_test", post(brokers::test_draft))
        .route("/mail", get(mails::list).post(mails::add))
        .route("/mail/{id}", put(mails::change).delete(mails::remove))
        .route("/mail/{id}/replay", post(mails::replay))
        .route("/mail_test", post(mails::test_draft))
        .route("/vms", get(vms::list).post(vms::add))
        .route("/vms/{id}", put(vms::change).delete(vms::remove))
        .route("/vms/{id}/cameras", get(vms::cameras))
        .route("/vms/{id}/custom_events", post(vms::custom_events))
        .route("/vms/{id}/replay", post(vms::replay))
        .route("/vms_test", post(vms::test_draft))
        .route("/openapi.json", get(openapi::openapi))
        .fallback(any(assets::no_such_address));
    Router::new()
        .nest("/api/v1", api)
        .merge(cgi::router())
        .merge(pictures::router())
        .route("/rtsp-over-websocket", get(viewers::websocket))
        .route("/healthz", get(system::healthz))
        .route("/metrics", get(metrics::metrics))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .merge(onvif::router())
        .fallback(assets::asset)
        .with_state(app)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::new())
        .layer(fixed_header(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_POLICY,
        ))
        .layer(fixed_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed_header(header::REFERRER_POLICY, "no-referrer"))
}

fn fixed_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
