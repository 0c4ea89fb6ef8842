//! Faults as a client meets them, byte by byte.

use std::time::Duration;

use sim::{CameraConfig, Content, Fault, Feed, FeedConfig, Quirk, SimCamera};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{small, start};

const PATIENCE: Duration = Duration::from_secs(20);

/// Asks for a page and leaves the connection open.
async fn ask(camera: &SimCamera, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(camera.addr())
        .await
        .expect("the camera listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: camera\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the camera reads");
    stream
}

/// Reads until `enough` or the end.
async fn read_until(stream: &mut TcpStream, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    while !enough(&bytes) {
        let n_read = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("the camera answers")
            .unwrap_or(0);
        if n_read == 0 {
            break;
        }
        bytes.extend_from_slice(&buffer[..n_read]);
    }
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

async fn answer(fault: Fault, path: &str, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let camera = start(CameraConfig {
        faults: vec![fault],
        ..small()
    })
    .await;
    let mut stream = ask(&camera, path).await;
    let bytes = read_until(&mut stream, enough).await;
    camera.stop().await;
    bytes
}

#[tokio::test]
async fn unavailable_camera_says_503_and_web_page_is_html() {
    let busy = answer(Fault::Unavailable, "/snap.jpg", |bytes| {
        contains(bytes, "busy")
    })
    .await;
    assert!(busy.starts_with(b"HTTP/1.1 503 "));
    let page = answer(Fault::WebPage, "/cgi-bin/mjpeg", |bytes| {
        contains(bytes, "</html>")
    })
    .await;
    assert!(contains(&page, "Content-Type: text/html"));
}

#[tokio::test]
async fn huge_length_claims_a_gibibyte() {
    let bytes = answer(Fault::HugeLength, "/cgi-bin/mjpeg", |bytes| {
        bytes.len() > 500
    })
    .await;
    assert!(contains(&bytes, "Content-Length: 1073741824\r\n"));
}

#[tokio::test]
async fn endless_header_has_no_blank_line_in_a_mebibyte() {
    let bytes = answer(Fault::EndlessHeader, "/cgi-bin/mjpeg", |bytes| {
        bytes.len() > 1 << 20
    })
    .await;
    let part = bytes.split(|byte| *byte == b'X').skip(1);
    assert!(part.clone().count() > 900);
    assert!(part.into_iter().all(|line| !line.ends_with(b"\r\n\r\n")));
}

#[tokio::test]
async fn hang_up_ends_the_stream_after_some_pictures() {
    let bytes = answer(Fault::HangUp, "/cgi-bin/mjpeg", |_| false).await;
    assert!(contains(&bytes, "image/jpeg"));
}

#[tokio::test]
async fn stalled_camera_goes_on_when_it_is_well_again() {
    let camera = start(small()).await;
    let mut stream = ask(&camera, "/cgi-bin/mjpeg").await;
    read_until(&mut stream, |bytes| bytes.len() > 2_000).await;
    camera.set_faults(&[Fault::Stall]);
    // What was under way still arrives; then nothing more is counted as sent.
    let mut n_frames = camera.counters().frames;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = camera.counters().frames;
        if now == n_frames {
            break;
        }
        n_frames = now;
    }
    camera.set_faults(&[]);
    let enough = 200_000;
    let bytes = read_until(&mut stream, |bytes| bytes.len() > enough).await;
    assert!(bytes.len() > enough);
    camera.stop().await;
}

#[tokio::test]
async fn rebooting_camera_drops_its_clients_and_comes_back() {
    let camera = start(small()).await;
    let mut stream = ask(&camera, "/cgi-bin/mjpeg").await;
    read_until(&mut stream, |bytes| bytes.len() > 2_000).await;
    camera.set_faults(&[Fault::Reboot]);
    read_until(&mut stream, |_| false).await;
    assert!(TcpStream::connect(camera.addr()).await.is_err());
    let back = timeout(PATIENCE, async {
        while TcpStream::connect(camera.addr()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(back.await.is_ok());
    assert_eq!(camera.faults(), []);
    camera.stop().await;
}

#[tokio::test]
async fn chunked_body_is_well_formed_around_ill_fitting_parts() {
    let camera = start(CameraConfig {
        quirks: vec![Quirk::OctetStream],
        ..small()
    })
    .await;
    let mut stream = ask(&camera, "/cgi-bin/mjpeg").await;
    let bytes = read_until(&mut stream, |bytes| bytes.len() > 20_000).await;
    let head_len = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head")
        + 4;
    assert!(contains(&bytes[..head_len], "Transfer-Encoding: chunked"));
    let mut rest = &bytes[head_len..];
    let mut n_chunks = 0;
    while let Some(line_len) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line_len]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a hexadecimal size");
        let Some(end) = rest.get(line_len + 2 + size..line_len + 4 + size) else {
            break;
        };
        assert_eq!(end, b"\r\n");
        rest = &rest[line_len + 4 + size..];
        n_chunks += 1;
    }
    assert!(n_chunks >= 3, "{n_chunks} chunks");
    camera.stop().await;
}

#[tokio::test]
async fn one_feed_serves_two_cameras_the_same_pictures() {
    let feed = Feed::open(small().feed).await.expect("a drawn feed opens");
    let one = feed.frame(3).await.expect("drawn");
    let same = feed.frame(3).await.expect("drawn");
    assert!(std::sync::Arc::ptr_eq(&one.jpeg, &same.jpeg));
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    for _ in 0..2 {
        let camera = SimCamera::start_on(feed.clone(), CameraConfig::default(), any_port)
            .await
            .expect("loopback");
        assert!(std::sync::Arc::ptr_eq(camera.feed(), &feed));
        camera.stop().await;
    }
}

#[tokio::test]
async fn resolution_changes_in_turns() {
    let camera = start(CameraConfig {
        faults: vec![Fault::ResolutionChange],
        ..small()
    })
    .await;
    let mut sizes = std::collections::BTreeSet::new();
    let both = timeout(PATIENCE, async {
        while sizes.len() < 2 {
            let mut stream = ask(&camera, "/snap.jpg").await;
            let bytes = read_until(&mut stream, |bytes| bytes.ends_with(&[0xFF, 0xD9])).await;
            let start = bytes
                .windows(2)
                .position(|window| window == [0xFF, 0xD8])
                .expect("a JPEG");
            let header = jpeg::read_header(&bytes[start..]).expect("a header");
            sizes.insert((header.width_px, header.height_px));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(both.await.is_ok());
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [(80, 48), (160, 96)]);
    camera.stop().await;
}

#[tokio::test]
async fn folder_is_served_as_it_is_in_a_loop() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [
        ("a.jpg", b"\xFF\xD8one\xFF\xD9"),
        ("b.jpg", b"\xFF\xD8two\xFF\xD9"),
    ] {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let feed = Feed::open(FeedConfig {
        content: Content::Folder(folder.path().to_owned()),
        ..FeedConfig::default()
    })
    .await
    .expect("a folder with pictures opens");
    let mut seen = Vec::new();
    for idx in 0..3 {
        let frame = feed.frame(idx).await.expect("read");
        seen.push(frame.jpeg[2..5].to_vec());
    }
    assert_eq!(seen, [b"one", b"two", b"one"]);
}
