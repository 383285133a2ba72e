//! The server: which request gets which answer, and which requests get none.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;

use super::answer::Answer;
use super::door::{Admission, Refusal};
use super::state::{Console, Shared};
use super::{changes, listening, page, reads};

/// The page loads nothing from other origins, whatever the page shows, and stands in no frame.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Serves until the listener fails.
///
/// # Errors
/// When the listener fails.
pub(super) async fn serve(listener: TcpListener, console: Console) -> io::Result<()> {
    axum::serve(listener, router(Arc::new(console))).await
}

fn router(console: Shared) -> Router {
    let changing = Router::new()
        .route("/api/messages", post(changes::send))
        .route("/api/letters/redrive", post(changes::redrive))
        .route("/api/letters/drop", post(changes::drop_letters))
        .route("/api/doctor", post(changes::doctor))
        .route("/api/listen", post(listening::listen))
        .route_layer(from_fn_with_state(Arc::clone(&console), may_change));
    Router::new()
        .route("/api/place", get(reads::place))
        .route("/api/connections", get(reads::connections))
        .route("/api/users", get(reads::users))
        .route("/api/user", get(reads::user))
        .route("/api/groups", get(reads::groups))
        .route("/api/why", get(reads::why))
        .route("/api/audit", get(reads::audit))
        .route("/api/metrics", get(reads::metrics))
        .route("/api/letters", get(reads::letters))
        .route("/api/findings", get(reads::findings))
        .route("/api/preview", post(reads::preview))
        .merge(changing)
        .fallback(page::answer)
        .layer(from_fn_with_state(Arc::clone(&console), guarded))
        .with_state(console)
}

/// The query of the address that the terminal shows.
#[derive(Debug, Deserialize)]
struct Entrance {
    secret: Option<String>,
}

async fn guarded(
    State(console): State<Shared>,
    Query(Entrance { secret }): Query<Entrance>,
    request: Request,
    next: Next,
) -> Response {
    let is_of_api = request.uri().path().starts_with("/api/");
    let answer = match console.door.admit(request.method(), request.headers(), secret.as_deref()) {
        Ok(Admission::Asks) => next.run(request).await,
        Ok(Admission::Enters(cookie)) => entered(cookie.as_deref()),
        Err(refusal) if is_of_api => Answer::refused(refusal).into_response(),
        Err(refusal) => {
            let page = Html(page::note("hubcast console", &refusal.to_string()));
            (StatusCode::FORBIDDEN, page).into_response()
        }
    };
    (HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))), answer).into_response()
}

/// The way to the page, without the secret in the address.
fn entered(cookie: Option<&str>) -> Response {
    let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    let cookie = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok());
    cookie.map(|cookie| answer.headers_mut().insert(header::SET_COOKIE, cookie));
    answer
}

async fn may_change(State(console): State<Shared>, request: Request, next: Next) -> Response {
    if console.allows_changes {
        next.run(request).await
    } else {
        Answer::refused(Refusal::ReadOnly).into_response()
    }
}
