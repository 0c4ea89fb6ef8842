//! How often learnt states are told right: drawn streets in which a gate opens
//! and closes and a bag comes and goes, by day and night, in rain, snow, wind,
//! shadow, other light, with a camera that shakes, and with people who pass.
//!
//! `cargo run --release -p relay --example states -- help` says how.
//!
//! In: how long, how many examples of each state. Out: a Markdown table;
//! `docs/states.md` holds the newest one. Same arguments, same table.
//!
//! Five examples (or N) of each state are shown by day, in quiet weather, in
//! the first minutes; then the street changes as the row says, and every
//! second is compared with the truth. The rows "taught in it" show the same
//! number of examples in the row's own conditions.
//!
//! Not here: asserting anything (tests do).

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jpeg::{Decoder, Encoder, Limits, Planes, Scale};
use programs::state::{Example, Examples};
use relay::pipeline::{CameraPipeline, Engine, EngineFactory};
use relay::settings::{AnalysisDocument, CameraSettings};
use relay::{engine_factory, open_files};
use sim::street::{Incident, Light, Nuisance, Nuisances, Staged, Street, StreetOptions};
use types::{CameraId, DetectorId, EncodedFrame, NormBox, StateId, Timestamp, TrackId};
use vision::states::Region;

const USAGE: &str = "\
states [--seconds 120] [--examples 5] [--seed 1] [--size 1280x720] [--only NAME,NAME]
       [--model MANIFEST]
    Seconds told right, unsure and wrong. Half of them the gate is open (the
    bag there), half of them not; the ten seconds after each change are left
    out. Without --model nobody is followed, so people who pass hide nothing.
";

const FPS: u32 = 5;
const DETECTOR: DetectorId = DetectorId(1);
/// Seconds after a change that do not count: settling, and the camera's own
/// adaptation.
const SETTLING_S: u32 = 10;

/// What the street is like.
#[derive(Clone, Copy)]
struct Condition {
    name: &'static str,
    light: Light,
    nuisance: Option<Nuisance>,
    n_people: u32,
}

const CONDITIONS: [Condition; 11] = [
    condition("day", Light::Day, None, 0),
    condition("rain", Light::Day, Some(Nuisance::Rain), 0),
    condition("snow", Light::Day, Some(Nuisance::Snow), 0),
    condition("wind", Light::Day, Some(Nuisance::Wind), 0),
    condition("cloud shadow", Light::Day, Some(Nuisance::CloudShadow), 0),
    condition(
        "light off and on",
        Light::Day,
        Some(Nuisance::LightSwitch),
        0,
    ),
    condition("camera shakes", Light::Day, Some(Nuisance::Shake), 0),
    condition("people pass", Light::Day, None, 24),
    condition("night", Light::Night, None, 0),
    condition(
        "headlights",
        Light::Night,
        Some(Nuisance::HeadlightSweep),
        0,
    ),
    condition("infrared", Light::Infrared, None, 0),
];

const fn condition(
    name: &'static str,
    light: Light,
    nuisance: Option<Nuisance>,
    n_people: u32,
) -> Condition {
    Condition {
        name,
        light,
        nuisance,
        n_people,
    }
}

fn main() -> anyhow::Result<()> {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1))? else {
        return Ok(write!(std::io::stdout().lock(), "{USAGE}")?);
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| scene | taught | gate: right | unsure | wrong | bag: right | unsure | wrong |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    for condition in CONDITIONS {
        let is_wanted = |name: &String| name == condition.name;
        if !arguments.only.is_empty() && !arguments.only.iter().any(is_wanted) {
            continue;
        }
        for is_taught_in_it in [false, true] {
            let taught_in = if is_taught_in_it {
                condition
            } else {
                CONDITIONS[0]
            };
            if is_taught_in_it && condition.name == CONDITIONS[0].name {
                continue;
            }
            let mut cells = Vec::new();
            for incident in [Incident::GateOpen, Incident::BagLeft] {
                let tally = Tally::of(&arguments, incident, taught_in, condition)?;
                cells.push(tally.cells());
            }
            let taught = if is_taught_in_it { "in it" } else { "by day" };
            writeln!(
                out,
                "| {} | {taught} | {} |",
                condition.name,
                cells.join(" | ")
            )?;
            out.flush()?;
        }
    }
    Ok(())
}

/// Seconds by what was said of them.
#[derive(Default)]
struct Tally {
    n_right: u32,
    n_unsure: u32,
    n_wrong: u32,
}

impl Tally {
    fn of(
        arguments: &Arguments,
        incident: Incident,
        taught_in: Condition,
        shown: Condition,
    ) -> anyhow::Result<Self> {
        let (examples, region) = teach(arguments, incident, taught_in)?;
        let settings = settings_of(region)?;
        let factory = &arguments.factory;
        let mut engine = factory.make()?;
        let mut pipeline =
            CameraPipeline::new(Arc::clone(&settings), factory.input_px(), TrackId(1), 0);
        let taught = [(DETECTOR, Arc::new(examples))].into_iter().collect();
        pipeline.programs_mut().teach(Arc::new(taught));
        let half_s = arguments.n_seconds / 2;
        let mut street = street(arguments, incident, shown, half_s..arguments.n_seconds);
        let mut tally = Tally::default();
        for idx in 0..arguments.n_seconds * FPS {
            step(&mut pipeline, &mut engine, &mut street, idx)?;
            if idx % FPS != FPS - 1 {
                continue;
            }
            let second = idx / FPS;
            if second % half_s < SETTLING_S {
                continue;
            }
            let truth = StateId(if second < half_s { 1 } else { 2 });
            let live = pipeline.programs().live(pipeline.last_scene());
            match live.states.first().and_then(|live| live.state_id) {
                Some(state_id) if state_id == truth => tally.n_right += 1,
                Some(_) => tally.n_wrong += 1,
                None => tally.n_unsure += 1,
            }
        }
        Ok(tally)
    }

    fn cells(&self) -> String {
        let all = (self.n_right + self.n_unsure + self.n_wrong).max(1);
        let percent = |n: u32| format!("{:.0} %", f64::from(n) * 100.0 / f64::from(all));
        [self.n_right, self.n_unsure, self.n_wrong]
            .map(percent)
            .join(" | ")
    }
}

fn step(
    pipeline: &mut CameraPipeline,
    engine: &mut Engine,
    street: &mut Street,
    idx: u32,
) -> anyhow::Result<()> {
    let time = Duration::from_secs(idx.into()) / FPS;
    let frame = EncodedFrame {
        seq: idx.into(),
        captured_at: Timestamp::from_secs(1_000).saturating_add(time),
        jpeg: engine.jpeg_encoder.rgb(&street.frame(time).0, 80)?.into(),
    };
    pipeline.step(&frame, engine);
    Ok(())
}

/// Examples of both states, some seconds apart, and where the thing is.
fn teach(
    arguments: &Arguments,
    incident: Incident,
    condition: Condition,
) -> anyhow::Result<(Examples, NormBox)> {
    let half_s = 7 * arguments.n_examples;
    // Another stretch of time than the one that is judged later.
    let start_s = 1_000;
    let span = start_s + half_s..start_s + 2 * half_s;
    let mut street = street(arguments, incident, condition, span);
    let change = Duration::from_secs(u64::from(start_s + half_s));
    let thing = match incident {
        Incident::GateOpen => street.gate_box(),
        _ => street.change(change).map(|change| change.bbox),
    };
    let region = grown(thing.context("the thing is not on the picture")?);
    let ready = Region::new(&polygon_of(region)?);
    let (mut decoder, mut encoder) = (Decoder::new(Limits::default())?, Encoder::new()?);
    let mut planes = Planes::default();
    let mut examples = Vec::new();
    for idx in 0..2 * arguments.n_examples {
        let time = Duration::from_secs(u64::from(start_s + 7 * idx + 3));
        let jpeg = encoder.rgb(&street.frame(time).0, 80)?;
        let scale: Scale = vision::decode::scale_for(arguments.size_px.0);
        decoder.planes(&jpeg, scale, &mut planes)?;
        examples.push(Example {
            state_id: StateId(if idx < arguments.n_examples { 1 } else { 2 }),
            is_grey: condition.light == Light::Infrared,
            look: ready.describe(&planes),
        });
    }
    Ok((Examples::new(examples, Vec::new()), region))
}

/// A street in which the gate is open (the bag there) in these seconds.
fn street(
    arguments: &Arguments,
    incident: Incident,
    condition: Condition,
    span_s: std::ops::Range<u32>,
) -> Street {
    let seconds = |second: u32| Duration::from_secs(second.into());
    Street::new(
        arguments.seed,
        StreetOptions {
            width_px: arguments.size_px.0,
            height_px: arguments.size_px.1,
            light: condition.light,
            n_people: condition.n_people,
            traffic: 0.3,
            nuisances: condition.nuisance.into_iter().collect::<Nuisances>(),
            incident: Some(Staged {
                incident,
                from: seconds(span_s.start),
                until: seconds(span_s.end),
            }),
            ..StreetOptions::default()
        },
    )
}

/// A box as a person draws it: with some room around the thing.
fn grown(thing: NormBox) -> NormBox {
    let (x, y) = (thing.width() * 0.1, thing.height() * 0.1);
    NormBox::from_xyxy(
        (thing.x1() - x).max(0.0),
        (thing.y1() - y).max(0.0),
        (thing.x2() + x).min(1.0),
        (thing.y2() + y).min(1.0),
    )
}

fn corners(region: NormBox) -> [(f32, f32); 4] {
    [
        (region.x1(), region.y1()),
        (region.x2(), region.y1()),
        (region.x2(), region.y2()),
        (region.x1(), region.y2()),
    ]
}

fn polygon_of(region: NormBox) -> anyhow::Result<types::Polygon> {
    let corners = corners(region).map(|(x, y)| types::NormPoint { x, y });
    Ok(types::Polygon::new(corners.to_vec())?)
}

fn settings_of(region: NormBox) -> anyhow::Result<Arc<CameraSettings>> {
    let points: Vec<String> = corners(region)
        .map(|(x, y)| format!("[{x:?}, {y:?}]"))
        .to_vec();
    let text = format!(
        "[programs.state]\nis_enabled = true\n[[programs.state.detectors]]\nid = 1\n\
         name = \"Thing\"\npoints = [{}]\n\
         states = [{{ id = 1, name = \"shut\" }}, {{ id = 2, name = \"open\" }}]\n",
        points.join(", ")
    );
    let camera_id = CameraId::new("street")?;
    let settings = AnalysisDocument::parse(&text)?.resolve(&camera_id);
    settings.map_err(|errors| anyhow::anyhow!("{errors}"))
}

/// What was asked for.
struct Arguments {
    n_seconds: u32,
    n_examples: u32,
    seed: u64,
    size_px: (u32, u32),
    only: Vec<String>,
    factory: EngineFactory,
}

impl Arguments {
    /// `None` when help is wanted.
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut arguments = Arguments {
            n_seconds: 120,
            n_examples: 5,
            seed: 1,
            size_px: (1280, 720),
            only: Vec::new(),
            factory: EngineFactory::motion_only(),
        };
        while let Some(word) = words.next() {
            if word == "help" {
                return Ok(None);
            }
            let value = words
                .next()
                .with_context(|| format!("{word}: a value is missing"))?;
            match word.as_str() {
                "--seconds" => arguments.n_seconds = value.parse().context("--seconds")?,
                "--examples" => arguments.n_examples = value.parse().context("--examples")?,
                "--seed" => arguments.seed = value.parse().context("--seed")?,
                "--only" => arguments.only = value.split(',').map(str::to_owned).collect(),
                "--model" => {
                    arguments.factory = engine_factory(open_files(value.as_ref())?).0;
                }
                "--size" => {
                    let (width, height) = value.split_once('x').context("--size: as 1280x720")?;
                    arguments.size_px = (width.parse()?, height.parse()?);
                }
                _ => bail!("{word}: unknown\n{USAGE}"),
            }
        }
        if arguments.n_seconds < 4 * SETTLING_S || arguments.n_examples == 0 {
            bail!(
                "--seconds: at least {}; --examples: at least 1",
                4 * SETTLING_S
            );
        }
        Ok(Some(arguments))
    }
}
