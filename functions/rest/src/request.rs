//! What a request says: its names, its query and its version.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use hubcast_model::audience::Audience;
use hubcast_model::id::{ConnectionId, GroupName, HubName, NameError, UserId};
use hubcast_model::spelling::{hint, nearest};

use crate::answer::{self, Refusal};
use crate::route::{Parameters, Route, VERSIONS};

/// The most names of a list in a path.
const EACH_MAX: usize = 100;

/// The parameters of the query that every operation knows.
const OF_ALL: [&str; 2] = ["api-version", "application"];

/// SQS's ids of messages are shorter.
const MESSAGE_ID_CHARS: usize = 100;

/// The longest id of a stream.
const STREAM_ID_MAX_CHARS: usize = 100;

/// A request that found its route.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The operation.
    pub(crate) route: &'static Route,
    /// The parameters of the path, by name.
    parameters: Parameters<'a>,
    /// The parameters of the query: names and values, decoded, in their order.
    pub(crate) query: &'a [(String, String)],
    /// The hub that it is about.
    pub(crate) hub: HubName,
}

impl<'a> Request<'a> {
    /// Reads what all operations have in common.
    pub(crate) fn read(
        route: &'static Route,
        parameters: Parameters<'a>,
        query: &'a [(String, String)],
    ) -> Result<Self, Refusal> {
        check_names(route, query)?;
        check_version(route, single(query, "api-version")?)?;
        let own = parameters.iter().find(|(name, _)| *name == "hub").map(|(_, hub)| *hub);
        let hub = named("hub", own.unwrap_or_default(), HubName::parse)?;
        let hub = match single(query, "application")? {
            // As in Azure, an application's hubs are hubs of their own.
            Some(application) => {
                let application = named("application", application, HubName::parse)?;
                let hub = hub.of_application(&application);
                hub.map_err(|err| Refusal::bad(format!("'hub' with 'application' {err}")))?
            }
            None => hub,
        };
        Ok(Self { route, parameters, query, hub })
    }

    /// The success of something that was done, in the words of the version.
    pub(crate) fn done(&self) -> ApiGatewayV2httpResponse {
        let (ok, since) = (self.route.ok, self.route.since);
        if since.is_dated() && ok != 204 { answer::service(ok) } else { answer::empty(ok) }
    }

    fn parameter<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, NameError>,
    ) -> Result<Option<T>, Refusal> {
        let value = self.parameters.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| named(name, value, parse)).transpose()
    }

    fn needed<T>(&self, name: &str, parse: fn(&str) -> Result<T, NameError>) -> Result<T, Refusal> {
        self.parameter(name, parse)?.ok_or_else(|| Refusal::bad(format!("'{name}' is missing")))
    }

    /// The id of a message.
    pub(crate) fn message(&self) -> Result<&'a str, Refusal> {
        let value = self.parameters.iter().find(|(name, _)| *name == "message");
        let id = value.map(|(_, id)| *id).filter(|id| (1..=MESSAGE_ID_CHARS).contains(&id.len()));
        id.ok_or_else(|| {
            Refusal::bad(format!("'message' takes 1 to {MESSAGE_ID_CHARS} characters"))
        })
    }

    pub(crate) fn user(&self) -> Result<UserId, Refusal> {
        self.needed("user", UserId::parse)
    }

    pub(crate) fn group(&self) -> Result<GroupName, Refusal> {
        self.needed("group", GroupName::parse)
    }

    pub(crate) fn connection(&self) -> Result<ConnectionId, Refusal> {
        self.needed("connection", ConnectionId::parse)
    }

    /// The id of a stream: 1 to 100 characters, and no step of a path.
    pub(crate) fn stream(&self) -> Result<&'a str, Refusal> {
        let stream = self.parameters.iter().find(|(name, _)| *name == "stream");
        let stream = stream.map(|(_, id)| *id);
        let is_step = |id: &str| matches!(id, "." | "..");
        let fits =
            |id: &&str| (1..=STREAM_ID_MAX_CHARS).contains(&id.chars().count()) && !is_step(id);
        stream.filter(fits).ok_or_else(|| {
            Refusal::bad("the id of a stream has 1 to 100 characters, and is not '.' or '..'")
        })
    }

    /// Whom the path names; the whole hub when nobody.
    pub(crate) fn audience(&self) -> Result<Audience, Refusal> {
        if let Some(connection) = self.parameter("connection", ConnectionId::parse)? {
            return Ok(Audience::Connection(connection));
        }
        if let Some(user) = self.parameter("user", UserId::parse)? {
            return Ok(Audience::user(user));
        }
        let group = self.parameter("group", GroupName::parse)?;
        Ok(group.map_or(Audience::Hub, Audience::group))
    }

    /// All whom a path names that has a list with commas, each once.
    pub(crate) fn each_audience(&self) -> Result<Vec<Audience>, Refusal> {
        let mut audiences = Vec::new();
        for (list, text) in &self.parameters {
            // No name is trimmed: what was meant for ` admin` must not reach `admin`.
            let names = text.split(',').filter(|name| !name.is_empty());
            for name in names {
                match *list {
                    "users" => audiences.push(Audience::user(named(list, name, UserId::parse)?)),
                    "groups" => {
                        audiences.push(Audience::group(named(list, name, GroupName::parse)?));
                    }
                    _ => {}
                }
            }
        }
        audiences.sort();
        audiences.dedup();
        match audiences.len() {
            0 => Err(Refusal::bad("the list is empty")),
            1..=EACH_MAX => Ok(audiences),
            _ => Err(Refusal::bad(format!("a list names at most {EACH_MAX}"))),
        }
    }

    /// A parameter of the query, which may stand there once.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        single(self.query, name)
    }

    /// The user that a token is asked for; `None` for an anonymous one.
    pub(crate) fn token_user(&self) -> Result<Option<UserId>, Refusal> {
        let user = self.text("userId")?.filter(|user| !user.is_empty());
        user.map(|user| named("userId", user, UserId::parse)).transpose()
    }

    /// True or false, if the query says which.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => {
                let hint = hint(text, ["true", "false"]);
                Err(Refusal::bad(format!("'{name}' must be true or false{hint}")))
            }
        }
    }

    /// A whole number of 31 bits within a range.
    pub(crate) fn number(
        &self,
        name: &str,
        allowed: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let number = u32::from_str(text).ok().filter(|number| allowed.contains(number));
        let (least, most) = allowed.into_inner();
        let expected = || format!("'{name}' must be a whole number from {least} to {most}");
        number.map(Some).ok_or_else(|| Refusal::bad(expected()))
    }

    pub(crate) fn seconds(&self, name: &str) -> Result<Option<Duration>, Refusal> {
        let seconds = self.number(name, 0..=i32::MAX.unsigned_abs())?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// The connections that are left out; each may also be named by its connectionToken.
    pub(crate) fn excluded(&self) -> Result<BTreeSet<ConnectionId>, Refusal> {
        let ids = values(self.query, "excluded").filter(|id| !id.is_empty());
        ids.map(|id| named("excluded", id, ConnectionId::parse)).collect()
    }
}

/// As in Azure, a parameter that nobody knows means nothing; one that looks like a slip of the pen
/// would have meant something, such as whom a message must not reach.
fn check_names(route: &Route, query: &[(String, String)]) -> Result<(), Refusal> {
    let known = || OF_ALL.into_iter().chain(route.query.iter().copied());
    let is_known = |name: &str| known().any(|known| known.eq_ignore_ascii_case(name));
    let slip = query
        .iter()
        .map(|(name, _)| name)
        .find(|name| !is_known(name) && nearest(name, known()).is_some());
    slip.map_or(Ok(()), |name| {
        let text = format!("this operation has no parameter '{}'", name.escape_debug());
        Err(Refusal::bad(text + &hint(name, known())))
    })
}

fn check_version(route: &Route, shown: Option<&str>) -> Result<(), Refusal> {
    if !route.since.is_dated() {
        return Ok(());
    }
    let known = || VERSIONS.map(|(name, _)| name).join(", ");
    let shown = shown
        .ok_or_else(|| Refusal::bad(format!("'api-version' is needed: one of {}", known())))?;
    let version = VERSIONS.iter().find(|(name, _)| *name == shown);
    let (_, version) = version.ok_or_else(|| {
        let hint = hint(shown, VERSIONS.map(|(name, _)| name));
        Refusal::bad(format!("this 'api-version' is not known; these are: {}{hint}", known()))
    })?;
    if route.since.is_in(*version) {
        return Ok(());
    }
    let since: Option<&str> =
        VERSIONS.iter().find(|(_, since)| *since == route.since).map(|(name, _)| *name);
    let text = format!("this operation came with the version {}", since.unwrap_or_default());
    Err(Refusal::bad(text))
}

fn named<T>(name: &str, text: &str, parse: fn(&str) -> Result<T, NameError>) -> Result<T, Refusal> {
    parse(text).map_err(|err| Refusal::bad(format!("'{name}' {err}")))
}

fn values<'q>(query: &'q [(String, String)], name: &str) -> impl Iterator<Item = &'q str> {
    query.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| &**v)
}

fn single<'q>(query: &'q [(String, String)], name: &str) -> Result<Option<&'q str>, Refusal> {
    let mut values = values(query, name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(Refusal::bad(format!("'{name}' stands more than once in the query"))),
    }
}
