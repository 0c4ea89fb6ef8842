//! Licences of all that the binary contains: airelay itself, its libraries in
//! Rust and C, ONNX Runtime, and the web pages' JavaScript.

use std::borrow::Cow;

use crate::web::page_licences;

const OURS: &str = include_str!("../../../LICENSE");

/// Made by `build.rs`.
const LIBRARIES: &str = include_str!(concat!(env!("OUT_DIR"), "/licences.txt"));

/// A line of these between two parts.
const RULE: &str = "================================================================";

/// All texts, one after the other.
pub(crate) fn all() -> String {
    let [engine, engine_notices] = runtime::notices();
    let parts: [(&str, Cow<'_, str>); 5] = [
        ("airelay", OURS.into()),
        ("Libraries", LIBRARIES.into()),
        ("ONNX Runtime", engine.into()),
        ("Contained in ONNX Runtime", engine_notices.into()),
        ("JavaScript of the web pages", page_licences()),
    ];
    let mut text = String::new();
    for (title, part) in parts {
        if !part.trim().is_empty() {
            text += &format!("{RULE}\n{title}\n{RULE}\n\n{}\n\n", part.trim());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_binary_is_named() {
        let text = all();
        for part in [
            "Apache License",
            "libjpeg-turbo Licenses",
            "The Independent JPEG Group's JPEG software",
            "rusqlite ",
            "wasmtime ",
        ] {
            assert!(text.contains(part), "{part} is missing");
        }
        // Used by tests alone.
        assert!(!text.contains("proptest "));
    }
}
