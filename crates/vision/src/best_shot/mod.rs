//! The one crop that represents a track.
