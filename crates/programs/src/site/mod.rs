//! What people draw on a camera's picture, made ready for questions.
//!
//! In: zones, lines and masks as drawn once for the camera. Out: a checked
//! [`Site`], shared by all programs of the camera.
//!
//! Not here: rules about these places (the programs).

use std::collections::BTreeSet;

use thiserror::Error;
use types::{CameraLine, LineId, Zone, ZoneId};

pub mod ground;
mod mask;
pub mod path;
mod place;
mod size;

pub use self::ground::Ground;
pub use self::mask::ClassMask;
pub use self::path::Path;
pub use self::place::{Anchor, Place};
pub use self::size::{InvalidSize, SizeAt, SizeReference};

pub(crate) use self::size::SizeMark;

/// What is drawn on one camera's picture. Built once, then shared as
/// `Arc<Site>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    places: Vec<Place>,
    paths: Vec<Path>,
    masks: Vec<ClassMask>,
    aspect: f32,
    ground: Option<Ground>,
}

/// The parts of a [`Site`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// At most [`Site::MAX_ZONES`], each with an identity of its own.
    pub zones: Vec<Zone>,
    /// At most [`Site::MAX_LINES`], each with an identity of its own.
    pub lines: Vec<CameraLine>,
    /// At most [`Site::MAX_MASKS`].
    pub masks: Vec<ClassMask>,
    /// Width over height of the picture, 0.1 to 10; until it is known, the
    /// 16:9 of the default.
    pub aspect: f32,
    /// Where the ground is, for a calibrated camera.
    pub ground: Option<Ground>,
}

impl Default for Drawing {
    fn default() -> Self {
        Drawing {
            zones: Vec::new(),
            lines: Vec::new(),
            masks: Vec::new(),
            aspect: 16.0 / 9.0,
            ground: None,
        }
    }
}

/// Why a drawing makes no site.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SiteError {
    /// More of something than a camera may have.
    #[error("set up the picture: {n_given} {what}: at most {max} are possible")]
    TooMany {
        /// `zones`, `lines` or `object masks`.
        what: &'static str,
        /// How many were given.
        n_given: usize,
        /// Most possible.
        max: usize,
    },
    /// Two zones with one identity.
    #[error("set up zone {}: another zone has the same number", .0.0)]
    ZoneTwice(ZoneId),
    /// Two lines with one identity.
    #[error("set up line {}: another line has the same number", .0.0)]
    LineTwice(LineId),
    /// A picture of no usable shape.
    #[error("set up the picture: width over height is {0}: expected 0.1 to 10")]
    Aspect(f32),
}

impl Site {
    /// Most zones of one camera.
    pub const MAX_ZONES: usize = 64;
    /// Most lines of one camera.
    pub const MAX_LINES: usize = 64;
    /// Most object masks of one camera.
    pub const MAX_MASKS: usize = 64;

    /// Checks `drawing` and makes it ready.
    ///
    /// # Errors
    /// There is too much of something, or two zones or lines share an
    /// identity.
    pub fn new(drawing: Drawing) -> Result<Self, SiteError> {
        at_most("zones", drawing.zones.len(), Self::MAX_ZONES)?;
        at_most("lines", drawing.lines.len(), Self::MAX_LINES)?;
        at_most("object masks", drawing.masks.len(), Self::MAX_MASKS)?;
        if !(0.1..=10.0).contains(&drawing.aspect) {
            return Err(SiteError::Aspect(drawing.aspect));
        }
        if let Some(zone_id) = twice(drawing.zones.iter().map(|zone| zone.zone_id)) {
            return Err(SiteError::ZoneTwice(zone_id));
        }
        if let Some(line_id) = twice(drawing.lines.iter().map(|line| line.line_id)) {
            return Err(SiteError::LineTwice(line_id));
        }
        Ok(Site {
            places: drawing.zones.into_iter().map(Place::new).collect(),
            paths: drawing.lines.into_iter().map(Path::new).collect(),
            masks: drawing.masks,
            aspect: drawing.aspect,
            ground: drawing.ground,
        })
    }

    /// The zones, ready for questions, as drawn in order.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The zone `zone_id`.
    pub fn place(&self, zone_id: ZoneId) -> Option<&Place> {
        self.places
            .iter()
            .find(|place| place.zone().zone_id == zone_id)
    }

    /// The lines, ready for questions, as drawn in order.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// The line `line_id`.
    pub fn path(&self, line_id: LineId) -> Option<&Path> {
        self.paths
            .iter()
            .find(|path| path.line().line_id == line_id)
    }

    /// Where objects of some classes are ignored.
    pub fn masks(&self) -> &[ClassMask] {
        &self.masks
    }

    /// Width over height of the picture.
    pub fn aspect(&self) -> f32 {
        self.aspect
    }

    /// From the picture to metres, where the camera is calibrated.
    pub fn ground(&self) -> Option<&Ground> {
        self.ground.as_ref()
    }
}

fn at_most(what: &'static str, n_given: usize, max: usize) -> Result<(), SiteError> {
    if n_given > max {
        return Err(SiteError::TooMany { what, n_given, max });
    }
    Ok(())
}

/// The first value that appears a second time.
fn twice<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut known = BTreeSet::new();
    values.into_iter().find(|value: &T| !known.insert(*value))
}

#[cfg(test)]
mod tests {
    use types::{Line, NormPoint, Polygon};

    use super::*;

    fn zone(zone_id: u32) -> Zone {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
        let vertices = corners.map(|(x, y)| NormPoint::new(x, y)).to_vec();
        Zone {
            zone_id: ZoneId(zone_id),
            name: "yard".into(),
            polygon: Polygon::new(vertices).unwrap(),
        }
    }

    fn line(line_id: u32) -> CameraLine {
        let points = vec![NormPoint::new(0.5, 0.0), NormPoint::new(0.5, 1.0)];
        CameraLine {
            line_id: LineId(line_id),
            name: "gate".into(),
            line: Line::new(points).unwrap(),
        }
    }

    #[test]
    fn drawing_that_cannot_work_is_refused_with_the_reason() {
        let with = |change: fn(&mut Drawing)| {
            let mut drawing = Drawing::default();
            change(&mut drawing);
            drawing
        };
        for (drawing, expected) in [
            (
                with(|drawing| drawing.zones = vec![zone(1), zone(1)]),
                "set up zone 1: another zone has the same number",
            ),
            (
                with(|drawing| drawing.lines = vec![line(3), line(2), line(3)]),
                "set up line 3: another line has the same number",
            ),
            (
                with(|drawing| drawing.zones = (0..65).map(zone).collect()),
                "set up the picture: 65 zones: at most 64 are possible",
            ),
            (
                with(|drawing| drawing.aspect = f32::NAN),
                "set up the picture: width over height is NaN: expected 0.1 to 10",
            ),
        ] {
            assert_eq!(Site::new(drawing).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn zones_and_lines_are_found_by_identity() {
        let site = Site::new(Drawing {
            zones: vec![zone(4), zone(2)],
            lines: vec![line(9)],
            ..Drawing::default()
        })
        .unwrap();
        assert_eq!(site.place(ZoneId(2)), Some(&site.places()[1]));
        assert_eq!(site.place(ZoneId(9)), None);
        assert_eq!(site.path(LineId(9)), Some(&site.paths()[0]));
        assert_eq!(site.path(LineId(2)), None);
    }
}
