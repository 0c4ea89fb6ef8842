//! Words as numbers: each camera and each tag is written once.

use std::collections::HashMap;

use super::entry::TagName;

/// Most different words of one kind: more than cameras times zones anywhere.
const MAX_WORDS: usize = u16::MAX as usize;

/// Words and their numbers, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) cameras: Vec<String>,
    pub(super) tags: Vec<(TagName, String)>,
    camera_codes: HashMap<String, u16>,
    tag_codes: HashMap<(TagName, String), u16>,
}

impl Words {
    /// The words in this order; of a file.
    pub(super) fn new(cameras: Vec<String>, tags: Vec<(TagName, String)>) -> Self {
        let mut words = Words::default();
        for camera in cameras {
            words.camera(&camera);
        }
        for tag in tags {
            words.tag(&tag);
        }
        words
    }

    /// The number of a camera; `None` when there are too many.
    pub(super) fn camera(&mut self, camera_id: &str) -> Option<u16> {
        if let Some(code) = self.known_camera(camera_id) {
            return Some(code);
        }
        let code = next(self.cameras.len())?;
        self.cameras.push(camera_id.to_owned());
        self.camera_codes.insert(camera_id.to_owned(), code);
        Some(code)
    }

    /// The number of a tag; `None` when there are too many.
    pub(super) fn tag(&mut self, tag: &(TagName, String)) -> Option<u16> {
        if let Some(code) = self.tag_codes.get(tag) {
            return Some(*code);
        }
        let code = next(self.tags.len())?;
        self.tags.push(tag.clone());
        self.tag_codes.insert(tag.clone(), code);
        Some(code)
    }

    /// The number of a camera that came before.
    pub(super) fn known_camera(&self, camera_id: &str) -> Option<u16> {
        self.camera_codes.get(camera_id).copied()
    }
}

fn next(n_words: usize) -> Option<u16> {
    u16::try_from(n_words).ok().filter(|_| n_words < MAX_WORDS)
}
