//! A simulated camera with zones, a counted line, rules and programs, so that
//! a new user's first pages show something alive.

use sim::{CameraConfig, SimCamera};
use store::Expected;
use types::{CameraId, Class, EventKind};

use super::RelayOptions;
use crate::cameras::CameraBook;
use crate::secrets::Vault;
use crate::settings::{
    AreaDocument, CameraDocument, ClassesDocument, ClipsDocument, CounterDocument, LineDocument,
    LinkDocument, ModeDocument, OccupancyDocument, ProgramsDocument, ProtocolDocument,
    RuleDocument, Schedules, SightingsDocument, ZoneDocument,
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
        zones: vec![
            ZoneDocument {
                id: 1,
                name: "Road".to_owned(),
                points: vec![
                    [0.36, 0.36],
                    [0.58, 0.36],
                    [0.98, 0.62],
                    [0.98, 0.98],
                    [0.86, 0.98],
                ],
            },
            ZoneDocument {
                id: 2,
                name: "Pavement".to_owned(),
                points: vec![[0.02, 0.6], [0.4, 0.6], [0.66, 0.98], [0.02, 0.98]],
            },
        ],
        lines: vec![LineDocument {
            id: 1,
            name: "Down the pavement".to_owned(),
            points: vec![[0.02, 0.56], [0.42, 0.56]],
        }],
        masks: Vec::new(),
        object_masks: Vec::new(),
        ground: None,
        rules: demo_rules(),
        programs: demo_programs(),
        motion_sensitivity: 5,
        has_ipro_output: false,
        clips: ClipsDocument::default(),
    }
}

fn demo_rules() -> Vec<RuleDocument> {
    let rule = |id, name| RuleDocument::intruder(id, name, 1, Class::Person);
    vec![
        RuleDocument {
            dwell_s: 1.0,
            ..rule(1, "Person on the road")
        },
        RuleDocument {
            kind: EventKind::Loitering.name().to_owned(),
            zone_id: Some(2),
            stay_s: 12.0,
            ..rule(2, "Waiting on the pavement")
        },
        RuleDocument {
            kind: EventKind::CrossLine.name().to_owned(),
            zone_id: None,
            line_id: Some(1),
            cool_down_s: 30.0,
            ..rule(3, "Down or up the pavement")
        },
    ]
}

fn demo_programs() -> ProgramsDocument {
    let people = ClassesDocument::Names(vec![Class::Person.name().to_owned()]);
    ProgramsDocument {
        people: SightingsDocument {
            is_enabled: true,
            ..SightingsDocument::default()
        },
        occupancy: OccupancyDocument {
            is_enabled: true,
            areas: vec![AreaDocument {
                id: 1,
                name: "Pavement".to_owned(),
                zone_id: 2,
                classes: people.clone(),
                sensitivity: programs::vmd::DEFAULT_SENSITIVITY,
                warning: Some(3),
                threshold: 5,
                rise_s: 5.0,
                fall_s: 10.0,
                hysteresis: 1,
                offset: 0,
                rule_id: 0,
            }],
            ..OccupancyDocument::default()
        },
        counters: vec![CounterDocument {
            id: 1,
            name: "Pavement".to_owned(),
            line_id: 1,
            classes: people,
            resets: vec!["00:00".to_owned()],
            time_zone: "UTC".to_owned(),
            interval_s: 60,
            rule_id: 0,
        }],
        ..ProgramsDocument::default()
    }
}
