//! Counts added up over many cameras and long times.
//!
//! In: which hours of which rules changed (`counts` tells). Out: one number per
//! stretch of time and part, such as per day and camera.
//!
//! Hours and days (UTC) are kept added up: an hour is computed anew from its
//! counts whenever one of them changes, and its day from its hours, in the same
//! transaction. So a correction, or a count that is stored again, is right there,
//! too. What is added, what is the highest and what is a mean, the metric says.
//!
//! Not here: names of rules, time zones, charts.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use types::{CameraId, Class, Count, Metric, RuleId, Timestamp};

use crate::Reader;
use crate::error::{During, Error, check_size};
use crate::fields::Fields;

/// Most numbers that one question gives.
pub const MAX_STATISTICS: usize = 100_000;
/// Most cameras and most rules that one question names.
const MAX_NAMED: usize = 256;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// How finely numbers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// As counted, put into minutes.
    Minute,
    /// UTC hours.
    Hour,
    /// UTC days.
    Day,
}

/// What numbers are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Nothing: all together.
    Nothing,
    /// Camera.
    Camera,
    /// Camera and rule.
    Rule,
    /// Class.
    Class,
}

/// Which numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct StatisticsFilter {
    /// Which metric; crossings come with what was corrected by hand.
    pub metric: Metric,
    /// How finely.
    pub step: Step,
    /// Told apart by.
    pub split: Split,
    /// From then on.
    pub from: Timestamp,
    /// Before then.
    pub until: Timestamp,
    /// Only of these cameras; all when empty.
    pub cameras: Vec<CameraId>,
    /// Only by these rules, which have the same numbers on each camera; all
    /// when empty.
    pub rules: Vec<(CameraId, RuleId)>,
    /// Only of this class; all together when absent.
    pub class: Option<Class>,
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistic {
    /// Start of its stretch of time.
    pub from: Timestamp,
    /// On which camera, where cameras are told apart.
    pub camera_id: Option<CameraId>,
    /// By which rule, where rules are told apart.
    pub rule_id: Option<RuleId>,
    /// Of which class, where classes are told apart.
    pub class: Option<Class>,
    /// How many.
    pub value: f64,
}

/// How values of one metric become one: over time, and over rules.
#[derive(Clone, Copy)]
enum Sum {
    Added,
    Highest,
    /// Weighed by time.
    Mean,
}

impl Sum {
    fn of(metric: Metric) -> Self {
        match metric {
            Metric::In
            | Metric::Out
            | Metric::Unique
            | Metric::Stays
            | Metric::StaySum
            | Metric::InByHand
            | Metric::OutByHand => Sum::Added,
            Metric::Peak | Metric::P95 | Metric::StayMax => Sum::Highest,
            Metric::Mean | Metric::Offset => Sum::Mean,
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Sum::Added => "sum(value)",
            Sum::Highest => "max(value)",
            Sum::Mean => "sum(value * weight_s) / max(sum(weight_s), 1e-6)",
        }
    }
}

const PUT_HOUR: &str = "INSERT OR REPLACE INTO count_sum \
    SELECT 3600, metric, class, ?3, camera_id, rule_id, \
        CASE WHEN metric IN ('peak', 'p95', 'stay_max') THEN max(value) \
             WHEN metric IN ('mean', 'offset') \
                 THEN sum(value * (until_at - from_at)) / max(sum(until_at - from_at), 1) \
             ELSE sum(value) END, \
        sum(until_at - from_at) / 1e6 \
    FROM count WHERE camera_id = ?1 AND rule_id = ?2 AND from_at >= ?3 AND from_at < ?4 \
    GROUP BY metric, class";

const PUT_DAY: &str = "INSERT OR REPLACE INTO count_sum \
    SELECT 86400, metric, class, ?3, camera_id, rule_id, \
        CASE WHEN metric IN ('peak', 'p95', 'stay_max') THEN max(value) \
             WHEN metric IN ('mean', 'offset') \
                 THEN sum(value * weight_s) / max(sum(weight_s), 1e-6) \
             ELSE sum(value) END, \
        sum(weight_s) \
    FROM count_sum \
    WHERE step_s = 3600 AND camera_id = ?1 AND rule_id = ?2 AND from_at >= ?3 AND from_at < ?4 \
    GROUP BY metric, class";

/// Adds up anew the hours and days that `counts` lie in.
pub(crate) fn add_up<'a>(
    transaction: &Connection,
    counts: impl IntoIterator<Item = &'a Count>,
) -> Result<(), Error> {
    let what = "add up counts";
    let mut hours = BTreeSet::new();
    let mut days = BTreeSet::new();
    for count in counts {
        let rule = (count.camera_id.as_str(), count.rule_id.0);
        hours.insert((rule, start_of(count.from, HOUR_S)));
        days.insert((rule, start_of(count.from, DAY_S)));
    }
    for (sql, step_s, starts) in [(PUT_HOUR, HOUR_S, hours), (PUT_DAY, DAY_S, days)] {
        let mut put = transaction.prepare_cached(sql).during(what)?;
        for ((camera_id, rule_id), from) in starts {
            let until = from.saturating_add(step_s * MICROS);
            put.execute(params![camera_id, rule_id, from, until])
                .during(what)?;
        }
    }
    Ok(())
}

fn start_of(at: Timestamp, step_s: i64) -> i64 {
    let at = at.as_micros();
    at - at.rem_euclid(step_s * MICROS)
}

impl Reader {
    /// Numbers, by time and then by what they are told apart by.
    ///
    /// # Errors
    /// More than 256 cameras or rules are named, there are more than
    /// [`MAX_STATISTICS`] numbers, or reading failed.
    pub fn statistics(&self, filter: &StatisticsFilter) -> Result<Vec<Statistic>, Error> {
        let what = "read statistics";
        check_size("read statistics: cameras", filter.cameras.len(), MAX_NAMED)?;
        check_size("read statistics: rules", filter.rules.len(), MAX_NAMED)?;
        let (sql, values) = statement(filter);
        let mut select = self.conn.prepare_cached(&sql).during(what)?;
        let rows = select
            .query_map(params_from_iter(values), |row| read(row, filter.split))
            .during(what)?;
        let mut numbers = Vec::new();
        for row in rows {
            check_size(
                "read statistics: numbers",
                numbers.len() + 1,
                MAX_STATISTICS,
            )?;
            numbers.push(row.during(what)?);
        }
        Ok(numbers)
    }
}

fn statement(filter: &StatisticsFilter) -> (String, Vec<Value>) {
    let parts = match filter.split {
        Split::Nothing => "",
        Split::Camera => ", camera_id",
        Split::Rule => ", camera_id, rule_id",
        Split::Class => ", class",
    };
    let (table, from, step) = match filter.step {
        Step::Minute => (
            "(SELECT *, (until_at - from_at) / 1e6 AS weight_s FROM count)",
            "from_at - from_at % 60000000",
            None,
        ),
        Step::Hour => ("count_sum", "from_at", Some(HOUR_S)),
        Step::Day => ("count_sum", "from_at", Some(DAY_S)),
    };
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    if let Some(step_s) = step {
        conditions.push("step_s = ?".to_owned());
        values.push(Value::Integer(step_s));
    }
    let by_hand = match filter.metric {
        Metric::In => Some(Metric::InByHand),
        Metric::Out => Some(Metric::OutByHand),
        _ => None,
    };
    let metrics: Vec<Metric> = [filter.metric].into_iter().chain(by_hand).collect();
    conditions.push(format!("metric IN ({})", marks(metrics.len())));
    values.extend(
        metrics
            .iter()
            .map(|metric| Value::Text(metric.name().to_owned())),
    );
    match (filter.class, filter.split) {
        // Rows by class stand beside those of all together.
        (None, Split::Class) => conditions.push("class <> ''".to_owned()),
        (class, _) => {
            conditions.push("class = ?".to_owned());
            let name = class.map_or("", Class::name);
            values.push(Value::Text(name.to_owned()));
        }
    }
    conditions.push("from_at >= ? AND from_at < ?".to_owned());
    values.push(Value::Integer(filter.from.as_micros()));
    values.push(Value::Integer(filter.until.as_micros()));
    if !filter.cameras.is_empty() {
        conditions.push(format!("camera_id IN ({})", marks(filter.cameras.len())));
        let cameras = filter.cameras.iter();
        values.extend(cameras.map(|id| Value::Text(id.as_str().to_owned())));
    }
    if !filter.rules.is_empty() {
        let pairs = vec!["(?, ?)"; filter.rules.len()].join(", ");
        conditions.push(format!("(camera_id, rule_id) IN (VALUES {pairs})"));
        for (camera_id, rule_id) in &filter.rules {
            values.push(Value::Text(camera_id.as_str().to_owned()));
            values.push(Value::Integer(rule_id.0.into()));
        }
    }
    let sql = format!(
        "SELECT {from} AS start{parts}, {} FROM {table} WHERE {} GROUP BY start{parts} \
         ORDER BY start{parts}",
        Sum::of(filter.metric).sql(),
        conditions.join(" AND ")
    );
    (sql, values)
}

fn marks(n_values: usize) -> String {
    vec!["?"; n_values].join(", ")
}

fn read(row: &rusqlite::Row<'_>, split: Split) -> rusqlite::Result<Statistic> {
    let mut fields = Fields::new(row);
    let from = fields.time()?;
    let mut statistic = Statistic {
        from,
        camera_id: None,
        rule_id: None,
        class: None,
        value: 0.0,
    };
    if matches!(split, Split::Camera | Split::Rule) {
        statistic.camera_id = Some(fields.camera_id()?);
    }
    if split == Split::Rule {
        statistic.rule_id = Some(RuleId(fields.next()?));
    }
    if split == Split::Class {
        statistic.class = Some(fields.named(Class::from_name)?);
    }
    statistic.value = fields.next()?;
    Ok(statistic)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::open;
    use crate::{Retention, Store};

    const DAY: i64 = 20_000 * DAY_S;

    fn count(
        camera: &str,
        rule: u32,
        metric: Metric,
        class: Option<Class>,
        second: i64,
        value: f64,
    ) -> Count {
        Count {
            camera_id: CameraId::new(camera).unwrap(),
            rule_id: RuleId(rule),
            metric,
            class,
            from: Timestamp::from_secs(DAY + second),
            until: Timestamp::from_secs(DAY + second + 60),
            value,
        }
    }

    fn filled() -> (Store, tempfile::TempDir) {
        let (mut store, folder) = open();
        store
            .put_counts(&[
                count("gate", 1, Metric::In, None, 0, 2.0),
                count("gate", 1, Metric::In, None, 60, 3.0),
                count("gate", 1, Metric::In, None, 3_600, 5.0),
                count("gate", 1, Metric::In, Some(Class::Person), 0, 2.0),
                count("gate", 1, Metric::In, Some(Class::Car), 60, 3.0),
                count("gate", 2, Metric::In, None, 0, 1.0),
                count("yard", 1, Metric::In, None, DAY_S, 7.0),
                count("gate", 1, Metric::InByHand, None, 0, -1.0),
                count("gate", 3, Metric::Peak, None, 0, 4.0),
                count("gate", 3, Metric::Peak, None, 60, 9.0),
                count("gate", 3, Metric::Mean, None, 0, 1.0),
                count("gate", 3, Metric::Mean, None, 60, 2.0),
            ])
            .unwrap();
        (store, folder)
    }

    fn filter(metric: Metric, step: Step, split: Split) -> StatisticsFilter {
        StatisticsFilter {
            metric,
            step,
            split,
            from: Timestamp::from_secs(DAY),
            until: Timestamp::from_secs(DAY + 10 * DAY_S),
            cameras: Vec::new(),
            rules: Vec::new(),
            class: None,
        }
    }

    #[track_caller]
    fn check(store: &Store, filter: &StatisticsFilter, expected: &Expect) {
        let mut actual = String::new();
        for number in store.statistics(filter).unwrap() {
            let second = number.from.as_micros() / MICROS - DAY;
            let camera = number
                .camera_id
                .map_or_else(String::new, |id| format!(" {id}"));
            let rule = number
                .rule_id
                .map_or_else(String::new, |id| format!(" {}", id.0));
            let class = number.class.map_or("", Class::name);
            writeln!(actual, "{second}{camera}{rule} {class}: {}", number.value).unwrap();
        }
        expected.assert_eq(&actual);
    }

    #[test]
    fn crossings_are_added_with_corrections_by_step_and_part() {
        let (store, _folder) = filled();
        check(
            &store,
            &filter(Metric::In, Step::Minute, Split::Nothing),
            &expect![[r#"
            0 : 2
            60 : 3
            3600 : 5
            86400 : 7
        "#]],
        );
        check(
            &store,
            &filter(Metric::In, Step::Hour, Split::Camera),
            &expect![[r#"
            0 gate : 5
            3600 gate : 5
            86400 yard : 7
        "#]],
        );
        check(
            &store,
            &filter(Metric::In, Step::Day, Split::Rule),
            &expect![[r#"
            0 gate 1 : 9
            0 gate 2 : 1
            86400 yard 1 : 7
        "#]],
        );
        check(
            &store,
            &filter(Metric::In, Step::Day, Split::Class),
            &expect![[r#"
            0 car: 3
            0 person: 2
        "#]],
        );
    }

    #[test]
    fn peaks_are_the_highest_and_means_are_weighed() {
        let (store, _folder) = filled();
        check(
            &store,
            &filter(Metric::Peak, Step::Day, Split::Nothing),
            &expect![[r#"
            0 : 9
        "#]],
        );
        check(
            &store,
            &filter(Metric::Mean, Step::Hour, Split::Nothing),
            &expect![[r#"
            0 : 1.5
        "#]],
        );
    }

    #[test]
    fn only_what_is_asked_for_is_added() {
        let (store, _folder) = filled();
        let yard = StatisticsFilter {
            cameras: vec![CameraId::new("yard").unwrap()],
            ..filter(Metric::In, Step::Day, Split::Nothing)
        };
        check(
            &store,
            &yard,
            &expect![[r#"
            86400 : 7
        "#]],
        );
        let rule = StatisticsFilter {
            rules: vec![(CameraId::new("gate").unwrap(), RuleId(2))],
            ..filter(Metric::In, Step::Day, Split::Nothing)
        };
        check(
            &store,
            &rule,
            &expect![[r#"
            0 : 1
        "#]],
        );
        let cars = StatisticsFilter {
            class: Some(Class::Car),
            until: Timestamp::from_secs(DAY + 60),
            ..filter(Metric::In, Step::Hour, Split::Nothing)
        };
        check(
            &store,
            &cars,
            &expect![[r#"
            0 : 3
        "#]],
        );
    }

    #[test]
    fn count_stored_again_or_corrected_is_right_in_hours_and_days() {
        let (mut store, _folder) = filled();
        store
            .put_counts(&[count("gate", 1, Metric::In, None, 0, 20.0)])
            .unwrap();
        let entry = crate::AuditEntry {
            who: "ann".to_owned(),
            what: "correct".to_owned(),
            before: None,
            after: None,
        };
        let correction = count("gate", 1, Metric::InByHand, None, 0, 4.0);
        store
            .correct_count(&correction, &entry, Timestamp::from_secs(DAY))
            .unwrap();
        check(
            &store,
            &filter(Metric::In, Step::Day, Split::Rule),
            &expect![[r#"
            0 gate 1 : 31
            0 gate 2 : 1
            86400 yard 1 : 7
        "#]],
        );
    }

    #[test]
    fn sums_go_when_their_counts_do() {
        let (mut store, _folder) = filled();
        let retention = Retention {
            counts: std::time::Duration::from_secs(3 * 86_400),
            ..Retention::default()
        };
        let now = Timestamp::from_secs(DAY + 4 * DAY_S - 60);
        while !store.prune(now, &retention, 500).unwrap().is_done {}
        check(
            &store,
            &filter(Metric::In, Step::Day, Split::Nothing),
            &expect![[r#"
            86400 : 7
        "#]],
        );
    }

    #[test]
    fn counts_of_an_older_database_are_added_up() {
        let (store, _folder) = filled();
        let before = store
            .statistics(&filter(Metric::In, Step::Day, Split::Rule))
            .unwrap();
        let sql = include_str!("migrations/0008_statistics.sql");
        let (_, inserts) = sql.split_once("INSERT INTO count_sum").unwrap();
        let again = format!("INSERT INTO count_sum{inserts}");
        store.conn.execute_batch("DELETE FROM count_sum").unwrap();
        store.conn.execute_batch(&again).unwrap();
        let after = store
            .statistics(&filter(Metric::In, Step::Day, Split::Rule))
            .unwrap();
        assert_eq!(before, after);
        assert_eq!(after.len(), 3);
    }
}
