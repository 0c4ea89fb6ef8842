//! Settings of alarm handling in the store, and how new alarms are put on the
//! list.
//!
//! In: a document that was checked; each new event, on the store's thread.
//! Out: how grave it is, its incident, and whether it makes a sound.
//!
//! Not here: what belongs together (`guard`), handling by people
//! (`web::alarms`).

use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use store::{Expected, NewAlarm, RecentAlarm};
use types::{Clock, Event, Severity, Timestamp};

use crate::settings::{AlarmSettings, AlarmsDocument, Schedules};
use crate::storage::Storage;
use crate::supervise::Fleet;

const KEY: &str = "alarms";

/// The settings; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct AlarmBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
    ready: Arc<RwLock<Arc<AlarmRecord>>>,
}

/// The settings as saved, and ready for use.
#[derive(Clone, Debug)]
pub(crate) struct AlarmRecord {
    /// What was saved.
    pub document: AlarmsDocument,
    /// The same, checked.
    pub settings: AlarmSettings,
    /// Counts every change; 0 before the first.
    pub revision: u64,
}

impl AlarmRecord {
    fn usual() -> Self {
        let document = AlarmsDocument::default();
        AlarmRecord {
            settings: document.resolve().expect("a test resolves it"),
            document,
            revision: 0,
        }
    }

    /// Whether an alarm of this time is to make no sound.
    pub(crate) fn is_quiet(
        &self,
        schedules: &Schedules,
        severity: Severity,
        at: Timestamp,
    ) -> bool {
        let schedule_id = self.settings.quiet_schedule_id.as_ref();
        let schedule = schedule_id.and_then(|id| schedules.get(id));
        let is_loud = self.settings.loud_from.is_some_and(|from| severity >= from);
        schedule.is_some_and(|schedule| schedule.is_on(at)) && !is_loud
    }
}

impl AlarmBook {
    /// The settings in `storage`; the usual ones where none can be used.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn load(storage: Storage, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let stored = storage.read(|reader| reader.settings(KEY)).await?;
        let record = stored.and_then(|stored| {
            let document: AlarmsDocument = serde_json::from_str(&stored.document?)
                .inspect_err(|error| tracing::error!(%error, "settings of alarms left out"))
                .ok()?;
            let settings = document
                .resolve()
                .inspect_err(|errors| tracing::error!(%errors, "settings of alarms left out"))
                .ok()?;
            Some(AlarmRecord {
                document,
                settings,
                revision: stored.revision,
            })
        });
        let record = record.unwrap_or_else(AlarmRecord::usual);
        Ok(AlarmBook {
            storage,
            clock,
            ready: Arc::new(RwLock::new(Arc::new(record))),
        })
    }

    /// The settings in force.
    pub(crate) fn get(&self) -> Arc<AlarmRecord> {
        Arc::clone(&self.ready.read().expect("no holder of this lock panics"))
    }

    /// Saves a new revision, in force at once.
    ///
    /// # Errors
    /// [`store::Error::Conflict`] inside when somebody else was quicker; or the
    /// store cannot write.
    pub(crate) async fn put(
        &self,
        document: AlarmsDocument,
        settings: AlarmSettings,
        seen_revision: u64,
        by: &str,
    ) -> anyhow::Result<Arc<AlarmRecord>> {
        let json = serde_json::to_string(&document).context("write settings as JSON")?;
        let (by, now) = (by.to_owned(), self.clock.now());
        let expected = match seen_revision {
            0 => Expected::Absent,
            revision => Expected::Revision(revision),
        };
        let revision = self
            .storage
            .write(move |store| store.put_settings(KEY, &json, expected, &by, now))
            .await?;
        let record = Arc::new(AlarmRecord {
            document,
            settings,
            revision,
        });
        *self.ready.write().expect("no holder of this lock panics") = Arc::clone(&record);
        Ok(record)
    }
}

/// How grave a new alarm is by its rule, and its incident.
pub(crate) fn enlist(
    event: &Event,
    recent: &[RecentAlarm],
    fleet: &Fleet,
    alarms: &AlarmBook,
) -> NewAlarm {
    let settings = fleet.settings(&event.camera_id);
    let severity = settings.and_then(|settings| settings.severity(event.rule_id));
    NewAlarm {
        severity: severity.unwrap_or_else(|| Severity::usual(event.kind)),
        incident_id: guard::alarms::incident_of(event, recent, &alarms.get().settings.grouping),
    }
}
