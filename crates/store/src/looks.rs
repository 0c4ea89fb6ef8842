//! What the search needs of sightings: which changed, and what they look like.
//!
//! In: how far the search has read. Out: the numbers of sightings that changed
//! or went since, whole sightings with all their vectors, and vectors by one
//! maker.
//!
//! Not here: comparing (`guard`).

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params, params_from_iter};
use types::{CameraId, Class, LineId, ProgramKind, Timestamp, TrackId, ZoneId};

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::shots::ShotId;
use crate::sightings::{self, SightingId, SightingRow, StoredAttribute};
use crate::{Reader, Store};

/// Most sightings that one call here reads.
pub const MAX_LOOKS: usize = 2_000;
/// Changes that are kept for a search that does not read them; one that comes
/// later reads everything.
const MAX_CHANGES: i64 = 1_000_000;

/// How far changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSpan {
    /// All changes after this number are kept.
    pub kept_after: i64,
    /// The newest number ever given; 0 when none was.
    pub newest: i64,
}

/// Sightings that changed, from a number on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SightingChanges {
    /// Which, in order of their last change, each once. They may be gone.
    pub sighting_ids: Vec<SightingId>,
    /// The number up to which this goes.
    pub up_to: i64,
}

/// A sighting as far as the search goes.
#[derive(Clone, Debug, PartialEq)]
pub struct LooksRow {
    /// Identity.
    pub sighting_id: SightingId,
    /// On which camera.
    pub camera_id: CameraId,
    /// By which program.
    pub program: ProgramKind,
    /// Which object.
    pub track_id: TrackId,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// First seen.
    pub first_seen_at: Timestamp,
    /// Last seen so far.
    pub last_seen_at: Timestamp,
    /// Degrees clockwise from up.
    pub heading_deg: Option<f32>,
    /// Zones it stood in.
    pub zone_ids: Vec<ZoneId>,
    /// Lines it crossed.
    pub line_ids: Vec<LineId>,
    /// Attributes by name.
    pub attributes: Vec<StoredAttribute>,
    /// Vectors by maker.
    pub vectors: Vec<(String, Vec<f32>)>,
}

const COLUMNS: &str = "sighting_id, camera_id, program, track_id, class, score, first_seen_at, \
    last_seen_at, heading_deg, zones, lines";

impl Store {
    /// Forgets changes up to `up_to`, which the search has taken in for good,
    /// and such as are far too many.
    ///
    /// # Errors
    /// Storing failed.
    pub fn forget_sighting_changes(&mut self, up_to: i64) -> Result<(), Error> {
        let what = "forget changes of sightings";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "DELETE FROM sighting_change WHERE change_no <= max(?1, \
                     (SELECT coalesce(max(change_no), 0) FROM sighting_change) - ?2)",
                    params![up_to, MAX_CHANGES],
                )
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// How far changes go.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sighting_change_span(&self) -> Result<ChangeSpan, Error> {
        let what = "read changes of sightings";
        let newest: Option<i64> = self
            .conn
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'sighting_change'",
                [],
                |row| row.get(0),
            )
            .optional()
            .during(what)?;
        let oldest: Option<i64> = self
            .conn
            .query_row("SELECT min(change_no) FROM sighting_change", [], |row| {
                row.get(0)
            })
            .during(what)?;
        let newest = newest.unwrap_or(0);
        Ok(ChangeSpan {
            kept_after: oldest.map_or(newest, |oldest| oldest - 1),
            newest,
        })
    }

    /// Changes after number `after`, at most `limit` and [`MAX_LOOKS`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn sighting_changes(&self, after: i64, limit: usize) -> Result<SightingChanges, Error> {
        let what = "read changes of sightings";
        let limit = limit.min(MAX_LOOKS);
        let rows: Vec<(i64, i64)> = self
            .conn
            .prepare_cached(
                "SELECT change_no, sighting_id FROM sighting_change WHERE change_no > ?1 \
                 ORDER BY change_no LIMIT ?2",
            )
            .and_then(|mut select| {
                let rows = select
                    .query_map(params![after, i64::try_from(limit).unwrap_or(0)], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                rows.collect()
            })
            .during(what)?;
        let last: BTreeMap<i64, i64> = rows.iter().map(|&(no, id)| (id, no)).collect();
        let in_order = rows.iter().filter(|(no, id)| last.get(id) == Some(no));
        Ok(SightingChanges {
            sighting_ids: in_order.map(|&(_, id)| SightingId(id)).collect(),
            up_to: rows.last().map_or(after, |&(no, _)| no),
        })
    }

    /// These sightings with all that the search knows them by; those that are
    /// gone are left out.
    ///
    /// # Errors
    /// More than [`MAX_LOOKS`], or reading failed.
    pub fn looks(&self, sighting_ids: &[SightingId]) -> Result<Vec<LooksRow>, Error> {
        let what = "read looks of sightings";
        check_size("read looks of sightings", sighting_ids.len(), MAX_LOOKS)?;
        let sql = format!("SELECT {COLUMNS} FROM sighting WHERE sighting_id = ?1");
        let mut select = self.conn.prepare_cached(&sql).during(what)?;
        let mut rows = Vec::with_capacity(sighting_ids.len());
        for sighting_id in sighting_ids {
            let row = select.query_row([sighting_id.0], read).optional();
            rows.extend(row.during(what)?);
        }
        self.complete(&mut rows)?;
        Ok(rows)
    }

    /// Sightings with a number greater than `after`, in order, at most `limit`
    /// and [`MAX_LOOKS`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn looks_after(&self, after: SightingId, limit: usize) -> Result<Vec<LooksRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sighting WHERE sighting_id > ?1 ORDER BY sighting_id LIMIT ?2"
        );
        let limit = limit.min(MAX_LOOKS);
        let mut rows: Vec<LooksRow> = self
            .conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map(params![after.0, i64::try_from(limit).unwrap_or(0)], read)?
                    .collect()
            })
            .during("read looks of sightings")?;
        self.complete(&mut rows)?;
        Ok(rows)
    }

    /// Vectors by `maker`, in the order of `sighting_ids`; `None` where there
    /// is none.
    ///
    /// # Errors
    /// More than [`MAX_LOOKS`], or reading failed.
    pub fn sighting_vectors(
        &self,
        sighting_ids: &[i64],
        maker: &str,
    ) -> Result<Vec<Option<Vec<f32>>>, Error> {
        check_size("read vectors of sightings", sighting_ids.len(), MAX_LOOKS)?;
        let mut vectors = Vec::with_capacity(sighting_ids.len());
        for &sighting_id in sighting_ids {
            vectors.push(self.sighting_embedding(SightingId(sighting_id), maker)?);
        }
        Ok(vectors)
    }

    /// These sightings as lists show them, in this order; those that are gone
    /// are left out.
    ///
    /// # Errors
    /// More than [`MAX_LOOKS`], or reading failed.
    pub fn sightings_by_id(&self, sighting_ids: &[i64]) -> Result<Vec<SightingRow>, Error> {
        let what = "read sightings";
        check_size(what, sighting_ids.len(), MAX_LOOKS)?;
        let mut rows = sightings::by_condition(
            &self.conn,
            &format!(
                "e.sighting_id IN ({})",
                vec!["?"; sighting_ids.len()].join(", ")
            ),
            params_from_iter(sighting_ids),
            what,
        )?;
        let places: BTreeMap<i64, usize> = (0..)
            .zip(sighting_ids)
            .map(|(place, &id)| (id, place))
            .collect();
        rows.sort_by_key(|row| places.get(&row.sighting_id.0).copied());
        Ok(rows)
    }

    /// The sighting whose best shot this is: the newest, where two programs
    /// saw the object.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sighting_of_shot(&self, shot_id: ShotId) -> Result<Option<SightingId>, Error> {
        self.conn
            .prepare_cached(
                "SELECT e.sighting_id FROM shot AS s JOIN sighting AS e \
                 ON e.camera_id = s.camera_id AND e.track_id = s.track_id \
                 WHERE s.shot_id = ?1 AND e.program IN ('people', 'vehicle') \
                 ORDER BY e.sighting_id DESC LIMIT 1",
            )
            .and_then(|mut select| select.query_row([shot_id.0], |row| row.get(0)).optional())
            .map(|found: Option<i64>| found.map(SightingId))
            .during("find sighting of best shot")
    }

    /// Adds attributes and vectors.
    fn complete(&self, rows: &mut [LooksRow]) -> Result<(), Error> {
        let what = "read looks of sightings";
        let mut select = self
            .conn
            .prepare_cached("SELECT maker, vector FROM sighting_embedding WHERE sighting_id = ?1")
            .during(what)?;
        for row in rows {
            row.attributes = sightings::attributes(&self.conn, row.sighting_id, what)?;
            row.vectors = select
                .query_map([row.sighting_id.0], |row| {
                    let bytes: Vec<u8> = row.get(1)?;
                    Ok((row.get(0)?, sightings::floats(&bytes)))
                })
                .and_then(Iterator::collect)
                .during(what)?;
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<LooksRow> {
    let mut fields = Fields::new(row);
    Ok(LooksRow {
        sighting_id: SightingId(fields.next()?),
        camera_id: fields.camera_id()?,
        program: fields.named(ProgramKind::from_name)?,
        track_id: TrackId(fields.u64()?),
        class: fields.named(Class::from_name)?,
        score: fields.next()?,
        first_seen_at: fields.time()?,
        last_seen_at: fields.time()?,
        heading_deg: fields.next()?,
        zone_ids: sightings::read_numbers(&mut fields)?
            .into_iter()
            .map(ZoneId)
            .collect(),
        line_ids: sightings::read_numbers(&mut fields)?
            .into_iter()
            .map(LineId)
            .collect(),
        attributes: Vec::new(),
        vectors: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use types::ShotStage;

    use super::*;
    use crate::sightings::tests::sighting;
    use crate::testing::{append, at, open, shot};
    use crate::{Retention, SightingFilter};

    fn ids(changes: &SightingChanges) -> Vec<i64> {
        changes.sighting_ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn changes_are_told_once_each_in_order_until_forgotten() {
        let (mut store, _folder) = open();
        let span = store.sighting_change_span().unwrap();
        assert_eq!((span.kept_after, span.newest), (0, 0));
        store
            .put_sightings(&[sighting(1, 0, "red"), sighting(2, 0, "red")])
            .unwrap();
        let mut last = sighting(1, 0, "blue");
        last.is_final = true;
        store.put_sightings(std::slice::from_ref(&last)).unwrap();
        // An early one after the final one changes nothing.
        store.put_sightings(&[sighting(1, 0, "red")]).unwrap();
        let changes = store.sighting_changes(0, 10).unwrap();
        assert_eq!((ids(&changes), changes.up_to), (vec![2, 1], 3));
        let first = store.sighting_changes(0, 1).unwrap();
        assert_eq!((ids(&first), first.up_to), (vec![1], 1));
        let retention = Retention {
            sightings: std::time::Duration::ZERO,
            ..Retention::default()
        };
        store.prune(at(100_000), &retention, 1).unwrap();
        let gone = store.sighting_changes(3, 10).unwrap();
        assert_eq!(gone.sighting_ids.len(), 1, "a removed one is told, too");
        store.forget_sighting_changes(4).unwrap();
        let span = store.sighting_change_span().unwrap();
        assert_eq!((span.kept_after, span.newest), (4, 4));
        store.put_sightings(&[sighting(7, 0, "red")]).unwrap();
        let span = store.sighting_change_span().unwrap();
        assert_eq!((span.kept_after, span.newest), (4, 5));
    }

    #[test]
    fn looks_have_attributes_and_vectors_and_gone_ones_are_left_out() {
        let (mut store, _folder) = open();
        let mut two_colours = sighting(1, 0, "red");
        let mut white = two_colours.appearance.attributes[0].clone();
        white.value = "white".into();
        two_colours.appearance.attributes.push(white);
        store
            .put_sightings(&[two_colours, sighting(2, 5, "blue")])
            .unwrap();
        append(&mut store, &[], &[shot(2, ShotStage::Final, 3, b"x")]);
        let rows = store
            .looks(&[SightingId(2), SightingId(9), SightingId(1)])
            .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].vectors, [("m/1".to_owned(), vec![0.6, -0.8])]);
        let colours: Vec<&str> = rows[1].attributes.iter().map(|a| &*a.value).collect();
        assert_eq!(colours, ["red", "white"], "both colours are kept");
        assert_eq!(store.looks_after(SightingId(1), 10).unwrap(), rows[..1]);
        let vectors = store.sighting_vectors(&[9, 2], "m/1").unwrap();
        assert_eq!(vectors, [None, Some(vec![0.6, -0.8])]);
        let listed = store.sightings_by_id(&[2, 7, 1]).unwrap();
        let tracks: Vec<u64> = listed.iter().map(|row| row.track_id.0).collect();
        assert_eq!(tracks, [2, 1]);
        assert!(listed[0].attributes.len() == 1 && listed[0].shot.is_some());
        let shot_id = listed[0].shot.as_ref().unwrap().shot_id;
        assert_eq!(
            store.sighting_of_shot(shot_id).unwrap(),
            Some(SightingId(2))
        );
        assert_eq!(store.sighting_of_shot(ShotId(77)).unwrap(), None);
        let all = store.list_sightings(&SightingFilter::default()).unwrap();
        assert_eq!(all.len(), 2);
    }
}
