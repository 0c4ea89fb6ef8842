//! A simulated camera with a zone and a rule, so that a new user's first page
//! shows something alive.

use sim::{CameraConfig, SimCamera};
use store::Expected;
use types::CameraId;

use super::RelayOptions;
use crate::cameras::CameraBook;
use crate::secrets::Vault;
use crate::settings::{
    CameraDocument, LinkDocument, ModeDocument, ProgramsDocument, ProtocolDocument, RuleDocument,
    Schedules, ZoneDocument,
};

const DEMO_ID: &str = "demo-street";
const DEMO_PATH: &str = "/cgi-bin/mjpeg?stream=1&frame=5";

/// Starts the simulated camera and links it, if wanted and no other camera is
/// configured.
pub(super) async fn link_if_wanted(
    options: RelayOptions,
    cameras: &CameraBook,
    vault: &Vault,
) -> anyhow::Result<Option<SimCamera>> {
    if !options.demo_if_empty {
        return Ok(None);
    }
    let demo_id = CameraId::new(DEMO_ID)?;
    let records = cameras.list().await?;
    let stored = records.iter().find(|record| record.camera_id == demo_id);
    if !records.is_empty() && stored.is_none() {
        return Ok(None);
    }
    let camera = SimCamera::start(CameraConfig::default(), ([127, 0, 0, 1], 0).into()).await?;
    let port = camera.addr().port();
    let document = match stored {
        // Its port changes with every start; zones and rules are kept.
        Some(record) => CameraDocument {
            link: LinkDocument {
                port: Some(port),
                ..record.document.link.clone()
            },
            ..record.document.clone()
        },
        None => demo_document(port),
    };
    document.resolve(&demo_id, 0, &Schedules::new(), vault)?;
    cameras
        .put(&demo_id, &document, Expected::Any, "airelay")
        .await?;
    tracing::info!(port, "no camera configured: linked a simulated one");
    Ok(Some(camera))
}

fn demo_document(port: u16) -> CameraDocument {
    CameraDocument {
        name: "Demo street (simulated)".to_owned(),
        is_enabled: true,
        link: LinkDocument {
            protocol: ProtocolDocument::Http,
            host: "127.0.0.1".to_owned(),
            port: Some(port),
            path: DEMO_PATH.to_owned(),
            user: String::new(),
            sealed_password: None,
            mode: ModeDocument::Automatic,
            channel: 1,
            fingerprint: None,
            one_shot_fps: 5.0,
        },
        zones: vec![ZoneDocument {
            id: 1,
            name: "Road".to_owned(),
            points: vec![
                [0.36, 0.36],
                [0.58, 0.36],
                [0.98, 0.62],
                [0.98, 0.98],
                [0.86, 0.98],
            ],
        }],
        lines: Vec::new(),
        masks: Vec::new(),
        object_masks: Vec::new(),
        ground: None,
        rules: vec![RuleDocument {
            dwell_s: 1.0,
            ..RuleDocument::intruder(1, "Person on the road", 1, types::Class::Person)
        }],
        programs: ProgramsDocument::default(),
        motion_sensitivity: 5,
    }
}
