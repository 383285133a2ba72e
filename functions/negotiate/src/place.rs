//! What stands at a path, whatever its case and however many slashes it has.
//!
//! API Gateway's own routes know one spelling; every other path comes here by its route `$default`.

/// What is asked at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A connection.
    Negotiate,
    /// That an open connection follows a fresh token.
    Refresh,
}

impl Act {
    fn named(last: &str) -> Option<Self> {
        let named = [("negotiate", Self::Negotiate), ("refresh", Self::Refresh)];
        let mut named = named.into_iter();
        named.find_map(|(name, act)| last.eq_ignore_ascii_case(name).then_some(act))
    }
}

/// What stands at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// `/hubs/{hub}/negotiate` or `/hubs/{hub}/refresh`, with the hub as the path has it.
    Hub(&'a str, Act),
    /// `/client/negotiate` or `/client/refresh`
    Client(Act),
    /// `/hubs/{hub}` itself, where clients open sockets.
    Socket,
    /// `/server`, where servers connect in Azure's default and persistent mode.
    Server,
    /// Nothing.
    Nowhere,
}

impl<'a> Place<'a> {
    /// The place of a path. A stage other than `$default` stands first in the path of an event.
    pub(crate) fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        let act = parts.last().and_then(|last| Act::named(last));
        match (parts.as_slice(), act) {
            ([.., hubs, hub, _], Some(act)) if is(hubs, "hubs") => Self::Hub(hub, act),
            ([.., client, _], Some(act)) if is(client, "client") => Self::Client(act),
            ([.., hubs, last], _) if is(hubs, "hubs") && !is(last, "negotiate") => Self::Socket,
            ([first, ..], _) if is(first, "server") => Self::Server,
            _ => Self::Nowhere,
        }
    }

    /// Whether the place answers in JSON alone, as refreshes do.
    pub(crate) const fn is_of_refresh(&self) -> bool {
        matches!(self, Self::Hub(_, Act::Refresh) | Self::Client(Act::Refresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_meaning_in_every_spelling() {
        for (path, place) in [
            ("/hubs/chat/negotiate", Place::Hub("chat", Act::Negotiate)),
            ("/HUBS/Chat/Negotiate/", Place::Hub("Chat", Act::Negotiate)),
            ("//hubs/chat//negotiate", Place::Hub("chat", Act::Negotiate)),
            ("/prod/hubs/chat/negotiate", Place::Hub("chat", Act::Negotiate)),
            ("/hubs/client/negotiate", Place::Hub("client", Act::Negotiate)),
            ("/client/negotiate", Place::Client(Act::Negotiate)),
            ("/Client/negotiate", Place::Client(Act::Negotiate)),
            ("/prod/client/negotiate", Place::Client(Act::Negotiate)),
            ("/hubs/Chat/refresh", Place::Hub("Chat", Act::Refresh)),
            ("/hubs/refresh/Refresh/", Place::Hub("refresh", Act::Refresh)),
            ("/client/REFRESH", Place::Client(Act::Refresh)),
            ("/hubs/refresh", Place::Socket),
            ("/refresh", Place::Nowhere),
            ("/server", Place::Server),
            ("/server/", Place::Server),
            ("/Server/negotiate", Place::Server),
            ("/notifications/negotiate", Place::Nowhere),
            ("/hubs/negotiate", Place::Nowhere),
            ("/hubs/chat", Place::Socket),
            ("/prod/Hubs/chat/", Place::Socket),
            ("/", Place::Nowhere),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}
