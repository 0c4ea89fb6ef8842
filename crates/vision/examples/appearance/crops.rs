//! Labels, and the crops they speak of.
//!
//! In: a text file, one crop per line:
//! `file time_s x1 y1 x2 y2 class who seen`, the box in parts of the picture;
//! `who` names the one object in all its crops, `-` is a stranger; `seen` is
//! `upper=red,lower=blue` or `vehicle=white`, a doubtful colour with its
//! alternative as `grey|white`, `-` when nobody looked. Out: crops cut as
//! best shots are.
//!
//! Not here: any pictures in the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jpeg::{Decoder, Encoder, Limits, RgbImage, Scale};
use source::replay::{self, ReplayOptions};
use types::{Class, EncodedFrame, NormBox, Timestamp};
use vision::appearance::{Light, Shown};
use vision::decode::FrameDecoder;

/// Frames per second at which clips are read; times in labels are of these.
pub(crate) const FPS: f32 = 5.0;
const START: Timestamp = Timestamp::from_secs(1_000);
/// As the default of best shots.
const MARGIN: f32 = 0.12;
const MAX_SIDE_PX: u32 = 640;

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) file: String,
    pub(crate) at_ms: u64,
    pub(crate) bbox: NormBox,
    pub(crate) class: Class,
    pub(crate) who: Option<String>,
    /// Part and the colours that are right for it.
    pub(crate) seen: Vec<(String, Vec<String>)>,
}

/// A crop with its label.
#[derive(Debug)]
pub(crate) struct Crop {
    pub(crate) label: Label,
    pub(crate) image: RgbImage,
    /// The object in the crop.
    pub(crate) bbox: NormBox,
    pub(crate) light: Light,
}

impl Crop {
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown {
            crop: &self.image,
            bbox: self.bbox,
            class: self.label.class,
            score: 1.0,
            is_cut_below: self.label.bbox.y2() > 0.995,
            light: self.light,
        }
    }
}

/// Reads the labels and cuts all crops.
pub(crate) fn read(labels: &Path) -> anyhow::Result<Vec<Crop>> {
    let text = fs::read_to_string(labels).with_context(|| format!("read {}", labels.display()))?;
    let mut by_file: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    for (line_idx, line) in text.lines().enumerate() {
        if !line.is_empty() && !line.starts_with('#') {
            let label = parse(line).with_context(|| format!("line {}: {line}", line_idx + 1))?;
            by_file.entry(label.file.clone()).or_default().push(label);
        }
    }
    let mut crops = Vec::new();
    for (file, mut labels) in by_file {
        labels.sort_by_key(|label| label.at_ms);
        let path = testkit::shared_data(&file)
            .with_context(|| format!("{file}: the shared test data is missing"))?;
        cut_all(&path, labels, &mut crops)?;
    }
    Ok(crops)
}

fn parse(line: &str) -> anyhow::Result<Label> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [file, at_s, x1, y1, x2, y2, class, who, seen] = words[..] else {
        bail!("{} words, 9 needed", words.len());
    };
    let at = Duration::try_from_secs_f64(at_s.parse()?)?;
    let colours = |part: &str| {
        let (part, colours) = part.split_once('=').context("part=colour")?;
        let colours = colours.split('|').map(str::to_owned).collect();
        Ok::<_, anyhow::Error>((part.to_owned(), colours))
    };
    Ok(Label {
        file: file.to_owned(),
        at_ms: u64::try_from(at.as_millis())?,
        bbox: NormBox::from_xyxy(x1.parse()?, y1.parse()?, x2.parse()?, y2.parse()?),
        class: Class::from_name(class).context("class")?,
        who: (who != "-").then(|| who.to_owned()),
        seen: match seen {
            "-" => Vec::new(),
            _ => seen.split(',').map(colours).collect::<Result<_, _>>()?,
        },
    })
}

fn cut_all(path: &Path, labels: Vec<Label>, crops: &mut Vec<Crop>) -> anyhow::Result<()> {
    let mut labels = labels.into_iter().peekable();
    for frame in frames(path)? {
        let frame = frame?;
        let at_ms = u64::try_from(frame.captured_at.saturating_since(START).as_millis())?;
        while let Some(label) = labels.next_if(|label| label.at_ms <= at_ms + 5) {
            crops.push(cut(label, &frame)?);
        }
        if labels.peek().is_none() {
            return Ok(());
        }
    }
    bail!("{}: ends before its last label", path.display())
}

/// The frames of a clip at [`FPS`], or the one of a picture.
pub(crate) fn frames(
    path: &Path,
) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<EncodedFrame>>>> {
    if path.extension().is_some_and(|extension| extension == "jpg") {
        let frame = EncodedFrame {
            captured_at: START,
            seq: 0,
            jpeg: fs::read(path)?.into(),
        };
        return Ok(Box::new(std::iter::once(Ok(frame))));
    }
    let options = ReplayOptions {
        fps: Some(FPS),
        size: None,
        start_at: START,
    };
    let clip = replay::open(path, options)?;
    Ok(Box::new(clip.map(|frame| Ok(frame?))))
}

/// When a frame of [`frames`] was, since the start.
pub(crate) fn since_start(frame: &EncodedFrame) -> Duration {
    frame.captured_at.saturating_since(START)
}

/// Cuts as best shots are cut: with a margin, scaled down if large.
fn cut(label: Label, frame: &EncodedFrame) -> anyhow::Result<Crop> {
    let mut decoder = Decoder::new(Limits::default())?;
    let mut frames = FrameDecoder::new();
    let image = frames.decode(frame, &mut decoder)?;
    let bbox = label.bbox;
    let aspect = image.full_width_px as f32 / image.full_height_px as f32;
    let side = (bbox.width() * aspect).max(bbox.height());
    let (dx, dy) = (MARGIN * side / aspect, MARGIN * side);
    let area = image.full_rect(NormBox::from_xyxy(
        bbox.x1() - dx,
        bbox.y1() - dy,
        bbox.x2() + dx,
        bbox.y2() + dy,
    ));
    let longer_px = area.width.max(area.height) + 32;
    let scale = if longer_px > MAX_SIDE_PX {
        Scale::Half
    } else {
        Scale::Full
    };
    let (crop, covered, _) = decoder.rgb(&frame.jpeg, scale, Some(area))?;
    let covered = image.norm_box(covered);
    Ok(Crop {
        bbox: vision::appearance::box_in_crop(bbox, covered),
        light: Light::of(&image.planes),
        label,
        image: crop,
    })
}

/// Writes each crop as a file named by its number, class and who it is.
pub(crate) fn write_sheet(crops: &[Crop], folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let mut encoder = Encoder::new()?;
    for (number, crop) in crops.iter().enumerate() {
        let label = &crop.label;
        let who = label.who.as_deref().unwrap_or("-");
        let name = format!("{number:03}_{}_{who}.jpg", label.class);
        fs::write(folder.join(name), encoder.rgb(&crop.image, 92)?)?;
    }
    Ok(())
}
