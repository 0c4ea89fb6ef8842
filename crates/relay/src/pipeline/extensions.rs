//! Installed programs of one camera: started, stopped after a fault, started
//! again, exchanged while the camera runs.
//!
//! In: what the camera's settings want, and the shelf of programs that are
//! installed. Out: what the programs say, and their faults.
//!
//! Time comes from the scenes and ticks.
//!
//! Not here: what a program may do (`extension`), files (`extensions`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard};

use extension::{CameraSetup, Extension, ExtensionProgram, Limits, Restarts, StartError};
use programs::{Output, Program};
use types::{CameraId, CameraLine, Clock, ProgramKind, Timestamp, Zone, ZoneId};

use super::programs::{Cost, ProgramLive, ProgramState};
use crate::settings::{ExtensionPart, extension_values, hash_of};

/// Most faults kept until somebody takes them.
const MAX_FAULTS: usize = 64;

/// Programs that are installed, ready to be started; clones share it.
#[derive(Clone, Debug, Default)]
pub struct ExtensionShelf {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    by_id: RwLock<BTreeMap<String, Shelved>>,
    /// Counts what was put here.
    n_put: AtomicU64,
}

/// A program on the shelf.
#[derive(Clone, Debug)]
struct Shelved {
    /// Or why it cannot be started.
    extension: Result<Extension, String>,
    /// Differs after each update.
    number: u64,
    /// How often a person asked to start it.
    n_asked: u64,
}

impl ExtensionShelf {
    /// Puts a program, or why it cannot run, in the place of the one with the
    /// same id; cameras take it with their next scene.
    pub fn put(&self, id: &str, extension: Result<Extension, String>) {
        let number = 1 + self.shared.n_put.fetch_add(1, Ordering::Relaxed);
        let shelved = Shelved {
            extension,
            number,
            n_asked: 0,
        };
        self.write(|by_id| by_id.insert(id.to_owned(), shelved));
    }

    /// Takes a program away; cameras stop it with their next scene.
    pub fn remove(&self, id: &str) {
        self.write(|by_id| by_id.remove(id));
    }

    /// Starts a program again where it stays off after faults.
    pub fn ask_again(&self, id: &str) {
        self.write(|by_id| by_id.get_mut(id).map(|shelved| shelved.n_asked += 1));
    }

    /// The program ready to be started, or why it cannot be; `None` when it is
    /// not installed.
    pub fn find(&self, id: &str) -> Option<Result<Extension, String>> {
        let shelved = self.read().get(id).cloned();
        shelved.map(|shelved| shelved.extension)
    }

    fn get(&self, id: &str) -> Option<Shelved> {
        self.read().get(id).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Shelved>> {
        let by_id = &self.shared.by_id;
        by_id.read().expect("no holder of this lock panics")
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Shelved>) -> T) {
        let by_id = &self.shared.by_id;
        change(&mut by_id.write().expect("no holder of this lock panics"));
    }
}

/// An installed program that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionFault {
    /// Which program.
    pub id: String,
    /// What it did, and what happens next.
    pub text: String,
}

/// All installed programs that one camera wants.
#[derive(Debug)]
pub(super) struct ExtensionSlots {
    camera_id: CameraId,
    event_seed: u64,
    /// `None`: there are none, as in a replay.
    shelf: Option<ExtensionShelf>,
    slots: BTreeMap<String, Slot>,
    zones: Vec<Zone>,
    lines: Vec<CameraLine>,
    /// Each start gets identities of its own.
    n_starts: u64,
    faults: Vec<ExtensionFault>,
}

#[derive(Debug)]
struct Slot {
    part: ExtensionPart,
    program: Option<ExtensionProgram>,
    /// Number on the shelf and times a person asked, when last looked at.
    seen: (u64, u64),
    is_on: bool,
    /// Why it does not run, and when it is tried again, if by itself.
    fault: Option<(String, Option<Timestamp>)>,
    restarts: Restarts,
    cost: Cost,
}

impl ExtensionSlots {
    pub(super) fn new(camera_id: CameraId, event_seed: u64) -> Self {
        ExtensionSlots {
            camera_id,
            event_seed,
            shelf: None,
            slots: BTreeMap::new(),
            zones: Vec::new(),
            lines: Vec::new(),
            n_starts: 0,
            faults: Vec::new(),
        }
    }

    pub(super) fn set_shelf(&mut self, shelf: ExtensionShelf) {
        self.shelf = Some(shelf);
    }

    /// Takes other settings: programs that they concern end, and start anew
    /// with the next scene.
    pub(super) fn apply(
        &mut self,
        parts: &[ExtensionPart],
        (zones, lines): (&[Zone], &[CameraLine]),
        now: Timestamp,
    ) -> Output {
        let mut output = Output::default();
        let is_same_place = self.zones == zones && self.lines == lines;
        self.zones = zones.to_vec();
        self.lines = lines.to_vec();
        self.slots.retain(|id, slot| {
            let wanted = parts.iter().find(|part| part.id == *id);
            let is_kept =
                is_same_place && wanted.is_some_and(|part| part.settings == slot.part.settings);
            if !is_kept {
                output.append(slot.end(now));
            }
            is_kept
        });
        for part in parts {
            let slot = self.slots.entry(part.id.clone());
            slot.or_insert_with(|| Slot::new(part.clone())).part = part.clone();
        }
        output
    }

    /// One scene or tick: starts what shall run and lets it take its step.
    pub(super) fn run(
        &mut self,
        at: Timestamp,
        clock: Option<&dyn Clock>,
        step: &mut impl FnMut(&mut dyn Program) -> Output,
    ) -> Output {
        let mut output = Output::default();
        let Some(shelf) = self.shelf.clone() else {
            return output;
        };
        let ids: Vec<String> = self.slots.keys().cloned().collect();
        for id in ids {
            let shelved = shelf.get(&id);
            let Some(slot) = self.slots.get_mut(&id) else {
                continue;
            };
            output.append(slot.look_at(shelved.as_ref(), at));
            if !slot.is_on {
                continue;
            }
            if slot.program.is_none() && slot.may_start(at) {
                self.start(&id, shelved, at);
            }
            if let Some(slot) = self.slots.get_mut(&id) {
                output.append(slot.step(&id, at, clock, step, &mut self.faults));
            }
        }
        output
    }

    /// Ends all programs.
    pub(super) fn end(&mut self, now: Timestamp) -> Output {
        let mut output = Output::default();
        for slot in self.slots.values_mut() {
            output.append(slot.end(now));
        }
        output
    }

    fn start(&mut self, id: &str, shelved: Option<Shelved>, at: Timestamp) {
        self.n_starts += 1;
        let Some(slot) = self.slots.get_mut(id) else {
            return;
        };
        let setup = CameraSetup {
            camera_id: self.camera_id.clone(),
            rule_id: slot.part.rule_id(),
            seed: self.event_seed ^ hash_of(id) ^ self.n_starts.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            zones: self.zones.clone(),
            lines: self.lines.clone(),
            now: at,
        };
        let started = match shelved.map(|shelved| shelved.extension) {
            None => Err(("it is not installed".to_owned(), None)),
            Some(Err(text)) => Err((text, None)),
            Some(Ok(extension)) => slot.start(&extension, setup),
        };
        match started {
            Ok(program) => slot.program = Some(program),
            Err((text, faulted_at)) => slot.fail(id, &text, faulted_at, &mut self.faults),
        }
    }

    /// Programs that were stopped since the last call.
    pub(super) fn take_faults(&mut self) -> Vec<ExtensionFault> {
        std::mem::take(&mut self.faults)
    }

    pub(super) fn active_zones(&self) -> Vec<ZoneId> {
        let programs = self.slots.values().filter_map(|slot| slot.program.as_ref());
        programs.flat_map(ExtensionProgram::active_zones).collect()
    }

    /// State and cost of each wanted program.
    pub(super) fn live(&self) -> impl Iterator<Item = ProgramLive> + '_ {
        self.slots.iter().map(|(id, slot)| ProgramLive {
            program: ProgramKind::Extension,
            name: id.clone(),
            state: match (&slot.fault, slot.is_on) {
                (Some(_), _) => ProgramState::Faulted,
                (None, false) => ProgramState::OffBySchedule,
                (None, true) => ProgramState::Operable,
            },
            fault: slot.fault.as_ref().map(|(text, _)| text.clone()),
            ms_per_frame: slot.cost.ms(),
            memory_bytes: slot
                .program
                .as_ref()
                .map_or(0, |program| program.usage().memory_bytes as u64),
        })
    }
}

impl Slot {
    fn new(part: ExtensionPart) -> Self {
        Slot {
            part,
            program: None,
            seen: (0, 0),
            is_on: true,
            fault: None,
            restarts: Restarts::default(),
            cost: Cost::default(),
        }
    }

    /// Notices another version, a person's wish, and the schedule.
    fn look_at(&mut self, shelved: Option<&Shelved>, at: Timestamp) -> Output {
        let mut output = Output::default();
        let seen = shelved.map_or((0, 0), |shelved| (shelved.number, shelved.n_asked));
        if seen.0 != self.seen.0 {
            output.append(self.end(at));
        }
        if seen != self.seen {
            self.fault = None;
            self.restarts.clear();
            self.seen = seen;
        }
        let schedule = self.part.schedule.as_ref();
        self.is_on = schedule.is_none_or(|schedule| schedule.is_on(at));
        if !self.is_on {
            output.append(self.end(at));
        }
        output
    }

    fn may_start(&self, at: Timestamp) -> bool {
        match &self.fault {
            None => true,
            Some((_, again_at)) => again_at.is_some_and(|again_at| again_at <= at),
        }
    }

    /// Starts it; else why not, and when it faulted.
    fn start(
        &mut self,
        extension: &Extension,
        setup: CameraSetup,
    ) -> Result<ExtensionProgram, (String, Option<Timestamp>)> {
        let schema = &extension.manifest().settings;
        let values = extension_values(schema, &self.part.settings).map_err(|text| (text, None))?;
        let started = extension.start(setup, &values, Limits::default());
        let program = started.map_err(|error| {
            let faulted_at = match &error {
                StartError::Fault(fault) => Some(fault.at),
                StartError::Settings(_) | StartError::Refused { .. } => None,
            };
            (error.to_string(), faulted_at)
        })?;
        self.fault = None;
        Ok(program)
    }

    fn step(
        &mut self,
        id: &str,
        at: Timestamp,
        clock: Option<&dyn Clock>,
        step: &mut impl FnMut(&mut dyn Program) -> Output,
        faults: &mut Vec<ExtensionFault>,
    ) -> Output {
        let Some(program) = &mut self.program else {
            return Output::default();
        };
        let started_at = clock.map(|clock| clock.monotonic());
        let output = step(program);
        if let (Some(clock), Some(started_at)) = (clock, started_at) {
            self.cost.add(clock.monotonic().saturating_sub(started_at));
        }
        for line in program.take_log() {
            tracing::debug!(program = id, line, "said");
        }
        if let Some(fault) = program.fault() {
            let (text, faulted_at) = (fault.to_string(), fault.at);
            self.program = None;
            tracing::debug!(program = id, %at, "gave its memory back");
            self.fail(id, &text, Some(faulted_at), faults);
        }
        output
    }

    fn fail(
        &mut self,
        id: &str,
        text: &str,
        faulted_at: Option<Timestamp>,
        faults: &mut Vec<ExtensionFault>,
    ) {
        let again_at = faulted_at.and_then(|at| self.restarts.after_fault(at));
        let text = match again_at {
            Some(again_at) => format!("{text}; it is started again at {again_at}"),
            None => format!("{text}; it stays off until somebody starts it"),
        };
        tracing::warn!(program = id, fault = text, "installed program");
        if faults.len() < MAX_FAULTS {
            faults.push(ExtensionFault {
                id: id.to_owned(),
                text: text.clone(),
            });
        }
        self.fault = Some((text, again_at));
    }

    fn end(&mut self, now: Timestamp) -> Output {
        let program = self.program.take();
        program.map_or_else(Output::default, |mut program| program.finish(now))
    }
}
