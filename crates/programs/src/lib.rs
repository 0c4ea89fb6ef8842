//! Scenes in, events and counts out.
//!
//! A program is a state machine: it is told what was observed, scene by scene,
//! and says what that means by the rules it was given. Time comes only from
//! the scenes and from `tick`; the same scenes give the same events, however
//! fast they are replayed.
//!
//! `place` and `visits` are shared by all rules about zones: who is inside
//! which zone since when.
//!
//! Not here: pixels, files, sockets, clocks, threads, settings as typed.

use std::fmt::Debug;

use types::{Event, Scene, Timestamp, ZoneId};

mod place;
pub mod site;
mod visits;
pub mod vmd;

/// An analytics program of one camera.
pub trait Program: Send + Debug {
    /// Advances to the next scene; returns what it decided, in order.
    fn update(&mut self, scene: &Scene) -> Vec<Event>;

    /// Tells the time while no scene arrives, so that events do not stay open
    /// for ever when the video stops. About once a second is enough.
    fn tick(&mut self, now: Timestamp) -> Vec<Event>;

    /// Ends all open events: the program is being stopped.
    fn finish(&mut self, now: Timestamp) -> Vec<Event>;

    /// Zones with an open event, in order of identity, without repeats.
    fn active_zones(&self) -> Vec<ZoneId>;
}
