//! What the front door of a deployment does to a request, before a gateway sees the request.
//!
//! Names have one spelling from here on: `/Hubs/x`, `//api/..` and `?Hub=` are what they are on
//! ASP.NET Core. infra/cloud/front-door/viewer-request.js is the other writer of these rules. The
//! guard looks at the request afterwards, so that no spelling is a way around the guard.

use http::Uri;
use hubcast_model::query::{CONNECTION, HUB, STATEFUL, TOKEN, VERSION};

/// The first parts of the paths that clients and backends call.
const SURFACES: [&str; 4] = ["api", "client", "hubs", "server"];
/// The surfaces of clients, whose queries have names of the protocol.
const OF_CLIENTS: [&str; 2] = ["client", "hubs"];
const NAMES: [&str; 5] = [HUB, CONNECTION, TOKEN, VERSION, STATEFUL];
/// What the function of negotiation answers below a surface of clients.
const ACTS: [&str; 2] = ["/negotiate", "/refresh"];

/// The target of a request in its one spelling. What is no surface stays as it is.
pub(crate) fn spelled(uri: Uri) -> Uri {
    let path = uri.path().trim_start_matches('/');
    let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let Some(surface) = SURFACES.into_iter().find(|known| known.eq_ignore_ascii_case(first)) else {
        return uri;
    };
    let is_of_clients = OF_CLIENTS.contains(&surface);
    let rest = if is_of_clients { below(rest) } else { rest.to_owned() };
    let query = uri.query().map(|query| {
        if is_of_clients { format!("?{}", named(query)) } else { format!("?{query}") }
    });
    let target = format!("/{surface}{rest}{}", query.unwrap_or_default());
    target.parse().unwrap_or(uri)
}

/// Whether a server asks for a connection, as in Azure's default and persistent mode.
pub(crate) fn is_of_servers(uri: &Uri) -> bool {
    uri.path() == "/server" || uri.path().starts_with("/server/")
}

/// Whether the function of negotiation answers a path.
pub(crate) fn is_of_negotiation(path: &str) -> bool {
    ACTS.iter().any(|act| path.ends_with(act))
}

fn below(rest: &str) -> String {
    let ends_in = |act: &&str| rest.to_ascii_lowercase().ends_with(*act);
    let Some(act) = ACTS.into_iter().find(ends_in) else {
        return rest.to_owned();
    };
    let before = rest.get(..rest.len().saturating_sub(act.len())).unwrap_or_default();
    format!("{before}{act}")
}

fn named(query: &str) -> String {
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_at(pair.find('=').unwrap_or(pair.len()));
        let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        format!("{}{value}", known.unwrap_or(name))
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_surfaces_have_one_spelling() {
        for (asked, spelled_as) in [
            ("/HUBS/Chat?Access_Token=X%3D&Tenant=A", "/hubs/Chat?access_token=X%3D&Tenant=A"),
            ("/Hubs/Chat/Negotiate?NegotiateVersion=1", "/hubs/Chat/negotiate?negotiateVersion=1"),
            ("/Hubs/Chat/Refresh?Tenant=a", "/hubs/Chat/refresh?Tenant=a"),
            ("/CLIENT/refresh?Hub=a", "/client/refresh?hub=a"),
            ("//hubs//chat", "/hubs//chat"),
            ("/Client/?Hub=a&hub=b&ID=c", "/client/?hub=a&hub=b&id=c"),
            ("//API/V1/hubs/x?Excluded=1", "/api/V1/hubs/x?Excluded=1"),
            ("/Server/?hub=chat", "/server/?hub=chat"),
            ("/hubs/a%2Fb", "/hubs/a%2Fb"),
        ] {
            assert_eq!(spelled(asked.parse().unwrap()).to_string(), spelled_as, "{asked}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for asked in ["/", "/Dev/token", "//dev/token", "/local?Hub=x", "/hubsy/x", "/Apis/x?a=B"] {
            assert_eq!(spelled(asked.parse().unwrap()).to_string(), asked);
        }
    }
}
