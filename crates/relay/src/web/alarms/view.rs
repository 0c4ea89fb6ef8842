//! Alarms as REST clients see them.

use serde::Serialize;
use store::{AlarmRow, HistoryRow, ListedAlarm};
use types::{CloseReason, Timestamp};
use utoipa::ToSchema;

use crate::web::App;
use crate::web::events::EventView;

/// An event, and what people do about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmView {
    /// What happened.
    #[serde(flatten)]
    pub event: EventView,
    /// How it is handled.
    pub alarm: HandlingView,
}

/// How an alarm is handled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandlingView {
    /// The incident it is part of: id of the alarm that began it.
    pub incident_id: String,
    /// info, low, medium, high or critical.
    pub severity: &'static str,
    /// new, acknowledged, assigned or closed.
    pub state: &'static str,
    /// Account that is to look after it; only while assigned.
    pub assignee: Option<String>,
    /// real, false_alarm, test, authorised or other; only while closed.
    pub reason: Option<&'static str>,
    /// Send it back with what you do; a newer one in between refuses it.
    pub revision: u32,
    /// Notes written so far.
    pub n_notes: u32,
    /// When something was last done with it, UTC; before that, when it was
    /// stored.
    pub changed_at: String,
    /// Whether it came in quiet hours: it makes no sound then.
    pub is_quiet: bool,
}

/// How one alarm is handled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandledView {
    /// Which alarm.
    pub id: String,
    /// How it is handled.
    pub alarm: HandlingView,
}

/// One thing that was done with an alarm.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct HistoryView {
    /// When, UTC.
    pub at: String,
    /// Who: an account, or "airelay".
    pub who: String,
    /// acknowledge, assign, release, close, reopen, note or export.
    pub kind: &'static str,
    /// To whom it was given.
    pub assignee: Option<String>,
    /// What it was.
    pub reason: Option<&'static str>,
    /// What was written with it.
    pub text: String,
    /// The revision that it made.
    pub revision: u32,
}

impl AlarmView {
    /// With names as they are now.
    pub(crate) fn new(app: &App, listed: ListedAlarm) -> Self {
        let started_at = listed.event.started_at;
        AlarmView {
            event: EventView::new(app, listed.event),
            alarm: HandlingView::new(app, listed.alarm, started_at),
        }
    }
}

impl HandlingView {
    fn new(app: &App, row: AlarmRow, started_at: Timestamp) -> Self {
        let settings = app.alarms.get();
        let standing = row.standing;
        HandlingView {
            incident_id: row.incident_id.to_string(),
            severity: row.severity.name(),
            state: standing.state.name(),
            assignee: standing.assignee,
            reason: standing.reason.map(CloseReason::name),
            revision: standing.revision,
            n_notes: standing.n_notes,
            changed_at: row.changed_at.to_string(),
            is_quiet: settings.is_quiet(&app.schedules.ready(), row.severity, started_at),
        }
    }
}

impl HandledView {
    /// Of an alarm that something was done with: nobody waits for a sound.
    pub(crate) fn new(app: &App, row: AlarmRow) -> Self {
        let changed_at = row.changed_at;
        HandledView {
            id: row.event_id.to_string(),
            alarm: HandlingView::new(app, row, changed_at),
        }
    }
}

impl HistoryView {
    pub(super) fn new(row: HistoryRow) -> Self {
        HistoryView {
            at: row.at.to_string(),
            who: row.who,
            kind: row.handling.kind.name(),
            assignee: row.handling.assignee,
            reason: row.handling.reason.map(CloseReason::name),
            text: row.handling.text,
            revision: row.revision,
        }
    }

    /// "ann closed it as false alarm", for people.
    pub(super) fn words(&self) -> String {
        let did = match self.kind {
            "acknowledge" => "acknowledged it".to_owned(),
            "assign" => format!("assigned it to {}", self.assignee.as_deref().unwrap_or("?")),
            "release" => "took it back".to_owned(),
            "close" => {
                let reason = self.reason.unwrap_or("other").replace('_', " ");
                format!("closed it as {reason}")
            }
            "reopen" => "reopened it".to_owned(),
            "export" => "took its evidence out".to_owned(),
            _ => "wrote a note".to_owned(),
        };
        format!("{} {did} at {}", self.who, self.at)
    }
}
