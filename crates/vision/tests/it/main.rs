//! Tests of the vision stages with real models and pictures.

mod detectors;
