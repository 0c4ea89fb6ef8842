//! A camera's rules as Home Assistant is told of them.

use sink::mqtt::home_assistant::{HomeCamera, HomeRule};
use types::{EventKind, RuleId};

use crate::settings::CameraSettings;

/// A rule that raises events, whatever program it is of.
struct Rule {
    rule_id: RuleId,
    name: String,
    kind: EventKind,
}

/// All rules of a camera that raise events.
fn rules(settings: &CameraSettings) -> Vec<Rule> {
    let analysis = &settings.analysis;
    let vmd = analysis.vmd.wanted.iter().flatten().map(|rule| Rule {
        rule_id: rule.rule_id,
        name: rule.name.clone(),
        kind: rule.what.kind(),
    });
    let areas = analysis.occupancy.wanted.iter();
    let areas = areas.flat_map(|part| &part.areas).map(|area| Rule {
        rule_id: area.rule_id,
        name: area.name.clone(),
        kind: EventKind::Occupancy,
    });
    let installed = analysis.extensions.iter().map(|part| Rule {
        rule_id: part.rule_id(),
        name: part.id.clone(),
        kind: EventKind::Program,
    });
    let detectors = analysis
        .state
        .wanted
        .iter()
        .flat_map(|part| &part.detectors);
    let states = detectors.flat_map(|detector| {
        detector.rules.iter().map(|rule| Rule {
            rule_id: rule.rule_id,
            name: rule.name.clone(),
            kind: EventKind::State,
        })
    });
    vmd.chain(areas).chain(states).chain(installed).collect()
}

/// What Home Assistant is told of a camera.
pub(super) fn home_camera(settings: &CameraSettings) -> HomeCamera {
    let analysis = &settings.analysis;
    let areas = analysis.occupancy.wanted.iter();
    HomeCamera {
        camera_id: settings.camera_id.clone(),
        name: settings.name.clone(),
        rules: rules(settings)
            .into_iter()
            .map(|rule| HomeRule {
                rule_id: rule.rule_id,
                name: match rule.kind {
                    EventKind::Occupancy => format!("{} too full", rule.name),
                    _ => rule.name,
                },
                kind: rule.kind,
            })
            .collect(),
        counters: analysis
            .counters
            .iter()
            .map(|counter| (counter.rule_id, counter.name.clone()))
            .collect(),
        areas: areas
            .flat_map(|part| &part.areas)
            .map(|area| (area.rule_id, area.name.clone()))
            .collect(),
    }
}
