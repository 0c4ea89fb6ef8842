//! Alarms counted by rule, beside the truth.
//!
//! In: steps of a pipeline, the true boxes. Out: one row of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use relay::pipeline::Step;
use relay::settings::RuleDocument;
use sim::street::TruthBox;
use types::{Event, EventKind, NormBox, Phase, RuleId, Timestamp};

/// How long the motion gate stays open after motion.
const HOLD: Duration = Duration::from_secs(1);
/// Part of an alarm's box that must lie in an object's for the alarm to be
/// about that object.
const MIN_SHARE: f32 = 0.4;

#[derive(Debug)]
pub(crate) struct Tally {
    is_control: bool,
    /// Whether each unwanted alarm is written to standard error.
    is_told: bool,
    n_frames: u32,
    n_open: u32,
    n_looks: u32,
    moved_at: Option<Timestamp>,
    alarms: BTreeMap<RuleId, u32>,
    /// Parked cars that each rule has told of: once is right.
    told: BTreeSet<(RuleId, Option<u32>)>,
}

impl Tally {
    pub(crate) fn new(is_control: bool, is_told: bool) -> Self {
        Tally {
            is_control,
            is_told: is_told && !is_control,
            n_frames: 0,
            n_open: 0,
            n_looks: 0,
            moved_at: None,
            alarms: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        step: &Step,
        at: Timestamp,
        rules: &[RuleDocument],
        truth: &[TruthBox],
    ) {
        if let Some(scene) = &step.scene {
            self.n_frames += 1;
            if !scene.motion.boxes.is_empty() {
                self.moved_at = Some(at);
            }
            let is_open = self
                .moved_at
                .is_some_and(|moved_at| at.saturating_since(moved_at) < HOLD);
            self.n_open += u32::from(is_open);
        }
        self.n_looks += step.n_looks;
        for event in &step.events {
            let begins = event.phase == Phase::Begin || event.kind == EventKind::Exit;
            let rule = rules.iter().find(|rule| rule.id == event.rule_id.0);
            let Some(rule) = rule.filter(|_| begins) else {
                continue;
            };
            if self.is_control || !self.is_right(event, rule, truth) {
                *self.alarms.entry(event.rule_id).or_default() += 1;
                if self.is_told {
                    tell(event, truth);
                }
            }
        }
    }

    /// A parked car may be an intruder, a loiterer, and one too many, once
    /// each, unless the rule leaves out what stands still.
    fn is_right(&mut self, event: &Event, rule: &RuleDocument, truth: &[TruthBox]) -> bool {
        let may_stand = matches!(
            event.kind,
            EventKind::Intruder | EventKind::Loitering | EventKind::CountOverLimit
        );
        if !may_stand || rule.ignores_stationary {
            return false;
        }
        // Parked cars hide each other, so the nearest one counts.
        let object = event.bbox.and_then(|bbox| {
            let fits = |object: &&TruthBox| {
                let common = object.bbox.intersection(bbox);
                common.is_some_and(|common| common.area() >= MIN_SHARE * bbox.area())
            };
            nearest(truth.iter().filter(fits), bbox)
        });
        let object_id = object.map(|object| object.object_id);
        let is_count = event.kind == EventKind::CountOverLimit;
        (object_id.is_some() || is_count)
            && self
                .told
                .insert((event.rule_id, object_id.filter(|_| !is_count)))
    }

    pub(crate) fn heading(rules: &[RuleDocument]) -> String {
        let mut text = "| street | gate open | looks per frame |".to_owned();
        for rule in rules {
            text.push_str(&format!(" {} |", rule.name));
        }
        text.push_str("\n|---|---|---|");
        text.push_str(&"---|".repeat(rules.len()));
        text
    }

    /// Alarms per hour.
    pub(crate) fn row(&self, name: &str, minutes: u32, rules: &[RuleDocument]) -> String {
        let share = |n: u32| n as f32 / self.n_frames.max(1) as f32;
        let mut text = format!(
            "| {name} | {:.1} % | {:.3} |",
            100.0 * share(self.n_open),
            share(self.n_looks),
        );
        for rule in rules {
            let n = self.alarms.get(&RuleId(rule.id)).copied().unwrap_or(0);
            text.push_str(&format!(" {:.0} |", n as f32 * 60.0 / minutes as f32));
        }
        text
    }
}

/// The object that shares most with `bbox`.
fn nearest<'a>(objects: impl Iterator<Item = &'a TruthBox>, bbox: NormBox) -> Option<&'a TruthBox> {
    objects.max_by(|a, b| a.bbox.iou(bbox).total_cmp(&b.bbox.iou(bbox)))
}

/// One unwanted alarm, and the nearest true object.
fn tell(event: &Event, truth: &[TruthBox]) {
    let nearest = event.bbox.and_then(|bbox| {
        let object = nearest(truth.iter(), bbox)?;
        Some((object.object_id, object.bbox.iou(bbox), object.bbox))
    });
    let mut line = format!(
        "{} {} {:?} track {:?} {:?} score {:.2} box {:?}",
        event.at,
        event.rule_name,
        event.phase,
        event.track_id.map(|id| id.0),
        event.class,
        event.score,
        event.bbox,
    );
    line.push_str(&format!(" nearest {nearest:?}\n"));
    drop(std::io::stderr().lock().write_all(line.as_bytes()));
}
