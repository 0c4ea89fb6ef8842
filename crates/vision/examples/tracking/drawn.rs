//! Drawn streets, whose truth is exact.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jpeg::Encoder;
use sim::street::{Light, Street, StreetOptions, TruthBox};
use types::{Class, EncodedFrame, NormBox, Timestamp};

use crate::road::{Finder, Road};
use crate::score::{Scorer, Tally, is_found};
use crate::scripted::Scripted;
use crate::{Arguments, open_detector};

const FPS: u32 = 5;
const LIGHTS: [(Light, &str); 2] = [(Light::Day, "day"), (Light::Night, "night")];

pub(crate) fn measure(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "| street | objects | found | missed | ids per found object | switches | invented | looks per frame |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    let (mut sum, mut n_looks, mut n_frames) = (Tally::default(), 0, 0);
    for &seed in &arguments.seeds {
        for (light, name) in LIGHTS {
            let finder = match &arguments.model {
                Some(file) => Finder::Model(Box::new(open_detector(file)?)),
                None => Finder::Scripted(Scripted::new(seed)),
            };
            let mut road = Road::new(finder)?;
            let mut scorer = Scorer::default();
            let mut frames = Frames::open(seed, light, name, arguments.keep.as_deref())?;
            let n_wanted = (arguments.minutes * 60.0 * FPS as f32).round();
            let mut idx = 0_u16;
            while f32::from(idx) < n_wanted {
                let (frame, truth) = frames.frame(idx)?;
                scorer.add(road.step(&frame, &truth)?, &truth);
                idx += 1;
            }
            let tally = scorer.tally();
            row(
                out,
                &format!("{seed} {name}"),
                &tally,
                road.looks_per_frame(),
            )?;
            if arguments.lists_objects {
                list(out, &scorer)?;
            }
            sum.n_objects += tally.n_objects;
            sum.n_found += tally.n_found;
            sum.n_ids += tally.n_ids;
            sum.n_switches += tally.n_switches;
            sum.n_invented += tally.n_invented;
            n_looks += road.n_looks;
            n_frames += road.n_frames;
        }
    }
    let looks_per_frame = f64::from(n_looks) / f64::from(n_frames.max(1));
    row(out, "all", &sum, looks_per_frame)
}

fn row(out: &mut impl Write, name: &str, tally: &Tally, looks: f64) -> anyhow::Result<()> {
    let Tally {
        n_objects,
        n_found,
        n_switches,
        n_invented,
        ..
    } = tally;
    writeln!(
        out,
        "| {name} | {n_objects} | {n_found} | {} | {:.2} | {n_switches} | {n_invented} | {looks:.2} |",
        n_objects - n_found,
        tally.ids_per_found(),
    )?;
    Ok(out.flush()?)
}

fn list(out: &mut impl Write, scorer: &Scorer) -> anyhow::Result<()> {
    for note in scorer.objects() {
        let ids: Vec<String> = note
            .by_track
            .iter()
            .map(|(track_id, n)| format!("{}:{n}", track_id.0))
            .collect();
        writeln!(
            out,
            "    {} {} visible {} covered {}{} ids {}",
            note.object_id,
            note.class,
            note.n_visible,
            note.n_covered,
            if is_found(note) { "" } else { " missed" },
            ids.join(" ")
        )?;
    }
    Ok(())
}

/// Frames of one street, drawn or kept from an earlier run.
struct Frames {
    folder: Option<PathBuf>,
    street: Option<Street>,
    seed: u64,
    light: Light,
    encoder: Encoder,
}

impl Frames {
    fn open(seed: u64, light: Light, name: &str, keep: Option<&Path>) -> anyhow::Result<Self> {
        let folder = keep.map(|keep| keep.join(format!("street-{seed}-{name}")));
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        Ok(Frames {
            folder,
            street: None,
            seed,
            light,
            encoder: Encoder::new()?,
        })
    }

    fn frame(&mut self, idx: u16) -> anyhow::Result<(EncodedFrame, Vec<TruthBox>)> {
        let time = Duration::from_secs(idx.into()) / FPS;
        let (jpeg, truth) = match self.kept(idx) {
            Some(kept) => kept?,
            None => self.draw(idx, time)?,
        };
        let frame = EncodedFrame {
            seq: idx.into(),
            captured_at: Timestamp::from_secs(1_000).saturating_add(time),
            jpeg: jpeg.into(),
        };
        Ok((frame, truth))
    }

    fn kept(&self, idx: u16) -> Option<anyhow::Result<(Vec<u8>, Vec<TruthBox>)>> {
        let folder = self.folder.as_ref()?;
        let text = fs::read_to_string(folder.join(format!("{idx:05}.txt"))).ok()?;
        let jpeg = fs::read(folder.join(format!("{idx:05}.jpg"))).ok()?;
        Some(
            text.lines()
                .map(parse)
                .collect::<Result<_, _>>()
                .map(|truth| (jpeg, truth)),
        )
    }

    fn draw(&mut self, idx: u16, time: Duration) -> anyhow::Result<(Vec<u8>, Vec<TruthBox>)> {
        let (seed, light) = (self.seed, self.light);
        let street = self.street.get_or_insert_with(|| {
            let options = StreetOptions {
                light,
                ..StreetOptions::default()
            };
            Street::new(seed, options)
        });
        let (image, truth) = street.frame(time);
        let jpeg = self.encoder.rgb(&image, 80)?;
        if let Some(folder) = &self.folder {
            fs::write(folder.join(format!("{idx:05}.jpg")), &jpeg)?;
            let mut text = String::new();
            for object in &truth {
                let bbox = object.bbox;
                writeln!(
                    text,
                    "{} {} {} {} {} {} {} {}",
                    object.object_id,
                    object.class,
                    bbox.x1(),
                    bbox.y1(),
                    bbox.x2(),
                    bbox.y2(),
                    object.occluded_share,
                    object.is_parked
                )?;
            }
            // The text comes last: where it is, the picture is whole.
            fs::write(folder.join(format!("{idx:05}.txt")), text)?;
        }
        Ok((jpeg, truth))
    }
}

fn parse(line: &str) -> anyhow::Result<TruthBox> {
    let words: Vec<&str> = line.split(' ').collect();
    let &[id, class, x1, y1, x2, y2, hidden, is_parked] = words.as_slice() else {
        anyhow::bail!("kept truth {line:?}: not eight words");
    };
    let class = Class::ALL.into_iter().find(|known| known.name() == class);
    Ok(TruthBox {
        object_id: id.parse()?,
        class: class.context("kept truth: unknown class")?,
        bbox: NormBox::from_xyxy(x1.parse()?, y1.parse()?, x2.parse()?, y2.parse()?),
        occluded_share: hidden.parse()?,
        is_parked: is_parked.parse()?,
    })
}
