//! What the VMD program costs per scene.

use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use programs::Program;
use programs::filter::ObjectFilter;
use programs::site::{Drawing, Site};
use programs::vmd::{Rule, Vmd, VmdConfig, Ways, What};
use types::{
    CameraId, CameraLine, Class, ClassSet, EventIds, Line, LineId, NormBox, NormPoint,
    PictureProblem, Polygon, RuleId, Scene, Timestamp, Track, TrackId, TrackState, Zone, ZoneId,
};

fn main() {
    divan::main();
}

/// 50 tracks, 64 zones of 16 corners, 64 lines, 256 rules of all kinds; aim:
/// below 0.2 ms.
#[divan::bench]
fn fifty_tracks_and_256_rules_of_all_kinds(bencher: Bencher<'_, '_>) {
    measure(bencher, (0..256).map(rule).collect());
}

/// The same with one intruder rule for each zone.
#[divan::bench]
fn fifty_tracks_and_64_intruder_rules(bencher: Bencher<'_, '_>) {
    measure(bencher, (0..64).map(|idx| rule(idx * 14)).collect());
}

fn measure(bencher: Bencher<'_, '_>, rules: Vec<Rule>) {
    let site = Site::new(Drawing {
        zones: (0..64).map(zone).collect(),
        lines: (0..64).map(line).collect(),
        ..Drawing::default()
    })
    .expect("a good drawing");
    let config = VmdConfig {
        site: Arc::new(site),
        rules,
    };
    let camera_id = CameraId::new("bench").expect("a good name");
    let mut vmd = Vmd::new(camera_id, config, EventIds::new(1)).expect("good settings");
    let mut step = 0_u16;
    bencher.bench_local(|| {
        step = step.wrapping_add(1);
        vmd.update(&scene(step), &[])
    });
}

/// A round zone somewhere in the picture; neighbours overlap.
fn zone(zone_id: u16) -> Zone {
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
}

fn line(line_id: u16) -> CameraLine {
    let (x, y) = (
        0.05 + f32::from(line_id % 8) * 0.11,
        0.1 + f32::from(line_id / 8) * 0.11,
    );
    let points = [(x, y), (x + 0.02, y + 0.05), (x, y + 0.1)];
    let points = points.map(|(x, y)| NormPoint::new(x, y)).to_vec();
    CameraLine {
        line_id: LineId(u32::from(line_id)),
        name: format!("line {line_id}"),
        line: Line::new(points).expect("parts with length"),
    }
}

/// The kinds in turn, each on zones and lines in turn.
fn rule(idx: u16) -> Rule {
    let zone_id = ZoneId(u32::from(idx % 64));
    let some_time = Duration::from_secs(2);
    let what = match idx % 14 {
        0 => What::Intruder {
            zone_id,
            dwell: some_time,
        },
        1 => What::Loitering {
            zone_id,
            stay: some_time,
            is_in_total: idx % 4 < 2,
        },
        kind @ (2 | 3) => What::Direction {
            zone_id: (idx % 4 < 2).then_some(zone_id),
            heading_deg: 90.0,
            tolerance_deg: 45.0,
            min_travel: 0.1,
            is_wrong_way: kind == 3,
        },
        4 => What::CrossLine {
            line_id: LineId(u32::from(idx % 64)),
            ways: Ways::Both,
        },
        5 => What::Enter { zone_id },
        6 => What::Exit { zone_id },
        7 => What::Stopped {
            zone_id,
            still_for: some_time,
        },
        8 => What::ObjectLeft {
            zone_id,
            still_for: some_time,
        },
        9 => What::ObjectRemoved {
            zone_id,
            still_for: some_time,
        },
        10 => What::CountOver {
            zone_id,
            limit: 2,
            lasting: some_time,
            waiting: Duration::ZERO,
        },
        11 => What::Sequence {
            first: ZoneId(u32::from((idx + 1) % 64)),
            second: zone_id,
            within: Duration::from_secs(30),
        },
        12 => What::Picture {
            problems: PictureProblem::ALL.to_vec(),
            lasting: some_time,
        },
        _ => What::SignalLost {
            after: Duration::from_secs(30),
        },
    };
    Rule {
        rule_id: RuleId(u32::from(idx)),
        name: format!("rule {idx}"),
        what,
        filter: ObjectFilter::of(ClassSet::ALL, 0.5),
        grace: Duration::from_secs(3),
        cool_down: Duration::ZERO,
        schedule: None,
        health: programs::health::HealthWish::Any,
    }
}

/// 50 tracks that walk across the picture, 200 ms after the scene before.
fn scene(step: u16) -> Scene {
    let captured_at = Timestamp::from_millis(i64::from(step) * 200);
    let track = |n: u16| {
        let x = f32::from((step + n * 20) % 1_000) / 1_000.0;
        let y = f32::from(n) / 55.0;
        Track {
            track_id: TrackId(u64::from(n)),
            state: TrackState::Confirmed,
            bbox: NormBox::from_xyxy(x, y, x + 0.03, y + 0.1),
            class: Class::Person,
            score: 0.7,
            first_seen_at: captured_at,
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
        ..Scene::default()
    }
}
