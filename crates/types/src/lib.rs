//! Nouns shared by all of airelay.
//!
//! In: nothing. Out: meaning and units, as plain values.
//!
//! Modules stand in the order in which a frame meets them.
//!
//! Not here: serde, async, any protocol, any file. A type that crosses the
//! process edge (row, JSON, XML, MQTT) is declared at that edge and converted
//! by hand.

mod time;
mod id;
mod geometry;
mod frame;
mod class;
mod detection;
mod track;
mod picture;
mod state;
mod scene;
mod zone;
mod event;
mod alarm;
mod appearance;
mod best_shot;
mod sighting;
mod count;

pub use crate::alarm::{AlarmState, CloseReason, Handling, HandlingKind, Severity, Standing};
pub use crate::appearance::{Appearance, Attribute, Embedding};
pub use crate::best_shot::{BestShot, ShotQuality, ShotStage};
pub use crate::class::{Class, ClassGroup, ClassSet};
pub use crate::count::{Count, Metric, ScoreCount};
pub use crate::detection::Detection;
pub use crate::event::{
    Event, EventDetail, EventKind, Gate, GateOutcome, Phase, ProgramKind, WatchMatch,
};
pub use crate::frame::EncodedFrame;
pub use crate::geometry::{Crossing, GeometryError, Line, NormBox, NormPoint, Polygon};
pub use crate::id::{CameraId, EventId, EventIds, InvalidId, LineId, RuleId, TrackId, ZoneId};
pub use crate::picture::{
    Health, HealthMinute, HealthPart, PictureProblem, PictureState, StillChange, StillChangeKind,
};
pub use crate::scene::{MotionSummary, Scene};
pub use crate::sighting::Sighting;
pub use crate::state::{DetectorId, HiddenBy, Look, RegionLook, RegionSight, StateChange, StateId};
pub use crate::time::{Clock, ParseTimestampError, Timestamp};
pub use crate::track::{Moved, Track, TrackState};
pub use crate::zone::{CameraLine, Zone};
