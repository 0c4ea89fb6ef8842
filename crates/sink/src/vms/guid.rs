//! Identities in the form that both systems use.

use ring::digest::{Context, SHA256};

/// A GUID that is the same for the same parts: RFC 9562 version 8, the bits
/// from SHA-256.
pub(super) fn guid_of(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length first, so that moved borders give another identity.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digest = context.finish();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    written(u128::from_be_bytes(bytes))
}

/// The usual form, lower case.
fn written(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

/// A GUID as people type it, with or without braces and hyphens.
pub(super) fn parse_guid(text: &str) -> Option<String> {
    let plain = text.trim().trim_start_matches('{').trim_end_matches('}');
    let digits: String = plain.chars().filter(|&c| c != '-').collect();
    let is_guid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_guid
        .then(|| u128::from_str_radix(&digits, 16).ok())
        .flatten()
        .map(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_parts_give_the_same_identity_and_others_another() {
        let one = guid_of(&[b"ab", b"c"]);
        assert_eq!(one, guid_of(&[b"ab", b"c"]));
        assert_ne!(one, guid_of(&[b"a", b"bc"]));
        assert_eq!(parse_guid(&one).as_deref(), Some(one.as_str()));
        assert_eq!(one.as_bytes()[14], b'8', "version 8: {one}");
    }

    #[test]
    fn typed_forms_are_read_and_others_are_not() {
        let written = "0a1b2c3d-0000-0000-0000-000000000001";
        for text in [
            "0A1B2C3D-0000-0000-0000-000000000001",
            "{0a1b2c3d-0000-0000-0000-000000000001}",
            " 0a1b2c3d000000000000000000000001 ",
        ] {
            assert_eq!(parse_guid(text).as_deref(), Some(written), "{text}");
        }
        for text in [
            "",
            "0a1b2c3d",
            "+0000000000000000000000000000001",
            "zz1b2c3d000000000000000000000001",
        ] {
            assert_eq!(parse_guid(text), None, "{text}");
        }
    }
}
