//! Secrets: random tokens, and passwords of other systems at rest.
//!
//! In: plain text. Out: sealed text that is useless without the key file.
//!
//! Camera and webhook secrets must be readable by us, so they are encrypted
//! with a key of this installation (`secret.key` in the data folder, readable
//! by its owner alone). That protects a copied database or backup, not a
//! machine whose data folder is open to the attacker.
//!
//! Not here: passwords of our own users (hashed, see `web::accounts`).

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The key of this installation.
pub struct Vault {
    key: LessSafeKey,
    signing_key: hmac::Key,
    random: SystemRandom,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}

/// Written before each sealed text, so that the form can change one day.
const SEALED_PREFIX: &str = "v1:";

const KEY_LEN_BYTES: usize = 32;

impl Vault {
    /// Reads the key file, or makes it on the first start.
    ///
    /// # Errors
    /// The file cannot be read or made, or is no key.
    pub fn open(key_file: &Path) -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let bytes = match fs::read(key_file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut bytes = vec![0; KEY_LEN_BYTES];
                fill(&random, &mut bytes)?;
                write_private(key_file, &bytes)?;
                bytes
            }
            Err(error) => {
                return Err(error).with_context(|| format!("read key {}", key_file.display()));
            }
        };
        let Ok(key) = UnboundKey::new(&CHACHA20_POLY1305, &bytes) else {
            bail!(
                "read key {}: {} bytes, expected {KEY_LEN_BYTES}; restore it from the backup, or delete it and enter the camera passwords again",
                key_file.display(),
                bytes.len()
            );
        };
        // One key file, two uses: the signing key is derived, so that neither
        // use can be turned against the other.
        let root = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let derived = hmac::sign(&root, b"airelay link signatures v1");
        Ok(Vault {
            key: LessSafeKey::new(key),
            signing_key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
            random,
        })
    }

    /// A signature of `claim` that only this installation can make, fit for
    /// URLs.
    pub fn sign(&self, claim: &str) -> String {
        let tag = hmac::sign(&self.signing_key, claim.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref())
    }

    /// Whether `signature` is what [`sign`](Self::sign) gave for `claim`.
    pub fn is_signed(&self, claim: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.signing_key, claim.as_bytes(), &tag).is_ok())
    }

    /// Encrypts `plain`.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn seal(&self, plain: &str) -> anyhow::Result<String> {
        let mut nonce = [0; NONCE_LEN];
        fill(&self.random, &mut nonce)?;
        let mut bytes = plain.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut bytes,
            )
            .map_err(|_| anyhow::anyhow!("encrypt secret: refused by the cipher"))?;
        let sealed = [&nonce[..], &bytes].concat();
        Ok(format!("{SEALED_PREFIX}{}", STANDARD_NO_PAD.encode(sealed)))
    }

    /// Decrypts what [`seal`](Self::seal) gave.
    ///
    /// # Errors
    /// The text was sealed with another key or is damaged.
    pub fn open_sealed(&self, sealed: &str) -> anyhow::Result<String> {
        let wrong_key =
            || anyhow::anyhow!("decrypt secret: sealed with another key; enter the password again");
        let encoded = sealed.strip_prefix(SEALED_PREFIX).ok_or_else(wrong_key)?;
        let bytes = STANDARD_NO_PAD.decode(encoded).map_err(|_| wrong_key())?;
        let (nonce, cipher_text) = bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or_else(wrong_key)?;
        let mut cipher_text = cipher_text.to_vec();
        let plain = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::empty(),
                &mut cipher_text,
            )
            .map_err(|_| wrong_key())?;
        String::from_utf8(plain.to_vec()).map_err(|_| wrong_key())
    }
}

/// 32 random bytes as text fit for URLs and cookies.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn random_token() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    fill(&SystemRandom::new(), &mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A random number, for seeds that need no secrecy.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn random_seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    fill(&SystemRandom::new(), &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Writes a file that only its owner may read; never overwrites.
///
/// # Errors
/// The file exists or cannot be written.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options
        .open(path)
        .with_context(|| format!("create {}", path.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write {}", path.display()))
}

fn fill(random: &SystemRandom, bytes: &mut [u8]) -> anyhow::Result<()> {
    random
        .fill(bytes)
        .map_err(|_| anyhow::anyhow!("ask the system for random numbers: none came"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_text_opens_with_the_same_key_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("a.key")).unwrap();
        let sealed = vault.seal("geheim").unwrap();
        assert!(!sealed.contains("geheim"));
        let again = Vault::open(&folder.path().join("a.key")).unwrap();
        assert_eq!(again.open_sealed(&sealed).unwrap(), "geheim");
        let other = Vault::open(&folder.path().join("b.key")).unwrap();
        let error = other.open_sealed(&sealed).unwrap_err().to_string();
        assert_eq!(
            error,
            "decrypt secret: sealed with another key; enter the password again"
        );
    }

    #[test]
    fn same_text_sealed_twice_differs() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("a.key")).unwrap();
        assert_ne!(vault.seal("x").unwrap(), vault.seal("x").unwrap());
    }

    #[test]
    fn signature_fits_its_own_claim_only() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("a.key")).unwrap();
        let signature = vault.sign("picture of 1");
        assert!(vault.is_signed("picture of 1", &signature));
        assert!(!vault.is_signed("picture of 2", &signature));
        assert!(!vault.is_signed("picture of 1", ""));
        let other = Vault::open(&folder.path().join("b.key")).unwrap();
        assert!(!other.is_signed("picture of 1", &signature));
    }

    #[test]
    fn damaged_key_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        fs::write(&path, b"short").unwrap();
        let error = Vault::open(&path).unwrap_err().to_string();
        assert!(error.contains("5 bytes, expected 32"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        Vault::open(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
