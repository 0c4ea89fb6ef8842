//! Whether a scene is healthy enough to be believed, and how healthy it was
//! minute by minute.
//!
//! In: the picture's state as of each scene. Out: for a rule, whether it may
//! alarm and what is wrong if not ([`HealthMark`]); means and lowest values of
//! each minute of the clock ([`HealthLog`]).
//!
//! What is not known is taken as healthy: a rule that asks for health must not
//! fall silent for want of a measurement.
//!
//! Not here: how health is measured (`vision`), storing.

use std::time::Duration;

use types::{
    Gate, GateOutcome, Health, HealthMinute, HealthPart, PictureProblem, PictureState, Timestamp,
};

use crate::counting::Interval;
use crate::filter::gate;

/// A scene whose worst part is below the first is not healthy, ...
pub const SICK_BELOW: f32 = 0.3;
/// ... until all parts are at least this again.
const WELL_FROM: f32 = 0.4;
/// A minute that was watched for less is not told.
const MIN_WATCHED: u32 = 5;

/// What is wrong with a scene, in words for people; `None` while it is healthy
/// or not known.
pub fn complaint_of(picture: &PictureState) -> Option<String> {
    if let Some((problem, _)) = picture.problems.first() {
        return Some(problem.name().replace('_', " "));
    }
    let (part, value) = picture.health?.worst();
    (value < SICK_BELOW).then(|| part.complaint().to_owned())
}

/// What a rule does while the scene is not healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthWish {
    /// The same as always.
    #[default]
    Any,
    /// Its events are told as doubtful.
    Marked,
    /// It begins no event.
    Healthy,
}

/// Whether a scene is healthy, without flicker around the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct HealthMark {
    is_sick: bool,
    health: Option<Health>,
    problem: Option<PictureProblem>,
}

impl HealthMark {
    /// Advances to the picture of a scene.
    pub(crate) fn see(&mut self, picture: &PictureState) {
        self.health = picture.health;
        self.problem = picture.problems.first().map(|(problem, _)| *problem);
        let limit = if self.is_sick { WELL_FROM } else { SICK_BELOW };
        let is_poor = picture
            .health
            .is_some_and(|health| health.worst().1 < limit);
        self.is_sick = is_poor || self.problem.is_some();
    }

    /// What is wrong with the scene; `None` while it is healthy.
    pub(crate) fn complaint(&self) -> Option<HealthPart> {
        let worst = self
            .health
            .map_or(HealthPart::Contrast, |health| health.worst().0);
        let of_problem = self.problem.map(|problem| match problem {
            PictureProblem::Covered | PictureProblem::Turned => HealthPart::Contrast,
            PictureProblem::Defocused => HealthPart::Sharpness,
            PictureProblem::TooDark | PictureProblem::TooBright => HealthPart::Exposure,
        });
        self.is_sick.then(|| of_problem.unwrap_or(worst))
    }

    /// The gate "health" of a rule with this wish; `None` if it has none.
    pub(crate) fn gate(&self, wish: HealthWish) -> Option<Gate> {
        let text = match (self.problem, self.health) {
            (Some(problem), _) => format!("the picture is {}", problem.name().replace('_', " ")),
            (None, None) => "not known yet".to_owned(),
            (None, Some(health)) => {
                let (part, value) = health.worst();
                let percent = value * 100.0;
                if self.is_sick {
                    let complaint = part.complaint();
                    format!("the scene is {complaint} ({} {percent:.0} %)", part.name())
                } else {
                    format!("healthy, at worst {} {percent:.0} %", part.name())
                }
            }
        };
        let outcome = match (wish, self.is_sick) {
            (HealthWish::Any, _) => return None,
            (_, false) => GateOutcome::Passed(text),
            (HealthWish::Marked, true) => GateOutcome::Passed(format!("{text}: in doubt")),
            (HealthWish::Healthy, true) => GateOutcome::Stopped(text),
        };
        Some(gate("health", outcome))
    }
}

/// Sums up the health of a camera's scenes by the minute.
#[derive(Debug, Default)]
pub struct HealthLog {
    minute: Option<Sum>,
}

#[derive(Debug)]
struct Sum {
    interval: Interval,
    n_scenes: u32,
    sums: [f64; 5],
    lowest: [f32; 5],
}

/// Length of what is summed up.
const MINUTE: Duration = Duration::from_secs(60);

impl HealthLog {
    /// Takes the picture of a scene; gives the minute before when it is over.
    pub fn add(&mut self, at: Timestamp, picture: &PictureState) -> Option<HealthMinute> {
        let interval = Interval::around(at, MINUTE);
        let is_other = |sum: &Sum| sum.interval != interval;
        let over = if self.minute.as_ref().is_some_and(is_other) {
            self.take()
        } else {
            None
        };
        if let Some(Health(parts)) = picture.health {
            let sum = self.minute.get_or_insert(Sum {
                interval,
                n_scenes: 0,
                sums: [0.0; 5],
                lowest: [1.0; 5],
            });
            sum.n_scenes += 1;
            for (idx, part) in parts.into_iter().enumerate() {
                sum.sums[idx] += f64::from(part);
                sum.lowest[idx] = sum.lowest[idx].min(part);
            }
        }
        over
    }

    /// The minute so far, for a stop.
    pub fn take(&mut self) -> Option<HealthMinute> {
        let sum = self.minute.take()?;
        #[expect(clippy::cast_possible_truncation, reason = "a mean of values 0..=1")]
        let mean = sum.sums.map(|part| (part / f64::from(sum.n_scenes)) as f32);
        (sum.n_scenes >= MIN_WATCHED).then_some(HealthMinute {
            minute_at: sum.interval.from,
            mean: Health(mean),
            lowest: Health(sum.lowest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(calm: f32) -> PictureState {
        PictureState {
            health: Some(Health([1.0, 0.9, 1.0, 1.0, calm])),
            ..PictureState::default()
        }
    }

    fn text(mark: &HealthMark, wish: HealthWish) -> String {
        mark.gate(wish).map_or_else(String::new, |gate| {
            let sign = if gate.outcome.passed() { '+' } else { '-' };
            format!("{sign} {}", gate.outcome)
        })
    }

    #[test]
    fn scene_is_sick_below_the_limit_until_it_is_clearly_well_again() {
        let mut mark = HealthMark::default();
        let sick: Vec<bool> = [0.9, 0.35, 0.29, 0.39, 0.31, 0.41, 0.35]
            .map(|calm| {
                mark.see(&picture(calm));
                mark.complaint().is_some()
            })
            .to_vec();
        assert_eq!(sick, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn gate_says_what_is_wrong_and_stops_only_whom_it_should() {
        let mut mark = HealthMark::default();
        assert_eq!(text(&mark, HealthWish::Healthy), "+ not known yet");
        mark.see(&picture(0.2));
        let told = "the scene is restless: rain, snow, insects, leaves or noise (calm 20 %)";
        assert_eq!(text(&mark, HealthWish::Healthy), format!("- {told}"));
        assert_eq!(
            text(&mark, HealthWish::Marked),
            format!("+ {told}: in doubt")
        );
        assert_eq!(text(&mark, HealthWish::Any), "");
        mark.see(&picture(0.8));
        let well = "+ healthy, at worst calm 80 %";
        assert_eq!(text(&mark, HealthWish::Healthy), well);
        // A problem of the picture speaks before any number.
        let mut covered = picture(1.0);
        covered.problems = vec![(PictureProblem::TooDark, Timestamp::default())];
        mark.see(&covered);
        assert_eq!(mark.complaint(), Some(HealthPart::Exposure));
        assert_eq!(
            text(&mark, HealthWish::Healthy),
            "- the picture is too dark"
        );
    }

    #[test]
    fn minute_is_told_once_it_is_over_with_mean_and_lowest() {
        let mut log = HealthLog::default();
        let at = |millis: i64| Timestamp::from_millis(600_000 + millis);
        for step in 0..10 {
            let calm = if step == 3 { 0.0 } else { 1.0 };
            assert_eq!(log.add(at(step * 5_000), &picture(calm)), None);
        }
        let minute = log.add(at(60_000), &picture(0.5)).unwrap();
        assert_eq!(minute.minute_at, at(0));
        assert!((minute.mean.part(HealthPart::Calm) - 0.9).abs() < 1e-6);
        assert!((minute.lowest.part(HealthPart::Calm) - 0.0).abs() < 1e-6);
        assert!((minute.lowest.part(HealthPart::Contrast) - 0.9).abs() < 1e-6);
        // One scene says nothing of a minute.
        assert_eq!(log.take(), None);
        assert_eq!(log.add(at(120_000), &PictureState::default()), None);
    }
}
