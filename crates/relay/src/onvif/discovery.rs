//! Being found, and finding: WS-Discovery on the network.
//!
//! Being found: a task that answers probes with the address by which the
//! asking machine reaches us, says hello at the start and goodbye at the end.
//! Where the web pages are served to this machine only, only this machine is
//! answered.
//!
//! Finding: one probe, and the devices that answered within seconds.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use sink::onvif::discovery::{
    Datagram, Endpoint, GROUP, PORT, answer, bye, hello, probe, read_datagram,
};
use tokio::net::UdpSocket;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::OnvifDesk;
use crate::secrets::random_token;

/// Longest datagram that is read, bytes.
const MAX_DATAGRAM_BYTES: usize = 16 * 1024;
/// Pause before a hello, so that machines that start together do not all speak
/// at once; the specification's most.
const HELLO_AFTER: Duration = Duration::from_millis(500);
/// How often changed scopes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Most devices that one search finds.
const MAX_FOUND: usize = 256;

/// Starts the task, if the socket can be opened; else says so in the log.
pub(crate) fn start(
    desk: &OnvifDesk,
    web: SocketAddr,
    is_tls: bool,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let socket = match open(PORT) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "WS-Discovery does not answer");
            return;
        }
    };
    let (desk, stop) = (desk.clone(), stop.clone());
    let seconds = desk.shared.clock.now().as_millis() / 1_000;
    let started_at_s = u32::try_from(seconds).unwrap_or_default();
    tasks.spawn(async move {
        let scheme = if is_tls { "https" } else { "http" };
        let responder = Responder {
            desk,
            web,
            scheme,
            socket,
            started_at_s,
        };
        responder.run(&stop).await;
    });
}

/// A socket on which all programs of this machine that do discovery listen.
fn open(port: u16) -> anyhow::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    socket
        .bind(&address.into())
        .with_context(|| format!("listen on UDP port {port}"))?;
    let joined = socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED);
    if let Err(error) = joined {
        tracing::info!(%error, "no multicast here: discovery answers only direct questions");
    }
    Ok(UdpSocket::from_std(socket.into())?)
}

struct Responder {
    desk: OnvifDesk,
    web: SocketAddr,
    scheme: &'static str,
    socket: UdpSocket,
    /// When the program started, seconds since 1970.
    started_at_s: u32,
}

impl Responder {
    async fn run(&self, stop: &CancellationToken) {
        let hello_at = tokio::time::sleep(HELLO_AFTER);
        tokio::pin!(hello_at);
        let mut is_greeted = false;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut told = self.desk.book().present().scopes.clone();
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut hello_at, if !is_greeted => {
                    is_greeted = true;
                    self.tell_all(hello).await;
                }
                // Who keeps a list of devices hears when one changes.
                _ = looks.tick(), if is_greeted => {
                    let present = self.desk.book().present();
                    if present.scopes != told {
                        told.clone_from(&present.scopes);
                        self.tell_all(hello).await;
                    }
                }
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((len_bytes, peer)) => {
                        let bytes = buffer.get(..len_bytes).unwrap_or_default();
                        self.take(bytes, peer).await;
                    }
                    // Of a datagram that we sent: nobody listened there.
                    Err(error) => tracing::debug!(%error, "discovery"),
                },
            }
        }
        self.tell_all(bye).await;
    }

    async fn take(&self, bytes: &[u8], peer: SocketAddr) {
        if !self.is_visible() {
            return;
        }
        let Some(datagram) = read_datagram(bytes) else {
            return;
        };
        let Some(local) = self.address_towards(peer).await else {
            return;
        };
        let document = answer(&datagram, &self.endpoint(local), &message_id());
        if let Some(document) = document
            && let Err(error) = self.socket.send_to(document.as_bytes(), peer).await
        {
            tracing::debug!(%error, %peer, "answer to a probe");
        }
    }

    async fn tell_all(&self, write: fn(&Endpoint, &str) -> String) {
        if !self.is_visible() || self.web.ip().is_loopback() {
            return;
        }
        let group = SocketAddr::from((GROUP, PORT));
        if let Some(local) = self.address_towards(group).await {
            let document = write(&self.endpoint(local), &message_id());
            if let Err(error) = self.socket.send_to(document.as_bytes(), group).await {
                tracing::debug!(%error, "tell the network");
            }
        }
    }

    fn is_visible(&self) -> bool {
        let document = self.desk.book().present();
        document.is_enabled && document.is_discoverable
    }

    /// By which of our addresses that machine reaches us; `None` when it does
    /// not.
    async fn address_towards(&self, peer: SocketAddr) -> Option<IpAddr> {
        let ip = self.web.ip();
        if !ip.is_unspecified() {
            return (!ip.is_loopback() || peer.ip().is_loopback()).then_some(ip);
        }
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
        socket.connect(peer).await.ok()?;
        socket.local_addr().ok().map(|local| local.ip())
    }

    /// Grows with each change, over restarts too: what the clock says counts
    /// the starts, and settings their changes.
    fn metadata_version(&self) -> u32 {
        let n_changes = u32::try_from(self.desk.book().n_changes()).unwrap_or(u32::MAX);
        self.started_at_s.saturating_add(n_changes)
    }

    fn endpoint(&self, local: IpAddr) -> Endpoint {
        let web = SocketAddr::new(local, self.web.port());
        let identity = self.desk.identity();
        let mut scopes = sink::onvif::device::scopes(&identity);
        scopes.extend(self.desk.book().present().scopes.iter().cloned());
        Endpoint {
            address: format!("urn:uuid:{}", identity.uuid),
            scopes,
            x_addrs: vec![format!("{}://{web}/onvif/device_service", self.scheme)],
            metadata_version: self.metadata_version(),
        }
    }
}

/// Asks who is there, of `target` or of the whole network, and waits.
///
/// # Errors
/// The network cannot be asked.
pub(crate) async fn find_devices(
    target: Option<SocketAddr>,
    patience: Duration,
) -> anyhow::Result<Vec<Endpoint>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .await
        .context("open a socket for the search")?;
    let target = target.unwrap_or_else(|| SocketAddr::from((GROUP, PORT)));
    let document = probe(&message_id());
    socket
        .send_to(document.as_bytes(), target)
        .await
        .with_context(|| format!("ask {target} who is there"))?;
    let mut found = BTreeMap::new();
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let heard = async {
        while found.len() < MAX_FOUND {
            let Ok((len_bytes, _)) = socket.recv_from(&mut buffer).await else {
                continue;
            };
            let bytes = buffer.get(..len_bytes).unwrap_or_default();
            if let Some(Datagram::Matches(endpoints)) = read_datagram(bytes) {
                for endpoint in endpoints {
                    found.insert(endpoint.address.clone(), endpoint);
                }
            }
        }
    };
    // Time is over, or there are more than anybody wants to read.
    drop(tokio::time::timeout(patience, heard).await);
    Ok(found.into_values().collect())
}

/// `urn:uuid:...` of a message of ours.
fn message_id() -> String {
    let token = random_token().unwrap_or_default();
    let digits = token.bytes().map(|byte| format!("{byte:02x}"));
    let hex: String = digits.collect::<String>() + "00000000000000000000000000000000";
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}
