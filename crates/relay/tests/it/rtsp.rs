//! RTSP and pictures as other programs read them: ffmpeg, curl, a WebSocket
//! client, and sockets where a client must misbehave.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::watched::{PASSWORD, USER, Watched, attribute, documents, read_by, words};
use crate::support::{Guarded, install_detector, is_installed, soon};

/// Number of pictures, width and height that ffmpeg decodes from a stream.
async fn decoded(url: &str, transport: &str) -> (usize, usize, usize) {
    let mut arguments = words(&format!("-v error -nostdin -rtsp_transport {transport} -i"));
    arguments.push(url.to_owned());
    arguments.extend(words(
        "-map 0:v -frames:v 8 -pix_fmt gray -f yuv4mpegpipe -strict -1 -",
    ));
    let stream = read_by("ffmpeg", arguments)
        .await
        .unwrap_or_else(|error| panic!("{url} by {transport}: {error}"));
    let line = stream.split(|byte| *byte == b'\n').next().unwrap();
    let line = String::from_utf8_lossy(line).into_owned();
    let field = |mark: char| -> usize {
        let mut fields = line.split(' ');
        let found = fields.find_map(|field| field.strip_prefix(mark));
        found
            .and_then(|number| number.parse().ok())
            .expect("a size")
    };
    let (width, height) = (field('W'), field('H'));
    let n_pictures = (stream.len() - line.len() - 1) / (width * height + "FRAME\n".len());
    (n_pictures, width, height)
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_decodes_jpeg_and_h264_by_every_transport() {
    if !is_installed("ffmpeg") {
        return;
    }
    let watched = Watched::start(640, 360).await;
    for video in ["jpeg", "h264"] {
        for transport in ["udp", "tcp", "http"] {
            let found = decoded(&watched.url(video), transport).await;
            assert_eq!(found, (8, 640, 360), "{video} by {transport}");
        }
    }
    // The web server's port carries the tunnel as well.
    let web_port = watched.program.url.rsplit(':').next().unwrap();
    let url = watched
        .url("jpeg")
        .replace(&watched.rtsp_port.to_string(), web_port);
    assert_eq!(decoded(&url, "http").await, (8, 640, 360));
    soon("all viewers to leave the list", async || {
        watched.viewers().await.is_empty().then_some(())
    })
    .await;
}

/// Boxes of a document, as `[x1, y1, x2, y2]` in parts of the picture.
fn boxes(document: &str) -> Vec<[f64; 4]> {
    let number = |text: &str, name: &str| -> f64 {
        let value = attribute(text, name).and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    let found = document.split("<tt:BoundingBox").skip(1);
    found
        .map(|text| {
            let text = text.split('>').next().unwrap();
            let (x, y) = (
                |x: f64| f64::midpoint(x, 1.0),
                |y: f64| f64::midpoint(1.0, -y),
            );
            [
                x(number(text, "left")),
                y(number(text, "top")),
                x(number(text, "right")),
                y(number(text, "bottom")),
            ]
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_read_by_ffmpeg_holds_to_the_schema_and_shows_the_analysed_boxes() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let Some(model) = install_detector(folder.path()).filter(|_| is_installed("ffmpeg")) else {
        return;
    };
    let model = ["--model", model.to_str().expect("a plain path")];
    let watched = Watched::start_in(folder, &model, 1_280, 720).await;
    soon("somebody to be followed", async || {
        let status = watched.api.camera(&watched.camera).await["status"].clone();
        (status["tracks"].as_u64() > Some(0)).then_some(())
    })
    .await;
    let mut named: Vec<(String, String)> = Vec::new();
    for transport in ["udp", "tcp"] {
        let mut arguments = words(&format!("-v error -nostdin -rtsp_transport {transport} -i"));
        arguments.push(watched.url("jpeg"));
        arguments.extend(words("-map 0:d -c copy -copy_unknown -t 6 -f data -"));
        let reading = read_by("ffmpeg", arguments);
        let (stream, scenes) = watched.api.live_scenes(&watched.camera, reading).await;
        let stream = stream.unwrap_or_else(|error| panic!("{error}"));
        let stream = String::from_utf8(stream).expect("documents are text");
        let documents = documents(&stream);
        assert!(
            documents.len() > 5,
            "{transport}: {} documents",
            documents.len()
        );
        let mut n_compared = 0;
        let is_scene = |text: &&String| text.contains("<tt:VideoAnalytics>");
        for document in documents.iter().filter(is_scene) {
            let Some(at) = attribute(document, "UtcTime") else {
                continue;
            };
            let Some(scene) = scenes.iter().find(|scene| scene["captured_at"] == at) else {
                continue;
            };
            let expected: Vec<&Value> = scene["tracks"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|track| track["state"] == "confirmed")
                .collect();
            let actual = boxes(document);
            assert_eq!(actual.len(), expected.len(), "{document}");
            for (actual, expected) in actual.iter().zip(expected) {
                for (idx, side) in actual.iter().enumerate() {
                    let expected = expected["bbox"][idx].as_f64().unwrap();
                    assert!((side - expected).abs() < 0.005, "{actual:?} {expected}");
                    n_compared += 1;
                }
            }
        }
        assert!(n_compared > 0, "{transport}: no box was compared");
        named.extend((0..).zip(documents).map(|(number, text): (u32, String)| {
            let name = format!("{transport} {number}");
            (name, text)
        }));
    }
    if let Some(complaints) = testkit::onvif_complaints(&named) {
        assert_eq!(complaints, "");
    } else {
        println!("NOT TESTED: schemas or scripts/onvif-tools are missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_listed_and_end_with_their_account() {
    if !is_installed("ffmpeg") {
        return;
    }
    let watched = Watched::start(320, 192).await;
    let mut arguments = words("-v error -nostdin -rtsp_transport tcp -i");
    arguments.push(watched.url("jpeg"));
    arguments.extend(words("-map 0:v -f null -"));
    let reading = tokio::spawn(read_by("ffmpeg", arguments));
    let viewer = soon("the viewer", async || {
        let viewers = watched.viewers().await;
        let viewer = viewers.into_iter().next()?;
        (viewer["pictures"].as_u64() > Some(2)).then_some(viewer)
    })
    .await;
    assert_eq!(viewer["camera_id"], watched.camera.as_str());
    assert_eq!(
        (&viewer["video"], &viewer["way"]),
        (&json!("jpeg"), &json!("tcp"))
    );
    assert_eq!(viewer["account"], USER);
    assert!(
        viewer["address"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    assert_eq!(
        watched.api.metric("relay_viewers", &watched.camera).await,
        1
    );
    let account = format!("/api/v1/device_accounts/{USER}");
    assert_eq!(watched.api.delete(&account).await.status, 204);
    soon("the viewer to be cut off", async || {
        watched.viewers().await.is_empty().then_some(())
    })
    .await;
    drop(reading.await);
}

/// A client that speaks RTSP by hand.
struct ByHand {
    stream: TcpStream,
    cseq: u32,
}

impl ByHand {
    fn connect(port: u64) -> Self {
        let port = u16::try_from(port).expect("a port");
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout can be set");
        ByHand { stream, cseq: 0 }
    }

    /// Sends a request; the answer's head. Its body is read too.
    fn ask(&mut self, method: &str, uri: &str, headers: &str) -> String {
        self.cseq += 1;
        let text = format!(
            "{method} {uri} RTSP/1.0\r\nCSeq: {}\r\n{headers}\r\n",
            self.cseq
        );
        self.stream.write_all(text.as_bytes()).expect("it reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => break,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let len = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        if let Some(len) = len.and_then(|len| len.parse().ok()) {
            let mut body = vec![0; len];
            self.stream.read_exact(&mut body).expect("a body follows");
        }
        head
    }

    /// Proves the password; the header for this method.
    fn login(&mut self, method: &str, uri: &str) -> String {
        let answer = self.ask(method, uri, "");
        assert!(answer.starts_with("RTSP/1.0 401"), "{answer}");
        let challenges: Vec<&str> = answer
            .lines()
            .filter_map(|line| line.strip_prefix("WWW-Authenticate: "))
            .collect();
        assert_eq!(challenges.len(), 2, "{answer}");
        assert!(challenges[0].contains("SHA-256") && challenges[1].contains("MD5"));
        let mut client = http_auth::PasswordClient::try_from(challenges[0]).expect("a challenge");
        let header = client.respond(&http_auth::PasswordParams {
            username: USER,
            password: PASSWORD,
            uri,
            method,
            body: Some(&[]),
        });
        format!("Authorization: {}\r\n", header.expect("Digest is known"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_closes_nothing_else() {
    let watched = Watched::start(320, 192).await;
    let uri = format!(
        "rtsp://127.0.0.1:{}/cameras/{}/jpeg",
        watched.rtsp_port, watched.camera
    );
    let port = watched.rtsp_port;
    let run = tokio::task::spawn_blocking(move || {
        let mut client = ByHand::connect(port);
        let options = client.ask("OPTIONS", &uri, "");
        assert!(
            options.contains("Public: OPTIONS, DESCRIBE, SETUP, PLAY"),
            "{options}"
        );
        let login = client.login("DESCRIBE", &uri);
        let backchannel = format!("{login}Require: www.onvif.org/ver20/backchannel\r\n");
        let refused = client.ask("DESCRIBE", &uri, &backchannel);
        assert!(refused.starts_with("RTSP/1.0 551 "), "{refused}");
        // The password was proven on this connection.
        let unknown = client.ask("DESCRIBE", &uri.replace("gate", "yard"), "");
        assert!(unknown.starts_with("RTSP/1.0 404 "), "{unknown}");
        let ipro = client.ask("DESCRIBE", &format!("{uri}?event=1"), "");
        assert!(ipro.starts_with("RTSP/1.0 404 "), "{ipro}");
        let play = client.ask("PLAY", &uri, "");
        assert!(play.starts_with("RTSP/1.0 454 "), "{play}");

        let mut guesser = ByHand::connect(port);
        let wrong = guesser
            .login("DESCRIBE", &uri)
            .replace("response=\"", "response=\"0");
        let refused = guesser.ask("DESCRIBE", &uri, &wrong);
        assert!(refused.starts_with("RTSP/1.0 401 "), "{refused}");

        let mut noise = ByHand::connect(port);
        noise.stream.write_all(&[0x16, 3, 1, 0, 0xff]).unwrap();
        let answer = noise.ask("\r\n\r\n", "", "");
        assert!(answer.starts_with("RTSP/1.0 400 "), "{answer}");
        // And the first one still stands.
        let options = client.ask("OPTIONS", &uri, "");
        assert!(options.starts_with("RTSP/1.0 200 "), "{options}");
    });
    run.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_viewer_loses_pictures_which_is_counted_and_delays_nobody() {
    let watched = Watched::start(1_920, 1_080).await;
    let uri = format!(
        "rtsp://127.0.0.1:{}/cameras/{}/jpeg",
        watched.rtsp_port, watched.camera
    );
    let port = watched.rtsp_port;
    let slow = tokio::task::spawn_blocking(move || {
        let mut client = ByHand::connect(port);
        let login = client.login("SETUP", &format!("{uri}/trackID=1"));
        let transport = format!("{login}Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
        let answer = client.ask("SETUP", &format!("{uri}/trackID=1"), &transport);
        let session = answer
            .lines()
            .find_map(|line| line.strip_prefix("Session: "))
            .unwrap_or_else(|| panic!("{answer}"));
        let session = format!("Session: {session}\r\n");
        let answer = client.ask("PLAY", &uri, &session);
        assert!(answer.contains("RTP-Info: url="), "{answer}");
        client
    });
    // Kept open, and never read again.
    let _slow = slow.await.unwrap();
    soon("pictures to be lost", async || {
        let n_lost = watched
            .api
            .metric("relay_viewer_lost_total", &watched.camera)
            .await;
        (n_lost > 0).then_some(())
    })
    .await;
    let before = watched
        .api
        .metric("relay_frames_received_total", &watched.camera)
        .await;
    soon("pictures to come on", async || {
        let now = watched
            .api
            .metric("relay_frames_received_total", &watched.camera)
            .await;
        (now > before + 5).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_given_again_with_what_was_found_in_their_comment() {
    if !is_installed("curl") {
        return;
    }
    let watched = Watched::start(640, 360).await;
    let base = format!("{}/cgi-bin", watched.program.url);
    let curl = |path: &str| {
        let mut arguments = words("-s --digest -u");
        arguments.push(format!("{USER}:{PASSWORD}"));
        arguments.push(format!("{base}/{path}"));
        arguments
    };
    let jpeg = soon("a picture", async || {
        let jpeg = read_by("curl", curl("camera?channel=1")).await.ok()?;
        jpeg.starts_with(&[0xff, 0xd8]).then_some(jpeg)
    })
    .await;
    assert!(jpeg.ends_with(&[0xff, 0xd9]));
    let mark = [0xff, 0xfe];
    let at = jpeg.windows(2).position(|window| window == mark).unwrap();
    // Length of the comment, then AI-VMD's tag.
    assert_eq!(jpeg[at + 4..at + 6], [0x00, 0x2f]);
    // 800 by 450.
    assert_eq!(jpeg[at + 24..at + 28], [0x03, 0x20, 0x01, 0xc2]);
    let unknown = read_by("curl", curl("camera?channel=9")).await.unwrap();
    let unknown: Value = serde_json::from_slice(&unknown).unwrap();
    assert_eq!(unknown["faultCode"], "3");

    let mut stream = Command::new("curl");
    stream
        .args(["-sN", "--digest", "-u", &format!("{USER}:{PASSWORD}")])
        .arg(format!("{base}/mjpeg?stream=1&frame=5"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut stream = Guarded::spawn(&mut stream);
    let mut output = stream.0.stdout.take().expect("it is piped");
    // Ends when three parts have begun, or with the stream.
    let read = tokio::task::spawn_blocking(move || {
        let mark = b"--myboundary\r\nContent-Type: image/jpeg\r\n";
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        loop {
            match output.read(&mut buffer) {
                Ok(len @ 1..) => bytes.extend_from_slice(&buffer[..len]),
                _ => return false,
            }
            let windows = bytes.windows(mark.len());
            if windows.filter(|window| window == mark).count() >= 3 {
                return true;
            }
        }
    });
    let viewer = soon("the viewer", async || {
        watched.viewers().await.into_iter().next()
    })
    .await;
    assert_eq!(viewer["way"], "mjpeg");
    assert!(read.await.unwrap(), "the stream ended early");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_carries_rtsp_as_clients_of_ipro_cameras_speak_it() {
    let watched = Watched::start(320, 192).await;
    watched.switch_ipro_on().await;
    let web = watched.program.url.replace("http://", "");
    let uri = format!("rtsp://{web}/MediaInput/stream_1?event=1");
    let run = tokio::task::spawn_blocking(move || {
        use tungstenite::Message;
        use tungstenite::client::IntoClientRequest as _;
        // Signed for another address, as their sample does.
        let signed = "/cgi-bin/getinfo?FILE=1";
        let challenge = http_challenge(&web, signed);
        let mut client = http_auth::PasswordClient::try_from(challenge.as_str()).unwrap();
        let header = client
            .respond(&http_auth::PasswordParams {
                username: USER,
                password: PASSWORD,
                uri: signed,
                method: "GET",
                body: Some(&[]),
            })
            .unwrap();
        let mut request = format!("ws://{web}/rtsp-over-websocket")
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("Authorization", header.parse().unwrap());
        headers.insert("Sec-WebSocket-Protocol", "binary".parse().unwrap());
        let stream = TcpStream::connect(&web).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let (mut socket, response) = tungstenite::client(request, stream).unwrap();
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "binary");
        let mut ask = |text: String| {
            if !text.is_empty() {
                socket.send(Message::text(text.clone())).unwrap();
            }
            loop {
                match socket.read().unwrap() {
                    Message::Text(answer) => return Ok::<String, Vec<u8>>(answer.to_string()),
                    Message::Binary(block) if text.is_empty() => return Err(block.to_vec()),
                    _ => {}
                }
            }
        };
        let answer = ask(format!("DESCRIBE {uri} RTSP/1.0\r\nCSeq: 1\r\n\r\n")).unwrap();
        assert!(answer.starts_with("RTSP/1.0 200 OK"), "{answer}");
        let base = answer
            .lines()
            .find_map(|line| line.strip_prefix("Content-Base: "))
            .unwrap()
            .to_owned();
        let answer = ask(format!(
            "SETUP {base}trackID=4 RTSP/1.0\r\nCSeq: 2\r\n\
             Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
        ))
        .unwrap();
        let session = answer
            .lines()
            .find_map(|line| line.strip_prefix("Session: "))
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned();
        let answer = ask(format!(
            "PLAY {base} RTSP/1.0\r\nCSeq: 3\r\nSession:{session}\r\n\r\n"
        ))
        .unwrap();
        assert!(answer.starts_with("RTSP/1.0 200 OK"), "{answer}");
        // Each message is one block: a report of the sender comes first or
        // soon.
        let block = ask(String::new()).unwrap_err();
        assert_eq!(block[0], b'$');
        let len = u16::from_be_bytes([block[2], block[3]]);
        assert_eq!(block.len(), 4 + usize::from(len));
    });
    run.await.unwrap();
}

/// The first Digest challenge of a page.
fn http_challenge(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let mut lines = answer.lines();
    let found = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("www-authenticate")
            .then_some(value)
    });
    found.unwrap_or_else(|| panic!("{answer}")).to_owned()
}
