//! A broker that hangs up on some messages instead of refusing them.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Api, Program, eventually, install_detector, link, start_sim, street};

/// A broker of MQTT 3.1.1 that takes everything but topics with this in them.
async fn start_broker(hated: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, hated));
        }
    });
    format!("mqtt://127.0.0.1:{port}")
}

/// One connection, until somebody ends it.
async fn serve(mut stream: TcpStream, hated: &'static str) -> std::io::Result<()> {
    loop {
        let head = stream.read_u8().await?;
        let (mut len, mut shift) = (0_usize, 0);
        loop {
            let byte = stream.read_u8().await?;
            len |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        let mut body = vec![0; len];
        stream.read_exact(&mut body).await?;
        match head >> 4 {
            // CONNECT: the protocol's level stands behind its name.
            1 if body[6] == 5 => return stream.write_all(&[0x20, 2, 0, 1]).await,
            1 => stream.write_all(&[0x20, 2, 0, 0]).await?,
            3 => {
                let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                if String::from_utf8_lossy(&body[2..end]).contains(hated) {
                    return Ok(());
                }
                if head & 6 != 0 {
                    stream
                        .write_all(&[0x40, 2, body[end], body[end + 1]])
                        .await?;
                }
            }
            12 => stream.write_all(&[0xd0, 0]).await?,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_on_which_the_broker_hangs_up_is_given_up_and_others_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let broker = start_broker("FieldDetector/ObjectsInside").await;
    let camera = start_sim(street(960, 544)).await;
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let settings = json!({
        "name": "Home", "address": broker, "is_enabled": true, "topic_prefix": "site-7",
    });
    api.post("/api/v1/brokers", &settings).await.ok();
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let everywhere = json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
        let half = json!([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]);
        camera["zones"] = json!([
            {"id": 1, "name": "Everywhere", "points": everywhere},
            {"id": 2, "name": "Half", "points": half},
        ]);
        let rule = |id: u32, kind: &str, zone_id: u32| {
            json!({
                "id": id, "name": kind, "kind": kind, "zone_id": zone_id,
                "classes": ["person", "car"], "is_enabled": true,
            })
        };
        camera["rules"] = json!([rule(1, "intruder", 1), rule(2, "enter", 2)]);
    })
    .await;
    eventually(
        "a message to be given up and others to arrive",
        Duration::from_secs(200),
        async || {
            let broker = api.get("/api/v1/brokers").await.ok()["brokers"][0].clone();
            let is_so =
                broker["dead"].as_u64() >= Some(1) && broker["delivered"].as_u64() >= Some(1);
            is_so.then_some(())
        },
    )
    .await;
    assert_eq!(program.terminate().await, Some(0));
}
