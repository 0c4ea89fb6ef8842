//! The control log over REST: as pages, and as a file to keep elsewhere.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{ControlChain, ControlRow};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Asked;
use super::session::Viewer;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;
/// Most rows of one exported file.
const MAX_EXPORTED: usize = 100_000;

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlQuery {
    /// Only older than this row: `next_before` of the page before.
    before: Option<i64>,
    /// Most rows, 1 to 500; 50 when absent.
    limit: Option<u32>,
}

/// A page of the log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ControlList {
    /// Newest first.
    pub rows: Vec<ControlView>,
    /// Whether no row was changed or taken out since it was written.
    pub is_chain_intact: bool,
    /// The first row whose seal does not fit.
    pub broken_at: Option<i64>,
    /// For the next page; absent on the last one.
    pub next_before: Option<i64>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ControlView {
    /// Number of the row.
    pub id: i64,
    /// When, UTC.
    pub at: String,
    /// Who.
    pub who: String,
    /// What was done, and to what.
    pub what: String,
    /// How it was before.
    pub before: Option<String>,
    /// How it is since.
    pub after: Option<String>,
    /// Seal over this row and all before it, SHA-256 in hex.
    pub hash: String,
}

/// Who did what to the programs.
#[utoipa::path(get, path = "/api/v1/control_log", tag = "software", params(ControlQuery),
    responses((status = 200, body = ControlList), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn list(
    _: Viewer,
    State(app): State<App>,
    Asked(query): Asked<ControlQuery>,
) -> ApiResult<Json<ControlList>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::bad_request(format!(
            "limit = {limit}: use 1 to {MAX_LIMIT}"
        )));
    }
    let (rows, chain) = app
        .storage
        .read(move |reader| {
            Ok((
                reader.list_control(query.before, limit)?,
                reader.check_control()?,
            ))
        })
        .await?;
    let broken_at = match chain {
        ControlChain::Whole { .. } => None,
        ControlChain::Broken { log_id } => Some(log_id),
    };
    Ok(Json(ControlList {
        next_before: (rows.len() == limit as usize)
            .then(|| rows.last().map(|row| row.log_id))
            .flatten(),
        rows: rows.into_iter().map(ControlView::new).collect(),
        is_chain_intact: broken_at.is_none(),
        broken_at,
    }))
}

/// The log as a CSV file, newest row first.
#[utoipa::path(get, path = "/api/v1/control_log.csv", tag = "software",
    responses((status = 200, description = "CSV", content_type = "text/csv")))]
pub(super) async fn csv(_: Viewer, State(app): State<App>) -> ApiResult<Response> {
    let rows = app
        .storage
        .read(|reader| {
            let mut rows: Vec<ControlRow> = Vec::new();
            while rows.len() < MAX_EXPORTED {
                let before = rows.last().map(|row| row.log_id);
                let page = reader.list_control(before, MAX_LIMIT)?;
                let is_last = page.len() < MAX_LIMIT as usize;
                rows.extend(page);
                if is_last {
                    break;
                }
            }
            Ok(rows)
        })
        .await?;
    let mut text = String::from("id,at,who,what,before,after,hash\r\n");
    for row in rows.into_iter().map(ControlView::new) {
        let fields = [
            row.id.to_string(),
            row.at,
            row.who,
            row.what,
            row.before.unwrap_or_default(),
            row.after.unwrap_or_default(),
            row.hash,
        ];
        super::csv::push_row(&mut text, &fields);
    }
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"control-log.csv\"",
            ),
        ],
        text,
    )
        .into_response())
}

impl ControlView {
    fn new(row: ControlRow) -> Self {
        ControlView {
            id: row.log_id,
            at: row.at.to_string(),
            who: row.entry.who,
            what: row.entry.what,
            before: row.entry.before,
            after: row.entry.after,
            hash: row.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
