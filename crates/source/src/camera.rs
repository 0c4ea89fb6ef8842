//! A linked camera as a source of frames, in whichever mode works.
//!
//! In: a link, a clock, limits. Out: numbered frames; after an error the source
//! is finished and the supervisor opens another.
//!
//! Automatic mode asks for a stream. When the camera answers with one picture,
//! or its streams fail several times in a row before a second picture, it asks
//! for single pictures instead, at the maker's path for those where that is
//! known, and stays so as long as this source lives.
//!
//! Time: `captured_at` is the clock's time when a picture's first byte came.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use types::{Clock, EncodedFrame, Timestamp};

use crate::error::Error;
use crate::http::auth::AuthScheme;
use crate::http::{Answer, Client};
use crate::limits::Limits;
use crate::link::{Link, Mode};
use crate::mjpeg::{Counts, Part};
use crate::presets;
use crate::snapshot::{Pacer, picture_in};
use crate::stream::Stream;

/// Pause before a failed stream is opened again in automatic mode.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// An open linked camera.
pub struct Source {
    client: Client,
    clock: Arc<dyn Clock>,
    limits: Limits,
    mode: Mode,
    one_shot_interval: Duration,
    feed: Feed,
    seq: u64,
    /// Counts of streams that have ended.
    ended: Counts,
    ended_bytes: u64,
    info: Info,
}

/// How pictures are being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeInUse {
    /// One endless answer.
    Stream,
    /// One request per picture.
    OneShot,
}

impl ModeInUse {
    /// Stable name in snake_case.
    pub fn name(self) -> &'static str {
        match self {
            ModeInUse::Stream => "stream",
            ModeInUse::OneShot => "one_shot",
        }
    }
}

/// What is known about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Address in use, after redirects, without credentials.
    pub url: String,
    /// How pictures are asked for.
    pub mode_in_use: ModeInUse,
    /// Status of the latest answer.
    pub http_status: Option<u16>,
    /// Login that the camera has accepted; `None` when it asks for none.
    pub auth_scheme: Option<AuthScheme>,
    /// SHA-256 of the camera's certificate; `None` over plain HTTP.
    pub peer_certificate_sha256: Option<[u8; 32]>,
    /// Frames handed out.
    pub n_frames: u64,
    /// Bytes of answers received.
    pub n_bytes: u64,
    /// Bytes that were neither picture nor header.
    pub n_skipped_bytes: u64,
    /// Parts that gave no picture.
    pub n_discarded_parts: u64,
}

enum Feed {
    Stream {
        stream: Box<Stream>,
        /// Streams that failed in a row before this one.
        n_failures: u32,
    },
    OneShot {
        pacer: Pacer,
        start: Instant,
        /// A picture that came while the source was opened.
        ready: Option<Part>,
    },
    /// The stream failed in automatic mode and is to be replaced.
    Failed {
        error: Error,
        /// Streams that failed in a row, with this one.
        n_failures: u32,
    },
    Finished,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("info", self.info())
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Connects, logs in and reads the first header; in one-shot mode also the
    /// first picture.
    ///
    /// # Errors
    /// Any but [`Error::Clip`] and [`Error::FfmpegMissing`]; each takes at most
    /// the times in `limits`.
    pub async fn open(
        link: &Link,
        clock: Arc<dyn Clock>,
        limits: &Limits,
    ) -> Result<Source, Error> {
        let mut source = Source {
            client: Client::new(link, limits),
            clock,
            limits: limits.clone(),
            mode: link.mode(),
            one_shot_interval: link.one_shot_interval(),
            feed: Feed::Finished,
            seq: 0,
            ended: Counts::default(),
            ended_bytes: 0,
            info: Info {
                url: link.url(),
                mode_in_use: ModeInUse::Stream,
                http_status: None,
                auth_scheme: None,
                peer_certificate_sha256: None,
                n_frames: 0,
                n_bytes: 0,
                n_skipped_bytes: 0,
                n_discarded_parts: 0,
            },
        };
        match link.mode() {
            Mode::OneShot => source.start_one_shot(None).await?,
            Mode::Stream | Mode::Automatic => source.start_stream(0).await?,
        }
        source.note();
        Ok(source)
    }

    /// The next whole picture.
    ///
    /// May be dropped while waiting and called again: a stream loses nothing, a
    /// single picture is asked for again.
    ///
    /// # Errors
    /// The source is finished; open another when [`Error::reaction`] says so.
    pub async fn next(&mut self) -> Result<EncodedFrame, Error> {
        let part = loop {
            let result = match &self.feed {
                Feed::Stream { .. } => self.next_of_stream().await,
                Feed::OneShot { .. } => self.next_one_shot().await,
                Feed::Failed { error, n_failures } => {
                    let (error, n_failures) = (error.clone(), *n_failures);
                    self.replace_stream(error, n_failures).await.map(|()| None)
                }
                Feed::Finished => Err(Error::Bug {
                    text: "next was called after an error".to_owned(),
                }),
            };
            self.note();
            match result {
                Ok(Some(part)) => break part,
                Ok(None) => {}
                Err(error) => {
                    self.finish_stream();
                    self.feed = Feed::Finished;
                    self.client.hang_up();
                    return Err(error);
                }
            }
        };
        let frame = EncodedFrame {
            seq: self.seq,
            captured_at: part.captured_at,
            jpeg: part.jpeg,
        };
        self.seq += 1;
        self.info.n_frames = self.seq;
        Ok(frame)
    }

    /// What is known about this source; also after an error.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Opens the stream, or changes to one shot when automatic mode finds that
    /// the camera sends single pictures.
    async fn start_stream(&mut self, n_failures: u32) -> Result<(), Error> {
        let answer = self.client.get().await?;
        match content_of(&answer) {
            Content::OnePicture if self.mode == Mode::Automatic => {
                self.start_one_shot(Some(answer)).await
            }
            Content::OnePicture => Err(Error::SinglePicture {
                url: self.client.url(),
            }),
            Content::Page => Err(self.not_pictures(answer)),
            Content::Stream | Content::Unknown => {
                self.feed = Feed::Stream {
                    stream: Box::new(Stream::new(answer, &self.limits)),
                    n_failures,
                };
                Ok(())
            }
        }
    }

    /// One more picture of the stream; `None` when the feed was changed.
    async fn next_of_stream(&mut self) -> Result<Option<Part>, Error> {
        let Feed::Stream { stream, n_failures } = &mut self.feed else {
            return Ok(None);
        };
        let n_failures = *n_failures;
        let next = stream.next(&mut self.client, &*self.clock, &self.limits);
        let error = match timeout(self.limits.stall_timeout, next).await {
            Ok(Ok(part)) => return Ok(Some(part)),
            Ok(Err(error)) => error,
            Err(_) => Error::Stalled {
                url: self.client.url(),
                timeout: self.limits.stall_timeout,
            },
        };
        // A stream that had worked is the supervisor's business.
        let had_worked = stream.counts().n_parts >= 2;
        if self.mode != Mode::Automatic || had_worked {
            return Err(error);
        }
        self.finish_stream();
        self.client.hang_up();
        self.feed = Feed::Failed {
            error,
            n_failures: n_failures + 1,
        };
        Ok(None)
    }

    /// Opens the stream again, or changes to one shot when that has failed
    /// often enough.
    async fn replace_stream(&mut self, error: Error, n_failures: u32) -> Result<(), Error> {
        let is_single = matches!(error, Error::SinglePicture { .. });
        if !is_single && n_failures < self.limits.max_stream_failures {
            tracing::debug!(%error, n_failures, "the stream failed; opening it again");
            sleep(REOPEN_PAUSE).await;
            return self.start_stream(n_failures).await;
        }
        tracing::info!(%error, "the stream does not work; asking for single pictures");
        if !is_single && let Some(path) = presets::one_shot_path(self.client.path()) {
            self.client.set_path(path);
        }
        // The stream's failure says more than that of the substitute.
        self.start_one_shot(None).await.map_err(|_| error)
    }

    /// Fetches a first picture (from `answer`, if there is one already) and
    /// changes the feed.
    async fn start_one_shot(&mut self, answer: Option<Answer>) -> Result<(), Error> {
        let mut pacer = Pacer::new(self.one_shot_interval);
        let start = Instant::now();
        pacer.sent(Duration::ZERO);
        let part = self.fetch(answer).await?;
        self.feed = Feed::OneShot {
            pacer,
            start,
            ready: Some(part),
        };
        self.info.mode_in_use = ModeInUse::OneShot;
        Ok(())
    }

    async fn next_one_shot(&mut self) -> Result<Option<Part>, Error> {
        let Feed::OneShot {
            pacer,
            start,
            ready,
        } = &mut self.feed
        else {
            return Ok(None);
        };
        if let Some(part) = ready.take() {
            return Ok(Some(part));
        }
        sleep(pacer.wait(start.elapsed())).await;
        pacer.sent(start.elapsed());
        self.fetch(None).await.map(Some)
    }

    /// Fetches one picture.
    async fn fetch(&mut self, answer: Option<Answer>) -> Result<Part, Error> {
        let mut answer = match answer {
            Some(answer) => answer,
            None => self.client.get().await?,
        };
        match content_of(&answer) {
            Content::Stream => {
                self.client.hang_up();
                return Err(Error::StreamInstead {
                    url: self.client.url(),
                });
            }
            Content::Page => return Err(self.not_pictures(answer)),
            Content::OnePicture | Content::Unknown => {}
        }
        let stall_timeout = self.limits.stall_timeout;
        let reading = self.read_whole(&mut answer);
        let (captured_at, body, is_whole) = match timeout(stall_timeout, reading).await {
            Ok(read) => read?,
            Err(_) => {
                self.client.hang_up();
                return Err(Error::Stalled {
                    url: self.client.url(),
                    timeout: self.limits.stall_timeout,
                });
            }
        };
        let n_body = to_u64(body.len());
        self.ended_bytes += n_body;
        let Some(range) = picture_in(&body, is_whole) else {
            self.ended.n_discarded_parts += 1;
            if body.starts_with(&crate::mjpeg::START) {
                return Err(Error::Truncated {
                    url: self.client.url(),
                    n_bytes: n_body,
                });
            }
            return Err(self.not_pictures(answer));
        };
        self.ended.n_skipped_bytes += to_u64(body.len() - range.len());
        Ok(Part {
            captured_at,
            is_complete: body[range.clone()].ends_with(&[0xFF, 0xD9]),
            jpeg: Arc::from(&body[range]),
        })
    }

    /// Reads a body within the limit. Gives the arrival of its first byte, the
    /// bytes, and whether the camera had no more to say.
    async fn read_whole(
        &mut self,
        answer: &mut Answer,
    ) -> Result<(Timestamp, Vec<u8>, bool), Error> {
        let max_bytes = self.limits.max_part_bytes;
        let too_large = |client: &mut Client| {
            client.hang_up();
            Err(Error::PartTooLarge {
                url: client.url(),
                max_bytes,
            })
        };
        let declared = answer.declared_bytes.unwrap_or(0);
        if declared > to_u64(max_bytes) {
            return too_large(&mut self.client);
        }
        let mut body = Vec::with_capacity(usize::try_from(declared).unwrap_or(0));
        let mut captured_at = None;
        loop {
            match self.client.read(answer).await {
                Ok(Some(bytes)) => {
                    captured_at.get_or_insert_with(|| self.clock.now());
                    if body.len() + bytes.len() > max_bytes {
                        return too_large(&mut self.client);
                    }
                    body.extend_from_slice(&bytes);
                }
                Ok(None) => {
                    let captured_at = captured_at.unwrap_or_else(|| self.clock.now());
                    return Ok((captured_at, body, true));
                }
                // The declared length may have been too large.
                Err(Error::HungUp { .. }) if !body.is_empty() => {
                    let captured_at = captured_at.unwrap_or_else(|| self.clock.now());
                    return Ok((captured_at, body, false));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn not_pictures(&mut self, answer: Answer) -> Error {
        self.client.hang_up();
        Error::NotPictures {
            url: self.client.url(),
            content_type: answer.content_type,
        }
    }

    /// Keeps the counts of a stream that is about to be dropped.
    fn finish_stream(&mut self) {
        if let Feed::Stream { stream, .. } = &self.feed {
            let counts = stream.counts();
            self.ended.n_skipped_bytes += counts.n_skipped_bytes;
            self.ended.n_discarded_parts += counts.n_discarded_parts;
            self.ended_bytes += stream.n_bytes();
            self.feed = Feed::Finished;
        }
    }

    /// Brings `info` up to date.
    fn note(&mut self) {
        let (running, running_bytes) = match &self.feed {
            Feed::Stream { stream, .. } => (stream.counts(), stream.n_bytes()),
            Feed::OneShot { .. } | Feed::Failed { .. } | Feed::Finished => (Counts::default(), 0),
        };
        let info = &mut self.info;
        info.url = self.client.url();
        info.http_status = self.client.status();
        info.auth_scheme = self.client.scheme();
        info.peer_certificate_sha256 = self.client.certificate();
        info.n_bytes = self.ended_bytes + running_bytes;
        info.n_skipped_bytes = self.ended.n_skipped_bytes + running.n_skipped_bytes;
        info.n_discarded_parts = self.ended.n_discarded_parts + running.n_discarded_parts;
    }
}

/// What the header of an answer promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Stream,
    OnePicture,
    Page,
    /// Anything else; only the body can tell.
    Unknown,
}

fn content_of(answer: &Answer) -> Content {
    let content_type = answer.content_type.trim().to_ascii_lowercase();
    if content_type.starts_with("multipart/") {
        Content::Stream
    } else if content_type.starts_with("text/html") || content_type.contains("xhtml") {
        Content::Page
    } else if content_type.starts_with("image/") && answer.declared_bytes.is_some() {
        // Cameras that mislabel a stream as a picture do not give a length.
        Content::OnePicture
    } else {
        Content::Unknown
    }
}

fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
