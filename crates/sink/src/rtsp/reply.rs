//! Answers to requests.

use std::fmt::Write as _;

/// Status codes in use (RFC 2326, section 7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200
    Ok,
    /// 400
    BadRequest,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 454
    SessionNotFound,
    /// 455
    NotValidInThisState,
    /// 459
    AggregateNotAllowed,
    /// 461
    UnsupportedTransport,
    /// 500
    InternalError,
    /// 503
    Unavailable,
    /// 505
    VersionNotSupported,
    /// 551
    OptionNotSupported,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::Unauthorized => "401 Unauthorized",
            Status::Forbidden => "403 Forbidden",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::SessionNotFound => "454 Session Not Found",
            Status::NotValidInThisState => "455 Method Not Valid in This State",
            Status::AggregateNotAllowed => "459 Aggregate Operation Not Allowed",
            Status::UnsupportedTransport => "461 Unsupported Transport",
            Status::InternalError => "500 Internal Server Error",
            Status::Unavailable => "503 Service Unavailable",
            Status::VersionNotSupported => "505 RTSP Version Not Supported",
            Status::OptionNotSupported => "551 Option Not Supported",
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How it went.
    pub status: Status,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    /// An answer without anything.
    pub fn new(status: Status) -> Self {
        Reply {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A refusal that says why, as text that clients log.
    pub fn refusal(status: Status, why: &str) -> Self {
        Reply::new(status).with_body("text/plain", format!("{why}\r\n"))
    }

    /// With one more header; the value holds no line end.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body(self, content_type: &'static str, body: String) -> Self {
        let mut reply = self.with("Content-Type", content_type);
        reply.body = body;
        reply
    }

    /// As bytes, in answer to the request with this `CSeq`.
    pub fn encode(&self, cseq: Option<u32>) -> Vec<u8> {
        let mut text = format!("RTSP/1.0 {}\r\n", self.status.line());
        let mut line = |name: &str, value: &str| {
            write!(text, "{name}: {value}\r\n").expect("writing to a string never fails");
        };
        if let Some(cseq) = cseq {
            line("CSeq", &cseq.to_string());
        }
        line("Server", "airelay");
        for (name, value) in &self.headers {
            line(name, value);
        }
        if !self.body.is_empty() {
            line("Content-Length", &self.body.len().to_string());
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}
