//! What the software manager shows: this machine, and each program on each
//! camera with its state in words.

use axum::http::StatusCode;
use extension::{INTERFACE, Setting, SettingKind};
use serde::Serialize;
use serde_json::{Value, json};
use types::Timestamp;
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::software::device_id;
use crate::pipeline::{ProgramLive, ProgramState};
use crate::settings::Schedules;
use crate::supervise::{CameraRuntime, SourceState};

/// This machine and its programs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Software {
    /// Names this installation: four groups of four digits.
    pub device_id: String,
    /// Disk of the data folder.
    pub storage: Room,
    /// Memory of the machine.
    pub memory: Room,
    /// Version of the interface for installed programs.
    pub sdk_version: String,
    /// Version of airelay.
    pub version: &'static str,
    /// How busy the machine is.
    pub load: Load,
    /// Built-in ones first, then installed ones by id.
    pub programs: Vec<SoftwareProgram>,
}

/// How much there is, and how much of it is free.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Room {
    /// All of it; 0 where the system does not tell.
    pub total_bytes: u64,
    /// What is left.
    pub free_bytes: u64,
}

/// How busy the machine is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Load {
    /// Cores that airelay may use.
    pub cores: usize,
    /// Share of the workers' time that cameras take, 0 to 1.
    pub used_share: f32,
}

/// A program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SoftwareProgram {
    /// By which it is started and stopped.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Of the program.
    pub version: String,
    /// Of the interface that it was made for.
    pub sdk_version: String,
    /// Whether it is a part of airelay and cannot be uninstalled.
    pub is_builtin: bool,
    /// operable, stopped, off_by_schedule, waiting_for_video or faulted.
    pub status: &'static str,
    /// The same in words, with the cause.
    pub status_text: String,
    /// Files of an installed program; 0 for parts of airelay.
    pub storage_bytes: u64,
    /// Memory held by an installed program on all cameras; 0 for parts of
    /// airelay, whose memory is not kept apart.
    pub memory_bytes: u64,
    /// Who made an installed program, by its package.
    pub publisher: Option<String>,
    /// What it does, by its package.
    pub description: Option<String>,
    /// The version that can be brought back.
    pub previous_version: Option<String>,
    /// What can be set on each camera, for pages.
    #[schema(value_type = Vec<Object>)]
    pub settings: Vec<Value>,
    /// On each camera.
    pub cameras: Vec<SoftwareCamera>,
}

/// A program on a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SoftwareCamera {
    /// Which camera.
    pub camera_id: String,
    /// As people call it.
    pub camera_name: String,
    /// Whether it is switched on.
    pub is_enabled: bool,
    /// operable, stopped, off_by_schedule, waiting_for_video or faulted.
    pub status: &'static str,
    /// The same in words, with the cause.
    pub status_text: String,
    /// Mean time per analysed frame; absent before the first one.
    pub ms_per_frame: Option<f32>,
    /// When it runs; always when absent.
    pub schedule_id: Option<String>,
}

/// Programs that are a part of airelay, with the names people know.
pub(crate) const fn built_in() -> [(&'static str, &'static str); 5] {
    [
        ("vmd", "AI-VMD"),
        ("people", "AI-People"),
        ("vehicle", "AI-Vehicle"),
        ("occupancy", "AI-Occupancy"),
        ("state", "AI-State"),
    ]
}

/// What one camera does, gathered once for all programs.
struct Camera {
    id: String,
    name: String,
    is_enabled: bool,
    is_receiving: bool,
    /// Program, whether it is switched on, its schedule.
    wanted: Vec<(String, bool, Option<String>)>,
    states: Vec<ProgramLive>,
}

/// All of it.
pub(crate) async fn view(app: &App) -> ApiResult<Software> {
    let now = app.clock.now();
    let cameras = gather(app).await?;
    let schedules = app.schedules.ready();
    let rows = |program: &str| -> Vec<SoftwareCamera> {
        let rows = cameras.iter();
        rows.map(|camera| camera.row(program, &schedules, now))
            .collect()
    };
    let sdk_version = INTERFACE.rsplit('@').next().unwrap_or_default().to_owned();
    let mut programs: Vec<SoftwareProgram> = built_in()
        .into_iter()
        .map(|(id, name)| {
            let cameras = rows(id);
            let (status, status_text) = sum_up(&cameras, None);
            SoftwareProgram {
                id: id.to_owned(),
                name: name.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                sdk_version: sdk_version.clone(),
                is_builtin: true,
                status,
                status_text,
                storage_bytes: 0,
                memory_bytes: 0,
                publisher: None,
                description: None,
                previous_version: None,
                settings: Vec::new(),
                cameras,
            }
        })
        .collect();
    for facts in app.extensions.list() {
        let cameras_of_it = rows(&facts.id);
        let is_unusable = matches!(app.extensions.shelf().find(&facts.id), Some(Err(_)) | None);
        let problem = facts.problem.as_deref().filter(|_| is_unusable);
        let (status, status_text) = sum_up(&cameras_of_it, problem);
        let memory = cameras.iter().flat_map(|camera| &camera.states);
        let memory = memory.filter(|state| state.name == facts.id);
        let manifest = facts.installation.as_ref().map(|found| &found.manifest);
        programs.push(SoftwareProgram {
            name: manifest.map_or_else(|| facts.id.clone(), |manifest| manifest.name.clone()),
            version: manifest.map_or_else(String::new, |manifest| manifest.version.clone()),
            sdk_version: manifest
                .map_or("", |manifest| manifest.sdk_version())
                .to_owned(),
            is_builtin: false,
            status,
            status_text: match (&facts.problem, is_unusable) {
                (Some(problem), false) => {
                    format!("{status_text}; the version before is used: {problem}")
                }
                _ => status_text,
            },
            storage_bytes: facts
                .installation
                .as_ref()
                .map_or(0, |found| found.storage_bytes as u64),
            memory_bytes: memory.map(|state| state.memory_bytes).sum(),
            publisher: manifest.map(|manifest| manifest.publisher.clone()),
            description: manifest.map(|manifest| manifest.description.clone()),
            previous_version: facts
                .installation
                .as_ref()
                .and_then(|found| found.previous_version.clone()),
            settings: app
                .extensions
                .settings(&facts.id)
                .iter()
                .map(setting_view)
                .collect(),
            cameras: cameras_of_it,
            id: facts.id,
        });
    }
    let spent: f32 = app
        .fleet
        .all()
        .iter()
        .map(|camera| camera.status.ms_per_second(now))
        .sum();
    Ok(Software {
        device_id: device_id(app),
        storage: storage_of(&app.facts.data_dir),
        memory: memory_of(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        sdk_version,
        version: env!("CARGO_PKG_VERSION"),
        load: Load {
            cores: app.facts.n_workers,
            used_share: (spent / 1_000.0 / app.facts.n_workers.max(1) as f32).min(1.0),
        },
        programs,
    })
}

async fn gather(app: &App) -> ApiResult<Vec<Camera>> {
    let records = app.cameras.list().await?;
    let running: Vec<_> = records
        .into_iter()
        .filter_map(|record| Some((app.fleet.get(&record.camera_id)?, record)))
        .collect();
    let app = app.clone();
    // Each waits for a frame that is just being analysed.
    let gathered = tokio::task::spawn_blocking(move || {
        let running = running.into_iter();
        running
            .map(|(runtime, record)| {
                let programs = &record.document.programs;
                let mut wanted = vec![
                    (
                        "vmd".to_owned(),
                        programs.vmd.is_enabled,
                        programs.vmd.schedule_id.clone(),
                    ),
                    (
                        "people".to_owned(),
                        programs.people.is_enabled,
                        programs.people.schedule_id.clone(),
                    ),
                    (
                        "vehicle".to_owned(),
                        programs.vehicle.is_enabled,
                        programs.vehicle.schedule_id.clone(),
                    ),
                    (
                        "occupancy".to_owned(),
                        programs.occupancy.is_enabled,
                        programs.occupancy.schedule_id.clone(),
                    ),
                    (
                        "state".to_owned(),
                        programs.state.is_enabled,
                        programs.state.schedule_id.clone(),
                    ),
                ];
                let installed = programs.extensions.iter();
                wanted.extend(installed.map(|(id, document)| {
                    (
                        id.clone(),
                        document.is_enabled,
                        document.schedule_id.clone(),
                    )
                }));
                Camera {
                    id: record.camera_id.to_string(),
                    is_enabled: record.document.is_enabled,
                    name: record.document.name,
                    is_receiving: is_receiving(&app, &runtime),
                    wanted,
                    states: runtime.program_states(),
                }
            })
            .collect()
    });
    gathered.await.map_err(|error| {
        let text = format!("ask cameras for their programs: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text)
    })
}

fn is_receiving(app: &App, runtime: &CameraRuntime) -> bool {
    app.fleet.status(runtime).state == SourceState::Receiving
}

impl Camera {
    fn row(&self, program: &str, schedules: &Schedules, now: Timestamp) -> SoftwareCamera {
        let wanted = self.wanted.iter().find(|(name, ..)| name == program);
        let is_enabled = wanted.is_some_and(|(_, is_enabled, _)| *is_enabled);
        let schedule_id = wanted.and_then(|(.., schedule_id)| schedule_id.clone());
        let state = self.states.iter().find(|state| state.name == program);
        let schedule = schedule_id.as_ref().and_then(|id| schedules.get(id));
        let is_on = schedule.is_none_or(|schedule| schedule.is_on(now));
        let fault = state.filter(|state| state.state == ProgramState::Faulted);
        let (status, status_text) = match fault {
            _ if !is_enabled => ("stopped", "Switched off on this camera".to_owned()),
            _ if !self.is_enabled => ("stopped", "The camera is switched off".to_owned()),
            Some(fault) => ("faulted", fault.fault.clone().unwrap_or_default()),
            None if !is_on => ("off_by_schedule", "Off by its schedule".to_owned()),
            None if !self.is_receiving => ("waiting_for_video", "Waiting for video".to_owned()),
            None => ("operable", "Running".to_owned()),
        };
        SoftwareCamera {
            camera_id: self.id.clone(),
            camera_name: self.name.clone(),
            is_enabled,
            status,
            status_text,
            ms_per_frame: state.map(|state| state.ms_per_frame).filter(|ms| *ms > 0.0),
            schedule_id,
        }
    }
}

/// The state of a program over all cameras: the first of these that any has.
fn sum_up(cameras: &[SoftwareCamera], problem: Option<&str>) -> (&'static str, String) {
    if let Some(problem) = problem {
        return ("faulted", problem.to_owned());
    }
    for (status, word) in [
        ("faulted", "Stopped after a fault"),
        ("operable", "Running"),
        ("waiting_for_video", "Waiting for video"),
        ("off_by_schedule", "Off by its schedule"),
    ] {
        let with_it: Vec<&SoftwareCamera> = cameras
            .iter()
            .filter(|camera| camera.status == status)
            .collect();
        if let Some(first) = with_it.first() {
            let (n_with, n_all) = (with_it.len(), cameras.len());
            let cause = match status {
                "faulted" => format!(": {}", first.status_text),
                _ => String::new(),
            };
            return (
                status,
                format!("{word} on {n_with} of {n_all} cameras{cause}"),
            );
        }
    }
    ("stopped", "Stopped on all cameras".to_owned())
}

/// A setting as pages show it.
fn setting_view(setting: &Setting) -> Value {
    let mut view = match &setting.kind {
        SettingKind::Switch { default } => json!({"kind": "switch", "default": default}),
        SettingKind::Whole { default, min, max } => {
            json!({"kind": "whole", "default": default, "min": min, "max": max})
        }
        SettingKind::Number { default, min, max } => {
            json!({"kind": "number", "default": default, "min": min, "max": max})
        }
        SettingKind::Text { default, max_chars } => {
            json!({"kind": "text", "default": default, "max_chars": max_chars})
        }
        SettingKind::Choice { default, options } => {
            json!({"kind": "choice", "default": default, "options": options})
        }
        SettingKind::Zone => json!({"kind": "zone", "default": null}),
        SettingKind::Line => json!({"kind": "line", "default": null}),
        SettingKind::Classes { default } => json!({"kind": "classes", "default": default}),
    };
    for (field, text) in [
        ("name", &setting.name),
        ("label", &setting.label),
        ("help", &setting.help),
        ("unit", &setting.unit),
    ] {
        view[field] = json!(text);
    }
    view
}

#[cfg(unix)]
fn storage_of(folder: &std::path::Path) -> Room {
    rustix::fs::statvfs(folder).map_or_else(
        |_| Room::default(),
        |disk| Room {
            total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        },
    )
}

#[cfg(not(unix))]
fn storage_of(_folder: &std::path::Path) -> Room {
    Room::default()
}

/// By what Linux tells in `/proc/meminfo`, in KiB.
fn memory_of(meminfo: &str) -> Room {
    let field = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        kib.checked_mul(1_024)
    };
    Room {
        total_bytes: field("MemTotal:").unwrap_or(0),
        free_bytes: field("MemAvailable:").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_the_kernel_tells() {
        let room = memory_of("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:   40 kB\n");
        assert_eq!((room.total_bytes, room.free_bytes), (102_400, 40_960));
        assert_eq!(memory_of("").total_bytes, 0);
    }

    #[test]
    fn fault_on_one_camera_is_what_the_program_shows() {
        let row = |status, text: &str| SoftwareCamera {
            camera_id: "a".to_owned(),
            camera_name: "A".to_owned(),
            is_enabled: true,
            status,
            status_text: text.to_owned(),
            ms_per_frame: None,
            schedule_id: None,
        };
        let rows = [row("operable", "Running"), row("faulted", "did not finish")];
        let (status, text) = sum_up(&rows, None);
        assert_eq!(status, "faulted");
        assert_eq!(
            text,
            "Stopped after a fault on 1 of 2 cameras: did not finish"
        );
        assert_eq!(sum_up(&[], None).0, "stopped");
    }
}
