//! A program with a camera to watch, and the programs that watch it.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sim::SimCamera;

use super::{Api, Program, link, soon, start_sim, street};

/// The device account of whoever watches.
pub(crate) const USER: &str = "vms";
pub(crate) const PASSWORD: &str = "a long password";
/// As part of an address.
const USER_INFO: &str = "vms:a%20long%20password";
/// Longest run of a reading program.
const READ_WITHIN: &str = "120";

/// A program with one camera that draws a street, and a device account.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) program: Program,
    pub(crate) api: Api,
    pub(crate) camera: String,
    pub(crate) rtsp_port: u64,
    _sim: SimCamera,
    pub(crate) folder: tempfile::TempDir,
}

impl Watched {
    pub(crate) async fn start(width_px: u32, height_px: u32) -> Self {
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        Self::start_in(folder, &[], width_px, height_px).await
    }

    pub(crate) async fn start_in(
        folder: tempfile::TempDir,
        more: &[&str],
        width_px: u32,
        height_px: u32,
    ) -> Self {
        let program = Program::start(&folder.path().join("data"), more);
        let api = Api::set_up(&program).await;
        let sim = start_sim(street(width_px, height_px)).await;
        let camera = api
            .add_camera("Gate", &link(sim.addr().port(), "/stream"))
            .await;
        api.put(
            &format!("/api/v1/device_accounts/{USER}"),
            &json!({"level": "Administrator", "password": PASSWORD}),
        )
        .await
        .ok();
        api.wait_for_state(&camera, "receiving").await;
        let rtsp_port = soon("the RTSP port", async || {
            api.get("/api/v1/viewers").await.ok()["rtsp_port"].as_u64()
        })
        .await;
        Watched {
            program,
            api,
            camera,
            rtsp_port,
            _sim: sim,
            folder,
        }
    }

    pub(crate) fn url(&self, video: &str) -> String {
        let (port, camera) = (self.rtsp_port, &self.camera);
        format!("rtsp://{USER_INFO}@127.0.0.1:{port}/cameras/{camera}/{video}")
    }

    pub(crate) async fn viewers(&self) -> Vec<Value> {
        let view = self.api.get("/api/v1/viewers").await.ok();
        view["viewers"].as_array().expect("a list").clone()
    }

    pub(crate) async fn switch_ipro_on(&self) {
        self.api
            .change_camera(&self.camera, |camera| {
                camera["has_ipro_output"] = json!(true);
            })
            .await;
    }
}

/// Runs a reading program to its end; standard output, or its complaints.
pub(crate) async fn read_by(program: &str, arguments: Vec<String>) -> Result<Vec<u8>, String> {
    let mut command = Command::new("timeout");
    command
        .args([READ_WITHIN, program])
        .args(arguments)
        .stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.expect("it does not panic").expect("it starts");
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The documents in a stream of them.
pub(crate) fn documents(stream: &str) -> Vec<String> {
    let texts = stream.split("<?xml version=").skip(1);
    texts.map(|text| format!("<?xml version={text}")).collect()
}

/// The value of an attribute that follows in `text`.
pub(crate) fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}
