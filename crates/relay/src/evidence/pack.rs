//! Files into signed evidence.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};

use anyhow::{Context as _, ensure};
use extension::SecretKey;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::manifest::{About, FileEntry, Manifest, Signature};
use super::{FORMAT, MANIFEST, MAX_EVIDENCE_BYTES, MAX_FILES, README, SIGNATURE, message};
use crate::supervise::hex;

/// A file of the evidence.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceFile {
    /// Its path in the zip file, with `/` between folders.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Packs and signs. Same files, same key: same bytes.
///
/// # Errors
/// Too many or too long files, or a name twice.
pub(crate) fn pack(
    mut files: Vec<EvidenceFile>,
    about: About,
    key: &SecretKey,
) -> anyhow::Result<Vec<u8>> {
    files.push(EvidenceFile {
        name: README.to_owned(),
        bytes: readme(&about, key).into_bytes(),
    });
    let len_bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    // Some room for the manifest and the zip file's own lists.
    ensure!(
        files.len() <= MAX_FILES && len_bytes <= MAX_EVIDENCE_BYTES * 9 / 10,
        "pack evidence: {} files of {} MiB are too much for one file: take out fewer alarms",
        files.len(),
        len_bytes >> 20
    );
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    ensure!(
        names.len() == files.len() && !names.contains(MANIFEST) && !names.contains(SIGNATURE),
        "pack evidence: two files have one name"
    );
    let entries = files.iter().map(|file| FileEntry {
        name: file.name.clone(),
        len_bytes: file.bytes.len() as u64,
        sha256: hex(&Sha256::digest(&file.bytes)),
    });
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        about,
        files: entries.collect(),
    };
    let manifest = serde_json::to_vec_pretty(&manifest).context("write the manifest")?;
    let signature = Signature {
        format: FORMAT.to_owned(),
        public_key: key.public_key().to_string(),
        signature: hex(&key.sign(&message(&manifest))),
    };
    let signature = serde_json::to_vec_pretty(&signature).context("write the signature")?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let own = [(MANIFEST, &manifest), (SIGNATURE, &signature)];
    let others = files.iter().map(|file| (file.name.as_str(), &file.bytes));
    for (name, bytes) in own.into_iter().chain(others) {
        let is_packed = name.ends_with(".jpg") || name.ends_with(".mkv");
        let method = match is_packed {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        writer
            .start_file(name, options)
            .and_then(|()| Ok(writer.write_all(bytes)?))
            .with_context(|| format!("pack {name}"))?;
    }
    Ok(writer.finish().context("pack evidence")?.into_inner())
}

fn readme(about: &About, key: &SecretKey) -> String {
    let public_key = key.public_key();
    format!(
        "Evidence of {} alarm(s), given out by airelay {} on {} for {}.\r\n\
         \r\n\
         manifest.json lists every file with its SHA-256. manifest.sig is its Ed25519\r\n\
         signature by this key:\r\n\
         \r\n\
         {public_key}\r\n\
         fingerprint {}\r\n\
         \r\n\
         To check that nothing was changed, added or taken away since, open the page\r\n\
         \"Verify evidence\" of airelay, or run: airelay verify FILE\r\n\
         Elsewhere give it the key above, after you have compared it with the one that\r\n\
         the airelay it comes from shows: airelay verify FILE --key {public_key}\r\n",
        about.alarms.len(),
        about.airelay_version,
        about.made_at,
        about.made_by,
        public_key.fingerprint(),
    )
}
