//! A detector from the shared test data, with its manifest beside it.

use std::fs;
use std::path::{Path, PathBuf};

/// Manifest of the detector.
const MANIFEST: &str = "yolox-nano.toml";
/// Its network, in the shared test data.
const NETWORK: &str = "yolox_nano_dyn.onnx";

/// Copies the detector into `folder`; the path of its manifest, or `None`
/// without the shared test data.
pub(crate) fn install_detector(folder: &Path) -> Option<PathBuf> {
    let network = testkit::shared_data(&format!("models/{NETWORK}"))?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../vision/testdata/manifests")
        .join(MANIFEST);
    let target = folder.join(MANIFEST);
    // Read and written, not copied: the shared files are read-only.
    for (from, to) in [(network, folder.join(NETWORK)), (manifest, target.clone())] {
        let bytes = fs::read(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        fs::write(to, bytes).expect("the temporary folder can be written");
    }
    Some(target)
}
