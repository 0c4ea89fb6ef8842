//! No bytes given as a package panic, also not behind a right signature; what
//! is read holds what was written.
//!
//! The reader's modules are taken as they are, without the rest of their
//! crate, which would bring a whole compiler along.

#![no_main]
#![allow(dead_code, reason = "only the reader is called")]

#[path = "../../crates/extension/src/key.rs"]
mod key;
#[path = "../../crates/extension/src/manifest.rs"]
mod manifest;
#[path = "../../crates/extension/src/package.rs"]
mod package;
#[path = "../../crates/extension/src/setting.rs"]
mod setting;

use libfuzzer_sys::fuzz_target;
use ring::digest::{SHA256, digest};

use crate::key::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SecretKey};
use crate::package::{Package, PackageError};

fuzz_target!(|bytes: &[u8]| {
    assert!(
        Package::read(bytes).is_err(),
        "nobody can guess a signature"
    );
    let zeros = "0".repeat(64);
    let secret_key = SecretKey::parse(&format!("airelay-secret-key:{zeros}")).expect("a key");
    let Some(parts_bytes) = bytes.len().checked_sub(PUBLIC_KEY_BYTES + SIGNATURE_BYTES) else {
        return;
    };
    let mut signed = bytes[..parts_bytes].to_vec();
    signed.extend_from_slice(secret_key.public_key().as_bytes());
    let message = [
        b"airelay extension 1".as_slice(),
        digest(&SHA256, &signed).as_ref(),
    ]
    .concat();
    signed.extend_from_slice(&secret_key.sign(&message));
    match Package::read(&signed) {
        Ok(package) => {
            assert_eq!(package.len_bytes, signed.len());
            assert_eq!(package.publisher_key, secret_key.public_key());
            assert!(package.manifest.memory_bytes() <= 64 << 20);
            let again = Package::read(&[signed.as_slice(), b"x"].concat());
            assert_eq!(again, Err(PackageError::Trailing { extra_bytes: 1 }));
        }
        Err(error) => assert!(error.to_string().len() < 1_000, "{error}"),
    }
});
