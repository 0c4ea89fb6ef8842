//! The end of a JPEG does not depend on how its bytes arrive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use source::mjpeg::{Walker, complete_len};

fuzz_target!(|bytes: &[u8]| {
    let mut whole = Walker::default();
    let end = whole.advance(bytes);
    let mut slow = Walker::default();
    let mut slow_end = None;
    for len in 0..=bytes.len() {
        slow_end = slow.advance(&bytes[..len]);
    }
    assert_eq!(end, slow_end);
    assert_eq!(whole.restart(), slow.restart());
    assert!(end.is_none_or(|end| bytes[..end].ends_with(&[0xFF, 0xD9])));
    if let Some(len) = complete_len(bytes) {
        assert!(bytes[..len].ends_with(&[0xFF, 0xD9]));
    }
});
