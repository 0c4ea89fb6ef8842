//! A striped object on a gray picture, cut out of real JPEGs.

use jpeg::{Limits, RgbImage};
use types::Class;

use super::*;
use crate::decode::FrameDecoder;

/// Everything a camera's worker has.
struct Bench {
    shots: BestShots,
    decoder: Decoder,
    encoder: Encoder,
    frames: FrameDecoder,
}

const SIZE_PX: (u32, u32) = (960, 544);

impl Bench {
    fn new() -> Self {
        Bench {
            shots: BestShots::new(BestShotConfig::default()),
            decoder: Decoder::new(Limits::default()).unwrap(),
            encoder: Encoder::new().unwrap(),
            frames: FrameDecoder::new(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0..=1 of a small picture"
    )]
    /// A striped object of contrast 0..=100 at each box.
    fn draw(&mut self, millis: i64, objects: &[(NormBox, u8)]) -> EncodedFrame {
        let mut picture = RgbImage::new(SIZE_PX.0, SIZE_PX.1);
        picture.data.fill(128);
        for (bbox, contrast) in objects {
            let px = |part: f32, of: u32| (part * of as f32) as u32;
            for y in px(bbox.y1(), SIZE_PX.1)..px(bbox.y2(), SIZE_PX.1) {
                for x in px(bbox.x1(), SIZE_PX.0)..px(bbox.x2(), SIZE_PX.0) {
                    let value = if x / 8 % 2 == 0 {
                        128 - contrast
                    } else {
                        128 + contrast
                    };
                    let start = 3 * (y * SIZE_PX.0 + x) as usize;
                    picture.data[start..start + 3].fill(value);
                }
            }
        }
        EncodedFrame {
            seq: 0,
            captured_at: Timestamp::from_millis(millis),
            jpeg: self.encoder.rgb(&picture, 90).unwrap().into(),
        }
    }

    fn show(&mut self, frame: &EncodedFrame, tracks: Vec<Track>) -> Vec<BestShot> {
        let scene = Scene {
            captured_at: frame.captured_at,
            tracks,
            ..Scene::default()
        };
        let image = self.frames.decode(frame, &mut self.decoder).unwrap();
        let (decoder, encoder) = (&mut self.decoder, &mut self.encoder);
        self.shots.update(&scene, frame, image, decoder, encoder)
    }

    /// One frame with one confirmed track.
    fn step(&mut self, millis: i64, bbox: NormBox, contrast: u8) -> Vec<BestShot> {
        let frame = self.draw(millis, &[(bbox, contrast)]);
        self.show(&frame, vec![track(1, millis, bbox)])
    }

    fn end(&mut self, millis: i64) -> Vec<BestShot> {
        let frame = self.draw(millis, &[]);
        let ended = Track {
            state: TrackState::Ended,
            ..track(1, millis, at(FAR))
        };
        self.show(&frame, vec![ended])
    }
}

fn track(track_id: u64, millis: i64, bbox: NormBox) -> Track {
    Track {
        track_id: TrackId(track_id),
        state: TrackState::Confirmed,
        bbox,
        class: Class::Person,
        score: 0.7,
        first_seen_at: Timestamp::from_millis(0),
        last_seen_at: Timestamp::from_millis(millis),
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    }
}

fn at([x1, y1, x2, y2]: [f32; 4]) -> NormBox {
    NormBox::from_xyxy(x1, y1, x2, y2)
}

const FAR: [f32; 4] = [0.4, 0.4, 0.43, 0.5];
const NEAR: [f32; 4] = [0.4, 0.2, 0.55, 0.8];

#[test]
fn good_shot_is_told_at_once_and_shows_the_object_with_a_margin() {
    let mut bench = Bench::new();
    let told = bench.step(0, at(NEAR), 60);
    assert_eq!(told.len(), 1);
    let shot = &told[0];
    assert_eq!(shot.stage, ShotStage::Early);
    assert_eq!(shot.captured_at, Timestamp::from_millis(0));
    let header = jpeg::read_header(&shot.jpeg).unwrap();
    assert_eq!(
        (header.width_px, header.height_px),
        (shot.width_px, shot.height_px)
    );
    // 144 x 326 pixels and 39 on each side, grown to whole blocks.
    assert!((222..=254).contains(&shot.width_px), "{}", shot.width_px);
    assert!((404..=436).contains(&shot.height_px), "{}", shot.height_px);
    let (crop, _, _) = bench.decoder.rgb(&shot.jpeg, Scale::Full, None).unwrap();
    let row = |y: u32| (0..crop.width_px).map(move |x| (x, y));
    let is_striped = |y: u32| row(y).any(|(x, y)| crop.pixel(x, y)[0].abs_diff(128) > 40);
    assert!(
        is_striped(crop.height_px / 2),
        "the object is in the middle"
    );
    assert!(!is_striped(2), "the margin is above it");
}

#[test]
fn shot_is_described_only_when_somebody_asks() {
    for describer in [None, Some(Describer::new())] {
        let n_expected = usize::from(describer.is_some());
        let mut bench = Bench::new();
        bench.shots.set_describer(describer);
        let told = bench.step(0, at(NEAR), 60);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].appearance.embeddings.len(), n_expected);
    }
}

#[test]
fn poor_shot_waits_for_a_better_one_but_not_beyond_a_second() {
    let mut bench = Bench::new();
    let mut told_at = Vec::new();
    for step in 0..20 {
        let millis = step * 200;
        for shot in bench.step(millis, at(FAR), 10) {
            told_at.push((millis, shot.stage));
        }
    }
    assert_eq!(told_at, [(1_000, ShotStage::Early)]);
}

#[test]
fn early_shot_is_replaced_a_few_times_while_the_object_comes_clearly_nearer() {
    let mut bench = Bench::new();
    let mut told = Vec::new();
    for step in 0..50_u8 {
        let half = 0.012 * 1.08_f32.powi(i32::from(step));
        let bbox = NormBox::from_xyxy(0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half);
        told.extend(bench.step(i64::from(step) * 200, bbox, 40));
    }
    assert_eq!(told.len(), 4, "{told:?}");
    for pair in told.windows(2) {
        assert_eq!(pair[1].stage, ShotStage::Early);
        assert!(pair[1].quality.total >= 1.25 * pair[0].quality.total);
        let waited = pair[1].captured_at.saturating_since(pair[0].captured_at);
        assert!(waited >= Duration::from_millis(800), "{waited:?}");
    }
}

/// An object that is seen best at first, and causes an alarm at 2 s; the
/// moments of the shots told.
fn told_around_an_alarm(later: NormBox, is_hidden: bool) -> Vec<i64> {
    let mut bench = Bench::new();
    let mut told_at = Vec::new();
    for step in 0..25 {
        let millis = step * 200;
        let bbox = if step < 5 { at(NEAR) } else { later };
        let told = if is_hidden && (2_000..2_600).contains(&millis) {
            let frame = bench.draw(millis, &[]);
            bench.show(&frame, vec![track(1, 1_800, bbox)])
        } else {
            bench.step(millis, bbox, 60)
        };
        told_at.extend(told.iter().map(|shot| shot.captured_at.as_micros() / 1_000));
        if millis == 2_000 {
            let alarm_at = Timestamp::from_millis(millis);
            bench.shots.alarmed(TrackId(1), alarm_at);
        }
    }
    told_at
}

#[test]
fn alarm_is_shown_at_its_moment_unless_the_object_is_seen_far_worse_then() {
    let smaller = at([0.4, 0.3, 0.5, 0.7]);
    assert_eq!(told_around_an_alarm(smaller, false), [0, 2_200]);
    assert_eq!(told_around_an_alarm(smaller, true), [0, 2_600]);
    assert_eq!(told_around_an_alarm(at(FAR), false), [0]);
}

#[test]
fn alarms_of_one_track_cost_a_bounded_number_of_crops() {
    let mut bench = Bench::new();
    for step in 0..100 {
        bench.step(step * 200, at(NEAR), 60);
        let now = Timestamp::from_millis(step * 200);
        bench.shots.alarmed(TrackId(1), now);
        bench.shots.alarmed(TrackId(2), now);
    }
    assert!(bench.shots.n_cut() <= 9, "{}", bench.shots.n_cut());
}

#[test]
fn early_shot_of_a_slow_camera_does_not_wait_for_a_late_frame() {
    let mut bench = Bench::new();
    let empty = bench.draw(0, &[]);
    bench.show(&empty, vec![]);
    let told = bench.step(1_500, at(FAR), 10);
    assert_eq!(told.len(), 1);
}

#[test]
fn final_shot_comes_only_when_it_is_clearly_better_than_the_early_one() {
    let mut bench = Bench::new();
    for step in 0..8 {
        bench.step(step * 200, at(FAR), 10);
    }
    bench.step(1_600, at(NEAR), 60);
    bench.step(1_800, at(FAR), 10);
    let told = bench.end(2_000);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].stage, ShotStage::Final);
    assert_eq!(told[0].captured_at, Timestamp::from_millis(1_600));
    assert!(told[0].quality.total > 0.8, "{:?}", told[0].quality);

    let mut bench = Bench::new();
    assert_eq!(bench.step(0, at(NEAR), 60).len(), 1);
    for step in 1..10 {
        bench.step(step * 200, at(NEAR), 60);
    }
    assert_eq!(bench.end(2_000).len(), 0);
    assert_eq!(bench.end(2_200).len(), 0);
}

#[test]
fn unchanged_object_is_cut_once_and_a_growing_one_not_in_every_frame() {
    let mut bench = Bench::new();
    for step in 0..50 {
        bench.step(step * 200, at(NEAR), 60);
    }
    assert_eq!(bench.shots.n_cut(), 1);

    let mut bench = Bench::new();
    let mut cut_at = Vec::new();
    for step in 0..12_u8 {
        let half = 0.01 + 0.03 * f32::from(step);
        let bbox = NormBox::from_xyxy(0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half);
        let n_before = bench.shots.n_cut();
        bench.step(i64::from(step) * 200, bbox, 60);
        if bench.shots.n_cut() > n_before {
            cut_at.push(i64::from(step) * 200);
        }
    }
    assert_eq!(cut_at, [0, 800]);
}

#[test]
fn kept_bytes_are_bounded_one_by_one_and_together() {
    assert!(has_room(0, MAX_CROP_BYTES));
    assert!(!has_room(0, MAX_CROP_BYTES + 1));
    assert!(has_room(MAX_KEPT_BYTES - 1_000, 1_000));
    assert!(!has_room(MAX_KEPT_BYTES - 1_000, 1_001));
}

#[test]
fn busy_frame_costs_two_crops_and_everybody_gets_one_in_turn() {
    let mut bench = Bench::new();
    let boxes: Vec<NormBox> = (0..10_u8)
        .map(|n| {
            let x = 0.02 + f32::from(n) * 0.09;
            NormBox::from_xyxy(x, 0.3, x + 0.06, 0.7)
        })
        .collect();
    let objects: Vec<(NormBox, u8)> = boxes.iter().map(|bbox| (*bbox, 60)).collect();
    let mut shown = Vec::new();
    for step in 0..5_u32 {
        let frame = bench.draw(i64::from(step) * 200, &objects);
        let tracks = (1..).zip(&boxes);
        let tracks = tracks
            .map(|(id, bbox)| track(id, i64::from(step) * 200, *bbox))
            .collect();
        shown.extend(bench.show(&frame, tracks));
        assert_eq!(bench.shots.n_cut(), (u64::from(step) + 1) * 2);
    }
    assert_eq!(shown.len(), 10);
}

#[test]
fn crop_of_a_large_object_keeps_its_bound() {
    let mut bench = Bench::new();
    let told = bench.step(0, NormBox::from_xyxy(0.05, 0.1, 0.95, 0.95), 60);
    let longer_px = told[0].width_px.max(told[0].height_px);
    assert!((320..=640).contains(&longer_px), "{longer_px}");
}

#[test]
fn tentative_lost_and_unseen_tracks_are_not_cut() {
    let mut bench = Bench::new();
    let frame = bench.draw(200, &[(at(NEAR), 60)]);
    let with_state = |track_id, state| Track {
        state,
        ..track(track_id, 200, at(NEAR))
    };
    let unseen = track(3, 0, at(NEAR));
    let tracks = vec![
        with_state(1, TrackState::Tentative),
        with_state(2, TrackState::Lost),
        unseen,
    ];
    assert!(bench.show(&frame, tracks).is_empty());
    assert_eq!(bench.shots.n_cut(), 0);
}

#[test]
fn finish_tells_what_was_not_told() {
    let mut bench = Bench::new();
    bench.step(0, at(FAR), 10);
    let told = bench.shots.finish();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].stage, ShotStage::Final);
    assert!(bench.shots.finish().is_empty());
}

#[test]
fn frame_that_cannot_be_cut_is_counted() {
    let mut bench = Bench::new();
    let good = bench.draw(0, &[(at(NEAR), 60)]);
    let scene = Scene {
        captured_at: good.captured_at,
        tracks: vec![track(1, 0, at(NEAR))],
        ..Scene::default()
    };
    let image = bench.frames.decode(&good, &mut bench.decoder).unwrap();
    let broken = EncodedFrame {
        jpeg: good.jpeg[..20].into(),
        ..good.clone()
    };
    let (decoder, encoder) = (&mut bench.decoder, &mut bench.encoder);
    let told = bench.shots.update(&scene, &broken, image, decoder, encoder);
    assert!(told.is_empty());
    assert_eq!((bench.shots.n_cut(), bench.shots.n_failed()), (0, 1));
}
