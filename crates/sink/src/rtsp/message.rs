//! Bytes from a viewer to requests, and to the binary blocks between them.
//!
//! In: bytes as they arrive, however cut. Out: one [`Incoming`] after the
//! other, or an [`Error`] after which the connection is of no use. Everything
//! has a bound, so a viewer cannot make us keep more than
//! [`MAX_WAITING_BYTES`].
//!
//! Not here: what a request means (`session`).

use thiserror::Error;

/// Longest head of a request: first line and headers, bytes.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// Longest body of a request, bytes: parameters, which are short lines.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
/// Longest address in a request, bytes. ONVIF's own are at most 128.
const MAX_URI_BYTES: usize = 2_048;
/// Length of `$`, channel and length before a binary block (RFC 2326, 10.12).
pub(super) const BLOCK_HEAD_BYTES: usize = 4;
/// Most bytes that wait here for the rest of what they belong to.
pub const MAX_WAITING_BYTES: usize = BLOCK_HEAD_BYTES + 65_535;

/// What a viewer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A request.
    Request(Request),
    /// A binary block: RTCP, on the odd channels.
    Block {
        /// Channel, as agreed at SETUP.
        channel: u8,
        /// Content.
        data: Vec<u8>,
    },
}

/// Which protocol a head's first line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RTSP/1.0.
    Rtsp,
    /// HTTP/1.x: the begin of a tunnel.
    Http,
    /// RTSP of a version that is not spoken here.
    OtherRtsp,
}

/// A request as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method, such as `DESCRIBE`.
    pub method: String,
    /// Address exactly as sent: printable ASCII without blanks.
    pub uri: String,
    /// Protocol of the first line.
    pub protocol: Protocol,
    /// Body; empty for HTTP, whose body is the tunnel.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

/// Why a connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The head does not end.
    #[error("read request: the head exceeds {MAX_HEAD_BYTES} bytes")]
    HeadTooLong,
    /// Too many headers.
    #[error("read request: more than {MAX_HEADERS} headers")]
    TooManyHeaders,
    /// The body is announced as too long.
    #[error("read request: Content-Length {len:?}: at most {MAX_BODY_BYTES} bytes are read")]
    BodyTooLong {
        /// As sent, shortened.
        len: String,
    },
    /// Not text, or not three words in the first line.
    #[error("read request: {line:?} is no request line like \"OPTIONS rtsp://HOST/ RTSP/1.0\"")]
    NotARequest {
        /// The first line, shortened.
        line: String,
    },
    /// A header without a colon.
    #[error("read request: {line:?} is no header")]
    NotAHeader {
        /// The line, shortened.
        line: String,
    },
}

/// Collects bytes of one connection.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Adds bytes; call [`next`](Self::next) until it has nothing more before
    /// adding others.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing that is complete; `None` when more bytes are needed.
    ///
    /// # Errors
    /// What was sent is no RTSP, or exceeds a bound.
    #[expect(
        clippy::should_implement_trait,
        reason = "an inbox goes on after `None`"
    )]
    pub fn next(&mut self) -> Result<Option<Incoming>, Error> {
        // Empty lines between requests are a keep-alive of some clients.
        let n_blank = self
            .bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        self.bytes.drain(..n_blank);
        match self.bytes.first() {
            None => Ok(None),
            Some(b'$') => Ok(self.next_block()),
            Some(_) => self.next_request(),
        }
    }

    /// What has arrived and was not used; the inbox is empty then.
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn next_block(&mut self) -> Option<Incoming> {
        let head = self.bytes.get(..BLOCK_HEAD_BYTES)?;
        let channel = head[1];
        let len_bytes = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let end = BLOCK_HEAD_BYTES + len_bytes;
        let data = self.bytes.get(BLOCK_HEAD_BYTES..end)?.to_vec();
        self.bytes.drain(..end);
        Some(Incoming::Block { channel, data })
    }

    fn next_request(&mut self) -> Result<Option<Incoming>, Error> {
        let searched = &self.bytes[..self.bytes.len().min(MAX_HEAD_BYTES)];
        let Some((head_bytes, start)) = head_end(searched) else {
            return match self.bytes.len() < MAX_HEAD_BYTES {
                true => Ok(None),
                false => Err(Error::HeadTooLong),
            };
        };
        let mut request = parse_head(&self.bytes[..head_bytes])?;
        let len_bytes = match request.protocol {
            // The body of a tunnel does not end with a length.
            Protocol::Http => 0,
            Protocol::Rtsp | Protocol::OtherRtsp => request.body_len()?,
        };
        let Some(body) = self.bytes.get(start..start + len_bytes) else {
            return Ok(None);
        };
        request.body = body.to_vec();
        self.bytes.drain(..start + len_bytes);
        Ok(Some(Incoming::Request(request)))
    }
}

impl Request {
    /// The first header of this name, whatever its letters' case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// `CSeq`, if it is a number as it must be.
    pub fn cseq(&self) -> Option<u32> {
        self.header("CSeq")?.parse().ok()
    }

    /// Length of the body, bytes; 0 when none is announced.
    fn body_len(&self) -> Result<usize, Error> {
        let Some(text) = self.header("Content-Length") else {
            return Ok(0);
        };
        let len = text.parse::<usize>().ok();
        len.filter(|len| *len <= MAX_BODY_BYTES)
            .ok_or_else(|| Error::BodyTooLong {
                len: start_of(text),
            })
    }
}

/// Length of the head without its empty line, and where what follows begins.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut line_start = 0;
    while let Some(len) = bytes[line_start..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[line_start..line_start + len];
        if line.is_empty() || line == b"\r" {
            return Some((line_start, line_start + len + 1));
        }
        line_start += len + 1;
    }
    None
}

fn parse_head(head: &[u8]) -> Result<Request, Error> {
    let text = std::str::from_utf8(head).map_err(|_| Error::NotARequest {
        line: start_of(&String::from_utf8_lossy(head)),
    })?;
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let not_a_request = || Error::NotARequest {
        line: start_of(first),
    };
    let mut words = first.split(' ').filter(|word| !word.is_empty());
    let (Some(method), Some(uri), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(not_a_request());
    };
    let protocol = match version.split_once('/') {
        Some(("RTSP", "1.0")) => Protocol::Rtsp,
        Some(("RTSP", _)) => Protocol::OtherRtsp,
        Some(("HTTP", _)) => Protocol::Http,
        _ => return Err(not_a_request()),
    };
    let is_plain = method.len() <= 32
        && method
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && uri.len() <= MAX_URI_BYTES
        && uri
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if !is_plain {
        return Err(not_a_request());
    }
    Ok(Request {
        method: method.to_owned(),
        uri: uri.to_owned(),
        protocol,
        body: Vec::new(),
        headers: parse_headers(lines)?,
    })
}

fn parse_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<(String, String)>, Error> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        // A line that begins with a blank goes on with the one before.
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut().ok_or_else(|| Error::NotAHeader {
                line: start_of(line),
            })?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| Error::NotAHeader {
            line: start_of(line),
        })?;
        if headers.len() >= MAX_HEADERS {
            return Err(Error::TooManyHeaders);
        }
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// As much of a text as a log line can bear.
fn start_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DESCRIBE: &str = "DESCRIBE rtsp://h:8554/cameras/gate/jpeg RTSP/1.0\r\n\
        CSeq: 2\r\nAccept: application/sdp\r\n\r\n";

    fn all(bytes: &[u8]) -> Result<Vec<Incoming>, Error> {
        let mut inbox = Inbox::default();
        inbox.push(bytes);
        let mut found = Vec::new();
        while let Some(incoming) = inbox.next()? {
            found.push(incoming);
        }
        Ok(found)
    }

    #[test]
    fn requests_blocks_and_blank_lines_are_told_apart() {
        let mut bytes = DESCRIBE.as_bytes().to_vec();
        bytes.extend_from_slice(b"\r\n\r\n$\x01\x00\x03abc");
        bytes.extend_from_slice(
            b"SET_PARAMETER * RTSP/1.0\nCSeq: 3\nContent-Length: 4\n\na: bGET_PARAMETER",
        );
        let found = all(&bytes).unwrap();
        let [
            Incoming::Request(first),
            Incoming::Block { channel, data },
            Incoming::Request(last),
        ] = found.as_slice()
        else {
            panic!("{found:?}");
        };
        assert_eq!(first.uri, "rtsp://h:8554/cameras/gate/jpeg");
        assert_eq!(first.header("accept"), Some("application/sdp"));
        assert_eq!((*channel, data.as_slice()), (1, &b"abc"[..]));
        assert_eq!((last.cseq(), last.body.as_slice()), (Some(3), &b"a: b"[..]));
    }

    #[test]
    fn head_of_a_tunnel_leaves_its_body_alone() {
        let mut inbox = Inbox::default();
        inbox.push(b"POST /x HTTP/1.0\r\nContent-Length: 32767\r\n\r\nT1BUSU9OUw==");
        let Ok(Some(Incoming::Request(head))) = inbox.next() else {
            panic!("no head");
        };
        assert_eq!(head.protocol, Protocol::Http);
        assert_eq!(inbox.take_rest(), b"T1BUSU9OUw==");
    }

    #[test]
    fn what_is_no_rtsp_or_exceeds_a_bound_is_refused_with_the_reason() {
        let long_head = format!("OPTIONS * RTSP/1.0\r\nA: {}\r\n\r\n", "x".repeat(20_000));
        let many = format!("OPTIONS * RTSP/1.0\r\n{}\r\n", "A: 1\r\n".repeat(65));
        for (text, expected) in [
            ("\u{16}\u{3}\u{1}\r\n\r\n", "is no request line"),
            ("OPTIONS *\r\n\r\n", "is no request line"),
            ("options * RTSP/1.0\r\n\r\n", "is no request line"),
            ("OPTIONS rtsp://h/\" RTSP/1.0\r\n\r\n", "is no request line"),
            ("OPTIONS * SIP/2.0\r\n\r\n", "is no request line"),
            ("OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n", "is no header"),
            (
                "SET_PARAMETER * RTSP/1.0\r\nContent-Length: 16385\r\n\r\n",
                "at most 16384",
            ),
            (
                "SET_PARAMETER * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
                "at most 16384",
            ),
            (&long_head, "the head exceeds 16384 bytes"),
            (&many, "more than 64 headers"),
        ] {
            let error = all(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_changes_nothing(
            noise in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 1_usize..9,
        ) {
            let mut bytes = DESCRIBE.as_bytes().to_vec();
            bytes.extend_from_slice(&noise);
            let whole = all(&bytes);
            let mut inbox = Inbox::default();
            let mut found = Vec::new();
            let mut error = None;
            'outer: for chunk in bytes.chunks(cut) {
                inbox.push(chunk);
                loop {
                    match inbox.next() {
                        Ok(Some(incoming)) => found.push(incoming),
                        Ok(None) => break,
                        Err(found_error) => {
                            error = Some(found_error);
                            break 'outer;
                        }
                    }
                }
            }
            match whole {
                Ok(expected) => prop_assert_eq!((found, error), (expected, None)),
                Err(expected) => prop_assert_eq!(error, Some(expected)),
            }
        }
    }
}
