//! One picture as the camera sent it.

use std::fmt;
use std::sync::Arc;

use crate::Timestamp;

/// JPEG bytes of one frame, and when its first byte reached us.
#[derive(Clone)]
pub struct EncodedFrame {
    /// Zero-based number of the frame since this camera's pipeline started.
    pub seq: u64,
    /// When the first byte reached us, stamped in `source`.
    pub captured_at: Timestamp,
    /// The bytes from the start-of-image marker; trailing padding possible.
    pub jpeg: Arc<[u8]>,
}

impl fmt::Debug for EncodedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedFrame")
            .field("seq", &self.seq)
            .field("captured_at", &self.captured_at)
            .field("len_bytes", &self.jpeg.len())
            .finish()
    }
}
