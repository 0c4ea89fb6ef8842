//! One TCP or TLS connection to a camera.
//!
//! In: an address. Out: a hyper connection that is driven by its user.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::limits::Limits;
use crate::link::{Host, Link, Protocol};
use crate::tls::Tls;

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// Most header lines of one answer.
const MAX_HEAD_LINES: usize = 256;

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// An open connection.
pub(super) struct Connection {
    sender: http1::SendRequest<Empty<Bytes>>,
    /// hyper's side of the connection; `None` once it has ended.
    driver: Option<Driver>,
}

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Connection {
    /// Looks up, connects and starts TLS. Notes the certificate that was shown.
    pub(super) async fn open(
        link: &Link,
        limits: &Limits,
        certificate: &mut Option<[u8; 32]>,
    ) -> Result<Self, Error> {
        let at = format!("{}:{}", link.host(), link.port());
        let connecting = Self::open_io(link, limits, &at, certificate);
        let io = match timeout(limits.connect_timeout, connecting).await {
            Ok(io) => io?,
            Err(_) => {
                return Err(Error::ConnectTimeout {
                    at,
                    timeout: limits.connect_timeout,
                });
            }
        };
        let (sender, driver) = http1::Builder::new()
            .title_case_headers(true)
            .ignore_invalid_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .max_headers(MAX_HEAD_LINES)
            .max_buf_size(limits.max_head_bytes.max(8 << 10))
            .handshake(TokioIo::new(io))
            .await
            .map_err(|error| Error::NotHttp {
                url: link.url(),
                text: error.to_string(),
            })?;
        Ok(Connection {
            sender,
            driver: Some(Box::pin(driver)),
        })
    }

    async fn open_io(
        link: &Link,
        limits: &Limits,
        at: &str,
        certificate: &mut Option<[u8; 32]>,
    ) -> Result<Box<dyn Io>, Error> {
        let tcp = connect(link, limits, at).await?;
        if link.protocol() == Protocol::Http {
            return Ok(Box::new(tcp));
        }
        let name = match link.address() {
            Host::V4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::V6(address, _) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|error| Error::Tls {
                at: at.to_owned(),
                text: error.to_string(),
            })?,
        };
        let tls = Tls::new(link.fingerprint())?;
        let connector = TlsConnector::from(tls.config.clone());
        let connected = connector.connect(name, tcp).await;
        *certificate = tls.shown();
        match connected {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(tls.error(at, &error)),
        }
    }

    /// Sends a request and waits for the header of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Empty<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        let answer = self.sender.send_request(request);
        drive(&mut self.driver, answer).await
    }

    /// The next piece of a body, `None` at its end.
    pub(super) async fn read(&mut self, body: &mut Incoming) -> hyper::Result<Option<Bytes>> {
        loop {
            let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            match drive(&mut self.driver, frame).await {
                Some(frame) => {
                    // Anything but data is a trailer, of no use here.
                    if let Ok(bytes) = frame?.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                None => return Ok(None),
            }
        }
    }

    /// Whether one more request can be sent, now that the last body has ended.
    pub(super) async fn is_reusable(&mut self) -> bool {
        let ready = self.sender.ready();
        drive(&mut self.driver, ready).await.is_ok()
    }
}

/// Waits for `wanted` and moves the connection on meanwhile.
async fn drive<F: Future>(driver: &mut Option<Driver>, wanted: F) -> F::Output {
    let mut wanted = pin!(wanted);
    std::future::poll_fn(|context| {
        if let Some(running) = driver
            && running.as_mut().poll(context).is_ready()
        {
            // Its result also reaches whoever waits for the answer or body.
            *driver = None;
        }
        match wanted.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(output),
            // The answer may have queued work for the connection.
            Poll::Pending => {
                if let Some(running) = driver
                    && running.as_mut().poll(context).is_ready()
                {
                    *driver = None;
                    return wanted.as_mut().poll(context);
                }
                Poll::Pending
            }
        }
    })
    .await
}

/// Connects to the first address of the host that answers.
async fn connect(link: &Link, limits: &Limits, at: &str) -> Result<TcpStream, Error> {
    let host = link.address().for_lookup();
    let addresses: Vec<SocketAddr> = lookup_host((host.as_str(), link.port()))
        .await
        .map_err(|error| Error::NameNotFound {
            host: host.clone(),
            text: error.to_string(),
        })?
        .take(MAX_ADDRESSES)
        .collect();
    let mut last = None;
    let n_addresses = u32::try_from(addresses.len().max(1)).unwrap_or(1);
    for address in addresses {
        // A share of the time each, so that a dead IPv6 address leaves some
        // for the IPv4 one.
        let share = limits.connect_timeout / n_addresses;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are single small writes; nothing is gained by waiting.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "setting TCP_NODELAY failed");
                }
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(connect_error(at, &error)),
            Err(_) => {
                last = Some(Error::ConnectTimeout {
                    at: at.to_owned(),
                    timeout: limits.connect_timeout,
                });
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::NameNotFound {
        host,
        text: "the name has no address".to_owned(),
    }))
}

fn connect_error(at: &str, error: &io::Error) -> Error {
    let at = at.to_owned();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::Refused { at },
        _ => Error::Unreachable {
            at,
            text: error.to_string(),
        },
    }
}
