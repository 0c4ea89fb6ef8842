//! Paths that camera makers use, written from what a person chooses.
//!
//! In: a preset and its choices. Out: the path and query to type into the link.
//!
//! Only paths that makers publish or that were seen in use stand here. What a
//! maker leaves to the camera's own settings (size, rate) is said in the note.
//!
//! Not here: finding out of which make a camera is.

use std::fmt::Write as _;

use thiserror::Error;

use crate::link::Mode;

/// One maker's way to pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Stable name in snake_case.
    pub id: &'static str,
    /// Maker.
    pub vendor: &'static str,
    /// For the list in the form.
    pub label: &'static str,
    /// The mode that fits the path: `Stream` or `OneShot`.
    pub mode: Mode,
    /// Sizes that can be asked for (width, height in pixels), best first.
    /// Empty: the camera's own setting holds.
    pub resolutions: &'static [(u32, u32)],
    /// Whether the path names a stream number.
    pub has_stream: bool,
    /// Whether the path names a channel.
    pub has_channel: bool,
    /// Whether the path asks for a frame rate.
    pub has_fps: bool,
    /// What else to set on the camera; may be empty.
    pub note: &'static str,
    /// The path, with what it asks for in braces.
    template: &'static str,
}

/// What a person chooses for a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetInput {
    /// Picture width, pixels.
    pub width_px: u32,
    /// Picture height, pixels.
    pub height_px: u32,
    /// Frames per second, 1 to 60.
    pub fps: u32,
    /// Stream number, 1 to 4.
    pub stream: u8,
    /// Channel, 1 to 4.
    pub channel: u8,
}

impl Default for PresetInput {
    fn default() -> Self {
        PresetInput {
            width_px: 1920,
            height_px: 1080,
            fps: 5,
            stream: 1,
            channel: 1,
        }
    }
}

/// A choice that the preset does not have. In words for the form.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PresetError {
    /// The size is not among [`Preset::resolutions`].
    #[error("{width_px}x{height_px} is not possible here: choose one of {possible}")]
    Resolution {
        /// Asked for, pixels.
        width_px: u32,
        /// Asked for, pixels.
        height_px: u32,
        /// Sizes that are possible.
        possible: String,
    },
    /// A number is outside its range.
    #[error("{field} is {value}: choose a number from {min} to {max}")]
    OutOfRange {
        /// Which choice.
        field: &'static str,
        /// Asked for.
        value: u32,
        /// Smallest possible.
        min: u32,
        /// Largest possible.
        max: u32,
    },
}

const SIZES: &[(u32, u32)] = &[(1920, 1080), (1280, 720), (640, 360)];

const fn preset(id: &'static str, vendor: &'static str, mode: Mode) -> Preset {
    Preset {
        id,
        vendor,
        label: vendor,
        mode,
        resolutions: &[],
        has_stream: false,
        has_channel: false,
        has_fps: false,
        note: "",
        template: "",
    }
}

const PRESETS: &[Preset] = &[
    Preset {
        label: "i-PRO (MJPEG)",
        has_stream: true,
        has_fps: true,
        template: "/cgi-bin/mjpeg?stream={stream}&frame={fps}",
        note: "Set the size of the JPEG stream on the camera. With its H.264/H.265 streams on, a camera may send MJPEG at about 5 fps whatever is asked.",
        ..preset("ipro_mjpeg", "i-PRO", Mode::Stream)
    },
    Preset {
        label: "i-PRO / Panasonic, older (MJPEG)",
        resolutions: &[(1920, 1080), (1280, 720), (640, 360), (640, 480)],
        has_fps: true,
        template: "/cgi-bin/nphMotionJpeg?Resolution={size}&Quality=Standard&Framerate={fps}",
        note: "Some models know this path only as /nphMotionJpeg.",
        ..preset("ipro_old_mjpeg", "i-PRO", Mode::Stream)
    },
    Preset {
        label: "Advidia (MJPEG)",
        has_stream: true,
        template: "/video/mjpeg/stream{stream}",
        note: "Works over http only, with the login for MJPEG switched off on the camera. Set size and frame rate on the camera.",
        ..preset("advidia_mjpeg", "Advidia", Mode::Stream)
    },
    Preset {
        label: "AXIS (MJPEG)",
        resolutions: SIZES,
        has_channel: true,
        has_fps: true,
        template: "/axis-cgi/mjpg/video.cgi?resolution={size}&fps={fps}{axis_camera}",
        ..preset("axis_mjpeg", "AXIS", Mode::Stream)
    },
    Preset {
        label: "Hanwha (MJPEG)",
        resolutions: SIZES,
        has_stream: true,
        has_fps: true,
        template: "/stw-cgi/video.cgi?msubmenu=stream&action=view&Profile={stream}&CodecType=MJPEG&Resolution={size}&FrameRate={fps}",
        note: "The stream number is the number of a profile whose codec is MJPEG.",
        ..preset("hanwha_mjpeg", "Hanwha", Mode::Stream)
    },
    Preset {
        label: "VIVOTEK (MJPEG)",
        has_stream: true,
        has_channel: true,
        template: "/video{channel}s{stream}.mjpg",
        note: "Set this stream to MJPEG, its size and its frame rate on the camera.",
        ..preset("vivotek_mjpeg", "VIVOTEK", Mode::Stream)
    },
    Preset {
        label: "Bosch (one shot)",
        template: "/snap.jpg",
        note: "Set the size of JPEG pictures on the camera.",
        ..preset("bosch_one_shot", "Bosch", Mode::OneShot)
    },
    Preset {
        label: "Avigilon (one shot)",
        has_channel: true,
        template: "/media/cam{channel_from_0}/still.jpg",
        note: "Set the picture size on the camera.",
        ..preset("avigilon_one_shot", "Avigilon", Mode::OneShot)
    },
    Preset {
        label: "i-PRO (one shot)",
        has_stream: true,
        template: "/cgi-bin/camera?stream={stream}",
        note: "Set the size of the JPEG stream on the camera.",
        ..preset("ipro_one_shot", "i-PRO", Mode::OneShot)
    },
    Preset {
        label: "i-PRO / Panasonic, older (one shot)",
        resolutions: &[(1920, 1080), (1280, 720), (640, 360), (640, 480)],
        template: "/SnapshotJPEG?Resolution={size}",
        ..preset("ipro_old_one_shot", "i-PRO", Mode::OneShot)
    },
    Preset {
        label: "AXIS (one shot)",
        resolutions: SIZES,
        has_channel: true,
        template: "/axis-cgi/jpg/image.cgi?resolution={size}{axis_camera}",
        ..preset("axis_one_shot", "AXIS", Mode::OneShot)
    },
    Preset {
        label: "Hanwha (one shot)",
        template: "/stw-cgi/video.cgi?msubmenu=snapshot&action=view",
        note: "Set the picture size in the camera's MJPEG profile.",
        ..preset("hanwha_one_shot", "Hanwha", Mode::OneShot)
    },
];

/// All presets: streams first, then one shot.
pub fn all() -> &'static [Preset] {
    PRESETS
}

/// The preset with this id.
pub fn find(id: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.id == id)
}

/// Writes path and query of `preset` for these choices, with the leading slash.
/// Choices that the preset does not use are ignored.
///
/// # Errors
/// A choice that the preset uses is not possible.
pub fn command(preset: &Preset, input: &PresetInput) -> Result<String, PresetError> {
    let size = (input.width_px, input.height_px);
    if !preset.resolutions.is_empty() && !preset.resolutions.contains(&size) {
        let possible: Vec<String> = preset
            .resolutions
            .iter()
            .map(|(width_px, height_px)| format!("{width_px}x{height_px}"))
            .collect();
        return Err(PresetError::Resolution {
            width_px: input.width_px,
            height_px: input.height_px,
            possible: possible.join(", "),
        });
    }
    let numbers = [
        (preset.has_fps, "fps", input.fps, 60),
        (preset.has_stream, "stream", u32::from(input.stream), 4),
        (preset.has_channel, "channel", u32::from(input.channel), 4),
    ];
    for (is_used, field, value, max) in numbers {
        if is_used && !(1..=max).contains(&value) {
            return Err(PresetError::OutOfRange {
                field,
                value,
                min: 1,
                max,
            });
        }
    }
    // AXIS counts cameras from 1; only models with several know the parameter.
    let mut axis_camera = String::new();
    if input.channel > 1 {
        write!(axis_camera, "&camera={}", input.channel).expect("a String takes all text");
    }
    let channel_from_0 = input.channel.saturating_sub(1).to_string();
    Ok(preset
        .template
        .replace("{size}", &format!("{}x{}", input.width_px, input.height_px))
        .replace("{fps}", &input.fps.to_string())
        .replace("{stream}", &input.stream.to_string())
        .replace("{channel}", &input.channel.to_string())
        .replace("{channel_from_0}", &channel_from_0)
        .replace("{axis_camera}", &axis_camera))
}

/// The maker's path for single pictures that belongs to a stream's path, where
/// it is known. Parameters that both understand are kept.
pub(crate) fn one_shot_path(stream_path: &str) -> Option<String> {
    let (path, query) = stream_path.split_once('?').unwrap_or((stream_path, ""));
    let (one_shot, kept): (&str, &[&str]) = match path {
        "/cgi-bin/mjpeg" => ("/cgi-bin/camera", &["stream"]),
        "/axis-cgi/mjpg/video.cgi" => ("/axis-cgi/jpg/image.cgi", &["resolution", "camera"]),
        "/nphMotionJpeg" | "/cgi-bin/nphMotionJpeg" | "/cgi-bin/nphContinuousServerPush" => {
            ("/SnapshotJPEG", &["Resolution", "Quality"])
        }
        "/stw-cgi/video.cgi" => {
            return Some("/stw-cgi/video.cgi?msubmenu=snapshot&action=view".to_owned());
        }
        _ => return None,
    };
    let parameters: Vec<&str> = query
        .split('&')
        .filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            kept.contains(&name)
        })
        .collect();
    Some(if parameters.is_empty() {
        one_shot.to_owned()
    } else {
        format!("{one_shot}?{}", parameters.join("&"))
    })
}

#[cfg(test)]
mod tests;
