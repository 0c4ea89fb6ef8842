//! What every kind of rule can do, and what it is given to do it.

use std::fmt::Debug;

use types::{Gate, Timestamp};

use super::life::{Desk, EndReason, Head};
use super::resting::RestingPlaces;
use crate::explain::ObjectExplanation;
use crate::site::Place;
use crate::view::{Subset, View};

/// One kind of rule at work, with what it remembers.
pub(super) trait Kind: Debug + Send {
    /// Advances to the next scene.
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>);

    /// Tells the time while no scene arrives; the last came at `last_scene_at`.
    fn tick(
        &mut self,
        _head: &mut Head,
        _now: Timestamp,
        _last_scene_at: Option<Timestamp>,
        _desk: &mut Desk<'_>,
    ) {
    }

    /// Ends all open events. What has had its event does not get another one
    /// when the rule goes on.
    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>);

    /// Whether an event is open.
    fn is_active(&self) -> bool;

    /// Whether its events are about there being no video, and so are not
    /// ended by that.
    fn is_about_silence(&self) -> bool {
        false
    }

    /// Cases not followed so far because there were too many.
    fn n_refused(&self) -> u64 {
        0
    }

    /// The gates that concern no single object, and the objects with theirs,
    /// as of the newest scene; `now` for what is about there being none.
    fn explain(
        &self,
        head: &Head,
        look: &Look<'_>,
        now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>);
}

/// One scene as one rule looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) view: &'a View<'a>,
    /// Where the rule is, and who is there.
    pub(super) spot: Spot<'a>,
    /// The zone that must be visited before, and who is there.
    pub(super) first: Option<Spot<'a>>,
    /// Where objects have been at rest.
    pub(super) resting: &'a RestingPlaces,
}

/// A zone (or, without one, the whole picture) and who is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'a> {
    pub(super) place: Option<&'a Place>,
    pub(super) inside: &'a Subset,
}

impl Look<'_> {
    pub(super) fn at(&self) -> Timestamp {
        self.view.at()
    }
}

impl Spot<'_> {
    /// What people call it.
    pub(super) fn name(&self) -> &str {
        self.place
            .map_or("the whole picture", |place| &place.zone().name)
    }
}
