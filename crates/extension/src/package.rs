//! The `.ext` file: manifest, component, icon and licence, signed as a whole.
//!
//! In: bytes of any origin. Out: a [`Package`] whose signature holds, or what
//! was found and what to do. Nothing of it has been run.
//!
//! ```text
//! offset  bytes  what
//! 0       8      "AIRELAY" and the format's version, 1
//! 8       4 x 4  lengths of the four parts, little endian
//! 24      ..     manifest (TOML), component, icon (PNG), licence (text)
//! ..      32     public key of the publisher
//! ..      64     Ed25519 signature of "airelay extension 1" and the SHA-256
//!                of all bytes before the signature
//! ```
//!
//! The lengths must add up to the length of the file, so nothing can hide
//! behind or between the parts.
//!
//! Not here: whether the publisher is trusted (`installed`), whether the
//! component is sound (`host`).

use ring::digest::{SHA256, digest};
use thiserror::Error;

use crate::key::{PUBLIC_KEY_BYTES, PublicKey, SIGNATURE_BYTES, SecretKey};
use crate::manifest::{MAX_MANIFEST_BYTES, Manifest, ManifestError};

/// Longest package, bytes.
pub const MAX_PACKAGE_BYTES: usize = 16 << 20;
/// Longest icon, bytes.
const MAX_ICON_BYTES: usize = 256 << 10;
/// Longest licence text, bytes.
const MAX_LICENCE_BYTES: usize = 256 << 10;

const MAGIC: &[u8; 7] = b"AIRELAY";
const FORMAT_VERSION: u8 = 1;
const HEADER_BYTES: usize = 24;
const SIGNED_FOR: &[u8] = b"airelay extension 1";
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How a component begins: WebAssembly's magic, version 13, layer 1.
const COMPONENT_START: &[u8] = b"\0asm\x0d\0\x01\0";
/// How a plain module begins, the usual mistake.
const MODULE_START: &[u8] = b"\0asm\x01\0\0\0";

/// A package whose signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The code.
    pub component: Vec<u8>,
    /// A PNG picture, if there is one.
    pub icon: Option<Vec<u8>>,
    /// The licence text, if there is one.
    pub licence: Option<String>,
    /// Whose signature it carries.
    pub publisher_key: PublicKey,
    /// Length of the whole file, bytes.
    pub len_bytes: usize,
}

/// A package that is to be signed.
#[derive(Clone, Debug, Default)]
pub struct Unsigned<'a> {
    /// Text of the manifest.
    pub manifest: &'a str,
    /// The code.
    pub component: &'a [u8],
    /// A PNG picture; empty for none.
    pub icon: &'a [u8],
    /// The licence text; empty for none.
    pub licence: &'a str,
}

/// Why bytes are no package.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackageError {
    /// It begins differently.
    #[error("read the package: this is no .ext file of airelay: choose a file ending in .ext")]
    OtherFile,
    /// Of a later format.
    #[error(
        "read the package: it has format {found}, this relay reads format 1: update the relay first"
    )]
    Format {
        /// As the file says.
        found: u8,
    },
    /// Longer than anything sane.
    #[error("read the package: {len_bytes} bytes exceeds the limit of {max_bytes}")]
    TooLarge {
        /// Length of the file.
        len_bytes: usize,
        /// [`MAX_PACKAGE_BYTES`].
        max_bytes: usize,
    },
    /// A part is longer than allowed.
    #[error("read the package: {part} of {len_bytes} bytes exceeds the limit of {max_bytes}")]
    PartTooLarge {
        /// Which part.
        part: &'static str,
        /// Its length.
        len_bytes: usize,
        /// Its limit.
        max_bytes: usize,
    },
    /// Shorter than it says.
    #[error(
        "read the package: {len_bytes} of {expected_bytes} bytes are there: fetch the file again"
    )]
    Truncated {
        /// Length of the file.
        len_bytes: usize,
        /// Length by its header.
        expected_bytes: usize,
    },
    /// Longer than it says.
    #[error("read the package: {extra_bytes} bytes follow its end: fetch the file again")]
    Trailing {
        /// How many.
        extra_bytes: usize,
    },
    /// Changed after it was signed, or signed with another key.
    #[error(
        "read the package: its signature does not hold, so it was changed after signing: fetch it again from the publisher"
    )]
    Signature,
    /// The manifest is no text.
    #[error("read the package: its {part} is no UTF-8 text")]
    NoText {
        /// Which part.
        part: &'static str,
    },
    /// The manifest is refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The icon is something else.
    #[error("read the package: its icon is no PNG picture")]
    Icon,
    /// The code is something else.
    #[error("read the package: its code is {found}, expected a WebAssembly component")]
    Code {
        /// What it begins as.
        found: &'static str,
    },
}

impl Package {
    /// Reads the bytes of a `.ext` file and checks its signature.
    ///
    /// # Errors
    /// See [`PackageError`].
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        let parts = split(bytes)?;
        let [manifest, component, icon, licence] = parts.parts;
        let publisher_key = PublicKey::from_bytes(*parts.key);
        if !publisher_key.has_signed(&signed_message(parts.signed), parts.signature) {
            return Err(PackageError::Signature);
        }
        let manifest = Manifest::parse(text("manifest", manifest)?)?;
        check_contents(component, icon)?;
        let licence = text("licence", licence)?;
        Ok(Package {
            manifest,
            component: component.to_vec(),
            icon: (!icon.is_empty()).then(|| icon.to_vec()),
            licence: (!licence.is_empty()).then(|| licence.to_owned()),
            publisher_key,
            len_bytes: bytes.len(),
        })
    }
}

impl Unsigned<'_> {
    /// The bytes of the `.ext` file, signed with `secret_key`.
    ///
    /// # Errors
    /// What [`Package::read`] would refuse is not signed.
    pub fn sign(&self, secret_key: &SecretKey) -> Result<Vec<u8>, PackageError> {
        Manifest::parse(self.manifest)?;
        check_contents(self.component, self.icon)?;
        let parts = [
            self.manifest.as_bytes(),
            self.component,
            self.icon,
            self.licence.as_bytes(),
        ];
        let mut bytes = MAGIC.to_vec();
        bytes.push(FORMAT_VERSION);
        for part in parts {
            let len_bytes = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&len_bytes.to_le_bytes());
        }
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(secret_key.public_key().as_bytes());
        let signature = secret_key.sign(&signed_message(&bytes));
        bytes.extend_from_slice(&signature);
        split(&bytes)?;
        Ok(bytes)
    }
}

/// A file cut into its parts; nothing is believed yet.
struct Parts<'a> {
    parts: [&'a [u8]; 4],
    signed: &'a [u8],
    key: &'a [u8; PUBLIC_KEY_BYTES],
    signature: &'a [u8],
}

fn split(bytes: &[u8]) -> Result<Parts<'_>, PackageError> {
    if bytes.len() > MAX_PACKAGE_BYTES {
        return Err(PackageError::TooLarge {
            len_bytes: bytes.len(),
            max_bytes: MAX_PACKAGE_BYTES,
        });
    }
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(PackageError::OtherFile);
    };
    match rest.first() {
        None | Some(&FORMAT_VERSION) => {}
        Some(&found) => return Err(PackageError::Format { found }),
    }
    let truncated = |expected_bytes| PackageError::Truncated {
        len_bytes: bytes.len(),
        expected_bytes,
    };
    let header = bytes
        .get(..HEADER_BYTES)
        .ok_or_else(|| truncated(HEADER_BYTES))?;
    let mut ends = [HEADER_BYTES; 5];
    for (part_idx, (part, max_bytes)) in [
        ("manifest", MAX_MANIFEST_BYTES),
        ("code", MAX_PACKAGE_BYTES),
        ("icon", MAX_ICON_BYTES),
        ("licence", MAX_LICENCE_BYTES),
    ]
    .into_iter()
    .enumerate()
    {
        let at = MAGIC.len() + 1 + 4 * part_idx;
        let mut length = [0; 4];
        length.copy_from_slice(&header[at..at + 4]);
        let len_bytes = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if len_bytes > max_bytes {
            return Err(PackageError::PartTooLarge {
                part,
                len_bytes,
                max_bytes,
            });
        }
        ends[part_idx + 1] = ends[part_idx] + len_bytes;
    }
    let signed_bytes = ends[4] + PUBLIC_KEY_BYTES;
    let expected_bytes = signed_bytes + SIGNATURE_BYTES;
    if bytes.len() < expected_bytes {
        return Err(truncated(expected_bytes));
    }
    if bytes.len() > expected_bytes {
        return Err(PackageError::Trailing {
            extra_bytes: bytes.len() - expected_bytes,
        });
    }
    let (signed, signature) = bytes.split_at(signed_bytes);
    let key = signed[ends[4]..]
        .first_chunk()
        .expect("the lengths were added up above");
    Ok(Parts {
        parts: [0, 1, 2, 3].map(|part_idx| &bytes[ends[part_idx]..ends[part_idx + 1]]),
        signed,
        key,
        signature,
    })
}

fn check_contents(component: &[u8], icon: &[u8]) -> Result<(), PackageError> {
    if !component.starts_with(COMPONENT_START) {
        let found = if component.is_empty() {
            "missing"
        } else if component.starts_with(MODULE_START) {
            "a plain WebAssembly module"
        } else {
            "no WebAssembly"
        };
        return Err(PackageError::Code { found });
    }
    if !icon.is_empty() && !icon.starts_with(PNG_START) {
        return Err(PackageError::Icon);
    }
    Ok(())
}

fn signed_message(signed: &[u8]) -> Vec<u8> {
    [SIGNED_FOR, digest(&SHA256, signed).as_ref()].concat()
}

fn text<'a>(part: &'static str, bytes: &'a [u8]) -> Result<&'a str, PackageError> {
    std::str::from_utf8(bytes).map_err(|_| PackageError::NoText { part })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANIFEST: &str = r#"
id = "door"
name = "Door"
version = "1.0.0"
target = "wasm-component"
interface = "airelay:program@1.0"
publisher = "Example"
memory_mib = 1
"#;

    fn unsigned() -> Unsigned<'static> {
        Unsigned {
            manifest: MANIFEST,
            component: b"\0asm\x0d\0\x01\0code",
            icon: b"\x89PNG\r\n\x1a\npicture",
            licence: "Do as you like.",
        }
    }

    fn signed() -> Vec<u8> {
        unsigned().sign(&SecretKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn signed_package_is_read_with_all_its_parts() {
        let secret_key = SecretKey::generate().unwrap();
        let bytes = unsigned().sign(&secret_key).unwrap();
        let package = Package::read(&bytes).unwrap();
        assert_eq!(package.manifest.id, "door");
        assert_eq!(package.component, unsigned().component);
        assert_eq!(package.icon.as_deref(), Some(unsigned().icon));
        assert_eq!(package.licence.as_deref(), Some("Do as you like."));
        assert_eq!(package.publisher_key, secret_key.public_key());
        assert_eq!(package.len_bytes, bytes.len());
    }

    #[test]
    fn package_changed_in_any_byte_is_refused() {
        let bytes = signed();
        for byte_idx in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[byte_idx] ^= 1;
            assert!(Package::read(&changed).is_err(), "byte {byte_idx}");
        }
    }

    #[test]
    fn package_of_any_other_length_is_refused() {
        let mut bytes = signed();
        for len_bytes in 0..bytes.len() {
            let error = Package::read(&bytes[..len_bytes]).unwrap_err();
            assert!(
                matches!(
                    error,
                    PackageError::Truncated { .. } | PackageError::OtherFile
                ),
                "{len_bytes}: {error}"
            );
        }
        bytes.push(0);
        assert_eq!(
            Package::read(&bytes),
            Err(PackageError::Trailing { extra_bytes: 1 })
        );
    }

    #[test]
    fn refusals_say_what_was_found() {
        let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
            let mut bytes = signed();
            change(&mut bytes);
            assert_eq!(Package::read(&bytes).unwrap_err().to_string(), expected);
        };
        check(
            &|bytes| bytes[7] = 2,
            "read the package: it has format 2, this relay reads format 1: update the relay first",
        );
        check(
            &|bytes| bytes[0] = b'P',
            "read the package: this is no .ext file of airelay: choose a file ending in .ext",
        );
        check(
            &|bytes| bytes[8..12].copy_from_slice(&65_537_u32.to_le_bytes()),
            "read the package: manifest of 65537 bytes exceeds the limit of 65536",
        );
        check(
            &|bytes| bytes.resize(MAX_PACKAGE_BYTES + 1, 0),
            "read the package: 16777217 bytes exceeds the limit of 16777216",
        );
        check(
            &|bytes| *bytes.last_mut().unwrap() ^= 1,
            "read the package: its signature does not hold, so it was changed after signing: fetch it again from the publisher",
        );
    }

    #[test]
    fn what_would_not_be_read_is_not_signed() {
        let secret_key = SecretKey::generate().unwrap();
        for (unsigned, expected) in [
            (
                Unsigned {
                    component: b"\0asm\x01\0\0\0",
                    ..unsigned()
                },
                "read the package: its code is a plain WebAssembly module, expected a WebAssembly component",
            ),
            (
                Unsigned {
                    component: b"\x7fELF",
                    ..unsigned()
                },
                "read the package: its code is no WebAssembly, expected a WebAssembly component",
            ),
            (
                Unsigned {
                    icon: b"GIF89a",
                    ..unsigned()
                },
                "read the package: its icon is no PNG picture",
            ),
        ] {
            let error = unsigned.sign(&secret_key).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes: Vec<u8>, is_marked: bool) {
            if is_marked {
                bytes.splice(..0, *b"AIRELAY\x01");
            }
            prop_assert!(Package::read(&bytes).is_err());
        }
    }
}
