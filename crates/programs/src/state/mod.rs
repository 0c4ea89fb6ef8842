//! Learnt states: a door that is open or closed, a shelf that is empty.
//!
//! In: scenes with the looks of regions, and the examples that people have
//! shown. Out: which state each region is in and since when, an event while
//! one has lasted, looks worth showing to a person, and live numbers.
//!
//! A look is judged by the examples nearest to it (`classify`); a state counts
//! once it has been seen for the detector's settling time (`settle`); a rule
//! raises its event once the state has lasted (`rule`); what differs from all
//! kept pictures is offered for labelling (`collect`).
//!
//! Only looks move states, so that a replay decides the same at any speed. A
//! region that is hidden keeps its state.
//!
//! Not here: how a look is made (`vision`), where examples are kept (`store`).

mod classify;
mod collect;
mod config;
mod rule;
mod settle;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use types::{
    BestShot, CameraId, DetectorId, EventIds, HiddenBy, Look, RegionSight, Scene, StateId,
    Timestamp, ZoneId,
};

pub use self::classify::{Example, Examples, Outcome, Verdict, distance};
pub use self::config::{ConfigError, Detector, StateConfig, StateRule};

use self::collect::Collector;
use self::rule::{Desk, EndReason, Facts, RuleLife};
use self::settle::Settling;
use crate::{Explanation, Output, Program};

/// Without a scene for this long the video counts as stopped.
const VIDEO_STOPPED_AFTER: Duration = Duration::from_secs(10);

/// The program of one camera.
#[derive(Debug)]
pub struct States {
    camera_id: CameraId,
    ids: EventIds,
    detectors: Vec<Watched>,
    last_scene_at: Option<Timestamp>,
}

/// A picture worth showing to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Of which detector's region.
    pub detector_id: DetectorId,
    /// What it looks like.
    pub look: Look,
    /// The picture has no colour.
    pub is_grey: bool,
}

/// What one detector shows now.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorLive {
    /// Which detector.
    pub detector_id: DetectorId,
    /// The state it is in; `None` while that is not known.
    pub state_id: Option<StateId>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What the newest look says; `None` before the first one.
    pub verdict: Option<Verdict>,
    /// What hides the region now.
    pub hidden: Option<HiddenBy>,
    /// Examples that it goes by.
    pub n_examples: usize,
}

/// A detector and what is known of it.
#[derive(Debug)]
struct Watched {
    detector: Detector,
    examples: Arc<Examples>,
    settling: Settling,
    verdict: Option<Verdict>,
    hidden: Option<HiddenBy>,
    collector: Collector,
    rules: Vec<RuleLife>,
}

impl States {
    /// A program without memory and without examples. `ids` names its events.
    ///
    /// # Errors
    /// The settings contradict themselves or are beyond a limit.
    pub fn new(
        camera_id: CameraId,
        config: StateConfig,
        ids: EventIds,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut states = States {
            camera_id,
            ids,
            detectors: Vec::new(),
            last_scene_at: None,
        };
        states.take(config, Timestamp::default());
        Ok(states)
    }

    /// Takes new settings while running. Detectors whose states and region did
    /// not change go on; open events of rules that changed end.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the present settings stay.
    pub fn replace_config(
        &mut self,
        config: StateConfig,
        now: Timestamp,
    ) -> Result<Output, ConfigError> {
        config.check()?;
        Ok(self.take(config, now))
    }

    /// Goes by these examples from now on.
    pub fn teach(&mut self, detector_id: DetectorId, examples: &Arc<Examples>) {
        let watched = self.detectors.iter_mut();
        for watched in watched.filter(|watched| watched.detector.detector_id == detector_id) {
            watched.examples = Arc::clone(examples);
        }
    }

    /// What pages show now.
    pub fn live(&self) -> Vec<DetectorLive> {
        self.detectors.iter().map(Watched::live).collect()
    }

    /// Puts a checked `config` in force.
    fn take(&mut self, config: StateConfig, now: Timestamp) -> Output {
        let mut output = Output::default();
        let mut old = std::mem::take(&mut self.detectors);
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for detector in config.detectors {
            let known = old
                .iter()
                .position(|old| old.detector.detector_id == detector.detector_id);
            let watched = match known.map(|idx| old.remove(idx)) {
                Some(watched) => watched.changed(detector, now, &mut desk),
                None => Watched::new(detector),
            };
            self.detectors.push(watched);
        }
        for mut watched in old {
            watched.finish(now, EndReason::RuleStopped, &mut desk);
        }
        output
    }
}

impl Program for States {
    fn update(&mut self, scene: &Scene, _: &[BestShot]) -> Output {
        self.last_scene_at = Some(scene.captured_at);
        let mut output = Output::default();
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for watched in &mut self.detectors {
            watched.update(scene, &mut desk);
        }
        output
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        let mut output = Output::default();
        let is_stopped = self
            .last_scene_at
            .is_some_and(|last| now.saturating_since(last) >= VIDEO_STOPPED_AFTER);
        if !is_stopped {
            return output;
        }
        self.last_scene_at = None;
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for watched in &mut self.detectors {
            watched.finish(now, EndReason::NoVideo, &mut desk);
        }
        output
    }

    fn finish(&mut self, now: Timestamp) -> Output {
        let mut output = Output::default();
        let mut desk = Desk {
            camera_id: &self.camera_id,
            ids: &mut self.ids,
            output: &mut output,
        };
        for watched in &mut self.detectors {
            watched.finish(now, EndReason::RuleStopped, &mut desk);
        }
        output
    }

    /// Regions of detectors are no zones.
    fn active_zones(&self) -> Vec<ZoneId> {
        Vec::new()
    }

    fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        let detectors = self.detectors.iter();
        detectors.flat_map(|watched| watched.explain(now)).collect()
    }
}

impl Watched {
    fn new(detector: Detector) -> Self {
        Watched {
            rules: detector.rules.iter().cloned().map(RuleLife::new).collect(),
            examples: Arc::default(),
            settling: Settling::new(detector.settle),
            verdict: None,
            hidden: None,
            collector: Collector::default(),
            detector,
        }
    }

    /// The same detector with other settings.
    fn changed(mut self, detector: Detector, now: Timestamp, desk: &mut Desk<'_>) -> Self {
        let is_same_view =
            detector.bbox == self.detector.bbox && detector.states == self.detector.states;
        if !is_same_view {
            self.finish(now, EndReason::RuleStopped, desk);
            let mut watched = Watched::new(detector);
            watched.examples = self.examples;
            return watched;
        }
        let mut old = std::mem::take(&mut self.rules);
        for rule in &detector.rules {
            let known = old.iter().position(|old| old.is_for(rule));
            self.rules.push(match known {
                Some(idx) => old.remove(idx),
                None => RuleLife::new(rule.clone()),
            });
        }
        let facts = self.facts();
        for mut rule in old {
            rule.end(&facts, now, EndReason::RuleStopped, desk);
        }
        self.settling.set_settle(detector.settle);
        self.detector = detector;
        self
    }

    fn update(&mut self, scene: &Scene, desk: &mut Desk<'_>) {
        let at = scene.captured_at;
        let detector_id = self.detector.detector_id;
        let looks = scene.region_looks.iter();
        for region in looks.filter(|region| region.detector_id == detector_id) {
            match &region.sight {
                RegionSight::Hidden(hidden) => {
                    self.hidden = Some(*hidden);
                    self.settling.hide();
                }
                RegionSight::Seen(look) => {
                    self.hidden = None;
                    let is_grey = scene.picture.is_grey;
                    self.see(look, is_grey, at, desk);
                }
            }
        }
        let (facts, rules) = self.split();
        for rule in rules {
            rule.update(&facts, at, desk);
        }
    }

    fn see(&mut self, look: &Look, is_grey: bool, at: Timestamp, desk: &mut Desk<'_>) {
        let verdict = self.examples.judge(look, is_grey);
        let is_changed = self.settling.see(&verdict, at);
        self.verdict = Some(verdict);
        if is_changed {
            let change = self.settling.change(self.detector.detector_id);
            desk.output.states.push(change);
        }
        if let Some(every) = self.detector.collect_every
            && self
                .collector
                .wants(look, is_grey, &self.examples, every, at)
        {
            desk.output.candidates.push(Candidate {
                detector_id: self.detector.detector_id,
                look: look.clone(),
                is_grey,
            });
        }
    }

    /// Ends everything: what comes next is not seen.
    fn finish(&mut self, now: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        let (facts, rules) = self.split();
        for rule in rules {
            rule.end(&facts, now, reason, desk);
        }
        if self.settling.forget(now) {
            let change = self.settling.change(self.detector.detector_id);
            desk.output.states.push(change);
        }
        self.verdict = None;
        self.hidden = None;
    }

    /// What rules go by, and the rules.
    fn split(&mut self) -> (Facts<'_>, &mut Vec<RuleLife>) {
        let facts = Facts {
            detector: &self.detector,
            settled: self.settling.settled(),
            verdict: self.verdict.as_ref(),
            hidden: self.hidden,
        };
        (facts, &mut self.rules)
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            detector: &self.detector,
            settled: self.settling.settled(),
            verdict: self.verdict.as_ref(),
            hidden: self.hidden,
        }
    }

    fn live(&self) -> DetectorLive {
        let settled = self.settling.settled();
        DetectorLive {
            detector_id: self.detector.detector_id,
            state_id: settled.map(|settled| settled.state_id),
            since: settled.map(|settled| settled.since),
            verdict: self.verdict.clone(),
            hidden: self.hidden,
            n_examples: self.examples.len(),
        }
    }

    fn explain(&self, now: Timestamp) -> Vec<Explanation> {
        let facts = self.facts();
        let rules = self.rules.iter();
        rules.map(|rule| rule.explain(&facts, now)).collect()
    }
}
