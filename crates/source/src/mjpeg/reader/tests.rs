use proptest::prelude::*;

use super::*;
use crate::mjpeg::testing::{jpeg, jpeg_with_thumbnail};

const LIMITS: ReaderLimits = ReaderLimits {
    max_part_bytes: 2_000,
    max_header_bytes: 300,
};

/// Reads `body` in pieces of `piece_len` bytes.
fn read(content_type: &str, body: &[u8], piece_len: usize) -> (Vec<Part>, Counts) {
    let mut reader = Reader::new(Boundary::from_content_type(content_type), LIMITS);
    let mut parts = Vec::new();
    for piece in body.chunks(piece_len) {
        parts.extend(reader.push(piece, Timestamp::default()));
    }
    parts.extend(reader.finish());
    (parts, reader.counts())
}

/// Reads `body` whole and byte by byte; expects exactly these pictures.
#[track_caller]
fn check(content_type: &str, body: &[u8], expected: &[&[u8]]) -> Counts {
    let (parts, counts) = read(content_type, body, usize::MAX);
    let lens: Vec<usize> = parts.iter().map(|part| part.jpeg.len()).collect();
    let expected_lens: Vec<usize> = expected.iter().map(|jpeg| jpeg.len()).collect();
    assert_eq!(lens, expected_lens, "lengths");
    for (part, expected) in parts.iter().zip(expected) {
        assert!(&*part.jpeg == *expected, "content");
    }
    let slow = read(content_type, body, 1);
    assert_eq!((parts, counts), slow, "byte by byte");
    counts
}

fn part(header: &str, jpeg: &[u8], tail: &str) -> Vec<u8> {
    [header.as_bytes(), jpeg, tail.as_bytes()].concat()
}

/// The same two pictures, with `header` before and `tail` behind each.
/// `LEN` in the header stands for the picture's length.
#[track_caller]
fn check_two(content_type: &str, preamble: &str, header: &str, tail: &str) -> Counts {
    let (one, two) = (jpeg(1, 300), jpeg(2, 250));
    let mut body = preamble.as_bytes().to_vec();
    for jpeg in [&one, &two] {
        let header = header.replace("LEN", &jpeg.len().to_string());
        body.extend(part(&header, jpeg, tail));
    }
    check(content_type, &body, &[&one, &two])
}

const X: &str = "multipart/x-mixed-replace; boundary=x";
const HEADER: &str = "--x\r\nContent-Type: image/jpeg\r\nContent-Length: LEN\r\n\r\n";

#[test]
fn plain_stream_gives_its_pictures() {
    let counts = check_two(X, "", HEADER, "\r\n");
    assert_eq!(counts.n_parts, 2);
    assert_eq!(counts.n_separators, 2);
    assert_eq!(counts.n_skipped_bytes, 0);
}

#[test]
fn dashes_belong_to_the_boundary_or_not() {
    for declared in ["x", "--x", "----x"] {
        for sent in ["x", "--x", "----x"] {
            let content_type = format!("multipart/x-mixed-replace; boundary={declared}");
            let header = HEADER.replace("--x", sent);
            check_two(&content_type, "", &header, "\r\n");
            let without_length = header.replace("Content-Length: LEN\r\n", "");
            check_two(&content_type, "", &without_length, "\r\n");
        }
    }
}

#[test]
fn declared_boundary_may_be_wrong_or_missing() {
    for content_type in [
        "multipart/x-mixed-replace; boundary=other",
        "multipart/x-mixed-replace",
        "application/octet-stream",
        "image/jpeg",
    ] {
        check_two(content_type, "", HEADER, "\r\n");
    }
}

#[test]
fn first_boundary_may_be_missing_or_follow_other_text() {
    for preamble in ["", "\r\n", "Hello, this is a camera\r\n\r\n", "no line end"] {
        check_two(X, preamble, HEADER, "\r\n");
        // Separators behind the pictures only.
        check_two(
            X,
            preamble,
            "Content-Type: image/jpeg\r\n\r\n",
            "\r\n--x\r\n",
        );
    }
}

#[test]
fn part_without_length_ends_where_the_picture_ends() {
    check_two(X, "", "--x\r\nContent-Type: image/jpeg\r\n\r\n", "\r\n");
    check_two(X, "", "--x\r\n\r\n", "\r\n");
    check_two(X, "", "", "");
}

#[test]
fn boundary_line_printed_twice_is_one() {
    let counts = check_two(X, "", &format!("--x\r\n{HEADER}"), "\r\n");
    assert_eq!(counts.n_discarded_parts, 0);
}

#[test]
fn header_spellings_do_not_matter() {
    for header in [
        "--x\r\nContent-type: image/jpeg\r\nContent-Length:      LEN\r\n\r\n",
        "--x\nCONTENT-LENGTH:LEN\n\n",
        "--x\r\nX-Timestamp: 1.5\r\ncontent-length : LEN\r\ncontent-type: image/jpeg\r\n\r\n",
        // No blank line.
        "--x\r\nContent-Length: LEN\r\n",
        // One blank line too many.
        "--x\r\nContent-Length: LEN\r\n\r\n\r\n",
        // Labelled as something else.
        "--x\r\nContent-Type: text/plain\r\nContent-Length: LEN\r\n\r\n",
        "--x\r\nContent-Type: application/octet-stream\r\n\r\n",
    ] {
        for tail in ["\r\n", "\n", ""] {
            check_two(X, "", header, tail);
        }
    }
}

#[test]
fn wrong_length_is_not_believed() {
    for len in [
        "1",
        "200",
        "1500",
        "1999",
        "1073741824",
        "99999999999999999999",
    ] {
        let header = HEADER.replace("LEN", len);
        check_two(X, "", &header, "\r\n");
    }
}

#[test]
fn thumbnail_does_not_cut_the_picture() {
    let picture = jpeg_with_thumbnail(3);
    for header in [
        "--x\r\n\r\n".to_owned(),
        HEADER.replace("LEN", &picture.len().to_string()),
    ] {
        let body = [
            part(&header, &picture, "\r\n"),
            part(&header, &picture, "\r\n"),
        ];
        check(X, &body.concat(), &[&picture, &picture]);
    }
}

#[test]
fn padding_behind_the_end_marker_is_dropped() {
    let picture = jpeg(1, 100);
    let padded = [&picture[..], &[0; 50]].concat();
    let header = HEADER.replace("LEN", &padded.len().to_string());
    let body = [part(&header, &padded, "\r\n"), part(&header, &padded, "")].concat();
    let counts = check(X, &body, &[&picture, &picture]);
    // The first picture's padding shares its line with the line end.
    assert_eq!(counts.n_skipped_bytes, 102);
}

#[test]
fn vendor_data_behind_the_end_marker_is_skipped() {
    let picture = jpeg(1, 100);
    let with_data = [&picture[..], b"vendor data \x01\x02\x03"].concat();
    let header = HEADER.replace("LEN", &with_data.len().to_string());
    let body = [
        part(&header, &with_data, "\r\n"),
        part(&header, &with_data, "\r\n"),
    ];
    check(X, &body.concat(), &[&picture, &picture]);
}

#[test]
fn declared_length_wins_when_an_end_marker_stands_there() {
    // A comment that lies about its length, so that the walk meets the end
    // marker inside it.
    let mut picture = vec![0xFF, 0xD8, 0xFF, 0xFE, 0, 2];
    picture.extend(jpeg(4, 20));
    picture.extend(&jpeg(1, 100)[2..]);
    let header = HEADER.replace("LEN", &picture.len().to_string());
    check(X, &part(&header, &picture, "\r\n"), &[&picture]);
}

#[test]
fn picture_without_end_marker_ends_at_the_separator() {
    let whole = jpeg(1, 100);
    let cut = &whole[..whole.len() - 2];
    for header in [
        "--x\r\n\r\n".to_owned(),
        HEADER.replace("LEN", &cut.len().to_string()),
    ] {
        let body = [part(&header, cut, "\r\n"), part("--x\r\n\r\n", &whole, "")].concat();
        check(X, &body, &[cut, &whole]);
        let (parts, _) = read(X, &body, 7);
        assert!(!parts[0].is_complete);
        assert!(parts[1].is_complete);
    }
}

#[test]
fn glued_pictures_are_each_found() {
    let (one, two) = (jpeg(1, 100), jpeg(2, 100));
    let both = [&one[..], &two].concat();
    check(X, &part("--x\r\n\r\n", &both, "\r\n"), &[&one, &two]);
    let header = HEADER.replace("LEN", &both.len().to_string());
    check(X, &part(&header, &both, "\r\n--x--"), &[&one, &two]);
}

#[test]
fn start_of_the_next_picture_ends_one_that_lost_its_end() {
    let (one, two) = (jpeg(1, 100), jpeg(2, 100));
    let lost = &one[..80];
    check("image/jpeg", &[lost, &two].concat(), &[lost, &two]);
}

#[test]
fn parts_that_are_no_pictures_are_counted() {
    let picture = jpeg(1, 100);
    for other in [
        "--x\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello\r\n",
        "--x\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n",
        "--x\r\nContent-Type: image/jpeg\r\n\r\nnot a picture\r\n",
        "--x\r\nContent-Type: image/jpeg\r\nContent-Length: 13\r\n\r\nnot a picture\r\n",
    ] {
        let body = [part(other, &[], ""), part("--x\r\n\r\n", &picture, "\r\n")].concat();
        let counts = check(X, &body, &[&picture]);
        assert_eq!(counts.n_discarded_parts, 1, "{other}");
    }
}

#[test]
fn picture_without_pixels_is_no_picture() {
    let picture = jpeg(1, 100);
    let empty = [0xFF, 0xD8, 0xFF, 0xD9];
    let body = [
        part("--x\r\n\r\n", &empty, "\r\n"),
        part("--x\r\n\r\n", &picture, ""),
    ];
    let counts = check(X, &body.concat(), &[&picture]);
    assert_eq!(counts.n_discarded_parts, 1);
}

#[test]
fn picture_cut_off_by_the_end_of_the_stream_is_dropped() {
    let whole = jpeg(1, 100);
    let header = HEADER.replace("LEN", &whole.len().to_string());
    let counts = check(X, &part(&header, &whole[..60], ""), &[]);
    assert_eq!(counts.n_discarded_parts, 1);
}

#[test]
fn too_large_picture_is_dropped_and_the_next_one_found() {
    let (large, small) = (jpeg(1, 3_000), jpeg(2, 100));
    let body = [
        part("--x\r\n\r\n", &large, "\r\n"),
        part("--x\r\n\r\n", &small, "\r\n"),
    ];
    let counts = check(X, &body.concat(), &[&small]);
    assert_eq!(counts.n_too_large, 1);
}

#[test]
fn largest_allowed_picture_passes() {
    let mut picture = jpeg(1, 1_900);
    picture.truncate(1_900);
    picture.retain(|&byte| byte != 0xFF);
    let mut picture = [&jpeg(1, 0)[..30], &picture].concat();
    picture.resize(1_998, 7);
    picture.extend([0xFF, 0xD9]);
    assert_eq!(picture.len(), LIMITS.max_part_bytes);
    check(X, &part("--x\r\n\r\n", &picture, "\r\n"), &[&picture]);
}

#[test]
fn endless_header_and_garbage_keep_memory_bounded() {
    let lines = "A: b\r\n".repeat(16_000);
    let endless_line = "a".repeat(100_000);
    for body in [
        lines,
        endless_line,
        "\r\n".repeat(50_000),
        "-".repeat(100_000),
    ] {
        let mut reader = Reader::new(Boundary::from_content_type(X), LIMITS);
        for piece in body.as_bytes().chunks(100) {
            assert!(reader.push(piece, Timestamp::default()).is_empty());
            assert!(reader.buf.len() <= LIMITS.max_header_bytes + 100);
        }
        assert!(reader.buf.capacity() <= 4 * LIMITS.max_header_bytes);
    }
}

#[test]
fn header_beyond_the_limit_is_counted() {
    let body = ["--x\r\n", &"A: b\r\n".repeat(1_000), "\r\n"].concat();
    let counts = check(X, body.as_bytes(), &[]);
    assert!(counts.n_headers_too_large > 0);
}

#[test]
fn memory_shrinks_after_a_picture_much_larger_than_the_rest() {
    let limits = ReaderLimits {
        max_part_bytes: 4 << 20,
        ..LIMITS
    };
    let mut reader = Reader::new(None, limits);
    let large = reader.push(&jpeg(1, 2 << 20), Timestamp::default());
    assert_eq!(large.len(), 1);
    assert!(reader.buf.capacity() > 1 << 20);
    reader.push(&jpeg(2, 1_000), Timestamp::default());
    assert!(reader.buf.capacity() < 1 << 19);
}

#[test]
fn picture_leaves_with_its_last_byte_and_the_time_of_its_first() {
    let picture = jpeg(1, 200);
    for header in [
        "--x\r\n\r\n".to_owned(),
        HEADER.replace("LEN", &picture.len().to_string()),
    ] {
        let mut reader = Reader::new(Boundary::from_content_type(X), LIMITS);
        let (first, last) = picture.split_at(50);
        let at = Timestamp::from_secs;
        assert!(reader.push(header.as_bytes(), at(1)).is_empty());
        assert!(reader.push(&first[..2], at(2)).is_empty());
        assert!(reader.push(&first[2..], at(3)).is_empty());
        assert!(reader.push(&last[..last.len() - 1], at(4)).is_empty());
        let parts = reader.push(&last[last.len() - 1..], at(5));
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].captured_at, at(2));
    }
}

/// Pieces of streams, good and bad, glued in any order.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &'static str| Just(text.as_bytes().to_vec());
    prop_oneof![
        (any::<u8>(), 0_usize..300).prop_map(|(seed, len)| jpeg(seed, len)),
        (any::<u8>(), 20_usize..200).prop_map(|(seed, len)| jpeg(seed, 300)[..len].to_vec()),
        any::<u8>().prop_map(jpeg_with_thumbnail),
        (0_usize..600).prop_map(|len| format!("Content-Length: {len}\r\n").into_bytes()),
        Just(jpeg(9, 2_500)),
        text("--x\r\n"),
        text("--x--\r\n"),
        text("--y\n"),
        text("\r\n"),
        text("Content-Type: text/html\r\n"),
        text("Content-Type: image/jpeg\r\n"),
        text("<p>hello</p>"),
        text("\0\0\0"),
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(prop_oneof![Just(0xFF_u8), Just(0xD8), Just(0xD9)], 0..10),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn parts_do_not_depend_on_how_bytes_arrive(
        pieces in proptest::collection::vec(piece(), 0..12),
        cuts in proptest::collection::vec(1_usize..200, 1..8),
    ) {
        let body = pieces.concat();
        let (whole, whole_counts) = read(X, &body, usize::MAX);
        let mut reader = Reader::new(Boundary::from_content_type(X), LIMITS);
        let (mut parts, mut rest) = (Vec::new(), &body[..]);
        for len in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*len).min(rest.len()));
            parts.extend(reader.push(now, Timestamp::default()));
            rest = later;
        }
        parts.extend(reader.finish());
        prop_assert_eq!(parts, whole);
        prop_assert_eq!(reader.counts(), whole_counts);
    }
}
