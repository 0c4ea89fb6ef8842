//! What the VMD program costs per scene.

use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use programs::Program;
use programs::filter::ObjectFilter;
use programs::site::{Drawing, Site};
use programs::vmd::{Rule, Vmd, VmdConfig, What};
use types::{
    CameraId, Class, ClassSet, EventIds, NormBox, NormPoint, Polygon, RuleId, Scene, Timestamp,
    Track, TrackId, TrackState, Zone, ZoneId,
};

fn main() {
    divan::main();
}

/// 50 tracks, 64 zones of 16 corners, one rule each; aim: below 0.2 ms.
#[divan::bench]
fn fifty_tracks_in_sixty_four_zones(bencher: Bencher<'_, '_>) {
    let site = Site::new(Drawing {
        zones: (0..64).map(zone).collect(),
        ..Drawing::default()
    })
    .expect("a good drawing");
    let config = VmdConfig {
        site: Arc::new(site),
        rules: (0..64).map(rule).collect(),
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

fn rule(rule_id: u16) -> Rule {
    Rule {
        rule_id: RuleId(u32::from(rule_id)),
        name: format!("rule {rule_id}"),
        what: What::Intruder {
            zone_id: ZoneId(u32::from(rule_id)),
            dwell: Duration::from_secs(2),
        },
        filter: ObjectFilter::of(ClassSet::ALL, 0.5),
        grace: Duration::from_secs(3),
        cool_down: Duration::ZERO,
        schedule: None,
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
        }
    };
    Scene {
        captured_at,
        frame_seq: u64::from(step),
        tracks: (0..50).map(track).collect(),
        ..Scene::default()
    }
}
