//! One object followed over frames.

use crate::{Class, NormBox, Timestamp, TrackId};

/// How sure the tracker is of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackState {
    /// Seen too seldom to act on.
    Tentative,
    /// Believed; rules act on it.
    Confirmed,
    /// Not seen for a while, expected back; its box is predicted.
    Lost,
    /// Gone for good. Appears in exactly one scene, the track's last.
    Ended,
}

/// Whether an object has moved, as opposed to a box that jumps about, such as
/// between the cars of a parked row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moved {
    /// No pixels changed where it is: it stood there before anybody looked.
    No,
    /// Pixels changed where it is.
    Perhaps,
    /// It went elsewhere while pixels changed where it is.
    Surely,
}

/// One object as of one scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Identity, never reused on a camera.
    pub track_id: TrackId,
    /// Certainty.
    pub state: TrackState,
    /// Where, as of the scene's `captured_at`.
    pub bbox: NormBox,
    /// Class by the votes of all detections so far.
    pub class: Class,
    /// Belief in `class`: mean score of its recent detections, 0..=1.
    pub score: f32,
    /// First detection.
    pub first_seen_at: Timestamp,
    /// Newest detection; equals the scene's `captured_at` when seen now.
    pub last_seen_at: Timestamp,
    /// Velocity of the box centre, parts of the picture per second, x right
    /// and y down.
    pub velocity: (f32, f32),
    /// Has not moved for long enough to count as parked or standing.
    pub is_stationary: bool,
    /// Whether it has moved since its first detection.
    pub moved: Moved,
}
