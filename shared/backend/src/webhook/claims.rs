//! The claims of a client, as the headers of a request say them.
//!
//! Azure SignalR's header lists them under the long names of .NET, and cannot
//! say all of them. A header of ours says all of them, unharmed.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::survives_a_header;
use hubcast_model::queue_text;
use hubcast_model::values::Values;

const MICROSOFT: &str = "http://schemas.microsoft.com/";
const SOAP: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

/// The names of tokens, and what .NET makes of them, as `ClaimTypes` has it.
/// <https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet/blob/dev/src/System.IdentityModel.Tokens.Jwt/ClaimTypeMapping.cs>
const LONG_NAMES: [(&str, &str, &str); 13] = [
    ("email", SOAP, "emailaddress"),
    ("family_name", SOAP, "surname"),
    ("given_name", SOAP, "givenname"),
    ("name", SOAP, "name"),
    ("nameid", SOAP, "nameidentifier"),
    ("oid", MICROSOFT, "identity/claims/objectidentifier"),
    ("role", MICROSOFT, "ws/2008/06/identity/claims/role"),
    ("roles", MICROSOFT, "ws/2008/06/identity/claims/role"),
    ("scp", MICROSOFT, "identity/claims/scope"),
    ("sub", SOAP, "nameidentifier"),
    ("tid", MICROSOFT, "identity/claims/tenantid"),
    ("unique_name", SOAP, "name"),
    ("upn", SOAP, "upn"),
];

/// `name: value` items, in the form that Azure Functions reads: each claim under its own name, and
/// under the long name that .NET has for it.
///
/// Azure Functions splits the items at commas, and each of them at `: `. A claim that would read as
/// another one, or as several, is left out, and so is one that a header changes: `admin ` would
/// arrive as `admin`. Of a value with a comma, such as `Doe, John`, it reads
/// what is before the comma, and nobody else's claim.
pub(super) fn listed(claims: &Values) -> String {
    let mut items = BTreeSet::new();
    let mut texts = Vec::new();
    for (name, value) in under_long_names(claims).chain(under_own_names(claims)) {
        if is_plain(&name, value) && items.insert((name.clone(), value)) {
            texts.push(format!("{name}: {value}"));
        }
    }
    texts.join(", ")
}

fn under_own_names(claims: &Values) -> impl Iterator<Item = (String, &str)> {
    claims
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.as_str())))
}

fn under_long_names(claims: &Values) -> impl Iterator<Item = (String, &str)> {
    LONG_NAMES.iter().flat_map(move |(short, schema, name)| {
        let values = claims.get(*short).into_iter().flatten();
        values.map(move |value| (format!("{schema}{name}"), value.as_str()))
    })
}

fn is_plain(name: &str, value: &str) -> bool {
    let is_name = !name.contains(',') && !name.contains(": ");
    let behind_commas = value.split_once(',').map_or("", |(_, behind)| behind);
    let survive = survives_a_header(name) && survives_a_header(value);
    survive && is_name && !behind_commas.contains(": ")
}

/// All claims: an object of lists as JSON, in base64url.
pub(super) fn encoded(claims: &Values) -> String {
    URL_SAFE_NO_PAD.encode(queue_text::json(claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(entries: &[(&str, &[&str])]) -> Values {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        entries.iter().map(|&(name, values)| (name.to_owned(), owned(values))).collect()
    }

    /// The reading of Azure Functions: the first of each name, of items with one `: `.
    fn read(header: &str) -> Vec<(&str, &str)> {
        let items = header.split(',').filter(|item| !item.is_empty());
        let pairs =
            items.map(|item| item.split(": ").filter(|part| !part.is_empty()).collect::<Vec<_>>());
        let mut found: Vec<(&str, &str)> = Vec::new();
        for pair in pairs {
            if let [name, value] = pair.as_slice() {
                let name = name.trim();
                if !found.iter().any(|(known, _)| *known == name) {
                    found.push((name, value.trim()));
                }
            }
        }
        found
    }

    #[test]
    fn claims_have_the_long_names_of_net_and_their_own() {
        let told = claims(&[
            ("role", &["admin", "dev"]),
            ("email", &["a@x"]),
            ("https://x.y/z", &["v;1"]),
            ("nameid", &["nid"]),
            ("oid", &["o"]),
            ("tid", &["t"]),
        ]);
        assert_eq!(
            listed(&told),
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress: a@x, \
             http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier: nid, \
             http://schemas.microsoft.com/identity/claims/objectidentifier: o, \
             http://schemas.microsoft.com/ws/2008/06/identity/claims/role: admin, \
             http://schemas.microsoft.com/ws/2008/06/identity/claims/role: dev, \
             http://schemas.microsoft.com/identity/claims/tenantid: t, \
             email: a@x, https://x.y/z: v;1, nameid: nid, oid: o, role: admin, role: dev, tid: t"
        );
    }

    #[test]
    fn a_claim_that_has_its_long_name_is_said_once() {
        let long = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
        let told = claims(&[(long, &["admin"]), ("role", &["admin"]), ("roles", &["admin"])]);
        assert_eq!(listed(&told), format!("{long}: admin, role: admin, roles: admin"));
    }

    #[test]
    fn a_name_with_a_comma_is_said() {
        let told = claims(&[("name", &["Doe, John"])]);
        let long = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
        assert_eq!(listed(&told), format!("{long}: Doe, John, name: Doe, John"));
        assert_eq!(read(&listed(&told)), [(long, "Doe"), ("name", "Doe")]);
    }

    #[test]
    fn no_claim_reads_as_another() {
        let told = claims(&[
            ("a", &["Bob, role: admin", "x,role: admin", "x, role:\nadmin", "x,y,, role: admin"]),
            ("b, role", &["admin"]),
            ("c", &["x, role:", "x, role"]),
            ("http://schemas/role", &["x: y"]),
            ("role: admin", &[""]),
            ("role:\nadmin", &[""]),
            (" d", &["x"]),
            ("d\t", &["x"]),
            ("role", &["admin ", " admin", "\tadmin", "admin\n", "\u{a0}admin", "guest"]),
        ]);
        let long = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
        let header = listed(&told);
        assert_eq!(read(&header), [(long, "guest"), ("c", "x"), ("role", "guest")], "{header}");
        assert_eq!(listed(&claims(&[("a", &["1, b: 2"])])), "");
    }

    #[test]
    fn all_claims_are_in_a_header_of_their_own_unharmed() {
        let told = claims(&[("name", &["Doe, John"]), ("städte", &["Köln, role: x", "\n"])]);
        let bytes = URL_SAFE_NO_PAD.decode(encoded(&told)).unwrap();
        assert_eq!(serde_json::from_slice::<Values>(&bytes).unwrap(), told);
    }
}
