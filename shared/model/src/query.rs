//! The names of a query, as requests of clients have them.
//!
//! ASP.NET Core finds parameters by names without case, and so does hubcast.

/// The hub.
pub const HUB: &str = "hub";
/// The connectionToken.
pub const CONNECTION: &str = "id";
/// The token, where a client cannot send headers.
pub const TOKEN: &str = "access_token";
/// The version of negotiation.
pub const VERSION: &str = "negotiateVersion";
/// Whether the client wants a stateful reconnect.
pub const STATEFUL: &str = "useStatefulReconnect";

/// The parameters of the protocol, which are not the app's own.
const PROTOCOL: [&str; 5] = [HUB, VERSION, STATEFUL, TOKEN, CONNECTION];

/// A parameter stands more than once, and nobody knows which one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' stands more than once in the query")]
pub struct Repeated(pub &'static str);

/// The value of a parameter, which may stand once.
///
/// # Errors
/// When the parameter stands more than once, in whatever case.
pub fn single<'q>(
    mut query: impl Iterator<Item = (&'q str, &'q str)>,
    name: &'static str,
) -> Result<Option<&'q str>, Repeated> {
    let mut next = || query.find(|(known, _)| known.eq_ignore_ascii_case(name));
    match (next(), next()) {
        (first, None) => Ok(first.map(|(_, value)| value)),
        (_, Some(_)) => Err(Repeated(name)),
    }
}

/// Whether the protocol has a parameter of this name, so that the parameter is not the app's own.
pub fn is_of_protocol(name: &str) -> bool {
    PROTOCOL.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the value of the parameter opens something, so that nobody may be told.
pub fn is_secret(name: &str) -> bool {
    [TOKEN, CONNECTION].iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_once() {
        let query = [("Hub", "chat"), ("x", "1"), ("ACCESS_TOKEN", "t"), ("id", "a"), ("ID", "b")];
        let find = |name| single(query.into_iter(), name);
        assert_eq!(find(HUB), Ok(Some("chat")));
        assert_eq!(find(TOKEN), Ok(Some("t")));
        assert_eq!(find(VERSION), Ok(None));
        assert_eq!(find(CONNECTION), Err(Repeated("id")));
    }

    #[test]
    fn a_secret_is_one_in_any_case() {
        for name in ["access_token", "Access_Token", "id", "Id"] {
            assert!(is_secret(name) && is_of_protocol(name), "{name}");
        }
        for name in ["hub", "NegotiateVersion"] {
            assert!(!is_secret(name) && is_of_protocol(name), "{name}");
        }
        assert!(!is_of_protocol("tenant"));
    }
}
