use super::*;
use crate::mjpeg::testing::jpeg;

fn options(fps: Option<f32>) -> ReplayOptions {
    ReplayOptions {
        fps,
        start_at: Timestamp::from_secs(100),
        ..ReplayOptions::default()
    }
}

#[test]
fn folder_is_replayed_by_name_at_the_given_rate() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seed) in [("b.jpg", 2), ("a.JPEG", 1), ("c.txt", 3), ("c.jpg", 4)] {
        fs::write(folder.path().join(name), jpeg(seed, 50)).unwrap();
    }
    let clip = open(folder.path(), options(Some(2.0))).unwrap();
    let frames: Vec<EncodedFrame> = clip.map(Result::unwrap).collect();
    let expected = [(1, 0), (2, 500), (4, 1_000)];
    assert_eq!(frames.len(), expected.len());
    for (n, (frame, (seed, millis))) in (0..).zip(frames.iter().zip(expected)) {
        assert_eq!(frame.seq, n);
        assert_eq!(*frame.jpeg, *jpeg(seed, 50));
        assert_eq!(frame.captured_at, Timestamp::from_millis(100_000 + millis));
    }
}

#[test]
fn concatenated_file_is_replayed_at_five_fps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mjpeg");
    fs::write(
        &path,
        [jpeg(1, 5_000), jpeg(2, 90_000), jpeg(3, 10)].concat(),
    )
    .unwrap();
    let frames: Vec<EncodedFrame> = open(&path, options(None))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(frames.len(), 3);
    assert_eq!(*frames[1].jpeg, *jpeg(2, 90_000));
    assert_eq!(frames[2].captured_at, Timestamp::from_millis(100_400));
}

#[test]
fn unreadable_recordings_get_fitting_words() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.mjpg");
    fs::write(&empty, "no picture").unwrap();
    let text = |path: &Path| match open(path, options(None)) {
        Ok(mut clip) => clip.next().unwrap().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(text(folder.path()).ends_with("no .jpg or .jpeg in it"));
    assert!(text(&empty).ends_with("no picture in it"));
    assert!(text(&folder.path().join("none.mp4")).starts_with("read clip"));
    assert!(open(folder.path(), options(Some(0.0))).is_err());
}
