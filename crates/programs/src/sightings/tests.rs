use jiff::tz::TimeZone;
use proptest::prelude::*;
use types::{
    Appearance, CameraLine, Class, Embedding, Line, Metric, NormBox, NormPoint, Polygon,
    ShotQuality, ShotStage, Zone,
};

use super::*;
use crate::counting::{Counter, Resets};
use crate::people;
use crate::site::ground::GroundPoint;
use crate::site::{Drawing, Ground, Site};
use crate::vehicle;

/// Zone 1 is the right half, line 1 in the middle is drawn upwards. The
/// picture is 16 m wide and 9 m high, seen straight from above.
fn site() -> std::sync::Arc<Site> {
    let points = |all: &[(f32, f32)]| -> Vec<NormPoint> {
        all.iter().map(|&(x, y)| NormPoint::new(x, y)).collect()
    };
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let ground = Ground::new(corners.map(|(x, y)| GroundPoint {
        picture: NormPoint::new(x, y),
        east_m: f64::from(x) * 16.0,
        north_m: f64::from(1.0 - y) * 9.0,
    }));
    let drawing = Drawing {
        zones: vec![Zone {
            zone_id: ZoneId(1),
            name: "yard".into(),
            polygon: Polygon::new(points(&[(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]))
                .unwrap(),
        }],
        lines: vec![CameraLine {
            line_id: LineId(1),
            name: "gate".into(),
            line: Line::new(points(&[(0.5, 1.0), (0.5, 0.0)])).unwrap(),
        }],
        ground: Some(ground.unwrap()),
        ..Drawing::default()
    };
    std::sync::Arc::new(Site::new(drawing).unwrap())
}

fn config() -> FollowConfig {
    FollowConfig {
        site: site(),
        zone_ids: vec![],
        min_height: 0.1,
        has_attributes: true,
        counters: vec![Counter {
            rule_id: RuleId(1),
            name: "gate".into(),
            line_id: LineId(1),
            classes: ClassSet::ALL,
            interval: Duration::from_secs(60),
            resets: Resets::never(),
        }],
        visitors: Some(VisitorsConfig {
            rule_id: RuleId(2),
            interval: Duration::from_secs(60),
            resets: Resets::new(vec![0], TimeZone::UTC).unwrap(),
            window: VisitorsConfig::DEFAULT_WINDOW,
            same_from: vec![("test/1".into(), 0.8)],
        }),
    }
}

fn camera() -> CameraId {
    CameraId::new("gate-2").unwrap()
}

fn program(config: FollowConfig) -> Follower {
    people::program(camera(), config).unwrap()
}

fn at(scene: i64) -> Timestamp {
    Timestamp::from_millis(scene * 200)
}

/// A person at `x`, in the scene `now`, first seen in the scene `first`.
fn person(id: u64, x: f32, first: i64, now: i64) -> Track {
    Track {
        track_id: TrackId(id),
        state: TrackState::Confirmed,
        bbox: NormBox::from_xyxy(x - 0.02, 0.5, x + 0.02, 0.7),
        class: Class::Person,
        score: 0.8,
        first_seen_at: at(first),
        last_seen_at: at(now),
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    }
}

fn scene(now: i64, tracks: Vec<Track>) -> Scene {
    Scene {
        captured_at: at(now),
        tracks,
        is_detected: true,
        ..Scene::default()
    }
}

fn shot(id: u64, vector: [f32; 2]) -> BestShot {
    BestShot {
        track_id: TrackId(id),
        stage: ShotStage::Early,
        captured_at: Timestamp::default(),
        bbox: NormBox::default(),
        class: Class::Person,
        score: 0.8,
        quality: ShotQuality {
            total: 0.7,
            ..ShotQuality::default()
        },
        jpeg: std::sync::Arc::from([]),
        width_px: 1,
        height_px: 1,
        appearance: Appearance {
            attributes: vec![],
            embeddings: vec![Embedding {
                maker: "test/1".into(),
                values: vector.into(),
            }],
        },
    }
}

/// Walks person `id` from x = 0.2 to 0.8 in three seconds; 3.2 m/s.
fn walk(program: &mut Follower, id: u64, first: i64, shot_at: Option<i64>) -> Output {
    let mut all = Output::default();
    for step in 0..=15 {
        let now = first + step;
        let x = 0.2 + 0.04 * step as f32;
        let shots: Vec<BestShot> = shot_at
            .filter(|shot_at| *shot_at == step)
            .map(|_| shot(id, [1.0, 0.0]))
            .into_iter()
            .collect();
        all.append(program.update(&scene(now, vec![person(id, x, first, now)]), &shots));
    }
    let mut ended = person(id, 0.8, first, first + 15);
    ended.state = TrackState::Ended;
    all.append(program.update(&scene(first + 16, vec![ended]), &[]));
    all
}

#[test]
fn walk_is_told_early_and_when_it_ends_with_all_that_is_known() {
    let output = walk(&mut program(config()), 1, 0, None);
    let [early, last] = &output.sightings[..] else {
        panic!("{:?}", output.sightings);
    };
    assert!(!early.is_final && last.is_final);
    // Without a shot, one second after its confirmation.
    assert_eq!(early.last_seen_at, at(5));
    assert_eq!((last.first_seen_at, last.last_seen_at), (at(0), at(15)));
    assert_eq!(last.zone_ids, [ZoneId(1)]);
    assert_eq!(last.line_ids, [LineId(1)]);
    assert!((last.heading_deg.unwrap() - 90.0).abs() < 1.0);
    assert!((last.speed_mps.unwrap() - 3.2).abs() < 0.05, "{last:?}");
    assert_eq!(last.program, ProgramKind::People);
}

#[test]
fn shot_makes_the_early_word_come_at_once() {
    let output = walk(&mut program(config()), 1, 0, Some(2));
    assert_eq!(output.sightings[0].last_seen_at, at(2));
    assert_eq!(output.sightings[1].appearance.embeddings.len(), 1);
}

#[test]
fn only_objects_of_the_zone_the_height_and_the_class_are_told() {
    let told = |change: fn(&mut FollowConfig), start: fn(CameraId, FollowConfig) -> Follower| {
        let mut config = config();
        change(&mut config);
        let mut program = start(camera(), config);
        walk(&mut program, 1, 0, None).sightings.len()
    };
    let people = |id, config| people::program(id, config).unwrap();
    let vehicle = |id, config| vehicle::program(id, config).unwrap();
    assert_eq!(told(|_| {}, people), 2);
    assert_eq!(told(|config| config.zone_ids = vec![ZoneId(1)], people), 2);
    assert_eq!(told(|config| config.min_height = 0.3, people), 0);
    assert_eq!(told(|_| {}, vehicle), 0);
}

#[test]
fn who_never_enters_the_zone_is_not_told_and_the_gates_say_so() {
    let mut config = config();
    config.zone_ids = vec![ZoneId(1)];
    let mut program = program(config);
    for now in 0..10 {
        let output = program.update(&scene(now, vec![person(1, 0.3, 0, now)]), &[]);
        assert_eq!(output.sightings, []);
    }
    let explanations = program.explain(at(10));
    let stopped = explanations[0].objects[0].stopped_by().unwrap();
    assert_eq!(stopped.name, "inside");
    assert_eq!(program.finish(at(10)).sightings, []);
}

#[test]
fn crossings_are_counted_and_visitors_told_for_each_interval() {
    let mut program = program(config());
    let mut counts = walk(&mut program, 1, 0, None).counts;
    counts.extend(program.finish(at(20)).counts);
    let told: Vec<_> = counts
        .iter()
        .filter(|count| count.class.is_none())
        .map(|count| (count.rule_id.0, count.metric, format!("{}", count.value)))
        .collect();
    let expected = [
        (1, Metric::In, "1".to_owned()),
        (1, Metric::Out, "0".to_owned()),
        (2, Metric::Unique, "1".to_owned()),
    ];
    assert_eq!(told, expected);
}

#[test]
fn visitor_who_comes_again_is_known_by_looks_or_by_place() {
    // Vectors of the second person; scenes between both.
    for (vector, gap, expected) in [
        (Some([1.0, 0.0]), 500, 1),
        (Some([0.9, 0.43]), 500, 1),
        (Some([0.0, 1.0]), 500, 2),
        // Beyond the window of 30 minutes.
        (Some([1.0, 0.0]), 10_000, 2),
        // Without a vector by place: soon, or too late.
        (None, 5, 1),
        (None, 500, 2),
        // Looks decide against the place.
        (Some([0.0, 1.0]), 5, 2),
    ] {
        let mut program = program(config());
        for now in 0..10 {
            let shots = [shot(1, [1.0, 0.0])];
            program.update(&scene(now, vec![person(1, 0.3, 0, now)]), &shots);
        }
        let mut gone = person(1, 0.3, 0, 9);
        gone.state = TrackState::Ended;
        program.update(&scene(10, vec![gone]), &[]);
        let first = 10 + gap;
        for now in first..first + 10 {
            let shots: Vec<BestShot> = vector.map(|vector| shot(2, vector)).into_iter().collect();
            program.update(&scene(now, vec![person(2, 0.31, first, now)]), &shots);
        }
        let (n_unique, _) = program.live().unique.unwrap();
        assert_eq!(n_unique, expected, "{vector:?} {gap}");
    }
}

#[test]
fn two_who_are_seen_together_are_two_however_alike() {
    let mut program = program(config());
    for now in 0..10 {
        let tracks = vec![person(1, 0.3, 0, now), person(2, 0.6, 0, now)];
        let shots = [shot(1, [1.0, 0.0]), shot(2, [1.0, 0.0])];
        program.update(&scene(now, tracks), &shots);
    }
    assert_eq!(program.live().unique.unwrap().0, 2);
}

#[test]
fn changed_settings_keep_records_and_unchanged_counters() {
    let mut program = program(config());
    for now in 0..10 {
        let x = 0.2 + 0.04 * now as f32;
        program.update(&scene(now, vec![person(1, x, 0, now)]), &[]);
    }
    let mut changed = config();
    changed.has_attributes = false;
    let output = program.replace_config(changed.clone(), at(10)).unwrap();
    assert!(output.counts.is_empty() && output.sightings.is_empty());
    let live = program.live();
    assert_eq!((live.counters[0].entered[0], live.n_followed), (1, 1));
    changed.visitors = None;
    let output = program.replace_config(changed.clone(), at(11)).unwrap();
    assert_eq!(output.counts.len(), 1);
    changed.zone_ids = vec![ZoneId(8)];
    let error = program.replace_config(changed, at(11)).unwrap_err();
    assert_eq!(error.to_string(), "choose zones: zone 8 does not exist");
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    let with = |change: fn(&mut FollowConfig)| {
        let mut config = config();
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    for (actual, expected) in [
        (
            with(|config| config.min_height = 1.5),
            "set up objects: least height must be 0 to 1 of the picture",
        ),
        (
            with(|config| config.counters[0].line_id = LineId(7)),
            "set up counter \"gate\": line 7 does not exist",
        ),
        (
            with(|config| config.counters[0].rule_id = RuleId(2)),
            "set up visitors: counter 2 has the same number",
        ),
        (
            with(|config| config.visitors.as_mut().unwrap().window = Duration::ZERO),
            "set up visitors: window must be 1 min to 24 h",
        ),
        (
            with(|config| config.visitors.as_mut().unwrap().same_from[0].1 = f32::NAN),
            "set up visitors: similarity must be -1 to 1",
        ),
    ] {
        assert_eq!(actual, expected);
    }
    assert_eq!(config().check(), Ok(()));
}

#[test]
fn memory_is_bounded_and_lost_tracks_are_closed() {
    let mut program = program(config());
    let many: Vec<Track> = (0..300).map(|id| person(id, 0.3, 0, 0)).collect();
    program.update(&scene(0, many), &[]);
    assert_eq!(program.live().n_followed, MAX_RECORDS);
    assert_eq!(program.n_refused(), 2 * (300 - MAX_RECORDS as u64));
    let output = program.update(&scene(400, vec![]), &[]);
    assert_eq!(output.sightings.len(), MAX_RECORDS);
    assert_eq!(program.live().n_followed, 0);
}

proptest! {
    #[test]
    fn every_object_is_told_at_most_early_and_once_finally(
        states in proptest::collection::vec((0_u64..4, 0_u8..4, 0.1_f32..0.9), 1..200),
    ) {
        let mut program = program(config());
        let mut told: Vec<Sighting> = Vec::new();
        let mut ended = std::collections::BTreeSet::new();
        for (now, (id, state, x)) in (0_i64..).zip(states) {
            // A track ends once and does not come again.
            if ended.contains(&id) {
                continue;
            }
            let mut track = person(id, x, 0, now);
            track.state = match state {
                0 => TrackState::Tentative,
                1 => TrackState::Lost,
                2 => TrackState::Confirmed,
                _ => TrackState::Ended,
            };
            if track.state == TrackState::Ended {
                ended.insert(id);
            }
            told.extend(program.update(&scene(now, vec![track]), &[]).sightings);
        }
        told.extend(program.finish(at(1_000)).sightings);
        for id in 0..4 {
            let of: Vec<bool> = told
                .iter()
                .filter(|sighting| sighting.track_id == TrackId(id))
                .map(|sighting| sighting.is_final)
                .collect();
            prop_assert!([&[][..], &[true], &[false, true]].contains(&&of[..]), "{:?}", of);
        }
    }
}
