//! Development only: what tests of several crates share.
//!
//! Not here: anything the product runs.

mod clock;
mod drawn;
mod onvif;

use std::path::{Path, PathBuf};

pub use crate::clock::SimClock;
pub use crate::drawn::{DrawnFrame, detections, drawn_frames};
pub use crate::onvif::{onvif_complaints, onvif_python, schema_complaints};

/// Path of a file or folder of the shared test data, such as
/// `media/car-detection.mp4`.
///
/// The data lies where `AIRELAY_TESTDATA` says, else in `shared` beside the
/// checkout. `None` when it is not there, so that a developer without the data
/// can run all other tests.
///
/// # Panics
/// When the data is missing and `CI` is `true`: there, a test that does not
/// run must be seen.
pub fn shared_data(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AIRELAY_TESTDATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !is_ci,
        "shared test data {relative} is missing; set AIRELAY_TESTDATA"
    );
    None
}
