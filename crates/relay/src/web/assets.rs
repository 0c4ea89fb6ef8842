//! The web pages, bundled into the binary.
//!
//! Unknown paths outside `/api` answer with the start page, so that deep links
//! work; the page itself says when there is no such thing.

use std::borrow::Cow;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Pages;

const START_PAGE: &str = "index.html";

/// Files whose name holds a hash of their content never change.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Written by the build of the pages.
const LICENCES: &str = "licences.md";

/// Licences of the pages' JavaScript; empty in a build without pages.
pub(crate) fn page_licences() -> Cow<'static, str> {
    Pages::get(LICENCES).map_or(Cow::Borrowed(""), |file| {
        String::from_utf8_lossy(&file.data).into_owned().into()
    })
}

/// An address below `/api/` that there is not: never the start page, which a
/// program could not read.
pub(super) async fn no_such_address(uri: Uri) -> ApiError {
    // The router has taken off what all addresses of the interface begin with.
    let path: String = uri.path().chars().take(80).collect();
    ApiError::not_found(format!("the interface has no address {path:?}"))
}

/// A bundled file, or the start page.
pub(super) async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return no_such_address(uri).await.into_response();
    }
    let accepts_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let is_file = !path.is_empty() && Pages::get(path).is_some();
    let name = if is_file { path } else { START_PAGE };
    let zipped = Pages::get(&format!("{name}.gz")).filter(|_| accepts_gzip);
    match zipped {
        Some(file) => respond(name, file, Some("gzip")),
        None => match Pages::get(name) {
            Some(file) => respond(name, file, None),
            None => (
                StatusCode::NOT_FOUND,
                "this build has no web pages: run `npm ci && npm run build` in ui/ and build again",
            )
                .into_response(),
        },
    }
}

fn respond(name: &str, file: EmbeddedFile, encoding: Option<&'static str>) -> Response {
    let cache = if name.starts_with("assets/") {
        FOREVER
    } else {
        "no-cache"
    };
    let mut response = (
        [
            (header::CONTENT_TYPE, content_type(name)),
            (header::CACHE_CONTROL, cache),
            (header::VARY, "Accept-Encoding"),
        ],
        file.data,
    )
        .into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(
            header::CONTENT_ENCODING,
            header::HeaderValue::from_static(encoding),
        );
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("md") => "text/markdown; charset=utf-8",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
