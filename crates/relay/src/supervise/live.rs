//! What a live viewer sees: a frame and the scene found in it, together.

use std::sync::Arc;

use types::{EncodedFrame, Scene, ZoneId};

use crate::pipeline::ProgramsLive;

/// One analysed frame. Viewers get the newest; slow ones skip.
#[derive(Clone, Debug)]
pub(crate) struct LiveRecord {
    /// The picture as received.
    pub frame: EncodedFrame,
    /// What was observed in it.
    pub scene: Arc<Scene>,
    /// Zones in which an event is open.
    pub active_zones: Vec<ZoneId>,
    /// What the programs show.
    pub programs: Arc<ProgramsLive>,
}
