//! Which parts of the picture are worth a closer look.
