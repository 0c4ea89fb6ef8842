//! Requests to one camera: login, redirects, reuse of the connection.
//!
//! In: nothing but the link. Out: the first answer that is a success.
//!
//! A request is sent without login first; the password is used only after the
//! camera has asked, and never sent to another host, port or down to plain
//! HTTP. A refused password is an error at once: it is never tried twice.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, StatusCode};
use tokio::time::timeout;

use crate::error::Error;
use crate::http::auth::{AuthScheme, Login};
use crate::http::connection::Connection;
use crate::limits::Limits;
use crate::link::{Link, Protocol, shown_path};

const AGENT: &str = concat!("airelay/", env!("CARGO_PKG_VERSION"));

/// Most requests for one picture or stream: logins, one renewal, redirects.
const MAX_ATTEMPTS: u32 = 10;

/// Asks one camera.
pub(crate) struct Client {
    /// Where requests go now; a redirect changes it.
    link: Link,
    limits: Limits,
    connection: Option<Connection>,
    login: Option<Login>,
    /// Whether the camera has accepted `login`.
    is_accepted: bool,
    status: Option<u16>,
    certificate: Option<[u8; 32]>,
}

/// A successful answer whose body waits.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `Content-Type`, or empty.
    pub(crate) content_type: String,
    /// `Content-Length`, when the answer has one.
    pub(crate) declared_bytes: Option<u64>,
    body: Incoming,
}

impl Client {
    pub(crate) fn new(link: &Link, limits: &Limits) -> Self {
        Client {
            link: link.clone(),
            limits: limits.clone(),
            connection: None,
            login: None,
            is_accepted: false,
            status: None,
            certificate: None,
        }
    }

    /// Where requests go, without credentials.
    pub(crate) fn url(&self) -> String {
        self.link.url()
    }

    /// Changes the path of the next requests.
    pub(crate) fn set_path(&mut self, path: String) {
        self.link = self
            .link
            .moved(self.link.protocol(), self.link.port(), path);
        self.connection = None;
    }

    pub(crate) fn path(&self) -> &str {
        self.link.path()
    }

    /// Status of the latest answer.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
    }

    /// The login that the camera has accepted.
    pub(crate) fn scheme(&self) -> Option<AuthScheme> {
        let login = self.login.as_ref()?;
        self.is_accepted.then(|| login.scheme())
    }

    /// SHA-256 of the camera's certificate.
    pub(crate) fn certificate(&self) -> Option<[u8; 32]> {
        self.certificate
    }

    /// Gets the link's path; follows login and redirects.
    pub(crate) async fn get(&mut self) -> Result<Answer, Error> {
        let mut n_redirects = 0;
        let mut has_renewed = false;
        for _ in 0..MAX_ATTEMPTS {
            let answer = self.request().await?;
            let status = answer.status();
            self.status = Some(status.as_u16());
            if status == StatusCode::UNAUTHORIZED {
                self.connection = None;
                self.log_in(&answer, &mut has_renewed)?;
                continue;
            }
            self.is_accepted = self.login.is_some();
            if status.is_redirection() && answer.headers().contains_key(LOCATION) {
                self.connection = None;
                n_redirects += 1;
                self.redirect(&answer, n_redirects)?;
                continue;
            }
            if !status.is_success() {
                self.connection = None;
                return Err(Error::Status {
                    url: self.url(),
                    status: status.as_u16(),
                });
            }
            let header = |name| answer.headers().get(name).map(|value| value.as_bytes());
            let content_type = header(CONTENT_TYPE).unwrap_or_default();
            let declared_bytes = header(CONTENT_LENGTH)
                .and_then(|value| std::str::from_utf8(value).ok())
                .and_then(|value| value.trim().parse().ok());
            return Ok(Answer {
                content_type: String::from_utf8_lossy(content_type)
                    .chars()
                    .take(300)
                    .collect(),
                declared_bytes,
                body: answer.into_body(),
            });
        }
        Err(Error::Status {
            url: self.url(),
            status: self.status.unwrap_or_default(),
        })
    }

    /// The next piece of `answer`, `None` at its end.
    pub(crate) async fn read(&mut self, answer: &mut Answer) -> Result<Option<Bytes>, Error> {
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        match connection.read(&mut answer.body).await {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => {
                if !connection.is_reusable().await {
                    self.connection = None;
                }
                Ok(None)
            }
            Err(error) => {
                self.connection = None;
                Err(Error::HungUp {
                    url: self.url(),
                    text: words(&error),
                })
            }
        }
    }

    /// Drops the connection, so that the next request opens another.
    pub(crate) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Sends one request; once more on a new connection when the camera closed
    /// the kept one meanwhile.
    async fn request(&mut self) -> Result<Response<Incoming>, Error> {
        if let Some(mut kept) = self.connection.take()
            && let Ok(answer) = self.send(&mut kept).await?
        {
            self.connection = Some(kept);
            return Ok(answer);
        }
        let mut fresh = Connection::open(&self.link, &self.limits, &mut self.certificate).await?;
        match self.send(&mut fresh).await? {
            Ok(answer) => {
                self.connection = Some(fresh);
                Ok(answer)
            }
            Err(error) if error.is_parse_too_large() => Err(Error::HeadTooLarge {
                url: self.url(),
                max_bytes: self.limits.max_head_bytes,
            }),
            Err(error) if error.is_parse() => Err(Error::NotHttp {
                url: self.url(),
                text: words(&error),
            }),
            Err(error) => Err(Error::HungUp {
                url: self.url(),
                text: words(&error),
            }),
        }
    }

    async fn send(
        &mut self,
        connection: &mut Connection,
    ) -> Result<hyper::Result<Response<Incoming>>, Error> {
        let request = self.signed_request()?;
        timeout(self.limits.answer_timeout, connection.send(request))
            .await
            .map_err(|_| Error::AnswerTimeout {
                url: self.link.url(),
                timeout: self.limits.answer_timeout,
            })
    }

    fn signed_request(&mut self) -> Result<Request<Empty<Bytes>>, Error> {
        let bug = |text: String| Error::Bug { text };
        let path = self.link.path();
        let target: PathAndQuery = path.parse().map_err(|_| bug("path was checked".into()))?;
        let host = match (self.link.protocol(), self.link.port()) {
            (Protocol::Http, 80) | (Protocol::Https, 443) => self.link.host(),
            (_, port) => format!("{}:{port}", self.link.host()),
        };
        // No Accept: some i-PRO CGI answers 400 to it.
        let mut request = Request::get(target.as_str())
            .header(HOST, host)
            .header(USER_AGENT, AGENT);
        if let (Some(login), Some(credentials)) = (&mut self.login, self.link.credentials()) {
            let signature = login
                .sign(credentials, path)
                .map_err(|error| bug(error.to_string()))?;
            request = request.header(AUTHORIZATION, signature);
        }
        request
            .body(Empty::new())
            .map_err(|error| bug(error.to_string()))
    }

    /// Takes up the camera's offer after a 401.
    fn log_in(&mut self, answer: &Response<Incoming>, has_renewed: &mut bool) -> Result<(), Error> {
        let url = self.url();
        let Some(credentials) = self.link.credentials() else {
            return Err(Error::PasswordNeeded { url });
        };
        let offers = answer
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let login = Login::choose(offers);
        if self.login.is_some() {
            let is_renewal = !*has_renewed
                && match (&login, &self.login) {
                    (Ok(new), Some(old)) => new.is_renewal_of(old, self.is_accepted),
                    _ => false,
                };
            if !is_renewal {
                self.is_accepted = false;
                return Err(Error::WrongPassword {
                    url,
                    user: credentials.user.clone(),
                });
            }
            *has_renewed = true;
        }
        let login = login.map_err(|error| Error::LoginUnsupported {
            url,
            offered: error.offered,
        })?;
        self.login = Some(login);
        Ok(())
    }

    /// Follows a redirect on the same host, to the same port or up to HTTPS.
    fn redirect(&mut self, answer: &Response<Incoming>, n_redirects: u32) -> Result<(), Error> {
        let target = answer.headers().get(LOCATION);
        let target = target.map_or("", |target| target.to_str().unwrap_or(""));
        let refused = || Error::Redirected {
            url: self.link.url(),
            target: shown_path(target).chars().take(200).collect(),
        };
        if n_redirects > self.limits.max_redirects {
            return Err(refused());
        }
        let (protocol, port, path) = resolve(&self.link, target).ok_or_else(refused)?;
        if path.parse::<PathAndQuery>().is_err() {
            return Err(refused());
        }
        self.link = self.link.moved(protocol, port, path);
        // Another path may have another login.
        self.login = None;
        self.is_accepted = false;
        Ok(())
    }
}

/// Where `target` leads, if that is the same host and no less safe.
fn resolve(link: &Link, target: &str) -> Option<(Protocol, u16, String)> {
    if let Some(path) = target
        .strip_prefix('/')
        .filter(|path| !path.starts_with('/'))
    {
        return Some((link.protocol(), link.port(), format!("/{path}")));
    }
    let (protocol, rest) = target.split_once("://")?;
    let (protocol, standard_port) = match protocol.to_ascii_lowercase().as_str() {
        "http" => (Protocol::Http, 80),
        "https" => (Protocol::Https, 443),
        _ => return None,
    };
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path_at);
    let own = link.host();
    let port = if authority.eq_ignore_ascii_case(&own) {
        standard_port
    } else {
        let (host, port) = authority.rsplit_once(':')?;
        if !host.eq_ignore_ascii_case(&own) {
            return None;
        }
        port.parse().ok()?
    };
    let is_same = protocol == link.protocol() && port == link.port();
    let is_safer = link.protocol() == Protocol::Http && protocol == Protocol::Https;
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    (is_same || is_safer).then_some((protocol, port, path))
}

/// hyper's words with the reason below them.
fn words(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkText;

    #[test]
    fn redirect_stays_on_the_host_and_never_gets_less_safe() {
        for (protocol, target, expected) in [
            ("http", "/b?c", Some("http://camera/b?c")),
            ("http", "http://camera/b", Some("http://camera/b")),
            ("http", "http://Camera:80/b", Some("http://camera/b")),
            ("http", "http://camera?b", Some("http://camera/?b")),
            ("http", "https://camera/b", Some("https://camera/b")),
            (
                "http",
                "https://camera:8443/b",
                Some("https://camera:8443/b"),
            ),
            ("https", "http://camera/b", None),
            ("http", "http://camera:81/b", None),
            ("http", "http://other/b", None),
            ("http", "//other/b", None),
            ("http", "http://camera@other/b", None),
            ("http", "http://camera.evil/b", None),
            ("http", "ftp://camera/b", None),
            ("http", "", None),
        ] {
            let link = Link::parse(&LinkText {
                protocol: protocol.to_owned(),
                host: "camera".to_owned(),
                path: "/a".to_owned(),
                ..LinkText::default()
            })
            .unwrap();
            let moved = resolve(&link, target)
                .map(|(protocol, port, path)| link.moved(protocol, port, path).url());
            assert_eq!(moved.as_deref(), expected, "{target}");
        }
    }
}
