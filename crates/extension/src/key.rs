//! Publisher keys: Ed25519, as one line of text each.
//!
//! In: randomness of the system when a key is made, else text. Out: keys,
//! signatures, and whether a signature holds.
//!
//! Not here: which publishers are trusted (`installed`), what is signed
//! (`package`), where a secret key is kept.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use thiserror::Error;

/// Length of a public key, bytes.
pub(crate) const PUBLIC_KEY_BYTES: usize = 32;
/// Length of a signature, bytes.
pub const SIGNATURE_BYTES: usize = 64;
/// Length of a secret key's seed, bytes.
const SEED_BYTES: usize = 32;

/// Keys of small order, the sign bit cleared: points whose eightfold is the
/// neutral element. Under such a key one signature holds for many messages
/// that nobody signed. The same seven encodings stand in libsodium's
/// `ge25519_has_small_order`.
const WEAK_KEYS: [[u8; PUBLIC_KEY_BYTES]; 7] = [
    near_zero(0),
    near_zero(1),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    near_prime(0xec),
    near_prime(0xed),
    near_prime(0xee),
];

const SECRET_PREFIX: &str = "airelay-secret-key:";
const PUBLIC_PREFIX: &str = "airelay-public-key:";

/// What a publisher signs with. Whoever has it is the publisher.
pub struct SecretKey {
    seed: [u8; SEED_BYTES],
    pair: Ed25519KeyPair,
}

/// What a publisher's packages are checked by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; PUBLIC_KEY_BYTES]);

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The system gives no randomness.
    #[error("make a key: the system gave no random bytes")]
    NoRandomness,
    /// The text has another form; it is not repeated, for it may be a secret.
    #[error("read a key: expected {expected:?} followed by 64 hexadecimal digits")]
    Text {
        /// How the text should begin.
        expected: &'static str,
    },
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; SEED_BYTES];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| KeyError::NoRandomness)?;
        Self::from_seed(seed)
    }

    /// Reads [`to_text`](Self::to_text); spaces around it are ignored.
    ///
    /// # Errors
    /// The text is no secret key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::from_seed(parse_hex(text, SECRET_PREFIX)?)
    }

    /// One line, to be kept in a file that only its owner can read.
    pub fn to_text(&self) -> String {
        to_hex(SECRET_PREFIX, &self.seed)
    }

    /// The key that others need to check what this one signed.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_KEY_BYTES];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// The signature of `message`. Begin messages of each kind differently, so
    /// that a signature of one is never good for another.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut bytes = [0; SIGNATURE_BYTES];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }

    fn from_seed(seed: [u8; SEED_BYTES]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Text {
            expected: SECRET_PREFIX,
        })?;
        Ok(SecretKey { seed, pair })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public_key())
    }
}

impl PublicKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; PUBLIC_KEY_BYTES]) -> Self {
        PublicKey(bytes)
    }

    /// The bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.0
    }

    /// Reads the [`Display`](fmt::Display) form; spaces around it are ignored.
    ///
    /// # Errors
    /// The text is no public key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        parse_hex(text, PUBLIC_PREFIX).map(PublicKey)
    }

    /// The first bytes of the key, for people who compare two keys.
    pub fn fingerprint(&self) -> String {
        self.0[..8]
            .chunks(2)
            .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect::<Vec<String>>()
            .join("-")
    }

    /// Whether `signature` is this key's for `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        !self.is_weak()
            && UnparsedPublicKey::new(&ED25519, &self.0)
                .verify(message, signature)
                .is_ok()
    }

    fn is_weak(&self) -> bool {
        let mut bytes = self.0;
        bytes[PUBLIC_KEY_BYTES - 1] &= 0x7f;
        WEAK_KEYS.contains(&bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(PUBLIC_PREFIX, &self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// The number `low`, little endian.
const fn near_zero(low: u8) -> [u8; PUBLIC_KEY_BYTES] {
    let mut bytes = [0; PUBLIC_KEY_BYTES];
    bytes[0] = low;
    bytes
}

/// The field's prime, 2^255 - 19, with another lowest byte.
const fn near_prime(low: u8) -> [u8; PUBLIC_KEY_BYTES] {
    let mut bytes = [0xff; PUBLIC_KEY_BYTES];
    bytes[0] = low;
    bytes[PUBLIC_KEY_BYTES - 1] = 0x7f;
    bytes
}

fn to_hex(prefix: &str, bytes: &[u8]) -> String {
    let mut text = prefix.to_owned();
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn parse_hex(text: &str, prefix: &'static str) -> Result<[u8; 32], KeyError> {
    let wrong = KeyError::Text { expected: prefix };
    let Some(digits) = text.trim().strip_prefix(prefix) else {
        return Err(wrong);
    };
    let values: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| value.try_into().ok()))
        .collect();
    let Some(values) = values.filter(|values| values.len() == 64) else {
        return Err(wrong);
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(values.chunks(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_text_and_back_are_the_same() {
        let secret = SecretKey::generate().unwrap();
        let again = SecretKey::parse(&format!(" {}\n", secret.to_text())).unwrap();
        assert_eq!(again.public_key(), secret.public_key());
        let public = secret.public_key();
        assert_eq!(PublicKey::parse(&public.to_string()), Ok(public));
    }

    #[test]
    fn text_that_is_no_key_is_refused_and_not_repeated() {
        let public = SecretKey::generate().unwrap().public_key().to_string();
        for text in ["", "airelay-secret-key:", "airelay-secret-key:zz", &public] {
            let error = SecretKey::parse(text).unwrap_err().to_string();
            assert!(!error.contains("zz"), "{error}");
        }
        assert!(PublicKey::parse(&format!("{public}0")).is_err());
    }

    #[test]
    fn signature_holds_for_its_message_and_key_only() {
        let (ours, theirs) = (
            SecretKey::generate().unwrap(),
            SecretKey::generate().unwrap(),
        );
        let signature = ours.sign(b"message");
        assert!(ours.public_key().has_signed(b"message", &signature));
        assert!(!ours.public_key().has_signed(b"massage", &signature));
        assert!(!theirs.public_key().has_signed(b"message", &signature));
    }

    #[test]
    fn key_of_small_order_signs_nothing() {
        // Found by fuzzing: the signature of zeros holds under the key of
        // zeros for every fourth message.
        for number in 0..64_u8 {
            let key = PublicKey::from_bytes([0; PUBLIC_KEY_BYTES]);
            assert!(
                !key.has_signed(&[number], &[0; SIGNATURE_BYTES]),
                "{number}"
            );
        }
    }

    #[test]
    fn published_key_pair_of_the_standard_is_matched() {
        // RFC 8032, section 7.1, test 1.
        let secret = SecretKey::parse(
            "airelay-secret-key:9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        )
        .unwrap();
        assert_eq!(
            secret.public_key().to_string(),
            "airelay-public-key:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(secret.public_key().fingerprint(), "d75a-9801-82b1-0ab7");
        assert!(!format!("{secret:?}").contains("9d61"));
    }
}
