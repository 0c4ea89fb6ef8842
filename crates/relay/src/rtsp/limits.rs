//! Bounds of the RTSP server.

use std::time::Duration;

/// Most connections at once, tunnels and WebSockets included.
pub(super) const MAX_CONNECTIONS: usize = 512;
/// Most of them from one address. A VMS of 64 cameras opens about two each.
pub(super) const MAX_PER_ADDRESS: usize = 160;
/// Most viewers that are being sent something.
pub(super) const MAX_VIEWERS: usize = 256;
/// Most cameras whose pictures are encoded as H.264 at once.
pub(super) const MAX_H264: usize = 16;
/// Most tunnels that wait for their other half.
pub(super) const MAX_TUNNELS: usize = 128;

/// A viewer of whom nothing is heard for so long is given up: told in every
/// answer, as `timeout`.
pub(super) const SESSION_TIMEOUT: Duration = Duration::from_secs(60);
/// Beyond that, for a keep-alive that is on its way.
pub(super) const SESSION_GRACE: Duration = Duration::from_secs(10);
/// Longest wait until what is sent has left.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for the first picture before a stream is described.
pub(super) const DESCRIBE_WITHIN: Duration = Duration::from_secs(3);
/// Pause between tries to open the port.
pub(super) const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Pause before a wrong password is answered: guessing takes its time.
pub(super) const WRONG_PASSWORD_PAUSE: Duration = Duration::from_secs(1);
/// Wrong passwords after which a connection is closed.
pub(super) const MAX_WRONG_PASSWORDS: u32 = 5;

/// Time between sender reports.
pub(super) const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Longest packet: fits Ethernet with the headers of RTP, UDP and IPv6.
pub(super) const MAX_PAYLOAD_BYTES: usize = 1_400;
/// Datagrams sent in one go; more would overflow a viewer's socket, which
/// Linux gives about 200 kB.
pub(super) const DATAGRAMS_AT_ONCE: usize = 24;
/// Pause between two such goes.
pub(super) const DATAGRAM_PAUSE: Duration = Duration::from_millis(1);
/// Refused datagrams in a row after which a viewer counts as gone.
pub(super) const MAX_REFUSED: u32 = 50;

/// Bytes read at once.
pub(super) const READ_BYTES: usize = 16 * 1024;
/// Pieces that wait between a socket and who reads them.
pub(super) const WAITING_READS: usize = 4;
/// Answers and pictures that wait for a slow viewer's socket.
pub(super) const WAITING_WRITES: usize = 2;
/// H.264 pictures that wait for a slow viewer; a second or more.
pub(super) const WAITING_UNITS: usize = 32;
/// Synchronisation points that wait for a slow viewer; one lost is made up for.
pub(super) const WAITING_WISHES: usize = 16;
