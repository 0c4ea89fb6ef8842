//! One analysed frame as `tt:Frame`.

use types::{Scene, TrackId, TrackState};

use super::object::{ObjectImage, SceneObject, write_object};
use crate::onvif::document::utc;
use crate::onvif::xml::XmlWriter;

/// What a frame carries.
pub struct FrameOptions<'a> {
    /// Name of the analytics module.
    pub module: &'a str,
    /// Pictures of objects that were not sent before.
    pub image_of: &'a dyn Fn(TrackId) -> Option<ObjectImage>,
}

impl std::fmt::Debug for FrameOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameOptions")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

impl<'a> FrameOptions<'a> {
    /// Without pictures.
    pub fn plain(module: &'a str) -> Self {
        FrameOptions {
            module,
            image_of: &|_| None,
        }
    }
}

/// Writes `tt:Frame`: confirmed objects, and which ones are gone for good.
pub fn write_frame(xml: &mut XmlWriter, scene: &Scene, options: &FrameOptions<'_>) {
    xml.open_with(
        "tt:Frame",
        &[
            ("UtcTime", &utc(scene.captured_at)),
            ("Source", options.module),
        ],
    );
    for track in shown(scene) {
        let object = SceneObject {
            image: (options.image_of)(track.track_id),
            ..SceneObject::of(track)
        };
        write_object(xml, &object);
    }
    let ended = || {
        let tracks = scene.tracks.iter();
        tracks.filter(|track| track.state == TrackState::Ended)
    };
    if ended().next().is_some() {
        xml.open("tt:ObjectTree");
        for track in ended() {
            xml.empty("tt:Delete", &[("ObjectId", &track.track_id.0.to_string())]);
        }
        xml.close();
    }
    xml.close();
}

/// The tracks that a frame shows.
pub(super) fn shown(scene: &Scene) -> impl Iterator<Item = &types::Track> {
    let tracks = scene.tracks.iter();
    tracks.filter(|track| track.state == TrackState::Confirmed)
}
