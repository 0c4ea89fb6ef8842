//! Pictures of a stream do not depend on how its bytes arrive, and memory stays
//! bounded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use source::mjpeg::{Boundary, Counts, Part, Reader, ReaderLimits};
use types::Timestamp;

const LIMITS: ReaderLimits = ReaderLimits {
    max_part_bytes: 4_000,
    max_header_bytes: 200,
};

fuzz_target!(|input: (u8, Vec<u8>, Vec<u8>)| {
    let (boundary, cuts, body) = input;
    let content_type = match boundary % 3 {
        0 => "multipart/x-mixed-replace; boundary=x",
        1 => "multipart/x-mixed-replace; boundary=--frame",
        _ => "image/jpeg",
    };
    let whole = read(content_type, &body, &[]);
    assert_eq!(whole, read(content_type, &body, &cuts));
    for part in whole.0 {
        assert!(part.jpeg.len() <= LIMITS.max_part_bytes);
        assert!(part.jpeg.starts_with(&[0xFF, 0xD8, 0xFF]));
    }
});

/// Reads `body` in pieces of `cuts` bytes, over and over; whole without `cuts`.
fn read(content_type: &str, body: &[u8], cuts: &[u8]) -> (Vec<Part>, Counts) {
    let mut reader = Reader::new(Boundary::from_content_type(content_type), LIMITS);
    let mut parts = Vec::new();
    let mut rest = body;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let len = (usize::from(*cut) + 1).min(rest.len());
        let (now, later) = rest.split_at(len);
        parts.extend(reader.push(now, Timestamp::default()));
        rest = later;
    }
    parts.extend(reader.push(rest, Timestamp::default()));
    parts.extend(reader.finish());
    (parts, reader.counts())
}
