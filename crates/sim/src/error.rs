//! What can go wrong when a camera is set up.

use std::net::SocketAddr;

use thiserror::Error;

/// Why a simulated camera does not run.
#[derive(Debug, Error)]
pub enum Error {
    /// The address is taken or not ours.
    #[error("listen on {addr}: {source}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder or clip cannot be read.
    #[error(transparent)]
    Content(#[from] source::Error),
    /// The folder or clip holds no picture.
    #[error("read {path}: there is no picture in it")]
    Empty {
        /// Which.
        path: String,
    },
    /// A drawn picture cannot be packed.
    #[error(transparent)]
    Jpeg(#[from] jpeg::Error),
    /// The certificate cannot be made.
    #[error("make a certificate for {host}: {text}")]
    Certificate {
        /// For whom.
        host: String,
        /// What came back.
        text: String,
    },
    /// A setting is outside its range.
    #[error("start camera: {field} is {value}, expected {expected}")]
    Setting {
        /// Which setting.
        field: &'static str,
        /// As given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// Drawing broke off.
    #[error("draw picture: the drawing task broke off")]
    Broken,
}
