//! Detections in, identities that last out.
