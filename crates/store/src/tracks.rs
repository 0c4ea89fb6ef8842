//! Track numbers: given out in blocks, so that none is ever used twice on a
//! camera, not even over a kill.
//!
//! In: how many a run of a camera wants. Out: a block that is stored as used
//! before the first number of it can be.

use rusqlite::{OptionalExtension as _, params};
use types::{CameraId, TrackId};

use crate::Store;
use crate::error::{During, Error};
use crate::fields::to_i64;

/// Numbers that belong to whoever reserved them: `first..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackIdBlock {
    /// First number to use.
    pub first: TrackId,
    /// First number that may not be used any more; reserve again before.
    pub end: TrackId,
}

impl Store {
    /// Reserves `n_ids` track numbers of a camera. Unused ones are never given
    /// out again. Numbers start at 1.
    ///
    /// # Errors
    /// `n_ids` is zero or the numbers are used up; storing failed.
    pub fn reserve_track_ids(
        &mut self,
        camera_id: &CameraId,
        n_ids: u32,
    ) -> Result<TrackIdBlock, Error> {
        let what = "reserve track numbers";
        if n_ids == 0 {
            return Err(Error::Invalid {
                what,
                reason: "none were asked for".to_owned(),
            });
        }
        self.write(what, |transaction| {
            let next: Option<i64> = transaction
                .query_row(
                    "SELECT next_track_id FROM camera_track WHERE camera_id = ?1",
                    [camera_id.as_str()],
                    |row| row.get(0),
                )
                .optional()
                .during(what)?;
            let first = u64::try_from(next.unwrap_or(1)).map_err(|_| Error::Corrupt {
                what,
                detail: "negative track number".to_owned(),
            })?;
            let end = first + u64::from(n_ids);
            transaction
                .execute(
                    "INSERT INTO camera_track (camera_id, next_track_id) VALUES (?1, ?2) \
                     ON CONFLICT (camera_id) DO UPDATE SET next_track_id = excluded.next_track_id",
                    params![camera_id.as_str(), to_i64(what, end)?],
                )
                .during(what)?;
            Ok(TrackIdBlock {
                first: TrackId(first),
                end: TrackId(end),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{camera, open};

    #[test]
    fn blocks_of_a_camera_never_overlap_also_after_reopening() {
        let (mut store, folder) = open();
        let first = store.reserve_track_ids(&camera(), 100).unwrap();
        assert_eq!((first.first, first.end), (TrackId(1), TrackId(101)));
        drop(store);
        let mut store = Store::open(folder.path()).unwrap();
        let second = store.reserve_track_ids(&camera(), 1).unwrap();
        assert_eq!(second.first, first.end);
    }

    #[test]
    fn cameras_count_for_themselves() {
        let (mut store, _folder) = open();
        store.reserve_track_ids(&camera(), 100).unwrap();
        let other = CameraId::new("other").unwrap();
        assert_eq!(
            store.reserve_track_ids(&other, 5).unwrap().first,
            TrackId(1)
        );
    }

    #[test]
    fn empty_block_is_refused() {
        let (mut store, _folder) = open();
        assert!(store.reserve_track_ids(&camera(), 0).is_err());
    }
}
