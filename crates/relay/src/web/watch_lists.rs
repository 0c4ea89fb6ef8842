//! Watch lists over REST: who is waited for, for what, by whom, until when.
//! For administrators; every change stands in the audit trail.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jpeg::{Decoder, Encoder, Limits, RgbImage, Scale};
use serde::{Deserialize, Serialize};
use store::Expected;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::search::{ExampleInput, refused};
use super::session::{Administrator, Editor};
use crate::search::Source;
use crate::settings::{
    MAX_WATCH_EXAMPLES, WatchExampleDocument, WatchListDocument, WatchListInput,
};
use crate::watch_lists::{MAX_LISTS, WatchRecord};

/// Longest side of an example's picture, pixels.
const STAMP_PX: u32 = 160;
/// Largest such picture, bytes.
const MAX_STAMP_BYTES: usize = 32 * 1024;

/// All watch lists.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WatchLists {
    /// By number.
    pub watch_lists: Vec<WatchListView>,
}

/// A watch list and what it does now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WatchListView {
    /// Its number.
    pub id: u32,
    /// As typed.
    #[serde(flatten)]
    pub settings: WatchListInput,
    /// Send it back with a change; a newer one in between answers 409.
    pub revision: u64,
    /// active, expired, off, or empty (it has no example).
    pub state: &'static str,
    /// Who is waited for.
    pub examples: Vec<WatchExampleView>,
}

/// One who is waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WatchExampleView {
    /// Its number within the list.
    pub id: u32,
    /// Where its picture is.
    pub url: String,
    /// By whose vectors it can be compared.
    pub makers: Vec<String>,
}

/// A watch list's new form.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct WatchListChange {
    /// As typed.
    #[serde(flatten)]
    pub settings: WatchListInput,
    /// The revision that was changed.
    pub revision: u64,
}

/// A list as the audit trail has it: without vectors and pictures.
#[derive(Serialize)]
struct Audited<'a> {
    #[serde(flatten)]
    settings: &'a WatchListInput,
    examples: Vec<u32>,
}

/// All watch lists.
#[utoipa::path(get, path = "/api/v1/watch_lists", tag = "search",
    responses((status = 200, body = WatchLists)))]
pub(super) async fn list(_: Administrator, State(app): State<App>) -> ApiResult<Json<WatchLists>> {
    let records = app.watch_lists.list().await?.into_iter();
    Ok(Json(WatchLists {
        watch_lists: records.map(|record| view(&app, record)).collect(),
    }))
}

/// Adds a watch list, at first without examples.
#[utoipa::path(post, path = "/api/v1/watch_lists", tag = "search", request_body = WatchListInput,
    responses((status = 201, body = WatchListView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(settings): Body<WatchListInput>,
) -> ApiResult<(StatusCode, Json<WatchListView>)> {
    settings.check(app.clock.now()).map_err(ApiError::fields)?;
    let _changing = app.changing.lock().await;
    let records = app.watch_lists.list().await?;
    if records.len() >= MAX_LISTS {
        return Err(ApiError::conflict(format!(
            "{MAX_LISTS} watch lists are the most: remove one first"
        )));
    }
    let id = records.iter().map(|record| record.id).max().unwrap_or(0) + 1;
    let document = WatchListDocument {
        settings,
        examples: Vec::new(),
        next_example_id: 1,
        is_expiry_told: false,
    };
    let by = &editor.name;
    let revision = app
        .watch_lists
        .put(id, &document, Expected::Any, by)
        .await?;
    note(
        &app,
        by,
        format!("add watch list {id}"),
        None,
        Some(&document),
    )
    .await;
    let record = WatchRecord {
        id,
        document,
        revision,
    };
    Ok((StatusCode::CREATED, Json(view(&app, record))))
}

/// Changes a watch list; it counts from the next sighting on.
#[utoipa::path(put, path = "/api/v1/watch_lists/{id}", tag = "search", request_body = WatchListChange,
    params(("id" = u32, Path, description = "Watch list")),
    responses((status = 200, body = WatchListView), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<u32>,
    Body(change): Body<WatchListChange>,
) -> ApiResult<Json<WatchListView>> {
    change
        .settings
        .check(app.clock.now())
        .map_err(ApiError::fields)?;
    let _changing = app.changing.lock().await;
    let before = find(&app, id).await?;
    if before.revision != change.revision {
        return Err(ApiError::conflict(
            "this watch list was changed by somebody else: load it again",
        ));
    }
    let document = WatchListDocument {
        settings: change.settings,
        is_expiry_told: false,
        ..before.document.clone()
    };
    let what = format!("change watch list {id}");
    save(&app, &editor.name, what, before, document).await
}

/// Removes a watch list with its examples.
#[utoipa::path(delete, path = "/api/v1/watch_lists/{id}", tag = "search",
    params(("id" = u32, Path, description = "Watch list")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<u32>,
) -> ApiResult<StatusCode> {
    let _changing = app.changing.lock().await;
    let before = find(&app, id).await?;
    app.watch_lists.delete(id, &editor.name).await?;
    let what = format!("remove watch list {id}");
    note(&app, &editor.name, what, Some(&before.document), None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds somebody who is waited for: a sighting, a best shot or a picture. What
/// is kept are the vectors and a picture as small as a stamp.
#[utoipa::path(post, path = "/api/v1/watch_lists/{id}/examples", tag = "search", request_body = ExampleInput,
    params(("id" = u32, Path, description = "Watch list")),
    responses((status = 200, body = WatchListView), (status = 400, body = super::error::ErrorBody),
        (status = 404, body = super::error::ErrorBody), (status = 409, body = super::error::ErrorBody)))]
pub(super) async fn add_example(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<u32>,
    Body(input): Body<ExampleInput>,
) -> ApiResult<Json<WatchListView>> {
    let source = input.source()?;
    let picture = picture_of(&app, &source).await?;
    let likeness = app.search.likeness(source).await.map_err(refused)?;
    if likeness.vectors.is_empty() {
        return Err(ApiError::bad_request(
            "nothing can be compared by this picture: it shows too little; choose another one",
        ));
    }
    let _changing = app.changing.lock().await;
    let before = find(&app, id).await?;
    if before.document.examples.len() >= MAX_WATCH_EXAMPLES {
        return Err(ApiError::conflict(format!(
            "{MAX_WATCH_EXAMPLES} examples are the most: remove one first"
        )));
    }
    let mut document = before.document.clone();
    let example_id = document.next_example_id;
    document.next_example_id += 1;
    document.examples.push(WatchExampleDocument {
        id: example_id,
        vectors: likeness
            .vectors
            .into_iter()
            .map(|(maker, vector)| (maker.to_string(), vector))
            .collect::<BTreeMap<_, _>>(),
        picture: STANDARD.encode(picture),
    });
    let what = format!("add example {example_id} to watch list {id}");
    save(&app, &editor.name, what, before, document).await
}

/// Removes somebody who is waited for.
#[utoipa::path(delete, path = "/api/v1/watch_lists/{id}/examples/{example_id}", tag = "search",
    params(("id" = u32, Path, description = "Watch list"),
        ("example_id" = u32, Path, description = "Example")),
    responses((status = 200, body = WatchListView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove_example(
    editor: Editor,
    State(app): State<App>,
    Path((id, example_id)): Path<(u32, u32)>,
) -> ApiResult<Json<WatchListView>> {
    let _changing = app.changing.lock().await;
    let before = find(&app, id).await?;
    let mut document = before.document.clone();
    document.examples.retain(|example| example.id != example_id);
    if document.examples.len() == before.document.examples.len() {
        return Err(ApiError::not_found(format!("no example {example_id}")));
    }
    let what = format!("remove example {example_id} of watch list {id}");
    save(&app, &editor.name, what, before, document).await
}

/// Picture of somebody who is waited for.
#[utoipa::path(get, path = "/api/v1/watch_lists/{id}/examples/{example_id}", tag = "search",
    params(("id" = u32, Path, description = "Watch list"),
        ("example_id" = u32, Path, description = "Example")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn example_jpg(
    _: Administrator,
    State(app): State<App>,
    Path((id, example_id)): Path<(u32, u32)>,
) -> ApiResult<Response> {
    let record = find(&app, id).await?;
    let mut examples = record.document.examples.iter();
    let example = examples.find(|example| example.id == example_id);
    let picture = example.and_then(|example| STANDARD.decode(&example.picture).ok());
    let picture = picture.ok_or_else(|| ApiError::not_found(format!("no example {example_id}")))?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    Ok((headers, picture).into_response())
}

async fn find(app: &App, id: u32) -> ApiResult<WatchRecord> {
    let records = app.watch_lists.list().await?;
    let found = records.into_iter().find(|record| record.id == id);
    found.ok_or_else(|| ApiError::not_found(format!("no watch list {id}")))
}

async fn save(
    app: &App,
    by: &str,
    what: String,
    before: WatchRecord,
    document: WatchListDocument,
) -> ApiResult<Json<WatchListView>> {
    let (id, expected) = (before.id, Expected::Revision(before.revision));
    let revision = app.watch_lists.put(id, &document, expected, by).await?;
    note(app, by, what, Some(&before.document), Some(&document)).await;
    let record = WatchRecord {
        id,
        document,
        revision,
    };
    Ok(Json(view(app, record)))
}

async fn note(
    app: &App,
    by: &str,
    what: String,
    before: Option<&WatchListDocument>,
    after: Option<&WatchListDocument>,
) {
    let audited = |document: &WatchListDocument| {
        let examples = document.examples.iter().map(|example| example.id).collect();
        serde_json::to_value(Audited {
            settings: &document.settings,
            examples,
        })
        .unwrap_or_default()
    };
    let (before, after) = (before.map(audited), after.map(audited));
    audit::note(app, by, what, before.as_ref(), after.as_ref()).await;
}

fn view(app: &App, record: WatchRecord) -> WatchListView {
    let document = record.document;
    let state = match () {
        () if !document.settings.is_enabled => "off",
        () if document.settings.expires_at() <= app.clock.now() => "expired",
        () if document.examples.is_empty() => "empty",
        () => "active",
    };
    let examples = document
        .examples
        .into_iter()
        .map(|example| WatchExampleView {
            id: example.id,
            url: format!("/api/v1/watch_lists/{}/examples/{}", record.id, example.id),
            makers: example.vectors.into_keys().collect(),
        });
    WatchListView {
        id: record.id,
        settings: document.settings,
        revision: record.revision,
        state,
        examples: examples.collect(),
    }
}

/// The picture of an example, as small as a stamp.
async fn picture_of(app: &App, source: &Source) -> ApiResult<Vec<u8>> {
    let source = source.clone();
    let jpeg = match source {
        Source::Picture(picture) => Some(picture.jpeg),
        Source::Shot(shot_id) => {
            let read = app.storage.read(move |reader| reader.shot_jpeg(shot_id));
            read.await?
        }
        Source::Sighting(sighting_id) => {
            let read = app.storage.read(move |reader| {
                let rows = reader.sightings_by_id(&[sighting_id.0])?;
                match rows.first().and_then(|row| row.shot.as_ref()) {
                    Some(shot) => reader.shot_jpeg(shot.shot_id),
                    None => Ok(None),
                }
            });
            read.await?
        }
    };
    let jpeg = jpeg.ok_or_else(|| {
        ApiError::bad_request("there is no picture of this any more: choose another example")
    })?;
    let stamp = tokio::task::spawn_blocking(move || stamp(&jpeg)).await;
    let stamp = stamp.map_err(|error| ApiError::from(anyhow::Error::from(error)))?;
    stamp.ok_or_else(|| ApiError::bad_request("the picture cannot be read: use a JPEG"))
}

/// `jpeg` at no more than [`STAMP_PX`] and [`MAX_STAMP_BYTES`].
fn stamp(jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Limits::default()).ok()?;
    let (image, _, _) = decoder.rgb(jpeg, Scale::Full, None).ok()?;
    let longer_px = image.width_px.max(image.height_px);
    let step = longer_px.div_ceil(STAMP_PX).max(1);
    let small = every(&image, step);
    let mut encoder = Encoder::new().ok()?;
    [80, 50, 20]
        .into_iter()
        .filter_map(|quality| encoder.rgb(&small, quality).ok())
        .find(|bytes| bytes.len() <= MAX_STAMP_BYTES)
}

/// Means of squares of `step` pixels.
fn every(image: &RgbImage, step: u32) -> RgbImage {
    let (width, height) = (
        (image.width_px / step).max(1),
        (image.height_px / step).max(1),
    );
    let mut small = RgbImage::new(width, height);
    let n_pixels = step * step;
    for (idx, target) in (0..).zip(small.data.chunks_exact_mut(3)) {
        let (left, top) = (idx % width * step, idx / width * step);
        let mut sums = [n_pixels / 2; 3];
        for (x, y) in (0..n_pixels).map(|at| (left + at % step, top + at / step)) {
            let pixel = image.pixel(x.min(image.width_px - 1), y.min(image.height_px - 1));
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u32::from(value);
            }
        }
        for (value, sum) in target.iter_mut().zip(sums) {
            *value = u8::try_from(sum / n_pixels).unwrap_or(u8::MAX);
        }
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamp_is_small_and_keeps_the_picture() {
        let mut image = RgbImage::new(640, 960);
        for (idx, pixel) in image.data.chunks_exact_mut(3).enumerate() {
            let is_left = idx % 640 < 320;
            pixel.copy_from_slice(if is_left {
                &[200, 20, 20]
            } else {
                &[20, 20, 200]
            });
        }
        let jpeg = Encoder::new().unwrap().rgb(&image, 90).unwrap();
        let stamp = stamp(&jpeg).unwrap();
        let mut decoder = Decoder::new(Limits::default()).unwrap();
        let (small, _, _) = decoder.rgb(&stamp, Scale::Full, None).unwrap();
        assert_eq!((small.width_px, small.height_px), (106, 160));
        assert!(small.pixel(10, 80)[0] > 150 && small.pixel(95, 80)[2] > 150);
        assert_eq!(super::stamp(b"no picture"), None);
    }
}
