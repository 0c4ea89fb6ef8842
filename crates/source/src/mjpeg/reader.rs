//! The part reader: a state machine from bytes to pictures.
//!
//! In: bytes in pieces of any size, with the time they arrived.
//! Out: JPEGs. How the bytes were cut into pieces makes no difference.
//!
//! Everything that we want begins with the start of a JPEG, so that is what
//! the reader looks for; separators and headers are hints. The end is where
//! the declared length says, if an end-of-image marker stands there; else
//! where the JPEG's own structure ends; else at the next separator; else where
//! the next JPEG begins. A picture leaves as soon as its last byte is there:
//! waiting for the separator would cost one frame of delay.
//!
//! Time: a picture carries the time at which its first byte arrived.
//!
//! Not here: sockets, stalls, and what to do about a stream without pictures.

use std::sync::Arc;

use memchr::{memchr, memmem};
use types::Timestamp;

use crate::mjpeg::borders::{START, Walker, complete_len, is_padding};
use crate::mjpeg::boundary::{Boundary, Search};
use crate::mjpeg::header::PartHeader;

/// Bounds of one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderLimits {
    /// Largest picture.
    pub max_part_bytes: usize,
    /// Largest part header, and longest line.
    pub max_header_bytes: usize,
}

/// One picture of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// When the first byte arrived.
    pub captured_at: Timestamp,
    /// The JPEG from its start marker.
    pub jpeg: Arc<[u8]>,
    /// Whether the end-of-image marker was there. Without it the picture is
    /// usable, perhaps with a grey lower part.
    pub is_complete: bool,
}

/// What the reader met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pictures handed out.
    pub n_parts: u64,
    /// Separator lines.
    pub n_separators: u64,
    /// Parts thrown away: no picture in them, cut off, or too large.
    pub n_discarded_parts: u64,
    /// Of those, larger than the limit.
    pub n_too_large: u64,
    /// Part headers larger than the limit.
    pub n_headers_too_large: u64,
    /// Bytes that were neither picture nor separator nor header.
    pub n_skipped_bytes: u64,
    /// Of those, since the last picture.
    pub n_skipped_in_row: u64,
}

/// Reads pictures from the body of one HTTP answer.
#[derive(Debug)]
pub struct Reader {
    limits: ReaderLimits,
    /// The declared separator and the last one seen that differs from it.
    boundaries: [Option<Boundary>; 2],
    state: State,
    header: PartHeader,
    /// A part's header has ended and no picture has come out of it yet.
    is_part_open: bool,
    /// Received and not yet consumed. Its capacity stays near the size of the
    /// last picture, so that a steady stream allocates once per picture.
    buf: Vec<u8>,
    /// First byte of `buf` not consumed.
    pos: usize,
    /// Where in `buf` the latest piece begins, its time, and the time before.
    latest_at: usize,
    latest: Timestamp,
    earlier: Timestamp,
    counts: Counts,
}

#[derive(Debug)]
enum State {
    /// Between pictures: separators, headers, garbage, line by line.
    Seek {
        /// Bytes of the current line known to hold no line end and no JPEG.
        looked: usize,
        /// Bytes of the current line already thrown away.
        dropped: usize,
    },
    /// A header has ended: its part begins.
    PartStart { declared: Option<usize> },
    /// In a part that is no picture, with known length.
    Skip { left: usize },
    /// In a picture, which begins at `pos`.
    Jpeg(Picture),
}

#[derive(Debug)]
struct Picture {
    captured_at: Timestamp,
    walker: Walker,
    /// Length the camera declared, while it is believed.
    declared: Option<usize>,
    /// How far each boundary was searched for.
    searched: [usize; 2],
}

/// Where a picture ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// At its end marker; kept bytes, then consumed bytes.
    Complete { kept: usize, used: usize },
    /// Without end marker, where something else begins.
    Lost { used: usize },
    /// Nowhere within the limit.
    TooLarge,
    /// More bytes are needed.
    Wait,
}

/// What stands behind an end marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Start,
    Separator,
    Other,
    Unclear,
}

const NEW_LINE: State = State::Seek {
    looked: 0,
    dropped: 0,
};

impl Reader {
    /// A reader at the start of a body whose separator is `boundary`, if
    /// declared.
    pub fn new(boundary: Option<Boundary>, limits: ReaderLimits) -> Self {
        Reader {
            limits,
            boundaries: [boundary, None],
            state: NEW_LINE,
            header: PartHeader::default(),
            is_part_open: false,
            buf: Vec::new(),
            pos: 0,
            latest_at: 0,
            latest: Timestamp::default(),
            earlier: Timestamp::default(),
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes, which arrived at `at`, and gives the pictures that
    /// they complete.
    pub fn push(&mut self, bytes: &[u8], at: Timestamp) -> Vec<Part> {
        self.earlier = self.latest;
        self.latest = at;
        self.latest_at = self.buf.len();
        self.buf.extend_from_slice(bytes);
        self.run(false)
    }

    /// The body has ended: gives the picture that only lacked proof of its end.
    pub fn finish(&mut self) -> Vec<Part> {
        let parts = self.run(true);
        if matches!(self.state, State::Jpeg(_)) {
            self.counts.n_discarded_parts += 1;
        }
        self.skip(self.buf.len() - self.pos);
        self.compact();
        self.state = NEW_LINE;
        parts
    }

    /// The bounds in force.
    pub fn limits(&self) -> ReaderLimits {
        self.limits
    }

    /// What was met so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn run(&mut self, is_end: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        loop {
            let goes_on = match self.state {
                State::Seek { looked, dropped } => self.seek(looked, dropped),
                State::PartStart { declared } => self.start_part(declared),
                State::Skip { left } => self.skip_part(left),
                State::Jpeg(_) => self.read_picture(&mut parts, is_end),
            };
            if !goes_on {
                break;
            }
        }
        self.compact();
        parts
    }

    /// Looks at one line, or at the start of a JPEG within it.
    fn seek(&mut self, looked: usize, dropped: usize) -> bool {
        let data = &self.buf[self.pos..];
        let line_end = memchr(b'\n', &data[looked..]).map(|at| at + looked);
        let line = &data[..line_end.unwrap_or(data.len())];
        // The start may straddle what was looked at before.
        let from = looked.saturating_sub(START.len() - 1);
        if let Some(at) = memmem::find(&line[from..], &START).map(|at| at + from) {
            let is_clean = dropped == 0 && line[..at].iter().all(|&byte| is_padding(byte));
            let declared = is_clean.then(|| self.declared()).flatten();
            self.skip(at);
            self.begin_picture(declared);
            return true;
        }
        let len = line.len();
        let Some(line_end) = line_end else {
            if len > self.limits.max_header_bytes {
                let drop = len - (START.len() - 1);
                self.skip(drop);
                self.state = State::Seek {
                    looked: START.len() - 1,
                    dropped: dropped.saturating_add(drop),
                };
            } else {
                self.state = State::Seek {
                    looked: len,
                    dropped,
                };
            }
            return false;
        };
        self.state = NEW_LINE;
        if dropped.saturating_add(len) > self.limits.max_header_bytes {
            self.skip(line_end + 1);
        } else {
            self.read_line(line_end);
        }
        true
    }

    /// Reads the line that ends before offset `line_end` from `pos`.
    fn read_line(&mut self, line_end: usize) {
        let line = self.buf[self.pos..self.pos + line_end].trim_ascii_end();
        let used = line_end + 1;
        if line.is_empty() {
            self.pos += used;
            if self.header.n_fields > 0 {
                self.end_header();
            }
            return;
        }
        let is_known = self.boundaries.iter().flatten().any(|b| b.is_line(line));
        if is_known || line.starts_with(b"--") {
            if !is_known {
                self.boundaries[1] = Boundary::from_line(line);
            }
            self.pos += used;
            self.counts.n_separators += 1;
            self.close_part();
        } else if self.header.read_line(line) {
            self.pos += used;
            if self.header.len_bytes > self.limits.max_header_bytes {
                self.counts.n_headers_too_large += 1;
                self.header = PartHeader::default();
            }
        } else {
            self.skip(used);
        }
    }

    fn end_header(&mut self) {
        self.is_part_open = true;
        self.state = State::PartStart {
            declared: self.declared(),
        };
    }

    /// The declared length, when it is within the limit. A larger one is not
    /// believed: the end is then found by looking.
    fn declared(&self) -> Option<usize> {
        let declared = usize::try_from(self.header.declared_bytes?).ok()?;
        (declared <= self.limits.max_part_bytes).then_some(declared)
    }

    /// Forgets the header; a part that gave no picture is counted.
    fn close_part(&mut self) {
        if self.is_part_open {
            self.counts.n_discarded_parts += 1;
        }
        self.is_part_open = false;
        self.header = PartHeader::default();
    }

    /// At the first byte after a header: picture, other content, or garbage.
    fn start_part(&mut self, declared: Option<usize>) -> bool {
        let data = &self.buf[self.pos..];
        let n_padding = data.iter().take_while(|&&byte| is_padding(byte)).count();
        let data = &data[n_padding..];
        let is_start = data.starts_with(&START);
        let is_unclear = data.len() < START.len() && START.starts_with(data);
        self.skip(n_padding);
        if is_start {
            self.begin_picture(declared);
        } else if is_unclear {
            return false;
        } else if let (true, Some(left)) = (self.header.is_other_content, declared) {
            self.close_part();
            self.state = State::Skip { left };
        } else {
            self.header = PartHeader::default();
            self.state = NEW_LINE;
        }
        true
    }

    fn skip_part(&mut self, left: usize) -> bool {
        let used = left.min(self.buf.len() - self.pos);
        self.skip(used);
        let left = left - used;
        self.state = if left == 0 {
            NEW_LINE
        } else {
            State::Skip { left }
        };
        left == 0
    }

    /// Starts a picture at `pos`.
    fn begin_picture(&mut self, declared: Option<usize>) {
        let captured_at = if self.pos < self.latest_at {
            self.earlier
        } else {
            self.latest
        };
        self.state = State::Jpeg(Picture {
            captured_at,
            walker: Walker::default(),
            declared,
            searched: [0; 2],
        });
    }

    /// Continues the picture at `pos`; hands it out when its end is found.
    fn read_picture(&mut self, parts: &mut Vec<Part>, is_end: bool) -> bool {
        let State::Jpeg(picture) = &mut self.state else {
            return false;
        };
        let body = &self.buf[self.pos..];
        let cut = picture.cut(body, &self.boundaries, self.limits.max_part_bytes, is_end);
        let (kept, used, is_complete) = match cut {
            Cut::Wait => return false,
            Cut::Complete { kept, used } => (kept, used, true),
            Cut::Lost { used } => (used, used, false),
            Cut::TooLarge => {
                self.counts.n_too_large += 1;
                self.counts.n_discarded_parts += 1;
                self.is_part_open = false;
                self.header = PartHeader::default();
                // Not all of it: a start may stand across its end.
                self.skip(self.limits.max_part_bytes - (START.len() - 1));
                self.state = NEW_LINE;
                return true;
            }
        };
        let left = picture
            .declared
            .map(|declared| declared.saturating_sub(used));
        if picture.walker.has_scan_before(kept) {
            self.counts.n_parts += 1;
            self.counts.n_skipped_in_row = 0;
            self.counts.n_skipped_bytes += to_u64(used - kept);
            self.is_part_open = false;
            parts.push(Part {
                captured_at: picture.captured_at,
                jpeg: Arc::from(&body[..kept]),
                is_complete,
            });
            self.pos += used;
            self.keep_capacity_near(used);
        } else {
            self.counts.n_discarded_parts += 1;
            self.is_part_open = false;
            self.skip(used);
        }
        self.header = PartHeader::default();
        // A second picture in the same part may use what is left of its length.
        self.header.declared_bytes = left.filter(|&left| left > 0).map(to_u64);
        self.state = NEW_LINE;
        if self.buf[self.pos..].starts_with(&START) {
            let declared = self.declared();
            self.begin_picture(declared);
        }
        self.header.declared_bytes = None;
        true
    }

    /// Consumes `len` bytes that are of no use.
    fn skip(&mut self, len: usize) {
        self.pos += len;
        self.counts.n_skipped_bytes += to_u64(len);
        self.counts.n_skipped_in_row += to_u64(len);
    }

    /// Moves what is not consumed to the front of the buffer.
    fn compact(&mut self) {
        self.buf.drain(..self.pos);
        self.latest_at = self.latest_at.saturating_sub(self.pos);
        self.pos = 0;
    }

    /// Gives memory back after a picture much larger than its successors.
    fn keep_capacity_near(&mut self, len_bytes: usize) {
        const SPARE_BYTES: usize = 256 << 10;
        if self.buf.capacity() > len_bytes.saturating_mul(4).saturating_add(SPARE_BYTES) {
            self.compact();
            self.buf.shrink_to(len_bytes * 2);
        }
    }
}

impl Picture {
    /// Where this picture ends, given all its bytes so far.
    fn cut(
        &mut self,
        body: &[u8],
        boundaries: &[Option<Boundary>; 2],
        max_bytes: usize,
        is_end: bool,
    ) -> Cut {
        // Decide on the same bytes however many more have arrived with them.
        let body = &body[..body.len().min(max_bytes.saturating_add(1))];
        let end = self.walker.advance(body);
        if let Some(declared) = self.declared {
            match cut_declared(body, declared, end, boundaries, is_end) {
                Some(cut) => return cut,
                None => self.declared = None,
            }
        }
        let mut lost = self.walker.restart();
        for (boundary, searched) in boundaries.iter().zip(&mut self.searched) {
            let Some(boundary) = boundary else { continue };
            match boundary.find(body, *searched, is_end) {
                Search::Found(at) => {
                    let at = without_line_end(&body[..at]);
                    lost = Some(lost.map_or(at, |lost| lost.min(at)));
                }
                Search::From(at) => *searched = at,
            }
        }
        match (end, lost) {
            (Some(end), lost) if lost.is_none_or(|lost| end <= lost) => complete(end, max_bytes),
            (_, Some(used)) if used <= max_bytes => Cut::Lost { used },
            _ if body.len() > max_bytes => Cut::TooLarge,
            _ => Cut::Wait,
        }
    }
}

/// Where a picture of `declared` bytes ends, or `None` when that length turns
/// out to be wrong. `end` is where its own structure ends, if that is known.
fn cut_declared(
    body: &[u8],
    declared: usize,
    end: Option<usize>,
    boundaries: &[Option<Boundary>; 2],
    is_end: bool,
) -> Option<Cut> {
    let is_whole = body.len() >= declared;
    if let Some(end) = end.filter(|&end| end <= declared) {
        let cut_here = Cut::Complete {
            kept: end,
            used: end,
        };
        if end == declared {
            return Some(cut_here);
        }
        match what_follows(&body[end..], boundaries) {
            After::Start | After::Separator => return Some(cut_here),
            After::Other | After::Unclear if !is_whole && !is_end => return Some(Cut::Wait),
            After::Other | After::Unclear => {}
        }
        let kept = complete_len(&body[..declared.min(body.len())]);
        return Some(match kept {
            Some(kept) if kept > end && is_whole => Cut::Complete {
                kept,
                used: declared,
            },
            _ => cut_here,
        });
    }
    if !is_whole {
        return (!is_end).then_some(Cut::Wait);
    }
    complete_len(&body[..declared]).map(|kept| Cut::Complete {
        kept,
        used: declared,
    })
}

fn complete(end: usize, max_bytes: usize) -> Cut {
    if end <= max_bytes {
        Cut::Complete {
            kept: end,
            used: end,
        }
    } else {
        Cut::TooLarge
    }
}

/// What stands at the start of `data`, behind padding.
fn what_follows(data: &[u8], boundaries: &[Option<Boundary>; 2]) -> After {
    let n_padding = data.iter().take_while(|&&byte| is_padding(byte)).count();
    let data = &data[n_padding..];
    if data.starts_with(&START) {
        return After::Start;
    }
    if data.len() < START.len() && START.starts_with(data) {
        return After::Unclear;
    }
    let mut is_unclear = false;
    for boundary in boundaries.iter().flatten() {
        match boundary.begins(data) {
            Some(true) => return After::Separator,
            Some(false) => {}
            None => is_unclear = true,
        }
    }
    if is_unclear {
        After::Unclear
    } else {
        After::Other
    }
}

/// Length of `data` without one line end at its end.
fn without_line_end(data: &[u8]) -> usize {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    data.strip_suffix(b"\r").unwrap_or(data).len()
}

fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
