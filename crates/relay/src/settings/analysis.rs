//! The part of a camera's settings that needs no camera: zones, masks, rules.
//!
//! What `airelay replay --settings FILE` reads.

use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use source::{Link, LinkText};
use types::CameraId;

use super::camera::resolve_analysis;
use super::{CameraSettings, FieldErrors, RuleDocument, ZoneDocument};

/// Zones, masks and rules as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisDocument {
    /// Places that rules refer to.
    pub zones: Vec<ZoneDocument>,
    /// Places where motion is ignored.
    pub masks: Vec<ZoneDocument>,
    /// What raises alarms.
    pub rules: Vec<RuleDocument>,
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

    /// Settings of a camera that is a clip.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn resolve(&self, camera_id: &CameraId) -> Result<Arc<CameraSettings>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let (motion, vmd) = resolve_analysis(
            &self.zones,
            &self.masks,
            &self.rules,
            self.motion_sensitivity.unwrap_or(5),
            &mut errors,
        );
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Arc::new(CameraSettings {
            camera_id: camera_id.clone(),
            name: camera_id.to_string(),
            is_enabled: true,
            link: unused_link(),
            motion,
            vmd,
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
