//! The demo page: a folder of built files, served at `/`.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use anyhow::ensure;
use axum::response::{IntoResponse, Response};
use http::header;

const PAGE: &str = "index.html";
/// The page that shows the document of the REST API, and calls the API.
const API_PAGE: &str = "api.html";
/// Where the page of an installed program is, beside the program.
const INSTALLED: &str = "demo";
/// The page loads nothing from other origins, whatever the page shows.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// A folder that holds the page.
#[derive(Debug)]
pub(crate) struct Demo(PathBuf);

impl Demo {
    /// Opens the folder that somebody named, or else the folder `demo` beside the program, if that
    /// is there.
    ///
    /// # Errors
    /// When somebody named a folder without the page.
    pub(crate) fn find(named: Option<&Path>) -> anyhow::Result<Option<Self>> {
        let named = named.map(Self::open).transpose()?;
        let beside = || Some(std::env::current_exe().ok()?.parent()?.join(INSTALLED));
        Ok(named.or_else(|| beside().and_then(|folder| Self::open(&folder).ok())))
    }

    /// Opens a folder with an `index.html`.
    ///
    /// # Errors
    /// When there is no such folder or file.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let page = folder.join(PAGE);
        ensure!(
            page.is_file(),
            "the demo page {} is not there; make demo builds it",
            page.display()
        );
        Ok(Self(folder.to_owned()))
    }

    /// Answers the file of a path; `None` when there is no such file.
    pub(crate) async fn answer(&self, path: &str) -> Option<Response> {
        let path = Path::new(path.strip_prefix('/')?);
        // Nothing above the folder is the page's.
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let file = match path.to_str()? {
            "" => self.0.join(PAGE),
            "api" => self.0.join(API_PAGE),
            _ => self.0.join(path),
        };
        let kind = media_type(file.extension())?;
        let body = tokio::fs::read(&file).await.ok()?;
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        Some((headers, body).into_response())
    }
}

/// The kinds of files that a page is made of.
fn media_type(extension: Option<&OsStr>) -> Option<&'static str> {
    match extension?.to_str()? {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        // The package `@hubcast/client`, for `npm install URL`.
        "tgz" => Some("application/gzip"),
        _ => None,
    }
}
