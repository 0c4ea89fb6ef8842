use proptest::prelude::*;
use types::{Class, MotionSummary, TrackId};

use super::*;

fn image() -> Image {
    Image {
        full_width_px: 1920,
        full_height_px: 1080,
        scale: Scale::Quarter,
        ..Image::default()
    }
}

/// A box from pixels of 1080p: left, top, width, height.
fn px_box(left: f32, top: f32, width: f32, height: f32) -> NormBox {
    NormBox::from_xyxy(
        left / 1920.0,
        top / 1080.0,
        (left + width) / 1920.0,
        (top + height) / 1080.0,
    )
}

fn motion(boxes: &[NormBox]) -> Motion {
    Motion {
        summary: MotionSummary {
            boxes: boxes.to_vec(),
            ..MotionSummary::default()
        },
        is_open: !boxes.is_empty(),
        is_stable: true,
    }
}

fn track(bbox: NormBox, state: TrackState, is_stationary: bool, at: Timestamp) -> Track {
    Track {
        track_id: TrackId(1),
        state,
        bbox,
        class: Class::Person,
        score: 0.8,
        first_seen_at: Timestamp::from_secs(0),
        last_seen_at: at,
        velocity: (0.0, 0.0),
        is_stationary,
        moved: types::Moved::Surely,
    }
}

/// Plans `n_frames` at 5 fps; the plans.
fn run(
    planner: &mut RegionPlanner,
    n_frames: i64,
    motion: &Motion,
    tracks: impl Fn(Timestamp) -> Vec<Track>,
) -> Vec<Vec<Region>> {
    let start = planner.last_at.map_or(Timestamp::from_secs(100), |at| {
        at.saturating_add(Duration::from_millis(200))
    });
    (0..n_frames)
        .map(|frame| {
            let at = start.saturating_add(Duration::from_millis(200 * frame.unsigned_abs()));
            planner.plan(at, &image(), motion, &tracks(at))
        })
        .collect()
}

fn no_tracks(_: Timestamp) -> Vec<Track> {
    Vec::new()
}

fn n_whole(plans: &[Vec<Region>]) -> usize {
    plans
        .iter()
        .flatten()
        .filter(|region| **region == Region::Whole)
        .count()
}

fn n_detail(plans: &[Vec<Region>]) -> usize {
    plans.iter().flatten().count() - n_whole(plans)
}

/// First frame with a closer look at all of `bbox`.
fn first_look_at(plans: &[Vec<Region>], bbox: NormBox) -> Option<usize> {
    plans.iter().position(|plan| {
        plan.iter().any(|region| match region {
            Region::Whole => false,
            Region::Detail { area, .. } => area::is_inside(bbox, *area),
        })
    })
}

fn planner() -> RegionPlanner {
    RegionPlanner::new(RegionConfig::default())
}

#[test]
fn first_frame_is_looked_at_as_a_whole_and_a_quiet_picture_hardly() {
    let plans = run(&mut planner(), 5 * 60, &motion(&[]), no_tracks);
    assert_eq!(plans[0], [Region::Whole]);
    let n_looks = plans.iter().flatten().count();
    assert_eq!(n_looks, 6, "one at the start, one each ten seconds");
}

#[test]
fn sweep_covers_every_place_at_least_at_half_size() {
    let plans = run(&mut planner(), 5 * 130, &motion(&[]), no_tracks);
    for x in 0..19_u16 {
        for y in 0..11_u16 {
            let standing = px_box(f32::from(x) * 100.0, f32::from(y) * 98.0, 40.0, 60.0);
            assert!(first_look_at(&plans, standing).is_some(), "{x},{y}");
        }
    }
    for region in plans.into_iter().flatten() {
        if let Region::Detail { scale, .. } = region {
            assert_eq!(scale, Scale::Half);
        }
    }
}

#[test]
fn opening_gate_gets_a_whole_look_at_once() {
    let mut planner = planner();
    run(&mut planner, 8, &motion(&[]), no_tracks);
    let large = motion(&[px_box(400.0, 300.0, 200.0, 400.0)]);
    let plans = run(&mut planner, 1, &large, no_tracks);
    assert_eq!(plans[0], [Region::Whole]);
}

#[test]
fn small_person_is_looked_at_closely_in_the_frame_that_opens_the_gate() {
    struct Case {
        height_px: f32,
        scale: Scale,
    }
    for case in [
        Case {
            height_px: 40.0,
            scale: Scale::Full,
        },
        Case {
            height_px: 60.0,
            scale: Scale::Half,
        },
        Case {
            height_px: 100.0,
            scale: Scale::Half,
        },
    ] {
        for (left, top) in [
            (0.0, 0.0),
            (900.0, 500.0),
            (1880.0, 1080.0 - case.height_px),
        ] {
            let mut planner = planner();
            run(&mut planner, 8, &motion(&[]), no_tracks);
            let bbox = px_box(left, top, 30.0, case.height_px);
            let plans = run(&mut planner, 1, &motion(&[bbox]), no_tracks);
            assert_eq!(plans[0][0], Region::Whole);
            let Region::Detail { area, scale } = plans[0][1] else {
                panic!("a closer look");
            };
            assert_eq!(scale, case.scale, "{}", case.height_px);
            assert!(area::is_inside(bbox, area), "{bbox:?} {area:?}");
            // The region fills the network's input one to one.
            let width_px = area.width() * 1920.0 / scale.divisor() as f32;
            let height_px = area.height() * 1080.0 / scale.divisor() as f32;
            assert!((width_px - 416.0).abs() < 0.5, "{width_px}");
            assert!((height_px - 256.0).abs() < 0.5, "{height_px}");
        }
    }
}

#[test]
fn looks_follow_size_and_state_of_what_is_there() {
    struct Case {
        name: &'static str,
        bbox: NormBox,
        has_motion: bool,
        state: Option<TrackState>,
        is_stationary: bool,
        /// In ten seconds, after the first two.
        n_whole: std::ops::RangeInclusive<usize>,
        n_detail: std::ops::RangeInclusive<usize>,
    }
    let large = px_box(400.0, 300.0, 200.0, 400.0);
    let small = px_box(400.0, 300.0, 30.0, 60.0);
    let confirmed = Some(TrackState::Confirmed);
    let case = |name, bbox, has_motion, state, is_stationary, n_whole, n_detail| Case {
        name,
        bbox,
        has_motion,
        state,
        is_stationary,
        n_whole,
        n_detail,
    };
    for case in [
        case("large walks", large, true, confirmed, false, 50..=50, 0..=0),
        case("large stands", large, false, confirmed, false, 5..=5, 0..=1),
        case("large parked", large, false, confirmed, true, 0..=1, 0..=1),
        case("large unknown", large, true, None, false, 40..=50, 4..=5),
        case("small walks", small, true, confirmed, false, 5..=6, 15..=17),
        case("small unknown", small, true, None, false, 5..=6, 15..=17),
        case("small stands", small, false, confirmed, false, 0..=1, 5..=6),
        case("small parked", small, false, confirmed, true, 0..=1, 0..=2),
        case("nothing", small, false, None, false, 0..=1, 0..=1),
    ] {
        let mut planner = planner();
        let boxes: &[NormBox] = if case.has_motion { &[case.bbox] } else { &[] };
        let tracks = |at| {
            case.state
                .map(|state| track(case.bbox, state, case.is_stationary, at))
                .into_iter()
                .collect()
        };
        run(&mut planner, 10, &motion(boxes), tracks);
        let plans = run(&mut planner, 50, &motion(boxes), tracks);
        let actual = (n_whole(&plans), n_detail(&plans));
        assert!(
            case.n_whole.contains(&actual.0) && case.n_detail.contains(&actual.1),
            "{}: {actual:?}",
            case.name
        );
    }
}

#[test]
fn parked_car_is_looked_at_ever_more_rarely_until_something_moves_over_it() {
    let parked = px_box(400.0, 300.0, 60.0, 40.0);
    let looks_of = |plans: &[Vec<Region>], is_of_sweep: bool| {
        let looks = plans.iter().flatten().filter(|region| match region {
            Region::Detail { area, scale } => {
                (is_of_sweep || *scale == Scale::Full) && area::is_inside(parked, *area)
            }
            Region::Whole => false,
        });
        looks.count()
    };
    // While nothing moves, half-size looks are the sweep's.
    let looks_at_it = |plans: &[Vec<Region>]| looks_of(plans, false);
    let tracks = |at: Timestamp| {
        let first_seen_at = Timestamp::from_secs(100);
        vec![Track {
            first_seen_at,
            ..track(parked, TrackState::Confirmed, true, at)
        }]
    };
    let mut planner = planner();
    let first_minute = run(&mut planner, 5 * 60, &motion(&[]), tracks);
    assert!((6..=10).contains(&looks_at_it(&first_minute)));
    let next_ten = run(&mut planner, 5 * 600, &motion(&[]), tracks);
    assert!((10..=16).contains(&looks_at_it(&next_ten)));
    let passing = motion(&[px_box(420.0, 280.0, 200.0, 80.0)]);
    let touched = run(&mut planner, 5 * 10, &passing, tracks);
    assert!((5..=20).contains(&looks_of(&touched, true)));
}

#[test]
fn closer_look_is_not_crowded_out_at_a_low_frame_rate() {
    // One look per frame and two frames per second: the whole picture alone
    // could take them all.
    let mut planner = RegionPlanner::new(RegionConfig {
        max_regions: 1,
        ..RegionConfig::default()
    });
    let bbox = px_box(400.0, 300.0, 30.0, 60.0);
    let plans: Vec<_> = (0..8)
        .map(|frame| {
            let at = Timestamp::from_millis(500 * frame);
            planner.plan(at, &image(), &motion(&[bbox]), &[])
        })
        .collect();
    assert!(first_look_at(&plans, bbox).is_some(), "{plans:?}");
    assert!(n_whole(&plans) >= 2, "{plans:?}");
}

#[test]
fn neighbours_share_one_look() {
    let mut planner = planner();
    run(&mut planner, 8, &motion(&[]), no_tracks);
    let boxes = [
        px_box(400.0, 300.0, 30.0, 60.0),
        px_box(600.0, 420.0, 30.0, 70.0),
    ];
    let plans = run(&mut planner, 1, &motion(&boxes), no_tracks);
    assert_eq!(n_detail(&plans), 1);
    for bbox in boxes {
        assert_eq!(first_look_at(&plans, bbox), Some(0));
    }
}

#[test]
fn motion_wider_than_a_region_gets_one_of_its_own_size() {
    let mut planner = planner();
    let wide = px_box(100.0, 300.0, 1500.0, 90.0);
    let plans = run(&mut planner, 30, &motion(&[wide]), no_tracks);
    assert!(first_look_at(&plans, wide).is_some());
}

#[test]
fn picture_that_became_stable_is_looked_at_as_a_whole() {
    let mut planner = planner();
    run(&mut planner, 8, &motion(&[]), no_tracks);
    let global = Motion {
        summary: MotionSummary {
            is_global: true,
            ..MotionSummary::default()
        },
        is_open: false,
        is_stable: false,
    };
    let settling = Motion::default();
    assert_eq!(n_whole(&run(&mut planner, 2, &global, no_tracks)), 0);
    assert_eq!(n_whole(&run(&mut planner, 4, &settling, no_tracks)), 0);
    let plans = run(&mut planner, 2, &motion(&[]), no_tracks);
    assert_eq!(plans[0], [Region::Whole]);
    assert_eq!(plans[1], []);
    // What changes for ever is looked at every two seconds.
    let plans = run(&mut planner, 100, &global, no_tracks);
    assert_eq!(n_whole(&plans), 10);
}

#[test]
fn another_picture_size_starts_over() {
    let mut planner = planner();
    run(&mut planner, 8, &motion(&[]), no_tracks);
    let other = Image {
        full_width_px: 640,
        full_height_px: 360,
        scale: Scale::Half,
        ..Image::default()
    };
    let at = Timestamp::from_secs(200);
    let plan = planner.plan(at, &other, &motion(&[]), &[]);
    assert_eq!(plan, [Region::Whole]);
}

#[test]
fn small_picture_is_swept_at_full_size() {
    let mut planner = planner();
    let small = Image {
        full_width_px: 640,
        full_height_px: 360,
        scale: Scale::Half,
        ..Image::default()
    };
    planner.plan(Timestamp::from_secs(0), &small, &motion(&[]), &[]);
    let plan = planner.plan(Timestamp::from_secs(10), &small, &motion(&[]), &[]);
    let [Region::Detail { scale, .. }] = plan[..] else {
        panic!("a closer look: {plan:?}");
    };
    assert_eq!(scale, Scale::Full);
}

prop_compose! {
    fn any_box()(
        x in 0.0_f32..0.95, y in 0.0_f32..0.95, width in 0.01_f32..0.3, height in 0.01_f32..0.3,
    ) -> NormBox {
        NormBox::from_xyxy(x, y, x + width, y + height)
    }
}

prop_compose! {
    fn any_track()(
        bbox in any_box(), state in 0_usize..4, is_stationary: bool, score in 0.1_f32..1.0,
    ) -> Track {
        let states = [
            TrackState::Tentative, TrackState::Confirmed, TrackState::Lost, TrackState::Ended,
        ];
        let at = Timestamp::from_secs(100);
        Track { score, ..track(bbox, states[state], is_stationary, at) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_lasting_motion_box_gets_a_look_within_thirteen_seconds(
        boxes in prop::collection::vec(any_box(), 1..=16),
    ) {
        let plans = run(&mut planner(), 65, &motion(&boxes), no_tracks);
        for bbox in boxes {
            prop_assert!(first_look_at(&plans, bbox).is_some(), "{bbox:?}");
        }
    }

    #[test]
    fn budget_holds_and_regions_lie_in_the_picture(
        boxes in prop::collection::vec(any_box(), 0..=16),
        tracks in prop::collection::vec(any_track(), 0..40),
        max_regions in 1_usize..4,
        frame_ms in 16_u64..1_000,
    ) {
        let config = RegionConfig { max_regions, ..RegionConfig::default() };
        let mut planner = RegionPlanner::new(config);
        let start = Timestamp::from_secs(100);
        let mut spent_ms = 0.0;
        for frame in 0..60 {
            let elapsed = Duration::from_millis(frame * frame_ms);
            let at = start.saturating_add(elapsed);
            let plan = planner.plan(at, &image(), &motion(&boxes), &tracks);
            prop_assert!(plan.len() <= max_regions);
            for region in plan {
                spent_ms += match region {
                    Region::Whole => config.whole_cost_ms,
                    Region::Detail { area, .. } => {
                        prop_assert_eq!(area.intersection(NormBox::WHOLE), Some(area));
                        config.detail_cost_ms
                    }
                };
            }
            let earned_ms = config.budget_ms_per_s * (1.0 + elapsed.as_secs_f32());
            prop_assert!(spent_ms <= earned_ms + 0.1, "{spent_ms} of {earned_ms}");
        }
    }
}
