//! One track on its way to one viewer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sink::rtsp::{
    Fragment, H264_TYPE, JPEG_TYPE, METADATA_TYPE, PacketWriter, Seeds, TrackKind, Transport,
    Video, ViewerReport, goodbye, parse_report, sender_report,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use types::Timestamp;

use super::limits::{DATAGRAM_PAUSE, DATAGRAMS_AT_ONCE, MAX_REFUSED};
use super::wire::Out;
use crate::secrets::random_seed;

/// The viewer does not take anything any more.
#[derive(Debug)]
pub(super) struct Gone;

/// Sends one track.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) track: TrackKind,
    writer: PacketWriter,
    way: OutletWay,
    has_reported: bool,
}

#[derive(Debug)]
enum OutletWay {
    Interleaved {
        rtp_channel: u8,
        rtcp_channel: u8,
        outgoing: mpsc::Sender<Out>,
    },
    Udp {
        rtp: Arc<UdpSocket>,
        rtcp: Arc<UdpSocket>,
        n_refused: u32,
        /// Ends the task that hears the viewer's reports.
        _listener: AbortOnDrop,
    },
}

#[derive(Debug)]
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where a viewer can be reached besides its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Our address.
    pub(super) local: IpAddr,
    /// Its address.
    pub(super) peer: IpAddr,
}

impl Outlet {
    /// Makes ready to send. `place` is there where datagrams can be sent;
    /// `reports` hears what the viewer says by datagram.
    ///
    /// # Errors
    /// There is no port left.
    pub(super) async fn open(
        track: TrackKind,
        video: Video,
        transport: Transport,
        place: Option<Place>,
        outgoing: &mpsc::Sender<Out>,
        reports: &mpsc::Sender<ViewerReport>,
    ) -> anyhow::Result<Self> {
        let way = match (transport, place) {
            (
                Transport::Udp {
                    rtp_port,
                    rtcp_port,
                },
                Some(place),
            ) => {
                let (rtp, rtcp) = bind_pair(place.local).await?;
                rtp.connect((place.peer, rtp_port)).await?;
                rtcp.connect((place.peer, rtcp_port)).await?;
                let rtcp = Arc::new(rtcp);
                let listener = tokio::spawn(hear(Arc::clone(&rtcp), reports.clone()));
                OutletWay::Udp {
                    rtp: Arc::new(rtp),
                    rtcp,
                    n_refused: 0,
                    _listener: AbortOnDrop(listener.abort_handle()),
                }
            }
            (Transport::Udp { .. }, None) => anyhow::bail!("datagrams cannot reach this viewer"),
            (
                Transport::Interleaved {
                    rtp_channel,
                    rtcp_channel,
                },
                _,
            ) => OutletWay::Interleaved {
                rtp_channel,
                rtcp_channel,
                outgoing: outgoing.clone(),
            },
        };
        Ok(Outlet {
            track,
            writer: PacketWriter::new(payload_type(track, video), seeds()?),
            way,
            has_reported: false,
        })
    }

    /// Numbers of the next packet, and of who sends.
    pub(super) fn writer(&self) -> &PacketWriter {
        &self.writer
    }

    /// Our ports, when datagrams are sent.
    pub(super) fn ports(&self) -> Option<(u16, u16)> {
        let port = |socket: &UdpSocket| socket.local_addr().ok().map(|addr| addr.port());
        match &self.way {
            OutletWay::Interleaved { .. } => None,
            OutletWay::Udp { rtp, rtcp, .. } => Some((port(rtp)?, port(rtcp)?)),
        }
    }

    /// Sends all packets of a picture or document; the bytes sent.
    pub(super) async fn send(
        &mut self,
        fragments: &[Fragment<'_>],
        at: Timestamp,
    ) -> Result<usize, Gone> {
        let mut n_bytes = 0;
        match &mut self.way {
            OutletWay::Interleaved {
                rtp_channel,
                outgoing,
                ..
            } => {
                let len: usize = fragments
                    .iter()
                    .map(|fragment| fragment.body.len() + fragment.head.len() + 20)
                    .sum();
                let mut blocks = Vec::with_capacity(len);
                for fragment in fragments {
                    let start = begin_block(*rtp_channel, &mut blocks);
                    self.writer.write(fragment, at, &mut blocks);
                    end_block(start, &mut blocks);
                }
                n_bytes = blocks.len();
                let sent = outgoing.send(Out::Blocks(blocks)).await;
                sent.map_err(|_| Gone)?;
            }
            OutletWay::Udp { rtp, n_refused, .. } => {
                let mut packet = Vec::new();
                for (number, fragment) in fragments.iter().enumerate() {
                    if number > 0 && number % DATAGRAMS_AT_ONCE == 0 {
                        tokio::time::sleep(DATAGRAM_PAUSE).await;
                    }
                    packet.clear();
                    self.writer.write(fragment, at, &mut packet);
                    n_bytes += packet.len();
                    match rtp.send(&packet).await {
                        Ok(_) => *n_refused = 0,
                        // Nobody listens at the port, or not yet.
                        Err(_) if *n_refused < MAX_REFUSED => *n_refused += 1,
                        Err(_) => return Err(Gone),
                    }
                }
            }
        }
        Ok(n_bytes)
    }

    /// Tells what time it is on the track's clock.
    pub(super) async fn report(&mut self, now: Timestamp) -> Result<(), Gone> {
        self.has_reported = true;
        self.control(sender_report(&self.writer, now)).await
    }

    /// As [`report`](Self::report), if that was not done yet.
    pub(super) async fn report_once(&mut self, now: Timestamp) -> Result<(), Gone> {
        match self.has_reported {
            true => Ok(()),
            false => self.report(now).await,
        }
    }

    /// Says that the track ends.
    pub(super) async fn say_goodbye(&mut self, now: Timestamp) {
        // Whoever is gone need not be told.
        let _is_gone = self.control(goodbye(&self.writer, now)).await.is_err();
        self.has_reported = false;
    }

    async fn control(&mut self, datagram: Vec<u8>) -> Result<(), Gone> {
        match &self.way {
            OutletWay::Interleaved {
                rtcp_channel,
                outgoing,
                ..
            } => {
                let mut blocks = Vec::with_capacity(datagram.len() + 4);
                let start = begin_block(*rtcp_channel, &mut blocks);
                blocks.extend(datagram);
                end_block(start, &mut blocks);
                outgoing.send(Out::Blocks(blocks)).await.map_err(|_| Gone)
            }
            OutletWay::Udp { rtcp, .. } => {
                // Reports are repeated; one that is refused is no loss.
                drop(rtcp.send(&datagram).await);
                Ok(())
            }
        }
    }
}

/// Hears reports until it is aborted.
async fn hear(socket: Arc<UdpSocket>, reports: mpsc::Sender<ViewerReport>) {
    let mut datagram = [0; 1_500];
    loop {
        match socket.recv(&mut datagram).await {
            Ok(len) => {
                if let Some(report) = parse_report(&datagram[..len]) {
                    // A flood of reports says no more than one of them: those
                    // that find no room are left out.
                    let _is_kept = reports.try_send(report).is_ok();
                }
            }
            // A refused report of ours comes back as an error.
            Err(_) => tokio::time::sleep(DATAGRAM_PAUSE).await,
        }
    }
}

/// `$`, channel, and room for the length; where the block begins.
fn begin_block(channel: u8, blocks: &mut Vec<u8>) -> usize {
    blocks.extend_from_slice(&[b'$', channel, 0, 0]);
    blocks.len()
}

fn end_block(start: usize, blocks: &mut [u8]) {
    let len = u16::try_from(blocks.len() - start).expect("packets are short");
    blocks[start - 2..start].copy_from_slice(&len.to_be_bytes());
}

const fn payload_type(track: TrackKind, video: Video) -> u8 {
    match (track, video) {
        (TrackKind::Metadata, _) => METADATA_TYPE,
        (TrackKind::Video, Video::H264) => H264_TYPE,
        (TrackKind::Video, Video::Jpeg | Video::None) => JPEG_TYPE,
    }
}

fn seeds() -> anyhow::Result<Seeds> {
    let bytes = random_seed()?.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    let [_, _, i, j, ..] = random_seed()?.to_be_bytes();
    Ok(Seeds {
        ssrc: u32::from_be_bytes([a, b, c, d]),
        offset: u32::from_be_bytes([e, f, g, h]),
        sequence: u16::from_be_bytes([i, j]),
    })
}

/// An even port and the odd one above it (RFC 3550, section 11).
async fn bind_pair(local: IpAddr) -> anyhow::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..64 {
        let first = UdpSocket::bind((local, 0)).await?;
        let port = first.local_addr()?.port();
        let other = match port % 2 {
            0 => port.checked_add(1),
            _ => port.checked_sub(1),
        };
        let Some(other) = other else { continue };
        if let Ok(second) = UdpSocket::bind(SocketAddr::new(local, other)).await {
            return Ok(match port % 2 {
                0 => (first, second),
                _ => (second, first),
            });
        }
    }
    anyhow::bail!("no pair of ports is free at {local}")
}
