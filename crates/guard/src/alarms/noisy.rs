//! Which rules are noisy: how many alarms each raised, how many were false,
//! and how that was before.
//!
//! In: alarms by rule in two stretches of time of the same length, and how
//! long each camera was watched in them. Out: a row per rule, the noisiest
//! first.
//!
//! A camera-day is 24 hours in which the camera's pictures were analysed, so
//! that a camera that was off for half a week does not look quiet.
//!
//! Not here: counting (`store`).

use std::collections::BTreeMap;

use store::RuleAlarms;
use types::{CameraId, CloseReason, EventKind, RuleId};

const MINUTES_PER_DAY: f64 = 24.0 * 60.0;
/// Rates of a camera that was watched for less say nothing, minutes.
const MIN_WATCHED: u64 = 60;

/// How noisy a rule is.
#[derive(Clone, Debug, PartialEq)]
pub struct NoisyRule {
    /// On which camera.
    pub camera_id: CameraId,
    /// Which rule.
    pub rule_id: RuleId,
    /// Its name when it last decided.
    pub rule_name: String,
    /// What it looks for.
    pub kind: EventKind,
    /// In this time.
    pub now: Noise,
    /// In the time before.
    pub before: Noise,
}

/// How noisy a rule was in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Alarms.
    pub n_alarms: u64,
    /// Of these closed, for whichever reason.
    pub n_closed: u64,
    /// Of these closed as false alarms.
    pub n_false: u64,
    /// False among the closed, 0..=1; none where none was closed.
    pub false_share: Option<f64>,
    /// Days for which the camera was watched.
    pub camera_days: f64,
    /// Alarms per camera-day; none where it was watched for less than an hour.
    pub per_camera_day: Option<f64>,
}

/// What was raised in some time.
#[derive(Clone, Copy, Debug)]
pub struct Raised<'a> {
    /// By rule.
    pub rules: &'a [RuleAlarms],
    /// Minutes for which each camera was watched.
    pub watched: &'a [(CameraId, u64)],
}

/// Rules that raised an alarm in either time: most false alarms first, then
/// most alarms, then by camera and rule.
pub fn noisy_rules(now: Raised<'_>, before: Raised<'_>) -> Vec<NoisyRule> {
    let mut found: BTreeMap<(&CameraId, RuleId), NoisyRule> = BTreeMap::new();
    // The newer one last: its name is the one people know.
    for (raised, is_now) in [(before, false), (now, true)] {
        for rule in raised.rules {
            let entry = found
                .entry((&rule.camera_id, rule.rule_id))
                .or_insert_with(|| NoisyRule {
                    camera_id: rule.camera_id.clone(),
                    rule_id: rule.rule_id,
                    rule_name: String::new(),
                    kind: rule.kind,
                    now: Noise::default(),
                    before: Noise::default(),
                });
            entry.rule_name.clone_from(&rule.rule_name);
            entry.kind = rule.kind;
            match is_now {
                true => entry.now = noise(rule),
                false => entry.before = noise(rule),
            }
        }
    }
    let mut rules: Vec<NoisyRule> = found.into_values().collect();
    for rule in &mut rules {
        rate(&mut rule.now, &rule.camera_id, now.watched);
        rate(&mut rule.before, &rule.camera_id, before.watched);
    }
    // Stable: by camera and rule where both are alike.
    rules.sort_by(|a, b| {
        let key = |rule: &NoisyRule| (rule.now.n_false, rule.now.n_alarms);
        key(b).cmp(&key(a))
    });
    rules
}

fn noise(rule: &RuleAlarms) -> Noise {
    let n_closed: u64 = rule.n_closed.iter().sum();
    let n_false = rule.closed_as(CloseReason::FalseAlarm);
    Noise {
        n_alarms: rule.n_alarms,
        n_closed,
        n_false,
        false_share: (n_closed > 0).then(|| n_false as f64 / n_closed as f64),
        ..Noise::default()
    }
}

fn rate(noise: &mut Noise, camera_id: &CameraId, watched: &[(CameraId, u64)]) {
    let minutes = watched.iter().find(|(id, _)| id == camera_id);
    let minutes = minutes.map_or(0, |(_, minutes)| *minutes);
    noise.camera_days = minutes as f64 / MINUTES_PER_DAY;
    noise.per_camera_day =
        (minutes >= MIN_WATCHED).then(|| noise.n_alarms as f64 / noise.camera_days);
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn rule(camera: &str, rule_id: u32, n_alarms: u64, n_closed: [u64; 5]) -> RuleAlarms {
        RuleAlarms {
            camera_id: CameraId::new(camera).unwrap(),
            rule_id: RuleId(rule_id),
            rule_name: format!("rule {rule_id}"),
            kind: EventKind::Intruder,
            n_alarms,
            n_closed,
        }
    }

    #[test]
    fn noisiest_comes_first_beside_the_time_before() {
        let watched = |minutes: u64| {
            [("gate", minutes), ("yard", 30)]
                .map(|(camera, minutes)| (CameraId::new(camera).unwrap(), minutes))
        };
        let (days, more) = (watched(2 * 24 * 60), watched(24 * 60));
        let now = [
            rule("gate", 1, 4, [1, 0, 0, 0, 0]),
            rule("gate", 2, 6, [1, 3, 0, 0, 0]),
            rule("yard", 1, 9, [0; 5]),
        ];
        let mut old = rule("gate", 2, 3, [0, 0, 1, 0, 0]);
        old.rule_name = "old name".to_owned();
        let before = [old, rule("hall", 1, 2, [0, 2, 0, 0, 0])];
        let rules = noisy_rules(
            Raised {
                rules: &now,
                watched: &days,
            },
            Raised {
                rules: &before,
                watched: &more,
            },
        );
        let lines: Vec<String> = rules
            .iter()
            .map(|rule| {
                let told = |noise: &Noise| {
                    let share = noise.false_share.map(|share| format!("{share:.2}"));
                    let rate = noise.per_camera_day.map(|rate| format!("{rate:.1}"));
                    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                    format!(
                        "{} alarms, {} closed, {} false ({}), {} a day",
                        noise.n_alarms,
                        noise.n_closed,
                        noise.n_false,
                        or(share),
                        or(rate)
                    )
                };
                let (id, name) = (&rule.camera_id, &rule.rule_name);
                format!(
                    "{id} {name}: {}; before {}\n",
                    told(&rule.now),
                    told(&rule.before)
                )
            })
            .collect();
        expect![[r#"
            gate rule 2: 6 alarms, 4 closed, 3 false (0.75), 3.0 a day; before 3 alarms, 1 closed, 0 false (0.00), 3.0 a day
            yard rule 1: 9 alarms, 0 closed, 0 false (-), - a day; before 0 alarms, 0 closed, 0 false (-), - a day
            gate rule 1: 4 alarms, 1 closed, 0 false (0.00), 2.0 a day; before 0 alarms, 0 closed, 0 false (-), 0.0 a day
            hall rule 1: 0 alarms, 0 closed, 0 false (-), - a day; before 2 alarms, 2 closed, 2 false (1.00), - a day
        "#]]
        .assert_eq(&lines.concat());
    }
}
