//! Rules of ONVIF clients in a camera's document.
//!
//! A field becomes a zone and a line a line of the camera, as if drawn on the
//! web page; where one with the same corners is there, it is used.

use std::collections::BTreeMap;

use sink::onvif::rule::{Direction, OnvifRule, RuleType, classes_of};
use types::{Class, EventKind, NormPoint, RuleId};

use super::view::onvif_classes;
use crate::settings::{
    CameraDocument, ClassesDocument, CounterDocument, LineDocument, RuleDocument, ZoneDocument,
};

/// Where counters store their numbers.
const FIRST_COUNTER_ID: u32 = 10_000;
/// Points that are nearer than this, parts of the picture, are the same: five
/// decimals travel in both directions.
const SAME: f32 = 0.000_05;

/// Adds rules. The names that the client gave, by the ids under which the
/// rules are told.
pub(crate) fn create_rules(
    document: &mut CameraDocument,
    rules: &[OnvifRule],
) -> BTreeMap<RuleId, String> {
    rules
        .iter()
        .map(|rule| (create_rule(document, rule), rule.name.clone()))
        .collect()
}

/// Changes rules; `ids` has them by the names that clients know.
pub(crate) fn modify_rules(
    document: &mut CameraDocument,
    rules: &[OnvifRule],
    ids: &BTreeMap<String, RuleId>,
) {
    for rule in rules {
        if let Some(rule_id) = ids.get(&rule.name) {
            modify_rule(document, rule, *rule_id);
        }
    }
}

/// Removes rules, and the zones and lines that were made for them alone.
pub(crate) fn delete_rules(document: &mut CameraDocument, rule_ids: &[RuleId]) {
    for rule_id in rule_ids {
        if let Some(counter_id) = counter_of(*rule_id) {
            let counters = &mut document.programs.counters;
            counters.retain(|counter| counter.id != counter_id);
        } else {
            document.rules.retain(|rule| rule.id != rule_id.0);
        }
    }
    let used_zones: Vec<u32> = zones_in_use(document);
    let used_lines: Vec<u32> = lines_in_use(document);
    let made_here = |name: &str| name.starts_with(MADE_BY_CLIENT);
    document
        .zones
        .retain(|zone| used_zones.contains(&zone.id) || !made_here(&zone.name));
    document
        .lines
        .retain(|line| used_lines.contains(&line.id) || !made_here(&line.name));
}

/// All rules of a camera that clients can name.
pub(crate) fn rule_ids(document: &CameraDocument) -> Vec<RuleId> {
    let rules = document.rules.iter().map(|rule| RuleId(rule.id));
    let counters = document.programs.counters.iter();
    let counters = counters.map(|counter| RuleId(FIRST_COUNTER_ID + counter.id));
    rules.chain(counters).collect()
}

/// How the zones and lines of clients are called.
const MADE_BY_CLIENT: &str = "ONVIF ";

fn create_rule(document: &mut CameraDocument, rule: &OnvifRule) -> RuleId {
    let parameters = &rule.parameters;
    let zone_id = parameters
        .field
        .as_ref()
        .map(|points| zone_with(document, points, &rule.name));
    let line_id = parameters
        .segments
        .as_ref()
        .map(|points| line_with(document, points, &rule.name));
    if rule.rule_type == RuleType::LineCounting {
        let ids = document.programs.counters.iter().map(|counter| counter.id);
        let id = ids.max().unwrap_or(0) + 1;
        document.programs.counters.push(CounterDocument {
            id,
            name: rule.name.clone(),
            line_id: line_id.unwrap_or_default(),
            classes: our_classes(&parameters.classes),
            resets: resets(rule),
            time_zone: "UTC".to_owned(),
            interval_s: interval_s(rule).unwrap_or(60),
            rule_id: 0,
        });
        return RuleId(FIRST_COUNTER_ID + id);
    }
    let id = document.rules.iter().map(|rule| rule.id).max().unwrap_or(0) + 1;
    let mut made = RuleDocument {
        kind: kind_of(rule.rule_type).name().to_owned(),
        zone_id,
        line_id,
        ..RuleDocument::intruder(id, &rule.name, 0, Class::Person)
    };
    apply(&mut made, rule);
    document.rules.push(made);
    RuleId(id)
}

fn modify_rule(document: &mut CameraDocument, rule: &OnvifRule, rule_id: RuleId) {
    let parameters = &rule.parameters;
    let zone_id = parameters
        .field
        .as_ref()
        .map(|points| zone_with(document, points, &rule.name));
    let line_id = parameters
        .segments
        .as_ref()
        .map(|points| line_with(document, points, &rule.name));
    if let Some(counter_id) = counter_of(rule_id) {
        let mut counters = document.programs.counters.iter_mut();
        if let Some(counter) = counters.find(|counter| counter.id == counter_id) {
            counter.line_id = line_id.unwrap_or(counter.line_id);
            counter.classes = kept_or(&counter.classes, &parameters.classes);
            counter.interval_s = interval_s(rule).unwrap_or(counter.interval_s);
            if !parameters.reset_times.is_empty() {
                counter.resets = resets(rule);
            }
        }
        return;
    }
    let mut rules = document.rules.iter_mut();
    if let Some(known) = rules.find(|known| known.id == rule_id.0) {
        kind_of(rule.rule_type).name().clone_into(&mut known.kind);
        known.zone_id = zone_id.or(known.zone_id);
        known.line_id = line_id.or(known.line_id);
        let classes = kept_or(&known.classes, &parameters.classes);
        apply(known, rule);
        known.classes = classes;
    }
}

/// Parameters that are the same in both worlds.
fn apply(document: &mut RuleDocument, rule: &OnvifRule) {
    let parameters = &rule.parameters;
    document.classes = our_classes(&parameters.classes);
    let ways = match parameters.direction {
        Direction::Any => "both",
        Direction::Left => "right_to_left",
        Direction::Right => "left_to_right",
    };
    ways.clone_into(&mut document.ways);
    if let Some(threshold) = parameters.time_threshold {
        let seconds = threshold.as_secs_f32().clamp(1.0, 86_400.0);
        document.stay_s = seconds;
        document.still_s = seconds;
    }
}

fn kind_of(rule_type: RuleType) -> EventKind {
    match rule_type {
        RuleType::LineDetector => EventKind::CrossLine,
        RuleType::LoiteringDetector => EventKind::Loitering,
        RuleType::ObjectAbandoned => EventKind::ObjectLeft,
        RuleType::ObjectRemoved => EventKind::ObjectRemoved,
        _ => EventKind::Intruder,
    }
}

/// Classes by our names; all when none is named.
fn our_classes(names: &[String]) -> ClassesDocument {
    let wanted: Vec<Class> = match names.is_empty() {
        true => Class::ALL.to_vec(),
        false => names
            .iter()
            .filter_map(|name| classes_of(name))
            .flatten()
            .copied()
            .collect(),
    };
    let all = Class::ALL
        .into_iter()
        .filter(|class| wanted.contains(class));
    ClassesDocument::Names(all.map(|class| class.name().to_owned()).collect())
}

/// The classes as they are, where the client sent back what it had read: we
/// know more of them than ONVIF has words for.
fn kept_or(known: &ClassesDocument, names: &[String]) -> ClassesDocument {
    let known_names: Vec<&str> = match known {
        ClassesDocument::Names(names) => names.iter().map(String::as_str).collect(),
        ClassesDocument::Each(choices) => choices
            .iter()
            .filter(|(_, choice)| choice.is_some())
            .map(|(name, _)| name.as_str())
            .collect(),
    };
    let in_order = Class::ALL.into_iter();
    let as_told = onvif_classes(in_order.filter(|class| known_names.contains(&class.name())));
    match as_told == names {
        true => known.clone(),
        false => our_classes(names),
    }
}

fn counter_of(rule_id: RuleId) -> Option<u32> {
    let id = rule_id.0.checked_sub(FIRST_COUNTER_ID)?;
    (1..FIRST_COUNTER_ID).contains(&id).then_some(id)
}

fn interval_s(rule: &OnvifRule) -> Option<u32> {
    let interval = rule.parameters.report_interval?;
    Some(
        u32::try_from(interval.as_secs())
            .unwrap_or(u32::MAX)
            .clamp(1, 3_600),
    )
}

/// `06:00:00` becomes `06:00`.
fn resets(rule: &OnvifRule) -> Vec<String> {
    let times = rule.parameters.reset_times.iter();
    times.map(|time| time.chars().take(5).collect()).collect()
}

fn zone_with(document: &mut CameraDocument, points: &[NormPoint], rule: &str) -> u32 {
    let points = plain(points);
    let known = document
        .zones
        .iter()
        .find(|zone| is_same(&zone.points, &points));
    if let Some(zone) = known {
        return zone.id;
    }
    let id = document.zones.iter().map(|zone| zone.id).max().unwrap_or(0) + 1;
    let name = place_name(rule);
    document.zones.push(ZoneDocument { id, name, points });
    id
}

fn line_with(document: &mut CameraDocument, points: &[NormPoint], rule: &str) -> u32 {
    let points = plain(points);
    let known = document
        .lines
        .iter()
        .find(|line| is_same(&line.points, &points));
    if let Some(line) = known {
        return line.id;
    }
    let id = document.lines.iter().map(|line| line.id).max().unwrap_or(0) + 1;
    let name = place_name(rule);
    document.lines.push(LineDocument { id, name, points });
    id
}

fn place_name(rule: &str) -> String {
    let name = format!("{MADE_BY_CLIENT}{rule}");
    name.chars().take(64).collect()
}

fn plain(points: &[NormPoint]) -> Vec<[f32; 2]> {
    points.iter().map(|point| [point.x, point.y]).collect()
}

fn is_same(a: &[[f32; 2]], b: &[[f32; 2]]) -> bool {
    let is_near =
        |(a, b): (&[f32; 2], &[f32; 2])| (a[0] - b[0]).abs() < SAME && (a[1] - b[1]).abs() < SAME;
    a.len() == b.len() && a.iter().zip(b).all(is_near)
}

fn zones_in_use(document: &CameraDocument) -> Vec<u32> {
    let rules = document.rules.iter();
    let of_rules = rules
        .flat_map(|rule| [rule.zone_id, rule.to_zone_id])
        .flatten();
    let programs = &document.programs;
    let of_areas = programs.occupancy.areas.iter().map(|area| area.zone_id);
    let of_people = programs.people.zone_ids.iter().copied();
    let of_vehicles = programs.vehicle.zone_ids.iter().copied();
    of_rules
        .chain(of_areas)
        .chain(of_people)
        .chain(of_vehicles)
        .collect()
}

fn lines_in_use(document: &CameraDocument) -> Vec<u32> {
    let of_rules = document.rules.iter().filter_map(|rule| rule.line_id);
    let programs = &document.programs;
    let of_counters = programs.counters.iter().map(|counter| counter.line_id);
    let of_place = programs.occupancy.in_line_ids.iter().copied();
    of_rules.chain(of_counters).chain(of_place).collect()
}

#[cfg(test)]
mod tests {
    use sink::onvif::rule::RuleParameters;

    use super::*;
    use crate::settings::{LinkDocument, ModeDocument, ProtocolDocument};

    fn document() -> CameraDocument {
        let link = LinkDocument {
            protocol: ProtocolDocument::Http,
            host: "127.0.0.1".to_owned(),
            port: None,
            path: "x".to_owned(),
            user: String::new(),
            sealed_password: None,
            mode: ModeDocument::Automatic,
            channel: 1,
            fingerprint: None,
            one_shot_fps: 5.0,
        };
        CameraDocument::new("Gate".to_owned(), link)
    }

    fn rule(name: &str, rule_type: RuleType) -> OnvifRule {
        let points = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)];
        let points: Vec<NormPoint> = points.map(|(x, y)| NormPoint { x, y }).to_vec();
        OnvifRule {
            name: name.to_owned(),
            rule_type,
            parameters: RuleParameters {
                field: rule_type.has_field().then(|| points.clone()),
                segments: rule_type.has_line().then_some(points),
                classes: vec!["Human".to_owned()],
                ..RuleParameters::default()
            },
        }
    }

    #[test]
    fn rules_share_a_zone_with_the_same_corners_and_take_it_along_when_the_last_goes() {
        let mut document = document();
        let made = [
            rule("a", RuleType::FieldDetector),
            rule("b", RuleType::LoiteringDetector),
            rule("c", RuleType::LineCounting),
        ];
        let names = create_rules(&mut document, &made);
        let ids: Vec<RuleId> = names.keys().copied().collect();
        assert_eq!(ids, [RuleId(1), RuleId(2), RuleId(10_001)]);
        assert_eq!((document.zones.len(), document.lines.len()), (1, 1));
        assert_eq!(document.rules[1].kind, "loitering");
        delete_rules(&mut document, &ids[..1]);
        assert_eq!((document.rules.len(), document.zones.len()), (1, 1));
        delete_rules(&mut document, &ids[1..]);
        assert!(document.rules.is_empty() && document.programs.counters.is_empty());
        assert!(document.zones.is_empty() && document.lines.is_empty());
    }

    #[test]
    fn classes_that_came_back_as_told_are_kept() {
        let car = ClassesDocument::Names(vec!["car".to_owned()]);
        assert_eq!(kept_or(&car, &["Vehicle".to_owned()]), car);
        let people = kept_or(&car, &["Human".to_owned()]);
        assert_eq!(people, ClassesDocument::Names(vec!["person".to_owned()]));
    }
}
