//! The key with which this airelay signs evidence.
//!
//! Made when it is first needed, in `evidence.key` of the data folder,
//! readable by its owner alone. A restored backup without it signs with
//! another key: evidence of before is then by an unknown one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use extension::{PublicKey, SecretKey};

use crate::secrets::write_private;

const FILE: &str = "evidence.key";

/// The key, read or made when first asked for; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceKey {
    path: PathBuf,
    key: Arc<OnceLock<SecretKey>>,
}

impl EvidenceKey {
    /// The key of this data folder; nothing is read yet.
    pub(crate) fn of_folder(data_dir: &Path) -> Self {
        EvidenceKey {
            path: data_dir.join(FILE),
            key: Arc::default(),
        }
    }

    /// The key; made if there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, or is no key.
    pub(crate) fn secret(&self) -> anyhow::Result<&SecretKey> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = match self.read()? {
            Some(key) => key,
            None => self.make()?,
        };
        Ok(self.key.get_or_init(|| key))
    }

    /// The public half, if there is a key.
    ///
    /// # Errors
    /// The file cannot be read, or is no key.
    pub(crate) fn public(&self) -> anyhow::Result<Option<PublicKey>> {
        if let Some(key) = self.key.get() {
            return Ok(Some(key.public_key()));
        }
        Ok(self.read()?.map(|key| key.public_key()))
    }

    fn make(&self) -> anyhow::Result<SecretKey> {
        let key = SecretKey::generate()?;
        match write_private(&self.path, key.to_text().as_bytes()) {
            Ok(()) => Ok(key),
            // Somebody else made it at the same time.
            Err(error) => self.read()?.ok_or(error),
        }
    }

    fn read(&self) -> anyhow::Result<Option<SecretKey>> {
        let path = self.path.display();
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let key = SecretKey::parse(&text)
                    .with_context(|| format!("read {path}: restore it from the backup"))?;
                Ok(Some(key))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read {path}")),
        }
    }
}
