//! A negotiation over a store in memory, and recorded requests to change.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use hubcast_connection::refresh::Refreshing;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::settings::{AccessKeys, Hubs, Origins, PublicUrl};
use hubcast_testkit::token::PUBLIC_URL;
use hubcast_testkit::{MemoryStore, TestClock, TestIssuer, event, name};
use negotiate::{Negotiation, handle};
use serde_json::{Value, json};

pub(crate) const HUB: &str = include_str!("../../events/hub.json");
pub(crate) const CLIENT: &str = include_str!("../../events/client.json");
pub(crate) const PREFLIGHT: &str = include_str!("../../events/preflight.json");
pub(crate) const ORIGIN: &str = "https://app.example.com";

pub(crate) struct Rig {
    pub(crate) issuer: TestIssuer,
    pub(crate) negotiation: Negotiation<
        TestIssuer,
        AccessKeys,
        MemoryStore,
        Refreshing<MemoryStore, TestClock>,
        TestClock,
    >,
}

pub(crate) fn rig() -> Rig {
    let issuer = TestIssuer::default();
    let (store, clock) = (MemoryStore::default(), TestClock::default());
    let negotiation = Negotiation {
        gatekeeper: issuer.gatekeeper(),
        refresh: Refreshing::new(store.clone(), clock.clone(), Shards::new(ShardCounts::default())),
        store,
        clock,
        front_door: FrontDoor::default(),
        hubs: Hubs::Only(vec![name::hub("notifications"), name::hub("orders")]),
        origins: Origins::Only(vec![ORIGIN.to_owned()]),
        allowed_headers: vec!["x-tenant".to_owned()],
        public_url: PublicUrl::Fixed(PUBLIC_URL.to_owned()),
        groups: GroupPolicy::parse("tenant-{tid}").unwrap_or_default(),
        told_claims: ClaimPolicy::default(),
        close_on_token_expiry: false,
        grants_lines: true,
    };
    Rig { issuer, negotiation }
}

impl Rig {
    /// The recorded events hold no app token that could be good; they get one here.
    pub(crate) async fn answer(
        &self,
        json: &str,
        change: impl FnOnce(&mut Value),
    ) -> ApiGatewayV2httpResponse {
        let json = json.replace("APP_TOKEN", &self.issuer.token(&json!({ "groups": ["admins"] })));
        handle(&self.negotiation, event::recorded(&json, change)).await
    }

    pub(crate) async fn status(&self, json: &str, change: impl FnOnce(&mut Value)) -> i64 {
        self.answer(json, change).await.status_code
    }
}

pub(crate) fn text(answer: &ApiGatewayV2httpResponse) -> &str {
    match &answer.body {
        Some(Body::Text(text)) => text,
        _ => "",
    }
}

pub(crate) fn body(answer: &ApiGatewayV2httpResponse) -> Value {
    serde_json::from_str(text(answer)).unwrap_or_default()
}

pub(crate) fn header<'a>(answer: &'a ApiGatewayV2httpResponse, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

pub(crate) fn set_token(event: &mut Value, token: &str) {
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
}

pub(crate) fn set_query(event: &mut Value, query: &str) {
    event["rawQueryString"] = json!(query);
}

pub(crate) fn set_path(event: &mut Value, path: &str) {
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
}
