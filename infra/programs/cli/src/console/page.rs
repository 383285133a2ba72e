//! The files of the page, which are part of the program.

use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

/// Pairs of a path and a file; none when the program was built without the page.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));
const PAGE: &str = "index.html";
/// What to do about a program without the page.
pub(super) const MISSING: &str =
    "this program was built without the page of the console: run make console, and build again";

/// Whether the program has the page.
pub(super) fn is_built() -> bool {
    file(PAGE).is_some()
}

/// Answers the file of a path.
pub(super) async fn answer(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { PAGE } else { path };
    match file(path) {
        Some(bytes) => ([(header::CONTENT_TYPE, media_type(path))], bytes).into_response(),
        None if path == PAGE => Html(note("hubcast console", MISSING)).into_response(),
        None => (StatusCode::NOT_FOUND, "there is nothing here").into_response(),
    }
}

/// A page that says one sentence.
pub(super) fn note(title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><main><h1>{title}</h1><p>{text}</p></main></html>"
    )
}

fn file(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

/// The kinds of files that the page is made of.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
