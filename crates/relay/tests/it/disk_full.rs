//! No room for new data: on a small disk, and at a limit of a file's size.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::{
    Api, Program, eventually, install_detector, link, start_sim, street, whole_picture,
};

/// Where the program keeps its data in these tests, and how room is taken
/// from it.
#[derive(Debug)]
enum Room {
    /// A file system of its own: filled by a file that nobody else needs.
    Disk { mounted_at: PathBuf },
    /// The kernel's limit on the size of the files that a process writes.
    FileSize,
}

const DISK_MB: usize = 24;

impl Room {
    /// A small disk at `folder`; `None` where this process may not mount.
    fn small_disk(folder: &Path) -> Option<Self> {
        let mounted_at = folder.join("disk");
        fs::create_dir(&mounted_at).expect("the temporary folder can be written");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_MB}m"), "tmpfs"])
            .arg(&mounted_at)
            .output()
            .expect("mount is part of every system");
        if mounted.status.success() {
            return Some(Room::Disk { mounted_at });
        }
        // Not allowed to mount: the limit of a file's size is tested instead.
        None
    }

    fn data_dir(&self, folder: &Path) -> PathBuf {
        match self {
            Room::Disk { mounted_at } => mounted_at.join("data"),
            Room::FileSize => folder.join("data"),
        }
    }

    fn take(&self, program: &Program, data_dir: &Path) {
        match self {
            Room::Disk { mounted_at } => {
                let much = vec![0; DISK_MB << 20];
                let error = fs::write(mounted_at.join("filler"), much).expect_err("it is small");
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            }
            Room::FileSize => {
                let len_bytes =
                    |name: &str| fs::metadata(data_dir.join(name)).map_or(0, |m| m.len());
                let largest = len_bytes("airelay.db").max(len_bytes("airelay.db-wal"));
                limit_file_size(program, &format!("{largest}:"));
            }
        }
    }

    fn give_back(&self, program: &Program) {
        match self {
            Room::Disk { mounted_at } => {
                fs::remove_file(mounted_at.join("filler")).expect("it was written");
            }
            Room::FileSize => limit_file_size(program, "unlimited:"),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Room::Disk { mounted_at } = self {
            drop(Command::new("umount").arg("-l").arg(mounted_at).status());
        }
    }
}

/// Sets the soft limit, in bytes.
fn limit_file_size(program: &Program, soft: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &program.process_id().to_string()])
        .arg(format!("--fsize={soft}"))
        .status()
        .expect("prlimit is part of every Debian");
    assert!(status.success());
}

async fn lives_through(room: &Room, folder: &Path, said: &str) {
    let Some(model) = install_detector(folder) else {
        return;
    };
    let data_dir = room.data_dir(folder);
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let camera = start_sim(street(960, 544)).await;
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car", "bicycle", "motorcycle", "bus", "truck"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let patience = Duration::from_secs(90);
    eventually("a first event", patience, async || {
        (!api.events().await.is_empty()).then_some(())
    })
    .await;

    room.take(&program, &data_dir);
    let store = eventually("the full disk to show", patience, async || {
        let store = api.get("/api/v1/system").await.ok()["store"].clone();
        let is_told = store["error"].is_string() && store["waiting_events"].as_u64() > Some(0);
        is_told.then_some(store)
    })
    .await;
    let error = store["error"].as_str().unwrap();
    assert!(error.contains(said), "{error}");
    assert_eq!(store["lost_events"], 0, "{store}");
    assert_eq!(api.get("/healthz").await.status, 503);
    let metrics = String::from_utf8(api.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains("relay_store_waiting_events"), "{metrics}");
    // People go on looking; what they save is refused with the reason.
    let status = api.camera(&id).await["status"].clone();
    assert_eq!(status["state"], "receiving", "{status}");
    let n_shown = api.events().await.len();
    assert!(n_shown > 0);
    let new = json!({"name": "x".repeat(40), "link": {"host": "127.0.0.1", "path": "/x"}});
    let refused = eventually("a change to be refused", patience, async || {
        let reply = api.post("/api/v1/cameras", &new).await;
        (reply.status != 201).then_some(reply)
    })
    .await;
    assert_eq!((refused.status, refused.code()), (507, "disk_full"));
    let frames_before = api.metric("relay_frames_analysed_total", &id).await;
    eventually(
        "pictures to be analysed all the same",
        patience,
        async || {
            let frames = api.metric("relay_frames_analysed_total", &id).await;
            (frames > frames_before + 5).then_some(())
        },
    )
    .await;

    room.give_back(&program);
    eventually("all that waited to be stored", patience, async || {
        let store = api.get("/api/v1/system").await.ok()["store"].clone();
        let is_well = store["error"].is_null() && store["waiting_events"] == 0;
        is_well.then_some(())
    })
    .await;
    assert_eq!(api.get("/healthz").await.status, 200);
    assert!(api.events().await.len() >= n_shown);
    api.post("/api/v1/cameras", &new).await.ok();
    assert_eq!(api.metric("relay_pipeline_panics_total", &id).await, 0);
    assert_eq!(program.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_is_said_and_all_goes_on_by_itself_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(room) = Room::small_disk(folder.path()) {
        lives_through(&room, folder.path(), "the disk is full").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_of_a_file_is_said_and_all_goes_on_by_itself_when_it_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    // SQLite calls a write that was cut short "full", and one refused wholly
    // an error of the disk; both say what to check.
    lives_through(&Room::FileSize, folder.path(), "full").await;
}
