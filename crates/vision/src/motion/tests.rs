//! Drawn luma sequences: a textured picture of 480x270 (1080p at a quarter)
//! at 5 fps, with noise, light, leaves and walkers.

use jpeg::{Plane, Planes, Scale};
use types::{NormBox, NormPoint};

use super::*;

const WIDTH_PX: i32 = 480;
const HEIGHT_PX: i32 = 270;
const FRAME_MS: i64 = 200;

/// One sequence, frame after frame.
struct Film {
    gate: MotionGate,
    n_frames: i64,
    /// State of the noise.
    seed: u64,
    /// Amplitude of the noise of single pixels, grey levels.
    noise: i32,
}

impl Film {
    fn new(config: MotionConfig) -> Self {
        Film {
            gate: MotionGate::new(config),
            n_frames: 0,
            seed: 1,
            noise: 6,
        }
    }

    /// Shows one frame: the picture, changed by `draw(x, y, level)`.
    fn show(&mut self, draw: impl Fn(i32, i32, i32) -> i32) -> Motion {
        let image = self.frame(WIDTH_PX, HEIGHT_PX, draw);
        self.show_image(&image)
    }

    fn show_image(&mut self, image: &Image) -> Motion {
        let at = Timestamp::from_millis(self.n_frames * FRAME_MS);
        self.n_frames += 1;
        self.gate.update(image, at)
    }

    /// Shows the unchanged picture for some seconds; the last answer.
    fn calm(&mut self, seconds: i64) -> Motion {
        let mut motion = Motion::default();
        for _ in 0..seconds * 1_000 / FRAME_MS {
            motion = self.show(|_, _, level| level);
        }
        motion
    }

    /// In how many of `n_frames` frames the gate is open.
    fn n_open(&mut self, n_frames: i32, draw: impl Fn(i32, i32, i32, i32) -> i32) -> i32 {
        (0..n_frames)
            .map(|frame| i32::from(self.show(|x, y, level| draw(frame, x, y, level)).is_open))
            .sum()
    }

    fn frame(
        &mut self,
        width_px: i32,
        height_px: i32,
        draw: impl Fn(i32, i32, i32) -> i32,
    ) -> Image {
        let mut data = Vec::new();
        for y in 0..height_px {
            for x in 0..width_px {
                let level = draw(x, y, background(x, y)) + self.random(self.noise);
                data.push(u8::try_from(level.clamp(0, 255)).unwrap());
            }
        }
        let (width_px, height_px) = (width_px.unsigned_abs(), height_px.unsigned_abs());
        Image {
            full_width_px: 4 * width_px,
            full_height_px: 4 * height_px,
            planes: Planes {
                width_px,
                height_px,
                y: Plane {
                    width_px,
                    height_px,
                    stride: width_px as usize,
                    data,
                },
                chroma: None,
            },
            scale: Scale::Quarter,
            is_damaged: false,
        }
    }

    /// Even noise of `-amplitude..=amplitude`.
    fn random(&mut self, amplitude: i32) -> i32 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let span = u64::from(amplitude.unsigned_abs()) * 2 + 1;
        i32::try_from((self.seed >> 33) % span).unwrap() - amplitude
    }
}

/// A street-like picture: bright above, dark below, with some texture.
fn background(x: i32, y: i32) -> i32 {
    190 - y / 2 + (x / 16 + y / 16) % 3 * 12
}

/// A walker 5 pixels wide and 15 high (60 high in 1080p) with her head at
/// (`left`, `top`), 30 levels darker than what is behind her.
fn walker(left: i32, top: i32) -> impl Fn(i32, i32, i32) -> i32 {
    object(left, top, 5, 15, -30)
}

fn object(
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    contrast: i32,
) -> impl Fn(i32, i32, i32) -> i32 {
    move |x, y, level| {
        let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
        if inside { level + contrast } else { level }
    }
}

/// Leaves at 300..420 x 40..120 that swing by `reach` levels, at a rhythm
/// that has nothing to do with the frame rate.
fn leaves(frame: i32, x: i32, y: i32, level: i32, reach: f32) -> i32 {
    if (300..420).contains(&x) && (40..120).contains(&y) {
        let phase = frame as f32 * 1.9 + (x / 12) as f32 + (y / 9) as f32 * 0.7;
        #[expect(clippy::cast_possible_truncation, reason = "a few grey levels")]
        let swing = (phase.sin() * reach) as i32;
        level + swing
    } else {
        level
    }
}

fn film() -> Film {
    Film::new(MotionConfig::default())
}

#[test]
fn first_frame_is_no_motion() {
    let motion = film().show(|_, _, level| level);
    assert_eq!(motion, Motion::default());
}

#[test]
fn sensor_noise_alone_never_opens() {
    for noise in [0, 2, 6, 20] {
        let mut film = film();
        film.noise = noise;
        assert_eq!(film.n_open(150, |_, _, _, level| level), 0, "noise {noise}");
    }
}

#[test]
fn noise_that_rises_with_the_gain_at_dusk_never_opens() {
    let mut film = film();
    film.calm(20);
    film.noise = 25;
    assert_eq!(film.n_open(100, |_, _, _, level| level), 0);
}

#[test]
fn small_distant_walker_opens_with_a_box_around_her() {
    let mut film = film();
    film.calm(10);
    let mut n_boxed = 0;
    for step in 0..20 {
        let (left, top) = (100 + 3 * step, 100 + step);
        let motion = film.show(walker(left, top));
        assert!(motion.is_open || step == 0, "step {step}");
        assert!(motion.summary.boxes.len() <= 1, "step {step}: {motion:?}");
        if let Some(bbox) = motion.summary.boxes.first() {
            n_boxed += 1;
            let centre = NormPoint::new((left as f32 + 2.5) / 480.0, (top as f32 + 7.5) / 270.0);
            assert!(bbox.contains(centre), "step {step}: {bbox:?}");
            assert!(bbox.width() < 0.1 && bbox.height() < 0.15, "{bbox:?}");
        }
    }
    assert!(n_boxed >= 18, "{n_boxed} of 20 frames have her box");
    assert!(!film.calm(3).is_open);
}

#[test]
fn sensitivity_decides_about_faint_objects() {
    for (sensitivity, is_seen) in [(1, false), (5, false), (10, true)] {
        let mut film = Film::new(MotionConfig {
            sensitivity,
            masks: Vec::new(),
        });
        film.noise = 1;
        film.calm(60);
        let n_open = film.n_open(10, |frame, x, y, level| {
            object(104 + 8 * frame, 96, 16, 32, -3)(x, y, level)
        });
        assert_eq!(n_open > 0, is_seen, "sensitivity {sensitivity}");
    }
}

#[test]
fn light_step_is_global_and_over_within_two_seconds() {
    for step in [-60, 40, 90] {
        let mut film = film();
        film.calm(10);
        let lit = |_: i32, _: i32, level: i32| level + step;
        let motion = film.show(lit);
        assert!(motion.summary.is_global, "step {step}");
        assert!(!motion.is_open && !motion.is_stable, "step {step}");
        let after: Vec<Motion> = (0..10).map(|_| film.show(lit)).collect();
        assert!(after.iter().all(|motion| !motion.is_open), "step {step}");
        assert!(after[9].is_stable, "step {step}");
        // And she is seen in the new light.
        film.show(|x, y, level| walker(100, 100)(x, y, level + step));
        let motion = film.show(|x, y, level| walker(104, 100)(x, y, level + step));
        assert!(motion.is_open, "step {step}");
    }
}

#[test]
fn lamp_that_flickers_for_ever_stays_global() {
    let mut film = film();
    film.calm(10);
    for frame in 0..40 {
        let motion = film.show(|_, _, level| level + 50 * (frame % 2) - 70);
        assert!(motion.summary.is_global && !motion.is_open, "frame {frame}");
    }
}

#[test]
fn change_of_some_of_the_picture_is_global_only_if_it_is_everywhere() {
    let everywhere = |x: i32, y: i32, level: i32| {
        let is_changed = (x / 24 + y / 24 * 2) % 5 < 2;
        if is_changed { level - 60 } else { level }
    };
    // As large, but in one place: a lorry that comes by.
    let lorry = object(0, 0, 200, HEIGHT_PX, -60);
    let mut film = film();
    film.calm(5);
    assert!(film.show(everywhere).summary.is_global);
    let mut film = self::film();
    film.calm(5);
    let motion = film.show(lorry);
    assert!(!motion.summary.is_global && motion.is_open);
}

#[test]
fn single_block_never_opens() {
    let mut film = film();
    film.calm(5);
    assert_eq!(
        film.n_open(20, |_, x, y, level| object(104, 96, 8, 8, -90)(x, y, level)),
        0
    );
}

#[test]
fn infrared_cut_that_redraws_everything_is_global() {
    let mut film = film();
    film.calm(10);
    let infrared = |x: i32, y: i32, level: i32| 230 - level + (x / 24 + y / 24) % 2 * 25;
    assert!(film.show(infrared).summary.is_global);
    for _ in 0..20 {
        assert!(!film.show(infrared).is_open);
    }
}

#[test]
fn knocked_camera_is_global() {
    let mut film = film();
    film.calm(10);
    let moved = |x: i32, y: i32, _: i32| background(x + 37, y + 60);
    assert!(film.show(moved).summary.is_global);
    for _ in 0..20 {
        assert!(!film.show(moved).is_open);
    }
}

#[test]
fn exposure_that_settles_slowly_stays_closed() {
    let mut film = film();
    film.calm(10);
    let n_open = film.n_open(40, |frame, _, _, level| {
        let gain = [1.5, 1.35, 1.22, 1.12, 1.06, 1.02]
            .get(usize::try_from(frame).unwrap())
            .copied()
            .unwrap_or(1.0_f32);
        #[expect(clippy::cast_possible_truncation, reason = "a grey level")]
        let lit = (level as f32 * gain) as i32;
        lit
    });
    assert_eq!(n_open, 0);
}

#[test]
fn dawn_never_opens() {
    let mut film = film();
    // 80 levels darker, then a level brighter each second.
    let n_open = film.n_open(400, |frame, _, _, level| level - 80 + frame / 5);
    assert_eq!(n_open, 0);
}

#[test]
fn leaves_open_at_first_and_then_no_more() {
    let mut film = film();
    film.calm(10);
    let sway = |frame: i32, x: i32, y: i32, level: i32| leaves(frame, x, y, level, 16.0);
    assert!(film.n_open(10, sway) > 5);
    film.n_open(200, sway);
    assert_eq!(film.n_open(100, sway), 0);
}

#[test]
fn object_before_learned_leaves_still_opens() {
    let mut film = film();
    film.calm(5);
    let sway = |frame: i32, x: i32, y: i32, level: i32| leaves(frame, x, y, level, 16.0);
    film.n_open(300, sway);
    let n_open = film.n_open(10, |frame, x, y, level| {
        let behind = sway(300 + frame, x, y, level);
        object(310 + 8 * frame, 60, 12, 30, -70)(x, y, behind)
    });
    assert!(n_open >= 8, "{n_open} of 10");
}

#[test]
fn snow_that_flickers_everywhere_is_learned() {
    let mut film = film();
    film.calm(5);
    let mut flakes = 7_u64;
    let mut n_open_late = 0;
    for frame in 0..300 {
        // 60 flakes of 2x2 pixels (8x8 in 1080p), elsewhere in each frame.
        let places: Vec<(i32, i32)> = (0..60)
            .map(|_| {
                flakes = flakes
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let place = i32::try_from(flakes >> 40).unwrap();
                (place % WIDTH_PX, place / WIDTH_PX % HEIGHT_PX)
            })
            .collect();
        let mut image = film.frame(WIDTH_PX, HEIGHT_PX, |_, _, level| level);
        for (left, top) in places {
            for y in top..(top + 2).min(HEIGHT_PX) {
                for x in left..(left + 2).min(WIDTH_PX) {
                    let idx = usize::try_from(y * WIDTH_PX + x).unwrap();
                    image.planes.y.data[idx] = 245;
                }
            }
        }
        let motion = film.show_image(&image);
        n_open_late += i32::from(frame >= 200 && motion.is_open);
    }
    assert!(n_open_late <= 10, "{n_open_late} of 100");
}

#[test]
fn object_that_stops_is_absorbed_after_some_time() {
    let mut film = film();
    film.calm(5);
    let parked = object(200, 150, 60, 40, -50);
    let opened: Vec<bool> = (0..200).map(|_| film.show(&parked).is_open).collect();
    // 15 s, and a second of hold.
    assert!(opened[..70].iter().all(|is_open| *is_open));
    assert!(opened[100..].iter().all(|is_open| !is_open));
    // When it drives off, the gate opens again.
    assert!(film.n_open(3, |_, _, _, level| level) >= 2);
}

#[test]
fn masked_part_never_opens_and_the_rest_does() {
    let corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];
    let mask = Polygon::new(corners.map(|(x, y)| NormPoint::new(x, y)).to_vec()).unwrap();
    let mut film = Film::new(MotionConfig {
        sensitivity: 5,
        masks: vec![mask],
    });
    film.calm(5);
    let at = |left: i32| {
        move |frame: i32, x: i32, y: i32, level: i32| {
            object(left + 6 * frame, 100, 20, 40, -60)(x, y, level)
        }
    };
    assert_eq!(film.n_open(15, at(20)), 0);
    assert!(film.n_open(15, at(300)) >= 13);
}

#[test]
fn changed_frame_size_starts_over() {
    let mut film = film();
    film.calm(5);
    film.show(walker(100, 100));
    assert!(film.show(walker(104, 100)).is_open);
    let other = film.frame(320, 180, |_, _, level| level / 2);
    assert_eq!(film.show_image(&other), Motion::default());
    let same = film.frame(320, 180, |_, _, level| level / 2);
    assert_eq!(film.show_image(&same).summary.boxes, []);
}

#[test]
fn cut_frame_neither_opens_nor_spoils_the_background() {
    let mut film = film();
    film.calm(5);
    for cut_y in [250, 140, 20] {
        let mut image = film.frame(WIDTH_PX, HEIGHT_PX, |_, _, level| level);
        let start = usize::try_from(cut_y * WIDTH_PX).unwrap();
        image.planes.y.data[start..].fill(128);
        image.is_damaged = true;
        let motion = film.show_image(&image);
        assert!(!motion.is_open && !motion.summary.is_global, "{cut_y}");
        assert!(!film.show(|_, _, level| level).is_open, "{cut_y}");
    }
}

#[test]
fn camera_that_always_damages_its_frames_is_not_blind() {
    let mut film = film();
    for step in 0..40 {
        // The light changes on the way: passed over only for a while.
        let light = if step < 20 { 0 } else { 60 };
        let mut image = film.frame(WIDTH_PX, HEIGHT_PX, |x, y, level| {
            let left = if step < 34 {
                -100
            } else {
                100 + 4 * (step - 34)
            };
            walker(left, 100)(x, y, level + light)
        });
        image.is_damaged = true;
        let motion = film.show_image(&image);
        let is_expected = match step {
            0..34 => !motion.is_open,
            34 => true,
            _ => motion.is_open,
        };
        assert!(is_expected, "step {step}");
    }
}

#[test]
fn many_objects_give_the_largest_boxes_first() {
    let mut film = film();
    film.calm(5);
    let dots = |frame: i32, x: i32, y: i32, level: i32| {
        let (column, row) = (x / 60, y / 60);
        let size = 14 + 4 * column;
        let inside = (x % 60) < size && (y % 60 + frame) < size;
        if inside && row < 4 { level - 70 } else { level }
    };
    let mut last = Motion::default();
    for frame in 0..3 {
        last = film.show(|x, y, level| dots(frame, x, y, level));
    }
    let areas: Vec<f32> = last.summary.boxes.iter().map(|bbox| bbox.area()).collect();
    assert_eq!(areas.len(), MAX_BOXES);
    assert!(areas.is_sorted_by(|a, b| *a >= b - 1e-6), "{areas:?}");
}

#[test]
fn frame_without_time_between_and_back_in_time_are_harmless() {
    let mut film = film();
    film.calm(5);
    let image = film.frame(WIDTH_PX, HEIGHT_PX, |_, _, level| level);
    let now = Timestamp::from_millis(film.n_frames * FRAME_MS);
    for at in [now, now, Timestamp::from_secs(-5), now] {
        assert!(!film.gate.update(&image, at).is_open);
    }
}

#[test]
fn boxes_lie_in_the_picture() {
    let mut film = film();
    film.calm(5);
    film.show(object(460, 250, 20, 20, -80));
    let motion = film.show(object(462, 252, 20, 20, -80));
    let bbox = motion.summary.boxes[0];
    assert!(bbox.x2() <= 1.0 && bbox.y2() <= 1.0);
    assert_eq!(bbox.intersection(NormBox::WHOLE), Some(bbox));
}
