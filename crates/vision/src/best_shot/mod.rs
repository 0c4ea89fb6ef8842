//! The one crop that represents a track.
//!
//! In: each scene with its frame, encoded and decoded. Out: per track an early
//! shot within a second of its confirmation, so that an alarm has a picture; a
//! few more early ones when the object is seen clearly better (it came nearer);
//! one of the moment at which it caused an alarm, unless that shows it far
//! worse; and when it ends a final one, if a clearly better moment came.
//!
//! Moments are compared on the small planes (`quality`); only one that clearly
//! beats the kept shot is cut from the camera's own pixels, and only so many
//! per frame and track, so that a busy scene costs no more than a few crops.
//! All that is kept is bounded in number and bytes, and what could not be kept
//! is counted.
//!
//! Not here: what appearances are made of (`appearance`), who stores the shot.

mod quality;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jpeg::{Decoder, Encoder, RgbImage, Scale};
use types::{
    Appearance, BestShot, EncodedFrame, NormBox, Scene, ShotQuality, ShotStage, Timestamp, Track,
    TrackId, TrackState,
};

use self::quality::judge;
use crate::appearance::{Describer, Light, Shown, box_in_crop};
use crate::decode::Image;

/// How shots are chosen and cut.
#[derive(Clone, Debug, PartialEq)]
pub struct BestShotConfig {
    /// Added around the object on each side, in parts of its longer side.
    pub margin: f32,
    /// Longest side of a crop, pixels; larger objects are scaled down.
    pub max_side_px: u32,
    /// JPEG quality of a crop, 1..=100.
    pub jpeg_quality: u8,
    /// A new shot must be so many times as good as the kept one.
    pub better_by: f32,
    /// Shortest time between two crops of one track.
    pub cut_every: Duration,
    /// Most crops cut from one frame.
    pub max_cuts_per_frame: usize,
}

impl Default for BestShotConfig {
    fn default() -> Self {
        BestShotConfig {
            margin: 0.12,
            max_side_px: 640,
            jpeg_quality: 85,
            better_by: 1.15,
            cut_every: Duration::from_millis(800),
            max_cuts_per_frame: 2,
        }
    }
}

/// The early shot is told no later than this after the track's confirmation.
const EARLY_WITHIN: Duration = Duration::from_secs(1);
/// A later early shot replaces the one told before only if it is so many times
/// as good ...
const EARLY_BETTER_BY: f32 = 1.25;
/// ... so long after it ...
const EARLY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// ... and so many times per track, the first included.
const MAX_EARLY: u32 = 4;
/// The moment of an alarm is shown unless it is less than this part as good as
/// the kept shot: a picture that explains the alarm is worth more than a
/// somewhat better one of the way there.
const ALARM_WORTH: f32 = 0.5;
/// That moment is waited for so long: the object may be hidden when its dwell
/// is over.
const ALARM_WITHIN: Duration = Duration::from_secs(2);
/// Most alarms of one track that are shown so.
const MAX_ALARMS: u32 = 8;
/// A shot this good is told at once: waiting would bring little.
const GOOD_ENOUGH: f32 = 0.7;
/// Most tracks watched at one time.
const MAX_WATCHED: usize = 256;
/// A box that ends below this reaches out of the picture.
const CUT_BELOW: f32 = 0.995;
/// Largest crop kept, bytes.
const MAX_CROP_BYTES: usize = 256 * 1024;
/// Most bytes of all kept crops of one camera.
const MAX_KEPT_BYTES: usize = 8 * 1024 * 1024;
/// A decoded area grows to whole JPEG blocks, at most so many pixels per axis.
const BLOCK_ALLOWANCE_PX: u32 = 32;

/// Chooses the best shots of one camera.
#[derive(Debug)]
pub struct BestShots {
    config: BestShotConfig,
    describer: Option<Describer>,
    watched: BTreeMap<TrackId, Watched>,
    last_at: Option<Timestamp>,
    n_cut: u64,
    n_failed: u64,
}

/// A confirmed track and its best moment so far.
#[derive(Debug)]
struct Watched {
    confirmed_at: Timestamp,
    n_early: u32,
    /// When it caused an alarm whose moment is not shown yet.
    alarm_at: Option<Timestamp>,
    n_alarms: u32,
    /// Quality and moment of the newest shot told.
    told: Option<(f32, Timestamp)>,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    captured_at: Timestamp,
    quality: ShotQuality,
    /// The shot itself, until it is told.
    untold: Option<BestShot>,
}

impl BestShots {
    /// Watches no track yet.
    pub fn new(config: BestShotConfig) -> Self {
        BestShots {
            config,
            describer: None,
            watched: BTreeMap::new(),
            last_at: None,
            n_cut: 0,
            n_failed: 0,
        }
    }

    /// Lets `describer` look at each crop that is cut from now on; `None`
    /// leaves appearances empty.
    pub fn set_describer(&mut self, describer: Option<Describer>) {
        self.describer = describer;
    }

    /// Advances to `scene`, made from `frame` and its `image`. Returns the
    /// shots to be told now.
    pub fn update(
        &mut self,
        scene: &Scene,
        frame: &EncodedFrame,
        image: &Image,
        decoder: &mut Decoder,
        encoder: &mut Encoder,
    ) -> Vec<BestShot> {
        let mut told = Vec::new();
        for track in &scene.tracks {
            if track.state == TrackState::Ended
                && let Some(watched) = self.watched.remove(&track.track_id)
            {
                told.extend(watched.final_shot());
            }
        }
        for (track, quality) in self.candidates(scene, image) {
            let Some(shot) = self.cut(track, quality, frame, image, decoder, encoder) else {
                self.n_failed += 1;
                continue;
            };
            self.n_cut += 1;
            if let Some(watched) = self.watched.get_mut(&track.track_id) {
                watched.kept = Some(Kept {
                    captured_at: frame.captured_at,
                    quality,
                    untold: Some(shot),
                });
            }
        }
        let at = scene.captured_at;
        let dt = at.saturating_since(self.last_at.unwrap_or(at));
        self.last_at = Some(at);
        let watched = self.watched.values_mut();
        told.extend(watched.filter_map(|watched| watched.early_shot(at, dt)));
        told
    }

    /// This track just caused an alarm: its next shot shows that moment, which
    /// comes after the rules have seen the scene.
    pub fn alarmed(&mut self, track_id: TrackId, at: Timestamp) {
        if let Some(watched) = self.watched.get_mut(&track_id)
            && watched.n_alarms < MAX_ALARMS
        {
            watched.n_alarms += 1;
            watched.alarm_at = Some(at);
        }
    }

    /// Returns the shots not yet told: no more scenes will come.
    pub fn finish(&mut self) -> Vec<BestShot> {
        std::mem::take(&mut self.watched)
            .into_values()
            .filter_map(Watched::final_shot)
            .collect()
    }

    /// Crops cut so far.
    pub fn n_cut(&self) -> u64 {
        self.n_cut
    }

    /// Crops that could not be cut or kept so far: broken frame, or a bound.
    pub fn n_failed(&self) -> u64 {
        self.n_failed
    }

    /// The tracks worth a crop from this frame, most urgent first.
    fn candidates<'a>(&mut self, scene: &'a Scene, image: &Image) -> Vec<(&'a Track, ShotQuality)> {
        let at = scene.captured_at;
        let mut wanted = Vec::new();
        for track in &scene.tracks {
            let is_seen = track.state == TrackState::Confirmed && track.last_seen_at == at;
            if !is_seen {
                continue;
            }
            if !self.watched.contains_key(&track.track_id) && self.watched.len() >= MAX_WATCHED {
                self.n_failed += 1;
                continue;
            }
            let watched = self.watched.entry(track.track_id).or_insert(Watched {
                confirmed_at: at,
                n_early: 0,
                alarm_at: None,
                n_alarms: 0,
                told: None,
                kept: None,
            });
            let quality = judge(image, track.bbox, track.score);
            let gain = match &watched.kept {
                None => f32::INFINITY,
                Some(kept) if watched.wants_alarm(kept, quality.total, at) => f32::INFINITY,
                Some(kept) if at.saturating_since(kept.captured_at) < self.config.cut_every => 0.0,
                Some(kept) => quality.total / kept.quality.total.max(f32::MIN_POSITIVE),
            };
            if gain >= self.config.better_by {
                wanted.push((gain, track, quality));
            }
        }
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.truncate(self.config.max_cuts_per_frame);
        wanted
            .into_iter()
            .map(|(_, track, quality)| (track, quality))
            .collect()
    }

    /// Cuts the track out of the camera's own pixels; `None` when the frame is
    /// broken there or there is no room for it.
    fn cut(
        &self,
        track: &Track,
        quality: ShotQuality,
        frame: &EncodedFrame,
        image: &Image,
        decoder: &mut Decoder,
        encoder: &mut Encoder,
    ) -> Option<BestShot> {
        let area = image.full_rect(with_margin(track.bbox, self.config.margin, image));
        let longer_px = area.width.max(area.height);
        let scale = scale_to_fit(longer_px, self.config.max_side_px);
        let (crop, covered, _) = decoder.rgb(&frame.jpeg, scale, Some(area)).ok()?;
        let bytes = encoder.rgb(&crop, self.config.jpeg_quality).ok()?;
        let n_kept_bytes: usize = self.watched.values().map(Watched::len_bytes).sum();
        has_room(n_kept_bytes, bytes.len()).then(|| BestShot {
            track_id: track.track_id,
            stage: ShotStage::Early,
            captured_at: frame.captured_at,
            bbox: track.bbox,
            class: track.class,
            score: track.score,
            quality,
            jpeg: Arc::from(bytes),
            width_px: crop.width_px,
            height_px: crop.height_px,
            appearance: self.appearance(track, &crop, image.norm_box(covered), image),
        })
    }
}

impl BestShots {
    /// What the track looks like in a crop that covers `area` of `image`.
    fn appearance(
        &self,
        track: &Track,
        crop: &RgbImage,
        area: NormBox,
        image: &Image,
    ) -> Appearance {
        let Some(describer) = &self.describer else {
            return Appearance::default();
        };
        describer.describe(&Shown {
            crop,
            bbox: box_in_crop(track.bbox, area),
            class: track.class,
            score: track.score,
            is_cut_below: track.bbox.y2() > CUT_BELOW,
            light: Light::of(&image.planes),
        })
    }
}

impl Watched {
    /// Whether this moment, `at`, shows an alarm that is not shown yet.
    fn wants_alarm(&self, kept: &Kept, quality: f32, at: Timestamp) -> bool {
        self.alarm_at.is_some_and(|alarm_at| {
            kept.captured_at < alarm_at
                && at.saturating_since(alarm_at) <= ALARM_WITHIN
                && quality >= ALARM_WORTH * kept.quality.total
        })
    }

    /// An early shot, when it is time. That of an alarm: at once. The first: it
    /// is good, or the next frame (after `dt`, as this one) would come too
    /// late. Later ones: clearly better than the one told.
    fn early_shot(&mut self, at: Timestamp, dt: Duration) -> Option<BestShot> {
        let kept = self.kept.as_mut()?;
        let quality = kept.quality.total;
        let shows_alarm = |alarm_at: Timestamp| kept.captured_at >= alarm_at;
        if self.alarm_at.is_some_and(shows_alarm) {
            self.alarm_at = None;
            let shot = kept.untold.take()?;
            self.told = Some((quality, at));
            return Some(shot);
        }
        let is_time = match self.told {
            None => {
                let waited = at.saturating_since(self.confirmed_at);
                quality >= GOOD_ENOUGH || waited + dt > EARLY_WITHIN
            }
            Some((told_quality, told_at)) => {
                quality >= EARLY_BETTER_BY * told_quality
                    && at.saturating_since(told_at) >= EARLY_AGAIN_AFTER
            }
        };
        if !is_time || self.n_early >= MAX_EARLY {
            return None;
        }
        let shot = kept.untold.take()?;
        self.n_early += 1;
        self.told = Some((quality, at));
        Some(shot)
    }

    /// The best shot of the whole life, if it was not told already.
    fn final_shot(self) -> Option<BestShot> {
        let shot = self.kept?.untold?;
        Some(BestShot {
            stage: ShotStage::Final,
            ..shot
        })
    }

    fn len_bytes(&self) -> usize {
        let untold = self.kept.as_ref().and_then(|kept| kept.untold.as_ref());
        untold.map_or(0, |shot| shot.jpeg.len())
    }
}

/// Whether a crop of `len_bytes` may be kept beside `n_kept_bytes`.
fn has_room(n_kept_bytes: usize, len_bytes: usize) -> bool {
    len_bytes <= MAX_CROP_BYTES && n_kept_bytes + len_bytes <= MAX_KEPT_BYTES
}

/// `bbox` with `margin` of its longer side (as seen on the picture) around it.
fn with_margin(bbox: NormBox, margin: f32, image: &Image) -> NormBox {
    let aspect = aspect(image);
    let side = (bbox.width() * aspect).max(bbox.height());
    let (dx, dy) = (margin * side / aspect, margin * side);
    NormBox::from_xyxy(
        bbox.x1() - dx,
        bbox.y1() - dy,
        bbox.x2() + dx,
        bbox.y2() + dy,
    )
}

/// Width over height of the camera's picture.
fn aspect(image: &Image) -> f32 {
    image.full_width_px.max(1) as f32 / image.full_height_px.max(1) as f32
}

/// The largest scale at which `longer_px` fits into `max_side_px`.
fn scale_to_fit(longer_px: u32, max_side_px: u32) -> Scale {
    let grown_px = longer_px.saturating_add(BLOCK_ALLOWANCE_PX);
    [Scale::Full, Scale::Half, Scale::Quarter]
        .into_iter()
        .find(|scale| scale.scaled_px(grown_px) <= max_side_px)
        .unwrap_or(Scale::Eighth)
}
