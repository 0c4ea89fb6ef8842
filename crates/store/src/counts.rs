//! Counts: numbers of one rule over one interval.
//!
//! In: counts as programs give them; the same interval again replaces its
//! number. Corrections by hand, which add up and go into the control log in
//! the same transaction. Out: rows by camera, rule and time.

use rusqlite::{Connection, params};
use types::{CameraId, Class, Count, Metric, RuleId, Timestamp};

use crate::audit::AuditEntry;
use crate::control_log;
use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store, statistics};

/// Most counts in one call, and most rows of one list.
const MAX_COUNTS: usize = 10_000;
/// Most rows that are looked at to add them up: 30 days of minutes, by way and
/// class, with room.
const MAX_ADDED: usize = 1_000_000;

impl Store {
    /// Stores counts, all or nothing.
    ///
    /// # Errors
    /// More than 10,000 at once, or storing failed.
    pub fn put_counts(&mut self, counts: &[Count]) -> Result<(), Error> {
        let what = "store counts";
        check_size("store counts: counts at once", counts.len(), MAX_COUNTS)?;
        self.write(what, |transaction| put(transaction, counts))
    }
}

/// Stores counts in a transaction of the caller's.
pub(crate) fn put(conn: &Connection, counts: &[Count]) -> Result<(), Error> {
    let what = "store counts";
    let mut insert = conn
        .prepare_cached(
            "INSERT INTO count (camera_id, rule_id, from_at, metric, class, until_at, value) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (camera_id, rule_id, from_at, metric, class) \
             DO UPDATE SET until_at = excluded.until_at, value = excluded.value",
        )
        .during(what)?;
    for count in counts {
        insert
            .execute(params![
                count.camera_id.as_str(),
                count.rule_id.0,
                count.from.as_micros(),
                count.metric.name(),
                count.class.map_or("", Class::name),
                count.until.as_micros(),
                count.value,
            ])
            .during(what)?;
    }
    statistics::add_up(conn, counts)
}

impl Store {
    /// Adds a correction to the row of its interval and metric, together with
    /// the control log's entry about it: both or none.
    ///
    /// # Errors
    /// A text of the entry is too long, or storing failed.
    pub fn correct_count(
        &mut self,
        correction: &Count,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), Error> {
        let what = "store correction of a count";
        self.write(what, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO count (camera_id, rule_id, from_at, metric, class, until_at, value) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                     ON CONFLICT (camera_id, rule_id, from_at, metric, class) \
                     DO UPDATE SET until_at = excluded.until_at, value = value + excluded.value",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        correction.camera_id.as_str(),
                        correction.rule_id.0,
                        correction.from.as_micros(),
                        correction.metric.name(),
                        correction.class.map_or("", Class::name),
                        correction.until.as_micros(),
                        correction.value,
                    ])
                })
                .during(what)?;
            statistics::add_up(transaction, [correction])?;
            control_log::append(transaction, entry, now)?;
            Ok(())
        })
    }
}

impl Reader {
    /// Counts of one rule whose interval starts in `from..until`, by time; at
    /// most 10,000.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_counts(
        &self,
        camera_id: &CameraId,
        rule_id: RuleId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Count>, Error> {
        self.conn
            .prepare_cached(
                "SELECT camera_id, rule_id, from_at, metric, class, until_at, value FROM count \
                 WHERE camera_id = ?1 AND rule_id = ?2 AND from_at >= ?3 AND from_at < ?4 \
                 ORDER BY from_at, metric, class LIMIT ?5",
            )
            .and_then(|mut select| {
                select
                    .query_map(
                        params![
                            camera_id.as_str(),
                            rule_id.0,
                            from.as_micros(),
                            until.as_micros(),
                            u32::try_from(MAX_COUNTS).expect("a small constant"),
                        ],
                        read,
                    )?
                    .collect()
            })
            .during("list counts")
    }

    /// Shows each count of one rule whose interval starts in `from..until`, by
    /// time, however many there are.
    ///
    /// # Errors
    /// More than 1,000,000 rows, or reading failed.
    pub fn each_count(
        &self,
        camera_id: &CameraId,
        rule_id: RuleId,
        (from, until): (Timestamp, Timestamp),
        mut see: impl FnMut(Count),
    ) -> Result<(), Error> {
        let what = "add up counts";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT camera_id, rule_id, from_at, metric, class, until_at, value FROM count \
                 WHERE camera_id = ?1 AND rule_id = ?2 AND from_at >= ?3 AND from_at < ?4 \
                 ORDER BY from_at, metric, class",
            )
            .during(what)?;
        let times = (from.as_micros(), until.as_micros());
        let rows = select
            .query_map(
                params![camera_id.as_str(), rule_id.0, times.0, times.1],
                read,
            )
            .during(what)?;
        for (n_seen, row) in rows.enumerate() {
            check_size("add up counts: rows", n_seen + 1, MAX_ADDED)?;
            see(row.during(what)?);
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Count> {
    let mut fields = Fields::new(row);
    Ok(Count {
        camera_id: fields.camera_id()?,
        rule_id: RuleId(fields.next()?),
        from: fields.time()?,
        metric: fields.named(Metric::from_name)?,
        class: fields.named(|name| match name {
            "" => Some(None),
            name => Class::from_name(name).map(Some),
        })?,
        until: fields.time()?,
        value: fields.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, camera, open};

    fn count(second: i64, class: Option<Class>, value: f64) -> Count {
        Count {
            camera_id: camera(),
            rule_id: RuleId(1),
            metric: Metric::In,
            class,
            from: at(second),
            until: at(second + 60),
            value,
        }
    }

    #[test]
    fn counts_come_back_by_time_and_the_same_interval_is_replaced() {
        let (mut store, _folder) = open();
        let later = count(60, None, 5.0);
        let cars = count(0, Some(Class::Car), 2.0);
        let all = count(0, None, 3.0);
        store
            .put_counts(&[later.clone(), cars.clone(), count(0, None, 1.0)])
            .unwrap();
        store.put_counts(std::slice::from_ref(&all)).unwrap();
        let listed = store
            .list_counts(&camera(), RuleId(1), at(0), at(100))
            .unwrap();
        assert_eq!(listed, [all, cars, later]);
        let first_minute = store
            .list_counts(&camera(), RuleId(1), at(0), at(60))
            .unwrap();
        assert_eq!(first_minute.len(), 2);
        assert_eq!(
            store
                .list_counts(&camera(), RuleId(2), at(0), at(100))
                .unwrap(),
            []
        );
    }

    #[test]
    fn counts_to_be_added_up_are_all_seen_however_many() {
        let (mut store, _folder) = open();
        for part in 0..3 {
            let rows: Vec<Count> = (0..5_000)
                .map(|idx| count((part * 5_000 + idx) * 60, None, 1.0))
                .collect();
            store.put_counts(&rows).unwrap();
        }
        let mut total = 0.0;
        let times = (at(0), at(60 * 15_000));
        store
            .each_count(&camera(), RuleId(1), times, |count| total += count.value)
            .unwrap();
        assert!((total - 15_000.0).abs() < 0.5, "{total}");
    }

    #[test]
    fn corrections_of_one_interval_add_up_and_each_is_in_the_control_log_or_not_made() {
        let (mut store, _folder) = open();
        let by = |value| Count {
            metric: Metric::InByHand,
            ..count(0, None, value)
        };
        let entry = |what: &str| AuditEntry {
            who: "ann".to_owned(),
            what: what.to_owned(),
            before: None,
            after: None,
        };
        store.put_counts(&[count(0, None, 5.0)]).unwrap();
        store
            .correct_count(&by(3.0), &entry("first"), at(70))
            .unwrap();
        store
            .correct_count(&by(-1.0), &entry("second"), at(80))
            .unwrap();
        // One that cannot be logged is not made.
        let too_long = entry(&"x".repeat(1_000));
        store
            .correct_count(&by(9.0), &too_long, at(90))
            .unwrap_err();
        // What was counted may be told again.
        store.put_counts(&[count(0, None, 6.0)]).unwrap();
        let listed = store
            .list_counts(&camera(), RuleId(1), at(0), at(60))
            .unwrap();
        assert_eq!(listed, [count(0, None, 6.0), by(2.0)]);
        let log = store.list_control(None, 10).unwrap();
        let whats: Vec<&str> = log.iter().map(|row| row.entry.what.as_str()).collect();
        assert_eq!(whats, ["second", "first"]);
    }
}
