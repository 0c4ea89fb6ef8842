//! Which settings would have kept a false alarm from being raised.
//!
//! In: a camera's document, and what is known of the alarm. Out: drafts of the
//! document, each with one thing changed, the mildest first.
//!
//! Nothing is proposed that the rule has already, that could not have kept
//! this alarm away, or that would leave nothing to be found (a score above
//! 0.95, a size of a third of the picture).
//!
//! Not here: trying drafts on what happened (`web::programs::attempt`).

use types::{Class, ClassGroup, EventKind, NormBox, RuleId};

use crate::settings::{
    CameraDocument, ClassesDocument, ObjectMaskDocument, RuleDocument, SizeDocument,
    SizeReferenceDocument,
};

/// Highest score that is proposed.
const MAX_SCORE: f32 = 0.95;
/// Tallest least size that is proposed, parts of the picture's height.
const MAX_HEIGHT: f32 = 0.33;
/// So much taller than the object.
const TALLER: f32 = 1.15;
/// Longest dwell that is proposed, seconds.
const MAX_DWELL_S: f32 = 60.0;
/// Longest stay, rest or loss of signal that is proposed, seconds.
const MAX_STAY_S: f32 = 3_600.0;
/// Share of its box that a mask covers, so that who passes by is still seen.
const MASK_SHARE: f32 = 0.5;
/// Most masks of a camera.
const MAX_MASKS: usize = 64;

/// What is known of an alarm that was false.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FalseAlarm {
    /// Which rule.
    pub rule_id: RuleId,
    /// What it looks for.
    pub kind: EventKind,
    /// What it was taken for.
    pub class: Option<Class>,
    /// Highest score, 0..=1.
    pub score: f32,
    /// Where it began.
    pub bbox: Option<NormBox>,
    /// How long it lasted, seconds; none while it goes on.
    pub lasted_s: Option<f32>,
    /// Highest number of a limit.
    pub count: Option<u32>,
    /// Whether the scene was seen badly.
    pub is_doubtful: bool,
}

/// One thing that could be changed.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// score, size, time, parked, stationary, health, limit or mask.
    pub kind: &'static str,
    /// What to do, in a few words.
    pub title: String,
    /// What that means.
    pub text: String,
    /// The camera's document with it.
    pub document: CameraDocument,
}

/// What could be changed, the mildest first; empty where nothing is known to
/// help.
pub(crate) fn proposals(document: &CameraDocument, alarm: &FalseAlarm) -> Vec<Proposal> {
    let idx = document
        .rules
        .iter()
        .position(|rule| rule.id == alarm.rule_id.0);
    let of_rule = idx.map(|idx| {
        let rule = &document.rules[idx];
        let changes: [Change; 6] = [score, time, parked, stationary, size, health];
        let changed = changes.into_iter().filter_map(|change| change(rule, alarm));
        let limit = limit(rule, alarm).into_iter();
        let whole = changed.chain(limit).map(|(kind, title, text, rule)| {
            let mut document = document.clone();
            document.rules[idx] = rule;
            Proposal {
                kind,
                title,
                text,
                document,
            }
        });
        whole.collect::<Vec<_>>()
    });
    let mut found = of_rule.unwrap_or_default();
    found.extend(area(document, alarm));
    if idx.is_some() {
        found.extend(mask(document, alarm));
    }
    found
}

type Changed = (&'static str, String, String, RuleDocument);
type Change = fn(&RuleDocument, &FalseAlarm) -> Option<Changed>;

fn score(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let class = alarm.class.filter(|_| is_about_objects(alarm.kind))?;
    let own = rule.classes.threshold(class);
    let present = own
        .or(rule.min_score)
        .or_else(|| programs::vmd::min_score(rule.sensitivity))?;
    // The next hundredth above its score.
    let wanted = ((alarm.score * 100.0).floor() + 1.0) / 100.0;
    if wanted > MAX_SCORE || wanted <= present {
        return None;
    }
    let mut rule = rule.clone();
    match (&mut rule.classes, own) {
        (ClassesDocument::Each(choices), Some(_)) => {
            let choice = choices.get_mut(class.name())?.as_mut()?;
            choice.threshold = Some(wanted);
        }
        _ => rule.min_score = Some(wanted),
    }
    let percent = |score: f32| format!("{:.0} %", score * 100.0);
    let text = format!(
        "The detector was {} sure of this one; so far {} is enough.",
        percent(alarm.score),
        percent(present)
    );
    Some((
        "score",
        format!("Ask for a score of {}", percent(wanted)),
        text,
        rule,
    ))
}

fn size(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let bbox = alarm.bbox?;
    let has_size = is_about_objects(alarm.kind)
        || matches!(alarm.kind, EventKind::ObjectLeft | EventKind::ObjectRemoved);
    // Half percents, up; what is whole but for rounding stays.
    let height = ((bbox.height() * TALLER * 200.0 - 0.01).ceil() / 200.0).max(0.005);
    if !has_size || height > MAX_HEIGHT {
        return None;
    }
    let before = match rule.min_size.as_ref().map(|size| size.at.as_slice()) {
        None => None,
        Some([one]) => Some(*one),
        // One that changes with depth is for a person to draw.
        Some(_) => return None,
    };
    if before.is_some_and(|before| before.height >= height) {
        return None;
    }
    let mut rule = rule.clone();
    rule.min_size = Some(SizeDocument {
        at: vec![SizeReferenceDocument {
            y: bbox.y2().clamp(0.0, 1.0),
            width: before.map_or(0.005, |before| before.width),
            height,
        }],
    });
    let title = format!(
        "Leave out what is smaller than {:.1} % of the picture",
        height * 100.0
    );
    let text = format!(
        "This one was {:.1} % of the picture’s height. Far away, real ones may be as small.",
        bbox.height() * 100.0
    );
    Some(("size", title, text, rule))
}

fn time(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let lasted_s = alarm.lasted_s?;
    let mut changed = rule.clone();
    let (field, most, what) = match alarm.kind {
        EventKind::Intruder => (&mut changed.dwell_s, MAX_DWELL_S, "in the zone"),
        EventKind::Loitering => (&mut changed.stay_s, MAX_STAY_S, "in the zone"),
        EventKind::Stopped | EventKind::ObjectLeft | EventKind::ObjectRemoved => {
            (&mut changed.still_s, MAX_STAY_S, "at rest")
        }
        EventKind::CountOverLimit => (&mut changed.for_s, MAX_STAY_S, "above the limit"),
        EventKind::PictureProblem => (&mut changed.for_s, MAX_STAY_S, "with a bad picture"),
        EventKind::SignalLost => (&mut changed.after_s, MAX_STAY_S, "without a picture"),
        _ => return None,
    };
    let before = *field;
    // It was there for as long as the rule waits, and then for this long.
    let was_s = before + lasted_s;
    let wanted = was_s.ceil() + 1.0;
    if wanted > most {
        return None;
    }
    *field = wanted;
    let title = format!("Wait for {wanted:.0} s");
    let text = format!("This one was {was_s:.1} s {what}; so far {before:.1} s are enough.");
    Some(("time", title, text, changed))
}

fn parked(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let class = alarm.class.filter(|_| is_about_objects(alarm.kind))?;
    let is_on = rule.ignores_parked.unwrap_or(matches!(
        alarm.kind,
        EventKind::Intruder | EventKind::Loitering
    ));
    if is_on || class.group() == ClassGroup::Person {
        return None;
    }
    let mut rule = rule.clone();
    rule.ignores_parked = Some(true);
    let title = "Leave out parked vehicles".to_owned();
    let text = "Vehicles that nobody has seen move raise no alarm in this rule.".to_owned();
    Some(("parked", title, text, rule))
}

fn stationary(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let is_about = is_about_objects(alarm.kind) && alarm.kind != EventKind::Stopped;
    alarm
        .class
        .filter(|_| is_about && !rule.ignores_stationary)?;
    let mut rule = rule.clone();
    rule.ignores_stationary = true;
    let title = "Leave out what stands still".to_owned();
    let text = "What has stood still for long raises no alarm in this rule.".to_owned();
    Some(("stationary", title, text, rule))
}

fn health(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    if !alarm.is_doubtful || rule.health == "healthy" {
        return None;
    }
    let mut rule = rule.clone();
    rule.health = "healthy".to_owned();
    let title = "No alarm while the scene is seen badly".to_owned();
    let text = "The scene was blurred, badly lit, shaking or full of rain or insects.".to_owned();
    Some(("health", title, text, rule))
}

fn limit(rule: &RuleDocument, alarm: &FalseAlarm) -> Option<Changed> {
    let count = alarm.count?;
    if alarm.kind != EventKind::CountOverLimit || count <= rule.limit || count > 500 {
        return None;
    }
    let title = format!("Allow {count}");
    let text = format!("{count} were counted; so far {} are allowed.", rule.limit);
    let mut rule = rule.clone();
    rule.limit = count;
    Some(("limit", title, text, rule))
}

fn area(document: &CameraDocument, alarm: &FalseAlarm) -> Option<Proposal> {
    let count = alarm.count.filter(|_| alarm.kind == EventKind::Occupancy)?;
    let mut document = document.clone();
    let mut areas = document.programs.occupancy.areas.iter_mut();
    let area = areas.find(|area| area.stored_as() == alarm.rule_id)?;
    if count < area.threshold || count >= 500 {
        return None;
    }
    let text = format!(
        "{count} were counted; so far {} raise an alarm.",
        area.threshold
    );
    area.threshold = count + 1;
    Some(Proposal {
        kind: "limit",
        title: format!("Alarm from {} on", count + 1),
        text,
        document,
    })
}

fn mask(document: &CameraDocument, alarm: &FalseAlarm) -> Option<Proposal> {
    let class = alarm.class.filter(|_| is_about_objects(alarm.kind))?;
    let bbox = alarm.bbox?;
    if document.object_masks.len() >= MAX_MASKS {
        return None;
    }
    let centre = bbox.centre();
    let (dx, dy) = (
        bbox.width() * MASK_SHARE / 2.0,
        bbox.height() * MASK_SHARE / 2.0,
    );
    let ids = document.object_masks.iter().map(|mask| mask.id);
    let corner = |x: f32, y: f32| {
        [
            (centre.x + x).clamp(0.0, 1.0),
            (centre.y + y).clamp(0.0, 1.0),
        ]
    };
    let word = class.name().replace('_', " ");
    let mut changed = document.clone();
    changed.object_masks.push(ObjectMaskDocument {
        id: ids.max().unwrap_or(0) + 1,
        name: format!("Ignored {word}"),
        points: vec![
            corner(-dx, -dy),
            corner(dx, -dy),
            corner(dx, dy),
            corner(-dx, dy),
        ],
        classes: vec![class.name().to_owned()],
        is_enabled: true,
    });
    Some(Proposal {
        kind: "mask",
        title: "Draw a mask where it stood".to_owned(),
        text: format!("Any {word} whose middle is there is ignored, in all rules."),
        document: changed,
    })
}

fn is_about_objects(kind: EventKind) -> bool {
    !matches!(
        kind,
        EventKind::ObjectLeft
            | EventKind::ObjectRemoved
            | EventKind::CountOverLimit
            | EventKind::PictureProblem
            | EventKind::SignalLost
            | EventKind::Occupancy
            | EventKind::Program
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;
    use crate::settings::LinkDocument;

    fn document(rule: &serde_json::Value) -> CameraDocument {
        let link: LinkDocument = serde_json::from_value(json!({
            "protocol": "http", "host": "a", "port": null, "path": "/", "user": "",
            "sealed_password": null, "mode": "stream", "channel": 1, "fingerprint": null,
            "one_shot_fps": 5.0,
        }))
        .unwrap();
        let mut document = CameraDocument::new("Gate".to_owned(), link);
        let mut whole = json!({"id": 1, "name": "Rule", "classes": ["person", "car"]});
        for (field, value) in rule.as_object().unwrap() {
            whole[field] = value.clone();
        }
        document.rules.push(serde_json::from_value(whole).unwrap());
        document
    }

    fn alarm(kind: EventKind) -> FalseAlarm {
        FalseAlarm {
            rule_id: RuleId(1),
            kind,
            class: Some(Class::Person),
            score: 0.61,
            bbox: Some(NormBox::from_xyxy(0.4, 0.5, 0.44, 0.6)),
            lasted_s: Some(2.4),
            count: None,
            is_doubtful: false,
        }
    }

    fn check(document: &CameraDocument, alarm: &FalseAlarm, expected: &Expect) {
        let before = serde_json::to_value(document).unwrap();
        let lines = proposals(document, alarm).into_iter().map(|proposal| {
            let after = serde_json::to_value(&proposal.document).unwrap();
            let (_, changed) = crate::web::before_and_after(Some(&before), Some(&after));
            assert_ne!(before, after, "{}", proposal.kind);
            let changed = changed.map(|text| text.len()).unwrap_or_default();
            assert!(changed > 2);
            let rule = &proposal.document.rules[0];
            format!(
                "{}: {} (score {:?}, size {:?}, dwell {}, for {}, parked {:?}, still {}, limit {}, masks {})\n",
                proposal.kind,
                proposal.title,
                rule.min_score,
                rule.min_size.as_ref().map(|size| size.at[0].height),
                rule.dwell_s,
                rule.for_s,
                rule.ignores_parked,
                rule.ignores_stationary,
                rule.limit,
                proposal.document.object_masks.len()
            )
        });
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn intruder_that_was_faint_small_and_brief_could_be_left_out() {
        check(
            &document(&json!({"kind": "intruder", "zone_id": 1, "dwell_s": 1.0})),
            &alarm(EventKind::Intruder),
            &expect![[r#"
                score: Ask for a score of 62 % (score Some(0.62), size None, dwell 1, for 0, parked None, still false, limit 0, masks 0)
                time: Wait for 5 s (score None, size None, dwell 5, for 0, parked None, still false, limit 0, masks 0)
                stationary: Leave out what stands still (score None, size None, dwell 1, for 0, parked None, still true, limit 0, masks 0)
                size: Leave out what is smaller than 11.5 % of the picture (score None, size Some(0.115), dwell 1, for 0, parked None, still false, limit 0, masks 0)
                mask: Draw a mask where it stood (score None, size None, dwell 1, for 0, parked None, still false, limit 0, masks 1)
            "#]],
        );
    }

    #[test]
    fn what_would_leave_nothing_or_change_nothing_is_not_proposed() {
        let strict = document(
            &json!({"kind": "cross_line", "line_id": 1, "min_score": 0.8,
            "ignores_stationary": true, "ignores_parked": true}),
        );
        let large = FalseAlarm {
            score: 0.99,
            bbox: Some(NormBox::from_xyxy(0.0, 0.0, 1.0, 0.9)),
            class: Some(Class::Car),
            ..alarm(EventKind::CrossLine)
        };
        check(
            &strict,
            &large,
            &expect![[r#"
            mask: Draw a mask where it stood (score Some(0.8), size None, dwell 0, for 0, parked Some(true), still true, limit 0, masks 1)
        "#]],
        );
        let other = FalseAlarm {
            rule_id: RuleId(9),
            ..large
        };
        check(&strict, &other, &expect![""]);
    }

    #[test]
    fn parked_car_of_a_line_and_a_doubtful_scene_are_told() {
        let rule = document(&json!({"kind": "cross_line", "line_id": 1,
            "classes": {"car": {"threshold": 0.6}}, "ignores_stationary": true}));
        let car = FalseAlarm {
            class: Some(Class::Car),
            bbox: None,
            is_doubtful: true,
            ..alarm(EventKind::CrossLine)
        };
        let found = proposals(&rule, &car);
        let kinds: Vec<&str> = found.iter().map(|proposal| proposal.kind).collect();
        assert_eq!(kinds, ["score", "parked", "health"]);
        // The class has a threshold of its own, so that one is raised.
        assert_eq!(
            found[0].document.rules[0].classes.threshold(Class::Car),
            Some(0.62)
        );
        assert_eq!(found[0].document.rules[0].min_score, None);
    }

    #[test]
    fn limit_is_raised_to_what_was_counted() {
        let rule = document(
            &json!({"kind": "count_over_limit", "zone_id": 1, "limit": 3,
            "for_s": 5.0}),
        );
        let crowd = FalseAlarm {
            count: Some(6),
            class: None,
            bbox: None,
            ..alarm(EventKind::CountOverLimit)
        };
        check(
            &rule,
            &crowd,
            &expect![[r#"
            time: Wait for 9 s (score None, size None, dwell 0, for 9, parked None, still false, limit 3, masks 0)
            limit: Allow 6 (score None, size None, dwell 0, for 5, parked None, still false, limit 6, masks 0)
        "#]],
        );
    }
}
