//! Identities: cameras, tracks, zones, lines, rules, events.
//!
//! In: checked text or numbers. Out: small values that cannot be mixed up.
//!
//! Not here: where randomness comes from. [`EventIds`] is seeded by its
//! owner: from the system in a running relay, from a constant in a replay.

use std::fmt;
use std::sync::Arc;

use crate::Timestamp;

/// Name of a camera in URLs, logs and topics, such as `gate-2`.
///
/// 1 to 64 characters of `a-z`, `0-9`, `-` and `_`, the first a letter or
/// digit. It never changes once given; the name people see may. A camera of
/// another airelay has that node's id and a dot before its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CameraId(Arc<str>);

/// Longest [`CameraId`], characters.
const MAX_CAMERA_ID_CHARS: usize = 64;
/// Longest id of a node, characters.
const MAX_NODE_ID_CHARS: usize = 32;

impl CameraId {
    /// Checks and takes `text`.
    ///
    /// # Errors
    /// The text is empty, too long or holds another character.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let is_good = |part: &str, max_chars: usize| {
            let first = part.bytes().next();
            part.len() <= max_chars
                && first.is_some_and(|byte| byte.is_ascii_alphanumeric())
                && part.bytes().all(allowed)
        };
        let is_good = match text.split_once('.') {
            None => is_good(text, MAX_CAMERA_ID_CHARS),
            Some((node, own)) => {
                is_good(node, MAX_NODE_ID_CHARS) && is_good(own, MAX_CAMERA_ID_CHARS)
            }
        };
        if is_good {
            Ok(CameraId(text.into()))
        } else {
            Err(InvalidId {
                what: "camera id",
                text: text.chars().take(80).collect(),
                rule: "1 to 64 of a-z 0-9 - _, starting with a letter or digit",
            })
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The node that a camera of another airelay belongs to; `None` for one of
    /// our own.
    pub fn node(&self) -> Option<&str> {
        self.0.split_once('.').map(|(node, _)| node)
    }

    /// The id at its own airelay.
    pub fn own(&self) -> &str {
        self.0.split_once('.').map_or(&self.0, |(_, own)| own)
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of one followed object on one camera. Never reused on a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Identity of a zone within its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub u32);

/// Identity of a line within its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u32);

/// Identity of a rule within its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// Identity of an event: a ULID (48 bit milliseconds, 80 bit random), written
/// as 26 characters of Crockford's base 32, so that text order is time order.
///
/// Form: <https://github.com/ulid/spec>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u128);

const ULID_CHARS: usize = 26;
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl EventId {
    /// The id whose 128 bits are `bits`.
    pub const fn from_bits(bits: u128) -> Self {
        EventId(bits)
    }

    /// All 128 bits.
    pub const fn as_bits(self) -> u128 {
        self.0
    }

    /// Reads the 26-character form, upper or lower case.
    ///
    /// # Errors
    /// The text is no ULID.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            what: "event id",
            text: text.chars().take(40).collect(),
            rule: "26 characters of Crockford's base 32, at most 7ZZZ...",
        };
        if text.len() != ULID_CHARS {
            return Err(invalid());
        }
        let mut bits = 0_u128;
        for (char_idx, byte) in text.bytes().enumerate() {
            let upper = byte.to_ascii_uppercase();
            let value = CROCKFORD
                .iter()
                .position(|&symbol| symbol == upper)
                .ok_or_else(invalid)?;
            // 26 symbols hold 130 bits: the first may only carry three.
            if char_idx == 0 && value > 7 {
                return Err(invalid());
            }
            bits = (bits << 5) | value as u128;
        }
        Ok(EventId(bits))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char_idx in 0..ULID_CHARS {
            let shift = 5 * (ULID_CHARS - 1 - char_idx);
            let value = usize::try_from((self.0 >> shift) & 31).expect("five bits fit");
            write!(f, "{}", char::from(CROCKFORD[value]))?;
        }
        Ok(())
    }
}

/// Makes [`EventId`]s that grow strictly, also within one millisecond.
#[derive(Clone, Debug)]
pub struct EventIds {
    state: u64,
    last: u128,
}

impl EventIds {
    /// A maker whose random parts follow from `seed`: same seed and same
    /// times, same ids.
    pub const fn new(seed: u64) -> Self {
        EventIds {
            state: seed,
            last: 0,
        }
    }

    /// The next id, dated `at` (times before 1970 count as 1970).
    pub fn next(&mut self, at: Timestamp) -> EventId {
        let millis = u128::from(u64::try_from(at.as_millis()).unwrap_or(0)) & ((1 << 48) - 1);
        let random = (u128::from(self.random()) << 64 | u128::from(self.random())) >> 48;
        let fresh = millis << 80 | random;
        // A step back in time or a second id in one millisecond counts on from
        // the last one, as the ULID text asks for monotonic makers.
        let id = fresh.max(self.last + 1);
        self.last = id;
        EventId(id)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): unpredictability is not needed
    /// here, only that two relays do not meet.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// A text that cannot be the identity it was given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    what: &'static str,
    text: String,
    rule: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read {} {:?}: expected {}",
            self.what, self.text, self.rule
        )
    }
}

impl std::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn camera_id_outside_its_alphabet_is_refused() {
        let longest = format!("{}.{}", "n".repeat(32), "a".repeat(64));
        for text in [
            "gate-2",
            "0",
            "a_b",
            &"a".repeat(64),
            "west.gate-2",
            &longest,
        ] {
            assert_eq!(CameraId::new(text).unwrap().as_str(), text);
        }
        for text in ["", "-a", "Gate", "a b", "a/b", "../x", &"a".repeat(65), "ä"] {
            assert!(CameraId::new(text).is_err(), "{text:?}");
        }
        for text in [
            ".gate",
            "west.",
            "a.b.c",
            "west.-a",
            &format!("{}.a", "n".repeat(33)),
        ] {
            assert!(CameraId::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn camera_of_another_node_tells_both_its_names() {
        let own = CameraId::new("gate-2").unwrap();
        assert_eq!((own.node(), own.own()), (None, "gate-2"));
        let relayed = CameraId::new("west.gate-2").unwrap();
        assert_eq!((relayed.node(), relayed.own()), (Some("west"), "gate-2"));
    }

    #[test]
    fn event_ids_in_one_millisecond_or_back_in_time_still_grow() {
        let mut ids = EventIds::new(7);
        let first = ids.next(Timestamp::from_millis(1_000));
        let same_millisecond = ids.next(Timestamp::from_millis(1_000));
        let back_in_time = ids.next(Timestamp::from_millis(10));
        let later = ids.next(Timestamp::from_millis(1_001));
        assert!(first < same_millisecond);
        assert!(same_millisecond < back_in_time);
        assert!(back_in_time < later);
    }

    #[test]
    fn event_ids_of_two_seeds_differ() {
        let at = Timestamp::from_secs(5);
        assert_ne!(EventIds::new(1).next(at), EventIds::new(2).next(at));
        assert_eq!(EventIds::new(1).next(at), EventIds::new(1).next(at));
    }

    #[test]
    fn published_ulid_names_its_millisecond() {
        // Example of the ULID text: 01ARYZ6S41 is 1469918176385 ms.
        let id = EventId::parse("01ARYZ6S41TSV4RRFFQ69G5FAV").unwrap();
        assert_eq!(id.as_bits() >> 80, 1_469_918_176_385);
    }

    #[test]
    fn text_that_is_no_ulid_is_refused() {
        for text in [
            "",
            "01ARYZ6S41TSV4RRFFQ69G5FA",
            "81ARYZ6S41TSV4RRFFQ69G5FAV",
            "01ARYZ6S41TSV4RRFFQ69G5FAU",
        ] {
            assert!(EventId::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn event_id_text_and_back_is_the_same_and_keeps_order(a: u128, b: u128) {
            let (a, b) = (EventId::from_bits(a), EventId::from_bits(b));
            prop_assert_eq!(EventId::parse(&a.to_string()), Ok(a));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }
    }
}
