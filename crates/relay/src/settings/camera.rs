//! One camera's document and the settings a running camera uses.

use serde::{Deserialize, Serialize};
use source::Link;
use types::{CameraId, DetectorId, LineId, RuleId, Severity, StateId, ZoneId};
use vision::motion::MotionConfig;

use super::analysis::{Analysis, AnalysisParts};
use super::{
    ClipSettings, ClipsDocument, FieldErrors, GroundDocument, LineDocument, LinkDocument,
    MaskDocument, ObjectMaskDocument, ProgramsDocument, RuleDocument, Schedules, ZoneDocument,
    check_name,
};
use crate::secrets::Vault;

/// Most cameras one airelay holds: a bound on memory, not a promise of speed.
pub const MAX_CAMERAS: usize = 1_000;

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
    /// Lines that rules and counters refer to.
    #[serde(default)]
    pub lines: Vec<LineDocument>,
    /// Places where motion is ignored.
    #[serde(default)]
    pub masks: Vec<MaskDocument>,
    /// Places where objects of some classes are ignored.
    #[serde(default)]
    pub object_masks: Vec<ObjectMaskDocument>,
    /// From the picture to metres.
    #[serde(default)]
    pub ground: Option<GroundDocument>,
    /// What raises alarms.
    #[serde(default)]
    pub rules: Vec<RuleDocument>,
    /// What else is looked for.
    #[serde(default)]
    pub programs: ProgramsDocument,
    /// 1 (only large, clear motion) to 10 (the slightest).
    #[serde(default = "default_sensitivity")]
    pub motion_sensitivity: u8,
    /// Whether streams and pictures are also given in i-PRO's form.
    #[serde(default)]
    pub has_ipro_output: bool,
    /// What alarms keep of its pictures.
    #[serde(default)]
    pub clips: ClipsDocument,
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
    /// What is drawn on the picture, and what the programs look for.
    pub analysis: Analysis,
    /// Whether streams and pictures are also given in i-PRO's form.
    pub has_ipro_output: bool,
    /// What alarms keep of its pictures.
    pub clips: ClipSettings,
    /// Which revision of the document this is.
    pub revision: u64,
}

impl CameraSettings {
    /// What people call a zone.
    pub fn zone_name(&self, zone_id: ZoneId) -> Option<&str> {
        let mut zones = self.analysis.drawing.zones.iter();
        Some(&zones.find(|zone| zone.zone_id == zone_id)?.name)
    }

    /// How grave the alarms of a rule are, if the rule says so.
    pub fn severity(&self, rule_id: RuleId) -> Option<Severity> {
        self.analysis.severities.get(&rule_id).copied()
    }

    /// What people call a line.
    pub fn line_name(&self, line_id: LineId) -> Option<&str> {
        let mut lines = self.analysis.drawing.lines.iter();
        Some(&lines.find(|line| line.line_id == line_id)?.name)
    }

    /// What people call a detector and its state.
    pub fn state_name(
        &self,
        (detector_id, state_id): (DetectorId, StateId),
    ) -> Option<(&str, &str)> {
        let mut detectors = self.analysis.states.iter();
        let part = detectors.find(|part| part.detector.detector_id == detector_id)?;
        Some((&part.detector.name, part.detector.state_name(state_id)?))
    }
}

pub(super) fn default_sensitivity() -> u8 {
    5
}

impl CameraDocument {
    /// A camera that is switched on, without zones and rules.
    pub fn new(name: String, link: LinkDocument) -> Self {
        CameraDocument {
            name,
            is_enabled: true,
            link,
            zones: Vec::new(),
            lines: Vec::new(),
            masks: Vec::new(),
            object_masks: Vec::new(),
            ground: None,
            rules: Vec::new(),
            programs: ProgramsDocument::default(),
            motion_sensitivity: default_sensitivity(),
            has_ipro_output: false,
            clips: ClipsDocument::default(),
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
        schedules: &Schedules,
        vault: &Vault,
    ) -> Result<CameraSettings, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        let link = match self.link.resolve(vault) {
            Ok(link) => Some(link),
            Err(link_errors) => {
                for (field, message) in link_errors.into_map() {
                    errors.add(field, message);
                }
                None
            }
        };
        let (motion, analysis) = self.parts().resolve(schedules, &mut errors);
        let clips = self.clips.resolve(&mut errors);
        match (link, errors.is_empty()) {
            (Some(link), true) => Ok(CameraSettings {
                camera_id: camera_id.clone(),
                name: self.name.clone(),
                is_enabled: self.is_enabled,
                link,
                motion,
                analysis,
                has_ipro_output: self.has_ipro_output,
                clips,
                revision,
            }),
            _ => Err(errors),
        }
    }

    /// Whether a rule or program goes by this schedule.
    pub fn uses_schedule(&self, schedule_id: &str) -> bool {
        let programs = &self.programs;
        let by_programs = [
            &programs.vmd.schedule_id,
            &programs.people.schedule_id,
            &programs.vehicle.schedule_id,
            &programs.occupancy.schedule_id,
            &programs.state.schedule_id,
        ];
        let by_rules = self.rules.iter().map(|rule| &rule.schedule_id);
        let by_extensions = programs.extensions.values().map(|ext| &ext.schedule_id);
        let detectors = programs.state.detectors.iter();
        let by_state_rules = detectors
            .flat_map(|detector| &detector.rules)
            .map(|rule| &rule.schedule_id);
        by_rules
            .chain(by_programs)
            .chain(by_state_rules)
            .chain(by_extensions)
            .any(|used| used.as_deref() == Some(schedule_id))
    }

    /// The part that needs no link.
    pub(crate) fn parts(&self) -> AnalysisParts<'_> {
        AnalysisParts {
            zones: &self.zones,
            lines: &self.lines,
            masks: &self.masks,
            object_masks: &self.object_masks,
            ground: self.ground.as_ref(),
            rules: &self.rules,
            programs: &self.programs,
            motion_sensitivity: self.motion_sensitivity,
        }
    }
}
