//! What only the lean adapter does itself: connections, credentials, clocks and TLS.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use bytes::Bytes;
use futures_util::future::join_all;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::lean::{EndpointError, LeanGateway};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use hubcast_testkit::name;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::endpoint::sdk_config;
use crate::peer::{FINE, Reply, serve};

fn gateway(url: &str, connections_max: usize) -> LeanGateway {
    with_config(&sdk_config(url), url, connections_max)
}

fn with_config(config: &SdkConfig, url: &str, connections_max: usize) -> LeanGateway {
    let endpoint = format!("{url}/prod");
    LeanGateway::new(config, &endpoint, connections_max, ATTEMPT_TIMEOUT).expect("an endpoint")
}

async fn post(gateway: &LeanGateway) -> Result<(), PostError> {
    gateway.post(&name::socket("s="), Bytes::from_static(b"{}\x1e")).await
}

#[tokio::test]
async fn connections_are_kept_and_reused() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    let gateway = gateway(&url, 8);
    for _ in 0..20 {
        post(&gateway).await.expect("an answer");
    }
    gateway.delete(&name::socket("s=")).await.expect("an answer");
    assert_eq!((seen.heads().len(), seen.connections()), (21, 1));
}

async fn post_and_delete(gateway: &impl ConnectionGateway, socket: &SocketId) {
    gateway.post(socket, Bytes::from_static(b"{}\x1e")).await.expect("an answer");
    gateway.delete(socket).await.expect("an answer");
}

#[tokio::test]
async fn requests_are_those_of_the_official_client() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    let odd = name::socket("aB3/x+y=");
    post_and_delete(&gateway(&url, 1), &odd).await;
    let endpoint = format!("{url}/prod");
    post_and_delete(&ManagementGateway::new(&sdk_config(&url), &endpoint, ATTEMPT_TIMEOUT), &odd)
        .await;
    let lines: Vec<String> =
        seen.heads().iter().filter_map(|head| head.lines().next().map(str::to_owned)).collect();
    let path = "/prod/@connections/aB3%2Fx%2By%3D";
    let ours = [format!("POST {path} HTTP/1.1"), format!("DELETE {path} HTTP/1.1")];
    assert_eq!(lines, [ours.clone(), ours].concat());
    assert_eq!(seen.headers("host"), vec![url.replace("http://", ""); 4]);
}

#[tokio::test]
async fn a_kept_connection_that_ended_meanwhile_is_replaced() {
    let (url, seen) = serve(|_| Reply { ends: true, ..Reply::fine() }).await;
    let gateway = gateway(&url, 8);
    for _ in 0..5 {
        post(&gateway).await.expect("an answer");
        seen.end_of_a_connection().await;
    }
    assert_eq!((seen.heads().len(), seen.connections()), (5, 5));
}

#[tokio::test]
async fn a_connection_that_the_server_wants_closed_is_not_reused() {
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, seen) = serve(move |_| Reply { answer: last.to_owned(), ends: true }).await;
    let gateway = gateway(&url, 8);
    for _ in 0..5 {
        post(&gateway).await.expect("an answer");
    }
    assert_eq!(seen.connections(), 5);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_after_its_status_is_decided() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
    let (url, seen) = serve(move |_| Reply { answer: cut.to_owned(), ends: true }).await;
    let gateway = gateway(&url, 8);
    post(&gateway).await.expect("it arrived");
    post(&gateway).await.expect("it arrived");
    assert_eq!((seen.heads().len(), seen.connections()), (2, 2));
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    let gateway = gateway(&url, 3);
    let posts = join_all((0..50).map(|_| post(&gateway))).await;
    assert!(posts.iter().all(Result::is_ok), "{posts:?}");
    assert_eq!((seen.heads().len(), seen.connections(), seen.most_open()), (50, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_free_connection_in_time_sent_nothing() {
    let (url, seen) = serve(|_| Reply { answer: String::new(), ends: false }).await;
    let gateway = gateway(&url, 1);
    let (first, second) = tokio::join!(post(&gateway), post(&gateway));
    assert!(matches!(first, Err(PostError::Ambiguous(_))), "{first:?}");
    assert!(matches!(second, Err(PostError::Unreached(_))), "{second:?}");
    assert_eq!(seen.heads().len(), 1);
}

/// Hands out credentials, or fails, in turn.
#[derive(Debug, Default, Clone)]
struct Turns(Arc<State>);

#[derive(Debug, Default)]
struct State {
    next: Mutex<VecDeque<Credentials>>,
    asked: AtomicUsize,
}

impl Turns {
    fn new(next: impl IntoIterator<Item = Credentials>) -> Self {
        let state = State { next: Mutex::new(next.into_iter().collect()), ..State::default() };
        Self(Arc::new(state))
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    fn gateway(&self, url: &str) -> LeanGateway {
        let provider = SharedCredentialsProvider::new(self.clone());
        let config = sdk_config(url).into_builder().credentials_provider(provider).build();
        with_config(&config, url, 8)
    }
}

impl ProvideCredentials for Turns {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.0.asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let next = self.0.next.lock().expect("the turns").pop_front();
            next.ok_or_else(|| CredentialsError::not_loaded("told to fail"))
        })
    }
}

/// Credentials with this key, good for so many minutes.
fn credentials(key: &str, minutes: u64) -> Credentials {
    let now = Duration::from_millis(SystemClock.now().as_millis());
    let end = UNIX_EPOCH + now + Duration::from_mins(minutes);
    Credentials::new(key, "secret", Some(format!("token-of-{key}")), Some(end), "test")
}

#[tokio::test]
async fn credentials_are_asked_for_once_however_many_wait_for_them() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    let turns = Turns::new([credentials("a", 60)]);
    let gateway = turns.gateway(&url);
    let posts = join_all((0..10).map(|_| post(&gateway))).await;
    assert!(posts.iter().all(Result::is_ok), "{posts:?}");
    assert_eq!(turns.asked(), 1);
    assert_eq!(seen.headers("x-amz-security-token"), vec!["token-of-a"; 10]);
}

#[tokio::test]
async fn nothing_is_sent_without_good_credentials() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    for turns in [Turns::default(), Turns::new([credentials("old", 0)])] {
        let outcome = post(&turns.gateway(&url)).await;
        assert!(matches!(outcome, Err(PostError::Unreached(_))), "{outcome:?}");
    }
    assert!(seen.heads().is_empty());
}

/// 403, with the server's own time.
fn refusal(now: Timestamp) -> Reply {
    let now = OffsetDateTime::from_unix_timestamp(now.as_seconds().try_into().expect("a time"));
    let date = now.expect("a time").format(&Rfc2822).expect("a date").replace("+0000", "GMT");
    let answer = FINE.replace("200 OK", &format!("403 Forbidden\r\ndate: {date}"));
    Reply { answer, ends: false }
}

/// Refuses whoever's clock is more than five minutes from the server's.
fn strict(ahead: Duration) -> impl Fn(&str) -> Reply {
    move |head| {
        let now = SystemClock.now().plus(ahead);
        let theirs = head.lines().find_map(|line| line.strip_prefix("x-amz-date: "));
        let theirs = signed_at(theirs.expect("a date"));
        let apart = now.since(theirs).max(theirs.since(now));
        if apart < Duration::from_mins(5) { Reply::fine() } else { refusal(now) }
    }
}

/// Reads a date such as `20261123T100000Z`.
fn signed_at(date: &str) -> Timestamp {
    let part = |range| date.get(range).expect("a date");
    let (day, time) = (&[part(0..4), part(4..6), part(6..8)], &[part(9..11), part(11..13)]);
    let text = format!("{}T{}:{}Z", day.join("-"), time.join(":"), part(13..15));
    Timestamp::parse(&text).expect("a date")
}

#[tokio::test]
async fn the_servers_clock_is_learnt_from_its_refusal() {
    let (url, seen) = serve(strict(Duration::from_hours(1))).await;
    let gateway = gateway(&url, 8);
    post(&gateway).await.expect("a second try by the server's clock");
    assert_eq!(seen.heads().len(), 2);
    post(&gateway).await.expect("an answer");
    assert_eq!(seen.heads().len(), 3, "the clock is known");
}

#[tokio::test]
async fn a_refusal_by_the_right_clock_is_final() {
    let (url, seen) = serve(|_| refusal(SystemClock.now())).await;
    let outcome = post(&gateway(&url, 8)).await;
    assert!(matches!(outcome, Err(PostError::Refused(_))), "{outcome:?}");
    assert_eq!(seen.heads().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_got_nothing() {
    let (url, seen) = serve(|_| Reply::fine()).await;
    let outcome = post(&gateway(&url.replace("http:", "https:"), 8)).await;
    assert!(matches!(outcome, Err(PostError::Unreached(_))), "{outcome:?}");
    assert!(seen.heads().is_empty());
}

#[test]
fn a_host_that_tls_cannot_name_is_told_at_once() {
    let config = sdk_config("http://127.0.0.1");
    let outcome = LeanGateway::new(&config, "https://a..b/prod", 8, ATTEMPT_TIMEOUT);
    assert!(matches!(outcome, Err(EndpointError::Tls(_))), "{outcome:?}");
}
