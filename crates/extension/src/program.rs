//! One installed program on one camera.
//!
//! In: scenes and ticks. Out: checked events and counts. A program that
//! passes a limit, breaks down or says what cannot be is stopped on the spot:
//! its memory is given back, its open events end with the reason, and from
//! then on it costs nothing and says nothing.
//!
//! Not here: whether it is started again (`fault::Restarts`, the caller),
//! when it is on by schedule.

use std::fmt;

use programs::{Explanation, Output, Program};
use thiserror::Error;
use types::{BestShot, CameraId, CameraLine, RuleId, Scene, Timestamp, Zone, ZoneId};
use wasmtime::Store;

use crate::check::Ledger;
use crate::convert;
use crate::fault::{Cause, Fault};
use crate::host::bindings::airelay::program::results;
use crate::host::{Extension, HostState, bindings};
use crate::limits::Limits;
use crate::manifest::shorten;
use crate::setting::{SettingError, Values, complete};

/// The camera that a program is started on.
#[derive(Clone, Debug)]
pub struct CameraSetup {
    /// Whose scenes it gets.
    pub camera_id: CameraId,
    /// Identity that its events and counts carry.
    pub rule_id: RuleId,
    /// Seed of its events' identities; different for each program.
    pub seed: u64,
    /// What is drawn on the camera.
    pub zones: Vec<Zone>,
    /// What is drawn on the camera.
    pub lines: Vec<CameraLine>,
    /// The present, for the fault of a program that fails at its start.
    pub now: Timestamp,
}

/// Why a program did not start.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum StartError {
    /// The manifest does not allow the settings.
    #[error(transparent)]
    Settings(#[from] SettingError),
    /// The program does not accept the settings; in its own words.
    #[error("the program refused its settings: {text}")]
    Refused {
        /// At most 200 characters, one line.
        text: String,
    },
    /// The program failed.
    #[error("{0}")]
    Fault(Fault),
}

/// One installed program on one camera.
pub struct ExtensionProgram {
    /// `None` once it was stopped.
    running: Option<Running>,
    fault: Option<Fault>,
    ledger: Ledger,
    limits: Limits,
    usage: Usage,
    log: Vec<String>,
}

/// What a program uses up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Scenes and ticks so far.
    pub n_steps: u64,
    /// Instructions of the newest step.
    pub instructions: u64,
    /// Highest number of instructions of a step so far.
    pub max_instructions: u64,
    /// Memory held now, bytes.
    pub memory_bytes: usize,
}

struct Running {
    store: Store<HostState>,
    program: bindings::Program,
}

impl ExtensionProgram {
    pub(crate) fn start(
        extension: &Extension,
        camera: CameraSetup,
        values: &Values,
        limits: Limits,
    ) -> Result<Self, StartError> {
        let settings = complete(&extension.manifest().settings, values)?;
        let mut store = extension.new_store();
        store.set_hostcall_fuel(limits.max_output_bytes);
        let place = convert::camera(&camera.zones, &camera.lines);
        let settings: Vec<_> = settings.into_iter().map(convert::setting).collect();
        let max_instructions = limits.max_start_instructions;
        let started = store
            .set_fuel(max_instructions)
            .and_then(|()| extension.instantiate(&mut store))
            .and_then(|program| {
                let answer = program.call_start(&mut store, &place, &settings)?;
                Ok((program, answer))
            });
        let (program, answer) = started.map_err(|error| {
            StartError::Fault(Fault {
                at: camera.now,
                call: "start",
                cause: Cause::of(&error, max_instructions),
                last_log: store.data().log.last().cloned(),
            })
        })?;
        answer.map_err(|text| StartError::Refused {
            text: shorten(&text.replace(char::is_control, " "), 200),
        })?;
        let CameraSetup {
            camera_id,
            rule_id,
            seed,
            zones,
            lines,
            now: _,
        } = camera;
        Ok(ExtensionProgram {
            ledger: Ledger::new(camera_id, rule_id, seed, &zones, &lines, limits),
            usage: Usage {
                memory_bytes: store.data().meter.used_bytes,
                ..Usage::default()
            },
            running: Some(Running { store, program }),
            fault: None,
            limits,
            log: Vec::new(),
        })
    }

    /// Why it was stopped, if it was.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// What it uses up.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Lines it logged since the last call, oldest first, at most 16; older
    /// ones are gone.
    pub fn take_log(&mut self) -> Vec<String> {
        match &mut self.running {
            Some(running) => std::mem::take(&mut running.store.data_mut().log),
            None => std::mem::take(&mut self.log),
        }
    }

    /// One call of the program with the limits of a step, and its output
    /// checked; a fault stops it.
    fn step(
        &mut self,
        name: &'static str,
        at: Timestamp,
        scene: Option<&Scene>,
        max_instructions: u64,
        call: impl FnOnce(&mut Running) -> wasmtime::Result<results::Output>,
    ) -> Output {
        let Some(running) = &mut self.running else {
            return Output::default();
        };
        running.store.data_mut().n_calls = 0;
        let answer = running
            .store
            .set_fuel(max_instructions)
            .and_then(|()| call(running));
        let left = running.store.get_fuel().unwrap_or(0);
        let instructions = max_instructions.saturating_sub(left);
        self.usage = Usage {
            n_steps: self.usage.n_steps + 1,
            instructions,
            max_instructions: self.usage.max_instructions.max(instructions),
            memory_bytes: running.store.data().meter.used_bytes,
        };
        let checked = match answer {
            Ok(said) => self
                .ledger
                .take(at, scene, said)
                .map_err(|text| Cause::Output { text }),
            Err(error) => Err(Cause::of(&error, max_instructions)),
        };
        match checked {
            Ok((events, counts)) => Output {
                events,
                counts,
                ..Output::default()
            },
            Err(cause) => self.stop(name, at, cause),
        }
    }

    /// Gives the program's memory back and ends its events.
    fn stop(&mut self, call: &'static str, at: Timestamp, cause: Cause) -> Output {
        self.log = self.take_log();
        self.running = None;
        self.usage.memory_bytes = 0;
        let fault = Fault {
            at,
            call,
            cause,
            last_log: self.log.last().cloned(),
        };
        let events = self.ledger.close(at, &fault.to_string());
        self.fault = Some(fault);
        Output {
            events,
            ..Output::default()
        }
    }
}

impl Program for ExtensionProgram {
    fn update(&mut self, scene: &Scene, _shots: &[BestShot]) -> Output {
        let told = convert::scene(scene);
        let max_instructions = self.limits.max_instructions;
        self.step(
            "update",
            scene.captured_at,
            Some(scene),
            max_instructions,
            |running| running.program.call_update(&mut running.store, &told),
        )
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        let max_instructions = self.limits.max_instructions;
        self.step("tick", now, None, max_instructions, |running| {
            running
                .program
                .call_tick(&mut running.store, convert::timestamp(now))
        })
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        let max_instructions = self.limits.max_start_instructions;
        let mut output = self.step("finish", now, None, max_instructions, |running| {
            running
                .program
                .call_finish(&mut running.store, convert::timestamp(now))
        });
        self.log = self.take_log();
        self.running = None;
        self.usage.memory_bytes = 0;
        let ended = self.ledger.close(now, "the program was stopped");
        output.events.extend(ended);
        output
    }

    fn active_zones(&self) -> Vec<ZoneId> {
        self.ledger.active_zones()
    }

    fn explain(&self, _now: Timestamp) -> Vec<Explanation> {
        // A program gives its reasons with each event; it is not asked why it
        // was silent.
        Vec::new()
    }
}

impl fmt::Debug for ExtensionProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionProgram")
            .field("is_running", &self.running.is_some())
            .field("fault", &self.fault)
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}
