//! What is drawn on a camera's picture: zones, lines, masks, calibration.
//!
//! In: points as typed or drawn. Out: the camera's [`Site`], shared by all its
//! programs; wrong parts are left out and reported by field.

use std::collections::BTreeSet;

use programs::site::ground::{Ground, GroundPoint};
use programs::site::{ClassMask, Drawing, Site};
use serde::{Deserialize, Serialize};
use types::{CameraLine, Class, ClassSet, Line, LineId, NormPoint, Polygon, Zone, ZoneId};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};

/// A named polygon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 3 to 64 corners, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
}

/// A named line. Its direction goes from the first point to the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 2 to 64 points, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
}

/// A named polygon where motion is ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 3 to 64 corners, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
    /// Whether motion is ignored there now; a mask that is off stays drawn.
    #[serde(default = "super::default_true")]
    pub is_enabled: bool,
}

/// A named polygon where objects of some classes are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectMaskDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 3 to 64 corners, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
    /// Classes that are ignored there: person, bicycle, car, motorcycle, bus,
    /// truck.
    pub classes: Vec<String>,
    /// Whether they are ignored now; a mask that is off stays drawn.
    #[serde(default = "super::default_true")]
    pub is_enabled: bool,
}

/// Four points of level ground, so that lengths and speeds are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroundDocument {
    /// Exactly four.
    pub points: Vec<GroundPointDocument>,
    /// How far a place within them may be off, metres; ignored when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_m: Option<f64>,
}

impl GroundDocument {
    /// The document with the error that comes of its points.
    #[must_use]
    pub fn shown(mut self) -> Self {
        let ground = resolve_ground(&self, &mut FieldErrors::default());
        self.error_m = ground.map(|ground| ground.error_m());
        self
    }
}

/// One point of the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroundPointDocument {
    /// In the picture, to the right, 0 to 1.
    pub x: f32,
    /// In the picture, down, 0 to 1.
    pub y: f32,
    /// Metres east of any origin.
    pub east_m: f64,
    /// Metres north of the same origin.
    pub north_m: f64,
}

/// Most masks of each kind.
const MAX_MASKS: usize = 64;

/// Zones as drawn; wrong ones are left out and reported.
fn resolve_zones(documents: &[ZoneDocument], errors: &mut FieldErrors) -> Vec<Zone> {
    check_count("zones", documents.len(), Site::MAX_ZONES, errors);
    check_unique("zones", documents.iter().map(|zone| zone.id), errors);
    let mut zones = Vec::new();
    for (zone_idx, document) in documents.iter().enumerate().take(Site::MAX_ZONES) {
        check_name(&format!("zones.{zone_idx}.name"), &document.name, errors);
        match Polygon::new(points(&document.points)) {
            Ok(polygon) => zones.push(Zone {
                zone_id: ZoneId(document.id),
                name: document.name.clone(),
                polygon,
            }),
            Err(error) => errors.add(format!("zones.{zone_idx}.points"), error.to_string()),
        }
    }
    zones
}

/// Masks of motion that are on. Those that are off are checked as well:
/// switching one on must not fail.
pub(super) fn resolve_masks(documents: &[MaskDocument], errors: &mut FieldErrors) -> Vec<Polygon> {
    check_count("masks", documents.len(), MAX_MASKS, errors);
    check_unique("masks", documents.iter().map(|mask| mask.id), errors);
    let mut masks = Vec::new();
    for (mask_idx, document) in documents.iter().enumerate().take(MAX_MASKS) {
        check_name(&format!("masks.{mask_idx}.name"), &document.name, errors);
        match Polygon::new(points(&document.points)) {
            Ok(polygon) if document.is_enabled => masks.push(polygon),
            Ok(_) => {}
            Err(error) => errors.add(format!("masks.{mask_idx}.points"), error.to_string()),
        }
    }
    masks
}

/// What is drawn on the picture, of which a [`Site`] can be made.
pub(super) fn resolve_drawing(
    zones: &[ZoneDocument],
    lines: &[LineDocument],
    object_masks: &[ObjectMaskDocument],
    errors: &mut FieldErrors,
) -> Drawing {
    let drawing = Drawing {
        zones: resolve_zones(zones, errors),
        lines: resolve_lines(lines, errors),
        masks: resolve_object_masks(object_masks, errors),
        ..Drawing::default()
    };
    match Site::new(drawing.clone()) {
        Ok(_) => drawing,
        Err(error) => {
            errors.add("zones", error.to_string());
            Drawing::default()
        }
    }
}

/// The calibrated ground.
pub(super) fn resolve_ground(
    document: &GroundDocument,
    errors: &mut FieldErrors,
) -> Option<Ground> {
    let points: Vec<GroundPoint> = document
        .points
        .iter()
        .map(|point| GroundPoint {
            picture: NormPoint {
                x: point.x,
                y: point.y,
            },
            east_m: point.east_m,
            north_m: point.north_m,
        })
        .collect();
    let Ok(points) = <[GroundPoint; 4]>::try_from(points) else {
        errors.add("ground.points", "mark exactly four points");
        return None;
    };
    Ground::new(points)
        .map_err(|error| errors.add("ground.points", error.to_string()))
        .ok()
}

fn resolve_lines(documents: &[LineDocument], errors: &mut FieldErrors) -> Vec<CameraLine> {
    check_count("lines", documents.len(), Site::MAX_LINES, errors);
    check_unique("lines", documents.iter().map(|line| line.id), errors);
    let mut lines = Vec::new();
    for (line_idx, document) in documents.iter().enumerate().take(Site::MAX_LINES) {
        check_name(&format!("lines.{line_idx}.name"), &document.name, errors);
        match Line::new(points(&document.points)) {
            Ok(line) => lines.push(CameraLine {
                line_id: LineId(document.id),
                name: document.name.clone(),
                line,
            }),
            Err(error) => errors.add(format!("lines.{line_idx}.points"), error.to_string()),
        }
    }
    lines
}

fn resolve_object_masks(
    documents: &[ObjectMaskDocument],
    errors: &mut FieldErrors,
) -> Vec<ClassMask> {
    check_count("object_masks", documents.len(), MAX_MASKS, errors);
    check_unique("object_masks", documents.iter().map(|mask| mask.id), errors);
    let mut masks = Vec::new();
    for (mask_idx, document) in documents.iter().enumerate().take(MAX_MASKS) {
        let field = |name: &str| format!("object_masks.{mask_idx}.{name}");
        check_name(&field("name"), &document.name, errors);
        let classes = resolve_classes(&field("classes"), &document.classes, errors);
        match Polygon::new(points(&document.points)) {
            Ok(polygon) if document.is_enabled => masks.push(ClassMask {
                name: document.name.clone(),
                polygon,
                classes,
            }),
            Ok(_) => {}
            Err(error) => errors.add(field("points"), error.to_string()),
        }
    }
    masks
}

/// Classes by name; at least one.
pub(super) fn resolve_classes(field: &str, names: &[String], errors: &mut FieldErrors) -> ClassSet {
    let mut classes = ClassSet::EMPTY;
    for name in names {
        match Class::from_name(name) {
            Some(class) => classes = classes.with(class),
            None => errors.add(field, unknown_class(name)),
        }
    }
    if names.is_empty() {
        errors.add(field, "choose at least one");
    }
    classes
}

pub(super) fn unknown_class(name: &str) -> String {
    let known = Class::ALL.map(Class::name).join(", ");
    let name: String = name.chars().take(40).collect();
    format!("{name:?} is none of {known}")
}

pub(super) fn check_count(field: &str, actual: usize, max: usize, errors: &mut FieldErrors) {
    if actual > max {
        errors.add(field, format!("{actual} of them: use at most {max}"));
    }
}

pub(super) fn check_unique(field: &str, ids: impl Iterator<Item = u32>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id == 0 || !seen.insert(id) {
            errors.add(field, format!("id {id} is zero or used twice"));
        }
    }
}

fn points(points: &[[f32; 2]]) -> Vec<NormPoint> {
    points.iter().map(|&[x, y]| NormPoint { x, y }).collect()
}
