//! Drawn streets: every problem and every thing left or removed is found in
//! time, and no nuisance raises any of them.

use std::time::Duration;

use jpeg::{Encoder, RgbImage};
use sim::street::{
    Incident, Light, Nuisance, Nuisances, Staged, Street, StreetOptions, TruthChange,
};
use types::{
    Class, EncodedFrame, Health, NormBox, PictureProblem, StillChange, Timestamp, Track, TrackId,
    TrackState,
};

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
    run_with(seconds, |time| Shown {
        image: street.frame(time).0,
        tracks: Vec::new(),
        truth: street.change(time),
    })
}

/// What is shown at one time.
struct Shown {
    image: RgbImage,
    tracks: Vec<Track>,
    truth: Option<TruthChange>,
}

/// Runs both watches over anything.
fn run_with(seconds: u32, mut show: impl FnMut(Duration) -> Shown) -> Vec<Said> {
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
            let shown = show(time);
            let frame = EncodedFrame {
                captured_at: at,
                seq: idx.into(),
                jpeg: encoder.rgb(&shown.image, 80).unwrap().into(),
            };
            let image = frames.decode(&frame, &mut decoder).unwrap();
            Said {
                time,
                picture: picture.update(image, at, &shown.tracks),
                changes: still.update(image, at, &shown.tracks),
                truth: shown.truth,
            }
        })
        .collect()
}

fn problems(said: &Said) -> Vec<PictureProblem> {
    said.picture.problems.iter().map(|one| one.0).collect()
}

#[test]
fn each_problem_is_found_in_time_and_taken_back_in_time() {
    for (incident, light, problem) in [
        (Incident::Cover, Light::Day, PictureProblem::Covered),
        (Incident::Cover, Light::Infrared, PictureProblem::Covered),
        (Incident::Defocus, Light::Day, PictureProblem::Defocused),
        (Incident::Defocus, Light::Night, PictureProblem::Defocused),
        (Incident::Turn, Light::Day, PictureProblem::Turned),
        (Incident::Turn, Light::Infrared, PictureProblem::Turned),
        (Incident::Darken, Light::Day, PictureProblem::TooDark),
        (Incident::Dazzle, Light::Night, PictureProblem::TooBright),
    ] {
        let options = StreetOptions {
            light,
            ..staged(incident)
        };
        let (from, until) = (
            Duration::from_secs(STAGED_S.0),
            Duration::from_secs(STAGED_S.1),
        );
        for said in run(options, 46) {
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
            assert_eq!(
                problems(&said),
                expected,
                "{incident:?} by {light:?} at {:?}",
                said.time
            );
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
        // Colour and infrared each have to come back several times.
        let seconds = if nuisance == Nuisance::InfraredSwitch {
            130
        } else {
            45
        };
        for said in run(options, seconds) {
            let name = format!("{} at {:?}", nuisance.name(), said.time);
            assert_eq!(problems(&said), [], "{name}");
            assert_eq!(said.changes, [], "{name}");
        }
    }
}

/// The lowest that each part of the health was after `from_s`, over a street.
fn lowest_health(options: StreetOptions, seconds: u32, from_s: u64) -> [f32; 5] {
    let said = run(options, seconds);
    let late = said
        .iter()
        .filter(|said| said.time >= Duration::from_secs(from_s));
    let healths = late.filter_map(|said| said.picture.health);
    healths.fold([1.0_f32; 5], |lowest, health| {
        std::array::from_fn(|idx| lowest[idx].min(health.0[idx]))
    })
}

#[test]
fn health_falls_in_the_part_that_suffers_and_an_untroubled_street_is_healthy() {
    use types::HealthPart::{Calm, Contrast, Exposure, Sharpness, Steadiness};
    let nuisance = |nuisance| StreetOptions {
        nuisances: Nuisances::NONE.with(nuisance),
        ..empty()
    };
    let infrared = |options: StreetOptions| StreetOptions {
        light: Light::Infrared,
        ..options
    };
    for (name, options, sick) in [
        ("nothing", empty(), None),
        ("infrared", infrared(empty()), None),
        ("wind", nuisance(Nuisance::Wind), None),
        ("insects", infrared(nuisance(Nuisance::Insects)), None),
        ("rain", nuisance(Nuisance::Rain), Some(Calm)),
        ("snow", nuisance(Nuisance::Snow), Some(Calm)),
        ("shake", nuisance(Nuisance::Shake), Some(Steadiness)),
        ("blur", staged(Incident::Defocus), Some(Sharpness)),
        ("cover", staged(Incident::Cover), Some(Contrast)),
        ("dark", staged(Incident::Darken), Some(Exposure)),
    ] {
        let lowest = Health(lowest_health(options, 36, 16));
        match sick {
            Some(part) => assert!(lowest.part(part) < 0.4, "{name}: {lowest:.2?}"),
            None => assert!(lowest.worst().1 > 0.6, "{name}: {lowest:.2?}"),
        }
    }
}

#[test]
fn traffic_that_is_followed_leaves_the_scene_healthy() {
    let busy = StreetOptions {
        n_people: 12,
        traffic: 0.6,
        ..empty()
    };
    let mut street = Street::new(2, busy);
    let said = run_with(40, |time| {
        let (image, truth) = street.frame(time);
        let tracks = truth
            .iter()
            .filter(|object| !object.is_parked)
            .map(|object| track(object.object_id, object.class, object.bbox, false))
            .collect();
        Shown {
            image,
            tracks,
            truth: None,
        }
    });
    for said in said {
        let worst = said.picture.health.map_or(1.0, |health| health.worst().1);
        assert!(worst > 0.6, "{said:?}");
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
fn nightfall_and_daybreak_at_once_raise_no_problem() {
    for (first, second) in [
        (Light::Day, Light::Night),
        (Light::Night, Light::Day),
        (Light::Day, Light::Infrared),
        (Light::Infrared, Light::Day),
    ] {
        let mut streets =
            [first, second].map(|light| Street::new(1, StreetOptions { light, ..empty() }));
        let said = run_with(44, |time| Shown {
            image: streets[usize::from(time >= Duration::from_secs(16))]
                .frame(time)
                .0,
            tracks: Vec::new(),
            truth: None,
        });
        for said in said {
            let name = format!("{first:?} to {second:?} at {:?}", said.time);
            assert_eq!(problems(&said), [], "{name}");
            assert_eq!(said.changes, [], "{name}");
        }
    }
}

#[test]
fn busy_street_is_no_tampering_and_leaves_nothing() {
    let busy = StreetOptions {
        n_people: 12,
        traffic: 0.6,
        ..empty()
    };
    let mut street = Street::new(2, busy);
    let said = run_with(45, |time| {
        let (image, truth) = street.frame(time);
        let tracks = truth
            .iter()
            .filter(|object| !object.is_parked)
            .map(|object| track(object.object_id, object.class, object.bbox, false))
            .collect();
        Shown {
            image,
            tracks,
            truth: None,
        }
    });
    for said in said {
        assert_eq!(problems(&said), [], "{:?}", said.time);
        assert_eq!(said.changes, [], "{:?}", said.time);
    }
}

fn track(id: u32, class: Class, bbox: NormBox, is_stationary: bool) -> Track {
    Track {
        track_id: TrackId(id.into()),
        state: TrackState::Confirmed,
        bbox,
        class,
        score: 0.9,
        first_seen_at: Timestamp::from_secs(1_000),
        last_seen_at: Timestamp::from_secs(1_000),
        velocity: (0.0, 0.0),
        is_stationary,
        moved: types::Moved::Surely,
    }
}

/// Paints something dark with a bright stripe over a part of the picture.
fn paint(image: &mut RgbImage, area: NormBox) {
    let (width_px, height_px) = (image.width_px, image.height_px);
    for y in 0..height_px {
        for x in 0..width_px {
            let (u, v) = (x as f32 / width_px as f32, y as f32 / height_px as f32);
            let is_inside = area.x1() <= u && u < area.x2() && area.y1() <= v && v < area.y2();
            if is_inside {
                let share = (v - area.y1()) / area.height();
                let level = if (0.3..0.5).contains(&share) { 200 } else { 30 };
                let start = 3 * (y * width_px + x) as usize;
                image.data[start..start + 3].copy_from_slice(&[level, level / 2, level]);
            }
        }
    }
}

/// An empty street where something is painted over `area` from `from_s` to
/// `until_s`, with or without a track around it.
fn run_painted(
    area: NormBox,
    (from_s, until_s): (u64, u64),
    seconds: u32,
    is_tracked: bool,
) -> Vec<Said> {
    let mut street = Street::new(1, empty());
    run_with(seconds, |time| {
        let (mut image, _) = street.frame(time);
        let is_there = (from_s..until_s).contains(&time.as_secs());
        if is_there {
            paint(&mut image, area);
        }
        let tracks = if is_there && is_tracked {
            vec![track(1, Class::Car, area, time.as_secs() > from_s + 3)]
        } else {
            Vec::new()
        };
        Shown {
            image,
            tracks,
            truth: None,
        }
    })
}

#[test]
fn lorry_over_most_of_the_picture_for_three_seconds_is_no_cover() {
    let lorry = NormBox::from_xyxy(0.0, 0.0, 0.95, 1.0);
    for said in run_painted(lorry, (16, 19), 34, false) {
        assert_eq!(problems(&said), [], "{:?}", said.time);
        assert_eq!(said.changes, [], "{:?}", said.time);
    }
}

#[test]
fn lorry_over_half_of_the_picture_for_long_is_no_cover() {
    let lorry = NormBox::from_xyxy(0.0, 0.0, 0.55, 1.0);
    for said in run_painted(lorry, (16, 40), 44, false) {
        assert_eq!(problems(&said), [], "{:?}", said.time);
    }
}

#[test]
fn vehicle_that_parks_and_leaves_is_neither_left_nor_removed() {
    let place = NormBox::from_xyxy(0.4, 0.5, 0.55, 0.7);
    for said in run_painted(place, (16, 36), 56, true) {
        assert_eq!(said.changes, [], "{:?}", said.time);
    }
    // Without a track the same is a thing left.
    let found = run_painted(place, (16, 36), 30, false);
    assert_eq!(found.last().map(|said| said.changes.len()), Some(1));
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
