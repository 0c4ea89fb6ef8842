//! Nodes as we show them.

use std::time::Duration;

use serde::Serialize;
use types::{CameraId, ProgramKind};
use utoipa::ToSchema;

use crate::nodes::{NodeNotes, NodeRecord};
use crate::settings::{CameraDocument, NodeAddress};
use crate::web::App;
use crate::web::error::ApiResult;

/// Id of the airelay that answers.
pub(super) const OWN: &str = "own";

/// All airelays that this one guards.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NodeList {
    /// Itself first, then by id.
    pub nodes: Vec<NodeView>,
}

/// An airelay and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NodeView {
    /// Identity; `own` for the airelay that answers. Precedes the ids of its
    /// cameras, with a dot between.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whether it is the airelay that answers.
    pub is_own: bool,
    /// Whether what happens there is fetched.
    pub is_enabled: bool,
    /// How it is reached; `null` for the own one.
    pub address: Option<NodeAddress>,
    /// off, connecting, following, catching_up, waiting or failed.
    pub state: &'static str,
    /// What is wrong, and what to do.
    pub error: Option<String>,
    /// Something else that a person should know.
    pub notice: Option<String>,
    /// Its version, once it was heard.
    pub version: Option<String>,
    /// When it last answered, UTC.
    pub heard_at: Option<String>,
    /// Seconds since everything that happened there was here; 0 when it is.
    pub lag_s: Option<f64>,
    /// About how many changes still have to be fetched.
    pub n_behind: u64,
    /// Whether what was there before the registration is still being fetched.
    pub has_history_left: bool,
    /// Its cameras.
    pub cameras: Vec<NodeCameraView>,
}

/// A camera of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NodeCameraView {
    /// Its id here.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whether it is switched on there.
    pub is_enabled: bool,
    /// off, connecting, receiving, waiting or failed; `null`: not known.
    pub state: Option<String>,
    /// Name or address of the linked camera.
    pub host: String,
    /// Its port; `null`: the usual one.
    pub port: Option<u16>,
    /// Whether it is reached over TLS.
    pub is_tls: bool,
    /// Its channel.
    pub channel: u8,
    /// Programs that are on, each with the number of its rules, areas, counters
    /// or detectors.
    pub programs: Vec<NodeProgramView>,
}

/// A program that is on.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NodeProgramView {
    /// vmd, people, vehicle, occupancy, state or extension.
    pub program: &'static str,
    /// Rules of vmd, areas and counters of occupancy, detectors of states,
    /// installed programs; 0 where there is nothing to count.
    pub n_parts: usize,
}

impl NodeView {
    /// The airelay that answers.
    pub(super) async fn own(app: &App) -> ApiResult<Self> {
        let cameras = app.cameras.list().await?;
        let state = |camera_id: &CameraId| {
            let camera = app.fleet.get(camera_id)?;
            let state = serde_json::to_value(app.fleet.status(&camera).state).ok()?;
            Some(state.as_str()?.to_owned())
        };
        let cameras = cameras.into_iter().map(|record| {
            let state = state(&record.camera_id);
            NodeCameraView::new(&record.camera_id, &record.document, state)
        });
        Ok(NodeView {
            id: OWN.to_owned(),
            name: "This airelay".to_owned(),
            is_own: true,
            is_enabled: true,
            address: None,
            state: "following",
            error: None,
            notice: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            heard_at: Some(app.clock.now().to_string()),
            lag_s: Some(0.0),
            n_behind: 0,
            has_history_left: false,
            cameras: cameras.collect(),
        })
    }

    /// Another airelay.
    pub(super) fn new(app: &App, record: NodeRecord) -> Self {
        let notes = app.nodes.notes(&record.id);
        let cameras = app.fleet.relayed().all().into_iter();
        let cameras = cameras.filter(|camera| camera.node_id == record.id);
        let cameras = cameras
            .map(|camera| {
                let camera_id = &camera.settings.camera_id;
                let state = app.nodes.camera_state(camera_id).map(|told| told.state);
                NodeCameraView::new(camera_id, &camera.document, state)
            })
            .collect();
        NodeView {
            lag_s: lag_s(app, &notes),
            id: record.id,
            name: record.document.name,
            is_own: false,
            is_enabled: record.document.is_enabled,
            address: Some(record.document.address),
            state: notes.link.name(),
            error: notes.error,
            notice: notes.notice,
            version: notes.version,
            heard_at: notes.heard_at.map(|at| at.to_string()),
            n_behind: notes.n_behind,
            has_history_left: notes.has_history_left,
            cameras,
        }
    }
}

/// A wait for news is no lag.
const WAITS_AT_MOST: Duration = Duration::from_secs(15);

/// Seconds since everything was here; a node that waits for news has none.
pub(in crate::web) fn lag_s(app: &App, notes: &NodeNotes) -> Option<f64> {
    let since = app.clock.now().saturating_since(notes.complete_at?);
    Some(
        match since <= WAITS_AT_MOST && notes.error.is_none() && notes.n_behind == 0 {
            true => 0.0,
            false => since.as_secs_f64(),
        },
    )
}

impl NodeCameraView {
    fn new(camera_id: &CameraId, document: &CameraDocument, state: Option<String>) -> Self {
        let link = &document.link;
        NodeCameraView {
            id: camera_id.to_string(),
            name: document.name.clone(),
            is_enabled: document.is_enabled,
            state,
            host: link.host.clone(),
            port: link.port,
            is_tls: link.protocol == crate::settings::ProtocolDocument::Https,
            channel: link.channel,
            programs: programs(document),
        }
    }
}

fn programs(document: &CameraDocument) -> Vec<NodeProgramView> {
    let programs = &document.programs;
    let all = [
        (
            ProgramKind::Vmd,
            programs.vmd.is_enabled && !document.rules.is_empty(),
            document.rules.len(),
        ),
        (ProgramKind::People, programs.people.is_enabled, 0),
        (ProgramKind::Vehicle, programs.vehicle.is_enabled, 0),
        (
            ProgramKind::Occupancy,
            programs.occupancy.is_enabled,
            programs.occupancy.areas.len() + programs.counters.len(),
        ),
        (
            ProgramKind::State,
            programs.state.is_enabled && !programs.state.detectors.is_empty(),
            programs.state.detectors.len(),
        ),
        (
            ProgramKind::Extension,
            !programs.extensions.is_empty(),
            programs.extensions.len(),
        ),
    ];
    all.into_iter()
        .filter(|(_, is_on, _)| *is_on)
        .map(|(program, _, n_parts)| NodeProgramView {
            program: program.name(),
            n_parts,
        })
        .collect()
}
