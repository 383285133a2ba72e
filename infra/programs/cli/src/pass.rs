//! Tokens: from the command line, from the local stack's issuer, or signed with the access key.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use hubcast_auth::client::{CLIENT_TOKEN_LIFETIME, ClientGrant, ClientTokens};
use hubcast_auth::connection_token::ConnectionTokens;
use hubcast_aws::operator::Trouble;
use hubcast_model::id::{GroupName, NameError, UserId};
use hubcast_model::session::Reuse;
use hubcast_model::settings::PublicUrl;
use hubcast_model::time::{Clock, SystemClock};
use hubcast_model::values::Values;
use serde::Deserialize;
use serde_json::json;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::network::in_words;
use hubcast_client::Door;

/// The person who connects.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Person {
    /// The user; without this flag, the connection is anonymous.
    #[arg(long, short, value_name = "ID", value_parser = user)]
    pub(crate) user: Option<UserId>,

    /// A group that the token puts the connection into; may be repeated.
    #[arg(long, short, value_name = "NAME", value_parser = group)]
    pub(crate) group: Vec<GroupName>,

    /// A claim of the user, for group patterns; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    pub(crate) claim: Vec<(String, String)>,
}

impl Person {
    /// Whether a flag says anything of the person.
    pub(crate) fn is_named(&self) -> bool {
        self.user.is_some() || !self.group.is_empty() || !self.claim.is_empty()
    }
}

/// A token, and the place where clients show the token.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    /// Where a client negotiates with this token.
    pub(crate) door: Door,
    /// The token, a JWT.
    pub(crate) token: String,
}

/// A name that the deployment judges. An empty name is an error: a variable of the shell was not
/// set.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("it is empty") } else { Ok(text.to_owned()) }
}

pub(crate) fn user(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|err| named("user", err))
}

pub(crate) fn group(text: &str) -> Result<GroupName, String> {
    GroupName::parse(text).map_err(|err| named("group", err))
}

fn named(what: &str, err: NameError) -> String {
    format!("a {what}'s name {err}")
}

fn claim(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("this is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Pass {
    /// The pass of a token that somebody else made. The header of the token tells the kind.
    ///
    /// # Errors
    /// When the token is no JWT.
    pub(crate) fn given(token: &str) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
        }
        let token = token.trim();
        let header = token.split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(header).ok();
        let header = header.and_then(|json| serde_json::from_slice::<Header>(&json).ok());
        let header = header.ok_or_else(|| Failure::Usage("the token is no JWT".to_owned()))?;
        let door = if header.alg.starts_with("HS") { Door::Client } else { Door::Hub };
        Ok(Self { door, token: token.to_owned() })
    }

    /// An app token of the local stack's issuer, as a log-in would make the token.
    ///
    /// # Errors
    /// When the issuer does not answer.
    pub(crate) async fn of_issuer(
        deployment: &Deployment,
        local: &str,
        user: &UserId,
        person: &Person,
    ) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
        }
        let groups: Vec<&str> = person.group.iter().map(GroupName::as_str).collect();
        let claims: BTreeMap<&String, &String> =
            person.claim.iter().map(|(name, value)| (name, value)).collect();
        let request = json!({ "sub": user.as_str(), "groups": groups, "claims": claims });
        let broken = |err: reqwest::Error| match deployment.silence() {
            Some(silence) if err.is_connect() => Failure::failed(silence),
            _ => no_token(deployment, local, err),
        };
        let post = deployment.http()?.post(format!("{local}/dev/token")).json(&request);
        let answer = post.send().await.map_err(broken)?.error_for_status().map_err(broken)?;
        let Answer { access_token } = answer.json().await.map_err(broken)?;
        Ok(Self { door: Door::Hub, token: access_token })
    }

    /// A client token, signed with the access key.
    ///
    /// # Errors
    /// When the URL of the deployment or the access key is not known.
    pub(crate) async fn signed(
        deployment: &Deployment,
        person: &Person,
        session: Option<Duration>,
    ) -> Result<Self, Failure> {
        let url = deployment.url()?;
        let keys = deployment.access_keys().await?;
        let unsigned = |err| Failure::because("no token can be signed", err);
        let (hub, now) = (deployment.hub(), SystemClock.now());
        let id = ConnectionTokens::new(&keys).mint(hub, None, now).map_err(unsigned)?.id;
        let mut claims = Values::new();
        for (name, value) in &person.claim {
            claims.entry(name.clone()).or_default().push(value.clone());
        }
        let grant = ClientGrant {
            hub,
            user: person.user.as_ref(),
            groups: &person.group,
            token_id: id.as_str(),
            groups_in_grant: false,
            is_redirect: false,
            session: None,
            session_expires: session.map(|session| now.plus(session)),
            issued_at: now,
            logged_in_at: None,
            lifetime: CLIENT_TOKEN_LIFETIME,
            claims: &claims,
        };
        let tokens = ClientTokens::new(&keys, PublicUrl::Fixed(url.to_owned()), Reuse::Session);
        let token = tokens.mint(url, &grant, now).map_err(unsigned)?;
        Ok(Self { door: Door::Client, token })
    }

    /// The token of a person: from the issuer of a local stack, or else signed with the access key.
    ///
    /// # Errors
    /// When neither makes a token.
    pub(crate) async fn of(deployment: &Deployment, person: &Person) -> Result<Self, Failure> {
        match (deployment.local(), &person.user) {
            (Some(local), Some(user)) => Self::of_issuer(deployment, local, user, person).await,
            _ => Self::signed(deployment, person, None).await,
        }
    }
}

/// That something answers at a URL, and hands out no token.
fn no_token(deployment: &Deployment, url: &str, err: reqwest::Error) -> Failure {
    let advice = deployment.advice(Trouble::Failed);
    let separator = if advice.is_empty() { "" } else { "; " };
    let why = match err.status() {
        Some(status) => format!("the answer is {status}"),
        None => in_words(&err.without_url()),
    };
    Failure::failed(format!("no token from {url}: {why}{separator}{advice}"))
}
