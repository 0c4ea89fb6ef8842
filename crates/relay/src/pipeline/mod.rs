//! From a camera's frame to scenes, events and best shots.
//!
//! [`CameraPipeline`] is the road of one camera, single-threaded and without a
//! clock; [`Scheduler`] decides whose turn it is; [`Workers`] are the threads.

mod camera;
mod engine;
mod extensions;
mod looks;
mod programs;
mod scheduler;
mod workers;

pub(crate) use self::camera::small_picture;
pub use self::camera::{CameraPipeline, Step};
pub use self::engine::{DetectorFacts, Engine, EngineFactory};
pub use self::extensions::{ExtensionFault, ExtensionShelf};
pub use self::looks::{LooksShelf, SameFrom};
pub use self::programs::{Lamp, ProgramLive, ProgramSet, ProgramState, ProgramsLive, Taught};
pub use self::scheduler::{Job, Scheduler, Work};
pub use self::workers::{JobOutcome, JobRunner, Workers};
