//! One camera's document and the settings a running camera uses.

use std::collections::BTreeSet;
use std::time::Duration;

use programs::vmd::{IntruderRule, VmdConfig, min_score};
use serde::{Deserialize, Serialize};
use source::Link;
use types::{CameraId, Class, ClassSet, NormPoint, Polygon, RuleId, Zone, ZoneId};
use utoipa::ToSchema;
use vision::motion::MotionConfig;

use super::{FieldErrors, LinkDocument, check_name};
use crate::secrets::Vault;

/// Most cameras one airelay holds: a bound on memory, not a promise of speed.
pub const MAX_CAMERAS: usize = 1_000;

const MAX_ZONES: usize = 64;
const MAX_MASKS: usize = 64;
const MAX_RULES: usize = 256;
const MAX_DWELL_S: f32 = 600.0;

/// A camera as stored, and (without the sealed password) as REST shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraDocument {
    /// As people call it.
    pub name: String,
    /// Whether pictures are pulled and analysed.
    pub is_enabled: bool,
    /// How the camera is reached.
    pub link: LinkDocument,
    /// Places that rules refer to.
    #[serde(default)]
    pub zones: Vec<ZoneDocument>,
    /// Places where motion is ignored.
    #[serde(default)]
    pub masks: Vec<ZoneDocument>,
    /// What raises alarms.
    #[serde(default)]
    pub rules: Vec<RuleDocument>,
    /// 1 (only large, clear motion) to 10 (the slightest).
    #[serde(default = "default_sensitivity")]
    pub motion_sensitivity: u8,
}

/// A named polygon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 3 to 64 corners, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// What it looks for.
    pub kind: RuleKindDocument,
    /// Zone it watches.
    pub zone_id: u32,
    /// Classes it looks for: person, bicycle, car, motorcycle, bus, truck.
    pub classes: Vec<String>,
    /// Seconds an object must stay in the zone, 0 to 600.
    #[serde(default)]
    pub dwell_s: f32,
    /// 1 (few false alarms) to 10 (misses least).
    #[serde(default = "default_sensitivity")]
    pub sensitivity: u8,
    /// Whether it may raise alarms.
    #[serde(default = "default_true")]
    pub is_enabled: bool,
}

/// Kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKindDocument {
    /// An object of a chosen class is inside the zone.
    Intruder,
}

/// What a running camera uses.
#[derive(Clone, Debug)]
pub struct CameraSettings {
    /// Which camera.
    pub camera_id: CameraId,
    /// As people call it.
    pub name: String,
    /// Whether pictures are pulled and analysed.
    pub is_enabled: bool,
    /// How the camera is reached.
    pub link: Link,
    /// The motion gate's settings.
    pub motion: MotionConfig,
    /// Zones and rules of AI-VMD.
    pub vmd: VmdConfig,
    /// Which revision of the document this is.
    pub revision: u64,
}

impl CameraSettings {
    /// What people call a zone.
    pub fn zone_name(&self, zone_id: ZoneId) -> Option<&str> {
        let zone = self.vmd.zones.iter().find(|zone| zone.zone_id == zone_id)?;
        Some(&zone.name)
    }
}

fn default_sensitivity() -> u8 {
    5
}

fn default_true() -> bool {
    true
}

impl CameraDocument {
    /// A camera that is switched on, without zones and rules.
    pub fn new(name: String, link: LinkDocument) -> Self {
        CameraDocument {
            name,
            is_enabled: true,
            link,
            zones: Vec::new(),
            masks: Vec::new(),
            rules: Vec::new(),
            motion_sensitivity: default_sensitivity(),
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn resolve(
        &self,
        camera_id: &CameraId,
        revision: u64,
        vault: &Vault,
    ) -> Result<CameraSettings, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        check_sensitivity("motion_sensitivity", self.motion_sensitivity, &mut errors);
        let link = match self.link.resolve(vault) {
            Ok(link) => Some(link),
            Err(link_errors) => {
                for (field, message) in link_errors.into_map() {
                    errors.add(field, message);
                }
                None
            }
        };
        let analysis = self.resolve_analysis(&mut errors);
        match (link, errors.is_empty()) {
            (Some(link), true) => Ok(CameraSettings {
                camera_id: camera_id.clone(),
                name: self.name.clone(),
                is_enabled: self.is_enabled,
                link,
                motion: analysis.0,
                vmd: analysis.1,
                revision,
            }),
            _ => Err(errors),
        }
    }

    /// The settings of the stages after the source; wrong parts are left out
    /// and reported in `errors`.
    pub fn resolve_analysis(&self, errors: &mut FieldErrors) -> (MotionConfig, VmdConfig) {
        resolve_analysis(
            &self.zones,
            &self.masks,
            &self.rules,
            self.motion_sensitivity,
            errors,
        )
    }
}

/// Checks zones, masks and rules; wrong parts are left out and reported.
pub(super) fn resolve_analysis(
    zones: &[ZoneDocument],
    masks: &[ZoneDocument],
    rules: &[RuleDocument],
    motion_sensitivity: u8,
    errors: &mut FieldErrors,
) -> (MotionConfig, VmdConfig) {
    let zones = resolve_zones("zones", zones, MAX_ZONES, errors);
    let masks = resolve_zones("masks", masks, MAX_MASKS, errors);
    let zone_ids: BTreeSet<ZoneId> = zones.iter().map(|zone| zone.zone_id).collect();
    check_count("rules", rules.len(), MAX_RULES, errors);
    check_unique("rules", rules.iter().map(|rule| rule.id), errors);
    let rules = rules
        .iter()
        .enumerate()
        .filter_map(|(rule_idx, rule)| {
            let resolved = resolve_rule(rule_idx, rule, &zone_ids, errors);
            resolved.filter(|_| rule.is_enabled)
        })
        .collect();
    let motion = MotionConfig {
        sensitivity: motion_sensitivity,
        masks: masks.into_iter().map(|mask| mask.polygon).collect(),
    };
    (motion, VmdConfig { zones, rules })
}

fn resolve_zones(
    what: &str,
    documents: &[ZoneDocument],
    max: usize,
    errors: &mut FieldErrors,
) -> Vec<Zone> {
    check_count(what, documents.len(), max, errors);
    check_unique(what, documents.iter().map(|zone| zone.id), errors);
    let mut zones = Vec::new();
    for (zone_idx, document) in documents.iter().enumerate().take(max) {
        check_name(&format!("{what}.{zone_idx}.name"), &document.name, errors);
        let points = document
            .points
            .iter()
            .map(|&[x, y]| NormPoint { x, y })
            .collect();
        match Polygon::new(points) {
            Ok(polygon) => zones.push(Zone {
                zone_id: ZoneId(document.id),
                name: document.name.clone(),
                polygon,
            }),
            Err(error) => errors.add(format!("{what}.{zone_idx}.points"), error.to_string()),
        }
    }
    zones
}

fn resolve_rule(
    rule_idx: usize,
    rule: &RuleDocument,
    zone_ids: &BTreeSet<ZoneId>,
    errors: &mut FieldErrors,
) -> Option<IntruderRule> {
    let field = |name: &str| format!("rules.{rule_idx}.{name}");
    let n_errors_before = errors.0.len();
    check_name(&field("name"), &rule.name, errors);
    check_sensitivity(&field("sensitivity"), rule.sensitivity, errors);
    if !zone_ids.contains(&ZoneId(rule.zone_id)) {
        let message = format!(
            "no zone {} on this camera: draw or choose one",
            rule.zone_id
        );
        errors.add(field("zone_id"), message);
    }
    let mut classes = ClassSet::EMPTY;
    for name in &rule.classes {
        match Class::from_name(name) {
            Some(class) => classes = classes.with(class),
            None => {
                let known = Class::ALL.map(Class::name).join(", ");
                errors.add(field("classes"), format!("{name:?} is none of {known}"));
            }
        }
    }
    if rule.classes.is_empty() {
        errors.add(field("classes"), "choose at least one");
    }
    if !(0.0..=MAX_DWELL_S).contains(&rule.dwell_s) {
        let message = format!("{} s: use 0 to {MAX_DWELL_S} seconds", rule.dwell_s);
        errors.add(field("dwell_s"), message);
    }
    (errors.0.len() == n_errors_before).then(|| IntruderRule {
        rule_id: RuleId(rule.id),
        name: rule.name.clone(),
        zone_id: ZoneId(rule.zone_id),
        classes,
        dwell: Duration::from_secs_f32(rule.dwell_s),
        min_score: min_score(rule.sensitivity).expect("checked above"),
        grace: IntruderRule::DEFAULT_GRACE,
    })
}

fn check_sensitivity(field: &str, sensitivity: u8, errors: &mut FieldErrors) {
    if !(1..=10).contains(&sensitivity) {
        errors.add(field, format!("{sensitivity}: use 1 to 10"));
    }
}

fn check_count(field: &str, actual: usize, max: usize, errors: &mut FieldErrors) {
    if actual > max {
        errors.add(field, format!("{actual} of them: use at most {max}"));
    }
}

fn check_unique(field: &str, ids: impl Iterator<Item = u32>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id == 0 || !seen.insert(id) {
            errors.add(field, format!("id {id} is zero or used twice"));
        }
    }
}
