//! A program's place in the set: made, changed, kept off by its schedule,
//! measured.

use std::sync::Arc;
use std::time::Duration;

use programs::schedule::Schedule;
use programs::{Explanation, Output, Program};
use types::{Clock, Gate, GateOutcome, ProgramKind, Timestamp, ZoneId};

use super::{ProgramLive, ProgramState};

/// A program's place in the set.
#[derive(Debug)]
pub(super) struct Slot<P> {
    /// `None`: switched off.
    pub(super) program: Option<P>,
    pub(super) schedule: Option<Arc<Schedule>>,
    /// Whether the schedule lets it run.
    is_on: bool,
    cost: Cost,
}

/// Mean cost over the last frames.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Cost {
    mean: Duration,
}

impl Cost {
    /// A sliding mean over about 64 frames.
    pub(in crate::pipeline) fn add(&mut self, spent: Duration) {
        self.mean = (self.mean * 63 + spent) / 64;
    }

    pub(in crate::pipeline) fn ms(self) -> f32 {
        self.mean.as_secs_f32() * 1e3
    }
}

impl<P> Default for Slot<P> {
    fn default() -> Self {
        Slot {
            program: None,
            schedule: None,
            is_on: true,
            cost: Cost::default(),
        }
    }
}

impl<P: Program> Slot<P> {
    /// Makes, changes or ends the program.
    pub(super) fn apply<C, E: std::fmt::Display>(
        &mut self,
        config: Option<C>,
        now: Timestamp,
        make: impl FnOnce(C) -> Result<P, E>,
        replace: impl FnOnce(&mut P, C) -> Result<Output, E>,
    ) -> Output {
        match (config, &mut self.program) {
            (None, None) => Output::default(),
            (None, slot @ Some(_)) => {
                let mut program = slot.take().expect("matched above");
                program.finish(now)
            }
            (Some(config), Some(program)) => replace(program, config).unwrap_or_else(|error| {
                // Settings were checked before they were stored.
                tracing::error!(%error, "settings refused: keeping the old ones");
                Output::default()
            }),
            (Some(config), slot @ None) => {
                match make(config) {
                    Ok(program) => *slot = Some(program),
                    Err(error) => tracing::error!(%error, "program cannot start"),
                }
                Output::default()
            }
        }
    }

    /// One step, unless the schedule keeps it off.
    pub(super) fn run(
        &mut self,
        at: Timestamp,
        clock: Option<&dyn Clock>,
        step: &mut impl FnMut(&mut dyn Program) -> Output,
    ) -> Output {
        let is_on = self
            .schedule
            .as_ref()
            .is_none_or(|schedule| schedule.is_on(at));
        let was_on = std::mem::replace(&mut self.is_on, is_on);
        let Some(program) = &mut self.program else {
            return Output::default();
        };
        match (was_on, is_on) {
            (_, true) => {
                let started_at = clock.map(|clock| clock.monotonic());
                let output = step(program);
                if let (Some(clock), Some(started_at)) = (clock, started_at) {
                    self.cost.add(clock.monotonic().saturating_sub(started_at));
                }
                output
            }
            (true, false) => program.finish(at),
            (false, false) => Output::default(),
        }
    }

    pub(super) fn active_zones(&self) -> Vec<ZoneId> {
        self.program.as_ref().map_or_else(Vec::new, P::active_zones)
    }

    /// A program that is off by its schedule says so in each rule.
    pub(super) fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        let Some(program) = &self.program else {
            return Vec::new();
        };
        let mut explanations = program.explain(now);
        if !self.is_on {
            for explanation in &mut explanations {
                explanation.gates.push(Gate {
                    name: "schedule",
                    outcome: GateOutcome::Stopped("the program is off by its schedule".to_owned()),
                });
            }
        }
        explanations
    }

    pub(super) fn is_running(&self) -> bool {
        self.program.is_some() && self.is_on
    }

    pub(super) fn live(&self, program: ProgramKind) -> ProgramLive {
        ProgramLive {
            program,
            name: program.name().to_owned(),
            fault: None,
            memory_bytes: 0,
            state: match (&self.program, self.is_on) {
                (None, _) => ProgramState::Stopped,
                (Some(_), false) => ProgramState::OffBySchedule,
                (Some(_), true) => ProgramState::Operable,
            },
            ms_per_frame: self.cost.ms(),
        }
    }
}
