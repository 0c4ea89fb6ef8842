//! Rules as clients read them.

use std::time::Duration;

use types::NormPoint;

use super::{CLASS_NAMES, OnvifRule, RuleType};
use crate::onvif::topic::{Naming, write_description};
use crate::onvif::xml::XmlWriter;

/// Writes a rule as `element` (`tan:Rule`, `tt:Rule`).
pub fn write_config(xml: &mut XmlWriter, element: &str, rule: &OnvifRule) {
    let parameters = &rule.parameters;
    let attributes = [
        ("Name", rule.name.as_str()),
        ("Type", rule.rule_type.name()),
    ];
    xml.open_with(element, &attributes);
    xml.open("tt:Parameters");
    let mut simple = |name: &str, value: &str| {
        xml.empty("tt:SimpleItem", &[("Name", name), ("Value", value)]);
    };
    if rule.rule_type.has_classes() {
        simple("ClassFilter", &parameters.classes.join(" "));
    }
    if rule.rule_type.has_line() {
        simple("Direction", parameters.direction.name());
    }
    if let Some(threshold) = parameters.time_threshold {
        simple("TimeThreshold", &duration(threshold));
    }
    if let Some(interval) = parameters.report_interval {
        simple("ReportTimeInterval", &duration(interval));
    }
    for time in &parameters.reset_times {
        simple("ResetTime", time);
    }
    if let Some(field) = &parameters.field {
        xml.within_with("tt:ElementItem", &[("Name", "Field")], |xml| {
            write_points(xml, "tt:Polygon", field);
        });
    }
    if let Some(segments) = &parameters.segments {
        xml.within_with("tt:ElementItem", &[("Name", "Segments")], |xml| {
            write_points(xml, "tt:Polyline", segments);
        });
    }
    xml.close();
    xml.close();
}

/// Writes `tt:RuleDescription`.
pub fn write_rule_description(xml: &mut XmlWriter, rule_type: RuleType, naming: Naming) {
    let fixed = rule_type.is_fixed().to_string();
    xml.open_with(
        "tt:RuleDescription",
        &[("Name", rule_type.name()), ("fixed", &fixed)],
    );
    xml.open("tt:Parameters");
    for (name, item_type) in simple_parameters(rule_type) {
        let attributes = [("Name", name), ("Type", item_type)];
        xml.empty("tt:SimpleItemDescription", &attributes);
    }
    for (has, name, item_type) in [
        (rule_type.has_field(), "Field", "tt:Polygon"),
        (rule_type.has_line(), "Segments", "tt:Polyline"),
    ] {
        if has {
            let attributes = [("Name", name), ("Type", item_type)];
            xml.empty("tt:ElementItemDescription", &attributes);
        }
    }
    xml.close();
    if let Some(topic) = rule_type.topic() {
        let spec = topic.spec();
        write_description(xml, "tt:Messages", spec, naming, |xml| {
            xml.leaf("tt:ParentTopic", spec.expression());
        });
    }
    xml.close();
}

fn simple_parameters(rule_type: RuleType) -> Vec<(&'static str, &'static str)> {
    let is_counting = rule_type == RuleType::LineCounting;
    [
        (rule_type.has_classes(), "ClassFilter", "tt:StringList"),
        (rule_type.has_line(), "Direction", "tt:Direction"),
        (rule_type.has_threshold(), "TimeThreshold", "xs:duration"),
        (is_counting, "ReportTimeInterval", "xs:duration"),
        (is_counting, "ResetTime", "xs:time"),
    ]
    .into_iter()
    .filter(|(has, _, _)| *has)
    .map(|(_, name, item_type)| (name, item_type))
    .collect()
}

/// Writes `tan:RuleOptions` for each parameter of a type.
pub fn write_rule_options(xml: &mut XmlWriter, rule_type: RuleType) {
    let mut option = |name: &str, item_type: &str, body: &dyn Fn(&mut XmlWriter)| {
        let attributes = [
            ("RuleType", rule_type.name()),
            ("Name", name),
            ("Type", item_type),
        ];
        xml.within_with("tan:RuleOptions", &attributes, |xml| body(xml));
    };
    if rule_type.has_classes() {
        option("ClassFilter", "tt:StringList", &|xml| {
            strings(xml, &CLASS_NAMES);
        });
    }
    if rule_type.has_line() {
        let directions: &[&str] = match rule_type {
            RuleType::LineCounting => &["Any"],
            _ => &["Any", "Left", "Right"],
        };
        option("Direction", "tt:Direction", &|xml| strings(xml, directions));
    }
    if rule_type.has_threshold() {
        option("TimeThreshold", "xs:duration", &|xml| {
            durations(xml, "PT1S", "PT86400S");
        });
    }
    if rule_type == RuleType::LineCounting {
        option("ReportTimeInterval", "xs:duration", &|xml| {
            durations(xml, "PT1S", "PT3600S");
        });
    }
    if rule_type.has_field() {
        option("Field", "tt:Polygon", &|xml| {
            xml.within("tt:PolygonOptions", |xml| vertices(xml, "3"));
        });
    }
    if rule_type.has_line() {
        option("Segments", "tt:Polyline", &|xml| {
            xml.within("tt:PolygonOptions", |xml| vertices(xml, "2"));
        });
    }
}

fn strings(xml: &mut XmlWriter, items: &[&str]) {
    xml.within("tt:StringItems", |xml| {
        for item in items {
            xml.leaf("tt:Item", item);
        }
    });
}

fn durations(xml: &mut XmlWriter, min: &str, max: &str) {
    xml.within("tt:DurationRange", |xml| {
        xml.leaf("tt:Min", min);
        xml.leaf("tt:Max", max);
    });
}

fn vertices(xml: &mut XmlWriter, min: &str) {
    xml.within("tt:VertexLimits", |xml| {
        xml.leaf("tt:Min", min);
        xml.leaf("tt:Max", "64");
    });
}

fn write_points(xml: &mut XmlWriter, element: &str, points: &[NormPoint]) {
    xml.open(element);
    for point in points {
        let (x, y) = (rounded(point.x * 2.0 - 1.0), rounded(1.0 - point.y * 2.0));
        xml.empty("tt:Point", &[("x", &x), ("y", &y)]);
    }
    xml.close();
}

fn rounded(value: f32) -> String {
    let rounded = (f64::from(value) * 100_000.0).round() / 100_000.0;
    (rounded + 0.0).to_string()
}

fn duration(duration: Duration) -> String {
    format!("PT{}S", duration.as_secs_f64())
}
