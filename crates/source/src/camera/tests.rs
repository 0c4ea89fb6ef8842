//! A camera made of scripted answers on a loopback socket.
//!
//! Each connection is answered from a list; what the source sent is compared.
//! Nothing sleeps: where time matters, tokio's clock is paused and advances by
//! itself when everybody waits.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::cause::Cause;
use crate::error::Reaction;
use crate::link::LinkText;
use crate::mjpeg::testing::jpeg;

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_000)
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// What the camera does after it has read a request.
#[derive(Clone)]
enum Do {
    /// Sends these bytes and keeps the connection.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    Close(Vec<u8>),
    /// Sends these bytes and then nothing, for ever.
    Stall(Vec<u8>),
}

/// A running camera; aborts with the test's runtime.
struct Camera {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Camera {
    /// Answers requests with `script`, in order, whichever connection they come
    /// on; then refuses to answer.
    async fn start(script: Vec<Do>) -> Camera {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, script.clone(), seen.clone()));
            }
        });
        Camera { port, requests }
    }

    fn link(&self, change: impl FnOnce(&mut LinkText)) -> Link {
        let mut text = LinkText {
            host: "127.0.0.1".to_owned(),
            port: self.port.to_string(),
            path: "/mjpeg".to_owned(),
            ..LinkText::default()
        };
        change(&mut text);
        Link::parse(&text).unwrap()
    }

    async fn open(&self, mode: &str) -> Result<Source, Error> {
        let link = self.link(|text| text.mode = mode.to_owned());
        open(&link).await
    }

    async fn open_with_password(&self, mode: &str) -> Result<Source, Error> {
        let link = self.link(|text| {
            text.mode = mode.to_owned();
            text.user = "relay".to_owned();
            text.password = "secret".to_owned();
        });
        open(&link).await
    }

    /// Values of one header, per request; `-` where it was absent.
    fn header(&self, name: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let value = |request: &String| {
            request
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name}: ")))
                .unwrap_or("-")
                .to_owned()
        };
        requests.iter().map(value).collect()
    }

    fn request_lines(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let line = |request: &String| request.lines().next().unwrap_or("").to_owned();
        requests.iter().map(line).collect()
    }
}

async fn serve(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<Mutex<VecDeque<Do>>>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let mut request = Vec::new();
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            match socket.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return,
            }
        }
        let text = String::from_utf8(std::mem::take(&mut request)).unwrap();
        seen.lock().unwrap().push(text);
        let next = script.lock().unwrap().pop_front();
        let (bytes, keeps_open) = match next {
            Some(Do::Send(bytes)) => (bytes, true),
            Some(Do::Close(bytes)) => (bytes, false),
            Some(Do::Stall(bytes)) => {
                let _sent = socket.write_all(&bytes).await;
                return std::future::pending().await;
            }
            None => return,
        };
        if socket.write_all(&bytes).await.is_err() || !keeps_open {
            let _closed = socket.shutdown().await;
            return;
        }
    }
}

async fn open(link: &Link) -> Result<Source, Error> {
    Source::open(link, Arc::new(FixedClock), &Limits::default()).await
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [head.replace('\n', "\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

/// A whole answer with length.
fn ok(content_type: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    answer(
        &format!("HTTP/1.1 200 OK\nContent-Type: {content_type}\nContent-Length: {len}"),
        body,
    )
}

fn status(line: &str) -> Vec<u8> {
    answer(&format!("HTTP/1.1 {line}\nContent-Length: 0"), b"")
}

fn unauthorized(offers: &[&str]) -> Vec<u8> {
    let offers: String = offers
        .iter()
        .map(|offer| format!("\nWWW-Authenticate: {offer}"))
        .collect();
    status(&format!("401 Unauthorized{offers}"))
}

/// A stream of these pictures, as an HTTP/1.0 camera sends it.
fn stream(pictures: &[Vec<u8>]) -> Vec<u8> {
    let head = "HTTP/1.0 200 OK\nContent-Type: multipart/x-mixed-replace; boundary=x";
    answer(head, &parts(pictures))
}

fn parts(pictures: &[Vec<u8>]) -> Vec<u8> {
    let part = |picture: &Vec<u8>| {
        let head = format!("--x\r\nContent-Length: {}\r\n\r\n", picture.len());
        [head.as_bytes(), picture, b"\r\n"].concat()
    };
    pictures.iter().map(part).collect::<Vec<_>>().concat()
}

fn pictures(n: u8) -> Vec<Vec<u8>> {
    (0..n).map(|seed| jpeg(seed, 200)).collect()
}

/// Takes `expected` pictures, then gives the error that follows.
async fn take(source: &mut Source, expected: &[Vec<u8>]) -> Error {
    for (n, expected) in (0..).zip(expected) {
        let frame = source.next().await.unwrap();
        assert_eq!(frame.seq, n);
        assert!(*frame.jpeg == **expected);
        assert_eq!(frame.captured_at, Timestamp::from_secs(1_000));
    }
    source.next().await.unwrap_err()
}

#[tokio::test]
async fn stream_of_http_1_0_is_read_to_its_end() {
    let camera = Camera::start(vec![Do::Close(stream(&pictures(3)))]).await;
    let mut source = camera.open("stream").await.unwrap();
    let error = take(&mut source, &pictures(3)).await;
    assert_eq!(error.cause(), Cause::HungUp);
    let info = source.info();
    assert_eq!((info.n_frames, info.n_skipped_bytes), (3, 0));
    assert_eq!(info.http_status, Some(200));
    assert_eq!(info.url, format!("http://127.0.0.1:{}/mjpeg", camera.port));
}

#[tokio::test]
async fn mislabelled_chunked_stream_is_read() {
    for content_type in ["application/octet-stream", "image/jpeg"] {
        let body: Vec<u8> = parts(&pictures(3))
            .chunks(100)
            .flat_map(|chunk| {
                [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
            })
            .collect();
        let head =
            format!("HTTP/1.1 200 OK\nContent-Type: {content_type}\nTransfer-Encoding: chunked");
        let camera = Camera::start(vec![Do::Close(answer(&head, &body))]).await;
        let mut source = camera.open("automatic").await.unwrap();
        take(&mut source, &pictures(3)).await;
        assert_eq!(source.info().mode_in_use, ModeInUse::Stream);
    }
}

#[tokio::test]
async fn path_and_query_are_sent_byte_for_byte() {
    let camera = Camera::start(vec![Do::Close(stream(&pictures(1)))]).await;
    let path = "/a?a=b&c=[x]|y%2f'{}";
    let link = camera.link(|text| text.path = path.to_owned());
    open(&link).await.unwrap();
    assert_eq!(camera.request_lines(), [format!("GET {path} HTTP/1.1")]);
    assert_eq!(camera.header("Accept"), ["-"]);
}

const DIGEST: &str = "Digest realm=\"cam\", nonce=\"n1\", qop=\"auth\", algorithm=md5";

#[tokio::test]
async fn digest_signs_the_path_and_counts_up() {
    let one = || ok("image/jpeg", &jpeg(0, 50));
    let renewed = "Digest realm=\"cam\", nonce=\"n2\", qop=\"auth\", stale=TRUE";
    let camera = Camera::start(vec![
        Do::Close(unauthorized(&["Basic realm=\"cam\"", DIGEST])),
        Do::Send(one()),
        Do::Send(one()),
        Do::Close(unauthorized(&[renewed])),
        Do::Send(one()),
    ])
    .await;
    let mut source = camera.open_with_password("one_shot").await.unwrap();
    for _ in 0..3 {
        source.next().await.unwrap();
    }
    assert_eq!(source.info().auth_scheme, Some(AuthScheme::DigestMd5));
    let signed = camera.header("Authorization");
    assert_eq!(signed[0], "-");
    for (n, wanted) in [
        (1, ["nonce=\"n1\"", "nc=00000001"]),
        (2, ["nonce=\"n1\"", "nc=00000002"]),
        (3, ["nonce=\"n1\"", "nc=00000003"]),
        (4, ["nonce=\"n2\"", "nc=00000001"]),
    ] {
        for wanted in wanted
            .iter()
            .chain(&["uri=\"/mjpeg\"", "username=\"relay\""])
        {
            assert!(signed[n].contains(wanted), "{n}: {}", signed[n]);
        }
    }
}

#[tokio::test]
async fn wrong_password_is_tried_once_only() {
    let refuse = || Do::Close(unauthorized(&[DIGEST]));
    let camera = Camera::start(vec![refuse(), refuse(), refuse(), refuse()]).await;
    let error = camera.open_with_password("automatic").await.unwrap_err();
    assert_eq!(error.cause(), Cause::WrongPassword);
    assert_eq!(error.reaction(), Reaction::RetrySlowly);
    assert_eq!(camera.request_lines().len(), 2);
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn endless_stale_is_not_followed() {
    let stale = format!("{DIGEST}, stale=true");
    let camera = Camera::start(vec![Do::Close(unauthorized(&[&stale])); 9]).await;
    let error = camera.open_with_password("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::WrongPassword);
    assert_eq!(camera.request_lines().len(), 3);
}

#[tokio::test]
async fn missing_password_and_unknown_login_have_their_own_causes() {
    let camera = Camera::start(vec![Do::Close(unauthorized(&[DIGEST]))]).await;
    let error = camera.open("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::PasswordNeeded);
    let camera = Camera::start(vec![Do::Close(unauthorized(&["NTLM", "Negotiate"]))]).await;
    let error = camera.open_with_password("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::LoginUnsupported);
    assert!(error.to_string().ends_with("(NTLM, Negotiate)"), "{error}");
}

#[tokio::test]
async fn status_and_content_decide_the_cause() {
    for (mode, bytes, cause) in [
        ("stream", status("403 Forbidden"), Cause::Forbidden),
        ("stream", status("404 Not Found"), Cause::NotFound),
        ("one_shot", status("503 Busy"), Cause::Busy),
        ("automatic", status("500 Oops"), Cause::CameraError),
        ("automatic", ok("text/html", b"<html>"), Cause::NotPictures),
        ("one_shot", ok("text/html", b"<html>"), Cause::NotPictures),
        ("one_shot", ok("image/jpeg", b"nothing"), Cause::NotPictures),
        ("one_shot", stream(&pictures(2)), Cause::StreamInstead),
        (
            "stream",
            ok("image/jpeg", &jpeg(1, 9)),
            Cause::SinglePictures,
        ),
        (
            "stream",
            b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(),
            Cause::NotHttp,
        ),
        ("stream", b"".to_vec(), Cause::HungUp),
    ] {
        let camera = Camera::start(vec![Do::Close(bytes)]).await;
        let error = camera.open(mode).await.unwrap_err();
        assert_eq!(error.cause(), cause, "{mode}: {error}");
    }
}

#[tokio::test]
async fn body_without_pictures_is_named_by_what_it_is() {
    for (content_type, body, cause) in [
        (
            "text/plain",
            &b"Error: no such stream\r\n"[..],
            Cause::NotPictures,
        ),
        ("application/x", &jpeg(1, 9), Cause::SinglePictures),
        (
            "multipart/x-mixed-replace; boundary=x",
            b"--x\r\nA: b\r\n\r\nno",
            Cause::BrokenStream,
        ),
    ] {
        let camera = Camera::start(vec![Do::Close(ok(content_type, body))]).await;
        let mut source = camera.open("stream").await.unwrap();
        let error = loop {
            if let Err(error) = source.next().await {
                break error;
            }
        };
        assert_eq!(error.cause(), cause, "{content_type}: {error}");
        assert_eq!(source.next().await.unwrap_err().cause(), Cause::Internal);
    }
}

#[tokio::test]
async fn closed_port_and_unknown_name_have_their_own_causes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let requests = Arc::default();
    let camera = Camera { port, requests };
    let error = camera.open("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::Refused);
    let link = camera.link(|text| text.host = "camera.invalid".to_owned());
    let error = open(&link).await.unwrap_err();
    assert_eq!(error.cause(), Cause::NameNotFound);
}

#[tokio::test]
async fn redirect_on_the_same_host_is_followed() {
    let to = |path: &str| Do::Close(status(&format!("302 Found\nLocation: {path}")));
    let camera = Camera::start(vec![to("/b?c=1"), Do::Close(stream(&pictures(2)))]).await;
    let mut source = camera.open("stream").await.unwrap();
    take(&mut source, &pictures(2)).await;
    assert!(source.info().url.ends_with("/b?c=1"));

    let camera = Camera::start(vec![to("/x"); 9]).await;
    let error = camera.open("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::Redirected);
    assert_eq!(camera.request_lines().len(), 4);
}

#[tokio::test]
async fn redirect_to_another_host_is_not_followed() {
    let away = status("302 Found\nLocation: http://127.0.0.2/steal?pwd=x");
    let camera = Camera::start(vec![Do::Close(away)]).await;
    let error = camera.open_with_password("stream").await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("redirected to http://127.0.0.2/steal?pwd=***")
    );
}

#[tokio::test]
async fn automatic_takes_single_pictures_when_the_camera_sends_them() {
    let one = |seed| Do::Send(ok("image/jpeg", &jpeg(seed, 200)));
    let camera = Camera::start(vec![one(0), one(1), one(2)]).await;
    let mut source = camera.open("automatic").await.unwrap();
    let error = take(&mut source, &pictures(3)).await;
    assert_eq!(error.cause(), Cause::HungUp);
    assert_eq!(source.info().mode_in_use, ModeInUse::OneShot);
}

#[tokio::test(start_paused = true)]
async fn automatic_changes_to_single_pictures_after_three_broken_streams() {
    let broken = || Do::Close(stream(&[]));
    let one = |seed| Do::Send(ok("image/jpeg", &jpeg(seed, 200)));
    let camera = Camera::start(vec![broken(), broken(), broken(), one(0), one(1)]).await;
    let link = camera.link(|text| text.path = "/cgi-bin/mjpeg?stream=1&frame=5".to_owned());
    let mut source = open(&link).await.unwrap();
    assert_eq!(source.info().mode_in_use, ModeInUse::Stream);
    take(&mut source, &pictures(2)).await;
    assert_eq!(source.info().mode_in_use, ModeInUse::OneShot);
    assert_eq!(
        camera.request_lines()[2..4],
        [
            "GET /cgi-bin/mjpeg?stream=1&frame=5 HTTP/1.1",
            "GET /cgi-bin/camera?stream=1 HTTP/1.1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn stall_without_close_ends_after_ten_seconds() {
    let camera = Camera::start(vec![Do::Stall(stream(&pictures(2)))]).await;
    let mut source = camera.open("stream").await.unwrap();
    let start = Instant::now();
    let error = take(&mut source, &pictures(2)).await;
    assert_eq!(error.cause(), Cause::Stalled);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn request_without_answer_ends_after_ten_seconds() {
    let camera = Camera::start(vec![Do::Stall(b"HTTP/1.1 200 OK\r\n".to_vec())]).await;
    let start = Instant::now();
    let error = camera.open("automatic").await.unwrap_err();
    assert_eq!(error.cause(), Cause::NoAnswer);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn one_shot_holds_five_fps_on_one_connection() {
    let one = |seed| Do::Send(ok("image/jpeg", &jpeg(seed, 200)));
    let camera = Camera::start((0..26).map(one).collect()).await;
    let mut source = camera.open("one_shot").await.unwrap();
    let start = Instant::now();
    for _ in 0..26 {
        source.next().await.unwrap();
    }
    let elapsed = start.elapsed().as_millis();
    assert!((4_990..=5_030).contains(&elapsed), "{elapsed} ms");
}

#[tokio::test]
async fn one_shot_survives_a_camera_that_closes_after_each_answer() {
    let one = |seed| Do::Close(ok("image/jpeg", &jpeg(seed, 200)));
    let camera = Camera::start(vec![one(0), one(1), one(2)]).await;
    let mut source = camera.open("one_shot").await.unwrap();
    take(&mut source, &pictures(3)).await;
}

#[tokio::test]
async fn one_shot_takes_no_picture_that_ended_early() {
    let mut bytes = ok("image/jpeg", &jpeg(1, 200));
    bytes.truncate(bytes.len() - 50);
    let camera = Camera::start(vec![Do::Close(bytes)]).await;
    let error = camera.open("one_shot").await.unwrap_err();
    assert_eq!(error.cause(), Cause::BrokenStream);
}

#[tokio::test]
async fn lies_about_size_are_refused_or_outlived() {
    let head = |field: &str| answer(&format!("HTTP/1.1 200 OK\n{field}"), b"");
    let huge = head("Content-Type: image/jpeg\nContent-Length: 1073741824");
    let camera = Camera::start(vec![Do::Stall(huge)]).await;
    let error = camera.open("one_shot").await.unwrap_err();
    assert_eq!(error.cause(), Cause::PictureTooLarge);

    let endless = head(&"A: b\n".repeat(20_000));
    let camera = Camera::start(vec![Do::Stall(endless)]).await;
    let error = camera.open("stream").await.unwrap_err();
    assert_eq!(error.cause(), Cause::NotHttp);

    // A part of 1 GB by its own account is read by its content.
    let picture = jpeg(1, 200);
    let lie = "--x\r\nContent-Length: 1073741824\r\n\r\n".as_bytes();
    let body = [lie, &picture, b"\r\n", lie, &picture, b"\r\n"].concat();
    let head = "HTTP/1.0 200 OK\nContent-Type: multipart/x-mixed-replace; boundary=x";
    let camera = Camera::start(vec![Do::Close(answer(head, &body))]).await;
    let mut source = camera.open("stream").await.unwrap();
    take(&mut source, &[picture.clone(), picture]).await;

    // A part header without end.
    let body = ["--x\r\n", &"A: b\r\n".repeat(16_000)].concat();
    let camera = Camera::start(vec![Do::Stall(answer(head, body.as_bytes()))]).await;
    let mut source = camera.open("stream").await.unwrap();
    assert!(matches!(
        source.next().await,
        Err(Error::HeaderTooLarge { .. })
    ));
}

mod tls;
