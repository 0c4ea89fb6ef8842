//! Evidence: a zip file whose every byte can be checked afterwards.
//!
//! ```text
//! manifest.json   what it is about, and the SHA-256 of every other file
//! manifest.sig    Ed25519 signature of manifest.json, with the key's public half
//! README.txt      what this is, and how to check it
//! ..              files
//! ```
//!
//! In: files, and what they are about; or bytes of any origin. Out: a zip file;
//! or what is right and wrong with one, in words.
//!
//! The signature says that the files are as this airelay gave them out. It
//! says nothing about who had the key file.
//!
//! Not here: which files belong to an alarm (`web::alarms::evidence`).

mod key;
mod manifest;
mod pack;
mod verify;

pub(crate) use self::key::EvidenceKey;
pub(crate) use self::manifest::About;
pub(crate) use self::pack::{EvidenceFile, pack};
pub(crate) use self::verify::{SignedBy, Verdict, verify};

/// Longest evidence, bytes, packed and unpacked.
pub(crate) const MAX_EVIDENCE_BYTES: usize = 64 << 20;
/// Most files.
const MAX_FILES: usize = 2_000;
/// Longest manifest, bytes.
const MAX_MANIFEST_BYTES: usize = 2 << 20;

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const README: &str = "README.txt";
/// What signed messages begin with, and the format's name.
const FORMAT: &str = "airelay evidence 1";

/// What is signed.
fn message(manifest: &[u8]) -> Vec<u8> {
    [FORMAT.as_bytes(), b"\n", manifest].concat()
}

#[cfg(test)]
mod tests;
