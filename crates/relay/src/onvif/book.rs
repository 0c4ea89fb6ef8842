//! Settings of the ONVIF device: what clients and people set, kept over
//! restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sink::onvif::device::{LeftOut, MetadataSetup, ProfilePart};
use sink::onvif::token::{Encoding, ProfileToken};
use sink::onvif::topic::Naming;
use store::Expected;
use types::{CameraId, Clock, RuleId};

use crate::storage::Storage;

const KEY: &str = "onvif";

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OnvifDocument {
    /// Whether ONVIF clients are answered at all.
    pub is_enabled: bool,
    /// Whether WS-Discovery answers.
    pub is_discoverable: bool,
    /// Source items named as before 2021.
    pub has_legacy_names: bool,
    /// Scopes that clients set.
    pub scopes: Vec<String>,
    /// What metadata tracks carry, by camera, where it is not everything.
    pub metadata: BTreeMap<String, MetadataDocument>,
    /// Parts taken out of profiles: `TOKEN/Metadata`, `TOKEN/Analytics`.
    pub left_out: BTreeSet<String>,
    /// Names that clients gave to rules: by `CAMERA/RULE`.
    pub rule_names: BTreeMap<String, String>,
}

/// What a metadata track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetadataDocument {
    /// Scenes.
    pub has_analytics: bool,
    /// Notifications.
    pub has_events: bool,
}

impl Default for OnvifDocument {
    fn default() -> Self {
        OnvifDocument {
            is_enabled: true,
            is_discoverable: true,
            has_legacy_names: false,
            scopes: Vec::new(),
            metadata: BTreeMap::new(),
            left_out: BTreeSet::new(),
            rule_names: BTreeMap::new(),
        }
    }
}

impl OnvifDocument {
    /// Which names source items have.
    pub(crate) fn naming(&self) -> Naming {
        match self.has_legacy_names {
            true => Naming::Legacy,
            false => Naming::Modern,
        }
    }

    /// What a camera's metadata track carries.
    pub(crate) fn metadata(&self, camera_id: &CameraId) -> MetadataSetup {
        let document = self.metadata.get(camera_id.as_str());
        document.map_or_else(MetadataSetup::default, |document| MetadataSetup {
            has_analytics: document.has_analytics,
            has_events: document.has_events,
        })
    }

    /// What was taken out of a camera's profiles.
    pub(crate) fn left_out(&self, camera_id: &CameraId) -> Vec<LeftOut> {
        let parts = [ProfilePart::Metadata, ProfilePart::Analytics];
        let all = Encoding::ALL
            .into_iter()
            .flat_map(|encoding| parts.map(|part| LeftOut { encoding, part }));
        all.filter(|what| self.left_out.contains(&part_key(camera_id, what)))
            .collect()
    }

    /// Sets what a camera's metadata track carries.
    pub(crate) fn set_metadata(&mut self, camera_id: &CameraId, setup: MetadataSetup) {
        let document = MetadataDocument {
            has_analytics: setup.has_analytics,
            has_events: setup.has_events,
        };
        self.metadata.insert(camera_id.to_string(), document);
    }

    /// Takes a part out of a profile, or puts it back.
    pub(crate) fn set_part(&mut self, camera_id: &CameraId, what: &LeftOut, is_present: bool) {
        let key = part_key(camera_id, what);
        match is_present {
            true => self.left_out.remove(&key),
            false => self.left_out.insert(key),
        };
    }

    /// Gives a rule a client's name, or takes it away.
    pub(crate) fn set_rule_name(
        &mut self,
        camera_id: &CameraId,
        rule_id: RuleId,
        name: Option<String>,
    ) {
        let key = rule_key(camera_id, rule_id);
        match name {
            Some(name) => self.rule_names.insert(key, name),
            None => self.rule_names.remove(&key),
        };
    }

    /// Whether a rule of this camera has a client's name and is none of these.
    fn has_other_names(&self, camera_id: &CameraId, rule_ids: &[RuleId]) -> bool {
        self.rule_names
            .keys()
            .any(|key| is_other_rule(key, camera_id, rule_ids))
    }

    /// The name that a client gave to a rule.
    pub(crate) fn rule_name(&self, camera_id: &CameraId, rule_id: RuleId) -> Option<&str> {
        let name = self.rule_names.get(&rule_key(camera_id, rule_id));
        name.map(String::as_str)
    }
}

/// Where a taken-out part is noted.
fn part_key(camera_id: &CameraId, what: &LeftOut) -> String {
    let token = ProfileToken {
        camera_id: camera_id.clone(),
        encoding: what.encoding,
    };
    let part = match what.part {
        ProfilePart::Metadata => "Metadata",
        ProfilePart::Analytics => "Analytics",
    };
    format!("{token}/{part}")
}

/// Whether a name is of a rule of this camera that is none of these.
fn is_other_rule(key: &str, camera_id: &CameraId, rule_ids: &[RuleId]) -> bool {
    key.rsplit_once('/')
        .is_some_and(|(camera, _)| camera == camera_id.as_str())
        && !rule_ids
            .iter()
            .any(|rule_id| rule_key(camera_id, *rule_id) == key)
}

/// Where a rule's name is noted.
fn rule_key(camera_id: &CameraId, rule_id: RuleId) -> String {
    format!("{camera_id}/{}", rule_id.0)
}

/// The settings in the store, and as they are now; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct OnvifBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
    /// With the number of changes so far.
    present: Arc<RwLock<(u64, Arc<OnvifDocument>)>>,
}

impl OnvifBook {
    /// The settings in `storage`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn load(storage: Storage, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let settings = storage.read(|reader| reader.settings(KEY)).await?;
        let json = settings.and_then(|settings| settings.document);
        let document = match json {
            None => OnvifDocument::default(),
            Some(json) => serde_json::from_str(&json).unwrap_or_else(|error| {
                tracing::error!(%error, "ONVIF settings cannot be read: using the usual ones");
                OnvifDocument::default()
            }),
        };
        Ok(OnvifBook {
            storage,
            clock,
            present: Arc::new(RwLock::new((0, Arc::new(document)))),
        })
    }

    /// The settings as they are now.
    pub(crate) fn present(&self) -> Arc<OnvifDocument> {
        let present = self.present.read().expect("no holder of this lock panics");
        Arc::clone(&present.1)
    }

    /// Counts changes.
    pub(crate) fn n_changes(&self) -> u64 {
        self.present
            .read()
            .expect("no holder of this lock panics")
            .0
    }

    /// Forgets the names that clients gave to a camera's rules, but for these:
    /// a new rule that gets the number of one that is gone is another.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn keep_names(
        &self,
        by: &str,
        camera_id: &CameraId,
        rule_ids: &[RuleId],
    ) -> anyhow::Result<()> {
        if !self.present().has_other_names(camera_id, rule_ids) {
            return Ok(());
        }
        self.change(by, |document| {
            let names = &mut document.rule_names;
            names.retain(|key, _| !is_other_rule(key, camera_id, rule_ids));
        })
        .await
    }

    /// Changes the settings and stores them.
    ///
    /// # Errors
    /// The store cannot write; nothing is changed then.
    pub(crate) async fn change(
        &self,
        by: &str,
        change: impl FnOnce(&mut OnvifDocument),
    ) -> anyhow::Result<()> {
        let mut document = OnvifDocument::clone(&self.present());
        change(&mut document);
        let json = serde_json::to_string(&document).context("write settings as JSON")?;
        let (by, now) = (by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.put_settings(KEY, &json, Expected::Any, &by, now))
            .await?;
        let mut present = self.present.write().expect("no holder of this lock panics");
        *present = (present.0 + 1, Arc::new(document));
        Ok(())
    }
}
