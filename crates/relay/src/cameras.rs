//! Camera documents in the store.
//!
//! In: documents that were checked. Out: the same, by camera.

use anyhow::Context as _;
use store::{Expected, Settings};
use types::{CameraId, Clock};

use std::sync::Arc;

use crate::settings::CameraDocument;
use crate::storage::Storage;

const PREFIX: &str = "camera/";

/// Camera documents in the store; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct CameraBook {
    storage: Storage,
    clock: Arc<dyn Clock>,
}

/// One camera's document and its revision.
#[derive(Clone, Debug)]
pub(crate) struct CameraRecord {
    /// Which camera.
    pub camera_id: CameraId,
    /// What was saved.
    pub document: CameraDocument,
    /// From 1, counting every change.
    pub revision: u64,
}

/// Key of a camera's document in the store.
pub(crate) fn camera_key(camera_id: &CameraId) -> String {
    format!("{PREFIX}{camera_id}")
}

/// An id made of the letters and digits of `name`, with a number where that
/// is taken.
pub(crate) fn new_camera_id(name: &str, is_taken: impl Fn(&CameraId) -> bool) -> CameraId {
    let base = slug(name, "camera", 48);
    (1_u32..)
        .map(|number| match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        })
        .filter_map(|text| CameraId::new(&text).ok())
        .find(|id| !is_taken(id))
        .expect("numbers do not run out before cameras do")
}

/// The letters and digits of `name` in lower case, at most `max_bytes`; `usual`
/// where there are none.
pub(crate) fn slug(name: &str, usual: &str, max_bytes: usize) -> String {
    let mut base = String::new();
    for character in name.to_lowercase().chars() {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            base.push(character);
        } else if !base.is_empty() && !base.ends_with('-') {
            base.push('-');
        }
    }
    base.truncate(max_bytes);
    match base.trim_end_matches('-') {
        "" => usual.to_owned(),
        base => base.to_owned(),
    }
}

impl CameraBook {
    /// The documents in `storage`.
    pub(crate) fn new(storage: Storage, clock: Arc<dyn Clock>) -> Self {
        CameraBook { storage, clock }
    }

    /// All cameras, by id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<CameraRecord>> {
        let settings = self
            .storage
            .read(|reader| reader.list_settings(PREFIX))
            .await?;
        Ok(settings
            .into_iter()
            .filter_map(|settings| match record(settings) {
                Ok(record) => record,
                Err(error) => {
                    // Never ours, unless the file was edited: the others go on.
                    tracing::error!(error = %format!("{error:#}"), "camera left out");
                    None
                }
            })
            .collect())
    }

    /// One camera; `None` when there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn get(&self, camera_id: &CameraId) -> anyhow::Result<Option<CameraRecord>> {
        let key = camera_key(camera_id);
        let settings = self
            .storage
            .read(move |reader| reader.settings(&key))
            .await?;
        settings.map_or(Ok(None), record)
    }

    /// Saves a new revision and returns its number.
    ///
    /// # Errors
    /// [`store::Error::Conflict`] inside when the newest revision is not the
    /// expected one; or the store cannot write.
    pub(crate) async fn put(
        &self,
        camera_id: &CameraId,
        document: &CameraDocument,
        expected: Expected,
        by: &str,
    ) -> anyhow::Result<u64> {
        let json = serde_json::to_string(document).context("write settings as JSON")?;
        let (key, by, now) = (camera_key(camera_id), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.put_settings(&key, &json, expected, &by, now))
            .await
    }

    /// Deletes a camera's document.
    ///
    /// # Errors
    /// There is none, or the store cannot write.
    pub(crate) async fn delete(&self, camera_id: &CameraId, by: &str) -> anyhow::Result<()> {
        let (key, by, now) = (camera_key(camera_id), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        Ok(())
    }
}

/// `None` for a document that was deleted.
fn record(settings: Settings) -> anyhow::Result<Option<CameraRecord>> {
    let Some(json) = settings.document else {
        return Ok(None);
    };
    let id = settings.key.strip_prefix(PREFIX).unwrap_or(&settings.key);
    let camera_id = CameraId::new(id)?;
    let document =
        serde_json::from_str(&json).with_context(|| format!("read settings {}", settings.key))?;
    Ok(Some(CameraRecord {
        camera_id,
        document,
        revision: settings.revision,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camera_ids_are_made_of_the_name() {
        for (name, expected) in [
            ("Gate 2", "gate-2"),
            ("  Hof / Süd!", "hof-s-d"),
            ("正門", "camera"),
            ("-", "camera"),
            (&"x".repeat(100), &"x".repeat(48)),
        ] {
            assert_eq!(new_camera_id(name, |_| false).as_str(), expected);
        }
    }

    #[test]
    fn taken_camera_id_gets_a_number() {
        let taken = ["gate", "gate-2"];
        let id = new_camera_id("Gate", |id| taken.contains(&id.as_str()));
        assert_eq!(id.as_str(), "gate-3");
    }
}
