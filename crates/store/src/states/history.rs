//! When which detector came into which state.

use rusqlite::params;
use types::{CameraId, DetectorId, StateChange, StateId, Timestamp};

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Most changes that one list holds.
pub const MAX_STATE_CHANGES: u32 = 10_000;
/// Most changes that one call stores.
const MAX_AT_ONCE: usize = 1_000;

impl Store {
    /// Stores changes of one camera; the same ones again replace them.
    ///
    /// # Errors
    /// More than 1,000 at once, or storing failed.
    pub fn put_state_changes(
        &mut self,
        camera_id: &CameraId,
        changes: &[StateChange],
    ) -> Result<(), Error> {
        let what = "store changes of state";
        check_size(what, changes.len(), MAX_AT_ONCE)?;
        self.write(what, |transaction| {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO state_change (camera_id, detector_id, at, state_id, likelihood) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (camera_id, detector_id, at) \
                     DO UPDATE SET state_id = excluded.state_id, likelihood = excluded.likelihood",
                )
                .during(what)?;
            for change in changes {
                insert
                    .execute(params![
                        camera_id.as_str(),
                        change.detector_id.0,
                        change.at.as_micros(),
                        change.state_id.map(|state_id| state_id.0),
                        change.likelihood
                    ])
                    .during(what)?;
            }
            Ok(())
        })
    }
}

impl Reader {
    /// Changes of a detector in `from..until`, oldest first, before them the
    /// last one before `from`; at most [`MAX_STATE_CHANGES`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn state_changes(
        &self,
        camera_id: &CameraId,
        detector_id: DetectorId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StateChange>, Error> {
        let what = "read changes of state";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT at, state_id, likelihood FROM state_change WHERE camera_id = ?1 \
                 AND detector_id = ?2 AND at < ?4 AND at >= coalesce( \
                 (SELECT max(at) FROM state_change WHERE camera_id = ?1 AND detector_id = ?2 \
                 AND at <= ?3), ?3) ORDER BY at LIMIT ?5",
            )
            .during(what)?;
        let rows = select
            .query_map(
                params![
                    camera_id.as_str(),
                    detector_id.0,
                    from.as_micros(),
                    until.as_micros(),
                    MAX_STATE_CHANGES
                ],
                |row| {
                    let mut fields = Fields::new(row);
                    Ok(StateChange {
                        detector_id,
                        at: fields.time()?,
                        state_id: fields.next::<Option<u32>>()?.map(StateId),
                        likelihood: fields.next()?,
                    })
                },
            )
            .during(what)?;
        rows.collect::<Result<_, _>>().during(what)
    }
}
