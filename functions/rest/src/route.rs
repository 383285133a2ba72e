//! The operations, as Azure's reference lists them, and hubcast's additions.
//!
//! One row is one operation of one style of path: since which version, how it
//! is called, which query it knows besides `api-version` and `application`,
//! and the status of its success.

/// Since when an operation is there, which decides how its version is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Since {
    /// Of no version: always there.
    Always,
    /// `/api/v1-preview/..`
    Preview,
    /// `/api/v1/..`
    V1,
    /// `?api-version=2022-06-01`
    V2022June,
    /// `?api-version=2022-11-01`
    V2022November,
    /// `?api-version=2023-07-01`
    V2023July,
    /// `?api-version=2024-12-01`
    V2024December,
    /// `?api-version=2026-07-01`
    V2026July,
    /// An addition of hubcast: under any version that has a date.
    Own,
}

/// The versions that have a date.
pub(crate) const VERSIONS: [(&str, Since); 5] = [
    ("2022-06-01", Since::V2022June),
    ("2022-11-01", Since::V2022November),
    ("2023-07-01", Since::V2023July),
    ("2024-12-01", Since::V2024December),
    ("2026-07-01", Since::V2026July),
];

impl Since {
    /// Whether the version stands in the query.
    pub(crate) fn is_dated(self) -> bool {
        self >= Self::V2022June
    }

    /// Whether an operation of this age is part of a version that has a date.
    pub(crate) fn is_in(self, version: Self) -> bool {
        self == Self::Own || self <= version
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Health,
    OpenApi,
    AccessKey,
    Send,
    SendToEach,
    Enqueue,
    Close,
    CloseConnection,
    Execute,
    GenerateToken,
    Invoke,
    StreamSend,
    StreamComplete,
    Exists,
    RefreshAuth,
    ConnectionClaims,
    AddConnection,
    RemoveConnection,
    RemoveConnectionFromAll,
    AddUser,
    RemoveUser,
    RemoveUserFromAll,
    IsUserInGroup,
    ListConnections,
    ListUsers,
    ListGroups,
    Count,
    MessageFate,
}

/// One row of the reference.
#[derive(Debug)]
pub(crate) struct Route {
    /// Since which version the operation is there.
    pub(crate) since: Since,
    /// What is done.
    pub(crate) operation: Operation,
    /// The methods of HTTP by which it is called.
    pub(crate) methods: &'static [&'static str],
    /// The path from `api/` on, with parameters in braces.
    pub(crate) path: &'static str,
    /// The parameters of the query that it knows.
    pub(crate) query: &'static [&'static str],
    /// The status of its success.
    pub(crate) ok: u16,
}

/// A row that knows no query of its own.
const fn row(
    since: Since,
    operation: Operation,
    methods: &'static [&'static str],
    path: &'static str,
    ok: u16,
) -> Route {
    Route { since, operation, methods, path, query: &[], ok }
}

impl Route {
    /// The same row, which knows these parameters of the query.
    const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }
}

const HEAD: &[&str] = &["HEAD"];
const GET: &[&str] = &["GET"];
/// The SDK asks by GET what the reference lists as HEAD, and the other way round.
const LOOK: &[&str] = &["GET", "HEAD"];
const POST: &[&str] = &["POST"];
/// The SDK asks by QUERY, which CloudFront does not pass.
const ASK: &[&str] = &["QUERY", "POST"];
const PUT: &[&str] = &["PUT"];
const DELETE: &[&str] = &["DELETE"];

const PAGE: &[&str] = &["maxpagesize", "top", "continuationToken"];
const CLOSE: &[&str] = &["excluded", "reason", "allowReconnect"];
const CLOSE_USER: &[&str] = &["excluded", "reason", "allowReconnect", "revoke"];
const CLOSE_CONNECTION: &[&str] = &["reason", "allowReconnect"];

use Operation as O;
use Since as S;

/// Every operation of every version.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    row(S::Always, O::Health, LOOK, "api/health", 200),
    row(S::Always, O::Health, LOOK, "api/v1/health", 200),
    row(S::Always, O::OpenApi, GET, "api/openapi.json", 200),
    row(S::Always, O::AccessKey, GET, "api/auth/accessKey", 200),
    row(S::Always, O::AccessKey, GET, "api/v1/auth/accessKey", 200),

    row(S::V2022June, O::Send, POST, "api/hubs/{hub}/:send", 202).query(&["excluded"]),
    row(S::V2022June, O::Close, POST, "api/hubs/{hub}/:closeConnections", 204).query(CLOSE),
    row(S::V2023July, O::Execute, POST, "api/hubs/{hub}/:execute", 202).query(&["filter"]),
    row(S::V2022November, O::GenerateToken, POST, "api/hubs/{hub}/:generateToken", 200).query(&["userId", "minutesToExpire"]),
    row(S::V2026July, O::RefreshAuth, POST, "api/hubs/{hub}/connections/:refreshAuth", 200),
    row(S::V2026July, O::ConnectionClaims, ASK, "api/hubs/{hub}/connections/claims", 200),
    row(S::V2022June, O::Exists, HEAD, "api/hubs/{hub}/connections/{connection}", 200),
    row(S::V2022June, O::CloseConnection, DELETE, "api/hubs/{hub}/connections/{connection}", 200).query(CLOSE_CONNECTION),
    row(S::V2022June, O::Send, POST, "api/hubs/{hub}/connections/{connection}/:send", 202),
    row(S::V2024December, O::Invoke, POST, "api/hubs/{hub}/connections/{connection}/:invoke", 200),
    row(S::V2024December, O::StreamSend, POST, "api/hubs/{hub}/connections/{connection}/streams/{stream}/:send", 202).query(&["completed"]),
    row(S::V2024December, O::StreamComplete, POST, "api/hubs/{hub}/connections/{connection}/streams/{stream}/:complete", 202).query(&["reason", "error"]),
    row(S::V2022June, O::RemoveConnectionFromAll, DELETE, "api/hubs/{hub}/connections/{connection}/groups", 200),
    row(S::V2022June, O::Exists, HEAD, "api/hubs/{hub}/groups/{group}", 200),
    row(S::V2022June, O::Send, POST, "api/hubs/{hub}/groups/{group}/:send", 202).query(&["excluded"]),
    row(S::V2022June, O::Close, POST, "api/hubs/{hub}/groups/{group}/:closeConnections", 204).query(CLOSE),
    row(S::V2024December, O::ListConnections, GET, "api/hubs/{hub}/groups/{group}/connections", 200).query(PAGE),
    row(S::V2022June, O::AddConnection, PUT, "api/hubs/{hub}/groups/{group}/connections/{connection}", 200),
    row(S::V2022June, O::RemoveConnection, DELETE, "api/hubs/{hub}/groups/{group}/connections/{connection}", 200),
    row(S::V2022June, O::Exists, HEAD, "api/hubs/{hub}/users/{user}", 200),
    row(S::V2022June, O::Send, POST, "api/hubs/{hub}/users/{user}/:send", 202),
    row(S::V2022June, O::Close, POST, "api/hubs/{hub}/users/{user}/:closeConnections", 204).query(CLOSE_USER),
    row(S::V2022June, O::RemoveUserFromAll, DELETE, "api/hubs/{hub}/users/{user}/groups", 204),
    row(S::V2022June, O::AddUser, PUT, "api/hubs/{hub}/users/{user}/groups/{group}", 200).query(&["ttl"]),
    row(S::V2022June, O::RemoveUser, DELETE, "api/hubs/{hub}/users/{user}/groups/{group}", 204),
    row(S::V2022June, O::IsUserInGroup, LOOK, "api/hubs/{hub}/users/{user}/groups/{group}", 200),

    row(S::Own, O::Enqueue, POST, "api/hubs/{hub}/:enqueue", 202),
    row(S::Own, O::ListConnections, GET, "api/hubs/{hub}/connections", 200).query(PAGE),
    row(S::Own, O::ListUsers, GET, "api/hubs/{hub}/users", 200).query(PAGE),
    row(S::Own, O::ListConnections, GET, "api/hubs/{hub}/users/{user}/connections", 200).query(PAGE),
    row(S::Own, O::ListGroups, GET, "api/hubs/{hub}/users/{user}/groups", 200).query(PAGE),
    row(S::Own, O::MessageFate, GET, "api/hubs/{hub}/messages/{message}", 200),
    row(S::Own, O::Count, GET, "api/hubs/{hub}/:count", 200),
    row(S::Own, O::Count, GET, "api/hubs/{hub}/groups/{group}/:count", 200),
    row(S::Own, O::Count, GET, "api/hubs/{hub}/users/{user}/:count", 200),

    row(S::V1, O::Send, POST, "api/v1/hubs/{hub}", 202).query(&["excluded"]),
    row(S::V1, O::Send, POST, "api/v1/hubs/{hub}/users/{user}", 202),
    row(S::V1, O::Send, POST, "api/v1/hubs/{hub}/connections/{connection}", 202),
    row(S::V1, O::Exists, LOOK, "api/v1/hubs/{hub}/connections/{connection}", 200),
    row(S::V1, O::Close, DELETE, "api/v1/hubs/{hub}/connections/{connection}", 202).query(CLOSE_CONNECTION),
    row(S::V1, O::Send, POST, "api/v1/hubs/{hub}/groups/{group}", 202).query(&["excluded"]),
    row(S::V1, O::Exists, LOOK, "api/v1/hubs/{hub}/groups/{group}", 200),
    row(S::V1, O::Exists, LOOK, "api/v1/hubs/{hub}/users/{user}", 200),
    row(S::V1, O::AddConnection, PUT, "api/v1/hubs/{hub}/groups/{group}/connections/{connection}", 200),
    row(S::V1, O::RemoveConnection, DELETE, "api/v1/hubs/{hub}/groups/{group}/connections/{connection}", 200),
    row(S::V1, O::AddConnection, PUT, "api/v1/hubs/{hub}/connections/{connection}/groups/{group}", 200),
    row(S::V1, O::RemoveConnection, DELETE, "api/v1/hubs/{hub}/connections/{connection}/groups/{group}", 200),
    row(S::V1, O::IsUserInGroup, LOOK, "api/v1/hubs/{hub}/groups/{group}/users/{user}", 200),
    row(S::V1, O::IsUserInGroup, LOOK, "api/v1/hubs/{hub}/users/{user}/groups/{group}", 200),
    row(S::V1, O::AddUser, PUT, "api/v1/hubs/{hub}/groups/{group}/users/{user}", 202).query(&["ttl"]),
    row(S::V1, O::AddUser, PUT, "api/v1/hubs/{hub}/users/{user}/groups/{group}", 202).query(&["ttl"]),
    row(S::V1, O::RemoveUser, DELETE, "api/v1/hubs/{hub}/groups/{group}/users/{user}", 202),
    row(S::V1, O::RemoveUser, DELETE, "api/v1/hubs/{hub}/users/{user}/groups/{group}", 202),
    row(S::V1, O::RemoveUserFromAll, DELETE, "api/v1/hubs/{hub}/users/{user}/groups", 202),

    row(S::Preview, O::Send, POST, "api/v1-preview/hub/{hub}", 202),
    row(S::Preview, O::Send, POST, "api/v1-preview/hub/{hub}/user/{user}", 202),
    row(S::Preview, O::SendToEach, POST, "api/v1-preview/hub/{hub}/users/{users}", 202),
    row(S::Preview, O::Send, POST, "api/v1-preview/hub/{hub}/group/{group}", 202),
    row(S::Preview, O::SendToEach, POST, "api/v1-preview/hub/{hub}/groups/{groups}", 202),
];

/// The parameters of a path, by name.
pub(crate) type Parameters<'a> = Vec<(&'static str, &'a str)>;

/// Why a path leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Nowhere {
    /// There is no such path.
    Path,
    /// There is, but only for these methods.
    Method(Vec<&'static str>),
}

/// The route of a request and the parameters of its path.
pub(crate) fn find<'a>(
    method: &str,
    parts: &'a [String],
) -> Result<(&'static Route, Parameters<'a>), Nowhere> {
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(parameters) = parameters(route.path, parts) else {
            continue;
        };
        if route.methods.contains(&method) {
            return Ok((route, parameters));
        }
        allowed.extend(route.methods);
    }
    if allowed.is_empty() { Err(Nowhere::Path) } else { Err(Nowhere::Method(allowed)) }
}

/// The name of a part of a pattern that stands for something.
pub(crate) fn parameter(part: &'static str) -> Option<&'static str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn parameters<'a>(pattern: &'static str, parts: &'a [String]) -> Option<Parameters<'a>> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    if pattern.len() != parts.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (expected, part) in pattern.into_iter().zip(parts) {
        match parameter(expected) {
            Some(name) => parameters.push((name, part.as_str())),
            // Names that are not the caller's own have no case, as in ASP.NET Core.
            None if expected.eq_ignore_ascii_case(part) => {}
            None => return None,
        }
    }
    Some(parameters)
}

/// Whether a path, of which it is not known which of its slashes were part of a name, can be read
/// in one way only.
pub(crate) fn is_plain(method: &str, parts: &[String]) -> bool {
    let routes = ROUTES.iter().filter(|route| route.methods.contains(&method));
    let ways: usize = routes.map(|route| ways(&pattern(route), parts)).sum();
    let is_exact = ROUTES.iter().any(|route| parameters(route.path, parts).is_some());
    ways <= 1 && (is_exact || ways == 0)
}

fn pattern(route: &Route) -> Vec<&'static str> {
    route.path.split('/').collect()
}

/// In how many ways the parts fit a pattern when each of its parameters may take several. No hub's
/// name holds a slash.
fn ways(pattern: &[&'static str], parts: &[String]) -> usize {
    let Some((first, rest)) = pattern.split_first() else {
        return usize::from(parts.is_empty());
    };
    if rest.len() >= parts.len() {
        return 0;
    }
    match parameter(first) {
        None => {
            let is_first = parts.first().is_some_and(|part| part.eq_ignore_ascii_case(first));
            if is_first { ways(rest, &parts[1..]) } else { 0 }
        }
        Some("hub") => ways(rest, &parts[1..]),
        Some(_) => (1..=parts.len() - rest.len()).map(|taken| ways(rest, &parts[taken..])).sum(),
    }
}
