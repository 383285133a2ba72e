//! The function over in-memory ports, and requests as API Gateway hands them over.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use hubcast_auth::rest::RestGate;
use hubcast_backend::Backend;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::producers::Producers;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl};
use hubcast_testkit::token::{ISSUER, PUBLIC_URL, access_keys};
use hubcast_testkit::{MemoryStore, RecordingSender, TestClock, TestIssuer, name};
use rest::{RAW_PATH_HEADER, Rest, handle};
use serde_json::{Value, json};

const SEND: &str = include_str!("../../events/send.json");
/// How long a request may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(28);
const AUDIENCE: &str = "api://hubcast-rest";

/// The function and its ports.
pub(crate) struct Rig {
    pub(crate) issuer: TestIssuer,
    pub(crate) store: MemoryStore,
    pub(crate) queue: RecordingSender,
    pub(crate) rest: Rest<TestIssuer, AccessKeys, MemoryStore, RecordingSender, TestClock>,
}

/// A function that knows one hub.
pub(crate) fn rig() -> Rig {
    let (issuer, store) = (TestIssuer::default(), MemoryStore::default());
    let (queue, clock) = (RecordingSender::default(), TestClock::default());
    let settings = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"], "roles": "Hubcast.Rest",
    });
    let settings: IssuerSettings = serde_json::from_value(settings).unwrap();
    let public_url = PublicUrl::Fixed(PUBLIC_URL.to_owned());
    let gate = RestGate::new(vec![settings], issuer.clone(), access_keys(), public_url.clone());
    let shards = Shards::new(ShardCounts::default());
    let rest = Rest {
        front_door: FrontDoor::default(),
        gate: gate.unwrap(),
        backend: Backend::new(store.clone(), queue.clone(), clock.clone(), shards),
        clock,
        hubs: Hubs::Only(vec![name::hub("notifications")]),
        producers: Producers::default(),
        implicit_broadcast: true,
        groups: GroupPolicy::default(),
        public_url,
        invoke_timeout: Duration::from_secs(1),
        log: None,
    };
    Rig { issuer, store, queue, rest }
}

/// How a path is told to the function.
pub(crate) struct EventPath<'a> {
    /// As the event has it.
    pub(crate) path: &'a str,
    /// As the front door says it was encoded.
    pub(crate) raw: Option<&'a str>,
}

impl Rig {
    fn app_token(&self) -> String {
        self.issuer.token(&json!({ "aud": AUDIENCE, "roles": ["Hubcast.Rest"], "idtyp": "app" }))
    }

    /// The answer to the recorded request, changed.
    pub(crate) async fn answer(&self, change: impl FnOnce(&mut Value)) -> ApiGatewayV2httpResponse {
        let mut event: Value = serde_json::from_str(SEND).unwrap();
        event["headers"]["authorization"] = json!(format!("Bearer {}", self.app_token()));
        change(&mut event);
        let event: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
        handle(&self.rest, event, PATIENCE).await
    }

    /// The status of a send on this path, and to which message group it went.
    pub(crate) async fn send(
        &self,
        told: EventPath<'_>,
        token: Option<&str>,
    ) -> (i64, Vec<String>) {
        let before = self.queue.sent().len();
        let answer = self.answer(|event| {
            event["rawPath"] = json!(told.path);
            if let Some(raw) = told.raw {
                event["headers"][RAW_PATH_HEADER] = json!(raw);
            }
            if let Some(token) = token {
                event["headers"]["authorization"] = json!(format!("Bearer {token}"));
            }
        });
        let status = answer.await.status_code;
        let sent = self.queue.sent().into_iter().skip(before);
        (status, sent.map(|sent| sent.group.to_string()).collect())
    }
}

/// The body of an answer.
pub(crate) fn text(answer: &ApiGatewayV2httpResponse) -> &str {
    match &answer.body {
        Some(Body::Text(text)) => text,
        _ => "",
    }
}
