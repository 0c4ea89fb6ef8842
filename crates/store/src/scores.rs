//! How sure the detector was of the objects in each zone, by hour.
//!
//! In: numbers since the last call, which are added to those of their hour.
//! Out: the sum over a time, by class.
//!
//! Not here: what a score is (`vision`), how long rows stay (`retention`).

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use types::{CameraId, Class, ScoreCount, Timestamp, ZoneId};

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Most numbers in one call: 64 zones and the whole picture, by six classes.
const MAX_SCORES: usize = 65 * 6;
const HOUR: Duration = Duration::from_secs(3_600);
const NUMBER_BYTES: usize = 4;

/// Sums over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoreSums {
    /// Objects by class and hundredths of their best score.
    pub by_class: BTreeMap<Class, Vec<u64>>,
    /// The first hour that has any.
    pub since: Option<Timestamp>,
}

impl Store {
    /// Adds numbers of one camera to those of the hour around `at`, all or
    /// nothing.
    ///
    /// # Errors
    /// More than 390 at once, or storing failed.
    pub fn add_scores(
        &mut self,
        camera_id: &CameraId,
        at: Timestamp,
        counts: &[ScoreCount],
    ) -> Result<(), Error> {
        let what = "store scores";
        check_size("store scores: numbers at once", counts.len(), MAX_SCORES)?;
        let hour_at = hour_of(at);
        self.write(what, |transaction| {
            for count in counts {
                let zone_id = zone_key(count.zone_id);
                let key = params![camera_id.as_str(), zone_id, hour_at, count.class.name()];
                let stored: Option<Vec<u8>> = transaction
                    .prepare_cached(
                        "SELECT bins FROM score_hour WHERE camera_id = ?1 AND zone_id = ?2 \
                         AND hour_at = ?3 AND class = ?4",
                    )
                    .and_then(|mut select| select.query_row(key, |row| row.get(0)).optional())
                    .during(what)?;
                let mut bins = count.bins;
                for (bin, before) in bins.iter_mut().zip(numbers(&stored.unwrap_or_default())) {
                    *bin = bin.saturating_add(before);
                }
                let bytes: Vec<u8> = bins.iter().flat_map(|bin| bin.to_le_bytes()).collect();
                transaction
                    .prepare_cached(
                        "INSERT INTO score_hour (camera_id, zone_id, hour_at, class, bins) \
                         VALUES (?1, ?2, ?3, ?4, ?5) \
                         ON CONFLICT (camera_id, zone_id, hour_at, class) \
                         DO UPDATE SET bins = excluded.bins",
                    )
                    .and_then(|mut insert| {
                        insert.execute(params![
                            camera_id.as_str(),
                            zone_id,
                            hour_at,
                            count.class.name(),
                            bytes
                        ])
                    })
                    .during(what)?;
            }
            Ok(())
        })
    }
}

impl Reader {
    /// Objects of a zone (of the whole picture, with none) by class and best
    /// score, over the hours that start in `from..until`.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sum_scores(
        &self,
        camera_id: &CameraId,
        zone_id: Option<ZoneId>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<ScoreSums, Error> {
        let what = "read scores";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT hour_at, class, bins FROM score_hour WHERE camera_id = ?1 \
                 AND zone_id = ?2 AND hour_at >= ?3 AND hour_at < ?4 ORDER BY hour_at",
            )
            .during(what)?;
        let times = (from.as_micros(), until.as_micros());
        let rows = select
            .query_map(
                params![camera_id.as_str(), zone_key(zone_id), times.0, times.1],
                |row| {
                    let mut fields = Fields::new(row);
                    let hour_at = fields.time()?;
                    let class = fields.named(Class::from_name)?;
                    Ok((hour_at, class, fields.next::<Vec<u8>>()?))
                },
            )
            .during(what)?;
        let mut sums = ScoreSums::default();
        for row in rows {
            let (hour_at, class, bins) = row.during(what)?;
            sums.since.get_or_insert(hour_at);
            let sum = sums
                .by_class
                .entry(class)
                .or_insert_with(|| vec![0; ScoreCount::N_BINS]);
            for (sum, number) in sum.iter_mut().zip(numbers(&bins)) {
                *sum = sum.saturating_add(number.into());
            }
        }
        Ok(sums)
    }
}

/// Start of the hour of the UTC clock, as stored.
fn hour_of(at: Timestamp) -> i64 {
    let micros = i64::try_from(HOUR.as_micros()).unwrap_or(i64::MAX);
    at.as_micros().div_euclid(micros).saturating_mul(micros)
}

/// Zones count from 1.
fn zone_key(zone_id: Option<ZoneId>) -> u32 {
    zone_id.map_or(0, |zone_id| zone_id.0)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (numbers, _) = bytes.as_chunks::<NUMBER_BYTES>();
    numbers.iter().map(|number| u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, camera, open};

    fn count(zone_id: Option<u32>, class: Class, bin: usize) -> ScoreCount {
        let mut bins = [0; ScoreCount::N_BINS];
        bins[bin] = 2;
        ScoreCount {
            zone_id: zone_id.map(ZoneId),
            class,
            bins,
        }
    }

    #[test]
    fn numbers_of_an_hour_add_up_and_hours_are_summed_by_zone_and_class() {
        let (mut store, _folder) = open();
        let hour = 3_600;
        for (second, bin) in [(0, 57), (60, 57), (hour, 80), (5 * hour, 99)] {
            let counts = [
                count(Some(1), Class::Car, bin),
                count(None, Class::Person, 10),
            ];
            store.add_scores(&camera(), at(second), &counts).unwrap();
        }
        let first = store
            .sum_scores(&camera(), None, Timestamp::default(), at(9 * hour))
            .unwrap();
        let since = first.since.unwrap();
        assert!(since <= at(0) && at(0).saturating_since(since) < HOUR);
        let until = Timestamp::from_micros(hour_of(at(5 * hour)));
        let sums = store
            .sum_scores(&camera(), Some(ZoneId(1)), since, until)
            .unwrap();
        let cars = &sums.by_class[&Class::Car];
        assert_eq!((cars[57], cars[80], cars[99]), (4, 2, 0));
        assert_eq!(sums.by_class.len(), 1);
        assert_eq!(
            store
                .sum_scores(&camera(), Some(ZoneId(2)), since, until)
                .unwrap(),
            ScoreSums::default()
        );
    }
}
