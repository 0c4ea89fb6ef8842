//! XML documents over packets (ONVIF Streaming Specification, 5.1.2.1.1).
//!
//! The specification lets a document be cut at any byte. Receivers of i-PRO
//! cameras decode each packet as text of its own and look for the closing tag
//! inside one packet, so no character is cut, and the last packet is never so
//! short that the tag could be.

use super::rtp::Fragment;

/// Shortest last packet of a document that has several, bytes: longer than
/// `</tt:MetaDataStream>` and a line end.
const MIN_LAST_BYTES: usize = 64;

/// Cuts a document into pieces of at most `max_bytes`, which is at least 256.
pub fn fragments(document: &str, max_bytes: usize) -> Vec<Fragment<'_>> {
    assert!(max_bytes >= 256, "pieces hold some text");
    let mut pieces = Vec::new();
    let mut rest = document;
    while rest.len() > max_bytes {
        let is_next_too_short = rest.len() - max_bytes < MIN_LAST_BYTES;
        let wanted = match is_next_too_short {
            true => rest.len() - MIN_LAST_BYTES,
            false => max_bytes,
        };
        let (piece, after) = rest.split_at(rest.floor_char_boundary(wanted));
        pieces.push(Fragment {
            body: piece.as_bytes(),
            ..Fragment::default()
        });
        rest = after;
    }
    pieces.push(Fragment {
        body: rest.as_bytes(),
        is_last: true,
        ..Fragment::default()
    });
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_text_and_together_the_document(document in ".{0,1500}", max_bytes in 256_usize..600) {
            let pieces = fragments(&document, max_bytes);
            let mut together = String::new();
            for piece in &pieces {
                prop_assert!(piece.body.len() <= max_bytes);
                together.push_str(std::str::from_utf8(piece.body).expect("no character is cut"));
            }
            prop_assert_eq!(&together, &document);
            let n_last = pieces.iter().filter(|piece| piece.is_last).count();
            prop_assert_eq!(n_last, 1);
            let last = pieces.last().expect("there is always one");
            prop_assert!(last.is_last);
            prop_assert!(pieces.len() == 1 || last.body.len() >= MIN_LAST_BYTES);
        }
    }
}
