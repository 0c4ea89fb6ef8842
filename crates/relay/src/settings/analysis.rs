//! The part of a camera's settings that needs no camera: what is drawn on the
//! picture, rules, programs.
//!
//! In: the camera's document, or the file of `airelay replay --settings`. Out:
//! a checked [`Analysis`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use programs::counting::{Counter, Resets};
use programs::occupancy::{Area, BalanceConfig, Limits, OccupancyConfig};
use programs::schedule::Schedule;
use programs::site::{Drawing, Site};
use programs::state::StateConfig;
use programs::vmd::{self, Rule};
use serde::Deserialize;
use source::{Link, LinkText};
use types::{CameraId, Class, ClassSet, LineId, RuleId, Severity, ZoneId};
use vision::motion::MotionConfig;

use super::alarms::unknown_severity;
use super::extension::{ExtensionPart, MAX_EXTENSIONS};
use super::place::{check_count, check_unique, resolve_drawing, resolve_ground, resolve_masks};
use super::program::{AreaDocument, CounterDocument, MAX_ID, SightingsDocument};
use super::rule::{Places, resolve_rule};
use super::{
    CameraSettings, DetectorPart, ExtensionDocument, FieldErrors, GroundDocument, LineDocument,
    MaskDocument, ObjectMaskDocument, ProgramsDocument, RuleDocument, Schedules, ZoneDocument,
    check_name,
};

/// Rows of the in-minus-out balance.
const BALANCE_ID: RuleId = RuleId(30_000);
/// Height by which pixels of "least height" are meant.
const NOMINAL_HEIGHT_PX: f32 = 1_080.0;

/// What the programs of a camera look for.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What is drawn on the picture; its aspect is set when a picture comes.
    pub drawing: Drawing,
    /// AI motion detection.
    pub vmd: Part<Vec<Rule>>,
    /// People.
    pub people: Part<Following>,
    /// Vehicles.
    pub vehicle: Part<Following>,
    /// Occupancy.
    pub occupancy: Part<OccupancyPart>,
    /// Learnt states.
    pub state: Part<StateConfig>,
    /// All detectors, also while the program is off: their regions, and the
    /// names of their states.
    pub states: Vec<DetectorPart>,
    /// Counters over lines.
    pub counters: Vec<Counter>,
    /// Installed programs that are switched on.
    pub extensions: Vec<ExtensionPart>,
    /// How grave alarms are, by rules that say so.
    pub severities: BTreeMap<RuleId, Severity>,
}

/// One program of a camera: what it looks for, and when.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// `None`: switched off.
    pub wanted: Option<T>,
    /// When it runs; always, if there is none.
    pub schedule: Option<Arc<Schedule>>,
}

/// Whom people and vehicle programs tell of.
#[derive(Clone, Debug)]
pub struct Following {
    /// Only objects that were in one of these; with none, all.
    pub zone_ids: Vec<ZoneId>,
    /// Only objects at least so tall, parts of the picture's height.
    pub min_height: f32,
    /// Whether their looks are described.
    pub has_attributes: bool,
    /// Attributes of installed models that are told as well.
    pub further: Vec<&'static str>,
    /// How long somebody is remembered, so that who comes back is no new
    /// visitor.
    pub visitors_window: Duration,
}

/// What occupancy counts.
#[derive(Clone, Debug)]
pub struct OccupancyPart {
    /// Where.
    pub areas: Vec<Area>,
    /// Length of the told intervals.
    pub interval: Duration,
    /// Entries minus exits.
    pub balance: Option<BalanceConfig>,
}

impl OccupancyPart {
    /// The program's settings on `site`.
    pub fn config(&self, site: &Arc<Site>) -> OccupancyConfig {
        OccupancyConfig {
            site: Arc::clone(site),
            areas: self.areas.clone(),
            interval: self.interval,
            balance: self.balance.clone(),
            heat_classes: self
                .areas
                .iter()
                .flat_map(|area| area.classes.iter())
                .collect(),
        }
    }
}

/// The documents an [`Analysis`] is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnalysisParts<'a> {
    pub zones: &'a [ZoneDocument],
    pub lines: &'a [LineDocument],
    pub masks: &'a [MaskDocument],
    pub object_masks: &'a [ObjectMaskDocument],
    pub ground: Option<&'a GroundDocument>,
    pub rules: &'a [RuleDocument],
    pub programs: &'a ProgramsDocument,
    pub motion_sensitivity: u8,
}

impl AnalysisParts<'_> {
    /// Checks every field; wrong parts are left out and reported.
    pub(crate) fn resolve(
        self,
        schedules: &Schedules,
        errors: &mut FieldErrors,
    ) -> (MotionConfig, Analysis) {
        if !(1..=10).contains(&self.motion_sensitivity) {
            let message = format!("{}: use 1 to 10", self.motion_sensitivity);
            errors.add("motion_sensitivity", message);
        }
        let motion = MotionConfig {
            sensitivity: self.motion_sensitivity,
            masks: resolve_masks(self.masks, errors),
        };
        let mut drawing = resolve_drawing(self.zones, self.lines, self.object_masks, errors);
        drawing.ground = self
            .ground
            .and_then(|document| resolve_ground(document, errors));
        let site = Arc::new(Site::new(drawing.clone()).expect("it was checked a line above"));
        let mut reader = Reader {
            site: &site,
            schedules,
            errors,
        };
        let programs = self.programs;
        // Checked also while they are off: switching on must not fail.
        let rules = reader.rules(self.rules);
        let vmd = Part {
            wanted: programs.vmd.is_enabled.then_some(rules),
            schedule: reader.schedule("programs.vmd", programs.vmd.schedule_id.as_deref()),
        };
        let states = programs.state.resolve(reader.schedules, reader.errors);
        let config = StateConfig {
            detectors: states.iter().map(|part| part.detector.clone()).collect(),
        };
        let schedule_id = programs.state.schedule_id.as_deref();
        let state = Part {
            wanted: programs.state.is_enabled.then_some(config),
            schedule: reader.schedule("programs.state", schedule_id),
        };
        let analysis = Analysis {
            state,
            states,
            vmd,
            people: reader.following("programs.people", &programs.people),
            vehicle: reader.following("programs.vehicle", &programs.vehicle),
            occupancy: reader.occupancy(programs),
            counters: reader.counters(&programs.counters),
            extensions: reader.extensions(&programs.extensions),
            severities: reader.severities(self.rules),
            drawing,
        };
        (motion, analysis)
    }
}

/// Reads documents that refer to places and schedules.
struct Reader<'a> {
    site: &'a Arc<Site>,
    schedules: &'a Schedules,
    errors: &'a mut FieldErrors,
}

impl Reader<'_> {
    fn rules(&mut self, documents: &[RuleDocument]) -> Vec<Rule> {
        let max = vmd::VmdConfig::MAX_RULES;
        check_count("rules", documents.len(), max, self.errors);
        check_unique("rules", documents.iter().map(|rule| rule.id), self.errors);
        let places = Places {
            site: self.site,
            schedules: self.schedules,
        };
        documents
            .iter()
            .enumerate()
            .take(max)
            .filter_map(|(rule_idx, document)| {
                self.id(&format!("rules.{rule_idx}"), document.id);
                let rule = resolve_rule(rule_idx, document, places, self.errors);
                rule.filter(|_| document.is_enabled)
            })
            .collect()
    }

    fn severities(&mut self, documents: &[RuleDocument]) -> BTreeMap<RuleId, Severity> {
        let mut severities = BTreeMap::new();
        for (rule_idx, document) in documents.iter().enumerate() {
            let Some(name) = document.severity.as_deref() else {
                continue;
            };
            match Severity::from_name(name) {
                Some(severity) => {
                    severities.insert(RuleId(document.id), severity);
                }
                None => {
                    let field = format!("rules.{rule_idx}.severity");
                    self.errors.add(field, unknown_severity(name));
                }
            }
        }
        severities
    }

    fn following(&mut self, field: &str, document: &SightingsDocument) -> Part<Following> {
        let zone_ids = document
            .zone_ids
            .iter()
            .filter_map(|&zone_id| self.zone(&format!("{field}.zone_ids"), zone_id))
            .collect();
        if document.min_height_px > 2_160 {
            let message = format!("{}: use 0 to 2160 pixels", document.min_height_px);
            self.errors.add(format!("{field}.min_height_px"), message);
        }
        let mut further = Vec::new();
        for name in &document.further {
            match vision::appearance::attribute_name(name) {
                Some(known) if !further.contains(&known.name) => further.push(known.name),
                Some(_) => {}
                None => {
                    let known = vision::appearance::VOCABULARY.map(|known| known.name);
                    let name: String = name.chars().take(40).collect();
                    let message = format!("{name:?} is none of {}", known.join(", "));
                    self.errors.add(format!("{field}.further"), message);
                }
            }
        }
        if !(60..=86_400).contains(&document.visitors_window_s) {
            let message = format!("{} s: use 60 to 86400", document.visitors_window_s);
            self.errors
                .add(format!("{field}.visitors_window_s"), message);
        }
        let following = Following {
            visitors_window: Duration::from_secs(u64::from(
                document.visitors_window_s.clamp(60, 86_400),
            )),
            further,
            zone_ids,
            min_height: (document.min_height_px.min(2_160) as f32 / NOMINAL_HEIGHT_PX).min(1.0),
            has_attributes: document.attributes,
        };
        Part {
            wanted: document.is_enabled.then_some(following),
            schedule: self.schedule(field, document.schedule_id.as_deref()),
        }
    }

    fn occupancy(&mut self, programs: &ProgramsDocument) -> Part<OccupancyPart> {
        let document = &programs.occupancy;
        let areas = &document.areas;
        let field = "programs.occupancy";
        check_unique(
            &format!("{field}.areas"),
            areas.iter().map(|area| area.id),
            self.errors,
        );
        check_count(
            &format!("{field}.areas"),
            areas.len(),
            OccupancyConfig::MAX_AREAS,
            self.errors,
        );
        if !(1..=3_600).contains(&document.interval_s) {
            let message = format!("{} s: use 1 to 3600 seconds", document.interval_s);
            self.errors.add(format!("{field}.interval_s"), message);
        }
        let areas: Vec<Area> = areas
            .iter()
            .enumerate()
            .filter_map(|(area_idx, area)| self.area(&format!("{field}.areas.{area_idx}"), area))
            .collect();
        let line_ids: Vec<LineId> = document
            .in_line_ids
            .iter()
            .filter_map(|&line_id| self.line(&format!("{field}.in_line_ids"), line_id))
            .collect();
        let classes: ClassSet = areas.iter().flat_map(|area| area.classes.iter()).collect();
        let balance = (!line_ids.is_empty() && !classes.is_empty()).then(|| BalanceConfig {
            rule_id: BALANCE_ID,
            line_ids,
            classes,
            zone_ids: areas.iter().map(|area| area.zone_id).collect(),
        });
        let part = OccupancyPart {
            areas,
            interval: Duration::from_secs(u64::from(document.interval_s.clamp(1, 3_600))),
            balance,
        };
        // What was said of single fields is not said again of all areas.
        if self.errors.is_empty()
            && let Err(error) = part.config(self.site).check()
        {
            self.errors.add(format!("{field}.areas"), error.to_string());
        }
        Part {
            wanted: document.is_enabled.then_some(part),
            schedule: self.schedule(field, document.schedule_id.as_deref()),
        }
    }

    fn area(&mut self, field: &str, document: &AreaDocument) -> Option<Area> {
        self.id(field, document.id);
        check_name(&format!("{field}.name"), &document.name, self.errors);
        let zone_id = self.zone(&format!("{field}.zone_id"), document.zone_id)?;
        let classes = document
            .classes
            .resolve(&format!("{field}.classes"), self.errors);
        let mut seconds = |name: &str, value: f32| {
            if (0.0..=3_600.0).contains(&value) {
                Duration::from_secs_f32(value)
            } else {
                let message = format!("{value} s: use 0 to 3600 seconds");
                self.errors.add(format!("{field}.{name}"), message);
                Duration::ZERO
            }
        };
        let limits = Limits {
            warning: document.warning,
            threshold: document.threshold,
            rise: seconds("rise_s", document.rise_s),
            fall: seconds("fall_s", document.fall_s),
            hysteresis: document.hysteresis,
        };
        Some(Area {
            rule_id: document.stored_as(),
            name: document.name.clone(),
            zone_id,
            classes,
            min_scores: self.min_scores(field, document),
            limits,
            offset: document.offset,
        })
    }

    /// By class: its own threshold, else that of the area's sensitivity.
    fn min_scores(&mut self, field: &str, document: &AreaDocument) -> [f32; 6] {
        let usual = vmd::min_score(document.sensitivity).unwrap_or_else(|| {
            let message = format!("{}: use 1 to 10", document.sensitivity);
            self.errors.add(format!("{field}.sensitivity"), message);
            1.0
        });
        Class::ALL.map(|class| {
            let own = document.classes.threshold(class).unwrap_or(usual);
            if !(0.0..=1.0).contains(&own) {
                let message = format!("{own}: use 0 to 1");
                self.errors.add(format!("{field}.classes"), message);
            }
            own
        })
    }

    fn counters(&mut self, documents: &[CounterDocument]) -> Vec<Counter> {
        let field = "programs.counters";
        check_count(field, documents.len(), Counter::MAX, self.errors);
        check_unique(
            field,
            documents.iter().map(|counter| counter.id),
            self.errors,
        );
        documents
            .iter()
            .enumerate()
            .take(Counter::MAX)
            .filter_map(|(idx, document)| self.counter(&format!("{field}.{idx}"), document))
            .collect()
    }

    fn counter(&mut self, field: &str, document: &CounterDocument) -> Option<Counter> {
        self.id(field, document.id);
        check_name(&format!("{field}.name"), &document.name, self.errors);
        let line_id = self.line(&format!("{field}.line_id"), document.line_id)?;
        let classes = document
            .classes
            .resolve(&format!("{field}.classes"), self.errors);
        if classes
            .iter()
            .any(|class| document.classes.threshold(class).is_some())
        {
            let message = "a counter counts all followed objects: leave the thresholds out";
            self.errors.add(format!("{field}.classes"), message);
        }
        if !(1..=3_600).contains(&document.interval_s) {
            let message = format!("{} s: use 1 to 3600 seconds", document.interval_s);
            self.errors.add(format!("{field}.interval_s"), message);
        }
        let resets = Resets::parse(&document.resets, &document.time_zone)
            .map_err(|error| {
                self.errors
                    .add(format!("{field}.resets"), error.to_string());
            })
            .ok()?;
        Some(Counter {
            rule_id: document.stored_as(),
            name: document.name.clone(),
            line_id,
            classes,
            interval: Duration::from_secs(u64::from(document.interval_s.clamp(1, 3_600))),
            resets,
        })
    }

    fn extensions(
        &mut self,
        documents: &BTreeMap<String, ExtensionDocument>,
    ) -> Vec<ExtensionPart> {
        let field = "programs.extensions";
        check_count(field, documents.len(), MAX_EXTENSIONS, self.errors);
        let wanted = documents.iter().filter(|(_, document)| document.is_enabled);
        wanted
            .take(MAX_EXTENSIONS)
            .map(|(id, document)| ExtensionPart {
                id: id.clone(),
                settings: document.settings.clone(),
                schedule: self.schedule(&format!("{field}.{id}"), document.schedule_id.as_deref()),
            })
            .collect()
    }

    /// Higher ones would be stored where other numbers are.
    fn id(&mut self, field: &str, id: u32) {
        if id > MAX_ID {
            let message = format!("{id}: use 1 to {MAX_ID}");
            self.errors.add(format!("{field}.id"), message);
        }
    }

    fn zone(&mut self, field: &str, zone_id: u32) -> Option<ZoneId> {
        let known = Some(ZoneId(zone_id)).filter(|&zone_id| self.site.place(zone_id).is_some());
        if known.is_none() {
            let message = format!("no zone {zone_id} on this camera: draw or choose one");
            self.errors.add(field, message);
        }
        known
    }

    fn line(&mut self, field: &str, line_id: u32) -> Option<LineId> {
        let known = Some(LineId(line_id)).filter(|&line_id| self.site.path(line_id).is_some());
        if known.is_none() {
            let message = format!("no line {line_id} on this camera: draw or choose one");
            self.errors.add(field, message);
        }
        known
    }

    fn schedule(&mut self, field: &str, schedule_id: Option<&str>) -> Option<Arc<Schedule>> {
        let schedule = self.schedules.get(schedule_id?).cloned();
        if schedule.is_none() {
            self.errors.add(
                format!("{field}.schedule_id"),
                "no such schedule: choose another one",
            );
        }
        schedule
    }
}

/// What `airelay replay --settings FILE` reads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisDocument {
    /// Places that rules refer to.
    pub zones: Vec<ZoneDocument>,
    /// Lines that rules and counters refer to.
    pub lines: Vec<LineDocument>,
    /// Places where motion is ignored.
    pub masks: Vec<MaskDocument>,
    /// Places where objects of some classes are ignored.
    pub object_masks: Vec<ObjectMaskDocument>,
    /// From the picture to metres.
    pub ground: Option<GroundDocument>,
    /// What raises alarms.
    pub rules: Vec<RuleDocument>,
    /// What else is looked for.
    pub programs: ProgramsDocument,
    /// 1 to 10; 5 when absent.
    pub motion_sensitivity: Option<u8>,
}

impl AnalysisDocument {
    /// Reads TOML, or JSON when the text starts with a brace.
    ///
    /// # Errors
    /// The text is neither, or has unknown keys.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if text.trim_start().starts_with('{') {
            serde_json::from_str(text).context("read settings as JSON")
        } else {
            toml::from_str(text).context("read settings as TOML")
        }
    }

    /// Settings of a camera that is a clip. It knows no schedules: its rules
    /// are always on.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn resolve(&self, camera_id: &CameraId) -> Result<Arc<CameraSettings>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let parts = AnalysisParts {
            zones: &self.zones,
            lines: &self.lines,
            masks: &self.masks,
            object_masks: &self.object_masks,
            ground: self.ground.as_ref(),
            rules: &self.rules,
            programs: &self.programs,
            motion_sensitivity: self.motion_sensitivity.unwrap_or(5),
        };
        let (motion, analysis) = parts.resolve(&Schedules::new(), &mut errors);
        let clips = super::ClipsDocument::default().resolve(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Arc::new(CameraSettings {
            camera_id: camera_id.clone(),
            name: camera_id.to_string(),
            is_enabled: true,
            link: unused_link(),
            motion,
            analysis,
            has_ipro_output: false,
            clips,
            revision: 0,
        }))
    }
}

/// A clip is not linked; the field must hold something.
fn unused_link() -> Link {
    let text = LinkText {
        host: "localhost".to_owned(),
        path: "/".to_owned(),
        ..LinkText::default()
    };
    Link::parse(&text).expect("a plain link is valid")
}
