//! Places in a camera's picture that rules refer to. They belong to the
//! camera and are drawn once.

use crate::{Line, LineId, Polygon, ZoneId};

/// A named place.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Identity within the camera.
    pub zone_id: ZoneId,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Where it is.
    pub polygon: Polygon,
}

/// A named line to be crossed.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraLine {
    /// Identity within the camera.
    pub line_id: LineId,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Where it is.
    pub line: Line,
}
