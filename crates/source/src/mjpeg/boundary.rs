//! The text that separates parts, as declared by the camera or seen in use.
//!
//! In: the `Content-Type` of the answer, lines of the body. Out: whether a line
//! or a place in the data is a separator.
//!
//! Cameras disagree on whether the dashes belong to the declared value, and
//! some declare another text than they send. So the core without leading
//! dashes is compared, and a line that begins with `--` is learned.

use memchr::memmem;

/// Longest separator kept. RFC 2046 allows 70 characters.
const MAX_CORE_LEN: usize = 200;

/// The separator without its leading dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    core: Vec<u8>,
}

impl Boundary {
    /// Reads the `boundary` parameter of a `Content-Type`, quoted or not, with
    /// blanks around `=` and in any case. `None` when there is none to use.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_boundary = name.trim().eq_ignore_ascii_case("boundary");
            let value = value.trim().trim_matches('"').trim();
            is_boundary
                .then(|| Boundary::from_bytes(value.as_bytes()))
                .flatten()
        })
    }

    /// The separator in `line`, if `line` begins with dashes as a separator
    /// does.
    pub(super) fn from_line(line: &[u8]) -> Option<Self> {
        if !line.starts_with(b"--") {
            return None;
        }
        Boundary::from_bytes(line.trim_ascii_end())
    }

    fn from_bytes(text: &[u8]) -> Option<Self> {
        let core = without_dashes(text);
        // Text, as RFC 2046 wants it: a line of picture bytes that happens to
        // begin with dashes could hold a picture's start or end itself.
        let is_text = core.iter().all(|byte| (b' '..=b'~').contains(byte));
        let is_usable = !core.is_empty() && core.len() <= MAX_CORE_LEN && is_text;
        is_usable.then(|| Boundary {
            core: core.to_vec(),
        })
    }

    /// Whether `line` is this separator, perhaps with other dashes before it
    /// and the closing `--` after it.
    pub(super) fn is_line(&self, line: &[u8]) -> bool {
        let core = without_dashes(line.trim_ascii_end());
        core == self.core || core.strip_suffix(b"--") == Some(&self.core)
    }

    /// Finds a separator line in `data` at or after `from`. Only lines that
    /// stand alone count, so that chance bytes of a picture do not.
    ///
    /// `is_end` says that nothing follows `data`.
    pub(super) fn find(&self, data: &[u8], from: usize, is_end: bool) -> Search {
        let finder = memmem::Finder::new(&self.core);
        let mut at = from;
        while let Some(hit) = finder.find(data.get(at..).unwrap_or_default()) {
            let core_at = at + hit;
            at = core_at + 1;
            let n_dashes = data[..core_at]
                .iter()
                .rev()
                .take_while(|&&byte| byte == b'-')
                .count();
            let line_at = core_at - n_dashes;
            if n_dashes < 2 || line_at == 0 || data[line_at - 1] != b'\n' {
                continue;
            }
            let tail = &data[core_at + self.core.len()..];
            let tail = tail.strip_prefix(b"--").unwrap_or(tail);
            let n_blank = tail
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'-'))
                .count();
            match tail.get(n_blank) {
                Some(b'\n') if n_blank < MAX_CORE_LEN => return Search::Found(line_at),
                None if is_end => return Search::Found(line_at),
                // The end of the line has not arrived; look here again.
                None if n_blank < MAX_CORE_LEN => return Search::From(core_at),
                _ => {}
            }
        }
        let overlap = self.core.len() - 1;
        Search::From(data.len().saturating_sub(overlap).max(from))
    }

    /// Whether `data` begins with this separator; `None` when too short to say.
    pub(super) fn begins(&self, data: &[u8]) -> Option<bool> {
        let n_dashes = data.iter().take_while(|&&byte| byte == b'-').count();
        let rest = &data[n_dashes..];
        if rest.len() < self.core.len() && self.core.starts_with(rest) {
            return None;
        }
        Some(n_dashes >= 2 && rest.starts_with(&self.core))
    }
}

/// What [`Boundary::find`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A separator line begins at this offset.
    Found(usize),
    /// None yet; continue at this offset when more bytes are there.
    From(usize),
}

fn without_dashes(text: &[u8]) -> &[u8] {
    let n_dashes = text.iter().take_while(|&&byte| byte == b'-').count();
    &text[n_dashes..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_picture_bytes_is_no_boundary_to_learn() {
        assert_eq!(Boundary::from_line(b"----\xFF\xFF\xFF\xD9\xFF=k-c"), None);
        assert_eq!(Boundary::from_line(b"--a\xFF\xD8\xFFb"), None);
        assert!(Boundary::from_line(b"-- my boundary").is_some());
    }

    #[test]
    fn declared_boundary_is_read_in_all_spellings() {
        for content_type in [
            "multipart/x-mixed-replace; boundary=myboundary",
            "multipart/x-mixed-replace;boundary=--myboundary",
            "multipart/x-mixed-replace; boundary =--myboundary",
            "multipart/x-mixed-replace; boundary = \"myboundary\"",
            "multipart/x-mixed-replace; charset=x; BOUNDARY=----myboundary ; a=b",
        ] {
            let boundary = Boundary::from_content_type(content_type).unwrap();
            assert_eq!(boundary.core, b"myboundary", "{content_type}");
        }
        for content_type in [
            "multipart/x-mixed-replace",
            "multipart/x-mixed-replace; boundary=",
            "multipart/x-mixed-replace; boundary=--",
            "image/jpeg",
        ] {
            assert_eq!(Boundary::from_content_type(content_type), None);
        }
    }

    #[test]
    fn separator_line_is_known_with_any_dashes() {
        let boundary = Boundary::from_content_type("a/b; boundary=--x").unwrap();
        for line in ["x", "--x", "----x", "--x--", "--x \r"] {
            assert!(boundary.is_line(line.as_bytes()), "{line}");
        }
        for line in ["", "--", "--xy", "--yx", "-x-y"] {
            assert!(!boundary.is_line(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn separator_is_found_only_as_a_whole_line() {
        let boundary = Boundary::from_content_type("a/b; boundary=xy").unwrap();
        for (data, expected) in [
            ("ab\r\n--xy\r\n", Search::Found(4)),
            ("ab\n----xy--\n", Search::Found(3)),
            ("ab--xy\r\n", Search::From(7)),
            ("ab\n--xyz\n", Search::From(8)),
            ("ab\n--xy", Search::From(5)),
            ("ab\n--x", Search::From(5)),
        ] {
            assert_eq!(boundary.find(data.as_bytes(), 0, false), expected, "{data}");
        }
        assert_eq!(boundary.find(b"ab\n--xy", 0, true), Search::Found(3));
    }
}
