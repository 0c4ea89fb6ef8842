//! The RTSP port: opens it, and accepts within bounds.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tracing::{debug, info, warn};

use super::limits::{LISTEN_AGAIN_AFTER, MAX_CONNECTIONS, MAX_PER_ADDRESS};
use super::{ListenState, Rtsp, tunnel};

/// What the system keeps for a viewer that reads slowly: more would only be
/// older. Connections inherit it from the listening socket.
const SEND_BUFFER_BYTES: u32 = 512 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 256;
/// Pause after the system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves viewers on `addr` until the program stops.
pub(super) async fn serve(rtsp: Rtsp, addr: SocketAddr) {
    let stop = rtsp.stop().clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = accept_all(&rtsp, addr) => {}
    }
}

async fn accept_all(rtsp: &Rtsp, addr: SocketAddr) {
    let listener = open(rtsp, addr).await;
    let count = Counts::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(place) = count.take(peer.ip()) else {
                    debug!(%peer, "too many RTSP connections: closed");
                    continue;
                };
                let rtsp = rtsp.clone();
                rtsp.shared.parts.tasks.clone().spawn(async move {
                    let _place = place;
                    converse(&rtsp, stream, peer).await;
                });
            }
            Err(error) => {
                warn!(%error, "accept RTSP connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The open port, sooner or later: another program may hold it for a while.
async fn open(rtsp: &Rtsp, addr: SocketAddr) -> TcpListener {
    let mut told = None;
    loop {
        let opened = bind(addr);
        match opened.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((addr, listener)) => {
                info!(address = %addr, "RTSP is served");
                rtsp.set_state(ListenState {
                    addr: Some(addr),
                    error: None,
                });
                return listener;
            }
            Err(error) => {
                let error = format!(
                    "listen on {addr} for RTSP: {error}; another program may use the port: \
                     set rtsp.listen in the settings file"
                );
                if told.as_ref() != Some(&error) {
                    warn!(error, "trying again");
                }
                rtsp.set_state(ListenState {
                    addr: None,
                    error: Some(error.clone()),
                });
                told = Some(error);
            }
        }
        tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
    }
}

fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

async fn converse(rtsp: &Rtsp, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "set up RTSP connection");
        return;
    }
    let Ok(local) = stream.local_addr() else {
        return;
    };
    tunnel::serve(rtsp, stream, peer, Some(local.ip())).await;
}

/// How many connections are open, and from where.
#[derive(Clone, Debug, Default)]
struct Counts {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// Counts as open until dropped.
#[derive(Debug)]
struct Place {
    counts: Counts,
    peer: IpAddr,
}

impl Counts {
    fn take(&self, peer: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= MAX_CONNECTIONS {
            return None;
        }
        let n_of_peer = open.entry(peer).or_default();
        if *n_of_peer >= MAX_PER_ADDRESS {
            return None;
        }
        *n_of_peer += 1;
        Some(Place {
            counts: self.clone(),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = self.counts.open.lock();
        let mut open = open.unwrap_or_else(PoisonError::into_inner);
        if let Some(n_of_peer) = open.get_mut(&self.peer) {
            *n_of_peer -= 1;
            if *n_of_peer == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_in_all_and_by_address() {
        let counts = Counts::default();
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let first: Vec<_> = (0..MAX_PER_ADDRESS)
            .map(|_| counts.take(address(1)).expect("there is room"))
            .collect();
        assert!(counts.take(address(1)).is_none());
        let mut others = Vec::new();
        for last in 2..100 {
            others.extend((0..MAX_PER_ADDRESS).map_while(|_| counts.take(address(last))));
        }
        assert_eq!(first.len() + others.len(), MAX_CONNECTIONS);
        drop(first);
        assert!(counts.take(address(1)).is_some());
    }
}
