//! What each frame of a camera costs before the detector runs: JPEG decoding
//! in all modes, the motion gate, the region planner.
//!
//! The pictures are twelve 1080p stills of the shared test data as they are;
//! without them nothing is measured.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use jpeg::{Decoder, Encoder, Limits, PixelRect, Planes, Scale};
use types::{EncodedFrame, NormBox, Timestamp};
use vision::decode::{FrameDecoder, Image};
use vision::motion::{MotionConfig, MotionGate};
use vision::regions::{RegionConfig, RegionPlanner};
use vision::watch::{PictureWatch, StillChanges};

const N_STILLS: usize = 12;
const SCALES: [Scale; 4] = [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth];

static STILLS: LazyLock<Vec<EncodedFrame>> = LazyLock::new(|| {
    let Some(folder) = testkit::shared_data("media/stills_1080p") else {
        return Vec::new();
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("its entries are readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .collect();
    paths.sort();
    (0_u32..)
        .zip(paths.into_iter().take(N_STILLS))
        .map(|(seq, path)| EncodedFrame {
            seq: seq.into(),
            captured_at: at(seq),
            jpeg: std::fs::read(path).expect("stills are readable").into(),
        })
        .collect()
});

fn main() {
    divan::main();
}

fn at(frame: u32) -> Timestamp {
    Timestamp::from_millis(200 * i64::from(frame))
}

fn decoder() -> Decoder {
    Decoder::new(Limits::default()).expect("memory suffices")
}

/// Runs `work` on one still after the other.
fn each_still(bencher: Bencher<'_, '_>, mut work: impl FnMut(&EncodedFrame)) {
    let mut frames = STILLS.iter().cycle();
    bencher.bench_local(move || {
        if let Some(frame) = frames.next() {
            work(frame);
        }
    });
}

#[divan::bench(args = SCALES)]
fn jpeg_planes(bencher: Bencher<'_, '_>, scale: Scale) {
    let (mut decoder, mut planes) = (decoder(), Planes::default());
    each_still(bencher, move |frame| {
        let outcome = decoder.planes(&frame.jpeg, scale, &mut planes);
        black_box(outcome).expect("stills are whole");
    });
}

#[divan::bench(args = SCALES)]
fn jpeg_rgb(bencher: Bencher<'_, '_>, scale: Scale) {
    let mut decoder = decoder();
    each_still(bencher, move |frame| {
        let outcome = decoder.rgb(&frame.jpeg, scale, None);
        black_box(outcome).expect("stills are whole");
    });
}

/// The area of one closer look in the middle of the picture.
#[divan::bench(args = [Scale::Full, Scale::Half])]
fn jpeg_rgb_area(bencher: Bencher<'_, '_>, scale: Scale) {
    let (width, height) = (416 * scale.divisor(), 256 * scale.divisor());
    let area = PixelRect {
        x: (1920 - width) / 2,
        y: (1080 - height) / 2,
        width,
        height,
    };
    let mut decoder = decoder();
    each_still(bencher, move |frame| {
        let outcome = decoder.rgb(&frame.jpeg, scale, Some(area));
        black_box(outcome).expect("stills are whole");
    });
}

/// A crop as the best shots are made of: 320x640 at quality 85.
#[divan::bench]
fn jpeg_encode_crop(bencher: Bencher<'_, '_>) {
    let area = PixelRect {
        x: 800,
        y: 200,
        width: 320,
        height: 640,
    };
    let Some(frame) = STILLS.first() else { return };
    let (crop, ..) = decoder()
        .rgb(&frame.jpeg, Scale::Full, Some(area))
        .expect("stills are whole");
    let mut encoder = Encoder::new().expect("memory suffices");
    bencher.bench_local(move || encoder.rgb(&crop, 85));
}

#[divan::bench]
fn read_header(bencher: Bencher<'_, '_>) {
    each_still(bencher, |frame| {
        black_box(jpeg::read_header(&frame.jpeg)).expect("stills are whole");
    });
}

#[divan::bench]
fn frame_decode(bencher: Bencher<'_, '_>) {
    let (mut decoder, mut buffers) = (decoder(), FrameDecoder::new());
    each_still(bencher, move |frame| {
        let outcome = buffers.decode(frame, &mut decoder);
        black_box(outcome).expect("stills are whole");
    });
}

/// One still again and again, a walker in it: nothing is global, one part is
/// labelled.
#[divan::bench]
fn motion_gate_one_walker(bencher: Bencher<'_, '_>) {
    let Some(image) = first_image() else { return };
    let mut with_walker = image.clone();
    let luma = &mut with_walker.planes.y;
    for y in 100..130 {
        let start = y * luma.stride + 200;
        luma.data[start..start + 12].fill(20);
    }
    gate(bencher, &[image, with_walker]);
}

/// Other stills in turn: everything changes in every frame.
#[divan::bench]
fn motion_gate_all_changes(bencher: Bencher<'_, '_>) {
    let (mut decoder, mut buffers) = (decoder(), FrameDecoder::new());
    let images: Vec<Image> = STILLS
        .iter()
        .map(|frame| {
            let image = buffers.decode(frame, &mut decoder);
            image.expect("stills are whole").clone()
        })
        .collect();
    gate(bencher, &images);
}

fn gate(bencher: Bencher<'_, '_>, images: &[Image]) {
    let mut gate = MotionGate::new(MotionConfig::default());
    let mut images = images.iter().cycle();
    let mut n_frames = 0;
    bencher.bench_local(move || {
        n_frames += 1;
        images.next().map(|image| gate.update(image, at(n_frames)))
    });
}

/// The gate's worst case for the planner: sixteen boxes, no track.
#[divan::bench]
fn plan_of_sixteen_boxes(bencher: Bencher<'_, '_>) {
    let Some(image) = first_image() else { return };
    let mut planner = RegionPlanner::new(RegionConfig::default());
    let mut motion = vision::motion::Motion {
        is_open: true,
        is_stable: true,
        ..Default::default()
    };
    motion.summary.boxes = (0_u8..16)
        .map(|idx| {
            let (x, y) = (f32::from(idx % 4) * 0.25, f32::from(idx / 4) * 0.25);
            NormBox::from_xyxy(x, y, x + 0.02, y + 0.06)
        })
        .collect();
    let mut n_frames = 0;
    bencher.bench_local(move || {
        n_frames += 1;
        planner.plan(at(n_frames), &image, &motion, &[])
    });
}

fn first_image() -> Option<Image> {
    let frame = STILLS.first()?;
    let mut buffers = FrameDecoder::new();
    let image = buffers.decode(frame, &mut decoder());
    Some(image.expect("stills are whole").clone())
}

/// One region of a state detector, by its share of the picture's sides; looked
/// at about once a second.
#[divan::bench(args = [0.05_f32, 0.2, 1.0])]
fn region_look(bencher: Bencher<'_, '_>, side: f32) {
    let Some(image) = first_image() else { return };
    let (from, until) = (0.5 - side / 2.0, 0.5 + side / 2.0);
    let corners = [(from, from), (until, from), (until, until), (from, until)];
    let corners = corners.map(|(x, y)| types::NormPoint { x, y });
    let polygon = types::Polygon::new(corners.to_vec()).expect("a square is a polygon");
    let region = vision::states::Region::new(&polygon);
    bencher.bench_local(move || region.describe(&image.planes));
}

/// What is watched beside the gate, when it is looked at: at most each 400 ms.
#[divan::bench]
fn picture_watch(bencher: Bencher<'_, '_>) {
    let mut watch = PictureWatch::new();
    each_watched(bencher, move |image, at| {
        black_box(watch.update(image, at, &[]));
    });
}

/// The same for things left and removed, one of them there.
#[divan::bench]
fn still_changes(bencher: Bencher<'_, '_>) {
    let mut still = StillChanges::new();
    each_watched(bencher, move |image, at| {
        black_box(still.update(image, at, &[]));
    });
}

/// Runs `work` on one still, 400 ms apart, in which something changed after
/// 20 s.
fn each_watched(bencher: Bencher<'_, '_>, mut work: impl FnMut(&Image, Timestamp)) {
    let Some(frame) = STILLS.first() else { return };
    let mut buffers = FrameDecoder::new();
    let decoded = buffers.decode(frame, &mut decoder());
    let image = decoded.expect("stills are whole").clone();
    let mut changed = image.clone();
    let stride = changed.planes.y.stride;
    for row in changed.planes.y.data.chunks_mut(stride).skip(100).take(30) {
        row[200..230].fill(250);
    }
    let mut n = 0_u32;
    bencher.bench_local(move || {
        n += 1;
        let shown = if n < 50 { &image } else { &changed };
        work(shown, Timestamp::from_millis(400 * i64::from(n)));
    });
}
