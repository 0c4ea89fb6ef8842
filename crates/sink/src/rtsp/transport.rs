//! The `Transport` header: how packets travel.

/// How the packets of one track travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams to these ports of the viewer's own address.
    Udp {
        /// For RTP.
        rtp_port: u16,
        /// For RTCP.
        rtcp_port: u16,
    },
    /// Binary blocks within the RTSP connection.
    Interleaved {
        /// For RTP.
        rtp_channel: u8,
        /// For RTCP.
        rtcp_channel: u8,
    },
}

/// Ports below this one belong to services; nobody receives video there.
const MIN_CLIENT_PORT: u16 = 1_024;

impl Transport {
    /// The first of the offered ways that can be had; `None` when none can.
    ///
    /// `can_udp` is false where the connection is itself a tunnel. Without a
    /// wish for channels the viewer gets `free_channel` and the next one.
    pub fn choose(header: &str, can_udp: bool, free_channel: u8) -> Option<Self> {
        header
            .split(',')
            .filter_map(|offer| Self::from_offer(offer, free_channel))
            .find(|transport| can_udp || matches!(transport, Transport::Interleaved { .. }))
    }

    fn from_offer(offer: &str, free_channel: u8) -> Option<Self> {
        let mut parts = offer.split(';').map(str::trim);
        let protocol = parts.next()?.to_ascii_uppercase();
        let mut ports = None;
        let mut channels = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.to_ascii_lowercase().as_str() {
                "multicast" => return None,
                "mode" if !value.trim_matches('"').eq_ignore_ascii_case("play") => return None,
                "client_port" => ports = Some(pair::<u16>(value)?),
                "interleaved" => channels = Some(pair::<u8>(value)?),
                _ => {}
            }
        }
        match protocol.as_str() {
            "RTP/AVP" | "RTP/AVP/UDP" => {
                let (rtp_port, rtcp_port) = ports?;
                (rtp_port >= MIN_CLIENT_PORT && rtcp_port >= MIN_CLIENT_PORT).then_some(
                    Transport::Udp {
                        rtp_port,
                        rtcp_port,
                    },
                )
            }
            "RTP/AVP/TCP" => {
                let (rtp_channel, rtcp_channel) =
                    channels.unwrap_or((free_channel, free_channel.saturating_add(1)));
                Some(Transport::Interleaved {
                    rtp_channel,
                    rtcp_channel,
                })
            }
            _ => None,
        }
    }
}

/// `8000-8001`, or `8000`, which means the same.
fn pair<T: std::str::FromStr + TryFrom<u32> + Into<u32> + Copy>(text: &str) -> Option<(T, T)> {
    match text.split_once('-') {
        Some((first, second)) => Some((first.trim().parse().ok()?, second.trim().parse().ok()?)),
        None => {
            let first: T = text.trim().parse().ok()?;
            Some((first, T::try_from(first.into() + 1).ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, can_udp: bool, expected: Option<Transport>) {
        assert_eq!(Transport::choose(header, can_udp, 2), expected, "{header}");
    }

    #[test]
    fn first_way_that_can_be_had_is_taken() {
        let udp = |rtp_port, rtcp_port| Transport::Udp {
            rtp_port,
            rtcp_port,
        };
        let interleaved = |rtp_channel, rtcp_channel| Transport::Interleaved {
            rtp_channel,
            rtcp_channel,
        };
        check(
            "RTP/AVP/UDP;unicast;client_port=5000-5001",
            true,
            Some(udp(5_000, 5_001)),
        );
        check(
            "RTP/AVP;unicast;client_port=5000",
            true,
            Some(udp(5_000, 5_001)),
        );
        check(
            "RTP/AVP/TCP;unicast;interleaved=4-5;mode=\"PLAY\"",
            true,
            Some(interleaved(4, 5)),
        );
        check("RTP/AVP/TCP;unicast", true, Some(interleaved(2, 3)));
        check(
            "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=0-1",
            false,
            Some(interleaved(0, 1)),
        );
    }

    #[test]
    fn ways_that_cannot_be_had_are_refused() {
        for header in [
            "",
            "RTP/AVP;multicast;port=5000-5001",
            "RTP/AVP;unicast",
            "RTP/AVP;unicast;client_port=22-23",
            "RTP/AVP;unicast;client_port=65535",
            "RTP/AVP;unicast;client_port=x-y",
            "RTP/AVP/TCP;interleaved=256-257",
            "RTP/AVP/TCP;interleaved=0-1;mode=record",
            "RTP/SAVP;unicast;client_port=5000-5001",
        ] {
            check(header, true, None);
        }
    }
}
