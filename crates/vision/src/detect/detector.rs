//! A detector: pictures in, boxes with class and score out.
//!
//! In: a decoded picture, or a closer decode of a part of it. Out: detections
//! in parts of the whole picture, overlaps removed, best first.
//!
//! Scores down to [`MIN_SCORE`] are returned as the network gives them. The
//! manifest's thresholds are not applied here: the tracker begins tracks with
//! sure detections and continues them with doubtful ones, so it needs both,
//! and asks [`Detector::thresholds`] what is sure.
//!
//! Not here: which parts deserve a closer look (`regions`); identities
//! (`track`).

use jpeg::{Planes, RgbImage};
use thiserror::Error;
use types::{Class, Detection, NormBox};

use super::backend::{Backend, BackendError};
use super::calibrate::calibrate;
use super::input::{InputError, InputMaker};
use super::manifest::Manifest;
use super::nms::{self, Look};
use super::placement::Placement;
use super::post::{OutputError, Reader};
use super::sight::Sight;
use crate::decode::Image;
use crate::regions::Region;

/// Lowest score that is returned. Below it, boxes of the networks we know are
/// noise even as the continuation of a track.
pub const MIN_SCORE: f32 = 0.1;

/// Why a picture could not be searched. The picture is not to blame, except
/// with [`Error::Input`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The picture cannot be turned into an input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The engine failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The model's answers do not fit its manifest.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A part of the picture could not be decoded again.
    #[error("decode a part of the picture: {0}")]
    Crop(#[from] jpeg::Error),
}

/// What people want to know of a detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// As in the manifest.
    pub name: String,
    /// Licence of the weights.
    pub licence: String,
    /// SHA-256 of the model file, 64 hex digits.
    pub sha256: String,
    /// Engine: `onnxruntime` or `rten`.
    pub backend: &'static str,
    /// Width of the input, pixels.
    pub width_px: usize,
    /// Height of the input, pixels.
    pub height_px: usize,
    /// Whether the input takes the picture's shape.
    pub is_dynamic: bool,
    /// Classes it knows, and the score from which each is believed at once.
    pub thresholds: Vec<(Class, f32)>,
}

/// A model with its engine, ready to look at pictures.
#[derive(Debug)]
pub struct Detector {
    manifest: Manifest,
    backend: Box<dyn Backend>,
    maker: InputMaker,
    min_score: f32,
}

impl Detector {
    /// Joins a manifest and the engine that holds its model.
    pub fn new(manifest: Manifest, backend: Box<dyn Backend>) -> Detector {
        Detector {
            maker: InputMaker::new(manifest.input.clone()),
            manifest,
            backend,
            min_score: MIN_SCORE,
        }
    }

    /// Returns scores down to `min_score` (0..=1) instead of [`MIN_SCORE`];
    /// for measuring average precision.
    #[must_use]
    pub fn with_min_score(mut self, min_score: f32) -> Detector {
        self.min_score = min_score;
        self
    }

    /// Looks where it was planned: one box per object of all looks, with
    /// scores on one scale for all models. `None` when no look was planned.
    ///
    /// `image` was decoded from `jpeg`; parts are decoded from it again.
    ///
    /// # Errors
    /// As [`Detector::whole`], or a part cannot be decoded.
    pub fn look_at(
        &mut self,
        regions: &[Region],
        image: &Image,
        jpeg: &[u8],
        decoder: &mut jpeg::Decoder,
    ) -> Result<Option<Sight>, Error> {
        if regions.is_empty() {
            return Ok(None);
        }
        let input = &self.manifest.input;
        let input_px = (input.width_px, input.height_px);
        let looked = regions
            .iter()
            .map(|region| region.looked_at(image, input_px));
        let looked = looked.collect();
        let mut looks = Vec::new();
        for region in regions {
            looks.push(match region {
                Region::Whole => Look {
                    area: NormBox::WHOLE,
                    detections: self.whole(image)?,
                },
                Region::Detail { area, scale } => {
                    let rect = image.full_rect(*area);
                    let (crop, covered, _) = decoder.rgb(jpeg, *scale, Some(rect))?;
                    let area = image.norm_box(covered);
                    let detections = self.detail(&crop, area)?;
                    Look { area, detections }
                }
            });
        }
        let mut detections = self.merge(&looks);
        calibrate(&mut detections, &self.thresholds());
        Ok(Some(Sight {
            detections,
            looks: looked,
        }))
    }

    /// Searches the whole picture.
    ///
    /// # Errors
    /// The planes do not belong together, the engine fails, or the answers do
    /// not fit the manifest.
    pub fn whole(&mut self, image: &Image) -> Result<Vec<Detection>, Error> {
        self.planes(&image.planes)
    }

    /// Searches planes that show the whole picture at any scale.
    ///
    /// # Errors
    /// As [`Detector::whole`].
    pub fn planes(&mut self, planes: &Planes) -> Result<Vec<Detection>, Error> {
        let placement = self.maker.make_from_planes(planes)?;
        self.look(placement, NormBox::WHOLE)
    }

    /// Searches a closer decode that shows `area` of the picture.
    ///
    /// # Errors
    /// As [`Detector::whole`].
    pub fn detail(&mut self, image: &RgbImage, area: NormBox) -> Result<Vec<Detection>, Error> {
        let placement = self.maker.make_from_rgb(image)?;
        self.look(placement, area)
    }

    /// One box per object of several looks at one picture, by the manifest's
    /// overlap; see [`merge_looks`](super::merge_looks).
    pub fn merge(&self, looks: &[Look]) -> Vec<Detection> {
        nms::merge_looks(looks, self.manifest.nms_iou)
    }

    /// The manifest it was made with.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The score from which each class is believed at once, in the order of
    /// [`Class::ALL`]; above 1 for a class that the model does not know.
    pub fn thresholds(&self) -> [f32; 6] {
        Class::ALL.map(|class| self.manifest.threshold(class).unwrap_or(f32::INFINITY))
    }

    /// What people want to know of it.
    pub fn facts(&self) -> Facts {
        let input = &self.manifest.input;
        let known = |class| Some((class, self.manifest.threshold(class)?));
        Facts {
            name: self.manifest.name.clone(),
            licence: self.manifest.licence.clone(),
            sha256: self.manifest.sha256.clone(),
            backend: self.backend.name(),
            width_px: input.width_px,
            height_px: input.height_px,
            is_dynamic: input.is_dynamic,
            thresholds: Class::ALL.into_iter().filter_map(known).collect(),
        }
    }

    fn look(&mut self, placement: Placement, area: NormBox) -> Result<Vec<Detection>, Error> {
        let shape = [1, 3, placement.input.height_px, placement.input.width_px];
        let outputs = self.backend.run(self.maker.tensor(), shape)?;
        let reader = Reader {
            layout: self.manifest.layout,
            input: placement.input,
            classes: &self.manifest.classes,
            min_score: self.min_score,
        };
        let candidates = reader.read(&outputs)?;
        let detections = candidates.iter().map(|candidate| Detection {
            bbox: placement.to_picture(candidate.xyxy, area),
            class: candidate.class,
            score: candidate.score,
        });
        // Nothing is left of a box that lay wholly in the padding.
        let visible = detections.filter(|detection| detection.bbox.area() > 0.0);
        Ok(nms::merge(visible.collect(), self.manifest.nms_iou))
    }
}
