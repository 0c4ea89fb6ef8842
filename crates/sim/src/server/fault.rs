//! What goes wrong with cameras and networks, to be switched on and off live.
//!
//! In: faults, one JPEG. Out: the spoilt JPEG; the rest is done by `client`
//! and `server`.
//!
//! Not here: odd but lawful habits (`quirk`).

use std::time::Duration;

/// Something that is wrong with the camera right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Every JPEG ends in the middle, with the right length in its header.
    TruncatedJpeg,
    /// Every other part holds bytes that are no JPEG.
    GarbagePart,
    /// Parts claim to be 1 GiB long.
    HugeLength,
    /// The headers of a part never end.
    EndlessHeader,
    /// Nothing comes any more, and the connection stays open.
    Stall,
    /// The connection is cut one second after each request.
    HangUp,
    /// Every request is answered 503.
    Unavailable,
    /// Every request is answered with a web page.
    WebPage,
    /// 60 frames a second, whatever was set.
    Flood,
    /// JPEG headers say 16000x16000.
    HugePicture,
    /// Half the resolution, in turns of 4 s.
    ResolutionChange,
    /// The port is closed for 4 s, once; the fault then ends by itself.
    Reboot,
    /// 640 bytes a second.
    Trickle,
}

/// How long a rebooting camera is away.
pub(crate) const REBOOT: Duration = Duration::from_secs(4);
/// How long each resolution lasts.
pub(crate) const RESOLUTION_TURN_S: u64 = 4;
/// How long a connection lasts that is cut.
pub(crate) const HANG_UP_AFTER: Duration = Duration::from_secs(1);
/// Pieces and pauses of a trickling camera.
pub(crate) const TRICKLE: (usize, Duration) = (64, Duration::from_millis(100));
/// Frames a second of a flooding camera.
pub(crate) const FLOOD_FPS: f32 = 60.0;
/// What parts claim to hold.
pub(crate) const HUGE_LENGTH_BYTES: u64 = 1 << 30;
/// Side of the picture that is claimed, pixels.
const HUGE_SIDE_PX: u16 = 16_000;

impl Fault {
    /// All faults.
    pub const ALL: [Fault; 13] = [
        Fault::TruncatedJpeg,
        Fault::GarbagePart,
        Fault::HugeLength,
        Fault::EndlessHeader,
        Fault::Stall,
        Fault::HangUp,
        Fault::Unavailable,
        Fault::WebPage,
        Fault::Flood,
        Fault::HugePicture,
        Fault::ResolutionChange,
        Fault::Reboot,
        Fault::Trickle,
    ];

    /// Name for the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::TruncatedJpeg => "truncated_jpeg",
            Fault::GarbagePart => "garbage_part",
            Fault::HugeLength => "huge_length",
            Fault::EndlessHeader => "endless_header",
            Fault::Stall => "stall",
            Fault::HangUp => "hang_up",
            Fault::Unavailable => "unavailable",
            Fault::WebPage => "web_page",
            Fault::Flood => "flood",
            Fault::HugePicture => "huge_picture",
            Fault::ResolutionChange => "resolution_change",
            Fault::Reboot => "reboot",
            Fault::Trickle => "trickle",
        }
    }

    /// The fault with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// The JPEG as a faulty camera sends it; `n_parts` have been sent before.
pub(crate) fn spoil(mut jpeg: Vec<u8>, faults: &[Fault], n_parts: u64) -> Vec<u8> {
    if faults.contains(&Fault::HugePicture) {
        claim_huge(&mut jpeg);
    }
    if faults.contains(&Fault::TruncatedJpeg) {
        jpeg.truncate(jpeg.len() / 2);
    }
    if faults.contains(&Fault::GarbagePart) && n_parts % 2 == 1 {
        // Any bytes without an order; none of them begins a marker.
        let len = jpeg.len().min(4_096);
        jpeg = (0_u32..)
            .take(len)
            .map(|idx| idx.wrapping_mul(2_654_435_761).to_be_bytes()[0] & 0x7F)
            .collect();
    }
    jpeg
}

/// Overwrites the size in the frame header (ITU-T T.81, B.2.2).
fn claim_huge(jpeg: &mut [u8]) {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg
        .get(at..at + 4)
        .and_then(|head| head.first_chunk::<4>())
    {
        let is_frame_header = matches!(marker, 0xC0..=0xC2);
        if is_frame_header && let Some(size) = jpeg.get_mut(at + 5..at + 9) {
            let [side_high, side_low] = HUGE_SIDE_PX.to_be_bytes();
            size.copy_from_slice(&[side_high, side_low, side_high, side_low]);
            return;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg() -> Vec<u8> {
        let image = jpeg::RgbImage::new(64, 48);
        jpeg::Encoder::new().unwrap().rgb(&image, 80).unwrap()
    }

    #[test]
    fn truncated_jpeg_is_half_of_it() {
        let whole = jpeg();
        let half = spoil(whole.clone(), &[Fault::TruncatedJpeg], 0);
        assert_eq!(half, whole[..whole.len() / 2]);
    }

    #[test]
    fn garbage_comes_in_every_other_part_and_holds_no_marker() {
        let whole = jpeg();
        assert_eq!(spoil(whole.clone(), &[Fault::GarbagePart], 0), whole);
        let garbage = spoil(whole, &[Fault::GarbagePart], 1);
        assert!(!garbage.is_empty());
        assert!(!garbage.contains(&0xFF));
    }

    #[test]
    fn huge_picture_says_so_in_its_header() {
        let huge = spoil(jpeg(), &[Fault::HugePicture], 0);
        let header = jpeg::read_header(&huge).unwrap();
        assert_eq!((header.width_px, header.height_px), (16_000, 16_000));
    }

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
        }
        assert_eq!(Fault::from_name("fire"), None);
    }
}
