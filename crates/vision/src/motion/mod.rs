//! Which parts of the picture changed, and whether that matters.
