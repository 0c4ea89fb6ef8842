//! Oddities of real cameras' multipart streams, to the byte.
//!
//! In: quirks, one JPEG. Out: the bytes of a response head, a part, a chunk.
//!
//! Not here: faults, which no camera is meant to show (`fault`); sending.

/// A habit of some real camera that readers must bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quirk {
    /// `boundary=--x` in the header, `--x` before the parts.
    DashesInBoundary,
    /// `boundary=--x` in the header, `----x` before the parts.
    DashesTwice,
    /// `boundary =--x`: blanks around the equals sign.
    BlanksAroundBoundary,
    /// `boundary="x"`.
    QuotedBoundary,
    /// The first part begins without a boundary line.
    NoFirstBoundary,
    /// Text before the first boundary.
    Preamble,
    /// No `Content-Length` in the parts.
    NoLength,
    /// Every boundary line is written twice.
    BoundaryTwice,
    /// `Content-Length:      6501`.
    PaddedLength,
    /// `content-type` and `content-length` in lower case.
    LowerCaseHeaders,
    /// The response calls itself `application/octet-stream`, in chunks.
    OctetStream,
    /// The response calls itself `image/jpeg`, in chunks.
    ImageJpeg,
    /// The body comes in chunks that do not match the parts.
    Chunked,
    /// Lines end with LF alone.
    LfOnly,
    /// No blank line between a part's headers and its JPEG.
    NoBlankLine,
    /// No line end between a JPEG and the next boundary.
    NoFinalNewline,
    /// Padding after the end-of-image marker, counted in the length.
    TrailingBytes,
    /// The end-of-image marker is missing.
    NoEndOfImage,
    /// Two JPEGs in one part.
    GluedJpegs,
    /// A comment segment with vendor data in every JPEG.
    VendorData,
    /// An EXIF segment with a thumbnail: a JPEG within the JPEG.
    Thumbnail,
    /// HTTP/1.0, `Connection: close`, nothing is kept alive.
    Http10,
    /// A request with an `Accept` header is answered 400.
    RefusesAccept,
}

impl Quirk {
    /// All quirks.
    pub const ALL: [Quirk; 23] = [
        Quirk::DashesInBoundary,
        Quirk::DashesTwice,
        Quirk::BlanksAroundBoundary,
        Quirk::QuotedBoundary,
        Quirk::NoFirstBoundary,
        Quirk::Preamble,
        Quirk::NoLength,
        Quirk::BoundaryTwice,
        Quirk::PaddedLength,
        Quirk::LowerCaseHeaders,
        Quirk::OctetStream,
        Quirk::ImageJpeg,
        Quirk::Chunked,
        Quirk::LfOnly,
        Quirk::NoBlankLine,
        Quirk::NoFinalNewline,
        Quirk::TrailingBytes,
        Quirk::NoEndOfImage,
        Quirk::GluedJpegs,
        Quirk::VendorData,
        Quirk::Thumbnail,
        Quirk::Http10,
        Quirk::RefusesAccept,
    ];

    /// Name for the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Quirk::DashesInBoundary => "dashes_in_boundary",
            Quirk::DashesTwice => "dashes_twice",
            Quirk::BlanksAroundBoundary => "blanks_around_boundary",
            Quirk::QuotedBoundary => "quoted_boundary",
            Quirk::NoFirstBoundary => "no_first_boundary",
            Quirk::Preamble => "preamble",
            Quirk::NoLength => "no_length",
            Quirk::BoundaryTwice => "boundary_twice",
            Quirk::PaddedLength => "padded_length",
            Quirk::LowerCaseHeaders => "lower_case_headers",
            Quirk::OctetStream => "octet_stream",
            Quirk::ImageJpeg => "image_jpeg",
            Quirk::Chunked => "chunked",
            Quirk::LfOnly => "lf_only",
            Quirk::NoBlankLine => "no_blank_line",
            Quirk::NoFinalNewline => "no_final_newline",
            Quirk::TrailingBytes => "trailing_bytes",
            Quirk::NoEndOfImage => "no_end_of_image",
            Quirk::GluedJpegs => "glued_jpegs",
            Quirk::VendorData => "vendor_data",
            Quirk::Thumbnail => "thumbnail",
            Quirk::Http10 => "http10",
            Quirk::RefusesAccept => "refuses_accept",
        }
    }

    /// The quirk with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quirk| quirk.name() == name)
    }
}

/// How one camera writes its multipart stream.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    quirks: Vec<Quirk>,
}

/// Boundary without quirks.
const BOUNDARY: &str = "simboundary";

impl Style {
    pub(crate) fn new(quirks: &[Quirk]) -> Self {
        Style {
            quirks: quirks.to_vec(),
        }
    }

    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Whether the body is sent in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        !self.has(Quirk::Http10)
            && (self.has(Quirk::Chunked)
                || self.has(Quirk::OctetStream)
                || self.has(Quirk::ImageJpeg))
    }

    /// The protocol version of responses.
    pub(crate) fn version(&self) -> &'static str {
        if self.has(Quirk::Http10) {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        }
    }

    fn newline(&self) -> &'static str {
        if self.has(Quirk::LfOnly) {
            "\n"
        } else {
            "\r\n"
        }
    }

    /// The response's head, with its blank line.
    pub(crate) fn stream_head(&self) -> String {
        let boundary = if self.has(Quirk::BlanksAroundBoundary) {
            format!("boundary =--{BOUNDARY}")
        } else if self.has(Quirk::DashesInBoundary) || self.has(Quirk::DashesTwice) {
            format!("boundary=--{BOUNDARY}")
        } else if self.has(Quirk::QuotedBoundary) {
            format!("boundary=\"{BOUNDARY}\"")
        } else {
            format!("boundary={BOUNDARY}")
        };
        let content_type = if self.has(Quirk::OctetStream) {
            "application/octet-stream".to_owned()
        } else if self.has(Quirk::ImageJpeg) {
            "image/jpeg".to_owned()
        } else {
            format!("multipart/x-mixed-replace; {boundary}")
        };
        let newline = self.newline();
        let mut head = format!("{} 200 OK{newline}", self.version());
        head.push_str(&format!("Content-Type: {content_type}{newline}"));
        head.push_str(&format!("Cache-Control: no-cache{newline}"));
        if self.is_chunked() {
            head.push_str(&format!("Transfer-Encoding: chunked{newline}"));
        } else {
            head.push_str(&format!("Connection: close{newline}"));
        }
        head.push_str(newline);
        head
    }

    /// What stands before the first part.
    pub(crate) fn preamble(&self) -> String {
        if self.has(Quirk::Preamble) {
            format!("This is a stream of pictures.{0}{0}", self.newline())
        } else {
            String::new()
        }
    }

    /// Boundary and headers of a part, with the blank line.
    pub(crate) fn part_head(&self, is_first: bool, len_bytes: u64) -> String {
        let newline = self.newline();
        let mut head = String::new();
        if !(is_first && self.has(Quirk::NoFirstBoundary)) {
            let dashes = if self.has(Quirk::DashesTwice) {
                "----"
            } else {
                "--"
            };
            let line = format!("{dashes}{BOUNDARY}{newline}");
            head.push_str(&line);
            if self.has(Quirk::BoundaryTwice) {
                head.push_str(&line);
            }
        }
        let (type_name, length_name) = if self.has(Quirk::LowerCaseHeaders) {
            ("content-type", "content-length")
        } else {
            ("Content-Type", "Content-Length")
        };
        head.push_str(&format!("{type_name}: image/jpeg{newline}"));
        if self.has(Quirk::PaddedLength) {
            head.push_str(&format!("{length_name}: {len_bytes:9}{newline}"));
        } else if !self.has(Quirk::NoLength) {
            head.push_str(&format!("{length_name}: {len_bytes}{newline}"));
        }
        if !self.has(Quirk::NoBlankLine) {
            head.push_str(newline);
        }
        head
    }

    /// What stands after a JPEG.
    pub(crate) fn part_end(&self) -> &'static str {
        if self.has(Quirk::NoFinalNewline) {
            ""
        } else {
            self.newline()
        }
    }

    /// The JPEG as this camera writes it.
    pub(crate) fn jpeg(&self, jpeg: &[u8]) -> Vec<u8> {
        let mut bytes = jpeg.to_vec();
        if self.has(Quirk::VendorData) {
            insert(&mut bytes, &segment(0xFE, &vendor_data()));
        }
        if self.has(Quirk::Thumbnail) {
            let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec();
            exif.extend_from_slice(TINY_JPEG);
            insert(&mut bytes, &segment(0xE1, &exif));
        }
        if self.has(Quirk::NoEndOfImage) && bytes.ends_with(&[0xFF, 0xD9]) {
            bytes.truncate(bytes.len() - 2);
        }
        if self.has(Quirk::GluedJpegs) {
            let second = bytes.clone();
            bytes.extend_from_slice(&second);
        }
        if self.has(Quirk::TrailingBytes) {
            bytes.extend_from_slice(&[0; 37]);
        }
        bytes
    }
}

/// One chunk of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Puts a segment right after the start-of-image marker.
fn insert(jpeg: &mut Vec<u8>, segment: &[u8]) {
    if jpeg.len() >= 2 {
        jpeg.splice(2..2, segment.iter().copied());
    }
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let len_bytes = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
    let mut segment = vec![0xFF, marker];
    segment.extend_from_slice(&len_bytes.to_be_bytes());
    segment.extend_from_slice(data);
    segment
}

/// Bytes as careless readers mistake them: an end and a start of image.
fn vendor_data() -> Vec<u8> {
    let mut data = b"vendor\0".to_vec();
    data.extend_from_slice(&[0xFF, 0xD9, 0xFF, 0xD8, 0x00, 0x2F, 0x00, 0x04]);
    data
}

/// Borders and frame header of a picture of 1x1, enough to be mistaken.
const TINY_JPEG: &[u8] = &[
    0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xFF,
    0xD9,
];

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// Everything a client gets before and around two parts with `JPEG`
    /// standing for the pictures.
    fn written(quirk: Option<Quirk>) -> String {
        let style = Style::new(quirk.as_slice());
        let mut text = style.stream_head() + &style.preamble();
        for is_first in [true, false] {
            text += &style.part_head(is_first, 6501);
            text += "JPEG";
            text += style.part_end();
        }
        text.replace('\r', "␍")
    }

    /// The lines that differ from a stream without quirks.
    fn differs(quirk: Quirk) -> String {
        let plain = written(None);
        let odd = written(Some(quirk));
        let mut out = String::new();
        let only_in = |one: &str, other: &str, mark: char, out: &mut String| {
            let others: Vec<&str> = other.split('\n').collect();
            let mut seen = Vec::new();
            for line in one.split('\n') {
                if !others.contains(&line) && !seen.contains(&line) {
                    out.push_str(&format!("{mark} {line}\n"));
                    seen.push(line);
                }
            }
        };
        only_in(&plain, &odd, '-', &mut out);
        only_in(&odd, &plain, '+', &mut out);
        let count = |text: &str| text.split('\n').count();
        out.push_str(&format!("lines {} -> {}\n", count(&plain), count(&odd)));
        out
    }

    #[test]
    fn stream_without_quirks_is_plain_multipart() {
        expect![[r#"
            HTTP/1.1 200 OK␍
            Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            Cache-Control: no-cache␍
            Connection: close␍
            ␍
            --simboundary␍
            Content-Type: image/jpeg␍
            Content-Length: 6501␍
            ␍
            JPEG␍
            --simboundary␍
            Content-Type: image/jpeg␍
            Content-Length: 6501␍
            ␍
            JPEG␍
        "#]]
        .assert_eq(&written(None));
    }

    #[test]
    fn every_framing_quirk_changes_just_its_lines() {
        let mut text = String::new();
        for quirk in &Quirk::ALL[..16] {
            text.push_str(&format!("{}:\n{}", quirk.name(), differs(*quirk)));
        }
        expect![[r#"
            dashes_in_boundary:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            + Content-Type: multipart/x-mixed-replace; boundary=--simboundary␍
            lines 16 -> 16
            dashes_twice:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            - --simboundary␍
            + Content-Type: multipart/x-mixed-replace; boundary=--simboundary␍
            + ----simboundary␍
            lines 16 -> 16
            blanks_around_boundary:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            + Content-Type: multipart/x-mixed-replace; boundary =--simboundary␍
            lines 16 -> 16
            quoted_boundary:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            + Content-Type: multipart/x-mixed-replace; boundary="simboundary"␍
            lines 16 -> 16
            no_first_boundary:
            lines 16 -> 15
            preamble:
            + This is a stream of pictures.␍
            lines 16 -> 18
            no_length:
            - Content-Length: 6501␍
            lines 16 -> 14
            boundary_twice:
            lines 16 -> 18
            padded_length:
            - Content-Length: 6501␍
            + Content-Length:      6501␍
            lines 16 -> 16
            lower_case_headers:
            - Content-Type: image/jpeg␍
            - Content-Length: 6501␍
            + content-type: image/jpeg␍
            + content-length: 6501␍
            lines 16 -> 16
            octet_stream:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            - Connection: close␍
            + Content-Type: application/octet-stream␍
            + Transfer-Encoding: chunked␍
            lines 16 -> 16
            image_jpeg:
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            - Connection: close␍
            + Transfer-Encoding: chunked␍
            lines 16 -> 16
            chunked:
            - Connection: close␍
            + Transfer-Encoding: chunked␍
            lines 16 -> 16
            lf_only:
            - HTTP/1.1 200 OK␍
            - Content-Type: multipart/x-mixed-replace; boundary=simboundary␍
            - Cache-Control: no-cache␍
            - Connection: close␍
            - ␍
            - --simboundary␍
            - Content-Type: image/jpeg␍
            - Content-Length: 6501␍
            - JPEG␍
            + HTTP/1.1 200 OK
            + Content-Type: multipart/x-mixed-replace; boundary=simboundary
            + Cache-Control: no-cache
            + Connection: close
            + --simboundary
            + Content-Type: image/jpeg
            + Content-Length: 6501
            + JPEG
            lines 16 -> 16
            no_blank_line:
            lines 16 -> 14
            no_final_newline:
            - JPEG␍
            - 
            + JPEG--simboundary␍
            + JPEG
            lines 16 -> 14
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn every_picture_quirk_changes_the_jpeg_as_named() {
        let jpeg = [0xFF, 0xD8, 0x01, 0xFF, 0xD9];
        let bytes = |quirk: Quirk| Style::new(&[quirk]).jpeg(&jpeg);
        assert_eq!(bytes(Quirk::NoEndOfImage), [0xFF, 0xD8, 0x01]);
        assert_eq!(bytes(Quirk::GluedJpegs), [jpeg, jpeg].concat());
        assert_eq!(bytes(Quirk::TrailingBytes), [&jpeg[..], &[0; 37]].concat());
        let vendor = bytes(Quirk::VendorData);
        assert_eq!(vendor[..4], [0xFF, 0xD8, 0xFF, 0xFE]);
        assert_eq!(usize::from(vendor[5]) + 2, vendor.len() - jpeg.len());
        let thumbnail = bytes(Quirk::Thumbnail);
        assert_eq!(thumbnail[2..4], [0xFF, 0xE1]);
        assert!(
            thumbnail
                .windows(2)
                .filter(|pair| *pair == [0xFF, 0xD8])
                .count()
                == 2
        );
    }

    #[test]
    fn every_quirk_is_found_by_its_name() {
        for quirk in Quirk::ALL {
            assert_eq!(Quirk::from_name(quirk.name()), Some(quirk));
        }
        assert_eq!(Quirk::from_name("Chunked"), None);
    }
}
