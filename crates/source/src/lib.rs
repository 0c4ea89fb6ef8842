//! A linked camera in, encoded frames out.
