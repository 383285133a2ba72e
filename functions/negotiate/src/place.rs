//! What stands at a path, whatever its case and however many slashes it has.
//!
//! API Gateway's own routes know one spelling; every other path comes here by its route `$default`.

/// What stands at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// `/hubs/{hub}/negotiate`, with the hub as the path has it.
    Hub(&'a str),
    /// `/client/negotiate`
    Client,
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
        match parts.as_slice() {
            [.., hubs, hub, last] if is(hubs, "hubs") && is(last, "negotiate") => Self::Hub(hub),
            [.., client, last] if is(client, "client") && is(last, "negotiate") => Self::Client,
            [.., hubs, last] if is(hubs, "hubs") && !is(last, "negotiate") => Self::Socket,
            [first, ..] if is(first, "server") => Self::Server,
            _ => Self::Nowhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_meaning_in_every_spelling() {
        for (path, place) in [
            ("/hubs/chat/negotiate", Place::Hub("chat")),
            ("/HUBS/Chat/Negotiate/", Place::Hub("Chat")),
            ("//hubs/chat//negotiate", Place::Hub("chat")),
            ("/prod/hubs/chat/negotiate", Place::Hub("chat")),
            ("/hubs/client/negotiate", Place::Hub("client")),
            ("/client/negotiate", Place::Client),
            ("/Client/negotiate", Place::Client),
            ("/prod/client/negotiate", Place::Client),
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
