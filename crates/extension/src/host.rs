//! The machine that compiles components, and what it gives them: nothing.
//!
//! In: a read package. Out: an [`Extension`], compiled once and started once
//! for each camera.
//!
//! Components that toolchains build from ordinary code name functions of the
//! operating system (WASI) without meaning to use them. They load; whoever
//! calls one is stopped. Only the seed of hash tables is there, a constant.
//!
//! Not here: limits of a call (`program`), files (`installed`).

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Config, Engine, Store};

use crate::fault::{Forbidden, TooManyCalls};
use crate::limits::{Limits, MAX_HOST_CALLS, MemoryMeter};
use crate::manifest::{Manifest, shorten};
use crate::package::Package;
use crate::program::{CameraSetup, ExtensionProgram, StartError};
use crate::setting::Values;

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "program",
        imports: { default: trappable },
    });
}

use bindings::airelay::program::{host, results, scenes};

/// Stack of a program, bytes. The thread that runs it needs this much more
/// than its own.
const MAX_STACK_BYTES: usize = 256 << 10;
/// Lines of log kept for each program.
const MAX_LOG_LINES: usize = 16;
/// Characters of a line of log.
const MAX_LOG_CHARS: usize = 200;
/// Longest list of parts a component may bring in from outside.
const MAX_IMPORTS: usize = 200;

/// Compiles components. One for the whole process; copies are cheap.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
}

/// A program, compiled and ready to be started on cameras.
#[derive(Clone)]
pub struct Extension {
    manifest: Arc<Manifest>,
    pre: bindings::ProgramPre<HostState>,
}

/// Why a package's code cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    /// The machine that runs components cannot work here.
    #[error("prepare to run programs: {text}")]
    Host {
        /// What it says.
        text: String,
    },
    /// The component is broken.
    #[error("compile {id}: {text}: ask the publisher for a working package")]
    Compile {
        /// Which program.
        id: String,
        /// What the compiler says, on one line.
        text: String,
    },
    /// It needs, or lacks, what the interface does not have.
    #[error("link {id}: {text}: ask the publisher for a package that keeps to the interface")]
    Link {
        /// Which program.
        id: String,
        /// What does not fit, on one line.
        text: String,
    },
}

impl Host {
    /// Prepares the machine; takes well under a millisecond.
    ///
    /// # Errors
    /// This processor or system cannot run compiled components.
    pub fn new() -> Result<Self, LoadError> {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .max_wasm_stack(MAX_STACK_BYTES)
            // One and the same answer on every processor.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            // Nobody reads addresses inside a component.
            .wasm_backtrace_max_frames(None)
            // Address space is for 64 cameras and several programs each; the
            // default reserves 4 GiB for every one.
            .memory_reservation(0)
            .memory_reservation_for_growth(1 << 20)
            .memory_guard_size(64 << 10);
        let engine = Engine::new(&config).map_err(|error| LoadError::Host {
            text: one_line(&error),
        })?;
        Ok(Host { engine })
    }

    /// Compiles the code of `package` and checks that it fits the interface.
    ///
    /// # Errors
    /// The code is broken or does not fit.
    pub fn load(&self, package: &Package) -> Result<Extension, LoadError> {
        let id = &package.manifest.id;
        let component =
            Component::from_binary(&self.engine, &package.component).map_err(|error| {
                LoadError::Compile {
                    id: id.clone(),
                    text: one_line(&error),
                }
            })?;
        let pre = self.link(&component).map_err(|error| LoadError::Link {
            id: id.clone(),
            text: one_line(&error),
        })?;
        Ok(Extension {
            manifest: Arc::new(package.manifest.clone()),
            pre,
        })
    }

    fn link(&self, component: &Component) -> wasmtime::Result<bindings::ProgramPre<HostState>> {
        let mut linker = Linker::new(&self.engine);
        bindings::Program::add_to_linker::<_, HasState>(&mut linker, |state| state)?;
        let ty = component.component_type();
        wasmtime::ensure!(
            ty.imports(&self.engine).len() <= MAX_IMPORTS,
            "too many imports"
        );
        for (name, import) in ty.imports(&self.engine) {
            let ComponentItem::ComponentInstance(import) = import.ty else {
                continue;
            };
            if !name.starts_with("wasi:") {
                continue;
            }
            let mut instance = linker.instance(name)?;
            if name.starts_with("wasi:random/insecure-seed@") {
                // Seeds std's hash tables; the same everywhere, so that the
                // same scenes give the same output.
                instance.func_wrap("insecure-seed", |mut store: StoreMut<'_>, ()| {
                    store.data_mut().count_call()?;
                    Ok(((0_u64, 0_u64),))
                })?;
                continue;
            }
            for (item_name, item) in import.exports(&self.engine) {
                forbid(&mut instance, name, item_name, &item.ty)?;
            }
        }
        bindings::ProgramPre::new(linker.instantiate_pre(component)?)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Extension {
    /// What the package says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Starts the program on a camera. Settings that are not in `values` have
    /// their defaults.
    ///
    /// # Errors
    /// Settings are refused, by the manifest or by the program, or the
    /// program faulted.
    pub fn start(
        &self,
        camera: CameraSetup,
        values: &Values,
        limits: Limits,
    ) -> Result<ExtensionProgram, StartError> {
        ExtensionProgram::start(self, camera, values, limits)
    }

    pub(crate) fn new_store(&self) -> Store<HostState> {
        let state = HostState {
            meter: MemoryMeter {
                used_bytes: 0,
                max_bytes: self.manifest.memory_bytes(),
            },
            n_calls: 0,
            log: Vec::new(),
        };
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| &mut state.meter);
        store
    }

    pub(crate) fn instantiate(
        &self,
        store: &mut Store<HostState>,
    ) -> wasmtime::Result<bindings::Program> {
        self.pre.instantiate(store)
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension")
            .field("id", &self.manifest.id)
            .field("version", &self.manifest.version)
            .finish_non_exhaustive()
    }
}

type StoreMut<'a> = wasmtime::StoreContextMut<'a, HostState>;

/// What belongs to one running program on the relay's side.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) meter: MemoryMeter,
    /// Calls of the relay in the present step.
    pub(crate) n_calls: u32,
    /// Lines not yet taken, oldest first.
    pub(crate) log: Vec<String>,
}

/// Tells the bindings that [`HostState`] itself serves the calls.
struct HasState;

impl wasmtime::component::HasData for HasState {
    type Data<'a> = &'a mut HostState;
}

impl HostState {
    fn count_call(&mut self) -> wasmtime::Result<()> {
        self.n_calls += 1;
        if self.n_calls > MAX_HOST_CALLS {
            return Err(TooManyCalls.into());
        }
        Ok(())
    }
}

impl host::Host for HostState {
    fn log(&mut self, text: String) -> wasmtime::Result<()> {
        self.count_call()?;
        if self.log.len() == MAX_LOG_LINES {
            self.log.remove(0);
        }
        let line = text.replace(char::is_control, " ");
        self.log.push(shorten(&line, MAX_LOG_CHARS));
        Ok(())
    }
}

impl scenes::Host for HostState {}
impl results::Host for HostState {}

/// Defines one function of the operating system as a fault, or one of its
/// kinds of handles as a name without meaning.
fn forbid(
    instance: &mut LinkerInstance<'_, HostState>,
    interface: &str,
    name: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    match item {
        ComponentItem::ComponentFunc(_) => {
            let function = shorten(&format!("{interface}#{name}"), 120);
            instance.func_new(name, move |_, _, _, _| {
                Err(Forbidden {
                    function: function.clone(),
                }
                .into())
            })
        }
        ComponentItem::Resource(_) => {
            instance.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))
        }
        _ => Ok(()),
    }
}

/// What an error and its causes say, on one line of at most 300 characters.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    shorten(&format!("{error:#}").replace(char::is_control, " "), 300)
}
