//! Cameras made of drawn scenes, clips or folders, with the faults of real
//! ones: to try airelay without hardware, and to test it.
//!
//! In: what to show, to whom, with which habits. Out: cameras on sockets, and
//! the truth about drawn pictures.
//!
//! This crate is a server in itself, so it spawns its own tasks.

pub mod street;
mod error;
mod feed;
mod server;

pub use crate::error::Error;
pub use crate::feed::{Content, Feed, FeedConfig, FeedFrame};
pub use crate::server::{
    Algorithm, Auth, CameraConfig, Counters, Fault, Qop, Quirk, Scheme, SimCamera, Spelling, Tls,
};
