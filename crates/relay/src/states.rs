//! Examples of learnt states, from the store to the running cameras.
//!
//! In: pictures with labels, regions. Out: examples ready to judge by. Where a
//! region was drawn anew, its pictures are looked at anew: each picture is of
//! the whole scene.
//!
//! Not here: what a look is (`vision`), how it is judged (`programs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use jpeg::{Decoder, Encoder, Limits, Planes, Scale};
use programs::state::{Example, Examples};
use sha2::{Digest as _, Sha256};
use store::{Reader, StatePicture};
use types::{CameraId, DetectorId, Look, Polygon};
use vision::states::Region;

use crate::pipeline::{Taught, small_picture};
use crate::settings::{CameraSettings, DetectorPart};
use crate::storage::Storage;
use crate::supervise::CameraRuntime;

/// Names a region: looks of other regions are not compared with its own.
pub(crate) fn region_key(polygon: &Polygon) -> [u8; 8] {
    let mut hash = Sha256::new();
    for vertex in polygon.vertices() {
        hash.update(vertex.x.to_le_bytes());
        hash.update(vertex.y.to_le_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (key, _) = digest
        .split_first_chunk()
        .expect("32 bytes are more than 8");
    *key
}

/// The examples of all detectors of a camera whose looks are of the present
/// regions.
///
/// # Errors
/// Reading failed.
pub(crate) fn load(reader: &Reader, settings: &CameraSettings) -> Result<Taught, store::Error> {
    let mut taught = BTreeMap::new();
    for part in &settings.analysis.states {
        let detector_id = part.detector.detector_id;
        let pictures = reader.state_pictures(&settings.camera_id, detector_id)?;
        let (_, examples) = ready(&pictures, part);
        taught.insert(detector_id, Arc::new(examples));
    }
    Ok(Arc::new(taught))
}

/// Places of the labelled pictures that are examples of a present state, and
/// the examples in the same order.
pub(crate) fn ready(pictures: &[StatePicture], part: &DetectorPart) -> (Vec<usize>, Examples) {
    let key = region_key(&part.polygon);
    let (mut places, mut examples, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let present = pictures.iter().enumerate();
    for (idx, picture) in present.filter(|(_, picture)| picture.region == key) {
        match &picture.label {
            Some(label) if part.detector.state_name(label.state_id).is_some() => {
                places.push(idx);
                examples.push(Example {
                    state_id: label.state_id,
                    is_grey: picture.is_grey,
                    look: picture.look.clone(),
                });
            }
            // Its state was removed; it may be labelled otherwise.
            Some(_) => {}
            None => kept.push((picture.is_grey, picture.look.clone())),
        }
    }
    places.truncate(Examples::MAX);
    (places, Examples::new(examples, kept))
}

/// Has a running camera go by what the store holds now.
///
/// # Errors
/// Reading failed.
pub(crate) async fn refresh(storage: &Storage, camera: &CameraRuntime) -> anyhow::Result<()> {
    // Whoever reads last knows everything that was written before.
    let _turn = camera.teaching.lock().await;
    let settings = camera.current_settings();
    let taught = storage.read(move |reader| load(reader, &settings)).await?;
    camera.taught.send_replace(Some(taught));
    Ok(())
}

/// After a change of detectors: forgets those that are gone, looks anew at the
/// pictures of those whose region is another one, and has the camera go by it.
///
/// # Errors
/// Reading, decoding or storing failed.
pub(crate) async fn follow_settings(
    storage: &Storage,
    camera: &CameraRuntime,
) -> anyhow::Result<()> {
    let settings = camera.current_settings();
    let camera_id = settings.camera_id.clone();
    let parts = &settings.analysis.states;
    let kept: Vec<DetectorId> = parts.iter().map(|part| part.detector.detector_id).collect();
    storage
        .write(move |store| store.forget_detectors(&camera_id, &kept))
        .await?;
    for part in parts {
        look_anew(storage, &settings.camera_id, part).await?;
    }
    refresh(storage, camera).await
}

async fn look_anew(
    storage: &Storage,
    camera_id: &CameraId,
    part: &DetectorPart,
) -> anyhow::Result<()> {
    let (camera_id, part) = (camera_id.clone(), part.clone());
    let looks = storage
        .read(move |reader| {
            let detector_id = part.detector.detector_id;
            let key = region_key(&part.polygon);
            let region = Region::new(&part.polygon);
            let mut looks = Vec::new();
            for picture in reader.state_pictures(&camera_id, detector_id)? {
                if picture.region == key {
                    continue;
                }
                let picture_id = picture.picture_id;
                let jpeg = reader.state_picture_jpeg(&camera_id, detector_id, picture_id)?;
                match jpeg.map(|jpeg| look_at(&jpeg, &region)) {
                    Some(Ok(look)) => looks.push((picture_id, key, look)),
                    Some(Err(error)) => {
                        tracing::warn!(%error, ?picture_id, "picture of a state cannot be read");
                    }
                    None => {}
                }
            }
            Ok(looks)
        })
        .await?;
    if looks.is_empty() {
        return Ok(());
    }
    storage
        .write(move |store| store.put_state_looks(&looks))
        .await
}

/// What a region of a small picture looks like.
fn look_at(jpeg: &[u8], region: &Region) -> Result<Look, jpeg::Error> {
    let mut planes = Planes::default();
    Decoder::new(Limits::default())?.planes(jpeg, Scale::Full, &mut planes)?;
    Ok(region.describe(&planes))
}

/// What a region of a camera's frame looks like, and the frame made small.
///
/// # Errors
/// The frame cannot be decoded.
pub(crate) fn look_at_frame(frame: &[u8], region: &Region) -> anyhow::Result<(Look, Vec<u8>)> {
    let mut decoder = Decoder::new(Limits::default())?;
    let header = jpeg::read_header(frame)?;
    let scale = vision::decode::scale_for(header.width_px);
    let mut planes = Planes::default();
    decoder
        .planes(frame, scale, &mut planes)
        .context("decode the camera's picture")?;
    let small = small_picture(frame, &mut decoder, &mut Encoder::new()?)?;
    Ok((region.describe(&planes), small))
}
