//! The function over ports in memory, and one call of it.
//!
//! What no call changes is made once for the process, as an instance of the
//! function makes it: the runtime, the gate and its keys. Each call has a queue
//! of its own, and a table as it was before the first call.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method};
use hubcast_auth::rest::RestGate;
use hubcast_backend::Backend;
use hubcast_membership::shards::Shards;
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::ShardCounts;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::ports::{ChannelStore, MembershipStore, SocketStore};
use hubcast_model::producers::Producers;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl};
use hubcast_testkit::token::{ISSUER, PUBLIC_URL, access_keys};
use hubcast_testkit::{MemoryStore, RecordingSender, TestClock, TestIssuer, name, socket};
use rest::{Rest, handle};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const AUDIENCE: &str = "api://hubcast-rest";
/// The hub on which someone is.
pub const HUB: &str = "n";
/// The operations of the table that leave it as it is. After any other one the table is made anew.
const READS: [&str; 11] = [
    "block",
    "client",
    "grant",
    "is_settled",
    "members",
    "memberships",
    "result",
    "row_end",
    "shard_counts",
    "socket",
    "uses",
];

static ISSUED: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::default);

/// The token of an app that may do everything.
pub static APP_TOKEN: LazyLock<String> = LazyLock::new(|| {
    ISSUED.token(&json!({ "aud": AUDIENCE, "roles": ["Hubcast.Rest"], "idtyp": "app" }))
});

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::new(Stage::new());
}

/// One request, as API Gateway hands it over.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query.
    pub query: &'a str,
    /// The headers, without those that are none.
    pub headers: &'a [(&'a str, &'a str)],
    /// The token.
    pub token: &'a str,
    /// The body.
    pub body: &'a [u8],
}

type InMemory = Rest<TestIssuer, AccessKeys, MemoryStore, RecordingSender, TestClock>;

/// The function, what runs it, and its table.
struct Stage {
    runtime: Runtime,
    rest: InMemory,
    store: MemoryStore,
}

impl Stage {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let store = runtime.block_on(populated());
        Self { runtime, rest: function(&store), store }
    }

    fn call(&mut self, request: &Request<'_>) -> ApiGatewayV2httpResponse {
        self.rest.backend = backend(&self.store);
        let answering = handle(&self.rest, event(request), Duration::from_secs(20));
        let answer = self.runtime.block_on(answering);
        let journal = self.store.journal();
        let is_untouched = journal.entries().iter().all(|entry| READS.contains(entry));
        journal.clear();
        if !is_untouched {
            self.store = self.runtime.block_on(populated());
        }
        answer
    }
}

fn backend(store: &MemoryStore) -> Backend<MemoryStore, RecordingSender, TestClock> {
    let shards = Shards::new(ShardCounts::default());
    Backend::new(store.clone(), RecordingSender::default(), TestClock::default(), shards)
}

fn function(store: &MemoryStore) -> InMemory {
    let settings = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"], "roles": "Hubcast.Rest",
    });
    let settings: IssuerSettings = serde_json::from_value(settings).expect("an issuer");
    let public_url = PublicUrl::Fixed(PUBLIC_URL.to_owned());
    let gate =
        RestGate::new(vec![settings], ISSUED.clone(), access_keys(), public_url.clone());
    Rest {
        front_door: FrontDoor::default(),
        gate: gate.expect("a gate"),
        backend: backend(store),
        clock: TestClock::default(),
        hubs: Hubs::Any,
        producers: Producers::default(),
        implicit_broadcast: true,
        groups: GroupPolicy::default(),
        public_url,
        invoke_timeout: Duration::ZERO,
        log: None,
    }
}

/// A table with a user that has two connections and a lasting membership.
async fn populated() -> MemoryStore {
    let store = MemoryStore::default();
    for id in ["s1=", "s2="] {
        let ready = socket::ready(HUB, id, "alice");
        store.create_socket(&ready).await.expect("the table works");
        store.put_rows(&ready.rows(&ready.channels, None)).await.expect("the table works");
    }
    let group = name::group("g").keyed();
    let lasting = Membership { group, standing: Standing::Member, expires: None };
    let (hub, user) = (name::hub(HUB), name::user("alice"));
    store.put_membership(&hub, &user, &lasting).await.expect("the table works");
    store.journal().clear();
    store
}

fn event(request: &Request<'_>) -> ApiGatewayV2httpRequest {
    let mut event = ApiGatewayV2httpRequest::default();
    event.raw_path = Some(request.path.to_owned());
    event.raw_query_string = Some(request.query.to_owned());
    event.request_context.http.method = Method::from_bytes(request.method.as_bytes()).expect("a method");
    event.body = Some(STANDARD.encode(request.body));
    event.is_base64_encoded = true;
    let bearer = format!("Bearer {}", request.token);
    for (name, value) in request.headers.iter().chain(&[("authorization", bearer.as_str())]) {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            event.headers.insert(name, value);
        }
    }
    event
}

/// Makes a call. No caller can make the function fail: table and queue work.
pub fn call(request: &Request<'_>) -> ApiGatewayV2httpResponse {
    let answer = STAGE.with_borrow_mut(|stage| stage.call(request));
    assert!((200..500).contains(&answer.status_code), "{} {request:?}", answer.status_code);
    answer
}
