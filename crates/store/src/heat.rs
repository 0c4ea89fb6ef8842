//! Heat maps: how long, or how often, objects stood in each cell of the
//! picture, by interval.
//!
//! In: one map per camera, kind and interval; the same interval again
//! replaces it. Out: the sum over a time.
//!
//! Not here: what is counted (`programs`).

use rusqlite::params;
use types::{CameraId, Timestamp};

use crate::error::{During, Error, check_size};
use crate::{Reader, Store};

/// Most cells of a map.
const MAX_CELLS: usize = 65_536;
/// Most maps that one sum reads: two years of hours.
const MAX_SUMMED: u32 = 20_000;
const FLOAT_BYTES: usize = 4;

impl Store {
    /// Stores the map of one interval.
    ///
    /// # Errors
    /// More than 65,536 cells, or storing failed.
    pub fn put_heat(
        &mut self,
        camera_id: &CameraId,
        kind: &str,
        from: Timestamp,
        until: Timestamp,
        cells: &[f32],
    ) -> Result<(), Error> {
        let what = "store heat map";
        check_size("store heat map: cells", cells.len(), MAX_CELLS)?;
        let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        self.write(what, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO heat (camera_id, kind, from_at, until_at, cells) \
                     VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (camera_id, kind, from_at) \
                     DO UPDATE SET until_at = excluded.until_at, cells = excluded.cells",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        camera_id.as_str(),
                        kind,
                        from.as_micros(),
                        until.as_micros(),
                        bytes
                    ])
                })
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// The sum of all maps whose interval starts in `from..until`; maps of
    /// another size than `n_cells` are left out. Not-a-number counts as zero.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sum_heat(
        &self,
        camera_id: &CameraId,
        kind: &str,
        from: Timestamp,
        until: Timestamp,
        n_cells: usize,
    ) -> Result<Vec<f32>, Error> {
        let what = "read heat maps";
        let mut sum = vec![0.0_f32; n_cells.min(MAX_CELLS)];
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT cells FROM heat WHERE camera_id = ?1 AND kind = ?2 \
                 AND from_at >= ?3 AND from_at < ?4 ORDER BY from_at LIMIT ?5",
            )
            .during(what)?;
        let mut rows = select
            .query(params![
                camera_id.as_str(),
                kind,
                from.as_micros(),
                until.as_micros(),
                MAX_SUMMED
            ])
            .during(what)?;
        while let Some(row) = rows.next().during(what)? {
            let bytes: Vec<u8> = row.get(0).during(what)?;
            if bytes.len() != sum.len() * FLOAT_BYTES {
                continue;
            }
            let (cells, _) = bytes.as_chunks::<FLOAT_BYTES>();
            for (total, cell) in sum.iter_mut().zip(cells) {
                let value = f32::from_le_bytes(*cell);
                *total += if value.is_finite() { value } else { 0.0 };
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{at, camera, open};

    #[test]
    fn maps_of_a_time_are_summed_and_the_same_interval_is_replaced() {
        let (mut store, _folder) = open();
        let mut put = |second, cells: &[f32]| {
            store
                .put_heat(&camera(), "dwell", at(second), at(second + 60), cells)
                .unwrap();
        };
        put(0, &[9.0, 9.0]);
        put(0, &[1.0, 2.0]);
        put(60, &[0.5, f32::NAN]);
        put(120, &[1.0, 1.0, 1.0]);
        put(600, &[7.0, 7.0]);
        let sum = |kind| store.sum_heat(&camera(), kind, at(0), at(600), 2).unwrap();
        assert_eq!(sum("dwell"), [1.5, 2.0]);
        assert_eq!(sum("passage"), [0.0, 0.0]);
    }
}
