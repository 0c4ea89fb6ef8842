//! The device as it is now, for one request.

use std::collections::BTreeMap;

use programs::counting::Counter;
use programs::occupancy::Area;
use programs::vmd::{Rule, Ways, What};
use sink::onvif::device::{Device, DeviceCamera};
use sink::onvif::rule::{Direction, OnvifRule, RuleParameters, RuleType};
use sink::onvif::scene::class_name;
use sink::onvif::state::{Reports, RuleSetup, objects_rule_name, rule_names, tracks_rule_name};
use types::{Class, EventKind, LineId, NormPoint, RuleId, ZoneId};

use super::OnvifDesk;
use super::book::OnvifDocument;
use crate::device_accounts::DeviceAccounts;
use crate::event_brokers;
use crate::settings::CameraSettings;
use crate::supervise::{CameraRuntime, Fleet};

/// Size before the first picture.
const USUAL_SIZE_PX: (u32, u32) = (1_920, 1_080);
/// Rate before the first picture.
const USUAL_FPS: f32 = 5.0;

/// The device as it is now.
pub(crate) fn device(desk: &OnvifDesk, fleet: &Fleet, accounts: &DeviceAccounts) -> Device {
    let document = desk.book().present();
    let cameras = fleet.all();
    let cameras = cameras
        .iter()
        .filter(|camera| camera.current_settings().is_enabled)
        .map(|camera| device_camera(desk, camera, fleet, &document))
        .collect();
    Device {
        identity: desk.identity(),
        cameras,
        users: accounts.list(),
        naming: document.naming(),
        rtsp_port: desk.rtsp_port(),
        is_discoverable: document.is_discoverable,
        scopes: document.scopes.clone(),
        event_brokers: event_brokers::limits(),
    }
}

fn device_camera(
    desk: &OnvifDesk,
    camera: &CameraRuntime,
    fleet: &Fleet,
    document: &OnvifDocument,
) -> DeviceCamera {
    let settings = camera.current_settings();
    let status = fleet.status(camera);
    let size_px = status
        .resolution
        .map(|size| (size.width_px, size.height_px));
    let (width_px, height_px) = size_px.unwrap_or(USUAL_SIZE_PX);
    DeviceCamera {
        camera_id: settings.camera_id.clone(),
        name: settings.name.clone(),
        width_px,
        height_px,
        fps: if status.fps > 0.0 {
            status.fps
        } else {
            USUAL_FPS
        },
        // The RTSP server makes it.
        has_h264: desk.rtsp_port().is_some(),
        metadata: document.metadata(&settings.camera_id),
        left_out: document.left_out(&settings.camera_id),
        rules: onvif_rules(&settings, document),
    }
}

/// A camera's rules by the names that clients know.
pub(crate) fn names_of(desk: &OnvifDesk, settings: &CameraSettings) -> BTreeMap<String, RuleId> {
    let setups = rule_setups(settings, &desk.book().present());
    let named = setups.into_iter().map(|setup| (setup.name, setup.rule_id));
    named.collect()
}

/// What each rule tells, by its name: the one that an ONVIF client gave it, or
/// ours.
pub(crate) fn rule_setups(settings: &CameraSettings, document: &OnvifDocument) -> Vec<RuleSetup> {
    let analysis = &settings.analysis;
    let rules = analysis.vmd.wanted.iter().flatten();
    let rules = rules.map(|rule| {
        let reports = Reports::Events(rule.what.kind());
        (rule.rule_id, rule.name.as_str(), reports)
    });
    let counters = analysis
        .counters
        .iter()
        .map(|counter| (counter.rule_id, counter.name.as_str(), Reports::Crossings));
    let areas = analysis.occupancy.wanted.iter();
    let areas = areas
        .flat_map(|part| &part.areas)
        .map(|area| (area.rule_id, area.name.as_str(), Reports::Presence));
    let installed = analysis.extensions.iter().map(|part| {
        let reports = Reports::Events(EventKind::Program);
        (part.rule_id(), part.id.as_str(), reports)
    });
    let states = analysis
        .state
        .wanted
        .iter()
        .flat_map(|part| &part.detectors);
    let states = states.flat_map(|detector| &detector.rules).map(|rule| {
        (
            rule.rule_id,
            rule.name.as_str(),
            Reports::Events(EventKind::State),
        )
    });
    let all: Vec<(RuleId, &str, Reports)> = rules
        .chain(counters)
        .chain(areas)
        .chain(states)
        .chain(installed)
        .collect();
    let typed = all.iter().map(|(rule_id, name, _)| (*rule_id, *name));
    let mut names = rule_names(&settings.camera_id, typed);
    all.into_iter()
        .map(|(rule_id, typed, reports)| {
            let given = document.rule_name(&settings.camera_id, rule_id);
            let ours = names.remove(&rule_id);
            RuleSetup {
                rule_id,
                name: given
                    .map(str::to_owned)
                    .or(ours)
                    .unwrap_or_else(|| typed.to_owned()),
                reports,
            }
        })
        .collect()
}

/// All rules of a camera as ONVIF knows them.
fn onvif_rules(settings: &CameraSettings, document: &OnvifDocument) -> Vec<OnvifRule> {
    let setups = rule_setups(settings, document);
    let name_of = |rule_id: RuleId| {
        let mut setups = setups.iter();
        let setup = setups.find(|setup| setup.rule_id == rule_id);
        setup.map(|setup| setup.name.clone()).unwrap_or_default()
    };
    let analysis = &settings.analysis;
    let rules = analysis.vmd.wanted.iter().flatten();
    let rules = rules.map(|rule| of_rule(settings, rule, name_of(rule.rule_id)));
    let counters = analysis.counters.iter();
    let counters = counters.map(|counter| of_counter(settings, counter, name_of(counter.rule_id)));
    let areas = analysis
        .occupancy
        .wanted
        .iter()
        .flat_map(|part| &part.areas);
    let areas = areas.map(|area| of_area(settings, area, name_of(area.rule_id)));
    let camera_id = &settings.camera_id;
    let always = [
        (objects_rule_name(camera_id), RuleType::ObjectDetection),
        (
            tracks_rule_name(camera_id),
            RuleType::ObjectTrackAggregation,
        ),
    ];
    let always = always.into_iter().map(|(name, rule_type)| OnvifRule {
        name,
        rule_type,
        parameters: RuleParameters::default(),
    });
    rules.chain(counters).chain(areas).chain(always).collect()
}

fn of_rule(settings: &CameraSettings, rule: &Rule, name: String) -> OnvifRule {
    let zone = |zone_id| zone_points(settings, zone_id);
    let (field, threshold) = match &rule.what {
        What::Intruder { zone_id, .. }
        | What::Enter { zone_id }
        | What::Exit { zone_id }
        | What::CountOver { zone_id, .. } => (zone(*zone_id), None),
        What::Loitering { zone_id, stay, .. } => (zone(*zone_id), Some(*stay)),
        What::Stopped { zone_id, still_for }
        | What::ObjectLeft { zone_id, still_for }
        | What::ObjectRemoved { zone_id, still_for } => (zone(*zone_id), Some(*still_for)),
        What::Direction { zone_id, .. } | What::UTurn { zone_id, .. } => {
            (zone_id.and_then(zone), None)
        }
        What::Sequence { second, .. } => (zone(*second), None),
        What::CrossLine { .. } | What::Picture { .. } | What::SignalLost { .. } => (None, None),
    };
    let (segments, direction) = match &rule.what {
        What::CrossLine { line_id, ways } => {
            let direction = match ways {
                Ways::Both => Direction::Any,
                Ways::LeftToRight => Direction::Right,
                Ways::RightToLeft => Direction::Left,
            };
            (line_points(settings, *line_id), direction)
        }
        _ => (None, Direction::Any),
    };
    let rule_type = RuleType::of_kind(rule.what.kind());
    let thresholds = Class::ALL.into_iter().zip(rule.filter.thresholds);
    let wanted = thresholds.filter_map(|(class, threshold)| threshold.map(|_| class));
    OnvifRule {
        name,
        rule_type,
        parameters: RuleParameters {
            field,
            segments,
            classes: onvif_classes(wanted),
            direction,
            time_threshold: threshold.filter(|_| rule_type.has_threshold()),
            ..RuleParameters::default()
        },
    }
}

fn of_counter(settings: &CameraSettings, counter: &Counter, name: String) -> OnvifRule {
    OnvifRule {
        name,
        rule_type: RuleType::LineCounting,
        parameters: RuleParameters {
            segments: line_points(settings, counter.line_id),
            classes: onvif_classes(counter.classes.iter()),
            report_interval: Some(counter.interval),
            ..RuleParameters::default()
        },
    }
}

fn of_area(settings: &CameraSettings, area: &Area, name: String) -> OnvifRule {
    OnvifRule {
        name,
        rule_type: RuleType::OccupancyArea,
        parameters: RuleParameters {
            field: zone_points(settings, area.zone_id),
            classes: onvif_classes(area.classes.iter()),
            ..RuleParameters::default()
        },
    }
}

/// Classes in ONVIF's words, each once.
pub(super) fn onvif_classes(classes: impl Iterator<Item = Class>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for class in classes {
        let name = class_name(class);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn zone_points(settings: &CameraSettings, zone_id: ZoneId) -> Option<Vec<NormPoint>> {
    let mut zones = settings.analysis.drawing.zones.iter();
    let zone = zones.find(|zone| zone.zone_id == zone_id)?;
    Some(zone.polygon.vertices().to_vec())
}

fn line_points(settings: &CameraSettings, line_id: LineId) -> Option<Vec<NormPoint>> {
    let mut lines = settings.analysis.drawing.lines.iter();
    let line = lines.find(|line| line.line_id == line_id)?;
    Some(line.line.points().to_vec())
}
