//! The real authorizer, connect, negotiate and REST handlers over a table in memory.

use std::sync::Arc;
use std::time::Duration;

use authorizer::{AuthorizerError, Door};
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::iam::IamPolicyEffect;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::{KeySet, KeySource};
use hubcast_auth::rest::RestGate;
use hubcast_backend::Backend;
use hubcast_connection::connect::{ConnectSettings, Reception};
use hubcast_connection::refresh::Refreshing;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::context::Admission;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::HubName;
use hubcast_model::ports::Cause;
use hubcast_model::producers::Producers;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{
    AccessKeys, Hubs, IssuerSettings, OneOrMany, Origins, PublicUrl, TokenSettings,
};
use hubcast_model::time::Clock;
use hubcast_testkit::event::{self, Upgrade};
use hubcast_testkit::{MemoryStore, RecordingSender, TestClock, name};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use negotiate::Negotiation;
use rest::Rest;
use serde_json::{Value, json};

use crate::forge::{A, B, B384, EDWARDS};

/// Where hubcast is.
pub(crate) const HOST: &str = "https://hub.example";
/// The access keys.
pub(crate) const PRIMARY: &str = "primary-0123456789-0123456789-0123456789";
pub(crate) const SECONDARY: &str = "secondary-0123456789-0123456789-01234567";
/// The page that may connect.
pub(crate) const ORIGIN: &str = "https://app.example";

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A WebSocket upgrade.
    Upgrade { query: Vec<(String, String)>, headers: Vec<(String, String)> },
    /// An HTTP request.
    Http { method: &'static str, path: String, query: String, headers: Vec<(String, String)> },
}

/// The whole of what decides who may enter.
pub(crate) struct Rig {
    pub(crate) door: Door<IssuerKeys, AccessKeys, MemoryStore, TestClock>,
    pub(crate) negotiation: Negotiation<
        IssuerKeys,
        AccessKeys,
        MemoryStore,
        Refreshing<MemoryStore, TestClock>,
        TestClock,
    >,
    pub(crate) rest: Rest<IssuerKeys, AccessKeys, MemoryStore, RecordingSender, TestClock>,
    pub(crate) reception: Reception<MemoryStore, TestClock>,
    pub(crate) queue: RecordingSender,
    pub(crate) store: MemoryStore,
    pub(crate) clock: TestClock,
}

/// The keys of issuers, without a network.
#[derive(Debug, Clone)]
pub(crate) struct IssuerKeys;

impl KeySource for IssuerKeys {
    async fn keys(&self, issuer: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        let keys = match issuer.issuer.as_str() {
            "https://a.example" => vec![A.public("a1"), A.public("a2"), encrypting()],
            "https://b.example" => {
                vec![B.public("b1"), B384.public("b384"), EDWARDS.public("b-ed")]
            }
            _ => vec![A.public("m1")],
        };
        Ok(Arc::new(JwkSet { keys }.into()))
    }
}

/// A key of issuer A that is not for signatures.
fn encrypting() -> Jwk {
    let mut key = A.public("a-enc");
    key.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    key
}

fn issuer(name: &str, algorithms: &[&str], hubs: &[&str], prefix: &str) -> IssuerSettings {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    IssuerSettings {
        issuer: name.to_owned(),
        audience: OneOrMany(vec!["api://hubcast".to_owned()]),
        jwks_uri: None,
        algorithms: texts(algorithms),
        age_claim: "iat".to_owned(),
        user_claim: "sub".to_owned(),
        groups_claim: OneOrMany(vec!["groups".to_owned(), "roles".to_owned()]),
        tenants: Vec::new(),
        hubs: texts(hubs),
        user_prefix: prefix.to_owned(),
        group_prefix: prefix.to_owned(),
        roles: OneOrMany::default(),
    }
}

/// A on hubs `one` and `both`, B on `two` and `both`, and one of many tenants on `three`.
fn issuers() -> Vec<IssuerSettings> {
    let tenants = IssuerSettings {
        tenants: vec!["t1".to_owned(), "t2".to_owned()],
        age_claim: "iat".to_owned(),
        user_claim: "oid".to_owned(),
        ..issuer("https://login.example/{tenantid}/v2.0", &["RS256"], &["three"], "")
    };
    vec![
        issuer("https://a.example", &["RS256", "PS256"], &["one", "both"], "a:"),
        issuer("https://b.example", &["ES256", "ES384", "EdDSA"], &["two", "both"], "b:"),
        tenants,
    ]
}

pub(crate) fn access_keys() -> AccessKeys {
    AccessKeys::parse(&format!("{PRIMARY},{SECONDARY}")).expect("access keys")
}

fn patterns() -> GroupPolicy {
    GroupPolicy::parse("user-{sub}, room-*").expect("patterns")
}

fn gatekeeper(reuse: Reuse) -> Gatekeeper<IssuerKeys, AccessKeys> {
    let settings = TokenSettings {
        issuers: issuers(),
        public_url: PublicUrl::Fixed(HOST.to_owned()),
        close_on_token_expiry: false,
        reuse,
        client_tokens_only: Hubs::NONE,
    };
    Gatekeeper::new(settings, IssuerKeys, access_keys()).expect("settings")
}

/// A, for apps that have the role: those of one audience on every hub, those of another on `one`.
fn rest(
    (store, queue, clock): (&MemoryStore, &RecordingSender, &TestClock),
    hubs: &Hubs,
) -> Rest<IssuerKeys, AccessKeys, MemoryStore, RecordingSender, TestClock> {
    let apps = IssuerSettings {
        audience: OneOrMany(vec!["api://hubcast-rest".to_owned()]),
        roles: OneOrMany(vec!["Hubcast.Rest".to_owned()]),
        ..issuer("https://a.example", &["RS256"], &[], "")
    };
    let limited = IssuerSettings {
        audience: OneOrMany(vec!["api://hubcast-rest-one".to_owned()]),
        hubs: vec!["One".to_owned()],
        ..apps.clone()
    };
    let public_url = PublicUrl::Fixed(HOST.to_owned());
    let gate = RestGate::new(vec![apps, limited], IssuerKeys, access_keys(), public_url.clone());
    let shards = Shards::new(ShardCounts::default());
    Rest {
        front_door: FrontDoor::default(),
        gate: gate.expect("settings"),
        backend: Backend::new(store.clone(), queue.clone(), clock.clone(), shards),
        clock: clock.clone(),
        hubs: hubs.clone(),
        producers: Producers::default(),
        implicit_broadcast: true,
        groups: GroupPolicy::default(),
        public_url,
        invoke_timeout: Duration::from_secs(1),
        log: None,
    }
}

impl Rig {
    pub(crate) fn new(reuse: Reuse) -> Self {
        let (store, clock) = (MemoryStore::default(), TestClock::default());
        let queue = RecordingSender::default();
        let names: Vec<HubName> = ["one", "two", "three", "both"].map(name::hub).into();
        let (hubs, origins) = (Hubs::Only(names), Origins::Only(vec![ORIGIN.to_owned()]));
        let connect_settings = ConnectSettings {
            hubs: hubs.clone(),
            origins: origins.clone(),
            public_url: PublicUrl::Fixed(HOST.to_owned()),
            reconnect_grace: Duration::from_mins(10),
            has_upstream: false,
        };
        Self {
            rest: rest((&store, &queue, &clock), &hubs),
            door: Door {
                gatekeeper: gatekeeper(reuse),
                store: store.clone(),
                front_door: FrontDoor::default(),
                hubs: hubs.clone(),
                groups: patterns(),
                told_claims: ClaimPolicy::default(),
                clock: clock.clone(),
            },
            negotiation: Negotiation {
                gatekeeper: gatekeeper(reuse),
                refresh: Refreshing::new(
                    store.clone(),
                    clock.clone(),
                    Shards::new(ShardCounts::default()),
                ),
                store: store.clone(),
                clock: clock.clone(),
                front_door: FrontDoor::default(),
                hubs,
                origins,
                allowed_headers: Vec::new(),
                public_url: PublicUrl::Fixed(HOST.to_owned()),
                groups: patterns(),
                told_claims: ClaimPolicy::default(),
                grants_lines: false,
                close_on_token_expiry: false,
            },
            reception: Reception::new(store.clone(), clock.clone(), connect_settings),
            queue,
            store,
            clock,
        }
    }

    /// The status that a request is answered with.
    pub(crate) async fn status(&self, request: &Request) -> u16 {
        self.answer(request).await.0
    }

    /// The status, and the body of HTTP or the context of an upgrade.
    pub(crate) async fn answer(&self, request: &Request) -> (u16, Value) {
        match request {
            Request::Upgrade { query, headers } => self.upgrade(query, headers, "s1=").await,
            Request::Http { method, path, query, headers } => {
                let event = http(method, path, query, headers);
                let answer = if path.starts_with("/api/") {
                    rest::handle(&self.rest, event, Duration::from_secs(28)).await
                } else {
                    negotiate::handle(&self.negotiation, event).await
                };
                let status = u16::try_from(answer.status_code).expect("a status");
                let body = match answer.body {
                    Some(aws_lambda_events::encodings::Body::Text(text)) => text,
                    _ => String::new(),
                };
                (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
            }
        }
    }

    /// Authorizer, then `$connect`, as API Gateway asks them.
    pub(crate) async fn upgrade(
        &self,
        query: &[(String, String)],
        headers: &[(String, String)],
        socket: &str,
    ) -> (u16, Value) {
        let (query, headers) = (borrowed(query), borrowed(headers));
        let upgrade = Upgrade { headers: &headers, query: &query };
        let answer = match authorizer::handle(&self.door, event::authorize(upgrade)).await {
            Err(AuthorizerError::Unauthorized) => return (401, Value::Null),
            Err(AuthorizerError::Unavailable | AuthorizerError::WrongEvent) => {
                return (500, Value::Null);
            }
            Ok(answer) => answer,
        };
        let effect = &answer.policy_document.statement.first().expect("a statement").effect;
        if *effect != IamPolicyEffect::Allow {
            return (403, Value::Null);
        }
        let context = answer.context;
        let admission = Admission::from_context(|name| context.get(name).cloned());
        let admission = admission.expect("the context reads back");
        let mut event = event::connect(socket, &admission, upgrade);
        event.request_context.connected_at =
            i64::try_from(self.clock.now().as_millis()).expect("millis");
        let answer = connect::handle(&self.reception, event).await;
        (u16::try_from(answer.status_code).expect("a status"), json!(context))
    }

    /// The operations that changed the table, or would have, and what was enqueued.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        const READS: [&str; 8] = [
            "block",
            "grant",
            "is_used_up",
            "members",
            "memberships",
            "session_lasts",
            "shard_counts",
            "socket",
        ];
        let asked = self.store.journal().entries().into_iter();
        let enqueued = self.queue.sent().into_iter().map(|_| "enqueue");
        asked.filter(|operation| !READS.contains(operation)).chain(enqueued).collect()
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn http(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(String, String)],
) -> ApiGatewayV2httpRequest {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": { "http": { "method": method, "path": path } },
        "isBase64Encoded": false,
    });
    serde_json::from_value(event).expect("an event")
}
