//! Rules as clients send them.

use std::time::Duration;

use types::{Line, NormPoint, Polygon};

use super::{Direction, OnvifRule, RuleParameters, RuleType, classes_of};
use crate::onvif::namespace as ns;
use crate::onvif::soap::Fault;
use crate::onvif::xml::{Element, Name};

/// Longest name of a rule, characters; as of our own.
const MAX_NAME_CHARS: usize = 64;

/// A type's name, such as `tt:LineDetector`, as meant at an element. Client
/// libraries write such texts without declaring the prefix: then `tt` means
/// what it usually does.
pub fn type_name(element: &Element, text: &str) -> Option<Name> {
    element.qualified(text).or_else(|| {
        let local = text.trim().strip_prefix("tt:")?;
        Some(Name {
            namespace: ns::TT.into(),
            local: local.to_owned(),
        })
    })
}

/// Reads `tan:Rule`.
///
/// # Errors
/// Its type is none that clients may make, or a parameter cannot be used.
pub fn read_rule(element: &Element) -> Result<OnvifRule, Fault> {
    let refuse = |reason: String| Fault::invalid("ter:InvalidRule", reason);
    let name = element.attribute("Name").unwrap_or_default().to_owned();
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS {
        let reason = format!("give the rule a name of 1 to {MAX_NAME_CHARS} characters");
        return Err(refuse(reason));
    }
    let type_text = element.attribute("Type").unwrap_or_default();
    let type_name = type_name(element, type_text);
    let rule_type = type_name.and_then(|name| RuleType::from_name(&name));
    let rule_type = rule_type.filter(|known| !known.is_fixed()).ok_or_else(|| {
        let text: String = type_text.chars().take(80).collect();
        refuse(format!("rules of type {text:?} cannot be made here"))
    })?;
    let mut parameters = RuleParameters::default();
    let items = element.child(ns::TT, "Parameters");
    for item in items
        .map(|items| items.children.as_slice())
        .unwrap_or_default()
    {
        let item_name = item.attribute("Name").unwrap_or_default();
        let short: String = item_name.chars().take(80).collect();
        let is_taken = if item.name.is(ns::TT, "SimpleItem") {
            let value = item.attribute("Value").unwrap_or_default();
            read_simple(item_name, value, rule_type, &mut parameters)
        } else if item.name.is(ns::TT, "ElementItem") {
            read_element(item_name, item, rule_type, &mut parameters)
        } else {
            None
        };
        is_taken.ok_or_else(|| {
            refuse(format!(
                "parameter {short:?} of {} cannot be used",
                rule_type.name()
            ))
        })?;
    }
    if rule_type.has_field() && parameters.field.is_none() {
        return Err(refuse("the parameter Field is missing".to_owned()));
    }
    if rule_type.has_line() && parameters.segments.is_none() {
        return Err(refuse("the parameter Segments is missing".to_owned()));
    }
    Ok(OnvifRule {
        name,
        rule_type,
        parameters,
    })
}

fn read_simple(
    name: &str,
    value: &str,
    rule_type: RuleType,
    parameters: &mut RuleParameters,
) -> Option<()> {
    match name {
        "ClassFilter" if rule_type.has_classes() => {
            let names = value.split([' ', ',']).filter(|name| !name.is_empty());
            parameters.classes = names.map(str::to_owned).collect();
            let are_known = parameters
                .classes
                .iter()
                .all(|name| classes_of(name).is_some());
            are_known.then_some(())?;
        }
        "Direction" if rule_type.has_line() => {
            parameters.direction = [Direction::Any, Direction::Left, Direction::Right]
                .into_iter()
                .find(|direction| direction.name() == value)?;
            // Our counters count both ways.
            let is_counting = rule_type == RuleType::LineCounting;
            (!is_counting || parameters.direction == Direction::Any).then_some(())?;
        }
        "TimeThreshold" if rule_type.has_threshold() => {
            parameters.time_threshold = Some(read_duration(value)?);
        }
        "ReportTimeInterval" if rule_type == RuleType::LineCounting => {
            parameters.report_interval = Some(read_duration(value)?);
        }
        "ResetTime" if rule_type == RuleType::LineCounting => {
            is_time_of_day(value).then_some(())?;
            parameters.reset_times.push(value.to_owned());
        }
        "PassAllPolylines" if rule_type == RuleType::LineCounting => {
            matches!(value, "false" | "0").then_some(())?;
        }
        "Sensitivity" if rule_type.has_threshold() => {}
        _ => return None,
    }
    Some(())
}

fn read_element(
    name: &str,
    item: &Element,
    rule_type: RuleType,
    parameters: &mut RuleParameters,
) -> Option<()> {
    match name {
        "Field" if rule_type.has_field() => {
            let points = read_points(item.child(ns::TT, "Polygon")?)?;
            Polygon::new(points.clone()).ok()?;
            parameters.field = Some(points);
        }
        "Segments" if rule_type.has_line() && parameters.segments.is_none() => {
            let points = read_points(item.child(ns::TT, "Polyline")?)?;
            Line::new(points.clone()).ok()?;
            parameters.segments = Some(points);
        }
        _ => return None,
    }
    Some(())
}

/// Points in ONVIF's coordinates as parts of the picture; a hair outside of it
/// is its edge.
fn read_points(element: &Element) -> Option<Vec<NormPoint>> {
    let points = element.children_named(ns::TT, "Point");
    points
        .map(|point| {
            let coordinate = |name| {
                let value: f32 = point.attribute(name)?.trim().parse().ok()?;
                (-1.001..=1.001)
                    .contains(&value)
                    .then_some(value.clamp(-1.0, 1.0))
            };
            Some(NormPoint {
                x: f32::midpoint(coordinate("x")?, 1.0),
                y: f32::midpoint(-coordinate("y")?, 1.0),
            })
        })
        .collect()
}

fn is_time_of_day(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_end_matches('Z').split(':').collect();
    let limits = [24, 60, 60];
    let is_number = |(part, limit): (&&str, u32)| {
        part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number < limit)
    };
    parts.len() == 3 && parts.iter().zip(limits).all(is_number)
}

/// An `xs:duration` of days, hours, minutes and seconds; months and years
/// have no fixed length and are refused, as is a negative one.
pub fn read_duration(text: &str) -> Option<Duration> {
    let text = text.trim().strip_prefix('P')?;
    let (days, times) = match text.split_once('T') {
        Some((days, times)) => (days, times),
        None => (text, ""),
    };
    let mut seconds = 0.0;
    let mut n_parts = 0;
    for (part, units) in [
        (days, &[('D', 86_400.0)][..]),
        (times, &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)]),
    ] {
        let mut rest = part;
        for (unit, length) in units {
            let Some((number, after)) = rest.split_once(*unit) else {
                continue;
            };
            let is_number = |c: char| c.is_ascii_digit() || c == '.';
            (!number.is_empty() && number.chars().all(is_number)).then_some(())?;
            seconds += number.parse::<f64>().ok()? * length;
            rest = after;
            n_parts += 1;
        }
        rest.is_empty().then_some(())?;
    }
    (n_parts > 0).then_some(())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_fixed_length_are_read() {
        for (text, seconds) in [
            ("PT60S", Some(60.0)),
            ("PT1M", Some(60.0)),
            ("P1DT1H1M1.5S", Some(90_061.5)),
            ("PT0S", Some(0.0)),
            (" PT10S ", Some(10.0)),
            ("P", None),
            ("PT", None),
            ("P1Y", None),
            ("P1M", None),
            ("-PT1S", None),
            ("PT-1S", None),
            ("PT1S1M", None),
            ("PT1e9S", None),
            ("60", None),
            ("PTS", None),
            ("PT99999999999999999999999S", None),
        ] {
            assert_eq!(
                read_duration(text),
                seconds.map(Duration::from_secs_f64),
                "{text}"
            );
        }
    }

    #[test]
    fn times_of_day_are_told_from_other_text() {
        for (text, expected) in [
            ("06:00:00", true),
            ("23:59:59Z", true),
            ("24:00:00", false),
            ("6:00", false),
        ] {
            assert_eq!(is_time_of_day(text), expected, "{text}");
        }
    }
}
