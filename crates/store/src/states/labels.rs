//! Labels of pictures, version by version.

use rusqlite::{OptionalExtension as _, Transaction, params};
use types::{CameraId, DetectorId, StateId, Timestamp};

use super::{Label, StatePictureId};
use crate::error::{During, Error};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Versions kept of each detector's examples; beyond it the oldest go.
const MAX_VERSIONS: u32 = 100;

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionKind {
    /// An example was added.
    Add,
    /// An example was labelled otherwise.
    Relabel,
    /// An example was removed.
    Remove,
    /// The examples are again those of an older version.
    RollBack,
}

impl VersionKind {
    const ALL: [VersionKind; 4] = [
        VersionKind::Add,
        VersionKind::Relabel,
        VersionKind::Remove,
        VersionKind::RollBack,
    ];

    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            VersionKind::Add => "add",
            VersionKind::Relabel => "relabel",
            VersionKind::Remove => "remove",
            VersionKind::RollBack => "roll_back",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A version of a detector's examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVersion {
    /// Counted from 1.
    pub version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// What made it.
    pub kind: VersionKind,
    /// Of which state the example is that made it.
    pub state_id: Option<StateId>,
    /// Examples in it.
    pub n_examples: u32,
}

/// What is to be done to a detector's labels.
pub(super) struct Change<'a> {
    pub(super) camera_id: &'a CameraId,
    pub(super) detector_id: DetectorId,
    pub(super) kind: VersionKind,
    pub(super) state_id: Option<StateId>,
    pub(super) who: &'a str,
    pub(super) at: Timestamp,
}

impl Change<'_> {
    /// Makes the next version: `body` is told its number.
    pub(super) fn make<T>(
        &self,
        transaction: &Transaction<'_>,
        body: impl FnOnce(u32) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let key = params![self.camera_id.as_str(), self.detector_id.0];
        let newest: u32 = transaction
            .prepare_cached(
                "SELECT coalesce(max(version), 0) FROM state_version \
                 WHERE camera_id = ?1 AND detector_id = ?2",
            )?
            .query_row(key, |row| row.get(0))?;
        let version = newest.saturating_add(1);
        let value = body(version)?;
        let n_examples = n_examples(transaction, self.camera_id, self.detector_id)?;
        transaction
            .prepare_cached(
                "INSERT INTO state_version (camera_id, detector_id, version, at, who, what, \
                 state_id, n_examples) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.camera_id.as_str(),
                self.detector_id.0,
                version,
                self.at.as_micros(),
                self.who,
                self.kind.name(),
                self.state_id.map(|state_id| state_id.0),
                i64::try_from(n_examples).unwrap_or(i64::MAX)
            ])?;
        self.drop_old(transaction, version.saturating_sub(MAX_VERSIONS))?;
        Ok(value)
    }

    /// Removes versions up to `last`, and what only they need.
    fn drop_old(&self, transaction: &Transaction<'_>, last: u32) -> rusqlite::Result<()> {
        let key = params![self.camera_id.as_str(), self.detector_id.0, last];
        transaction.execute(
            "DELETE FROM state_version \
             WHERE camera_id = ?1 AND detector_id = ?2 AND version <= ?3",
            key,
        )?;
        transaction.execute(
            "DELETE FROM state_label WHERE until_version <= ?3 + 1 AND picture_id IN ( \
             SELECT picture_id FROM state_picture WHERE camera_id = ?1 AND detector_id = ?2)",
            key,
        )?;
        transaction.execute(
            "DELETE FROM state_picture WHERE camera_id = ?1 AND detector_id = ?2 \
             AND NOT is_candidate AND picture_id NOT IN (SELECT picture_id FROM state_label)",
            params![self.camera_id.as_str(), self.detector_id.0],
        )?;
        Ok(())
    }
}

/// Labels a picture from `version` on; a label that it has ends there.
pub(super) fn set(
    transaction: &Transaction<'_>,
    picture_id: StatePictureId,
    version: u32,
    label: &Label,
) -> rusqlite::Result<()> {
    end(transaction, picture_id, version)?;
    transaction
        .prepare_cached(
            "INSERT INTO state_label (picture_id, from_version, state_id, who, at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            picture_id.0,
            version,
            label.state_id.0,
            label.who,
            label.at.as_micros()
        ])?;
    transaction.execute(
        "UPDATE state_picture SET is_candidate = 0 WHERE picture_id = ?1",
        [picture_id.0],
    )?;
    Ok(())
}

fn end(
    transaction: &Transaction<'_>,
    picture_id: StatePictureId,
    version: u32,
) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "UPDATE state_label SET until_version = ?2 \
             WHERE picture_id = ?1 AND until_version IS NULL",
        )?
        .execute(params![picture_id.0, version])
}

/// Examples as of the newest version.
pub(super) fn n_examples(
    transaction: &Transaction<'_>,
    camera_id: &CameraId,
    detector_id: DetectorId,
) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "SELECT count(*) FROM state_label AS l JOIN state_picture AS p USING (picture_id) \
             WHERE p.camera_id = ?1 AND p.detector_id = ?2 AND l.until_version IS NULL",
        )?
        .query_row(params![camera_id.as_str(), detector_id.0], super::count_of)
}

impl Store {
    /// Labels a picture, or labels it otherwise. `false`: there is no such
    /// picture.
    ///
    /// # Errors
    /// Storing failed.
    pub fn label_state_picture(
        &mut self,
        camera_id: &CameraId,
        detector_id: DetectorId,
        picture_id: StatePictureId,
        label: &Label,
    ) -> Result<bool, Error> {
        let what = "label a picture of a state";
        self.write(what, |transaction| {
            let Some(was) =
                state_of(transaction, camera_id, detector_id, picture_id).during(what)?
            else {
                return Ok(false);
            };
            if was == Some(label.state_id) {
                return Ok(true);
            }
            let change = Change {
                camera_id,
                detector_id,
                kind: match was {
                    Some(_) => VersionKind::Relabel,
                    None => VersionKind::Add,
                },
                state_id: Some(label.state_id),
                who: &label.who,
                at: label.at,
            };
            change
                .make(transaction, |version| {
                    set(transaction, picture_id, version, label)
                })
                .during(what)?;
            Ok(true)
        })
    }

    /// Takes a picture out of the examples, or away from those that wait for a
    /// label. `false`: there is no such picture.
    ///
    /// # Errors
    /// Storing failed.
    pub fn remove_state_picture(
        &mut self,
        camera_id: &CameraId,
        detector_id: DetectorId,
        picture_id: StatePictureId,
        who: &str,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let what = "remove a picture of a state";
        self.write(what, |transaction| {
            let was = state_of(transaction, camera_id, detector_id, picture_id).during(what)?;
            match was {
                None => return Ok(false),
                Some(None) => {
                    // It waits for a label: no version needs it.
                    transaction
                        .execute(
                            "DELETE FROM state_picture WHERE picture_id = ?1 AND is_candidate",
                            [picture_id.0],
                        )
                        .during(what)?;
                }
                Some(Some(state_id)) => {
                    let change = Change {
                        camera_id,
                        detector_id,
                        kind: VersionKind::Remove,
                        state_id: Some(state_id),
                        who,
                        at,
                    };
                    change
                        .make(transaction, |version| end(transaction, picture_id, version))
                        .during(what)?;
                }
            }
            Ok(true)
        })
    }

    /// Makes the examples again those of an older version, as a new version.
    /// `false`: there is no such version.
    ///
    /// # Errors
    /// Storing failed.
    pub fn roll_back_states(
        &mut self,
        camera_id: &CameraId,
        detector_id: DetectorId,
        version: u32,
        who: &str,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let what = "roll examples back";
        self.write(what, |transaction| {
            let key = params![camera_id.as_str(), detector_id.0, version];
            let is_known = transaction
                .prepare_cached(
                    "SELECT 1 FROM state_version \
                     WHERE camera_id = ?1 AND detector_id = ?2 AND version = ?3",
                )
                .and_then(|mut select| select.exists(key))
                .during(what)?;
            if !is_known {
                return Ok(false);
            }
            let change = Change {
                camera_id,
                detector_id,
                kind: VersionKind::RollBack,
                state_id: None,
                who,
                at,
            };
            change
                .make(transaction, |next| {
                    // Read before anything ends: labels then have other spans.
                    let old = labels_of(transaction, camera_id, detector_id, version)?;
                    for (picture_id, _) in
                        labels_of(transaction, camera_id, detector_id, next.saturating_sub(1))?
                    {
                        end(transaction, picture_id, next)?;
                    }
                    for (picture_id, label) in old {
                        set(transaction, picture_id, next, &label)?;
                    }
                    Ok(())
                })
                .during(what)?;
            Ok(true)
        })
    }
}

impl Reader {
    /// Versions of a detector's examples, newest first.
    ///
    /// # Errors
    /// Reading failed, or a row is damaged.
    pub fn state_versions(
        &self,
        camera_id: &CameraId,
        detector_id: DetectorId,
    ) -> Result<Vec<StateVersion>, Error> {
        let what = "read versions of examples";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT version, at, who, what, state_id, n_examples FROM state_version \
                 WHERE camera_id = ?1 AND detector_id = ?2 ORDER BY version DESC",
            )
            .during(what)?;
        let rows = select
            .query_map(params![camera_id.as_str(), detector_id.0], |row| {
                let mut fields = Fields::new(row);
                Ok(StateVersion {
                    version: fields.next()?,
                    at: fields.time()?,
                    who: fields.next()?,
                    kind: fields.named(VersionKind::from_name)?,
                    state_id: fields.next::<Option<u32>>()?.map(StateId),
                    n_examples: fields.next()?,
                })
            })
            .during(what)?;
        rows.collect::<Result<_, _>>().during(what)
    }
}

/// Labels as of a version.
fn labels_of(
    transaction: &Transaction<'_>,
    camera_id: &CameraId,
    detector_id: DetectorId,
    version: u32,
) -> rusqlite::Result<Vec<(StatePictureId, Label)>> {
    transaction
        .prepare_cached(
            "SELECT l.picture_id, l.state_id, l.who, l.at \
             FROM state_label AS l JOIN state_picture AS p USING (picture_id) \
             WHERE p.camera_id = ?1 AND p.detector_id = ?2 AND l.from_version <= ?3 \
             AND (l.until_version IS NULL OR l.until_version > ?3)",
        )?
        .query_map(params![camera_id.as_str(), detector_id.0, version], |row| {
            let mut fields = Fields::new(row);
            let picture_id = StatePictureId(fields.next()?);
            let label = Label {
                state_id: StateId(fields.next()?),
                who: fields.next()?,
                at: fields.time()?,
            };
            Ok((picture_id, label))
        })?
        .collect()
}

/// The present label of a picture, if it has one; `None`: no such picture.
fn state_of(
    transaction: &Transaction<'_>,
    camera_id: &CameraId,
    detector_id: DetectorId,
    picture_id: StatePictureId,
) -> rusqlite::Result<Option<Option<StateId>>> {
    transaction
        .prepare_cached(
            "SELECT l.state_id FROM state_picture AS p LEFT JOIN state_label AS l \
             ON l.picture_id = p.picture_id AND l.until_version IS NULL \
             WHERE p.picture_id = ?1 AND p.camera_id = ?2 AND p.detector_id = ?3 \
             AND (p.is_candidate OR l.state_id IS NOT NULL)",
        )?
        .query_row(
            params![picture_id.0, camera_id.as_str(), detector_id.0],
            |row| Ok(row.get::<_, Option<u32>>(0)?.map(StateId)),
        )
        .optional()
}
