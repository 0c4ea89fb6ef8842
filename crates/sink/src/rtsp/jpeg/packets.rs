//! The parts of a JPEG as payloads of packets (RFC 2435, section 3.1).

use super::header::{Parts, Quantisation};
use super::tables;
use crate::rtsp::rtp::Fragment;
use crate::segments::{DQT, DRI, SOF0, SOS, segment};

/// Largest width and height that RFC 2435's own header can say, pixels.
pub const MAX_SIDE_PX: u16 = 2_040;
/// Marks ONVIF's extension in the first packet of a picture: the JPEG start
/// marker.
const EXTENSION: u16 = 0xffd8;
/// Quantisation tables are in the packets, and may differ with each picture.
const OWN_TABLES: u8 = 255;
/// Added to the type when restart markers are in the scan.
const WITH_RESTARTS: u8 = 64;
/// First and last packet of a restart interval at once, count unknown: the
/// receiver puts the picture together before it decodes.
const WHOLE_PICTURE: u16 = 0xffff;
/// Scans are numbered by 24 bits.
const MAX_SCAN_BYTES: usize = (1 << 24) - 1;

/// The packets of one picture, each at most `max_bytes` long (without RTP
/// header); at least 1,200. `jpeg` is what the parts were found in.
pub fn fragments<'a>(jpeg: &'a [u8], parts: &Parts, max_bytes: usize) -> Vec<Fragment<'a>> {
    assert!(max_bytes >= 1_200, "the first packet holds all headers");
    let mut rest = &jpeg[parts.scan.clone()];
    rest = &rest[..rest.len().min(MAX_SCAN_BYTES)];
    let mut offset = 0;
    let mut pieces = Vec::with_capacity(rest.len() / (max_bytes - 12) + 1);
    let is_large = parts.width_px > MAX_SIDE_PX || parts.height_px > MAX_SIDE_PX;
    loop {
        let mut head = main_header(parts, offset, is_large);
        let mut extension = None;
        if offset == 0 {
            add_quantisation(jpeg, parts, &mut head);
            extension = is_large.then(|| (EXTENSION, headers(jpeg, parts)));
        }
        let extension_bytes = extension
            .as_ref()
            .map_or(0, |(_, content)| 4 + content.len());
        let room = max_bytes - head.len() - extension_bytes;
        let (body, after) = rest.split_at(rest.len().min(room));
        pieces.push(Fragment {
            extension,
            head,
            body,
            is_last: after.is_empty(),
        });
        offset += body.len();
        rest = after;
        if rest.is_empty() {
            return pieces;
        }
    }
}

/// Section 3.1, and 3.1.7 for restarts.
fn main_header(parts: &Parts, offset: usize, is_large: bool) -> Vec<u8> {
    let offset = u32::try_from(offset)
        .expect("scans are bounded")
        .to_be_bytes();
    let has_restarts = parts.restart_interval > 0;
    let kind = parts.kind + if has_restarts { WITH_RESTARTS } else { 0 };
    // Zero says: look into the extension.
    let eighths = |side_px: u16| match is_large {
        true => 0,
        false => u8::try_from(side_px.div_ceil(8)).expect("at most 2040 pixels"),
    };
    let mut head = vec![0, offset[1], offset[2], offset[3], kind, OWN_TABLES];
    head.push(eighths(parts.width_px));
    head.push(eighths(parts.height_px));
    if has_restarts {
        head.extend_from_slice(&parts.restart_interval.to_be_bytes());
        head.extend_from_slice(&WHOLE_PICTURE.to_be_bytes());
    }
    head
}

/// Section 3.1.8.
fn add_quantisation(jpeg: &[u8], parts: &Parts, head: &mut Vec<u8>) {
    let tables = [&parts.luma, &parts.chroma];
    let precision = tables.iter().enumerate().fold(0, |bits, (number, table)| {
        bits | u8::from(is_16_bit(table)) << number
    });
    let len: usize = tables.iter().map(|table| table.values.len()).sum();
    let len = u16::try_from(len).expect("two tables are short");
    head.extend_from_slice(&[0, precision]);
    head.extend_from_slice(&len.to_be_bytes());
    for table in tables {
        head.extend_from_slice(&jpeg[table.values.clone()]);
    }
}

fn is_16_bit(table: &Quantisation) -> bool {
    table.values.len() == 128
}

/// All headers of the picture but the start marker, as whole 32-bit words.
fn headers(jpeg: &[u8], parts: &Parts) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, table) in (0_u8..).zip([&parts.luma, &parts.chroma]) {
        let mut content = vec![u8::from(is_16_bit(table)) << 4 | number];
        content.extend_from_slice(&jpeg[table.values.clone()]);
        bytes.extend(segment(DQT, &content));
    }
    let [h1, h0] = parts.height_px.to_be_bytes();
    let [w1, w0] = parts.width_px.to_be_bytes();
    let luma_sampling = if parts.kind == 0 { 0x21 } else { 0x22 };
    bytes.extend(segment(
        SOF0,
        &[
            8,
            h1,
            h0,
            w1,
            w0,
            3,
            1,
            luma_sampling,
            0,
            2,
            0x11,
            1,
            3,
            0x11,
            1,
        ],
    ));
    bytes.extend(tables::standard_segment());
    if parts.restart_interval > 0 {
        bytes.extend(segment(DRI, &parts.restart_interval.to_be_bytes()));
    }
    let scan = segment(SOS, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
    // The scan's header comes last; fill bytes go before it.
    let len = (bytes.len() + scan.len()).next_multiple_of(4);
    bytes.resize(len - scan.len(), 0xff);
    bytes.extend(scan);
    bytes
}
