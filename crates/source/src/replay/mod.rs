//! Recorded pictures as a source of frames.
//!
//! In: a folder of JPEGs, a file of concatenated JPEGs (`.mjpeg`, `.mjpg`), or
//! any clip that the `ffmpeg` program reads. Out: frames, in order, as fast as
//! the caller takes them.
//!
//! Time: frame n is captured at `start_at + n / fps`, so a replay gives the same
//! frames and times always.
//!
//! Blocking: reads files and waits for `ffmpeg`. Not for a pipeline's thread.

mod ffmpeg;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use types::{EncodedFrame, Timestamp};

use crate::error::Error;
use crate::limits::Limits;
use crate::mjpeg::{Part, Reader, ReaderLimits};
use crate::replay::ffmpeg::Ffmpeg;

/// Rate of pictures that carry none, in frames per second.
const DEFAULT_FPS: f32 = 5.0;

/// Most pictures of one folder.
const MAX_FILES: usize = 1_000_000;

/// How to replay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReplayOptions {
    /// Frames per second. For a clip: drop or repeat pictures to this rate;
    /// `None` keeps the clip's own. For JPEGs: their rate; `None` is 5.
    pub fps: Option<f32>,
    /// Width and height in pixels to scale to. Not for a folder of JPEGs.
    pub size: Option<(u32, u32)>,
    /// When frame 0 is captured.
    pub start_at: Timestamp,
}

/// An open recording.
#[derive(Debug)]
pub struct Clip {
    input: Input,
    fps: f32,
    start_at: Timestamp,
    seq: u64,
}

#[derive(Debug)]
enum Input {
    Folder(VecDeque<PathBuf>),
    File(Pictures<File>),
    Ffmpeg(Pictures<Ffmpeg>),
    Finished,
}

/// Opens the recording at `path`.
///
/// # Errors
/// [`Error::Clip`] when it cannot be read, [`Error::FfmpegMissing`] when the
/// `ffmpeg` program is needed and absent.
pub fn open(path: &Path, options: ReplayOptions) -> Result<Clip, Error> {
    let is_possible = |fps: f32| (0.01..=1_000.0).contains(&fps);
    if !options.fps.is_none_or(is_possible) {
        return Err(clip_error(path, "frame rate must be from 0.01 to 1000"));
    }
    let metadata = fs::metadata(path).map_err(|error| clip_error(path, &error.to_string()))?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let is_mjpeg = extension == "mjpeg" || extension == "mjpg";
    let mut fps = options.fps;
    let input = if metadata.is_dir() {
        if options.size.is_some() {
            return Err(clip_error(path, "pictures of a folder are not scaled"));
        }
        Input::Folder(jpegs_in(path)?)
    } else if is_mjpeg && options.size.is_none() {
        let file = File::open(path).map_err(|error| clip_error(path, &error.to_string()))?;
        Input::File(Pictures::new(path, file))
    } else {
        if fps.is_none() && !is_mjpeg {
            fps = Some(ffmpeg::frame_rate(path)?);
        }
        let child = Ffmpeg::start(path, options.fps.filter(|_| !is_mjpeg), options.size)?;
        Input::Ffmpeg(Pictures::new(path, child))
    };
    Ok(Clip {
        input,
        fps: fps.unwrap_or(DEFAULT_FPS),
        start_at: options.start_at,
        seq: 0,
    })
}

impl Clip {
    /// Frames per second of what [`Iterator::next`] gives.
    pub fn fps(&self) -> f32 {
        self.fps
    }

    fn next_jpeg(&mut self) -> Result<Option<Arc<[u8]>>, Error> {
        match &mut self.input {
            Input::Folder(paths) => paths.pop_front().map(|path| read_jpeg(&path)).transpose(),
            Input::File(pictures) => pictures.next(|_| Ok(())),
            Input::Ffmpeg(pictures) => pictures.next(Ffmpeg::finish),
            Input::Finished => Ok(None),
        }
    }
}

impl Iterator for Clip {
    type Item = Result<EncodedFrame, Error>;

    /// The next frame; `None` after the last, and after an error.
    fn next(&mut self) -> Option<Self::Item> {
        let jpeg = match self.next_jpeg() {
            Ok(Some(jpeg)) => jpeg,
            Ok(None) => {
                self.input = Input::Finished;
                return None;
            }
            Err(error) => {
                self.input = Input::Finished;
                return Some(Err(error));
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^52 frames")]
        let offset = Duration::from_secs_f64(self.seq as f64 / f64::from(self.fps));
        let frame = EncodedFrame {
            seq: self.seq,
            captured_at: self.start_at.saturating_add(offset),
            jpeg,
        };
        self.seq += 1;
        Some(Ok(frame))
    }
}

/// JPEGs out of one file or pipe.
#[derive(Debug)]
struct Pictures<R> {
    path: PathBuf,
    from: R,
    reader: Reader,
    ready: VecDeque<Part>,
    n_given: u64,
    is_ended: bool,
}

impl<R: Read> Pictures<R> {
    fn new(path: &Path, from: R) -> Self {
        let limits = Limits::default();
        let limits = ReaderLimits {
            max_part_bytes: 4 * limits.max_part_bytes,
            max_header_bytes: limits.max_header_bytes,
        };
        Pictures {
            path: path.to_owned(),
            from,
            reader: Reader::new(None, limits),
            ready: VecDeque::new(),
            n_given: 0,
            is_ended: false,
        }
    }

    /// The next picture; calls `finish` once at the end.
    fn next(
        &mut self,
        finish: impl FnOnce(&mut R) -> Result<(), String>,
    ) -> Result<Option<Arc<[u8]>>, Error> {
        let mut piece = [0; 64 << 10];
        loop {
            if let Some(part) = self.ready.pop_front() {
                self.n_given += 1;
                return Ok(Some(part.jpeg));
            }
            if self.is_ended {
                break;
            }
            let len = match self.from.read(&mut piece) {
                Ok(len) => len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(clip_error(&self.path, &error.to_string())),
            };
            let parts = if len == 0 {
                self.is_ended = true;
                self.reader.finish()
            } else {
                self.reader.push(&piece[..len], Timestamp::default())
            };
            self.ready.extend(parts);
        }
        finish(&mut self.from).map_err(|text| clip_error(&self.path, &text))?;
        if self.n_given == 0 {
            return Err(clip_error(&self.path, "no picture in it"));
        }
        Ok(None)
    }
}

/// The JPEGs of a folder, by name.
fn jpegs_in(folder: &Path) -> Result<VecDeque<PathBuf>, Error> {
    let unreadable = |error: std::io::Error| clip_error(folder, &error.to_string());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if extension == "jpg" || extension == "jpeg" {
            paths.push(path);
        }
        if paths.len() > MAX_FILES {
            return Err(clip_error(
                folder,
                &format!("more than {MAX_FILES} pictures"),
            ));
        }
    }
    if paths.is_empty() {
        return Err(clip_error(folder, "no .jpg or .jpeg in it"));
    }
    paths.sort();
    Ok(paths.into())
}

fn read_jpeg(path: &Path) -> Result<Arc<[u8]>, Error> {
    let unreadable = |error: std::io::Error| clip_error(path, &error.to_string());
    let max_bytes = u64::try_from(4 * Limits::default().max_part_bytes).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(clip_error(path, &format!("larger than {max_bytes} bytes")));
    }
    Ok(bytes.into())
}

fn clip_error(path: &Path, text: &str) -> Error {
    Error::Clip {
        path: path.display().to_string(),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
