//! Makes ONNX Runtime available, once per process.
//!
//! In: the library that the build bundled, or the file that the environment
//! variable `AIRELAY_ORT_LIB` names. Out: the environment in which `vision`
//! opens sessions, or the reason why there is none; the caller then uses
//! another engine.
//!
//! The bundled library never touches the disk: it is written to an anonymous
//! memory file, sealed, and loaded from there. It needs glibc 2.28 or newer
//! and libstdc++.
//!
//! Not here: models, sessions, tensors (`vision::detect`).

mod bundle;

use std::env;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use memfd::{FileSeal, Memfd, MemfdOptions};
use ort::environment::Environment;
use ort::logging::LogLevel;
use thiserror::Error;

/// Environment variable that names a library file to use instead of the
/// bundled one.
pub const LIBRARY_VARIABLE: &str = "AIRELAY_ORT_LIB";

/// ONNX Runtime, loaded.
#[derive(Debug)]
pub struct OnnxRuntime {
    environment: Environment,
    origin: Origin,
}

/// Where the loaded library came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From inside the binary.
    Bundled {
        /// Size of the library.
        len_bytes: usize,
    },
    /// From the file that [`LIBRARY_VARIABLE`] names.
    File(PathBuf),
}

/// Why there is no ONNX Runtime.
#[derive(Debug, Error)]
pub enum Error {
    /// The build found no library and nobody named one.
    #[error(
        "load ONNX Runtime: this binary was built without it; set AIRELAY_ORT_LIB to libonnxruntime.so, or build again after scripts/fetch-onnxruntime"
    )]
    NotBundled,
    /// `AIRELAY_ORT_LIB` names no file.
    #[error("load ONNX Runtime: AIRELAY_ORT_LIB names {}, which is not a file", path.display())]
    NoSuchFile {
        /// As given.
        path: PathBuf,
    },
    /// The kernel refused the memory file.
    #[error("place ONNX Runtime in memory: {reason}")]
    MemoryFile {
        /// What the kernel said.
        reason: String,
    },
    /// The library cannot be loaded here, or is too old.
    #[error("load ONNX Runtime from {}: {reason}", path.display())]
    Load {
        /// The file, or the memory file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The library was loaded but did not start.
    #[error("start ONNX Runtime: {reason}")]
    Start {
        /// What the library said.
        reason: String,
    },
}

/// ONNX Runtime, loaded by the first call; all later calls get the same
/// answer.
///
/// # Errors
/// No library is bundled or named, or it cannot be loaded on this machine.
pub fn onnx_runtime() -> Result<&'static OnnxRuntime, &'static Error> {
    static LOADED: OnceLock<Result<OnnxRuntime, Error>> = OnceLock::new();
    LOADED.get_or_init(load).as_ref()
}

/// The licence of the bundled library and of what it contains; empty when
/// none is bundled.
pub fn notices() -> [&'static str; 2] {
    [bundle::LICENCE, bundle::NOTICES]
}

impl OnnxRuntime {
    /// What sessions are opened in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where the library came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

fn load() -> Result<OnnxRuntime, Error> {
    let named = env::var_os(LIBRARY_VARIABLE).filter(|value| !value.is_empty());
    if let Some(path) = named.map(PathBuf::from) {
        if !path.is_file() {
            return Err(Error::NoSuchFile { path });
        }
        // Absolute, because the loader looks for relative ones beside the binary.
        let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let environment = start(&absolute)?;
        return Ok(OnnxRuntime {
            environment,
            origin: Origin::File(path),
        });
    }
    if bundle::LIBRARY.is_empty() {
        return Err(Error::NotBundled);
    }
    let file = memory_file(bundle::LIBRARY)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let environment = start(&path)?;
    Ok(OnnxRuntime {
        environment,
        origin: Origin::Bundled {
            len_bytes: bundle::LIBRARY.len(),
        },
    })
}

/// A sealed memory file with these bytes. The loader's mapping keeps it alive
/// after the descriptor is closed.
fn memory_file(bytes: &[u8]) -> Result<Memfd, Error> {
    let failed = |reason: String| Error::MemoryFile { reason };
    let file = MemfdOptions::default()
        .allow_sealing(true)
        .create("libonnxruntime.so")
        .map_err(|error| failed(error.to_string()))?;
    file.as_file()
        .write_all(bytes)
        .map_err(|error| failed(error.to_string()))?;
    file.add_seals(&[
        FileSeal::SealShrink,
        FileSeal::SealGrow,
        FileSeal::SealWrite,
        FileSeal::SealSeal,
    ])
    .map_err(|error| failed(error.to_string()))?;
    Ok(file)
}

fn start(path: &Path) -> Result<Environment, Error> {
    let builder = ort::init_from(path).map_err(|error| Error::Load {
        path: path.to_path_buf(),
        reason: error.to_string(),
    })?;
    builder
        .with_name("airelay")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| Error::Start {
            reason: error.to_string(),
        })
}

/// Hands the library's own messages to our log, where filters apply.
fn log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => tracing::error!(category, "onnxruntime: {message}"),
        LogLevel::Warning => tracing::warn!(category, "onnxruntime: {message}"),
        LogLevel::Info => tracing::debug!(category, "onnxruntime: {message}"),
        LogLevel::Verbose => tracing::trace!(category, "onnxruntime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_library_is_loaded_once_and_has_its_licences() {
        if bundle::LIBRARY.is_empty() {
            let is_ci = env::var("CI").is_ok_and(|value| value == "true");
            assert!(
                !is_ci,
                "CI must run scripts/fetch-onnxruntime before it builds"
            );
            return;
        }
        let first = onnx_runtime().unwrap();
        let second = onnx_runtime().unwrap();
        assert!(std::ptr::eq(first, second));
        let [licence, notices] = notices();
        assert!(licence.contains("MIT License"), "{licence}");
        assert!(!notices.is_empty());
    }

    #[test]
    fn memory_file_that_is_no_library_is_refused_with_the_reason() {
        let file = memory_file(b"no library").unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let error = start(&path).unwrap_err().to_string();
        assert!(error.starts_with("load ONNX Runtime from /proc/self/fd/"));
        assert!(file.as_file().write_all(b"more").is_err(), "not sealed");
    }

    #[test]
    fn missing_library_is_explained_to_the_installer() {
        let error = Error::NoSuchFile {
            path: PathBuf::from("lib/missing.so"),
        };
        assert_eq!(
            error.to_string(),
            "load ONNX Runtime: AIRELAY_ORT_LIB names lib/missing.so, which is not a file"
        );
    }
}
