//! Best shots: one per track, its picture in the database.
//!
//! In: early and final shots of tracks, with or without an event. Out: rows,
//! and pictures by the row's id. A final shot takes the place of its track's
//! early one and keeps its id, so that links stay good.
//!
//! The pictures lie in the database and not in files beside it: so an event
//! and its picture are stored by one commit, a kill or a full disk can leave
//! neither a picture without row nor a row without picture, and the one-command
//! backup holds everything. Crops are tens of kilobytes, a size at which SQLite
//! serves blobs about as fast as a file system does.
//!
//! Not here: which crop is best (`vision`), for how long they stay
//! (`retention`).

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use types::{
    BestShot, CameraId, Class, EventId, NormBox, ShotQuality, ShotStage, Timestamp, TrackId,
};

use crate::error::{During, Error, check_size};
use crate::events::{MAX_PAGE, finite};
use crate::fields::{Fields, event_key, to_i64};
use crate::{Reader, Store};

/// Longest picture, bytes.
pub const MAX_SHOT_BYTES: usize = 4 * 1024 * 1024;

/// Identity of a stored shot, the same for early and final of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShotId(pub i64);

/// A stored best shot without its picture.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotRow {
    /// Identity.
    pub shot_id: ShotId,
    /// On which camera.
    pub camera_id: CameraId,
    /// Whom it shows.
    pub track_id: TrackId,
    /// First or last choice.
    pub stage: ShotStage,
    /// Frame it was cut from.
    pub captured_at: Timestamp,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// The object in that frame.
    pub bbox: NormBox,
    /// Why it won.
    pub quality: ShotQuality,
    /// Width of the crop, pixels.
    pub width_px: u32,
    /// Height of the crop, pixels.
    pub height_px: u32,
    /// Size of the picture, bytes.
    pub len_bytes: u32,
}

/// Which best shots to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShotFilter {
    /// Only of this camera.
    pub camera_id: Option<CameraId>,
    /// Only of these classes; all when empty.
    pub classes: Vec<Class>,
    /// Only captured at or after this time.
    pub from: Option<Timestamp>,
    /// Only captured before this time.
    pub until: Option<Timestamp>,
    /// Only older than this one: the last one of the page before.
    pub before: Option<(Timestamp, ShotId)>,
    /// Most rows, 1..=[`MAX_PAGE`]; 0 means [`MAX_PAGE`].
    pub limit: u32,
}

/// Columns as [`read`] wants them.
pub(crate) const COLUMNS: &str = "s.shot_id, s.camera_id, s.track_id, s.stage, s.captured_at, \
    s.class, s.score, s.x1, s.y1, s.x2, s.y2, s.size, s.sharpness, s.whole, s.confidence, \
    s.exposure, s.total, s.width_px, s.height_px, s.len_bytes";
/// How many [`COLUMNS`] are.
pub(crate) const N_COLUMNS: usize = 20;
/// Finds the shot of an event `e`.
pub(crate) const JOIN: &str =
    "LEFT JOIN shot AS s ON s.camera_id = e.camera_id AND s.track_id = e.track_id";

const UPSERT: &str = "INSERT INTO shot (camera_id, track_id, stage, captured_at, class, score, \
        x1, y1, x2, y2, size, sharpness, whole, confidence, exposure, total, width_px, height_px, \
        len_bytes) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
    ON CONFLICT (camera_id, track_id) DO UPDATE SET \
        stage = excluded.stage, captured_at = excluded.captured_at, class = excluded.class, \
        score = excluded.score, x1 = excluded.x1, y1 = excluded.y1, x2 = excluded.x2, \
        y2 = excluded.y2, size = excluded.size, sharpness = excluded.sharpness, \
        whole = excluded.whole, confidence = excluded.confidence, exposure = excluded.exposure, \
        total = excluded.total, width_px = excluded.width_px, height_px = excluded.height_px, \
        len_bytes = excluded.len_bytes \
    RETURNING shot_id";

impl Store {
    /// Deletes the shot of one track, picture and all. Returns whether there
    /// was one.
    ///
    /// # Errors
    /// Storing failed.
    pub fn delete_shot(&mut self, shot_id: ShotId) -> Result<bool, Error> {
        let what = "delete best shot";
        self.write(what, |transaction| {
            transaction
                .execute("DELETE FROM shot WHERE shot_id = ?1", [shot_id.0])
                .map(|n_deleted| n_deleted > 0)
                .during(what)
        })
    }
}

impl Reader {
    /// A shot without its picture.
    ///
    /// # Errors
    /// Reading failed.
    pub fn shot(&self, shot_id: ShotId) -> Result<Option<ShotRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM shot AS s WHERE s.shot_id = ?1");
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([shot_id.0], read_row).optional())
            .during("read best shot")
    }

    /// The picture of a shot.
    ///
    /// # Errors
    /// Reading failed.
    pub fn shot_jpeg(&self, shot_id: ShotId) -> Result<Option<Vec<u8>>, Error> {
        self.conn
            .prepare_cached("SELECT jpeg FROM shot_jpeg WHERE shot_id = ?1")
            .and_then(|mut select| select.query_row([shot_id.0], |row| row.get(0)).optional())
            .during("read picture")
    }

    /// The best shot of the object that caused an event.
    ///
    /// # Errors
    /// Reading failed.
    pub fn event_shot(&self, event_id: EventId) -> Result<Option<ShotRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM event AS e JOIN shot AS s \
             ON s.camera_id = e.camera_id AND s.track_id = e.track_id WHERE e.event_id = ?1"
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([event_key(event_id)], read_row).optional())
            .during("read best shot of event")
    }

    /// The best shot of a track.
    ///
    /// # Errors
    /// Reading failed.
    pub fn track_shot(
        &self,
        camera_id: &CameraId,
        track_id: TrackId,
    ) -> Result<Option<ShotRow>, Error> {
        let what = "read best shot of track";
        let track_id = to_i64(what, track_id.0)?;
        let sql =
            format!("SELECT {COLUMNS} FROM shot AS s WHERE s.camera_id = ?1 AND s.track_id = ?2");
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_row(params![camera_id.as_str(), track_id], read_row)
                    .optional()
            })
            .during(what)
    }

    /// Best shots, newest captured first.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_best_shots(&self, filter: &ShotFilter) -> Result<Vec<ShotRow>, Error> {
        let mut conditions = vec!["1".to_owned()];
        let mut values = Vec::new();
        if let Some(camera_id) = &filter.camera_id {
            conditions.push("s.camera_id = ?".to_owned());
            values.push(Value::Text(camera_id.as_str().to_owned()));
        }
        if !filter.classes.is_empty() {
            let marks = vec!["?"; filter.classes.len()].join(", ");
            conditions.push(format!("s.class IN ({marks})"));
            let names = filter.classes.iter().map(|class| class.name().to_owned());
            values.extend(names.map(Value::Text));
        }
        if let Some(from) = filter.from {
            conditions.push("s.captured_at >= ?".to_owned());
            values.push(Value::Integer(from.as_micros()));
        }
        if let Some(until) = filter.until {
            conditions.push("s.captured_at < ?".to_owned());
            values.push(Value::Integer(until.as_micros()));
        }
        if let Some((captured_at, shot_id)) = filter.before {
            conditions.push("(s.captured_at, s.shot_id) < (?, ?)".to_owned());
            values.push(Value::Integer(captured_at.as_micros()));
            values.push(Value::Integer(shot_id.0));
        }
        let limit = match filter.limit {
            0 => MAX_PAGE,
            limit => limit.min(MAX_PAGE),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM shot AS s WHERE {} \
             ORDER BY s.captured_at DESC, s.shot_id DESC LIMIT {limit}",
            conditions.join(" AND ")
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map(params_from_iter(values), read_row)?
                    .collect()
            })
            .during("list best shots")
    }
}

/// Stores a shot unless its track has a later one already.
pub(crate) fn put(
    conn: &Connection,
    camera_id: &CameraId,
    shot: &BestShot,
) -> Result<Option<ShotId>, Error> {
    let what = "store best shot";
    check_size(
        "store best shot: bytes of the picture",
        shot.jpeg.len(),
        MAX_SHOT_BYTES,
    )?;
    let track_id = to_i64("store best shot: track id", shot.track_id.0)?;
    let stored: Option<(ShotStage, Timestamp)> = conn
        .prepare_cached(
            "SELECT stage, captured_at FROM shot WHERE camera_id = ?1 AND track_id = ?2",
        )
        .and_then(|mut select| {
            select
                .query_row(params![camera_id.as_str(), track_id], |row| {
                    let mut fields = Fields::new(row);
                    Ok((fields.named(stage_from_name)?, fields.time()?))
                })
                .optional()
        })
        .during(what)?;
    if stored.is_some_and(|stored| stored >= (shot.stage, shot.captured_at)) {
        return Ok(None);
    }
    let ShotQuality {
        size,
        sharpness,
        whole,
        confidence,
        exposure,
        total,
    } = shot.quality;
    let shot_id: i64 = conn
        .prepare_cached(UPSERT)
        .and_then(|mut upsert| {
            upsert.query_row(
                params![
                    camera_id.as_str(),
                    track_id,
                    stage_name(shot.stage),
                    shot.captured_at.as_micros(),
                    shot.class.name(),
                    finite(shot.score),
                    shot.bbox.x1(),
                    shot.bbox.y1(),
                    shot.bbox.x2(),
                    shot.bbox.y2(),
                    finite(size),
                    finite(sharpness),
                    finite(whole),
                    finite(confidence),
                    finite(exposure),
                    finite(total),
                    shot.width_px,
                    shot.height_px,
                    u32::try_from(shot.jpeg.len()).expect("bounded above"),
                ],
                |row| row.get(0),
            )
        })
        .during(what)?;
    conn.prepare_cached(
        "INSERT INTO shot_jpeg (shot_id, jpeg) VALUES (?1, ?2) \
         ON CONFLICT (shot_id) DO UPDATE SET jpeg = excluded.jpeg",
    )
    .and_then(|mut upsert| upsert.execute(params![shot_id, &shot.jpeg[..]]))
    .during(what)?;
    Ok(Some(ShotId(shot_id)))
}

fn stage_name(stage: ShotStage) -> &'static str {
    match stage {
        ShotStage::Early => "early",
        ShotStage::Final => "final",
    }
}

fn stage_from_name(name: &str) -> Option<ShotStage> {
    [ShotStage::Early, ShotStage::Final]
        .into_iter()
        .find(|&stage| stage_name(stage) == name)
}

/// Reads the columns of an outer join: all are NULL where there is no shot.
pub(crate) fn read_joined(fields: &mut Fields<'_, '_>) -> rusqlite::Result<Option<ShotRow>> {
    match fields.next::<Option<i64>>()? {
        Some(shot_id) => read(ShotId(shot_id), fields).map(Some),
        None => {
            fields.skip(N_COLUMNS - 1);
            Ok(None)
        }
    }
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ShotRow> {
    let mut fields = Fields::new(row);
    let shot_id = ShotId(fields.next()?);
    read(shot_id, &mut fields)
}

/// Reads [`COLUMNS`] from the second on.
fn read(shot_id: ShotId, fields: &mut Fields<'_, '_>) -> rusqlite::Result<ShotRow> {
    Ok(ShotRow {
        shot_id,
        camera_id: fields.camera_id()?,
        track_id: TrackId(fields.u64()?),
        stage: fields.named(stage_from_name)?,
        captured_at: fields.time()?,
        class: fields.named(Class::from_name)?,
        score: fields.next()?,
        bbox: fields.opt_bbox()?.unwrap_or_default(),
        quality: ShotQuality {
            size: fields.next()?,
            sharpness: fields.next()?,
            whole: fields.next()?,
            confidence: fields.next()?,
            exposure: fields.next()?,
            total: fields.next()?,
        },
        width_px: fields.next()?,
        height_px: fields.next()?,
        len_bytes: fields.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{append, at, camera, open, shot};

    #[test]
    fn final_shot_takes_the_place_of_the_early_one_and_keeps_its_id() {
        let (mut store, _folder) = open();
        append(&mut store, &[], &[shot(7, ShotStage::Early, 1, b"early")]);
        let early = store.track_shot(&camera(), TrackId(7)).unwrap().unwrap();
        append(&mut store, &[], &[shot(7, ShotStage::Final, 9, b"final")]);
        let shots = store.list_best_shots(&ShotFilter::default()).unwrap();
        assert_eq!(shots.len(), 1);
        assert_eq!(
            (shots[0].stage, shots[0].shot_id),
            (ShotStage::Final, early.shot_id)
        );
        assert_eq!(store.shot_jpeg(early.shot_id).unwrap().unwrap(), b"final");
    }

    #[test]
    fn early_shot_that_arrives_late_changes_nothing() {
        let (mut store, _folder) = open();
        append(&mut store, &[], &[shot(7, ShotStage::Final, 3, b"final")]);
        let appended = append(&mut store, &[], &[shot(7, ShotStage::Early, 9, b"early")]);
        assert_eq!(appended.new_shots, []);
        let stored = store.track_shot(&camera(), TrackId(7)).unwrap().unwrap();
        assert_eq!(stored.stage, ShotStage::Final);
        assert_eq!(store.shot_jpeg(stored.shot_id).unwrap().unwrap(), b"final");
    }

    #[test]
    fn shots_of_tracks_without_event_are_listed_newest_first_in_pages() {
        let (mut store, _folder) = open();
        for track_id in 0..5_u32 {
            let second = i64::from(track_id / 2);
            append(
                &mut store,
                &[],
                &[shot(track_id.into(), ShotStage::Early, second, b"x")],
            );
        }
        let mut seen = Vec::new();
        let mut filter = ShotFilter {
            limit: 2,
            ..ShotFilter::default()
        };
        loop {
            let page = store.list_best_shots(&filter).unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some((last.captured_at, last.shot_id));
            seen.extend(page.iter().map(|shot| shot.track_id.0));
        }
        assert_eq!(seen, [4, 3, 2, 1, 0]);
    }

    #[test]
    fn shots_are_filtered_by_camera_class_and_time() {
        let (mut store, _folder) = open();
        append(&mut store, &[], &[shot(1, ShotStage::Early, 5, b"x")]);
        let count = |filter: ShotFilter| store.list_best_shots(&filter).unwrap().len();
        let all = ShotFilter::default;
        assert_eq!(
            count(ShotFilter {
                classes: vec![Class::Person],
                ..all()
            }),
            1
        );
        assert_eq!(
            count(ShotFilter {
                classes: vec![Class::Car],
                ..all()
            }),
            0
        );
        assert_eq!(
            count(ShotFilter {
                from: Some(at(5)),
                until: Some(at(6)),
                ..all()
            }),
            1
        );
        assert_eq!(
            count(ShotFilter {
                until: Some(at(5)),
                ..all()
            }),
            0
        );
        let other = CameraId::new("other").unwrap();
        assert_eq!(
            count(ShotFilter {
                camera_id: Some(other),
                ..all()
            }),
            0
        );
    }

    #[test]
    fn deleted_shot_takes_its_picture_along() {
        let (mut store, _folder) = open();
        let appended = append(&mut store, &[], &[shot(1, ShotStage::Early, 5, b"x")]);
        let shot_id = appended.new_shots[0];
        assert!(store.delete_shot(shot_id).unwrap());
        assert_eq!(store.shot_jpeg(shot_id).unwrap(), None);
        assert!(!store.delete_shot(shot_id).unwrap());
    }

    #[test]
    fn oversized_picture_is_refused() {
        let (mut store, _folder) = open();
        let batch = crate::Batch {
            camera_id: camera(),
            events: Vec::new(),
            best_shots: vec![shot(1, ShotStage::Early, 5, &vec![0; MAX_SHOT_BYTES + 1])],
            now: at(1),
        };
        let error = store.append(&batch).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
}
