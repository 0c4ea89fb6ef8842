//! Clips of the shared test data, whose visitors were counted by eye.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context as _;
use source::replay::{self, ReplayOptions};
use types::{Class, Timestamp, TrackId, TrackState};

use crate::road::{Finder, Road};
use crate::{Arguments, open_detector};

/// A clip and how many objects pass through it.
struct Counted {
    file: &'static str,
    /// By class group: persons, vehicles, two-wheelers.
    truth: [u32; 3],
}

/// Counted by eye at two pictures a second.
const CLIPS: [Counted; 4] = [
    Counted {
        file: "one-by-one-person-detection.mp4",
        truth: [6, 0, 0],
    },
    Counted {
        file: "people-detection.264",
        truth: [7, 0, 0],
    },
    Counted {
        file: "person-bicycle-car-detection.mp4",
        truth: [3, 2, 2],
    },
    Counted {
        file: "car-detection.mp4",
        truth: [0, 4, 0],
    },
];

pub(crate) fn measure(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let manifest = arguments
        .model
        .as_deref()
        .context("clips: --model is needed")?;
    writeln!(
        out,
        "| clip | persons: truth | tracks | vehicles: truth | tracks | two-wheelers: truth | tracks | looks per frame |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    for clip in &CLIPS {
        let Some(path) = testkit::shared_data(&format!("media/{}", clip.file)) else {
            continue;
        };
        let options = ReplayOptions {
            fps: Some(5.0),
            size: None,
            start_at: Timestamp::from_secs(1_000),
        };
        let mut road = Road::new(Finder::Model(Box::new(open_detector(manifest)?)))?;
        let mut confirmed: BTreeMap<TrackId, (Class, u64, u64)> = BTreeMap::new();
        for frame in replay::open(&path, options)? {
            let frame = frame?;
            for track in &road.step(&frame, &[])?.tracks {
                if track.state == TrackState::Confirmed {
                    let entry = confirmed.entry(track.track_id);
                    let note = entry.or_insert((track.class, frame.seq, frame.seq));
                    (note.0, note.2) = (track.class, frame.seq);
                }
            }
        }
        write!(out, "| {} |", clip.file)?;
        let groups = [Class::Person, Class::Car, Class::Bicycle].map(Class::group);
        for (group, n_truth) in groups.into_iter().zip(clip.truth) {
            let n_tracks = confirmed
                .values()
                .filter(|note| note.0.group() == group)
                .count();
            write!(out, " {n_truth} | {n_tracks} |")?;
        }
        writeln!(out, " {:.2} |", road.looks_per_frame())?;
        if arguments.lists_objects {
            for (track_id, (class, first, last)) in &confirmed {
                writeln!(out, "    {} {class} frames {first}..{last}", track_id.0)?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
