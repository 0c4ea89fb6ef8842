//! RTCP: our sender reports, and what viewers report (RFC 3550, section 6).

use types::Timestamp;

use super::rtp::PacketWriter;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const PAYLOAD_FEEDBACK: u8 = 206;
/// Feedback message "picture loss indication" (RFC 4585, 6.3.1).
const PICTURE_LOSS: u8 = 1;
/// Seconds from 1900, where NTP counts from, to 1970.
const NTP_OFFSET_S: u64 = 2_208_988_800;
/// Name of the sender, the same on all its tracks.
const CNAME: &[u8] = b"airelay";
/// Most blocks of a report that are read.
const MAX_BLOCKS: usize = 31;

/// A sender report with our name, as one datagram. It says which time of the
/// track's clock is `now`.
pub fn sender_report(track: &PacketWriter, now: Timestamp) -> Vec<u8> {
    let mut datagram = head(0, SENDER_REPORT, 6);
    datagram.extend_from_slice(&track.ssrc().to_be_bytes());
    datagram.extend_from_slice(&ntp(now).to_be_bytes());
    datagram.extend_from_slice(&track.rtp_time(now).to_be_bytes());
    datagram.extend_from_slice(&track.n_packets().to_be_bytes());
    datagram.extend_from_slice(&track.n_octets().to_be_bytes());
    add_description(track.ssrc(), &mut datagram);
    datagram
}

/// The end of a track, with a last report before it, as RFC 3550 wants.
pub fn goodbye(track: &PacketWriter, now: Timestamp) -> Vec<u8> {
    let mut datagram = sender_report(track, now);
    datagram.extend(head(1, BYE, 1));
    datagram.extend_from_slice(&track.ssrc().to_be_bytes());
    datagram
}

/// What a viewer reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewerReport {
    /// Packets lost on the way since the begin, as the viewer counts; the
    /// largest of its blocks.
    pub n_lost: Option<u32>,
    /// The viewer lost a picture and wants one that needs no other.
    pub wants_key_picture: bool,
}

/// Reads a datagram of a viewer; `None` when it is no RTCP.
pub fn parse_report(mut datagram: &[u8]) -> Option<ViewerReport> {
    let mut report = ViewerReport::default();
    let mut n_packets = 0;
    while let Some((packet, rest)) = next_packet(datagram) {
        n_packets += 1;
        datagram = rest;
        let count = usize::from(packet[0] & 0x1f);
        match packet[1] {
            RECEIVER_REPORT => add_losses(packet.get(8..)?, count, &mut report),
            SENDER_REPORT => add_losses(packet.get(28..)?, count, &mut report),
            PAYLOAD_FEEDBACK if packet[0] & 0x1f == PICTURE_LOSS => {
                report.wants_key_picture = true;
            }
            _ => {}
        }
    }
    (n_packets > 0).then_some(report)
}

fn add_losses(blocks: &[u8], count: usize, report: &mut ViewerReport) {
    for block in blocks.chunks_exact(24).take(count.min(MAX_BLOCKS)) {
        // 24 bits, signed: duplicates make it negative.
        let lost = i32::from_be_bytes([block[5], block[6], block[7], 0]) >> 8;
        let lost = u32::try_from(lost).unwrap_or(0);
        report.n_lost = Some(report.n_lost.unwrap_or(0).max(lost));
    }
}

/// The first packet of a datagram, and what follows it.
fn next_packet(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = datagram.get(..4)?;
    if head[0] >> 6 != 2 {
        return None;
    }
    let n_words = usize::from(u16::from_be_bytes([head[2], head[3]]));
    datagram.split_at_checked(4 * (n_words + 1))
}

fn head(count: u8, kind: u8, n_words: u16) -> Vec<u8> {
    let [high, low] = n_words.to_be_bytes();
    vec![0x80 | count, kind, high, low]
}

/// Our name, which every datagram of a sender carries.
fn add_description(ssrc: u32, datagram: &mut Vec<u8>) {
    // Item type 1 is CNAME; at least one zero ends the list of items.
    let mut items = vec![1, u8::try_from(CNAME.len()).expect("a short name")];
    items.extend_from_slice(CNAME);
    items.push(0);
    items.resize(items.len().next_multiple_of(4), 0);
    let n_words = 1 + items.len() / 4;
    let n_words = u16::try_from(n_words).expect("a short name");
    datagram.extend(head(1, DESCRIPTION, n_words));
    datagram.extend_from_slice(&ssrc.to_be_bytes());
    datagram.extend(items);
}

/// NTP time: seconds since 1900 and a binary fraction of 32 bits.
fn ntp(at: Timestamp) -> u64 {
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    let seconds = micros / 1_000_000 + NTP_OFFSET_S;
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    // The seconds wrap in 2036, as everybody's do.
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtsp::rtp::Seeds;

    fn track() -> PacketWriter {
        let seeds = Seeds {
            ssrc: 7,
            sequence: 0,
            offset: 0,
        };
        PacketWriter::new(26, seeds)
    }

    #[test]
    fn sender_report_maps_the_clock_to_utc_and_names_the_sender() {
        // 2026-07-01T09:30:00.5Z
        let now = Timestamp::from_micros(1_782_898_200_500_000);
        let datagram = sender_report(&track(), now);
        assert_eq!(datagram[..4], [0x80, 200, 0, 6]);
        let seconds = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        assert_eq!(u64::from(seconds), 1_782_898_200 + NTP_OFFSET_S);
        assert_eq!(datagram[12..16], [0x80, 0, 0, 0]);
        assert_eq!(datagram[16..20], track().rtp_time(now).to_be_bytes());
        assert_eq!(datagram[28..32], [0x81, 202, 0, 4]);
        assert_eq!(datagram.len() % 4, 0);
        assert!(parse_report(&datagram).is_some());
        assert_eq!(goodbye(&track(), now).len(), datagram.len() + 8);
    }

    #[test]
    fn losses_and_wishes_of_viewers_are_read() {
        let mut datagram = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
        datagram.extend([0, 0, 0, 7, 25, 0, 1, 2, 0, 0, 0, 0]);
        datagram.extend([0; 12]);
        datagram.extend([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7]);
        let expected = ViewerReport {
            n_lost: Some(258),
            wants_key_picture: true,
        };
        assert_eq!(parse_report(&datagram), Some(expected));
        assert_eq!(parse_report(b"hello"), None);
        assert_eq!(parse_report(&datagram[..20]), None);
    }

    proptest! {
        #[test]
        fn any_datagram_is_read_without_panic(datagram in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_report(&datagram);
        }
    }
}
