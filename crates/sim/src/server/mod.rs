//! A camera on the network: MJPEG and snapshots over HTTP and HTTPS.
//!
//! Written by hand on sockets, because half of its habits are what an HTTP
//! library would rightly refuse to send.
//!
//! In: a [`CameraConfig`], an address. Out: a [`SimCamera`] that serves until
//! it is stopped or dropped, can be made ill while it runs, and counts what
//! its clients do.
//!
//! Time: tokio's clock.
//!
//! Not here: what is in the pictures (`street`, `feed`).

mod quirk;
mod fault;
mod auth;
mod tls;
mod request;
mod client;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::feed::{Feed, FeedConfig, FeedFrame};
use crate::server::auth::{Login, Verdict};
use crate::server::request::Request;
use crate::server::tls::Identity;

pub use crate::server::auth::{Algorithm, Auth, Qop, Scheme, Spelling};
pub use crate::server::fault::Fault;
pub use crate::server::quirk::Quirk;
pub use crate::server::tls::Tls;

/// What a simulated camera is like.
#[derive(Clone, Debug)]
pub struct CameraConfig {
    /// What it shows.
    pub feed: FeedConfig,
    /// Whom it lets in.
    pub auth: Auth,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Its habits.
    pub quirks: Vec<Quirk>,
    /// What is wrong with it from the start.
    pub faults: Vec<Fault>,
    /// Paths (without query) that give the MJPEG stream.
    pub stream_paths: Vec<String>,
    /// Paths (without query) that give one JPEG.
    pub snapshot_paths: Vec<String>,
}

/// The vendors' paths for a stream.
const STREAM_PATHS: [&str; 8] = [
    "/cgi-bin/mjpeg",
    "/cgi-bin/nphMotionJpeg",
    "/nphMotionJpeg",
    "/axis-cgi/mjpg/video.cgi",
    "/stw-cgi/video.cgi",
    "/video1s1.mjpg",
    "/video/mjpeg/stream1",
    "/stream",
];

/// The vendors' paths for one picture.
const SNAPSHOT_PATHS: [&str; 6] = [
    "/cgi-bin/camera",
    "/SnapshotJPEG",
    "/axis-cgi/jpg/image.cgi",
    "/snap.jpg",
    "/media/cam0/still.jpg",
    "/snapshot",
];

impl Default for CameraConfig {
    fn default() -> Self {
        CameraConfig {
            feed: FeedConfig::default(),
            auth: Auth::none(),
            tls: None,
            quirks: Vec::new(),
            faults: Vec::new(),
            stream_paths: STREAM_PATHS.map(str::to_owned).to_vec(),
            snapshot_paths: SNAPSHOT_PATHS.map(str::to_owned).to_vec(),
        }
    }
}

/// What clients did, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// Connections refused because too many were open.
    pub refused: u64,
    /// Connections whose TLS handshake failed.
    pub failed_handshakes: u64,
    /// Requests read.
    pub requests: u64,
    /// Requests without a login, answered with a challenge.
    pub challenges: u64,
    /// Right logins with an old nonce.
    pub stale_nonces: u64,
    /// Wrong users or passwords.
    pub auth_failures: u64,
    /// Requests refused because of earlier wrong passwords.
    pub locked_out: u64,
    /// Streams begun.
    pub streams: u64,
    /// Snapshots begun.
    pub snapshots: u64,
    /// Pictures sent.
    pub frames: u64,
    /// Pictures that slow clients missed.
    pub skipped: u64,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    refused: AtomicU64,
    failed_handshakes: AtomicU64,
    requests: AtomicU64,
    challenges: AtomicU64,
    stale_nonces: AtomicU64,
    auth_failures: AtomicU64,
    locked_out: AtomicU64,
    streams: AtomicU64,
    snapshots: AtomicU64,
    frames: AtomicU64,
    skipped: AtomicU64,
}

/// A running camera. Dropping it ends it too, without waiting.
#[derive(Debug)]
pub struct SimCamera {
    addr: SocketAddr,
    camera: Arc<Camera>,
    stop: CancellationToken,
    server: Option<JoinHandle<()>>,
}

/// What all connections of a camera share.
#[derive(Debug)]
struct Camera {
    feed: Arc<Feed>,
    quirks: Vec<Quirk>,
    stream_paths: Vec<String>,
    snapshot_paths: Vec<String>,
    tls: Option<Tls>,
    identity: Mutex<Option<Identity>>,
    login: Mutex<Login>,
    faults: Mutex<Vec<Fault>>,
    counts: Counts,
    started: Instant,
}

/// Most connections at a time.
const MAX_CLIENTS: usize = 64;
/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How often the listener looks for a reboot.
const REBOOT_CHECK: Duration = Duration::from_millis(50);
/// How long [`SimCamera::stop`] waits.
const STOP_WITHIN: Duration = Duration::from_secs(5);

impl SimCamera {
    /// Starts a camera. Port 0 takes any free one; see [`addr`](Self::addr).
    ///
    /// # Errors
    /// The content cannot be read, the certificate not be made, or the
    /// address not be listened on.
    pub async fn start(config: CameraConfig, addr: SocketAddr) -> Result<Self, Error> {
        let feed = Feed::open(config.feed.clone()).await?;
        Self::start_on(feed, config, addr).await
    }

    /// As [`start`](Self::start), on a feed that other cameras show too;
    /// `config.feed` is not looked at.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_on(
        feed: Arc<Feed>,
        config: CameraConfig,
        addr: SocketAddr,
    ) -> Result<Self, Error> {
        let identity = config.tls.as_ref().map(Identity::generate).transpose()?;
        let listen = |source| Error::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let camera = Arc::new(Camera {
            feed,
            quirks: config.quirks,
            stream_paths: config.stream_paths,
            snapshot_paths: config.snapshot_paths,
            tls: config.tls,
            identity: Mutex::new(identity),
            login: Mutex::new(Login::new(config.auth, rand::random())),
            faults: Mutex::new(config.faults),
            counts: Counts::default(),
            started: Instant::now(),
        });
        let stop = CancellationToken::new();
        let server = tokio::spawn(run(camera.clone(), listener, addr, stop.clone()));
        Ok(SimCamera {
            addr,
            camera,
            stop,
            server: Some(server),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of a page; `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.camera.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}{path}", self.addr)
    }

    /// What it shows.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.camera.feed
    }

    /// The picture of this moment as it is, with the truth about it.
    ///
    /// # Errors
    /// The content cannot be read any more.
    pub async fn truth(&self) -> Result<FeedFrame, Error> {
        self.camera.feed.frame(self.camera.feed.now_idx()).await
    }

    /// Replaces what is wrong with it; open connections notice too.
    pub fn set_faults(&self, faults: &[Fault]) {
        *held(&self.camera.faults) = faults.to_vec();
    }

    /// What is wrong with it.
    pub fn faults(&self) -> Vec<Fault> {
        self.camera.faults()
    }

    /// Gives the user another password.
    pub fn set_password(&self, password: &str) {
        held(&self.camera.login).set_password(password);
    }

    /// Forgets wrong passwords and lets clients try again.
    pub fn unlock(&self) {
        held(&self.camera.login).unlock();
    }

    /// Makes a new key and certificate for connections to come; without TLS,
    /// nothing.
    ///
    /// # Errors
    /// The certificate cannot be made.
    pub fn renew_certificate(&self) -> Result<(), Error> {
        if let Some(tls) = &self.camera.tls {
            let identity = Identity::generate(tls)?;
            *held(&self.camera.identity) = Some(identity);
        }
        Ok(())
    }

    /// SHA-256 of the certificate in use.
    pub fn certificate_sha256(&self) -> Option<[u8; 32]> {
        held(&self.camera.identity)
            .as_ref()
            .map(|identity| identity.sha256)
    }

    /// What clients did so far.
    pub fn counters(&self) -> Counters {
        let counts = &self.camera.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            connections: read(&counts.connections),
            refused: read(&counts.refused),
            failed_handshakes: read(&counts.failed_handshakes),
            requests: read(&counts.requests),
            challenges: read(&counts.challenges),
            stale_nonces: read(&counts.stale_nonces),
            auth_failures: read(&counts.auth_failures),
            locked_out: read(&counts.locked_out),
            streams: read(&counts.streams),
            snapshots: read(&counts.snapshots),
            frames: read(&counts.frames),
            skipped: read(&counts.skipped),
        }
    }

    /// Closes the port and all connections, and waits until they are gone.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.take()
            && timeout(STOP_WITHIN, server).await.is_err()
        {
            tracing::warn!(addr = %self.addr, "simulated camera did not stop in time");
        }
    }
}

impl Drop for SimCamera {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Camera {
    fn faults(&self) -> Vec<Fault> {
        held(&self.faults).clone()
    }

    fn has(&self, fault: Fault) -> bool {
        held(&self.faults).contains(&fault)
    }

    fn check_login(&self, request: &Request) -> Verdict {
        let authorization = request.header("authorization");
        let now = self.started.elapsed();
        held(&self.login).check(&request.method, &request.target, b"", authorization, now)
    }
}

/// Locks; what a panicking holder left behind is still whole here.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens, and goes away and comes back when it reboots.
async fn run(
    camera: Arc<Camera>,
    listener: TcpListener,
    addr: SocketAddr,
    stop: CancellationToken,
) {
    let mut listener = Some(listener);
    while !stop.is_cancelled() {
        let open = match listener.take() {
            Some(open) => open,
            None => match TcpListener::bind(addr).await {
                Ok(open) => open,
                Err(error) => {
                    tracing::warn!(%addr, %error, "simulated camera cannot listen again");
                    sleep(REBOOT_CHECK).await;
                    continue;
                }
            },
        };
        let mut clients = JoinSet::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = accept(&camera, &open, &mut clients) => {
                drop(open);
                clients.shutdown().await;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = sleep(fault::REBOOT) => {}
                }
                held(&camera.faults).retain(|fault| *fault != Fault::Reboot);
            }
        }
        clients.shutdown().await;
    }
}

/// Takes connections until the camera reboots.
async fn accept(camera: &Arc<Camera>, listener: &TcpListener, clients: &mut JoinSet<()>) {
    while !camera.has(Fault::Reboot) {
        while clients.try_join_next().is_some() {}
        let Ok(accepted) = timeout(REBOOT_CHECK, listener.accept()).await else {
            continue;
        };
        let Ok((stream, _)) = accepted else {
            sleep(REBOOT_CHECK).await;
            continue;
        };
        camera.counts.connections.fetch_add(1, Ordering::Relaxed);
        if clients.len() >= MAX_CLIENTS {
            camera.counts.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        clients.spawn(talk(camera.clone(), stream));
    }
}

async fn talk(camera: Arc<Camera>, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "simulated camera could not set TCP_NODELAY");
    }
    let identity = held(&camera.identity).clone();
    let Some(identity) = identity else {
        return client::serve(&camera, stream).await;
    };
    match timeout(HANDSHAKE_WITHIN, identity.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => client::serve(&camera, stream).await,
        Ok(Err(_)) | Err(_) => {
            camera
                .counts
                .failed_handshakes
                .fetch_add(1, Ordering::Relaxed);
        }
    }
}
