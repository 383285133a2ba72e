//! Whatever path, query and headers say, nobody is let in by them, and nothing is written.
#![no_main]

use std::sync::LazyLock;

use authorizer::Door;
use futures_executor::block_on;
use hubcast_auth_fuzz::{HOST, OneKey, gatekeeper};
use hubcast_connection::refresh::Refreshing;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::settings::{AccessKeys, Hubs, Origins, PublicUrl};
use hubcast_testkit::event::{self, Upgrade};
use hubcast_testkit::{MemoryStore, TestClock};
use libfuzzer_sys::fuzz_target;
use negotiate::Negotiation;
use serde_json::json;

static STORE: LazyLock<MemoryStore> = LazyLock::new(MemoryStore::default);
static DOOR: LazyLock<Door<OneKey, AccessKeys, MemoryStore, TestClock>> = LazyLock::new(|| Door {
    gatekeeper: gatekeeper(),
    store: STORE.clone(),
    front_door: FrontDoor::default(),
    hubs: Hubs::Any,
    groups: GroupPolicy::default(),
    told_claims: ClaimPolicy::default(),
    clock: TestClock::default(),
});
type Refresh = Refreshing<MemoryStore, TestClock>;

static NEGOTIATION: LazyLock<Negotiation<OneKey, AccessKeys, MemoryStore, Refresh, TestClock>> =
    LazyLock::new(|| Negotiation {
        gatekeeper: gatekeeper(),
        store: STORE.clone(),
        refresh: Refreshing::new(
            STORE.clone(),
            TestClock::default(),
            Shards::new(ShardCounts::default()),
        ),
        clock: TestClock::default(),
        front_door: FrontDoor::default(),
        hubs: Hubs::Any,
        origins: Origins::Localhost,
        allowed_headers: Vec::new(),
        groups: GroupPolicy::default(),
        told_claims: ClaimPolicy::default(),
        public_url: PublicUrl::Fixed(HOST.to_owned()),
        grants_lines: true,
        close_on_token_expiry: false,
    });

fuzz_target!(|texts: (&str, &str, &str, &str)| {
    let (path, query, authorization, origin) = texts;
    let event = json!({
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "authorization": authorization, "origin": origin },
        "requestContext": { "http": { "method": "POST", "path": path } },
    });
    // Names and values that are no headers do not reach the function.
    if let Ok(event) = serde_json::from_value(event) {
        let answer = block_on(negotiate::handle(&NEGOTIATION, event));
        // 501 is for servers of Azure's default mode.
        let is_refused = (400..500).contains(&answer.status_code) || answer.status_code == 501;
        assert!(is_refused, "{}", answer.status_code);
    }
    let query = [("hub", path), ("access_token", query), ("id", origin)];
    let upgrade = Upgrade { headers: &[], query: &query };
    let answer = block_on(authorizer::handle(&DOOR, event::authorize(upgrade)));
    let denied = |answer: authorizer::Answer| answer.context.is_empty();
    assert!(answer.map_or(true, denied));
    assert!(STORE.journal().entries().is_empty(), "the table was asked");
});
