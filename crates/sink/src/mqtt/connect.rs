//! From a broker's name to a stream that can carry MQTT.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::AlertDescription;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::walk::StepReport;
use super::{Broker, ConnectError, Driver, Publication, STEP_WITHIN, Session, Step, websocket};
use crate::address;
use crate::tls::certificate_problem;
use crate::words::plain_io;

/// A stream as the MQTT client wants it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Broker {
    /// Connects, step by step; each step that went well is noted in `trail`.
    pub(super) async fn connect_as(
        &self,
        client_id: String,
        will: Option<Publication>,
        trail: &mut Vec<StepReport>,
    ) -> Result<(Session, Driver), ConnectError> {
        if self.is_silent_on_5.load(Ordering::Relaxed) {
            // It would keep us waiting again.
            let mut first = Vec::new();
            let older = self.sign_in_3(client_id.clone(), will.clone(), &mut first);
            if let Ok(opened) = older.await {
                *trail = first;
                return Ok(opened);
            }
            self.is_silent_on_5.store(false, Ordering::Relaxed);
        }
        let result = self.sign_in_5(client_id.clone(), will.clone(), trail).await;
        let is_silent = match &result {
            // Some brokers of MQTT 3.1.1 say so, others just hang up.
            Err(ConnectError::Version { .. } | ConnectError::NotMqtt { .. }) => false,
            // And some wait for more, with the connection open.
            Err(ConnectError::Timeout {
                step: Step::SignIn, ..
            }) => true,
            _ => return result,
        };
        let mut again = Vec::new();
        let older = self.sign_in_3(client_id, will, &mut again).await;
        *trail = again;
        self.is_silent_on_5
            .store(is_silent && older.is_ok(), Ordering::Relaxed);
        match (older, result) {
            // What 5 met is as true, and says more.
            (Err(ConnectError::NotMqtt { .. }), Err(error)) => Err(error),
            (older, _) => older,
        }
    }

    async fn sign_in_5(
        &self,
        client_id: String,
        will: Option<Publication>,
        trail: &mut Vec<StepReport>,
    ) -> Result<(Session, Driver), ConnectError> {
        let stream = self.open(trail).await?;
        let signed_in = Session::open_5(stream, self.sign_in(client_id, will));
        let opened = self.in_time(Step::SignIn, signed_in).await??;
        trail.push(StepReport::passed(
            Step::SignIn,
            format!("{}, MQTT 5", self.signed_in_as()),
        ));
        Ok(opened)
    }

    async fn sign_in_3(
        &self,
        client_id: String,
        will: Option<Publication>,
        trail: &mut Vec<StepReport>,
    ) -> Result<(Session, Driver), ConnectError> {
        let stream = self.open(trail).await?;
        let signed_in = Session::open_3(stream, self.sign_in(client_id, will));
        let opened = self.in_time(Step::SignIn, signed_in).await??;
        trail.push(StepReport::passed(
            Step::SignIn,
            format!("{}, MQTT 3.1.1", self.signed_in_as()),
        ));
        Ok(opened)
    }

    fn sign_in(&self, client_id: String, will: Option<Publication>) -> SignIn {
        SignIn {
            authority: self.address.authority(),
            client_id,
            user: self.config.user.clone(),
            password: self.config.password.clone(),
            will,
        }
    }

    fn signed_in_as(&self) -> String {
        match (&self.config.user, &self.config.identity) {
            (Some(user), _) => format!("signed in as {user:?}"),
            (None, Some(_)) => "signed in with our certificate".to_owned(),
            (None, None) => "let in without a user name".to_owned(),
        }
    }

    async fn in_time<T>(
        &self,
        step: Step,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        timeout(STEP_WITHIN, work)
            .await
            .map_err(|_| ConnectError::Timeout {
                authority: self.address.authority(),
                step,
                limit: STEP_WITHIN,
            })
    }

    async fn open(&self, trail: &mut Vec<StepReport>) -> Result<Box<dyn Stream>, ConnectError> {
        let addresses = self.find(trail).await?;
        let tcp = self.reach(&addresses, trail).await?;
        let Some(config) = &self.tls else {
            return self.upgrade(tcp, trail).await;
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = self.secure(connector, tcp, trail).await?;
        self.upgrade(stream, trail).await
    }

    async fn find(&self, trail: &mut Vec<StepReport>) -> Result<Vec<SocketAddr>, ConnectError> {
        let host = self.address.host().to_owned();
        let found = address::resolve(&host, self.address.port());
        let addresses = self
            .in_time(Step::Find, found)
            .await?
            .map_err(|error| ConnectError::Unknown {
                detail: plain_io(&error),
                host: host.clone(),
            })?
            .map_err(|refused| ConnectError::Address {
                host: host.clone(),
                refused,
            })?;
        let ips: Vec<String> = addresses.iter().map(|at| at.ip().to_string()).collect();
        if !ips.contains(&host) {
            let text = format!("{host} is {}", ips.join(", "));
            trail.push(StepReport::passed(Step::Find, text));
        }
        Ok(addresses)
    }

    async fn reach(
        &self,
        addresses: &[SocketAddr],
        trail: &mut Vec<StepReport>,
    ) -> Result<TcpStream, ConnectError> {
        let mut last = None;
        let any = async {
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(tcp) => return Some((tcp, *address)),
                    Err(error) => last = Some((*address, error)),
                }
            }
            None
        };
        let reached = self.in_time(Step::Connect, any).await?;
        let Some((tcp, address)) = reached else {
            return Err(match last {
                Some((address, error)) => ConnectError::Unreachable {
                    authority: address.to_string(),
                    detail: plain_io(&error),
                },
                None => ConnectError::Unknown {
                    host: self.address.host().to_owned(),
                    detail: "the name has no address".to_owned(),
                },
            });
        };
        // An acknowledgement must not wait for the next packet (Nagle): that
        // costs a hundredfold in publications per second.
        drop(tcp.set_nodelay(true));
        trail.push(StepReport::passed(
            Step::Connect,
            format!("{address} answers"),
        ));
        Ok(tcp)
    }

    async fn secure(
        &self,
        connector: TlsConnector,
        tcp: TcpStream,
        trail: &mut Vec<StepReport>,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        let authority = self.address.authority();
        let name = ServerName::try_from(self.address.host().to_owned()).map_err(|error| {
            ConnectError::Tls {
                authority: authority.clone(),
                detail: error.to_string(),
            }
        })?;
        let stream = self
            .in_time(Step::Secure, connector.connect(name, tcp))
            .await?
            .map_err(|error| tls_error(&authority, &error))?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let text = match self.config.trust {
            crate::Trust::Verify => format!("{version}, certificate of a known authority"),
            crate::Trust::Pin(_) => format!("{version}, the trusted certificate"),
        };
        trail.push(StepReport::passed(Step::Secure, text));
        Ok(stream)
    }

    async fn upgrade<S: Stream + 'static>(
        &self,
        stream: S,
        trail: &mut Vec<StepReport>,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        if !self.address.scheme().is_websocket() {
            return Ok(Box::new(stream));
        }
        let opened = websocket::open(&self.address, stream);
        let opened = self
            .in_time(Step::WebSocket, opened)
            .await?
            .map_err(|detail| ConnectError::WebSocket {
                authority: self.address.authority(),
                detail,
            })?;
        trail.push(StepReport::passed(
            Step::WebSocket,
            "takes MQTT over WebSocket".to_owned(),
        ));
        Ok(opened)
    }
}

/// Who we say we are.
#[derive(Clone)]
pub(super) struct SignIn {
    pub(super) authority: String,
    pub(super) client_id: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) will: Option<Publication>,
}

/// What a TLS failure means to a person.
pub(super) fn tls_error(authority: &str, error: &io::Error) -> ConnectError {
    use rustls::Error as E;
    let authority = authority.to_owned();
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(E::InvalidCertificate(reason)) => ConnectError::Certificate {
            authority,
            detail: certificate_problem(reason),
        },
        Some(E::AlertReceived(alert)) if is_about_our_certificate(*alert) => {
            ConnectError::OwnCertificate {
                authority,
                detail: match alert {
                    AlertDescription::CertificateRequired => "the broker wants one".to_owned(),
                    AlertDescription::UnknownCA => {
                        "the broker does not know the authority that signed it".to_owned()
                    }
                    AlertDescription::CertificateExpired => "it has expired".to_owned(),
                    AlertDescription::CertificateRevoked => "it was revoked".to_owned(),
                    _ => "the broker refused it, or wants one".to_owned(),
                },
            }
        }
        Some(E::InvalidMessage(_)) => ConnectError::Tls {
            authority,
            detail: "what came back is no TLS".to_owned(),
        },
        Some(other) => ConnectError::Tls {
            authority,
            detail: other.to_string(),
        },
        None => ConnectError::Tls {
            authority,
            detail: plain_io(error),
        },
    }
}

fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure
    )
}
