//! RTP packets of one track for one viewer (RFC 3550, section 5).
//!
//! All clocks run at 90 kHz and count from 1970 in UTC plus an offset of their
//! own, so that a sender report maps them to the time of capture exactly, and
//! tracks of one camera fit together without a common state.

use types::Timestamp;

/// A piece of a picture or document that fits a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Header extension: its id, and its content of whole 32-bit words.
    pub extension: Option<(u16, Vec<u8>)>,
    /// What precedes the body: a header of the payload's kind.
    pub head: Vec<u8>,
    /// Content.
    pub body: &'a [u8],
    /// Whether the picture or document ends here.
    pub is_last: bool,
}

/// Numbers that should not be guessable, from the caller's source of
/// randomness.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// Names the sender.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// Offset of the clock.
    pub offset: u32,
}

/// Writes packets of one track.
#[derive(Clone, Debug)]
pub struct PacketWriter {
    payload_type: u8,
    ssrc: u32,
    next_sequence: u16,
    offset: u32,
    n_packets: u32,
    n_octets: u32,
}

impl PacketWriter {
    /// A writer that has written nothing; `payload_type` is below 128.
    pub fn new(payload_type: u8, seeds: Seeds) -> Self {
        assert!(payload_type < 128, "payload types have 7 bits");
        PacketWriter {
            payload_type,
            ssrc: seeds.ssrc,
            next_sequence: seeds.sequence,
            offset: seeds.offset,
            n_packets: 0,
            n_octets: 0,
        }
    }

    /// Who sends.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Sequence number of the next packet.
    pub fn next_sequence(&self) -> u16 {
        self.next_sequence
    }

    /// The clock at an instant.
    pub fn rtp_time(&self, at: Timestamp) -> u32 {
        rtp_ticks(at).wrapping_add(self.offset)
    }

    /// Packets so far, modulo 2^32.
    pub fn n_packets(&self) -> u32 {
        self.n_packets
    }

    /// Bytes of payload so far, modulo 2^32.
    pub fn n_octets(&self) -> u32 {
        self.n_octets
    }

    /// Appends one packet that shows the instant `at`.
    pub fn write(&mut self, fragment: &Fragment<'_>, at: Timestamp, packet: &mut Vec<u8>) {
        let has_extension = u8::from(fragment.extension.is_some());
        packet.push(0x80 | has_extension << 4);
        packet.push(u8::from(fragment.is_last) << 7 | self.payload_type);
        packet.extend_from_slice(&self.next_sequence.to_be_bytes());
        packet.extend_from_slice(&self.rtp_time(at).to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        if let Some((id, content)) = &fragment.extension {
            assert!(content.len() % 4 == 0, "extensions are whole words");
            let n_words = u16::try_from(content.len() / 4).expect("extensions fit packets");
            packet.extend_from_slice(&id.to_be_bytes());
            packet.extend_from_slice(&n_words.to_be_bytes());
            packet.extend_from_slice(content);
        }
        packet.extend_from_slice(&fragment.head);
        packet.extend_from_slice(fragment.body);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.n_packets = self.n_packets.wrapping_add(1);
        let len_bytes = fragment.head.len() + fragment.body.len();
        let len_bytes = u32::try_from(len_bytes).unwrap_or(u32::MAX);
        self.n_octets = self.n_octets.wrapping_add(len_bytes);
    }
}

/// Ticks of a 90 kHz clock since 1970, modulo 2^32.
fn rtp_ticks(at: Timestamp) -> u32 {
    let ticks = i128::from(at.as_micros()) * 9 / 100;
    let modulo = ticks.rem_euclid(1 << 32);
    u32::try_from(modulo).expect("a remainder of 2^32 fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: Seeds = Seeds {
        ssrc: 0x0102_0304,
        sequence: 0xffff,
        offset: 10,
    };

    #[test]
    fn packet_is_laid_out_as_rfc_3550_says() {
        let mut writer = PacketWriter::new(26, SEEDS);
        let mut packet = Vec::new();
        let fragment = Fragment {
            extension: None,
            head: vec![0xaa],
            body: &[0xbb, 0xcc],
            is_last: true,
        };
        writer.write(&fragment, Timestamp::from_millis(1), &mut packet);
        let expected = [
            0x80, 0x9a, 0xff, 0xff, 0, 0, 0, 100, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc,
        ];
        assert_eq!(packet, expected);
        assert_eq!((writer.next_sequence(), writer.n_packets()), (0, 1));
        assert_eq!(writer.n_octets(), 3);
    }

    #[test]
    fn extension_stands_between_header_and_payload() {
        let mut writer = PacketWriter::new(26, SEEDS);
        let mut packet = Vec::new();
        let fragment = Fragment {
            extension: Some((0xffd8, vec![1, 2, 3, 4])),
            body: &[9],
            ..Fragment::default()
        };
        writer.write(&fragment, Timestamp::default(), &mut packet);
        assert_eq!(packet[0], 0x90);
        assert_eq!(packet[12..], [0xff, 0xd8, 0, 1, 1, 2, 3, 4, 9]);
    }

    #[test]
    fn clock_wraps_and_goes_on() {
        let writer = PacketWriter::new(26, Seeds { offset: 0, ..SEEDS });
        // 2^32 ticks are 47,721.858844... seconds.
        let before = writer.rtp_time(Timestamp::from_micros(47_721_858_844));
        let after = writer.rtp_time(Timestamp::from_micros(47_721_858_944));
        assert_eq!(after.wrapping_sub(before), 9);
        assert!(after < before);
    }
}
