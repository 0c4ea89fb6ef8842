//! What is in one alarm's clip.
//!
//! In: stretches of time, and segments. Out: the pictures in them in order, each
//! with the boxes of that time; and their bytes.

use std::io;

use clip::segment::{self, Kind, Record};
use clip::{BoxedTrack, TracksAt, between};
use store::Stretch;
use types::{CameraId, Timestamp};

use super::book::{Book, Segment};

/// Most pictures of one clip: two minutes at 30 a second.
const MAX_PICTURES: usize = 4_000;
/// Boxes of the last picture may have come so much later.
const BOXES_AFTER_US: i64 = 2_000_000;

/// The pictures of a clip.
#[derive(Debug)]
pub(crate) struct Contents {
    camera_id: CameraId,
    stretches: Vec<Stretch>,
    /// Where they were read from.
    segments: Vec<Segment>,
    /// In order of time.
    pub(crate) pictures: Vec<Picture>,
}

/// One picture of a clip.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// When its first byte reached us.
    pub(crate) captured_at: Timestamp,
    /// Length of the JPEG.
    pub(crate) len_bytes: u32,
    /// Who was followed then.
    pub(crate) tracks: Vec<BoxedTrack>,
    /// Whether that was worked out between two pictures that were analysed.
    pub(crate) is_between: bool,
    /// The segment that it lies in.
    segment: Timestamp,
    record: Record,
}

impl Contents {
    /// Reads which pictures there are. Segments that vanish meanwhile are left
    /// out.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn read(
        book: &Book,
        camera_id: &CameraId,
        stretches: Vec<Stretch>,
        segments: Vec<Segment>,
    ) -> io::Result<Self> {
        let is_wanted = |at: Timestamp| {
            let mut stretches = stretches.iter();
            stretches.any(|(from, until)| (*from..=*until).contains(&at))
        };
        let mut pictures = Vec::new();
        let mut scenes: Vec<TracksAt> = Vec::new();
        for segment in &segments {
            let mut file = match book.open_file(camera_id, segment.from) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for record in segment::scan(&mut file)?.records {
                let captured_at = record.captured_at;
                match record.kind {
                    Kind::Picture if is_wanted(captured_at) => pictures.push(Picture {
                        captured_at,
                        len_bytes: record.len_bytes,
                        tracks: Vec::new(),
                        is_between: false,
                        segment: segment.from,
                        record,
                    }),
                    Kind::Picture => {}
                    Kind::Tracks => {
                        let body = segment::body(&mut file, &record).ok();
                        let body = body.as_deref();
                        scenes.extend(body.and_then(|body| TracksAt::from_body(captured_at, body)));
                    }
                }
            }
        }
        pictures.sort_by_key(|picture| picture.captured_at);
        pictures.dedup_by_key(|picture| picture.captured_at);
        pictures.truncate(MAX_PICTURES);
        scenes.sort_by_key(|scene| scene.captured_at);
        for picture in &mut pictures {
            (picture.tracks, picture.is_between) = between(&scenes, picture.captured_at);
        }
        Ok(Contents {
            camera_id: camera_id.clone(),
            stretches,
            segments,
            pictures,
        })
    }

    /// Whether reading these would give the same again.
    pub(super) fn is_of(&self, stretches: &[Stretch], segments: &[Segment]) -> bool {
        self.stretches == stretches && self.segments == segments
    }

    /// A picture's JPEG, as the camera sent it.
    ///
    /// # Errors
    /// It was removed meanwhile, or is damaged.
    pub(super) fn jpeg(&self, book: &Book, picture: &Picture) -> io::Result<Vec<u8>> {
        let mut file = book.open_file(&self.camera_id, picture.segment)?;
        segment::body(&mut file, &picture.record)
    }
}

/// The stretches with the time in which boxes of their last picture may lie.
pub(super) fn with_boxes(stretches: &[Stretch]) -> Vec<Stretch> {
    let later =
        |at: Timestamp| Timestamp::from_micros(at.as_micros().saturating_add(BOXES_AFTER_US));
    stretches
        .iter()
        .map(|(from, until)| (*from, later(*until)))
        .collect()
}
