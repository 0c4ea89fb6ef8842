//! Encoded frames in, scenes and best shots out.
//!
//! Modules stand in the order in which a frame passes them.
//!
//! Not here: files, sockets, clocks, threads, cameras by name.

pub mod rest;
pub mod decode;
pub mod motion;
pub mod watch;
pub mod states;
pub mod regions;
pub mod detect;
pub mod track;
pub mod appearance;
pub mod best_shot;
