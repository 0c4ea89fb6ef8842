//! Bounds on everything a camera can make us wait for or keep.

use std::time::Duration;

/// Bounds of one source. [`Limits::default`] suits cameras on a local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for name look-up, TCP and TLS together. 5 s.
    pub connect_timeout: Duration,
    /// Longest time from a request to the end of the answer's header. 10 s.
    pub answer_timeout: Duration,
    /// Longest time without one more whole picture. 10 s.
    pub stall_timeout: Duration,
    /// Largest picture accepted. 8 MiB.
    pub max_part_bytes: usize,
    /// Largest header of one multipart part, and longest line of text. 16 KiB.
    pub max_header_bytes: usize,
    /// Largest header of an HTTP answer. 64 KiB.
    pub max_head_bytes: usize,
    /// Most bytes without a picture among them. 8 MiB.
    pub max_garbage_bytes: u64,
    /// Redirects followed for one request. 3.
    pub max_redirects: u32,
    /// Streams that fail in a row before automatic mode changes to one shot. 3.
    pub max_stream_failures: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(10),
            max_part_bytes: 8 << 20,
            max_header_bytes: 16 << 10,
            max_head_bytes: 64 << 10,
            max_garbage_bytes: 8 << 20,
            max_redirects: 3,
            max_stream_failures: 3,
        }
    }
}
