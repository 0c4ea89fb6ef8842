//! The threads that analyse: one per core, each with its own engine, serving
//! all cameras in the order the scheduler gives.
//!
//! A panic in a job ends that job alone: the runner hears of it and decides
//! what to rebuild.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use types::{CameraId, Clock};

use super::{Engine, EngineFactory, Job, Scheduler};

/// Does one job for one camera.
pub trait JobRunner: Send + Sync + 'static {
    /// Runs `job` to its end.
    fn run(&self, job: Job, engine: &mut Engine) -> JobOutcome;

    /// The job panicked with `message`: whatever it held is to be rebuilt.
    fn panicked(&self, camera_id: &CameraId, message: &str);
}

/// What the worker shall do after a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// Go on.
    Done,
    /// The engine misbehaved: make a new one before the next job.
    RenewEngine,
}

/// Running worker threads.
#[derive(Debug)]
pub struct Workers {
    scheduler: Arc<Scheduler>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `n_workers` threads.
    ///
    /// # Errors
    /// An engine cannot be made, or the system gives no thread.
    pub fn start(
        n_workers: usize,
        scheduler: &Arc<Scheduler>,
        factory: &EngineFactory,
        runner: &Arc<dyn JobRunner>,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mut threads = Vec::new();
        for worker_idx in 0..n_workers {
            let mut worker = Worker {
                engine: factory.make()?,
                factory: factory.clone(),
                scheduler: Arc::clone(scheduler),
                runner: Arc::clone(runner),
                clock: Arc::clone(clock),
            };
            let thread = std::thread::Builder::new()
                .name(format!("worker-{worker_idx}"))
                .spawn(move || worker.run())
                .context("start worker thread")?;
            threads.push(thread);
        }
        Ok(Workers {
            scheduler: Arc::clone(scheduler),
            threads,
        })
    }

    /// Lets running jobs finish, drops waiting ones, ends the threads.
    pub fn stop(self) {
        self.scheduler.close();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("worker thread ended by a panic outside any job");
            }
        }
    }
}

struct Worker {
    engine: Engine,
    factory: EngineFactory,
    scheduler: Arc<Scheduler>,
    runner: Arc<dyn JobRunner>,
    clock: Arc<dyn Clock>,
}

impl Worker {
    fn run(&mut self) {
        while let Some(job) = self.scheduler.take() {
            let camera_id = job.camera_id.clone();
            if !self.factory.is_current(&self.engine) {
                self.renew_engine();
            }
            let started = self.clock.monotonic();
            let outcome = catch_unwind(AssertUnwindSafe(|| self.runner.run(job, &mut self.engine)));
            let outcome = outcome.unwrap_or_else(|panic| {
                self.runner.panicked(&camera_id, panic_text(&*panic));
                JobOutcome::RenewEngine
            });
            if outcome == JobOutcome::RenewEngine {
                self.renew_engine();
            }
            let used = self.clock.monotonic().saturating_sub(started);
            self.scheduler.done(&camera_id, used);
        }
    }

    fn renew_engine(&mut self) {
        match self.factory.make() {
            Ok(engine) => self.engine = engine,
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "keeping old engine");
            }
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}
