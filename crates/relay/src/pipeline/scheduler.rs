//! Which camera's frame a free worker takes next.
//!
//! In: frames and ticks of all cameras. Out: one job at a time per camera, the
//! camera that has used the least worker time first, so that a camera that
//! costs more gets no more than its share under load.
//!
//! Each camera has one slot. A frame that is not taken in time is replaced by
//! the next one and counted: overload lowers the analysed rate, visibly, and
//! never builds a backlog.
//!
//! Not here: what a job does (`CameraPipeline`), the threads (`workers`).

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use types::{CameraId, EncodedFrame, Timestamp};

/// Shared by readers (which offer) and workers (which take).
#[derive(Debug, Default)]
pub struct Scheduler {
    state: Mutex<State>,
    work_came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cameras: BTreeMap<CameraId, Entry>,
    /// Time used by the camera served last, as of then: where all cameras
    /// that want work stand.
    level: Duration,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    frame: Option<EncodedFrame>,
    tick: Option<Timestamp>,
    is_running: bool,
    /// Worker time used, raised to the others' level after idling.
    used: Duration,
    n_overwritten: u64,
}

/// What a worker shall do for one camera.
#[derive(Debug)]
pub struct Job {
    /// Whose.
    pub camera_id: CameraId,
    /// What.
    pub work: Work,
}

/// One step of a camera's pipeline.
#[derive(Debug)]
pub enum Work {
    /// Analyse this frame.
    Frame(EncodedFrame),
    /// No frame came; time goes on.
    Tick(Timestamp),
}

impl Scheduler {
    /// Adds a camera without work. Does nothing if it is there.
    pub fn add(&self, camera_id: &CameraId) {
        let mut state = self.lock();
        let used = state.level;
        state
            .cameras
            .entry(camera_id.clone())
            .or_insert_with(|| Entry {
                used,
                ..Entry::default()
            });
    }

    /// Forgets a camera and its waiting work.
    pub fn remove(&self, camera_id: &CameraId) {
        self.lock().cameras.remove(camera_id);
    }

    /// Puts a frame into the camera's slot; an unread one is replaced and
    /// counted. Frames of unknown cameras are ignored.
    pub fn offer(&self, camera_id: &CameraId, frame: EncodedFrame) {
        let mut state = self.lock();
        let level = state.level;
        let Some(entry) = state.cameras.get_mut(camera_id) else {
            return;
        };
        if entry.frame.replace(frame).is_some() {
            entry.n_overwritten += 1;
        } else {
            // A camera that idled may not claim the time it did not use.
            entry.used = entry.used.max(level);
        }
        self.work_came.notify_one();
    }

    /// Asks every camera without a waiting frame to let time pass.
    pub fn tick(&self, now: Timestamp) {
        let mut state = self.lock();
        for entry in state.cameras.values_mut() {
            entry.tick = Some(now);
        }
        self.work_came.notify_all();
    }

    /// Waits for work and takes it; `None` after [`close`](Self::close).
    ///
    /// Until [`done`](Self::done) is called no other worker gets this camera.
    pub fn take(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.take_next() {
                return Some(job);
            }
            state = self
                .work_came
                .wait(state)
                .expect("no holder of this lock panics");
        }
    }

    /// The job is finished and took `used` of a worker's time.
    pub fn done(&self, camera_id: &CameraId, used: Duration) {
        let mut state = self.lock();
        if let Some(entry) = state.cameras.get_mut(camera_id) {
            entry.is_running = false;
            entry.used += used;
            if entry.frame.is_some() {
                self.work_came.notify_one();
            }
        }
    }

    /// Lets all workers go home; waiting work is dropped.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.work_came.notify_all();
    }

    /// Frames replaced unread since the camera was added.
    pub fn n_overwritten(&self, camera_id: &CameraId) -> u64 {
        let state = self.lock();
        state
            .cameras
            .get(camera_id)
            .map_or(0, |entry| entry.n_overwritten)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    fn take_next(&mut self) -> Option<Job> {
        let (camera_id, entry) = self
            .cameras
            .iter_mut()
            .filter(|(_, entry)| !entry.is_running)
            .filter(|(_, entry)| entry.frame.is_some() || entry.tick.is_some())
            .min_by_key(|(_, entry)| (entry.frame.is_none(), entry.used))?;
        let work = match (entry.frame.take(), entry.tick.take()) {
            // A frame lets time pass as well.
            (Some(frame), _) => Work::Frame(frame),
            (None, tick) => Work::Tick(tick?),
        };
        entry.is_running = true;
        self.level = self.level.max(entry.used);
        Some(Job {
            camera_id: camera_id.clone(),
            work,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    fn frame(seq: u64) -> EncodedFrame {
        EncodedFrame {
            seq,
            captured_at: Timestamp::from_millis(0),
            jpeg: [].into(),
        }
    }

    fn take_frame(scheduler: &Scheduler) -> (String, u64) {
        let job = scheduler.take().unwrap();
        let Work::Frame(frame) = job.work else {
            panic!("a tick came: {job:?}");
        };
        (job.camera_id.as_str().to_owned(), frame.seq)
    }

    #[test]
    fn unread_frame_is_replaced_and_counted() {
        let scheduler = Scheduler::default();
        scheduler.add(&camera("a"));
        scheduler.offer(&camera("a"), frame(1));
        scheduler.offer(&camera("a"), frame(2));
        assert_eq!(take_frame(&scheduler), ("a".into(), 2));
        assert_eq!(scheduler.n_overwritten(&camera("a")), 1);
    }

    #[test]
    fn one_camera_is_with_one_worker_at_a_time() {
        let scheduler = Scheduler::default();
        scheduler.add(&camera("a"));
        scheduler.add(&camera("b"));
        scheduler.offer(&camera("a"), frame(1));
        assert_eq!(take_frame(&scheduler), ("a".into(), 1));
        scheduler.offer(&camera("a"), frame(2));
        scheduler.offer(&camera("b"), frame(7));
        assert_eq!(take_frame(&scheduler), ("b".into(), 7));
        scheduler.done(&camera("a"), Duration::from_millis(1));
        assert_eq!(take_frame(&scheduler), ("a".into(), 2));
    }

    #[test]
    fn costly_camera_gets_no_more_time_than_a_cheap_one() {
        let scheduler = Scheduler::default();
        let mut used = BTreeMap::from([("cheap", 0_u32), ("costly", 0_u32)]);
        for name in used.keys() {
            scheduler.add(&camera(name));
        }
        for round in 0..300 {
            for name in used.keys() {
                scheduler.offer(&camera(name), frame(round));
            }
            let (name, _) = take_frame(&scheduler);
            let cost_ms = if name == "costly" { 30 } else { 10 };
            *used.get_mut(name.as_str()).unwrap() += cost_ms;
            scheduler.done(&camera(&name), Duration::from_millis(cost_ms.into()));
        }
        let difference = used["cheap"].abs_diff(used["costly"]);
        assert!(difference <= 40, "{used:?}");
    }

    #[test]
    fn camera_that_idled_does_not_starve_the_others_afterwards() {
        let scheduler = Scheduler::default();
        for name in ["busy", "idle"] {
            scheduler.add(&camera(name));
        }
        for seq in 0..10 {
            scheduler.offer(&camera("busy"), frame(seq));
            take_frame(&scheduler);
            scheduler.done(&camera("busy"), Duration::from_secs(1));
        }
        let mut order = Vec::new();
        for seq in 0..4 {
            scheduler.offer(&camera("busy"), frame(seq));
            scheduler.offer(&camera("idle"), frame(seq));
            let (name, _) = take_frame(&scheduler);
            scheduler.done(&camera(&name), Duration::from_secs(1));
            order.push(name);
        }
        assert_eq!(order.iter().filter(|name| *name == "idle").count(), 2);
    }

    #[test]
    fn tick_comes_only_when_no_frame_waits() {
        let scheduler = Scheduler::default();
        scheduler.add(&camera("a"));
        scheduler.tick(Timestamp::from_secs(1));
        scheduler.offer(&camera("a"), frame(1));
        assert!(matches!(
            scheduler.take().unwrap().work,
            Work::Frame(EncodedFrame { seq: 1, .. })
        ));
        scheduler.done(&camera("a"), Duration::ZERO);
        scheduler.tick(Timestamp::from_secs(2));
        assert!(matches!(
            scheduler.take().unwrap().work,
            Work::Tick(at) if at == Timestamp::from_secs(2)
        ));
    }

    #[test]
    fn closing_sends_waiting_workers_home() {
        let scheduler = Scheduler::default();
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| scheduler.take().is_none());
            scheduler.close();
            assert!(worker.join().unwrap());
        });
    }
}
