//! The management API, played by a server that answers by the socket's name.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_core::ports::{ConnectionGateway, PostError};
use hubcast_testkit::contract::gateway::{Sockets, all};
use hubcast_testkit::name;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::endpoint::{listen, sdk_config, serve};

/// What arrived: socket and body.
type Posts = Arc<Mutex<Vec<(String, Bytes)>>>;

fn sockets() -> Sockets {
    Sockets {
        // Every character of a socket's id that a path must escape.
        open: name::socket("a/b+c?d%2F="),
        gone: name::socket("410"),
        too_large: name::socket("413"),
        forbidden: name::socket("403"),
        throttled: name::socket("429"),
        broken: name::socket("500"),
        silent: name::socket("silent"),
    }
}

async fn answer(id: &str, fine: StatusCode) -> StatusCode {
    match id.parse() {
        Ok(status) => StatusCode::from_u16(status).expect("a status"),
        Err(_) if id == "silent" => std::future::pending().await,
        Err(_) => fine,
    }
}

async fn management_api() -> (ManagementGateway, Posts) {
    let posts = Posts::default();
    let on_post = async |State(posts): State<Posts>, Path(id): Path<String>, body: Bytes| {
        posts.lock().expect("the posts").push((id.clone(), body));
        answer(&id, StatusCode::OK).await
    };
    let on_delete = async |Path(id): Path<String>| answer(&id, StatusCode::NO_CONTENT).await;
    let on_get = async |Path(id): Path<String>| (answer(&id, StatusCode::OK).await, "{}");
    let router = Router::new()
        .route("/prod/@connections/{id}", post(on_post).get(on_get).delete(on_delete))
        .with_state(Arc::clone(&posts));
    let url = serve(router).await;
    (gateway(&url), posts)
}

fn gateway(url: &str) -> ManagementGateway {
    ManagementGateway::new(&sdk_config(url), &format!("{url}/prod"), ATTEMPT_TIMEOUT)
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_sorted() {
    let (gateway, _) = management_api().await;
    all(&gateway, &sockets()).await;
}

#[tokio::test]
async fn a_frame_arrives_byte_for_byte_at_its_socket_and_once() {
    let (gateway, posts) = management_api().await;
    let frame = Bytes::from_static("{\"target\":\"grüße\"}\u{1e}".as_bytes());
    gateway.post(&sockets().open, frame.clone()).await.expect("an answer");
    let posts = posts.lock().expect("the posts").clone();
    assert_eq!(posts, [(sockets().open.to_string(), frame)]);
}

#[tokio::test(start_paused = true)]
async fn every_post_is_one_attempt() {
    let (gateway, posts) = management_api().await;
    for socket in [&sockets().broken, &sockets().throttled, &sockets().silent] {
        gateway.post(socket, Bytes::new()).await.expect_err("a failure");
    }
    assert_eq!(posts.lock().expect("the posts").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_post_gives_up_after_its_time() {
    let (gateway, _) = management_api().await;
    let start = Instant::now();
    gateway.post(&sockets().silent, Bytes::new()).await.expect_err("silence");
    assert_eq!(start.elapsed().as_secs(), ATTEMPT_TIMEOUT.as_secs());
}

#[tokio::test]
async fn a_refused_connection_carried_nothing() {
    let (listener, url) = listen().await;
    drop(listener);
    let outcome = gateway(&url).post(&name::socket("s="), Bytes::new()).await;
    assert!(matches!(outcome, Err(PostError::Unreached(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_leaves_the_outcome_open() {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.readable().await.expect("a request");
            drop(stream);
        }
    });
    let outcome = gateway(&url).post(&name::socket("s="), Bytes::new()).await;
    assert!(matches!(outcome, Err(PostError::Ambiguous(_))), "{outcome:?}");
}

/// A listener whose queue of connections is full lets further ones hang.
#[tokio::test]
async fn a_connection_that_hangs_carried_nothing() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        waiting.push(stream.expect("a connection"));
    }

    let outcome =
        gateway(&format!("http://{address}")).post(&name::socket("s="), Bytes::new()).await;

    assert!(matches!(outcome, Err(PostError::Unreached(_))), "{outcome:?}");
}
