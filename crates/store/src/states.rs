//! Learnt states: pictures that people have labelled, versions of their
//! labels, and when which state came.
//!
//! In: pictures of a detector's region with what they look like, labels,
//! changes of state. Out: examples as of the newest version, pictures that wait
//! for a label, versions, changes by time.
//!
//! Each change of the labels makes a version. Going back to one makes a new
//! version with the labels of the old one, so nothing is lost by it. Pictures
//! stay for as long as a kept version needs them.
//!
//! Not here: what a look means (`vision`, `programs`).

mod history;
mod labels;

use rusqlite::{OptionalExtension as _, Transaction, params};
use types::{CameraId, DetectorId, Look, StateId, Timestamp};

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

pub use self::history::MAX_STATE_CHANGES;
pub use self::labels::{StateVersion, VersionKind};

/// Largest picture, bytes.
pub const MAX_STATE_PICTURE_BYTES: usize = 512 * 1024;
/// Most examples of one detector.
pub const MAX_EXAMPLES: usize = 1_000;
/// Most pictures of one detector that wait for a label.
pub const MAX_CANDIDATES: usize = 100;
/// Most bytes of pictures of one camera's detectors.
pub const MAX_CAMERA_PICTURE_BYTES: u64 = 500_000_000;

/// Number of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatePictureId(pub i64);

/// A picture to be kept.
#[derive(Clone, Debug)]
pub struct NewStatePicture {
    /// On which camera.
    pub camera_id: CameraId,
    /// Of which detector's region.
    pub detector_id: DetectorId,
    /// When it was taken.
    pub captured_at: Timestamp,
    /// It has no colour.
    pub is_grey: bool,
    /// Names the region that `look` is of.
    pub region: [u8; 8],
    /// What the region looks like.
    pub look: Look,
    /// The whole picture, made small.
    pub jpeg: Vec<u8>,
}

/// A kept picture.
#[derive(Clone, Debug, PartialEq)]
pub struct StatePicture {
    /// Its number.
    pub picture_id: StatePictureId,
    /// When it was taken.
    pub captured_at: Timestamp,
    /// It has no colour.
    pub is_grey: bool,
    /// Names the region that `look` is of.
    pub region: [u8; 8],
    /// What the region looks like.
    pub look: Look,
    /// Of which state it is an example; `None`: it waits for a label.
    pub label: Option<Label>,
}

/// Which state a picture is an example of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which state.
    pub state_id: StateId,
    /// Who said so.
    pub who: String,
    /// When.
    pub at: Timestamp,
}

/// Whether a picture could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Under this number.
    Yes(StatePictureId),
    /// There are as many of its kind as may be.
    TooMany,
    /// The camera's pictures are as large as they may be.
    TooLarge,
}

impl Store {
    /// Keeps a picture, as an example or, without a label, for labelling.
    ///
    /// # Errors
    /// The picture is larger than [`MAX_STATE_PICTURE_BYTES`], or storing
    /// failed.
    pub fn add_state_picture(
        &mut self,
        picture: &NewStatePicture,
        label: Option<&Label>,
    ) -> Result<Kept, Error> {
        let what = "keep a picture of a state";
        check_size(what, picture.jpeg.len(), MAX_STATE_PICTURE_BYTES)?;
        let (camera_id, detector_id) = (&picture.camera_id, picture.detector_id);
        self.write(what, |transaction| {
            // Those that wait may be stored again after a failure.
            if label.is_none()
                && let Some(known) = known_candidate(transaction, picture).during(what)?
            {
                return Ok(Kept::Yes(known));
            }
            let n_bytes: u64 = transaction
                .query_row(
                    "SELECT coalesce(sum(len_bytes), 0) FROM state_picture WHERE camera_id = ?1",
                    [camera_id.as_str()],
                    |row| Fields::new(row).u64(),
                )
                .during(what)?;
            if n_bytes + picture.jpeg.len() as u64 > MAX_CAMERA_PICTURE_BYTES {
                return Ok(Kept::TooLarge);
            }
            let (n_present, max) = match label {
                Some(_) => {
                    let n = labels::n_examples(transaction, camera_id, detector_id);
                    (n.during(what)?, MAX_EXAMPLES)
                }
                None => {
                    let n = n_candidates(transaction, camera_id, detector_id);
                    (n.during(what)?, MAX_CANDIDATES)
                }
            };
            if n_present >= max {
                return Ok(Kept::TooMany);
            }
            let look: Vec<u8> = to_bytes(&picture.look);
            transaction
                .prepare_cached(
                    "INSERT INTO state_picture (camera_id, detector_id, captured_at, is_grey, \
                     is_candidate, len_bytes, region, look, jpeg) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        camera_id.as_str(),
                        detector_id.0,
                        picture.captured_at.as_micros(),
                        picture.is_grey,
                        label.is_none(),
                        i64::try_from(picture.jpeg.len()).unwrap_or(i64::MAX),
                        picture.region,
                        look,
                        picture.jpeg
                    ])
                })
                .during(what)?;
            let picture_id = StatePictureId(transaction.last_insert_rowid());
            if let Some(label) = label {
                let change = labels::Change {
                    camera_id,
                    detector_id,
                    kind: VersionKind::Add,
                    state_id: Some(label.state_id),
                    who: &label.who,
                    at: label.at,
                };
                change
                    .make(transaction, |version| {
                        labels::set(transaction, picture_id, version, label)
                    })
                    .during(what)?;
            }
            Ok(Kept::Yes(picture_id))
        })
    }

    /// Says anew what pictures look like, after a region was drawn otherwise.
    ///
    /// # Errors
    /// Storing failed.
    pub fn put_state_looks(
        &mut self,
        looks: &[(StatePictureId, [u8; 8], Look)],
    ) -> Result<(), Error> {
        let what = "store looks of states";
        self.write(what, |transaction| {
            let mut update = transaction
                .prepare_cached(
                    "UPDATE state_picture SET region = ?2, look = ?3 WHERE picture_id = ?1",
                )
                .during(what)?;
            for (picture_id, region, look) in looks {
                update
                    .execute(params![picture_id.0, region, to_bytes(look)])
                    .during(what)?;
            }
            Ok(())
        })
    }

    /// Removes everything of the camera's detectors that are not in `kept`;
    /// changes of state stay until retention takes them. Returns how many
    /// pictures went.
    ///
    /// # Errors
    /// Storing failed.
    pub fn forget_detectors(
        &mut self,
        camera_id: &CameraId,
        kept: &[DetectorId],
    ) -> Result<usize, Error> {
        let what = "forget detectors";
        self.write(what, |transaction| {
            let known: Vec<u32> = transaction
                .prepare_cached(
                    "SELECT DISTINCT detector_id FROM state_picture WHERE camera_id = ?1",
                )
                .and_then(|mut select| {
                    let rows = select.query_map([camera_id.as_str()], |row| row.get(0))?;
                    rows.collect()
                })
                .during(what)?;
            let mut n_removed = 0;
            for detector_id in known.into_iter().map(DetectorId) {
                if !kept.contains(&detector_id) {
                    n_removed += forget(transaction, camera_id, detector_id).during(what)?;
                }
            }
            Ok(n_removed)
        })
    }
}

impl Reader {
    /// The examples of a detector and the pictures that wait for a label,
    /// oldest first.
    ///
    /// # Errors
    /// Reading failed, or a row is damaged.
    pub fn state_pictures(
        &self,
        camera_id: &CameraId,
        detector_id: DetectorId,
    ) -> Result<Vec<StatePicture>, Error> {
        let what = "read pictures of states";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT p.picture_id, p.captured_at, p.is_grey, p.region, p.look, \
                 l.state_id, l.who, l.at FROM state_picture AS p \
                 LEFT JOIN state_label AS l \
                 ON l.picture_id = p.picture_id AND l.until_version IS NULL \
                 WHERE p.camera_id = ?1 AND p.detector_id = ?2 \
                 AND (p.is_candidate OR l.state_id IS NOT NULL) ORDER BY p.picture_id LIMIT ?3",
            )
            .during(what)?;
        let max = u32::try_from(MAX_EXAMPLES + MAX_CANDIDATES).unwrap_or(u32::MAX);
        let rows = select
            .query_map(params![camera_id.as_str(), detector_id.0, max], picture_of)
            .during(what)?;
        rows.collect::<Result<_, _>>().during(what)
    }

    /// A picture of a detector, as JPEG.
    ///
    /// # Errors
    /// Reading failed.
    pub fn state_picture_jpeg(
        &self,
        camera_id: &CameraId,
        detector_id: DetectorId,
        picture_id: StatePictureId,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.conn
            .prepare_cached(
                "SELECT jpeg FROM state_picture \
                 WHERE picture_id = ?1 AND camera_id = ?2 AND detector_id = ?3",
            )
            .and_then(|mut select| {
                let key = params![picture_id.0, camera_id.as_str(), detector_id.0];
                select.query_row(key, |row| row.get(0)).optional()
            })
            .during("read a picture of a state")
    }

    /// Bytes of all pictures of one camera's detectors.
    ///
    /// # Errors
    /// Reading failed.
    pub fn state_picture_bytes(&self, camera_id: &CameraId) -> Result<u64, Error> {
        self.conn
            .query_row(
                "SELECT coalesce(sum(len_bytes), 0) FROM state_picture WHERE camera_id = ?1",
                [camera_id.as_str()],
                |row| Fields::new(row).u64(),
            )
            .during("read sizes of pictures of states")
    }
}

fn picture_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<StatePicture> {
    let mut fields = Fields::new(row);
    let picture_id = StatePictureId(fields.next()?);
    let captured_at = fields.time()?;
    let is_grey = fields.next()?;
    let region = fields.next()?;
    let look: Vec<u8> = fields.next()?;
    let numbers: Vec<i8> = look.into_iter().map(u8::cast_signed).collect();
    let look = Look::new(&numbers)
        .ok_or_else(|| fields.bad(rusqlite::types::Type::Blob, "a look of another length"))?;
    let state_id: Option<u32> = fields.next()?;
    let label = match state_id {
        Some(state_id) => Some(Label {
            state_id: StateId(state_id),
            who: fields.next()?,
            at: fields.time()?,
        }),
        None => None,
    };
    Ok(StatePicture {
        picture_id,
        captured_at,
        is_grey,
        region,
        look,
        label,
    })
}

fn known_candidate(
    transaction: &Transaction<'_>,
    picture: &NewStatePicture,
) -> rusqlite::Result<Option<StatePictureId>> {
    transaction
        .prepare_cached(
            "SELECT picture_id FROM state_picture \
             WHERE camera_id = ?1 AND detector_id = ?2 AND captured_at = ?3 AND is_candidate",
        )?
        .query_row(
            params![
                picture.camera_id.as_str(),
                picture.detector_id.0,
                picture.captured_at.as_micros()
            ],
            |row| row.get(0).map(StatePictureId),
        )
        .optional()
}

fn n_candidates(
    transaction: &Transaction<'_>,
    camera_id: &CameraId,
    detector_id: DetectorId,
) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "SELECT count(*) FROM state_picture \
             WHERE camera_id = ?1 AND detector_id = ?2 AND is_candidate",
        )?
        .query_row(params![camera_id.as_str(), detector_id.0], count_of)
}

/// The only column of a row that counts.
fn count_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<usize> {
    let count = Fields::new(row).u64()?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Removes pictures, labels and versions of a detector.
fn forget(
    transaction: &Transaction<'_>,
    camera_id: &CameraId,
    detector_id: DetectorId,
) -> rusqlite::Result<usize> {
    let key = params![camera_id.as_str(), detector_id.0];
    transaction.execute(
        "DELETE FROM state_label WHERE picture_id IN ( \
         SELECT picture_id FROM state_picture WHERE camera_id = ?1 AND detector_id = ?2)",
        key,
    )?;
    transaction.execute(
        "DELETE FROM state_version WHERE camera_id = ?1 AND detector_id = ?2",
        key,
    )?;
    transaction.execute(
        "DELETE FROM state_picture WHERE camera_id = ?1 AND detector_id = ?2",
        key,
    )
}

fn to_bytes(look: &Look) -> Vec<u8> {
    let numbers = look.numbers().iter();
    numbers.map(|number| number.cast_unsigned()).collect()
}

#[cfg(test)]
mod tests;
