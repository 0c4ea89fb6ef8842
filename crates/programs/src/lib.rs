//! Scenes in, events, counts and sightings out.
//!
//! A program is a state machine: it is told what was observed, scene by scene,
//! and says what that means by the rules it was given. Time comes only from
//! the scenes and from `tick`; the same scenes give the same output, however
//! fast they are replayed.
//!
//! Modules stand in the order in which a scene meets them: what is drawn on
//! the picture (`site`), the scene made ready for questions (`view`), who
//! counts (`filter`), whether the scene can be believed (`health`), who is
//! inside which zone since when (`visits`), when a rule is on (`schedule`), then the programs: `vmd`, and `people`, `vehicle` and
//! `occupancy` over what they share (`counting`, `sightings`), and `state`.
//! `scores` only looks on.
//!
//! Not here: pixels, files, sockets, clocks, threads, settings as typed.

use std::fmt::Debug;

use types::{BestShot, Count, Event, Scene, Sighting, StateChange, Timestamp, ZoneId};

pub mod site;
pub mod filter;
pub mod health;
mod view;
mod visits;
pub mod schedule;
pub mod explain;
pub mod vmd;
pub mod counting;
pub mod sightings;
pub mod people;
pub mod vehicle;
pub mod occupancy;
pub mod state;
pub mod scores;

pub use crate::explain::Explanation;

/// What a program decided in one step, each part in order.
#[derive(Debug, Default)]
pub struct Output {
    /// Steps in the lives of events.
    pub events: Vec<Event>,
    /// Numbers of intervals that are over.
    pub counts: Vec<Count>,
    /// What is known of followed objects.
    pub sightings: Vec<Sighting>,
    /// Learnt states that became others.
    pub states: Vec<StateChange>,
    /// Pictures worth showing to a person.
    pub candidates: Vec<state::Candidate>,
}

impl Output {
    /// Appends all of `other`.
    pub fn append(&mut self, mut other: Output) {
        self.events.append(&mut other.events);
        self.counts.append(&mut other.counts);
        self.sightings.append(&mut other.sightings);
        self.states.append(&mut other.states);
        self.candidates.append(&mut other.candidates);
    }
}

/// An analytics program of one camera.
pub trait Program: Send + Debug {
    /// Advances to the next scene; returns what it decided. `shots` are the
    /// best shots chosen in this step, with what their objects look like.
    fn update(&mut self, scene: &Scene, shots: &[BestShot]) -> Output;

    /// Tells the time while no scene arrives, so that events do not stay open
    /// for ever when the video stops. About once a second is enough.
    fn tick(&mut self, now: Timestamp) -> Output;

    /// Ends all open events: the program is being stopped.
    fn finish(&mut self, now: Timestamp) -> Output;

    /// Zones with an open event, in order of identity, without repeats.
    fn active_zones(&self) -> Vec<ZoneId>;

    /// Why each rule has, or has not, an open event as of the newest scene.
    fn explain(&self, now: Timestamp) -> Vec<Explanation>;
}
