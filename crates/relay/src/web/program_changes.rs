//! What the control log tells of a camera's programs that were switched or
//! set otherwise: a row for each program.

use std::collections::BTreeMap;

use types::CameraId;

use super::App;
use super::audit::{append_control, before_and_after};
use crate::settings::{CameraDocument, ProgramsDocument};

/// Writes into the control log what a camera's programs do differently.
pub(super) async fn note_changes(
    app: &App,
    who: &str,
    camera_id: &CameraId,
    before: Option<&CameraDocument>,
    after: &CameraDocument,
) {
    for (what, before, after) in changes(before, after) {
        let what = format!("{what} on camera {camera_id}");
        append_control(app, who, what, before, after).await;
    }
}

type Change = (String, Option<String>, Option<String>);

/// What one program is told.
#[derive(Default)]
struct Told {
    is_enabled: bool,
    schedule_id: Option<String>,
    rest: serde_json::Value,
}

fn changes(before: Option<&CameraDocument>, after: &CameraDocument) -> Vec<Change> {
    let mut old = before.map_or_else(
        || told(&ProgramsDocument::default(), &serde_json::json!([])),
        |before| told(&before.programs, &serde_json::json!(before.rules)),
    );
    let mut changes = Vec::new();
    let word = |is_enabled: bool| Some(if is_enabled { "running" } else { "stopped" }.to_owned());
    for (program, new) in told(&after.programs, &serde_json::json!(after.rules)) {
        let old = old.remove(&program).unwrap_or_default();
        if old.is_enabled != new.is_enabled {
            let verb = if new.is_enabled { "start" } else { "stop" };
            let what = format!("{verb} {program}");
            changes.push((what, word(old.is_enabled), word(new.is_enabled)));
        }
        if old.schedule_id != new.schedule_id {
            let what = format!("schedule of {program}");
            changes.push((what, old.schedule_id, new.schedule_id));
        }
        if old.rest != new.rest {
            let (before, after) = before_and_after(Some(&old.rest), Some(&new.rest));
            changes.push((format!("settings of {program}"), before, after));
        }
    }
    for (program, old) in old {
        let (before, _) = before_and_after(Some(&old.rest), None);
        changes.push((format!("remove settings of {program}"), before, None));
    }
    changes
}

fn told(programs: &ProgramsDocument, rules: &serde_json::Value) -> BTreeMap<String, Told> {
    let mut json = serde_json::json!(programs);
    let extensions = json["extensions"].take();
    let counters = json["counters"].take();
    let mut told = BTreeMap::new();
    let mut add = |program: &str, mut rest: serde_json::Value| {
        let mut part = Told::default();
        if let Some(fields) = rest.as_object_mut() {
            part.is_enabled = fields.remove("is_enabled") == Some(true.into());
            let schedule = fields.remove("schedule_id");
            part.schedule_id = schedule.and_then(|id| id.as_str().map(str::to_owned));
        }
        part.rest = rest;
        told.insert(program.to_owned(), part);
    };
    let mut vmd = json["vmd"].take();
    vmd["rules"] = rules.clone();
    add("vmd", vmd);
    add("counters", serde_json::json!({"counters": counters}));
    for program in ["people", "vehicle", "occupancy", "state"] {
        add(program, json[program].take());
    }
    for (id, document) in extensions.as_object().into_iter().flatten() {
        add(id, document.clone());
    }
    told
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::settings::{ExtensionDocument, LinkDocument};

    #[test]
    fn control_log_names_each_program_that_is_told_something_else() {
        let link: LinkDocument = serde_json::from_value(serde_json::json!({
            "protocol": "http", "host": "a", "port": null, "path": "/", "user": "",
            "sealed_password": null, "mode": "stream", "channel": 1, "fingerprint": null,
            "one_shot_fps": 5.0,
        }))
        .unwrap();
        let before = CameraDocument::new("Gate".to_owned(), link);
        let mut after = before.clone();
        after.programs.vmd.is_enabled = false;
        after.programs.people.schedule_id = Some("2".to_owned());
        after.programs.occupancy.interval_s = 5;
        let queue = ExtensionDocument {
            is_enabled: true,
            ..ExtensionDocument::default()
        };
        after.programs.extensions.insert("queue".to_owned(), queue);
        let lines: Vec<String> = changes(Some(&before), &after)
            .into_iter()
            .map(|(what, before, after)| format!("{what}: {before:?} -> {after:?}\n"))
            .collect();
        expect![[r#"
            settings of occupancy: Some("{\"interval_s\":60}") -> Some("{\"interval_s\":5}")
            schedule of people: None -> Some("2")
            start queue: Some("stopped") -> Some("running")
            settings of queue: Some("null") -> Some("{\"settings\":{}}")
            stop vmd: Some("running") -> Some("stopped")
        "#]]
        .assert_eq(&lines.concat());
        assert!(changes(Some(&after), &after).is_empty());
    }
}
