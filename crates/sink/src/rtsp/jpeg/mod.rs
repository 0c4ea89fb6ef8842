//! JPEG pictures over packets (RFC 2435), without encoding them anew.
//!
//! RFC 2435 sends the compressed scan and lets the receiver make the headers.
//! So it carries only what those headers can say: baseline, 4:2:0 or 4:2:2,
//! the standard Huffman tables, one scan. What else a camera sends is refused
//! with the reason ([`Unsuited`]); the caller may encode it anew.
//!
//! Sizes go to 2040 pixels there. Larger pictures carry their headers in
//! ONVIF's extension of the RTP header (Streaming Specification, 5.1.4), which
//! only some receivers know.

mod header;
mod packets;
mod tables;

pub use self::header::{Parts, Unsuited};
pub use self::packets::{MAX_SIDE_PX, fragments};

#[cfg(test)]
mod tests;
