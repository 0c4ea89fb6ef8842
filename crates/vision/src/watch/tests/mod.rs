//! Drawn streets: every problem and every thing left or removed is found in
//! time, and no nuisance raises any of them.

use std::time::Duration;

use jpeg::Encoder;
use sim::street::{
    Incident, Light, Nuisance, Nuisances, Staged, Street, StreetOptions, TruthChange,
};
use types::{EncodedFrame, NormBox, PictureProblem, StillChange, Timestamp};

use super::*;
use crate::decode::FrameDecoder;

/// Pictures a second: what the watch needs, and no more.
const FPS: u32 = 2;
/// When what is staged begins and ends, seconds.
const STAGED_S: (u64, u64) = (16, 36);

/// An empty street at a quarter of the usual size.
fn empty() -> StreetOptions {
    StreetOptions {
        width_px: 640,
        height_px: 360,
        n_people: 0,
        traffic: 0.0,
        ..StreetOptions::default()
    }
}

fn staged(incident: Incident) -> StreetOptions {
    StreetOptions {
        incident: Some(Staged {
            incident,
            from: Duration::from_secs(STAGED_S.0),
            until: Duration::from_secs(STAGED_S.1),
        }),
        ..empty()
    }
}

/// What was said at one time.
#[derive(Debug)]
struct Said {
    time: Duration,
    picture: types::PictureState,
    changes: Vec<StillChange>,
    truth: Option<TruthChange>,
}

fn stamp(time: Duration) -> Timestamp {
    Timestamp::from_secs(1_000).saturating_add(time)
}

/// Runs both watches over a street, without tracks.
fn run(options: StreetOptions, seconds: u32) -> Vec<Said> {
    let mut street = Street::new(1, options);
    let mut encoder = Encoder::new().unwrap();
    let mut decoder = jpeg::Decoder::new(jpeg::Limits::default()).unwrap();
    let (mut frames, mut picture, mut still) = (
        FrameDecoder::new(),
        PictureWatch::new(),
        StillChanges::new(),
    );
    (0..seconds * FPS)
        .map(|idx| {
            let time = Duration::from_secs(idx.into()) / FPS;
            let at = stamp(time);
            let frame = EncodedFrame {
                captured_at: at,
                seq: idx.into(),
                jpeg: encoder.rgb(&street.frame(time).0, 80).unwrap().into(),
            };
            let image = frames.decode(&frame, &mut decoder).unwrap();
            Said {
                time,
                picture: picture.update(image, at, &[]),
                changes: still.update(image, at, &[]),
                truth: street.change(time),
            }
        })
        .collect()
}

fn problems(said: &Said) -> Vec<PictureProblem> {
    said.picture.problems.iter().map(|one| one.0).collect()
}

#[test]
fn each_problem_is_found_in_time_and_taken_back_in_time() {
    for (incident, problem) in [
        (Incident::Cover, PictureProblem::Covered),
        (Incident::Defocus, PictureProblem::Defocused),
        (Incident::Turn, PictureProblem::Turned),
        (Incident::Darken, PictureProblem::TooDark),
        (Incident::Dazzle, PictureProblem::TooBright),
    ] {
        let (from, until) = (
            Duration::from_secs(STAGED_S.0),
            Duration::from_secs(STAGED_S.1),
        );
        for said in run(staged(incident), 46) {
            let expected: &[PictureProblem] = if (from + RAISED_WITHIN..until).contains(&said.time)
            {
                &[problem]
            } else if (from..until + CLEARED_WITHIN).contains(&said.time) {
                // In between, either is right; another problem is not.
                assert!(
                    problems(&said).iter().all(|one| *one == problem),
                    "{incident:?}: {said:?}"
                );
                continue;
            } else {
                &[]
            };
            assert_eq!(problems(&said), expected, "{incident:?} at {:?}", said.time);
            for (_, since) in said.picture.problems {
                let late = since.saturating_since(stamp(from));
                assert!(late <= Duration::from_secs(3), "{incident:?}: {late:?}");
            }
        }
    }
}

#[test]
fn bag_left_or_removed_is_found_in_time_at_its_place() {
    for (incident, light) in [
        (Incident::BagLeft, Light::Day),
        (Incident::BagRemoved, Light::Day),
        (Incident::BagLeft, Light::Infrared),
        (Incident::BagRemoved, Light::Night),
    ] {
        let options = StreetOptions {
            light,
            ..staged(incident)
        };
        let mut ids = Vec::new();
        for said in run(options, 44) {
            assert_eq!(problems(&said), [], "{incident:?} at {:?}", said.time);
            let name = format!(
                "{incident:?} by {light:?} at {:?}: {:?}",
                said.time, said.changes
            );
            let Some(truth) = said.truth else {
                let is_before = said.time < Duration::from_secs(STAGED_S.0);
                let is_after = said.time > Duration::from_secs(STAGED_S.1) + Duration::from_secs(5);
                assert!(
                    said.changes.is_empty() || !(is_before || is_after),
                    "{name}"
                );
                continue;
            };
            if said.time < truth.since + FOUND_WITHIN {
                continue;
            }
            assert_eq!(said.changes.len(), 1, "{name}");
            let change = &said.changes[0];
            assert_eq!(change.kind, truth.kind, "{name}");
            assert!(
                is_at(change.bbox, truth.bbox),
                "{name}, truth {:?}",
                truth.bbox
            );
            let late = change.since.saturating_since(stamp(truth.since));
            assert!(late <= Duration::from_secs(2), "{name}");
            assert!(
                stamp(truth.since).saturating_since(change.since) <= Duration::from_secs(1),
                "{name}"
            );
            ids.push(change.change_id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{incident:?} by {light:?}");
    }
}

/// Whether a part is about where a thing is; its shadow may belong to it.
fn is_at(part: NormBox, thing: NormBox) -> bool {
    part.contains(thing.centre()) && part.iou(thing) > 0.25
}

#[test]
fn nuisances_raise_no_problem_and_change_nothing() {
    for nuisance in Nuisance::ALL {
        let light = match nuisance {
            Nuisance::HeadlightSweep | Nuisance::InfraredSwitch => Light::Night,
            Nuisance::Insects | Nuisance::SpiderWeb => Light::Infrared,
            _ => Light::Day,
        };
        let options = StreetOptions {
            light,
            nuisances: Nuisances::NONE.with(nuisance),
            ..empty()
        };
        for said in run(options, 45) {
            let name = format!("{} at {:?}", nuisance.name(), said.time);
            assert_eq!(problems(&said), [], "{name}");
            assert_eq!(said.changes, [], "{name}");
        }
    }
}

#[test]
fn infrared_light_is_grey_and_colour_is_not() {
    let options = StreetOptions {
        light: Light::Night,
        nuisances: Nuisances::NONE.with(Nuisance::InfraredSwitch),
        ..empty()
    };
    for said in run(options, 42) {
        let is_infrared = (said.time.as_secs() / 20) % 2 == 1;
        assert_eq!(said.picture.is_grey, is_infrared, "{:?}", said.time);
    }
}

#[test]
fn pictures_without_pixels_and_damaged_ones_are_passed_over() {
    let mut image = crate::decode::Image::default();
    let (mut picture, mut still) = (PictureWatch::new(), StillChanges::new());
    // A picture without pixels is no reason to stumble.
    for millis in [0, 40, 400, 9_000] {
        let at = Timestamp::from_millis(millis);
        assert_eq!(picture.update(&image, at, &[]).problems, []);
        assert_eq!(still.update(&image, at, &[]), []);
    }
    image.is_damaged = true;
    assert_eq!(
        picture
            .update(&image, Timestamp::from_secs(20), &[])
            .problems,
        []
    );
}
