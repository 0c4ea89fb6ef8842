//! What `build.rs` found, as bytes in the binary; empty when it found nothing.

/// ONNX Runtime's shared library.
pub(crate) static LIBRARY: &[u8] = include_bytes!(env!("AIRELAY_BUNDLE_LIBRARY"));

/// Its licence.
pub(crate) static LICENCE: &str = include_str!(env!("AIRELAY_BUNDLE_LICENCE"));

/// Licences of what it contains.
pub(crate) static NOTICES: &str = include_str!(env!("AIRELAY_BUNDLE_NOTICES"));
