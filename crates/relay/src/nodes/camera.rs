//! Cameras of other airelays, as the guard knows them.
//!
//! In: documents that a node sent, perhaps of another version. Out: settings as
//! of an own camera, so that names, severities and addresses are found in one
//! way; what cannot be understood is left out, never the camera.
//!
//! Not here: running anything: the node does that.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde_json::Value;
use types::{CameraId, Timestamp};

use crate::secrets::Vault;
use crate::settings::{CameraDocument, CameraSettings, Schedules};

/// A camera of another airelay.
#[derive(Clone, Debug)]
pub(crate) struct RelayedCamera {
    /// Which node.
    pub node_id: String,
    /// As people call the node.
    pub node_name: String,
    /// What the node's people saved, as far as it is understood here.
    pub document: CameraDocument,
    /// The same, for names and severities.
    pub settings: Arc<CameraSettings>,
    /// Events and sightings that began earlier are history: nobody is told.
    pub quiet_before: Timestamp,
}

/// All cameras of other airelays; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RelayedCameras {
    cameras: Arc<RwLock<BTreeMap<CameraId, Arc<RelayedCamera>>>>,
}

impl RelayedCameras {
    /// The camera of this id.
    pub(crate) fn get(&self, camera_id: &CameraId) -> Option<Arc<RelayedCamera>> {
        // Most ids are our own: no lock for them.
        camera_id.node()?;
        self.read().get(camera_id).cloned()
    }

    /// All of them, by id.
    pub(crate) fn all(&self) -> Vec<Arc<RelayedCamera>> {
        self.read().values().cloned().collect()
    }

    /// Takes what is known of one node's cameras in place of what was.
    pub(crate) fn replace(&self, node_id: &str, cameras: Vec<RelayedCamera>) {
        let mut all = self.cameras.write().expect("no holder of this lock panics");
        all.retain(|_, camera| camera.node_id != node_id);
        for camera in cameras {
            all.insert(camera.settings.camera_id.clone(), Arc::new(camera));
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<CameraId, Arc<RelayedCamera>>> {
        self.cameras.read().expect("no holder of this lock panics")
    }
}

/// Document and settings of what a node sent; `None` for what is no camera.
pub(super) fn understand(
    camera_id: &CameraId,
    json: &str,
    vault: &Vault,
) -> Option<(CameraDocument, CameraSettings)> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    // Schedules and installed programs are the node's.
    forget_schedules(&mut value);
    let resolve = |value: Value| {
        let document: CameraDocument = serde_json::from_value(value).ok()?;
        let settings = document
            .resolve(camera_id, 0, &Schedules::default(), vault)
            .ok()?;
        Some((document, settings))
    };
    let least = only(&value, &LEAST);
    let drawn = only(&value, &DRAWN);
    [value, drawn, least].into_iter().find_map(resolve)
}

/// What every version has.
const LEAST: [&str; 3] = ["name", "is_enabled", "link"];
/// The same, and what has names that people see.
const DRAWN: [&str; 6] = ["name", "is_enabled", "link", "zones", "lines", "rules"];

/// These fields of an object.
fn only(value: &Value, names: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| names.contains(&name.as_str()));
    }
    value
}

fn forget_schedules(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "schedule_id" => *field = Value::Null,
                    _ => forget_schedules(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget_schedules),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn understood(value: &Value) -> Option<CameraDocument> {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("key")).unwrap();
        let camera_id = CameraId::new("west.gate").unwrap();
        let (document, settings) = understand(&camera_id, &value.to_string(), &vault)?;
        assert_eq!(settings.name, document.name);
        Some(document)
    }

    fn camera() -> Value {
        json!({
            "name": "Gate", "is_enabled": true,
            "link": {"protocol": "http", "host": "10.0.0.7", "port": null, "path": "/x",
                "user": "", "sealed_password": null, "mode": "automatic", "channel": 2,
                "fingerprint": null, "one_shot_fps": 5.0},
            "zones": [{"id": 1, "name": "Yard", "points": [[0.0,0.0],[1.0,0.0],[1.0,1.0]]}],
            "rules": [{"id": 1, "name": "Anybody", "kind": "intruder", "zone_id": 1,
                "classes": ["person"], "schedule_id": "night", "is_enabled": true}],
        })
    }

    #[test]
    fn schedules_of_the_node_do_not_stand_in_the_way() {
        let document = understood(&camera()).unwrap();
        assert_eq!((document.rules.len(), document.zones.len()), (1, 1));
    }

    #[test]
    fn camera_of_a_newer_node_is_known_by_what_is_understood() {
        let mut newer = camera();
        newer["lens"] = json!({"kind": "fisheye"});
        assert_eq!(understood(&newer).unwrap().rules.len(), 1);
        newer["rules"][0]["kind"] = json!("levitation");
        let document = understood(&newer).unwrap();
        assert_eq!((document.name.as_str(), document.rules.len()), ("Gate", 0));
        assert!(understood(&json!({"name": "no link"})).is_none());
    }
}
