//! Finds the ONNX Runtime library to bundle.
//!
//! In: `AIRELAY_ORT_LIB` (a file), else the folder that
//! `scripts/fetch-onnxruntime` fills: `$AIRELAY_CACHE` or `.cache` in the
//! checkout. Out: the paths that `src/bundle.rs` includes. Without a library
//! the build goes on with an empty bundle and says so.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// As in `scripts/fetch-onnxruntime`.
const VERSION: &str = "1.31.1";

fn main() {
    println!("cargo::rerun-if-env-changed=AIRELAY_ORT_LIB");
    println!("cargo::rerun-if-env-changed=AIRELAY_CACHE");
    println!("cargo::rerun-if-changed=build.rs");

    let empty = Path::new(&required("OUT_DIR")).join("empty");
    fs::write(&empty, []).expect("cargo's output folder is writable");

    let library = library_path();
    let is_wanted = env::var_os("CARGO_FEATURE_BUNDLED").is_some();
    if is_wanted {
        // A missing file counts as changed: the next build looks again.
        println!("cargo::rerun-if-changed={}", library.display());
        if !library.is_file() {
            println!(
                "cargo::warning=no ONNX Runtime library at {}: the binary will use the slower rten engine; run scripts/fetch-onnxruntime",
                library.display()
            );
        }
    }
    for (variable, path) in [
        ("AIRELAY_BUNDLE_LIBRARY", library.clone()),
        ("AIRELAY_BUNDLE_LICENCE", library.with_file_name("LICENSE")),
        (
            "AIRELAY_BUNDLE_NOTICES",
            library.with_file_name("ThirdPartyNotices.txt"),
        ),
    ] {
        let chosen = if is_wanted && library.is_file() && path.is_file() {
            &path
        } else {
            &empty
        };
        println!("cargo::rustc-env={variable}={}", chosen.display());
    }
}

/// Where the library of the target machine should lie.
fn library_path() -> PathBuf {
    if let Some(file) = env::var_os("AIRELAY_ORT_LIB") {
        return PathBuf::from(file);
    }
    let checkout = Path::new(&required("CARGO_MANIFEST_DIR")).join("../..");
    let checkout = checkout.canonicalize().unwrap_or(checkout);
    let cache = env::var_os("AIRELAY_CACHE")
        .filter(|value| !value.is_empty())
        .map_or_else(|| checkout.join(".cache"), PathBuf::from);
    let arch = required("CARGO_CFG_TARGET_ARCH");
    cache
        .join("onnxruntime")
        .join(format!("{VERSION}-{arch}"))
        .join(format!("libonnxruntime.so.{VERSION}"))
}

fn required(name: &str) -> String {
    env::var(name).expect("cargo sets this for build scripts")
}
