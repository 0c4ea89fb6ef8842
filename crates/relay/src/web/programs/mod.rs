//! What a camera's programs show (`live`), why they decide as they do (`why`),
//! and what other settings would have done (`attempt`).

pub(super) mod attempt;
pub(super) mod live;
pub(super) mod why;
