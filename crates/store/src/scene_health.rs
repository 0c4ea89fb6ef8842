//! How healthy scenes were, minute by minute.
//!
//! In: a minute of one camera; the same minute again replaces it. Out: minutes
//! by time, parts rounded to 1/255.
//!
//! Not here: how health is measured (`vision`), how long rows stay
//! (`retention`: as long as counts).

use rusqlite::params;
use types::{CameraId, Health, HealthMinute, Timestamp};

use crate::error::{During, Error};
use crate::{Reader, Store};

/// Most minutes that one list holds: a month.
pub const MAX_MINUTES: u32 = 31 * 24 * 60;
/// Parts of a health.
const N_PARTS: usize = 5;

impl Store {
    /// Stores a minute.
    ///
    /// # Errors
    /// Storing failed.
    pub fn put_scene_health(
        &mut self,
        camera_id: &CameraId,
        minute: &HealthMinute,
    ) -> Result<(), Error> {
        let what = "store scene health";
        let parts = minute.mean.0.iter().chain(&minute.lowest.0);
        let parts: Vec<u8> = parts.map(|part| to_byte(*part)).collect();
        self.write(what, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO scene_health (camera_id, minute_at, parts) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (camera_id, minute_at) DO UPDATE SET parts = excluded.parts",
                )
                .and_then(|mut insert| {
                    let at = minute.minute_at.as_micros();
                    insert.execute(params![camera_id.as_str(), at, parts])
                })
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// Minutes of a camera that start in `from..until`, oldest first; at most
    /// [`MAX_MINUTES`].
    ///
    /// # Errors
    /// Reading failed, or a row is damaged.
    pub fn scene_health(
        &self,
        camera_id: &CameraId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<HealthMinute>, Error> {
        let what = "read scene health";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT minute_at, parts FROM scene_health WHERE camera_id = ?1 \
                 AND minute_at >= ?2 AND minute_at < ?3 ORDER BY minute_at LIMIT ?4",
            )
            .during(what)?;
        let mut rows = select
            .query(params![
                camera_id.as_str(),
                from.as_micros(),
                until.as_micros(),
                MAX_MINUTES
            ])
            .during(what)?;
        let mut minutes = Vec::new();
        while let Some(row) = rows.next().during(what)? {
            let minute_at: i64 = row.get(0).during(what)?;
            let parts: Vec<u8> = row.get(1).during(what)?;
            let minute = minute_of(minute_at, &parts).ok_or_else(|| Error::Corrupt {
                what,
                detail: format!("minute of {camera_id} at {minute_at} cannot be read"),
            })?;
            minutes.push(minute);
        }
        Ok(minutes)
    }
}

fn minute_of(minute_at: i64, parts: &[u8]) -> Option<HealthMinute> {
    let (mean, lowest) = parts.split_first_chunk::<N_PARTS>()?;
    let lowest: &[u8; N_PARTS] = lowest.try_into().ok()?;
    Some(HealthMinute {
        minute_at: Timestamp::from_micros(minute_at),
        mean: from_bytes(mean),
        lowest: from_bytes(lowest),
    })
}

/// A part as it is kept.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=255 first; not-a-number becomes 0"
)]
pub(crate) fn to_byte(part: f32) -> u8 {
    (part.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Parts as they were kept.
pub(crate) fn from_bytes(parts: &[u8; N_PARTS]) -> Health {
    Health(parts.map(|part| f32::from(part) / 255.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, camera, open};

    fn minute(second: i64, part: f32) -> HealthMinute {
        HealthMinute {
            minute_at: at(second),
            mean: Health([1.0, part, 0.2, 0.0, 1.0]),
            lowest: Health([0.0, 0.0, part, 0.0, 1.0]),
        }
    }

    #[test]
    fn minutes_come_back_by_time_and_the_same_one_is_replaced() {
        let (mut store, _folder) = open();
        let camera = camera();
        for minute in [
            minute(60, 0.4),
            minute(0, 0.2),
            minute(60, 0.6),
            minute(120, 1.0),
        ] {
            store.put_scene_health(&camera, &minute).unwrap();
        }
        let read = store.scene_health(&camera, at(0), at(120)).unwrap();
        assert_eq!(read, [minute(0, 0.2), minute(60, 0.6)]);
    }

    #[test]
    fn damaged_minute_is_an_error_that_names_it() {
        let (mut store, _folder) = open();
        store.put_scene_health(&camera(), &minute(0, 0.5)).unwrap();
        for parts in ["x''", "x'0102'", "x'0102030405060708090a0b'"] {
            store
                .conn
                .execute_batch(&format!("UPDATE scene_health SET parts = {parts}"))
                .unwrap();
            let error = store.scene_health(&camera(), at(0), at(9)).unwrap_err();
            assert!(error.to_string().contains("gate-2"), "{parts}: {error}");
        }
    }
}
