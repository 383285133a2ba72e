//! Clients of the SDK are not built before they are needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::store::DynamoStore;
use hubcast_connection::frames::{AnswerFrames, FramePorts, Frames};
use hubcast_membership::shards::Shards;
use hubcast_model::context::Caller;
use hubcast_model::ports::{ConnectionGateway, Consistency, SocketStore};
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{caller, principal};
use hubcast_testkit::{TestClock, name};
use hubcast_wiring::config::FramesConfig;

use crate::endpoint::sdk_config;

const PING: &str = "{\"type\":6}\u{1e}";
const PATIENCE: Duration = Duration::from_secs(5);

/// Counts the clients that are built with it: each looks at it once, as it is built.
#[derive(Debug, Clone)]
struct Counting {
    builds: Arc<AtomicUsize>,
    real: SharedHttpClient,
}

impl HttpClient for Counting {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.real.http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        _: &RuntimeComponentsBuilder,
        _: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.builds.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// The SDK's configuration for an endpoint at which nothing listens, and the count of clients.
fn counted() -> (SdkConfig, Arc<AtomicUsize>) {
    let builds = Arc::new(AtomicUsize::new(0));
    let real = aws_smithy_http_client::Builder::new().build_http();
    let counting = Counting { builds: Arc::clone(&builds), real };
    let config = sdk_config("http://127.0.0.1:9").into_builder().http_client(counting);
    (config.build(), builds)
}

/// A ping of this socket, at a point in time at which it looks nothing up.
fn set_quiet(clock: &TestClock, caller: &Caller) {
    let old = START.plus(Duration::from_mins(11));
    let looks = |at: u64| (caller.socket.spread() ^ at).is_multiple_of(16);
    let quiet = (0..16).map(|ms| old.plus(Duration::from_millis(ms)));
    clock.set(quiet.into_iter().find(|at| !looks(at.as_millis())).expect("fifteen in sixteen"));
}

#[tokio::test]
async fn a_ping_builds_no_client() {
    let config = FramesConfig::read(|name| match name {
        "TABLE_NAME" => Some("t".to_owned()),
        "MANAGEMENT_ENDPOINT" => Some("https://api.example.com/prod".to_owned()),
        _ => None,
    });
    let config = config.expect("a configuration");
    let (sdk, builds) = counted();
    let store = DynamoStore::new(&sdk, config.table);
    let gateway = ManagementGateway::new(&sdk, &config.management_endpoint, ATTEMPT_TIMEOUT);
    let (clock, alice) = (TestClock::default(), caller("s1=", principal("n", "alice")));
    set_quiet(&clock, &alice);
    let ports = FramePorts::new(store, gateway, clock);
    let frames = Frames::new(ports, &config.frames, Shards::new(config.shards));
    assert_eq!(frames.answer(&alice, PING, PATIENCE).await, PING);
    assert_eq!(builds.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_client_is_built_by_its_first_use_and_only_then() {
    let (sdk, builds) = counted();
    let store = DynamoStore::new(&sdk, "t");
    let gateway = ManagementGateway::new(&sdk, "http://127.0.0.1:9/prod", ATTEMPT_TIMEOUT);
    let socket = name::socket("s1=");
    for built in [1, 1] {
        assert!(gateway.delete(&socket).await.is_err(), "nothing listens there");
        assert_eq!(builds.load(Ordering::SeqCst), built);
    }
    assert!(store.clone().socket(&socket, Consistency::Eventual).await.is_err());
    assert!(store.socket(&socket, Consistency::Eventual).await.is_err());
    assert_eq!(builds.load(Ordering::SeqCst), 2, "a clone shares its client");
}
