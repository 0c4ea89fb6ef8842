//! What an alarm keeps of its camera's pictures.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldErrors, default_true};

/// Longest time before an alarm, seconds: these pictures wait in memory.
const MAX_BEFORE_S: u32 = 30;
/// Longest time after its end, seconds.
const MAX_AFTER_S: u32 = 60;
/// Most pictures per second.
const MAX_FPS: f32 = 30.0;
/// Fewest.
const MIN_FPS: f32 = 0.5;
/// Least room for one camera, MB: some clips of a large picture.
const MIN_QUOTA_MB: u32 = 50;
/// Most room for one camera, MB: a terabyte.
const MAX_QUOTA_MB: u32 = 1_000_000;
/// Longest time that clips are kept, days: ten years.
const MAX_DAYS: u32 = 3_650;

/// Clips of alarms, as stored and as REST shows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClipsDocument {
    /// Whether alarms keep pictures.
    #[serde(default = "default_true")]
    pub is_on: bool,
    /// Seconds before the alarm, 0 to 30.
    pub before_s: u32,
    /// Seconds after its end, 0 to 60.
    pub after_s: u32,
    /// Most pictures per second, 0.5 to 30; a faster camera's are thinned out.
    pub max_fps: f32,
    /// Most room on the disk, MB, 50 to 1,000,000; beyond it the oldest clips
    /// go.
    pub quota_mb: u32,
    /// Days for which clips are kept, 1 to 3,650.
    pub days: u32,
}

/// Clips of alarms, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipSettings {
    /// Whether alarms keep pictures.
    pub is_on: bool,
    /// Time before the alarm.
    pub before: Duration,
    /// Time after its end.
    pub after: Duration,
    /// Shortest time between two pictures.
    pub interval: Duration,
    /// Most room on the disk, bytes.
    pub quota_bytes: u64,
    /// How long clips are kept.
    pub keep: Duration,
}

impl Default for ClipsDocument {
    /// 5 s before, 10 s after, 10 pictures per second, 2 GB, 30 days.
    fn default() -> Self {
        ClipsDocument {
            is_on: true,
            before_s: 5,
            after_s: 10,
            max_fps: 10.0,
            quota_mb: 2_000,
            days: 30,
        }
    }
}

impl ClipsDocument {
    /// Checks every field.
    pub(super) fn resolve(&self, errors: &mut FieldErrors) -> ClipSettings {
        let mut whole = |field: &str, value: u32, min: u32, max: u32| {
            if !(min..=max).contains(&value) {
                errors.add(
                    format!("clips.{field}"),
                    format!("{value}: use {min} to {max}"),
                );
            }
        };
        whole("before_s", self.before_s, 0, MAX_BEFORE_S);
        whole("after_s", self.after_s, 0, MAX_AFTER_S);
        whole("quota_mb", self.quota_mb, MIN_QUOTA_MB, MAX_QUOTA_MB);
        whole("days", self.days, 1, MAX_DAYS);
        let fps = self.max_fps;
        let is_fps = (MIN_FPS..=MAX_FPS).contains(&fps);
        if !is_fps {
            errors.add(
                "clips.max_fps",
                format!("{fps}: use {MIN_FPS} to {MAX_FPS}"),
            );
        }
        ClipSettings {
            is_on: self.is_on,
            before: Duration::from_secs(self.before_s.into()),
            after: Duration::from_secs(self.after_s.into()),
            interval: Duration::from_secs(1).div_f32(if is_fps { fps } else { MAX_FPS }),
            quota_bytes: u64::from(self.quota_mb) * 1_000_000,
            keep: Duration::from_hours(24 * u64::from(self.days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_can_be_used() {
        let mut errors = FieldErrors::default();
        let settings = ClipsDocument::default().resolve(&mut errors);
        assert!(errors.is_empty(), "{errors}");
        assert!(settings.is_on);
        assert_eq!(settings.interval.as_millis(), 100);
        let empty: ClipsDocument = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, ClipsDocument::default());
    }

    #[test]
    fn values_out_of_range_are_named() {
        let document = ClipsDocument {
            before_s: 31,
            max_fps: f32::NAN,
            days: 0,
            ..ClipsDocument::default()
        };
        let mut errors = FieldErrors::default();
        document.resolve(&mut errors);
        let fields: Vec<String> = errors.into_map().into_keys().collect();
        assert_eq!(fields, ["clips.before_s", "clips.days", "clips.max_fps"]);
    }
}
