//! Settings as typed never panic; what passes keeps its path and shows no
//! password.

#![no_main]

use libfuzzer_sys::fuzz_target;
use source::{Link, LinkText};

fuzz_target!(|input: (String, String, String, String)| {
    let (host, port, path, fingerprint) = input;
    let text = LinkText {
        host,
        port,
        path,
        fingerprint,
        ..LinkText::default()
    };
    match Link::parse(&text) {
        Ok(link) => {
            assert!(link.path().ends_with(text.path.trim()));
            assert!(!link.path().contains(char::is_whitespace));
            assert!(link.url().is_ascii());
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
});
