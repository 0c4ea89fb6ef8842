//! What the occupancy, people and vehicle programs cost per scene.

use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use programs::Program;
use programs::counting::{Counter, Resets};
use programs::occupancy::{Area, BalanceConfig, Limits, Occupancy, OccupancyConfig};
use programs::people;
use programs::sightings::{FollowConfig, VisitorsConfig};
use programs::site::{Drawing, Site};
use types::{
    CameraId, CameraLine, Class, ClassSet, EventIds, Line, LineId, NormBox, NormPoint, Polygon,
    RuleId, Scene, Timestamp, Track, TrackId, TrackState, Zone, ZoneId,
};

fn main() {
    divan::main();
}

/// 50 tracks, 32 areas of 16 corners, in minus out over four lines, heat maps.
#[divan::bench]
fn occupancy_of_fifty_tracks_in_thirty_two_areas(bencher: Bencher<'_, '_>) {
    let area = |id: u32| Area {
        rule_id: RuleId(id),
        name: format!("area {id}"),
        zone_id: ZoneId(id),
        classes: ClassSet::ALL,
        min_scores: [0.4; 6],
        limits: Limits {
            warning: Some(3),
            threshold: 5,
            rise: Duration::from_secs(5),
            fall: Duration::from_secs(10),
            hysteresis: 1,
        },
        offset: 0,
    };
    let config = OccupancyConfig {
        site: site(),
        areas: (0..32).map(area).collect(),
        interval: OccupancyConfig::DEFAULT_INTERVAL,
        balance: Some(BalanceConfig {
            rule_id: RuleId(100),
            line_ids: (0..4).map(LineId).collect(),
            classes: ClassSet::ALL,
            zone_ids: (0..32).map(ZoneId).collect(),
        }),
        heat_classes: ClassSet::ALL,
    };
    let program = Occupancy::new(camera(), config, EventIds::new(1)).expect("good settings");
    run(bencher, program);
}

/// 50 tracks, 64 zones of 16 corners, 16 lines with a counter each, visitors.
#[divan::bench]
fn people_of_fifty_tracks_over_sixteen_lines(bencher: Bencher<'_, '_>) {
    let counter = |id: u32| Counter {
        rule_id: RuleId(id),
        name: format!("counter {id}"),
        line_id: LineId(id),
        classes: ClassSet::ALL,
        interval: Counter::DEFAULT_INTERVAL,
        resets: Resets::never(),
    };
    let config = FollowConfig {
        site: site(),
        zone_ids: Vec::new(),
        min_height: 0.02,
        has_attributes: true,
        counters: (0..16).map(counter).collect(),
        visitors: Some(VisitorsConfig {
            rule_id: RuleId(100),
            interval: Counter::DEFAULT_INTERVAL,
            resets: Resets::never(),
            window: VisitorsConfig::DEFAULT_WINDOW,
            same_from: Vec::new(),
        }),
    };
    run(
        bencher,
        people::program(camera(), config).expect("good settings"),
    );
}

fn run(bencher: Bencher<'_, '_>, mut program: impl Program) {
    let mut step = 0_u32;
    let mut next = move || {
        step += 1;
        step
    };
    bencher
        .with_inputs(move || scene(next()))
        .bench_local_refs(|scene| program.update(scene, &[]));
}

fn camera() -> CameraId {
    CameraId::new("bench").expect("a good name")
}

/// 64 round zones that overlap their neighbours, and 16 upright lines.
fn site() -> Arc<Site> {
    let zone = |zone_id: u16| {
        let (cx, cy) = (
            0.1 + f32::from(zone_id % 8) * 0.11,
            0.1 + f32::from(zone_id / 8) * 0.11,
        );
        let corner = |n: u8| {
            let angle = f32::from(n) / 16.0 * std::f32::consts::TAU;
            NormPoint::new(cx + 0.1 * angle.cos(), cy + 0.1 * angle.sin())
        };
        Zone {
            zone_id: ZoneId(u32::from(zone_id)),
            name: format!("zone {zone_id}"),
            polygon: Polygon::new((0..16).map(corner).collect()).expect("a circle is simple"),
        }
    };
    let line = |line_id: u16| {
        let x = 0.05 + f32::from(line_id) * 0.06;
        let points = vec![NormPoint::new(x, 1.0), NormPoint::new(x, 0.0)];
        CameraLine {
            line_id: LineId(u32::from(line_id)),
            name: format!("line {line_id}"),
            line: Line::new(points).expect("a good line"),
        }
    };
    let drawing = Drawing {
        zones: (0..64).map(zone).collect(),
        lines: (0..16).map(line).collect(),
        ..Drawing::default()
    };
    Arc::new(Site::new(drawing).expect("a good drawing"))
}

/// 50 tracks that walk across the picture, 200 ms after the scene before.
fn scene(step: u32) -> Scene {
    let captured_at = Timestamp::from_millis(i64::from(step) * 200);
    let track = |n: u16| {
        let x = ((step + u32::from(n) * 20) % 1_000) as f32 / 1_000.0;
        let y = f32::from(n) / 55.0;
        Track {
            track_id: TrackId(u64::from(n)),
            state: TrackState::Confirmed,
            bbox: NormBox::from_xyxy(x, y, x + 0.03, y + 0.1),
            class: Class::Person,
            score: 0.7,
            first_seen_at: Timestamp::default(),
            last_seen_at: captured_at,
            velocity: (0.1, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        }
    };
    Scene {
        captured_at,
        frame_seq: u64::from(step),
        tracks: (0..50).map(track).collect(),
        is_detected: true,
        ..Scene::default()
    }
}
