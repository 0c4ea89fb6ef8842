//! H.264 over packets (RFC 6184, packetization mode 1).
//!
//! In: the NAL units of one picture. Out: single NAL unit packets, and
//! fragments (FU-A) of those that are too long.

use super::rtp::Fragment;

const FU_A: u8 = 28;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// Cuts the NAL units of one picture, without start codes, into pieces of at
/// most `max_bytes`, which is at least 16.
pub fn fragments<'a>(nal_units: &[&'a [u8]], max_bytes: usize) -> Vec<Fragment<'a>> {
    assert!(max_bytes >= 16, "pieces hold some bytes");
    let mut pieces = Vec::new();
    for unit in nal_units.iter().filter(|unit| !unit.is_empty()) {
        if unit.len() <= max_bytes {
            pieces.push(Fragment {
                body: unit,
                ..Fragment::default()
            });
            continue;
        }
        let (&unit_head, content) = unit.split_first().expect("it is not empty");
        let indicator = (unit_head & 0xe0) | FU_A;
        let mut chunks = content.chunks(max_bytes - 2).peekable();
        let mut start = 0x80;
        while let Some(chunk) = chunks.next() {
            let end = if chunks.peek().is_none() { 0x40 } else { 0 };
            pieces.push(Fragment {
                head: vec![indicator, start | end | (unit_head & 0x1f)],
                body: chunk,
                ..Fragment::default()
            });
            start = 0;
        }
    }
    if let Some(last) = pieces.last_mut() {
        last.is_last = true;
    }
    pieces
}

/// The NAL units of a byte stream with start codes (annex B).
pub fn split_stream(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for (at, window) in stream.windows(3).enumerate() {
        if window == [0, 0, 1] {
            starts.push((at, at + 3));
        }
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|(at, _)| *at)
        .chain([stream.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((_, start), end)| {
            let unit = &stream[*start..end.max(*start)];
            // Zeros before the next start code belong to it.
            let len = unit
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |last| last + 1);
            &unit[..len]
        })
        .filter(|unit| !unit.is_empty())
        .collect()
}

/// Sequence and picture parameter sets among NAL units.
pub fn parameter_sets<'a>(nal_units: &[&'a [u8]]) -> Option<(&'a [u8], &'a [u8])> {
    let find = |kind| {
        let mut units = nal_units.iter();
        units.find(|unit| unit.first().is_some_and(|head| head & 0x1f == kind))
    };
    Some((find(SPS)?, find(PPS)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_found_between_start_codes_of_both_lengths() {
        let stream = [
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 4, 5,
        ];
        let units = split_stream(&stream);
        assert_eq!(units, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 4, 5]]);
        let sets = parameter_sets(&units).unwrap();
        assert_eq!(sets, (&[0x67, 1, 2][..], &[0x68, 3][..]));
        assert!(split_stream(&[1, 2, 3]).is_empty());
    }

    /// What a receiver makes of the pieces.
    fn joined(pieces: &[Fragment<'_>]) -> Vec<Vec<u8>> {
        let mut units: Vec<Vec<u8>> = Vec::new();
        for piece in pieces {
            match piece.head.as_slice() {
                [] => units.push(piece.body.to_vec()),
                [indicator, head] => {
                    if head & 0x80 != 0 {
                        units.push(vec![(indicator & 0xe0) | (head & 0x1f)]);
                    }
                    let unit = units.last_mut().expect("a start came first");
                    unit.extend_from_slice(piece.body);
                }
                other => panic!("unknown head {other:?}"),
            }
        }
        units
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_units(
            units in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..6),
            max_bytes in 16_usize..100,
        ) {
            let borrowed: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
            let pieces = fragments(&borrowed, max_bytes);
            for piece in &pieces {
                prop_assert!(piece.head.len() + piece.body.len() <= max_bytes);
            }
            prop_assert_eq!(pieces.iter().filter(|piece| piece.is_last).count(), 1);
            prop_assert_eq!(joined(&pieces), units);
        }
    }
}
