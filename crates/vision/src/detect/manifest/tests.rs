//! What is accepted, and the words with which the rest is refused.

use expect_test::{Expect, expect};

use super::*;

const GOOD: &str = r#"
name = "airelay-n"
file = "airelay-n.onnx"
sha256 = "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
licence = "Apache-2.0"
[input]
name = "image"
width_px = 416
height_px = 256
dynamic = true
colour = "rgb"
layout = "nchw"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
fit = "letterbox"
pad = 114.0
[output]
layout = "boxes_scores"
nms_iou = 0.6
[[classes]]
index = 0
class = "person"
threshold = 0.35
[[classes]]
index = 2
class = "car"
threshold = 0.4
[[classes]]
index = 7
class = "car"
threshold = 0.3
"#;

/// Replaces `from` in the good manifest and compares the error.
#[track_caller]
fn check(from: &str, to: &str, expected: &Expect) {
    assert!(GOOD.contains(from));
    let error = Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn good_manifest_is_read_whole() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.name, "airelay-n");
    assert_eq!(
        (manifest.input.width_px, manifest.input.height_px),
        (416, 256)
    );
    assert_eq!(manifest.layout, OutputLayout::BoxesScores);
    assert_eq!(manifest.classes.len(), 3);
    assert_eq!(manifest.threshold(Class::Car), Some(0.3));
    assert_eq!(manifest.threshold(Class::Bus), None);
}

#[test]
fn unreadable_manifest_is_refused_with_the_line() {
    check(
        "width_px = 416",
        "width_px = \"416\"",
        &expect![[
            r#"read manifest, line 8 ("width_px = \"416\""): invalid type: string "416", expected usize"#
        ]],
    );
    check(
        "width_px = 416",
        "width_px = -1",
        &expect![[
            r#"read manifest, line 8 ("width_px = -1"): invalid value: integer `-1`, expected usize"#
        ]],
    );
    check(
        "width_px = 416\n",
        "",
        &expect![[r#"read manifest, line 6 ("[input]"): missing field `width_px`"#]],
    );
    check(
        "pad = 114.0",
        "padding = 114.0",
        &expect![[
            r#"read manifest, line 16 ("padding = 114.0"): unknown field `padding`, expected one of `name`, `width_px`, `height_px`, `dynamic`, `colour`, `layout`, `mean`, `std`, `fit`, `pad`"#
        ]],
    );
    check(
        "mean = [0.0, 0.0, 0.0]",
        "mean = [0.0, 0.0]",
        &expect![[
            r#"read manifest, line 13 ("mean = [0.0, 0.0]"): invalid length 2, expected an array of length 3"#
        ]],
    );
    check(
        "pad = 114.0",
        "pad = ",
        &expect![[
            r#"read manifest, line 16 ("pad = "): string values must be quoted, expected literal string"#
        ]],
    );
}

#[test]
fn value_out_of_range_is_refused_with_the_field() {
    check(
        "\"airelay-n\"",
        "\"a b\"",
        &expect![[
            r#"read manifest: name: "a b": must be 1 to 64 letters, digits, '.', '_' or '-'"#
        ]],
    );
    check(
        "airelay-n.onnx",
        "../airelay-n.onnx",
        &expect![[
            r#"read manifest: file: "../airelay-n.onnx": must be the bare name of a file beside the manifest"#
        ]],
    );
    check(
        "BA7816",
        "ba78",
        &expect!["read manifest: sha256: must be 64 hex digits"],
    );
    check(
        "Apache-2.0",
        " ",
        &expect!["read manifest: licence: is empty: name the licence of the weights"],
    );
    check(
        "height_px = 256",
        "height_px = 250",
        &expect!["read manifest: input.height_px: 250: a dynamic input needs multiples of 32"],
    );
    check(
        "height_px = 256",
        "height_px = 0",
        &expect!["read manifest: input.height_px: 0: must be 32 to 4096"],
    );
    check(
        "\"rgb\"",
        "\"yuv\"",
        &expect![[r#"read manifest: input.colour: "yuv" is not one of "rgb", "bgr""#]],
    );
    check(
        "\"nchw\"",
        "\"nhwc\"",
        &expect![[r#"read manifest: input.layout: "nhwc" is not one of "nchw""#]],
    );
    check(
        "std = [1.0, 1.0,",
        "std = [1.0, 0.0,",
        &expect!["read manifest: input.std: 0: must be 0.001 to 1000"],
    );
    check(
        "pad = 114.0",
        "pad = nan",
        &expect!["read manifest: input.pad: NaN: must be 0 to 255"],
    );
    check(
        "boxes_scores",
        "yolov5",
        &expect![[
            r#"read manifest: output.layout: "yolov5" is not one of "boxes_scores", "yolox", "nanodet_plus", "picodet", "yolov8""#
        ]],
    );
    check(
        "nms_iou = 0.6",
        "nms_iou = 0.0",
        &expect!["read manifest: output.nms_iou: 0: must be 0.05 to 1"],
    );
    check(
        "\"person\"",
        "\"pedestrian\"",
        &expect![[
            r#"read manifest: classes[0].class: "pedestrian" is not one of "person", "bicycle", "car", "motorcycle", "bus", "truck""#
        ]],
    );
    check(
        "threshold = 0.35",
        "threshold = 1.5",
        &expect!["read manifest: classes[0].threshold: 1.5: must be 0 to 1"],
    );
    check(
        "index = 7",
        "index = 2",
        &expect!["read manifest: classes[2].index: 2 is used twice"],
    );
}

#[test]
fn endless_manifest_is_refused_unread() {
    let text = "#".repeat(MAX_TEXT_BYTES + 1);
    let error = Manifest::parse(&text).unwrap_err().to_string();
    assert_eq!(
        error,
        "read manifest: length: 65537 bytes: at most 65536 allowed"
    );
}

#[test]
fn model_is_accepted_by_its_checksum_only() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.check_model(b"abc"), Ok(()));
    let error = manifest.check_model(b"abd").unwrap_err().to_string();
    assert!(error.starts_with("check model airelay-n.onnx: its SHA-256 is a52d159f"));
}
