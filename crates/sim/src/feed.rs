//! Pictures by the clock: what a camera sees, packed once for all who look.
//!
//! Several cameras may share one feed; each picture is drawn and packed once
//! however many clients get it.
//!
//! In: what to show. Out: for every moment since the start, the JPEG and the
//! truth about it. Time: tokio's clock.
//!
//! Not here: clients (`server`).

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jpeg::{Decoder, Encoder, Scale};
use tokio::time::Instant;

use crate::error::Error;
use crate::street::{Street, StreetOptions, TruthBox};

/// What a camera shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The drawn street; its size replaces the options' own.
    Street {
        /// Which street.
        seed: u64,
        /// Who and what is in it.
        options: StreetOptions,
    },
    /// A street where nothing moves but the sensor's noise.
    Still {
        /// Standard deviation of the noise, steps of 1/255.
        noise: f32,
    },
    /// A folder of JPEGs, sorted by name, served as they are, in a loop.
    Folder(PathBuf),
    /// A clip, scaled to the camera's size, in a loop.
    Clip(PathBuf),
}

/// What is shown, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedConfig {
    /// What.
    pub content: Content,
    /// Width, pixels, 64..=4096. Not for [`Content::Folder`].
    pub width_px: u32,
    /// Height, pixels, 64..=4096. Not for [`Content::Folder`].
    pub height_px: u32,
    /// Frames per second, 0.1..=60.
    pub fps: f32,
    /// JPEG quality, 1..=100. Not for folders and clips.
    pub quality: u8,
}

impl Default for FeedConfig {
    fn default() -> Self {
        FeedConfig {
            content: Content::Street {
                seed: 1,
                options: StreetOptions::default(),
            },
            width_px: 1920,
            height_px: 1080,
            fps: 5.0,
            quality: 80,
        }
    }
}

/// One picture of a feed.
#[derive(Clone, Debug)]
pub struct FeedFrame {
    /// Zero-based number since the feed's start.
    pub idx: u64,
    /// The JPEG, without quirks and faults.
    pub jpeg: Arc<[u8]>,
    /// Who is on it; empty for folders and clips.
    pub truth: Arc<[TruthBox]>,
}

/// Pictures by the clock.
#[derive(Debug)]
pub struct Feed {
    config: FeedConfig,
    started: Instant,
    maker: Arc<Mutex<Maker>>,
}

/// Newest pictures that are kept for late clients.
const N_KEPT: usize = 4;
/// Pictures of a clip that are read at most to catch up.
const MAX_SKIP: u64 = 64;

impl Feed {
    /// Opens the content and makes its first picture.
    ///
    /// # Errors
    /// A size or rate is outside its range, or the content cannot be read.
    pub async fn open(config: FeedConfig) -> Result<Arc<Self>, Error> {
        check(&config)?;
        let for_maker = config.clone();
        let maker = blocking(move || Maker::open(&for_maker)).await?;
        let feed = Feed {
            config,
            started: Instant::now(),
            maker: Arc::new(Mutex::new(maker)),
        };
        feed.frame(0).await?;
        Ok(Arc::new(feed))
    }

    /// The settings.
    pub fn config(&self) -> &FeedConfig {
        &self.config
    }

    /// Number of the picture that is due now.
    pub fn now_idx(&self) -> u64 {
        let frames = self.started.elapsed().as_secs_f64() * f64::from(self.config.fps);
        whole(frames)
    }

    /// When a picture is due.
    pub(crate) fn due(&self, idx: u64) -> Instant {
        self.started + self.offset(idx)
    }

    /// Time since the feed's start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn offset(&self, idx: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^52 frames")]
        Duration::from_secs_f64(idx as f64 / f64::from(self.config.fps))
    }

    /// The picture of this number. Drawn content has every one; folders and
    /// clips go forward only and answer older numbers with the newest.
    ///
    /// # Errors
    /// The content cannot be read any more.
    pub async fn frame(&self, idx: u64) -> Result<FeedFrame, Error> {
        let maker = self.maker.clone();
        let at = self.offset(idx);
        blocking(move || {
            let mut maker = maker.lock().unwrap_or_else(PoisonError::into_inner);
            maker.frame(idx, at)
        })
        .await
    }

    /// The same picture at half the size.
    ///
    /// # Errors
    /// The picture cannot be decoded.
    pub(crate) async fn halved(&self, frame: &FeedFrame) -> Result<FeedFrame, Error> {
        let frame = frame.clone();
        let quality = self.config.quality;
        blocking(move || {
            let mut decoder = Decoder::new(jpeg::Limits::default())?;
            let (image, _, _) = decoder.rgb(&frame.jpeg, Scale::Half, None)?;
            let jpeg = Encoder::new()?.rgb(&image, quality)?.into();
            Ok(FeedFrame { jpeg, ..frame })
        })
        .await
    }
}

fn check(config: &FeedConfig) -> Result<(), Error> {
    let sides = 64..=4096;
    for (field, side) in [
        ("width_px", config.width_px),
        ("height_px", config.height_px),
    ] {
        if !sides.contains(&side) {
            return Err(Error::Setting {
                field,
                value: side.to_string(),
                expected: "64 to 4096",
            });
        }
    }
    if !(0.1..=60.0).contains(&config.fps) {
        return Err(Error::Setting {
            field: "fps",
            value: config.fps.to_string(),
            expected: "0.1 to 60",
        });
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(Error::Broken))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; a float cast saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// Makes pictures one after the other.
#[derive(Debug)]
struct Maker {
    scene: Scene,
    encoder: Encoder,
    quality: u8,
    kept: VecDeque<FeedFrame>,
}

#[derive(Debug)]
enum Scene {
    Drawn(Box<Street>),
    Recorded(Box<Recording>),
}

/// A folder or clip that starts again at its end.
#[derive(Debug)]
struct Recording {
    path: PathBuf,
    options: source::replay::ReplayOptions,
    clip: source::replay::Clip,
    next_idx: u64,
}

impl Maker {
    fn open(config: &FeedConfig) -> Result<Self, Error> {
        let sized = |options: StreetOptions| StreetOptions {
            width_px: config.width_px,
            height_px: config.height_px,
            ..options
        };
        let scene = match &config.content {
            Content::Street { seed, options } => {
                Scene::Drawn(Box::new(Street::new(*seed, sized(*options))))
            }
            Content::Still { noise } => {
                let options = StreetOptions {
                    n_people: 0,
                    traffic: 0.0,
                    noise: *noise,
                    ..StreetOptions::default()
                };
                Scene::Drawn(Box::new(Street::new(1, sized(options))))
            }
            Content::Folder(path) => {
                Scene::Recorded(Box::new(Recording::open(path, config.fps, None)?))
            }
            Content::Clip(path) => {
                let size = (config.width_px, config.height_px);
                Scene::Recorded(Box::new(Recording::open(path, config.fps, Some(size))?))
            }
        };
        Ok(Maker {
            scene,
            encoder: Encoder::new()?,
            quality: config.quality,
            kept: VecDeque::new(),
        })
    }

    fn frame(&mut self, idx: u64, at: Duration) -> Result<FeedFrame, Error> {
        if let Some(frame) = self.kept.iter().find(|frame| frame.idx == idx) {
            return Ok(frame.clone());
        }
        let newest = self.kept.back();
        let is_past =
            matches!(self.scene, Scene::Recorded(_)) && newest.is_some_and(|frame| frame.idx > idx);
        if let (true, Some(frame)) = (is_past, newest) {
            return Ok(frame.clone());
        }
        let (jpeg, truth) = match &mut self.scene {
            Scene::Drawn(street) => {
                let (image, truth) = street.frame(at);
                (self.encoder.rgb(&image, self.quality)?.into(), truth.into())
            }
            Scene::Recorded(recording) => (recording.picture(idx)?, Vec::new().into()),
        };
        let frame = FeedFrame { idx, jpeg, truth };
        if self.kept.len() >= N_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(frame.clone());
        Ok(frame)
    }
}

impl Recording {
    fn open(path: &Path, fps: f32, size: Option<(u32, u32)>) -> Result<Self, Error> {
        let options = source::replay::ReplayOptions {
            fps: Some(fps),
            size,
            ..source::replay::ReplayOptions::default()
        };
        Ok(Recording {
            path: path.to_owned(),
            clip: source::replay::open(path, options)?,
            options,
            next_idx: 0,
        })
    }

    /// The picture for `idx`; leaves out those that were not asked for.
    fn picture(&mut self, idx: u64) -> Result<Arc<[u8]>, Error> {
        let n_skipped = idx.saturating_sub(self.next_idx).min(MAX_SKIP);
        let mut jpeg = self.next()?;
        for _ in 0..n_skipped {
            jpeg = self.next()?;
        }
        self.next_idx = idx + 1;
        Ok(jpeg)
    }

    fn next(&mut self) -> Result<Arc<[u8]>, Error> {
        if let Some(frame) = self.clip.next() {
            return Ok(frame?.jpeg);
        }
        self.clip = source::replay::open(&self.path, self.options)?;
        match self.clip.next() {
            Some(frame) => Ok(frame?.jpeg),
            None => Err(Error::Empty {
                path: self.path.display().to_string(),
            }),
        }
    }
}
