//! The whole program: what starts in which order, and what stops.
//!
//! Start: store, detector, workers, cameras, deliveries, web. Stop: sources,
//! workers (open events end), deliveries, web, store; each with a bounded
//! wait, so that nothing decided is lost and nothing hangs.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use store::{Retention, Store};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use types::Clock;

use crate::alarms::AlarmBook;
use crate::cameras::CameraBook;
use crate::clips::ClipDesk;
use crate::config::Config;
use crate::deliver::{Deliveries, SinkParts};
use crate::detector::DetectorDesk;
use crate::device_accounts::DeviceAccounts;
use crate::evidence::EvidenceKey;
use crate::extensions::ExtensionDesk;
use crate::looks::LooksDesk;
use crate::nodes::{NodeDesk, NodeParts};
use crate::onvif::{DeskParts, OnvifBook, OnvifDesk, start_discovery};
use crate::pipeline::{JobRunner, Scheduler, Workers};
use crate::rtsp::{Rtsp, RtspParts};
use crate::schedules::ScheduleBook;
use crate::search::{self, FollowParts, SearchDesk};
use crate::secrets::Vault;
use crate::storage::Storage;
use crate::supervise::{Fleet, FleetParts};
use crate::watch_lists::WatchBook;
use crate::web::{self, App, Changes, Facts};

mod demo;
mod follow;
mod rhythm;
mod setup_link;
mod stored;
mod tls;

/// Longest wait for the parts that run in tasks.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// What may differ from a plain start.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelayOptions {
    /// Link a simulated camera when none is configured.
    pub demo_if_empty: bool,
}

/// A running airelay.
#[derive(Debug)]
pub struct Relay {
    app: App,
    local_addr: SocketAddr,
    setup_link: Option<String>,
    scheduler_workers: Workers,
    tasks: TaskTracker,
    web_stop: CancellationToken,
    web_task: tokio::task::JoinHandle<()>,
    demo: Option<sim::SimCamera>,
}

impl Relay {
    /// Starts everything.
    ///
    /// # Errors
    /// The data folder or the address is in use or cannot be used, or the
    /// model in the settings cannot be loaded.
    pub async fn start(
        config: &Config,
        options: RelayOptions,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let changes = Changes::default();
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listen on {}", config.listen))?;
        let local_addr = listener.local_addr()?;
        let public_url = config.public_url(local_addr);

        let store = Store::open(&config.data_dir)?;
        let vault = Arc::new(Vault::open(&config.data_dir.join("secret.key"))?);
        let on_stored = stored::Teller::default();
        let storage = Storage::start(
            store,
            on_stored.callback(),
            on_stored.enlister(),
            Arc::clone(&clock),
        )?;

        let detector = Arc::new(DetectorDesk::open(config)?);
        let extensions = open_extensions(config).await?;
        let looks = open_looks(config).await?;
        let clips = ClipDesk::open(&config.data_dir, config.clips_bytes, Arc::clone(&clock))?;
        let scheduler = Arc::new(Scheduler::default());
        let fleet = Arc::new(Fleet::new(FleetParts {
            scheduler: Arc::clone(&scheduler),
            storage: storage.clone(),
            clock: Arc::clone(&clock),
            engines: detector.engines().clone(),
            extensions: extensions.shelf().clone(),
            looks: looks.shelf().clone(),
            clips: clips.clone(),
            runtime: Handle::current(),
        }));
        let runner: Arc<dyn JobRunner> = Arc::clone(&fleet) as Arc<dyn JobRunner>;
        let scheduler_workers = Workers::start(
            config.workers,
            &scheduler,
            detector.engines(),
            &runner,
            &clock,
        )?;

        let cameras = CameraBook::new(storage.clone(), Arc::clone(&clock));
        let demo = demo::link_if_wanted(options, &cameras, &vault).await?;
        let onvif_book = OnvifBook::load(storage.clone(), Arc::clone(&clock)).await?;
        let deliveries = Arc::new(Deliveries::new(SinkParts {
            storage: storage.clone(),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            fleet: Arc::clone(&fleet),
            public_url: public_url.clone(),
            onvif: onvif_book.clone(),
        }));
        let device_accounts =
            DeviceAccounts::load(storage.clone(), Arc::clone(&vault), Arc::clone(&clock)).await?;
        let onvif = OnvifDesk::new(DeskParts {
            book: onvif_book,
            clock: Arc::clone(&clock),
            vault: Arc::clone(&vault),
            public_url: public_url.clone(),
            rtsp_port: config.rtsp_listen.map(|address| address.port()),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        let rtsp = Rtsp::new(RtspParts {
            fleet: Arc::clone(&fleet),
            accounts: device_accounts.clone(),
            onvif: onvif.clone(),
            storage: storage.clone(),
            runtime: Handle::current(),
            clock: Arc::clone(&clock),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        let search = SearchDesk::new(storage.clone(), looks.shelf().clone(), &config.data_dir);
        let nodes = NodeDesk::new(NodeParts {
            storage: storage.clone(),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            relayed: fleet.relayed().clone(),
            changes: changes.clone(),
            guard_name: guard_name(&public_url),
        });
        let app = App {
            onvif: onvif.clone(),
            fleet: Arc::clone(&fleet),
            cameras,
            storage: storage.clone(),
            clips,
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            changes,
            deliveries: Arc::clone(&deliveries),
            evidence_key: EvidenceKey::of_folder(&config.data_dir),
            alarms: AlarmBook::load(storage.clone(), Arc::clone(&clock)).await?,
            schedules: ScheduleBook::load(storage.clone(), Arc::clone(&clock)).await?,
            device_accounts,
            rtsp: rtsp.clone(),
            detector,
            extensions,
            looks,
            search,
            watch_lists: WatchBook::load(storage.clone(), Arc::clone(&clock)).await?,
            nodes: nodes.clone(),
            changing: Arc::default(),
            facts: Arc::new(Facts {
                started_at: clock.now(),
                n_workers: config.workers,
                budget_ms_per_second: config.budget_ms_per_second,
                data_dir: config.data_dir.clone(),
                is_demo: demo.is_some(),
                is_tls: config.tls,
            }),
            stop: stop.clone(),
        };
        on_stored.connect(app.clone());
        stored::end_events_of_last_run(&app).await?;
        let now = clock.now();
        storage.write(move |store| store.close_clips(now)).await?;
        start_cameras(&app).await?;
        deliveries.start(&tasks, &stop).await?;
        nodes.start(&tasks, &stop).await?;
        rhythm::start(&tasks, &stop, &app, &scheduler, retention(config));
        let follow = FollowParts {
            desk: app.search.clone(),
            watch_lists: app.watch_lists.clone(),
            fleet: Arc::clone(&fleet),
            clock: Arc::clone(&clock),
        };
        tasks.spawn(search::follow(follow, stop.clone()));

        start_discovery(&onvif, local_addr, config.tls, &tasks, &stop);

        let acceptor = match config.tls {
            true => Some(tls::acceptor(&config.data_dir, &public_url)?),
            false => None,
        };
        let setup_link = setup_link::make(&app, config, local_addr).await?;
        let web_stop = CancellationToken::new();
        if let Some(addr) = config.rtsp_listen {
            rtsp.listen(addr);
        }
        let serve = web::server::serve(
            listener,
            acceptor,
            web::router(app.clone()),
            rtsp,
            web_stop.clone(),
        );
        let web_task = tokio::spawn(serve);
        info!(address = %local_addr, tls = config.tls, "web pages are served");
        Ok(Relay {
            app,
            local_addr,
            setup_link,
            scheduler_workers,
            tasks,
            web_stop,
            web_task,
            demo,
        })
    }

    /// Where the web pages are served.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The link that makes the first account; `None` when there is one.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// Stops everything, in order.
    pub async fn stop(self) {
        info!("stopping");
        self.app.fleet.stop_sources();
        let workers = self.scheduler_workers;
        if tokio::task::spawn_blocking(move || workers.stop())
            .await
            .is_err()
        {
            error!("stop workers: the task failed");
        }
        self.app.fleet.finish().await;
        self.app.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_WITHIN, self.tasks.wait())
            .await
            .is_err()
        {
            warn!(n_tasks = self.tasks.len(), "still running: left behind");
        }
        self.web_stop.cancel();
        if self.web_task.await.is_err() {
            error!("web task ended by a panic");
        }
        if let Some(demo) = self.demo {
            demo.stop().await;
        }
        let (storage, clips) = (self.app.storage.clone(), self.app.clips.clone());
        if tokio::task::spawn_blocking(move || {
            clips.stop();
            storage.stop();
        })
        .await
        .is_err()
        {
            error!("stop store: the task failed");
        }
        info!("stopped");
    }
}

/// Compiles what is installed, off the async threads.
async fn open_extensions(config: &Config) -> anyhow::Result<ExtensionDesk> {
    let data_dir = config.data_dir.clone();
    tokio::task::spawn_blocking(move || ExtensionDesk::open(&data_dir)).await?
}

/// Loads models for looks, off the async threads.
async fn open_looks(config: &Config) -> anyhow::Result<LooksDesk> {
    let data_dir = config.data_dir.clone();
    Ok(tokio::task::spawn_blocking(move || LooksDesk::open(&data_dir)).await?)
}

async fn start_cameras(app: &App) -> anyhow::Result<()> {
    for record in app.cameras.list().await? {
        match record.document.resolve(
            &record.camera_id,
            record.revision,
            &app.schedules.ready(),
            &app.vault,
        ) {
            Ok(settings) => app.fleet.put(settings),
            // Stored settings were checked; a lost key is the usual reason.
            Err(errors) => error!(camera = %record.camera_id, %errors, "camera not started"),
        }
    }
    Ok(())
}

/// How a token at another airelay is called that this one has made there.
fn guard_name(public_url: &str) -> String {
    let place = public_url
        .split_once("://")
        .map_or(public_url, |(_, rest)| rest);
    let name = format!("guard at {}", place.trim_end_matches('/'));
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn retention(config: &Config) -> Retention {
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3_600);
    Retention {
        events: days(config.retention.events),
        event_shots: days(config.retention.events),
        track_shots: days(config.retention.best_shots),
        audit: days(config.retention.audit),
        ..Retention::default()
    }
}

/// A place to put a value that is made later than those who need it.
type Later<T> = Arc<OnceLock<T>>;
