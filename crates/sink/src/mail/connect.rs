//! From a server's name to a connection that mails can go through.
//!
//! TLS and name resolution are our own, so that certificates can be pinned and
//! addresses that we never connect to stay refused; the dialogue above them is
//! lettre's.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::{MailError, Step};
use super::{Encryption, Mail};
use crate::http::shown;
use crate::tls::certificate_problem;
use crate::words::plain_io;
use crate::{Trust, address};

/// Longest answer before encryption, bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// Stands for the greeting that a server does not repeat after `STARTTLS`.
const GREETED: &[u8] = b"220 greeted before\r\n";

/// A connection as the SMTP client wants it.
pub(super) struct Stream {
    inner: Inner,
    peer: SocketAddr,
    /// Read before what the server says.
    first: &'static [u8],
}

enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Mail {
    /// Finds the server and connects.
    pub(super) async fn reach(&self) -> Result<(TcpStream, SocketAddr), MailError> {
        let (host, port) = (&self.config.host, self.config.port);
        let advice = "look at address and port, whether the server runs, and whether a firewall \
                      is between";
        let work = async {
            let found = address::resolve(host, port).await;
            let found = found.map_err(|error| self.retry(Step::Connect, plain_io(&error)))?;
            let addresses =
                found.map_err(|refused| self.refused(Step::Connect, refused.to_string()))?;
            let mut problem = "the name has no address".to_owned();
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(tcp) => return Ok((tcp, address)),
                    Err(error) => problem = plain_io(&error),
                }
            }
            Err(self.retry(Step::Connect, problem))
        };
        let reached = self.in_time(Step::Connect, work).await;
        reached.map_err(|error| error.with_advice(advice))
    }

    /// Encrypts the connection as the settings say; tells how.
    pub(super) async fn secure(
        &self,
        mut tcp: TcpStream,
        peer: SocketAddr,
    ) -> Result<(Stream, String), MailError> {
        let first: &'static [u8] = match self.config.encryption {
            Encryption::None => {
                let stream = Stream {
                    inner: Inner::Plain(tcp),
                    peer,
                    first: b"",
                };
                let text = "not encrypted, as chosen: mails and password can be read on the way";
                return Ok((stream, text.to_owned()));
            }
            Encryption::Tls => b"",
            Encryption::StartTls => {
                self.in_time(Step::Encrypt, self.ask_for_tls(&mut tcp))
                    .await?;
                GREETED
            }
        };
        let work = async {
            let name = ServerName::try_from(self.config.host.clone())
                .map_err(|error| self.retry(Step::Encrypt, error.to_string()))?;
            let connector = TlsConnector::from(std::sync::Arc::clone(&self.tls));
            let connected = connector.connect(name, tcp).await;
            connected.map_err(|error| self.tls_error(&error))
        };
        let stream = self.in_time(Step::Encrypt, work).await?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let text = match self.config.trust {
            Trust::Verify => format!("{version}, certificate of a known authority"),
            Trust::Pin(_) => format!("{version}, the trusted certificate"),
        };
        let stream = Stream {
            inner: Inner::Tls(Box::new(stream)),
            peer,
            first,
        };
        Ok((stream, text))
    }

    /// The part of the dialogue that goes in the clear before `STARTTLS`.
    async fn ask_for_tls(&self, tcp: &mut TcpStream) -> Result<(), MailError> {
        self.answer(tcp, "220").await?;
        let hello = match tcp.local_addr().map(|addr| addr.ip()) {
            Ok(std::net::IpAddr::V6(ip)) => format!("EHLO [IPv6:{ip}]\r\n"),
            Ok(std::net::IpAddr::V4(ip)) => format!("EHLO [{ip}]\r\n"),
            Err(_) => "EHLO localhost\r\n".to_owned(),
        };
        self.say(tcp, &hello).await?;
        let offered = self.answer(tcp, "250").await?;
        let has_tls = offered.lines().any(|line| {
            let word = line.get(4..).unwrap_or_default().trim();
            word.eq_ignore_ascii_case("STARTTLS")
        });
        if !has_tls {
            return Err(self
                .retry(Step::Encrypt, "the server does not offer STARTTLS")
                .with_advice("choose TLS from the start (port 465), or no encryption"));
        }
        self.say(tcp, "STARTTLS\r\n").await?;
        self.answer(tcp, "220").await.map(drop)
    }

    async fn say(&self, tcp: &mut TcpStream, text: &str) -> Result<(), MailError> {
        let said = tcp.write_all(text.as_bytes()).await;
        said.map_err(|error| self.retry(Step::Encrypt, plain_io(&error)))
    }

    /// One answer, which must begin with `code`. What comes behind it would
    /// have been slipped in before encryption: that is refused too.
    async fn answer(&self, tcp: &mut TcpStream, code: &str) -> Result<String, MailError> {
        let mut read = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&read);
            if let Some(len) = end_of_answer(&text) {
                return match text.starts_with(code) && len == text.len() {
                    true => Ok(text.into_owned()),
                    false => Err(self.retry(Step::Encrypt, shown(&read))),
                };
            }
            if read.len() > MAX_ANSWER_BYTES {
                return Err(self.retry(Step::Encrypt, "what came back is no SMTP"));
            }
            let n_read = tcp.read_buf(&mut read).await;
            let n_read = n_read.map_err(|error| self.retry(Step::Encrypt, plain_io(&error)))?;
            if n_read == 0 {
                let problem = match read.is_empty() {
                    true => "the server hung up without an answer".to_owned(),
                    false => shown(&read),
                };
                return Err(self
                    .retry(Step::Encrypt, problem)
                    .with_advice("port 465 wants TLS from the start, port 587 STARTTLS"));
            }
        }
    }

    fn tls_error(&self, error: &io::Error) -> MailError {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(reason)) => self
                .retry(
                    Step::Encrypt,
                    format!("its certificate: {}", certificate_problem(reason)),
                )
                .with_advice("compare the fingerprint and trust it, if it is the server's"),
            Some(rustls::Error::InvalidMessage(_)) => self
                .retry(Step::Encrypt, "what came back is no TLS")
                .with_advice("port 587 wants STARTTLS, port 465 TLS from the start"),
            Some(other) => self.retry(Step::Encrypt, other.to_string()),
            None => self
                .retry(Step::Encrypt, plain_io(error))
                .with_advice("port 587 wants STARTTLS, port 465 TLS from the start"),
        }
    }
}

/// Where an answer ends: behind the first line without a dash after its code.
fn end_of_answer(text: &str) -> Option<usize> {
    let mut len = 0;
    for line in text.split_inclusive('\n') {
        len += line.len();
        if line.ends_with('\n') && line.as_bytes().get(3) != Some(&b'-') {
            return Some(len);
        }
    }
    None
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let len = self.first.len().min(buf.remaining());
            let (now, later) = self.first.split_at(len);
            buf.put_slice(now);
            self.first = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_behind_their_last_line() {
        assert_eq!(end_of_answer("250-mail.example\r\n250-STARTTLS\r\n"), None);
        assert_eq!(end_of_answer("250-a\r\n250 b\r\n"), Some(14));
        assert_eq!(end_of_answer("220 go ahead\r\nslipped in"), Some(14));
        assert_eq!(end_of_answer("220 go"), None);
    }
}
