//! What is right and wrong with evidence.
//!
//! In: bytes of any origin, at most [`MAX_EVIDENCE_BYTES`]; keys that are
//! known. Out: a verdict. Nothing is written to disk, and no more is unpacked
//! than the evidence may hold, whatever the zip file says of itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{Cursor, Read as _};

use extension::PublicKey;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::manifest::{About, Manifest, Signature};
use super::{
    FORMAT, MANIFEST, MAX_EVIDENCE_BYTES, MAX_FILES, MAX_MANIFEST_BYTES, SIGNATURE, message,
};
use crate::supervise::hex;

/// Most characters of a name that are repeated.
const MAX_NAME_CHARS: usize = 200;

/// What is right and wrong with evidence.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Who signed it.
    pub signed_by: SignedBy,
    /// What it says of itself; only to be believed if it is genuine.
    pub about: Option<About>,
    /// Files that are as the manifest lists them.
    pub n_intact: usize,
    /// What is wrong with the files.
    pub problems: Vec<Problem>,
}

/// Who signed evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignedBy {
    /// This airelay.
    Us(PublicKey),
    /// A key that somebody named as the right one.
    Named(PublicKey),
    /// Some key that nobody knows here.
    Unknown(PublicKey),
    /// Nobody: the signature does not fit the manifest.
    Broken,
    /// Nobody: there is no signature, or none that can be read.
    Nobody,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is no zip file, or not one of ours.
    NoEvidence(String),
    /// It is not as it was.
    Changed(String),
    /// It is listed and not there.
    Missing(String),
    /// It is there and not listed.
    Extra(String),
    /// There are several files of one name.
    Twice,
    /// It cannot be unpacked.
    Unreadable(String),
    /// More would have to be unpacked than evidence may hold.
    TooLarge,
}

impl Verdict {
    /// Whether every file is as it was given out, by a key that is known.
    pub(crate) fn is_genuine(&self) -> bool {
        let is_known = matches!(self.signed_by, SignedBy::Us(_) | SignedBy::Named(_));
        is_known && self.problems.is_empty()
    }

    fn no_evidence(reason: impl Into<String>) -> Self {
        Verdict {
            signed_by: SignedBy::Nobody,
            about: None,
            n_intact: 0,
            problems: vec![Problem::NoEvidence(reason.into())],
        }
    }
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignedBy::Us(key) => write!(f, "signed by this airelay (key {})", key.fingerprint()),
            SignedBy::Named(key) => {
                write!(
                    f,
                    "signed by the key that you named ({})",
                    key.fingerprint()
                )
            }
            SignedBy::Unknown(key) => write!(
                f,
                "signed by a key that is not known here ({}): compare it with the one that the \
                 airelay it comes from shows, and name it",
                key.fingerprint()
            ),
            SignedBy::Broken => f.write_str(
                "the signature does not fit the manifest: one of them was changed afterwards",
            ),
            SignedBy::Nobody => f.write_str("not signed: do not rely on it"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoEvidence(reason) => {
                write!(f, "this is no evidence of airelay: {reason}")
            }
            Problem::Changed(name) => {
                write!(
                    f,
                    "{name} was changed: it is not the file that was given out"
                )
            }
            Problem::Missing(name) => {
                write!(f, "{name} is missing: it was given out with the rest")
            }
            Problem::Extra(name) => {
                write!(f, "{name} is extra: it was not given out with the rest")
            }
            Problem::Twice => {
                f.write_str("a name stands twice in the zip file: one hides the other")
            }
            Problem::Unreadable(name) => write!(f, "{name} cannot be unpacked: it is damaged"),
            Problem::TooLarge => write!(
                f,
                "it unpacks to more than {} MiB or {MAX_FILES} files: it was not looked at further",
                MAX_EVIDENCE_BYTES >> 20
            ),
        }
    }
}

/// Looks at evidence; `us` is the key of this airelay, `named` are keys that
/// somebody has compared.
pub(crate) fn verify(bytes: &[u8], us: Option<PublicKey>, named: &[PublicKey]) -> Verdict {
    if bytes.len() > MAX_EVIDENCE_BYTES {
        return Verdict {
            problems: vec![Problem::TooLarge],
            ..Verdict::no_evidence("")
        };
    }
    let n_listed = n_entries(bytes);
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Verdict::no_evidence("the file is no zip file, or it is cut off");
    };
    let mut unpacker = Unpacker {
        n_left: MAX_EVIDENCE_BYTES,
    };
    if archive.len() > MAX_FILES || n_listed.is_some_and(|n_listed| n_listed > MAX_FILES) {
        return Verdict {
            problems: vec![Problem::TooLarge],
            ..Verdict::no_evidence("")
        };
    }
    let Ok(manifest_bytes) = unpacker.named(&mut archive, MANIFEST, MAX_MANIFEST_BYTES) else {
        return Verdict::no_evidence("it holds no manifest.json that can be read");
    };
    let manifest: Manifest = match serde_json::from_slice(&manifest_bytes) {
        Ok(manifest) => manifest,
        Err(_) => return Verdict::no_evidence("its manifest.json cannot be understood"),
    };
    if manifest.format != FORMAT {
        return Verdict::no_evidence("its manifest.json is of another format");
    }
    let signature = unpacker.named(&mut archive, SIGNATURE, MAX_MANIFEST_BYTES);
    let signature = signature.ok();
    let signed_by = signed_by(&manifest_bytes, signature.as_deref(), us, named);
    let mut verdict = Verdict {
        signed_by,
        about: Some(manifest.about.clone()),
        n_intact: 0,
        problems: Vec::new(),
    };
    if n_listed.is_some_and(|n_listed| n_listed != archive.len()) {
        verdict.problems.push(Problem::Twice);
    }
    compare(&mut archive, &manifest, &mut unpacker, &mut verdict);
    verdict
}

fn compare(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    manifest: &Manifest,
    unpacker: &mut Unpacker,
    verdict: &mut Verdict,
) {
    // A name that cannot be read is no listed one, and so is told as extra.
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map_or_else(|_| "\u{fffd}".to_owned(), Cow::into_owned))
        .collect();
    let listed: BTreeSet<&str> = manifest
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    if listed.len() != manifest.files.len() || listed.len() > MAX_FILES {
        verdict.problems.push(Problem::Twice);
        return;
    }
    for file in &manifest.files {
        let name = shown(&file.name);
        if !names.contains(&file.name) {
            verdict.problems.push(Problem::Missing(name));
            continue;
        }
        match unpacker.named(archive, &file.name, MAX_EVIDENCE_BYTES) {
            Ok(bytes) => {
                let is_same = hex(&Sha256::digest(&bytes)) == file.sha256
                    && bytes.len() as u64 == file.len_bytes;
                match is_same {
                    true => verdict.n_intact += 1,
                    false => verdict.problems.push(Problem::Changed(name)),
                }
            }
            Err(Unpacked::TooLarge) => {
                verdict.problems.push(Problem::TooLarge);
                return;
            }
            Err(Unpacked::Unreadable) => verdict.problems.push(Problem::Unreadable(name)),
        }
    }
    let own = [MANIFEST, SIGNATURE];
    let extra = names
        .iter()
        .filter(|name| !own.contains(&name.as_str()) && !listed.contains(name.as_str()));
    let extra = extra.map(|name| Problem::Extra(shown(name)));
    verdict.problems.extend(extra);
}

fn signed_by(
    manifest: &[u8],
    signature: Option<&[u8]>,
    us: Option<PublicKey>,
    named: &[PublicKey],
) -> SignedBy {
    let read = || {
        let signature: Signature = serde_json::from_slice(signature?).ok()?;
        let key = PublicKey::parse(&signature.public_key).ok()?;
        Some((key, unhex(&signature.signature)?))
    };
    let Some((key, signature)) = read() else {
        return SignedBy::Nobody;
    };
    if !key.has_signed(&message(manifest), &signature) {
        return SignedBy::Broken;
    }
    if us == Some(key) {
        SignedBy::Us(key)
    } else if named.contains(&key) {
        SignedBy::Named(key)
    } else {
        SignedBy::Unknown(key)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| value.try_into().ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 2 * extension::SIGNATURE_BYTES)?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

/// Unpacks no more than evidence may hold, all files together.
struct Unpacker {
    n_left: usize,
}

enum Unpacked {
    TooLarge,
    Unreadable,
}

impl Unpacker {
    fn named(
        &mut self,
        archive: &mut ZipArchive<Cursor<&[u8]>>,
        name: &str,
        max_bytes: usize,
    ) -> Result<Vec<u8>, Unpacked> {
        let max_bytes = max_bytes.min(self.n_left);
        let file = archive.by_name(name).map_err(|_| Unpacked::Unreadable)?;
        let mut bytes = Vec::new();
        // One byte more tells that there is more.
        let mut limited = file.take(max_bytes as u64 + 1);
        limited
            .read_to_end(&mut bytes)
            .map_err(|_| Unpacked::Unreadable)?;
        if bytes.len() > max_bytes {
            return Err(Unpacked::TooLarge);
        }
        self.n_left -= bytes.len();
        Ok(bytes)
    }
}

/// How many files the zip file's last record says it lists: the library shows
/// one of several of the same name.
fn n_entries(bytes: &[u8]) -> Option<usize> {
    const END: &[u8; 4] = b"PK\x05\x06";
    let at = bytes.windows(4).rposition(|window| window == END)?;
    let n_listed = bytes.get(at + 10..at + 12)?;
    Some(usize::from(u16::from_le_bytes([n_listed[0], n_listed[1]])))
}

/// A name that can be shown, whatever it was.
fn shown(name: &str) -> String {
    let chars = name.chars().take(MAX_NAME_CHARS);
    chars
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
