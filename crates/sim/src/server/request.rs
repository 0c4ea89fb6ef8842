//! Reading a request's head, within limits.
//!
//! In: a connection. Out: method, target and headers.
//!
//! Not here: bodies; cameras are asked with GET only.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest head, bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As sent: path and query.
    pub(crate) target: String,
    is_http10: bool,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

impl Request {
    /// The first header of this (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// Whether the client wants the connection to stay.
    pub(crate) fn keeps_alive(&self) -> bool {
        match self.header("connection") {
            Some(value) => value.eq_ignore_ascii_case("keep-alive"),
            None => !self.is_http10,
        }
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Request {
            method: method.to_owned(),
            target: target.to_owned(),
            is_http10: version == "HTTP/1.0",
            headers,
        })
    }
}

/// Reads the next request; `None` when the client left or sent none.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        // Byte by byte: requests are few and small, and nothing is over-read.
        let byte = stream.read_u8().await.ok()?;
        head.push(byte);
        if head.len() > MAX_HEAD_BYTES {
            return None;
        }
    }
    Request::parse(&String::from_utf8_lossy(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_split_into_its_parts() {
        let request = Request::parse(
            "GET /a?b=1&c=%20 HTTP/1.1\r\nHost: x\r\nAUTHORIZATION:  Basic eA==\r\n\r\n",
        )
        .unwrap();
        assert_eq!(request.target, "/a?b=1&c=%20");
        assert_eq!(request.path(), "/a");
        assert_eq!(request.header("authorization"), Some("Basic eA=="));
        assert!(request.keeps_alive());
        assert!(Request::parse("nonsense").is_none());
    }

    #[test]
    fn old_clients_and_those_who_say_so_are_not_kept() {
        for head in [
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        ] {
            assert!(!Request::parse(head).unwrap().keeps_alive(), "{head}");
        }
    }
}
