//! People and vehicles that were seen, over REST.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{ShotId, SightingFilter, SightingId, SightingRow};
use types::{CameraId, Class, ProgramKind, Timestamp};
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::session::Viewer;

const DEFAULT_LIMIT: u32 = 60;
const MAX_LIMIT: u32 = 500;
/// Most attributes asked for at once.
const MAX_ATTRIBUTES: usize = 8;

/// A page of sightings, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SightingList {
    /// Newest first.
    pub sightings: Vec<SightingView>,
    /// For the next page; absent on the last one.
    pub next_before: Option<String>,
}

/// One followed object.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SightingView {
    /// Number of the sighting.
    pub id: i64,
    /// Camera id.
    pub camera_id: String,
    /// The camera's name now; its id when it was removed.
    pub camera_name: String,
    /// people or vehicle.
    pub program: &'static str,
    /// Which object.
    pub track_id: u64,
    /// What it is.
    pub class: &'static str,
    /// Belief in the class, 0 to 1.
    pub score: f32,
    /// First seen, UTC.
    pub first_seen_at: String,
    /// Last seen so far, UTC.
    pub last_seen_at: String,
    /// Whether the object is gone.
    pub is_final: bool,
    /// Heading, degrees clockwise from up in the picture.
    pub heading_deg: Option<f32>,
    /// Metres per second, where the camera is calibrated.
    pub speed_mps: Option<f32>,
    /// Zones it stood in, by their names now.
    pub zones: Vec<String>,
    /// Lines it crossed, by their names now.
    pub lines: Vec<String>,
    /// What it looks like.
    pub attributes: Vec<AttributeView>,
    /// Its picture.
    pub shot: Option<SightingShot>,
}

/// One attribute.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttributeView {
    /// Which.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Belief in it, 0 to 1.
    pub likelihood: f32,
}

/// The best shot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SightingShot {
    /// Where the picture is.
    pub url: String,
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Quality, 0 to 1.
    pub total: f32,
    /// How large the object is on it, 0 to 1; docs/programs.md has the scales.
    pub size: f32,
    /// How sharp it is, 0 to 1.
    pub sharpness: f32,
    /// How far it is from being cut off, 0 to 1.
    pub whole: f32,
    /// The detector's score then, 0 to 1.
    pub confidence: f32,
    /// How well it is exposed, 0 to 1.
    pub exposure: f32,
}

/// People and vehicles, newest first.
#[utoipa::path(get, path = "/api/v1/sightings", tag = "programs",
    params(("camera" = Option<String>, Query, description = "Only of this camera"),
        ("program" = Option<String>, Query, description = "people or vehicle"),
        ("class" = Option<String>, Query, description = "Only of these classes, separated by commas"),
        ("from" = Option<String>, Query, description = "First seen at or after, UTC"),
        ("until" = Option<String>, Query, description = "First seen before, UTC"),
        ("attribute" = Option<Vec<String>>, Query, description = "name:value; may be repeated"),
        ("before" = Option<String>, Query, description = "next_before of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 500; 60 when absent")),
    responses((status = 200, body = SightingList), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn list(
    _: Viewer,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> ApiResult<Json<SightingList>> {
    let filter = parse_filter(query.as_deref().unwrap_or_default())?;
    let limit = filter.limit as usize;
    let rows = app
        .storage
        .read(move |reader| reader.list_sightings(&filter))
        .await?;
    let next_before = (rows.len() == limit)
        .then(|| rows.last().map(page_mark))
        .flatten();
    let sightings = rows
        .into_iter()
        .map(|row| SightingView::new(&app, row))
        .collect();
    Ok(Json(SightingList {
        sightings,
        next_before,
    }))
}

/// A best shot's picture.
#[utoipa::path(get, path = "/api/v1/shots/{id}", tag = "programs",
    params(("id" = i64, Path, description = "Shot id")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn shot_jpg(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> ApiResult<Response> {
    let jpeg = app
        .storage
        .read(move |reader| reader.shot_jpeg(ShotId(id)))
        .await?;
    let jpeg =
        jpeg.ok_or_else(|| ApiError::not_found("no such picture: retention may have removed it"))?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "private, max-age=3600"),
        ],
        jpeg,
    )
        .into_response())
}

impl SightingView {
    pub(super) fn new(app: &App, row: SightingRow) -> Self {
        let settings = app.fleet.settings(&row.camera_id);
        let zones = row.zone_ids.iter().map(|&zone_id| {
            let name = settings.as_ref().and_then(|s| s.zone_name(zone_id));
            name.map_or_else(|| format!("zone {} (removed)", zone_id.0), str::to_owned)
        });
        let lines = row.line_ids.iter().map(|&line_id| {
            let name = settings.as_ref().and_then(|s| s.line_name(line_id));
            name.map_or_else(|| format!("line {} (removed)", line_id.0), str::to_owned)
        });
        SightingView {
            zones: zones.collect(),
            lines: lines.collect(),
            id: row.sighting_id.0,
            camera_name: settings.map_or_else(|| row.camera_id.to_string(), |s| s.name.clone()),
            camera_id: row.camera_id.to_string(),
            program: row.program.name(),
            track_id: row.track_id.0,
            class: row.class.name(),
            score: row.score,
            first_seen_at: row.first_seen_at.to_string(),
            last_seen_at: row.last_seen_at.to_string(),
            is_final: row.is_final,
            heading_deg: row.heading_deg,
            speed_mps: row.speed_mps,
            attributes: row
                .attributes
                .into_iter()
                .map(|attribute| AttributeView {
                    name: attribute.name,
                    value: attribute.value,
                    likelihood: attribute.likelihood,
                })
                .collect(),
            shot: row.shot.map(|shot| SightingShot {
                // A replaced picture keeps its id: its time tells them apart.
                url: format!(
                    "/api/v1/shots/{}?at={}",
                    shot.shot_id.0,
                    shot.captured_at.as_millis()
                ),
                width_px: shot.width_px,
                height_px: shot.height_px,
                total: shot.quality.total,
                size: shot.quality.size,
                sharpness: shot.quality.sharpness,
                whole: shot.quality.whole,
                confidence: shot.quality.confidence,
                exposure: shot.quality.exposure,
            }),
        }
    }
}

/// Where a page ends.
fn page_mark(row: &SightingRow) -> String {
    format!("{}-{}", row.first_seen_at.as_micros(), row.sighting_id.0)
}

fn parse_mark(mark: &str) -> Option<(Timestamp, SightingId)> {
    let (micros, id) = mark.split_once('-')?;
    Some((
        Timestamp::from_micros(micros.parse().ok()?),
        SightingId(id.parse().ok()?),
    ))
}

/// Reads the query by hand: an attribute may be given several times.
fn parse_filter(query: &str) -> ApiResult<SightingFilter> {
    let mut filter = SightingFilter {
        limit: DEFAULT_LIMIT,
        ..SightingFilter::default()
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        read_pair(&mut filter, &name, &value).map_err(|wish| {
            let value: String = value.chars().take(80).collect();
            ApiError::bad_request(format!("{name} = {value:?}: {wish}"))
        })?;
    }
    Ok(filter)
}

/// An error says what would have been right.
fn read_pair(filter: &mut SightingFilter, name: &str, value: &str) -> Result<(), String> {
    let time = || Timestamp::parse_rfc3339(value).map_err(|error| error.to_string());
    match name {
        "camera" => {
            let camera_id = CameraId::new(value).map_err(|error| error.to_string())?;
            filter.camera_id = Some(camera_id);
        }
        "program" => {
            let program = ProgramKind::from_name(value);
            filter.program = Some(program.ok_or("use people or vehicle")?);
        }
        "class" => {
            for name in value.split(',').filter(|name| !name.is_empty()) {
                let class = Class::from_name(name);
                filter.classes.push(class.ok_or("no such class")?);
            }
        }
        "from" => filter.from = Some(time()?),
        "until" => filter.until = Some(time()?),
        "attribute" => {
            let (name, value) = value.split_once(':').ok_or("use name:value")?;
            if filter.attributes.len() == MAX_ATTRIBUTES {
                return Err(format!("at most {MAX_ATTRIBUTES} attributes"));
            }
            filter.attributes.push((name.to_owned(), value.to_owned()));
        }
        "before" => filter.before = Some(parse_mark(value).ok_or("use next_before of a page")?),
        "limit" => {
            let limit = value.parse().ok();
            let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
            filter.limit = limit.ok_or_else(|| format!("use 1 to {MAX_LIMIT}"))?;
        }
        _ => return Err("no such parameter".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_becomes_a_filter_and_attributes_may_repeat() {
        let filter = parse_filter(
            "camera=gate&program=people&class=person&attribute=upper_colour%3Ared\
             &attribute=lower_colour:blue&before=1000000-7&limit=2",
        )
        .unwrap();
        assert_eq!(filter.attributes.len(), 2);
        assert_eq!(filter.attributes[0].1, "red");
        assert_eq!(
            filter.before,
            Some((Timestamp::from_secs(1), SightingId(7)))
        );
        assert_eq!((filter.limit, filter.classes.len()), (2, 1));
    }

    #[test]
    fn query_that_cannot_be_meant_is_refused() {
        for query in [
            "limit=0",
            "limit=501",
            "colour=red",
            "attribute=red",
            "program=vmdd",
            "class=cat",
            "from=yesterday",
            "before=7",
        ] {
            assert!(parse_filter(query).is_err(), "{query}");
        }
    }
}
