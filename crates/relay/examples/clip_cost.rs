//! What keeping a camera's JPEGs costs, against encoding them as H.264: CPU
//! time and bytes for the same drawn street, in one run.
//!
//! `cargo run --release -p relay --example clip_cost -- [SECONDS] [FPS]` (20 and
//! 10). In: nothing else. Out: a Markdown table; `docs/clips.md` holds the newest
//! one. The files are written to the system's temporary folder and synced every
//! five seconds, as the program does.
//!
//! Not here: waiting for the disk, which is no CPU time; asserting anything.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context as _;
use clip::TracksAt;
use clip::segment::{FILE_HEAD, Kind, head};
use sim::street::StreetOptions;
use transcode::H264Encoder;
use types::{EncodedFrame, Scene, Timestamp};

/// Pictures between two syncs, at five seconds.
const SEGMENT_S: u64 = 5;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u32| -> anyhow::Result<u32> {
        let text = arguments.next();
        text.map_or(Ok(default), |text| {
            text.parse().context("use whole numbers")
        })
    };
    let (seconds, fps) = (number(20)?, number(10)?);
    let options = StreetOptions {
        width_px: 1_920,
        height_px: 1_080,
        ..StreetOptions::default()
    };
    #[expect(clippy::cast_precision_loss, reason = "some pictures a second")]
    let frames = testkit::drawn_frames(1, options, fps as f32, Timestamp::from_secs(1));
    let n_frames = usize::try_from(seconds * fps)?;
    let frames: Vec<EncodedFrame> = frames.take(n_frames).map(|drawn| drawn.frame).collect();
    let jpeg_bytes: usize = frames.iter().map(|frame| frame.jpeg.len()).sum();

    let (kept, kept_cpu) = cpu_of(|| keep(&frames))?;
    let (encoded, encoded_cpu) = cpu_of(|| encode(&frames))?;
    let per_second = |cpu: Duration| cpu.as_secs_f64() / f64::from(seconds);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| {fps} pictures of 1920x1080 a second, {seconds} s | CPU-s per camera-s | bytes per s |"
    )?;
    writeln!(out, "|---|---|---|")?;
    for (name, cpu, bytes) in [
        ("JPEGs as they come", kept_cpu, kept),
        ("encoded as H.264", encoded_cpu, encoded),
    ] {
        let rate = bytes / u64::from(seconds);
        writeln!(out, "| {name} | {:.4} | {rate} |", per_second(cpu))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let share = kept as f64 / jpeg_bytes as f64;
    let ratio = per_second(encoded_cpu) / per_second(kept_cpu).max(1e-9);
    writeln!(
        out,
        "\nCPU ratio {ratio:.0}; file over sum of JPEGs {share:.4}."
    )?;
    Ok(())
}

/// Writes them as the program does; the bytes.
fn keep(frames: &[EncodedFrame]) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let mut n_bytes = 0;
    let mut segment: Option<(File, Timestamp)> = None;
    for (number, frame) in frames.iter().enumerate() {
        let at = frame.captured_at;
        let is_over = |from: Timestamp| at.saturating_since(from).as_secs() >= SEGMENT_S;
        if let Some((file, _)) = segment.take_if(|(_, from)| is_over(*from)) {
            file.sync_data()?;
        }
        if segment.is_none() {
            let mut file = File::create(folder.path().join(number.to_string()))?;
            file.write_all(FILE_HEAD)?;
            n_bytes += FILE_HEAD.len() as u64;
            segment = Some((file, at));
        }
        let (file, _) = segment.as_mut().context("just made")?;
        let tracks = TracksAt::of_scene(&Scene::default()).to_body();
        for (kind, body) in [(Kind::Picture, &frame.jpeg[..]), (Kind::Tracks, &tracks)] {
            let head = head(kind, at, body).context("a picture that is too large")?;
            file.write_all(&head)?;
            file.write_all(body)?;
            n_bytes += (head.len() + body.len()) as u64;
        }
    }
    Ok(n_bytes)
}

/// Encodes them; the bytes.
fn encode(frames: &[EncodedFrame]) -> anyhow::Result<u64> {
    let mut encoder = H264Encoder::new()?;
    let mut n_bytes = 0;
    for frame in frames {
        let unit = encoder.encode(&frame.jpeg, frame.captured_at, false)?;
        n_bytes += unit.bytes.len() as u64;
    }
    Ok(n_bytes)
}

/// What `work` gives, and the CPU time of this process meanwhile.
fn cpu_of<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let before = cpu()?;
    let value = work()?;
    Ok((value, cpu()?.saturating_sub(before)))
}

/// User and system time so far, by the clock of this process.
fn cpu() -> anyhow::Result<Duration> {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat");
    let text = schedstat.context("read the CPU time: Linux tells it")?;
    let nanos = text.split_whitespace().next().context("a number")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}
