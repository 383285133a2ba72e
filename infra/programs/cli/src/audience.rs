//! Audiences, as people name them on the command line.
//!
//! What is wrong with a name is told in the words of the publisher, which would
//! reject the name.

use std::collections::BTreeSet;

use hubcast_model::audience::Audience;
use hubcast_model::envelope::Rejection;
use hubcast_model::id::{ConnectionId, GroupName, NameError, UserId};

/// One user.
pub(crate) fn user(id: impl AsRef<str>) -> Result<Audience, Rejection> {
    named("userId", id.as_ref(), UserId::parse).map(Audience::user)
}

/// One connection.
pub(crate) fn connection(id: impl AsRef<str>) -> Result<Audience, Rejection> {
    named("connectionId", id.as_ref(), ConnectionId::parse).map(Audience::Connection)
}

/// One group.
pub(crate) fn group(name: impl AsRef<str>) -> Result<Audience, Rejection> {
    named("groupName", name.as_ref(), GroupName::parse).map(Audience::group)
}

/// Whoever is in one of several groups.
pub(crate) fn groups(names: &[String]) -> Result<Audience, Rejection> {
    let groups = names.iter().map(|name| named("groupNames", name, GroupName::parse));
    groups.collect::<Result<_, _>>().map(Audience::Groups)
}

/// Connections that are left out.
pub(crate) fn excluded(ids: &[String]) -> Result<BTreeSet<ConnectionId>, Rejection> {
    ids.iter().map(|id| named("excludedConnectionIds", id, ConnectionId::parse)).collect()
}

/// A name, or why an envelope with the name in `property` would be rejected.
fn named<T>(
    property: &str,
    name: &str,
    parse: fn(&str) -> Result<T, NameError>,
) -> Result<T, Rejection> {
    parse(name).map_err(|err| Rejection::bad_name(property, err))
}
