//! The body of one streaming answer: pieces in, pictures out.
//!
//! In: an answer that began. Out: pictures, then the reason why it ended.
//!
//! Not here: opening, and what to do after the end.

use std::collections::VecDeque;

use types::Clock;

use crate::error::Error;
use crate::http::{Answer, Client};
use crate::limits::Limits;
use crate::mjpeg::{Boundary, Counts, Part, Reader, ReaderLimits};

/// One streaming answer.
#[derive(Debug)]
pub(crate) struct Stream {
    answer: Answer,
    reader: Reader,
    ready: VecDeque<Part>,
    n_bytes: u64,
}

impl Stream {
    pub(crate) fn new(answer: Answer, limits: &Limits) -> Self {
        let boundary = Boundary::from_content_type(&answer.content_type);
        let reader_limits = ReaderLimits {
            max_part_bytes: limits.max_part_bytes,
            max_header_bytes: limits.max_header_bytes,
        };
        Stream {
            answer,
            reader: Reader::new(boundary, reader_limits),
            ready: VecDeque::new(),
            n_bytes: 0,
        }
    }

    /// The next picture. Can be dropped while waiting; nothing is lost.
    pub(crate) async fn next(
        &mut self,
        client: &mut Client,
        clock: &dyn Clock,
        limits: &Limits,
    ) -> Result<Part, Error> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Ok(part);
            }
            match client.read(&mut self.answer).await {
                Ok(Some(bytes)) => {
                    self.n_bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.ready.extend(self.reader.push(&bytes, clock.now()));
                    self.check(client, limits)?;
                }
                Ok(None) => {
                    self.ready.extend(self.reader.finish());
                    if self.ready.is_empty() {
                        return Err(self.end_error(client, "camera ended the answer"));
                    }
                }
                Err(Error::HungUp { text, .. }) => return Err(self.end_error(client, &text)),
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.reader.counts()
    }

    /// Bytes of the body so far.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Names trouble that shows while bytes still arrive.
    fn check(&self, client: &Client, limits: &Limits) -> Result<(), Error> {
        /// Pictures too large in a stream that had none of fitting size.
        const MAX_TOO_LARGE: u64 = 3;
        let counts = self.reader.counts();
        let url = client.url();
        if counts.n_parts == 0 && counts.n_too_large >= MAX_TOO_LARGE {
            return Err(Error::PartTooLarge {
                url,
                max_bytes: limits.max_part_bytes,
            });
        }
        if counts.n_parts == 0 && counts.n_headers_too_large > 0 {
            return Err(Error::HeaderTooLarge {
                url,
                max_bytes: limits.max_header_bytes,
            });
        }
        if counts.n_skipped_in_row > limits.max_garbage_bytes {
            return Err(Error::NoPictures {
                url,
                n_bytes: counts.n_skipped_in_row,
            });
        }
        Ok(())
    }

    fn end_error(&self, client: &Client, text: &str) -> Error {
        let counts = self.reader.counts();
        let url = client.url();
        if counts.n_parts == 1 && counts.n_separators == 0 {
            return Error::SinglePicture { url };
        }
        if counts.n_parts > 0 {
            let text = text.to_owned();
            return Error::HungUp { url, text };
        }
        if counts.n_too_large > 0 {
            return Error::PartTooLarge {
                url,
                max_bytes: self.reader.limits().max_part_bytes,
            };
        }
        if counts.n_separators == 0 && self.n_bytes > 0 {
            return Error::NotPictures {
                url,
                content_type: self.answer.content_type.clone(),
            };
        }
        Error::NoPictures {
            url,
            n_bytes: self.n_bytes,
        }
    }
}
