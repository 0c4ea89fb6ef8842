//! Counts: numbers of one rule over one interval.
//!
//! In: counts as programs give them; the same interval again replaces its
//! number. Out: rows by camera, rule and time.

use rusqlite::params;
use types::{CameraId, Class, Count, Metric, RuleId, Timestamp};

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Most counts in one call, and most rows of one list.
const MAX_COUNTS: usize = 10_000;

impl Store {
    /// Stores counts, all or nothing.
    ///
    /// # Errors
    /// More than 10,000 at once, or storing failed.
    pub fn put_counts(&mut self, counts: &[Count]) -> Result<(), Error> {
        let what = "store counts";
        check_size("store counts: counts at once", counts.len(), MAX_COUNTS)?;
        self.write(what, |transaction| {
            let mut insert = transaction
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
}
