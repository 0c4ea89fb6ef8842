//! Accepts connections, plain or TLS, and serves the router on them.
//!
//! Bounded: so many connections at once, so long for a handshake and for a
//! request's head. A connection over the bound waits in the system's queue.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use crate::rtsp::{Rtsp, Sniffed};

/// Most connections at once. Browsers open about six each.
const MAX_CONNECTIONS: usize = 1_024;

/// Longest TLS handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Longest wait for a request's head, also between requests.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// Longest wait for answers in progress at a stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Pause after the system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `router` on `listener` until `stop`; tunnels of RTSP go to `rtsp`.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    rtsp: Rtsp,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let (permit, stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "accept connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (tls, router, rtsp, stop) = (tls.clone(), router.clone(), rtsp.clone(), stop.clone());
        connections.spawn(async move {
            let _permit = permit;
            match tls {
                None => converse(stream, peer, router, &rtsp, stop).await,
                Some(tls) => {
                    match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
                        Ok(Ok(stream)) => converse(stream, peer, router, &rtsp, stop).await,
                        Ok(Err(error)) => debug!(%peer, %error, "TLS handshake"),
                        Err(_) => debug!(%peer, "TLS handshake: too slow"),
                    }
                }
            }
        });
    }
    connections.close();
    if tokio::time::timeout(STOP_WITHIN, connections.wait())
        .await
        .is_err()
    {
        warn!(n_connections = connections.len(), "connections cut at stop");
    }
}

type Accepted = (tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr);

async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> std::io::Result<Accepted> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((permit, stream, peer))
}

async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    rtsp: &Rtsp,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let sniffed = tokio::select! {
        sniffed = tokio::time::timeout(HEAD_WITHIN, Sniffed::sniff(stream)) => sniffed,
        () = stop.cancelled() => return,
    };
    let stream = match sniffed {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            debug!(%peer, %error, "read request");
            return;
        }
        Err(_) => {
            debug!(%peer, "read request: too slow");
            return;
        }
    };
    if stream.is_tunnel() {
        rtsp.serve_tunnel(stream, peer).await;
        return;
    }
    let service = router.map_request(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let service = TowerToHyperService::new(service.map_request(
        |request: hyper::Request<hyper::body::Incoming>| request.map(axum::body::Body::new),
    ));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "connection");
    }
}
