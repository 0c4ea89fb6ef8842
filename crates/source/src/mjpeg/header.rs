//! The header of one part, read with leniency.
//!
//! In: lines. Out: the two fields that matter.
//!
//! Not here: finding the lines.

/// What the header of one part said.
#[derive(Clone, Debug, Default)]
pub(super) struct PartHeader {
    /// Lines that had the form of a field.
    pub(super) n_fields: usize,
    /// Bytes of all lines, for the bound.
    pub(super) len_bytes: usize,
    /// `Content-Length`, when it is a number above zero.
    pub(super) declared_bytes: Option<u64>,
    /// Whether `Content-Type` names something other than a picture.
    pub(super) is_other_content: bool,
}

impl PartHeader {
    /// Reads one line. False when it does not have the form of a field.
    pub(super) fn read_line(&mut self, line: &[u8]) -> bool {
        let Some(colon) = line.iter().take(64).position(|&byte| byte == b':') else {
            return false;
        };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let is_name = !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_name {
            return false;
        }
        self.n_fields += 1;
        self.len_bytes += line.len();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.declared_bytes = leading_number(value).filter(|&len| len > 0);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let value = value.to_ascii_lowercase();
            self.is_other_content = ["text/", "audio/", "video/"]
                .iter()
                .any(|kind| value.starts_with(kind.as_bytes()))
                || value.starts_with(b"application/") && !value.starts_with(b"application/octet");
        }
        true
    }
}

/// The number that `text` begins with; `None` when there is none or it is
/// beyond 64 bits.
fn leading_number(text: &[u8]) -> Option<u64> {
    let n_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..n_digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_read_in_all_spellings() {
        for (line, expected) in [
            ("Content-Length: 6501", Some(6501)),
            ("Content-Length:      6501", Some(6501)),
            ("content-length:6501\r", Some(6501)),
            ("CONTENT-LENGTH : 6501 bytes", Some(6501)),
            ("Content-Length: 0", None),
            ("Content-Length: -5", None),
            ("Content-Length: 99999999999999999999999", None),
            ("Content-Length:", None),
        ] {
            let mut header = PartHeader::default();
            assert!(header.read_line(line.as_bytes()));
            assert_eq!(header.declared_bytes, expected, "{line}");
        }
    }

    #[test]
    fn only_clearly_other_content_counts_as_such() {
        for (value, expected) in [
            ("image/jpeg", false),
            ("image/JPG", false),
            ("application/octet-stream", false),
            ("", false),
            ("Text/html", true),
            ("audio/basic", true),
            ("application/json", true),
        ] {
            let mut header = PartHeader::default();
            assert!(header.read_line(format!("content-type: {value}").as_bytes()));
            assert_eq!(header.is_other_content, expected, "{value}");
        }
    }

    #[test]
    fn garbage_is_no_field() {
        for line in ["", "--boundary", ": x", "a b: c", "\u{1}x: y"] {
            assert!(!PartHeader::default().read_line(line.as_bytes()), "{line}");
        }
    }
}
