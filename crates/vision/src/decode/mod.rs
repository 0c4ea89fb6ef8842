//! JPEG bytes to planes at the scale the stages need.
