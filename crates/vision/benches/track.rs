//! What following costs per frame.

use divan::Bencher;
use types::{Class, Detection, MotionSummary, NormBox, Timestamp, TrackId};
use vision::detect::Sight;
use vision::track::{Tracker, TrackerConfig};

fn main() {
    divan::main();
}

/// 50 objects that walk through each other; aim: below 0.2 ms.
#[divan::bench]
fn fifty_objects(bencher: Bencher<'_, '_>) {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let motion = MotionSummary::default();
    let mut step = 0_u16;
    bencher.bench_local(|| {
        step = step.wrapping_add(1);
        let captured_at = Timestamp::from_millis(i64::from(step) * 200);
        let detections: Vec<Detection> = (0..50).map(|n| walker(n, step)).collect();
        tracker.update(
            captured_at,
            u64::from(step),
            Some(&Sight::of_everything(detections)),
            &motion,
        )
    });
}

/// Even ones go right, odd ones left, in ten rows.
fn walker(n: u16, step: u16) -> Detection {
    let way = f32::from((step.wrapping_mul(15).wrapping_add(n * 197)) % 1_000) / 1_000.0;
    let x = if n.is_multiple_of(2) { way } else { 1.0 - way };
    let y = f32::from(n % 10) * 0.08;
    Detection {
        bbox: NormBox::from_xyxy(x - 0.02, y, x + 0.02, y + 0.18),
        class: Class::Person,
        score: 0.7,
    }
}
