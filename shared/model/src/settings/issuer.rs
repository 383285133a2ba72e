//! An issuer of tokens.

use serde::Deserialize;

use crate::list::filled;

/// An issuer of app tokens, as `TOKEN_ISSUERS` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerSettings {
    /// The exact `iss`; `{tenantid}` stands for the token's `tid` when `tenants` is given.
    pub issuer: String,
    /// The accepted `aud` values, at least one.
    pub audience: OneOrMany,
    /// Where its keys are; discovered from the issuer when absent.
    #[serde(default, alias = "jwks_uri")]
    pub jwks_uri: Option<String>,
    /// The accepted signature algorithms.
    #[serde(default = "rs256")]
    pub algorithms: Vec<String>,
    /// The claim that names the user (Entra ID: `oid`).
    #[serde(default = "sub")]
    pub user_claim: String,
    /// The claims that name groups, each a text or a list of texts.
    #[serde(default)]
    pub groups_claim: OneOrMany,
    /// The claim that says how old a token is for a log-out, unless `iat` is earlier. By
    /// `auth_time` a token that was refreshed after a log-out is as old as its log-in.
    #[serde(default = "iat")]
    pub age_claim: String,
    /// The accepted `tid` values; any when left out.
    #[serde(default, deserialize_with = "filled")]
    pub tenants: Vec<String>,
    /// The hubs its tokens are good for; all when left out.
    #[serde(default, deserialize_with = "filled")]
    pub hubs: Vec<String>,
    /// Put before every user id of this issuer; `{tenantid}` stands for the token's `tid`.
    #[serde(default)]
    pub user_prefix: String,
    /// Put before every group of this issuer's tokens; `{tenantid}` stands for the token's `tid`.
    #[serde(default)]
    pub group_prefix: String,
    /// The app roles, one of which a token needs for the REST API; only for `REST_ISSUERS`.
    #[serde(default)]
    pub roles: OneOrMany,
}

/// Stands in an issuer's name for the tenant of the token, as in Entra ID's own documents.
const TENANT: &str = "{tenantid}";

/// A text in which `{tenantid}` may stand, for this tenant.
pub fn in_tenant(text: &str, tenant: &str) -> String {
    text.replace(TENANT, tenant)
}

impl IssuerSettings {
    /// The exact `iss` of this tenant's tokens.
    pub fn name_in(&self, tenant: &str) -> String {
        in_tenant(&self.issuer, tenant)
    }

    /// Settings for each tenant alone, by which the users and groups of tenants can be compared.
    pub fn by_tenant(&self) -> Vec<Self> {
        let of = |tenant: &String| Self {
            issuer: self.name_in(tenant),
            user_prefix: in_tenant(&self.user_prefix, tenant),
            group_prefix: in_tenant(&self.group_prefix, tenant),
            tenants: vec![tenant.clone()],
            ..self.clone()
        };
        if self.tenants.is_empty() {
            return vec![self.clone()];
        }
        self.tenants.iter().map(of).collect()
    }

    /// Whether prefixes name the tenant of a token though any token may say that it is of any.
    pub fn lacks_tenants(&self) -> bool {
        self.tenants.is_empty()
            && [&self.user_prefix, &self.group_prefix].iter().any(|text| text.contains(TENANT))
    }

    /// Whether a token may be one of both: the same `iss`, of a tenant that both accept, for an
    /// audience of both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let is_shared = |audience| other.audience.0.contains(audience);
        self.audience.0.iter().any(is_shared) && self.shares_name(other)
    }

    fn shares_name(&self, other: &Self) -> bool {
        let tenants = [self, other].into_iter().flat_map(|one| &one.tenants);
        let takes = |one: &Self, tenant| one.tenants.is_empty() || one.tenants.contains(tenant);
        let is_one = |tenant| {
            takes(self, tenant)
                && takes(other, tenant)
                && self.name_for(tenant) == other.name_for(tenant)
        };
        let has_no_tenants = self.tenants.is_empty() && other.tenants.is_empty();
        tenants.into_iter().any(is_one) || (has_no_tenants && self.issuer == other.issuer)
    }

    /// Any tenant would do if the list of tenants did not say which.
    fn name_for(&self, tenant: &str) -> String {
        if self.tenants.is_empty() { self.issuer.clone() } else { self.name_in(tenant) }
    }
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

/// The claim that says how old a token is when nothing else is said.
pub const AGE_CLAIM: &str = "iat";

fn iat() -> String {
    AGE_CLAIM.to_owned()
}

/// The claim that names the user when nothing else is said.
pub const USER_CLAIM: &str = "sub";

fn sub() -> String {
    USER_CLAIM.to_owned()
}

/// A list that may be written as one text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "OneOrManyForm")]
pub struct OneOrMany(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrManyForm {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrManyForm> for OneOrMany {
    fn from(form: OneOrManyForm) -> Self {
        match form {
            OneOrManyForm::One(one) => Self(vec![one]),
            OneOrManyForm::Many(many) => Self(many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_needs_only_its_name_and_audience() {
        let json = r#"{"issuer":"https://i","audience":"api://x"}"#;
        let issuer: IssuerSettings = serde_json::from_str(json).unwrap();
        assert_eq!(issuer.algorithms, ["RS256"]);
        assert_eq!(issuer.user_claim, "sub");
        assert_eq!(issuer.audience.0, ["api://x"]);
    }

    #[test]
    fn an_empty_list_of_tenants_or_hubs_does_not_mean_all() {
        for name in ["tenants", "hubs"] {
            let json = format!(r#"{{"issuer":"https://i","audience":"x","{name}":[]}}"#);
            assert!(serde_json::from_str::<IssuerSettings>(&json).is_err(), "{name}");
        }
    }
}
