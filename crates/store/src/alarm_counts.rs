//! Alarms by rule, counted: how many were raised, what they were closed as,
//! and how long the cameras were watched meanwhile.
//!
//! In: a time. Out: a row per rule that raised an alarm in it.
//!
//! Not here: shares and comparisons (`guard`).

use rusqlite::params;
use types::{CameraId, CloseReason, EventKind, RuleId, Timestamp};

use crate::Reader;
use crate::error::{During, Error};
use crate::events::first_id_at;
use crate::fields::{Fields, event_key};

/// Most rules, and most cameras, that are counted.
const MAX_ROWS: u32 = 10_000;

/// The alarms of one rule in some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAlarms {
    /// On which camera.
    pub camera_id: CameraId,
    /// Which rule.
    pub rule_id: RuleId,
    /// Its name when it last decided.
    pub rule_name: String,
    /// What it looks for.
    pub kind: EventKind,
    /// Alarms.
    pub n_alarms: u64,
    /// Of these closed, in the order of [`CloseReason::ALL`].
    pub n_closed: [u64; 5],
}

impl RuleAlarms {
    /// How many were closed for this reason.
    pub fn closed_as(&self, reason: CloseReason) -> u64 {
        self.n_closed[reason as usize]
    }
}

impl Reader {
    /// Alarms raised in `from..until` by rule, in the order of camera and rule;
    /// at most 10,000 rules.
    ///
    /// # Errors
    /// Reading failed.
    pub fn rule_alarms(&self, from: Timestamp, until: Timestamp) -> Result<Vec<RuleAlarms>, Error> {
        // Columns beside the one max() are those of the row that has it.
        self.conn
            .prepare_cached(
                "SELECT e.camera_id, e.rule_id, e.rule_name, e.kind, max(e.event_id), count(*), \
                 total(a.reason = 'real'), total(a.reason = 'false_alarm'), \
                 total(a.reason = 'test'), total(a.reason = 'authorised'), \
                 total(a.reason = 'other') \
                 FROM event AS e JOIN alarm AS a ON a.event_id = e.event_id \
                 WHERE e.event_id >= ?1 AND e.event_id < ?2 \
                 GROUP BY e.camera_id, e.rule_id ORDER BY e.camera_id, e.rule_id LIMIT ?3",
            )
            .and_then(|mut select| {
                let first = |at| event_key(first_id_at(at));
                select
                    .query_map(params![first(from), first(until), MAX_ROWS], read)?
                    .collect()
            })
            .during("count alarms by rule")
    }

    /// Minutes in `from..until` in which each camera's pictures were analysed;
    /// at most 10,000 cameras.
    ///
    /// # Errors
    /// Reading failed.
    pub fn watched_minutes(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(CameraId, u64)>, Error> {
        self.conn
            .prepare_cached(
                "SELECT camera_id, count(*) FROM scene_health \
                 WHERE minute_at >= ?1 AND minute_at < ?2 GROUP BY camera_id LIMIT ?3",
            )
            .and_then(|mut select| {
                select
                    .query_map(
                        params![from.as_micros(), until.as_micros(), MAX_ROWS],
                        |row| {
                            let mut fields = Fields::new(row);
                            Ok((fields.camera_id()?, fields.u64()?))
                        },
                    )?
                    .collect()
            })
            .during("count watched minutes")
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers from 0, far below 2^53"
)]
fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<RuleAlarms> {
    let mut fields = Fields::new(row);
    let camera_id = fields.camera_id()?;
    let (rule_id, rule_name) = (RuleId(fields.next()?), fields.next()?);
    let kind = fields.named(EventKind::from_name)?;
    fields.skip(1);
    let n_alarms = fields.u64()?;
    let mut n_closed = [0; 5];
    for n in &mut n_closed {
        *n = fields.next::<f64>()? as u64;
    }
    Ok(RuleAlarms {
        camera_id,
        rule_id,
        rule_name,
        kind,
        n_alarms,
        n_closed,
    })
}

#[cfg(test)]
mod tests {
    use types::{AlarmState, Handling, HandlingKind, Health, HealthMinute, Standing};

    use super::*;
    use crate::testing::{append, at, begin, camera, event_id, on_camera, open};

    #[test]
    fn alarms_are_counted_by_rule_and_reason_in_the_asked_time() {
        let (mut store, _folder) = open();
        let mut renamed = begin(3, 3);
        renamed.rule_name = "front door".to_owned();
        append(
            &mut store,
            &[begin(1, 1), begin(2, 2), renamed, begin(50, 9)],
            &[],
        );
        append(&mut store, &[on_camera(begin(4, 4), "other")], &[]);
        for (second, reason) in [(1, CloseReason::FalseAlarm), (3, CloseReason::Real)] {
            let close = Handling {
                kind: HandlingKind::Close,
                assignee: None,
                reason: Some(reason),
                text: String::new(),
            };
            let id = event_id(second, second.unsigned_abs());
            store
                .handle_alarms(&[id], &close, "ann", at(9), |_, _| {
                    Some(Standing {
                        state: AlarmState::Closed,
                        reason: Some(reason),
                        ..Standing::NEW
                    })
                })
                .unwrap();
        }
        let rows = store.rule_alarms(at(0), at(50)).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].camera_id.clone(), rows[0].n_alarms), (camera(), 3));
        assert_eq!(rows[0].rule_name, "front door");
        assert_eq!(rows[0].closed_as(CloseReason::FalseAlarm), 1);
        assert_eq!(rows[0].n_closed, [1, 1, 0, 0, 0]);
        assert_eq!((rows[1].n_alarms, rows[1].n_closed), (1, [0; 5]));
        assert_eq!(store.rule_alarms(at(60), at(70)).unwrap(), []);
    }

    #[test]
    fn watched_minutes_are_those_with_scene_health() {
        let (mut store, _folder) = open();
        for minute in 0..5 {
            let minute = HealthMinute {
                minute_at: at(60 * minute),
                mean: Health([1.0; 5]),
                lowest: Health([1.0; 5]),
            };
            store.put_scene_health(&camera(), &minute).unwrap();
        }
        let watched = store.watched_minutes(at(60), at(240)).unwrap();
        assert_eq!(watched, [(camera(), 3)]);
    }
}
