//! Planes or crops in, boxes with class and score out.
