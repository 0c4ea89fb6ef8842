//! Scenes in, events and counts out.
