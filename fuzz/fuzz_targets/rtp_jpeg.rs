//! A picture is taken apart and cut into packets without panic, and all of its
//! scan arrives; its comments are exchanged without panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sink::ipro;
use sink::rtsp::{JpegParts, jpeg_fragments, split_stream};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(parts) = JpegParts::find(bytes) {
        let pieces = jpeg_fragments(bytes, &parts, 1_400);
        assert_eq!(pieces.iter().filter(|piece| piece.is_last).count(), 1);
        for piece in &pieces {
            let extension = piece.extension.as_ref().map_or(0, |(_, content)| 4 + content.len());
            assert!(extension + piece.head.len() + piece.body.len() <= 1_400);
        }
    }
    if let Some(stripped) = ipro::strip(bytes) {
        // What was stripped has nothing more to strip.
        assert_eq!(ipro::strip(&stripped).as_ref(), Some(&stripped));
        ipro::with_block(bytes, b"block").expect("it was a picture a moment ago");
    }
    split_stream(bytes);
});
