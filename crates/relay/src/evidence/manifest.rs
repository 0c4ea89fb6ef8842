//! What stands in `manifest.json` and `manifest.sig`.

use serde::{Deserialize, Serialize};

/// What the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// When it was made, UTC.
    pub made_at: String,
    /// The account that took it out.
    pub made_by: String,
    /// Version of airelay.
    pub airelay_version: String,
    /// Ids of the alarms.
    pub alarms: Vec<String>,
}

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Name of the format.
    pub format: String,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// Every file but this one and its signature.
    pub files: Vec<FileEntry>,
}

/// One file of the manifest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileEntry {
    /// Its path in the zip file.
    pub name: String,
    /// Its length.
    pub len_bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// `manifest.sig`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signature {
    /// Name of the format.
    pub format: String,
    /// The key, as `airelay-public-key:` and 64 hexadecimal digits.
    pub public_key: String,
    /// 128 hexadecimal digits: Ed25519 of the format's name, a line feed, and
    /// the bytes of `manifest.json`.
    pub signature: String,
}
