//! The `ffmpeg` program as a reader of clips.
//!
//! In: a path. Out: JPEGs on a pipe.
//!
//! Not here: cutting the pipe's bytes into pictures.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::error::Error;
use crate::replay::clip_error;

/// A running `ffmpeg`. Ended when dropped.
#[derive(Debug)]
pub(super) struct Ffmpeg {
    child: Child,
    output: ChildStdout,
}

impl Ffmpeg {
    /// Starts `ffmpeg` on `path`.
    pub(super) fn start(
        path: &Path,
        fps: Option<f32>,
        size: Option<(u32, u32)>,
    ) -> Result<Self, Error> {
        let mut filters = Vec::new();
        if let Some(fps) = fps {
            filters.push(format!("fps={fps}"));
        }
        if let Some((width_px, height_px)) = size {
            filters.push(format!("scale={width_px}:{height_px}"));
        }
        let mut command = Command::new("ffmpeg");
        command
            .args(["-nostdin", "-loglevel", "fatal", "-i"])
            .arg(file_argument(path))
            .args(["-an", "-sn", "-dn"]);
        if !filters.is_empty() {
            command.args(["-vf", &filters.join(",")]);
        }
        // One thread and fixed quality: the same bytes on every machine.
        command
            .args(["-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3"])
            .args(["-threads", "1", "-fflags", "+bitexact", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| missing("ffmpeg", &error))?;
        let output = child.stdout.take().ok_or_else(|| Error::Bug {
            text: "ffmpeg has no output pipe".to_owned(),
        })?;
        Ok(Ffmpeg { child, output })
    }

    /// Waits for the end of the program after its output has ended.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("ffmpeg cannot read it ({status})")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Read for Ffmpeg {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.output.read(buf)
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        // Both fail only when the program has ended already.
        if self.child.kill().is_ok()
            && let Err(error) = self.child.wait()
        {
            tracing::debug!(%error, "waiting for ffmpeg failed");
        }
    }
}

/// Frames per second of the clip, asked from `ffprobe`.
pub(super) fn frame_rate(path: &Path) -> Result<f32, Error> {
    let output = Command::new("ffprobe")
        .args(["-v", "fatal", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=avg_frame_rate"])
        .args(["-of", "default=noprint_wrappers=1:nokey=1"])
        .arg(file_argument(path))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| missing("ffprobe", &error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_rate(text.lines().next().unwrap_or_default())
        .ok_or_else(|| clip_error(path, "ffprobe finds no frame rate in it"))
}

/// Reads `30000/1001` or `25`.
fn parse_rate(text: &str) -> Option<f32> {
    let (over, under) = text.trim().split_once('/').unwrap_or((text.trim(), "1"));
    let rate = over.parse::<f32>().ok()? / under.parse::<f32>().ok()?;
    (0.01..=1_000.0).contains(&rate).then_some(rate)
}

/// `path` so that `ffmpeg` takes it for a file and nothing else.
fn file_argument(path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(path);
    argument
}

fn missing(program: &str, error: &io::Error) -> Error {
    Error::FfmpegMissing {
        program: program.to_owned(),
        text: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_read_as_fraction_or_number() {
        for (text, expected) in [
            ("25/1", Some(25.0)),
            ("30000/1001", Some(29.97003)),
            ("12\n", Some(12.0)),
            ("0/0", None),
            ("", None),
            ("x/1", None),
        ] {
            assert_eq!(parse_rate(text), expected, "{text:?}");
        }
    }
}
