//! The management API, played by a server that answers by the socket's name, by both adapters.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::lean::LeanGateway;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_testkit::contract::gateway::{Sockets, all};
use hubcast_testkit::name;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::endpoint::{listen, sdk_config, serve};

/// The official client, or ours.
#[derive(Debug)]
enum Adapter {
    Official(ManagementGateway),
    Lean(Box<LeanGateway>),
}

impl Adapter {
    fn both(url: &str) -> [Self; 2] {
        let (config, endpoint) = (sdk_config(url), format!("{url}/prod"));
        let lean = LeanGateway::new(&config, &endpoint, 8, ATTEMPT_TIMEOUT);
        [
            Self::Official(ManagementGateway::new(&config, &endpoint, ATTEMPT_TIMEOUT)),
            Self::Lean(Box::new(lean.expect("an endpoint"))),
        ]
    }
}

impl ConnectionGateway for Adapter {
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        match self {
            Self::Official(gateway) => gateway.post(socket, frame).await,
            Self::Lean(gateway) => gateway.post(socket, frame).await,
        }
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        match self {
            Self::Official(gateway) => gateway.is_connected(socket).await,
            Self::Lean(gateway) => gateway.is_connected(socket).await,
        }
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        match self {
            Self::Official(gateway) => gateway.delete(socket).await,
            Self::Lean(gateway) => gateway.delete(socket).await,
        }
    }
}

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

/// A server, and its base URL.
async fn management_api() -> (String, Posts) {
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
    (serve(router).await, posts)
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_sorted() {
    let (url, _) = management_api().await;
    for gateway in Adapter::both(&url) {
        all(&gateway, &sockets()).await;
    }
}

#[tokio::test]
async fn a_frame_arrives_byte_for_byte_at_its_socket_and_once() {
    let (url, posts) = management_api().await;
    let frame = Bytes::from_static("{\"target\":\"grüße\"}\u{1e}".as_bytes());
    for gateway in Adapter::both(&url) {
        gateway.post(&sockets().open, frame.clone()).await.expect("an answer");
        let arrived = std::mem::take(&mut *posts.lock().expect("the posts"));
        assert_eq!(arrived, [(sockets().open.to_string(), frame.clone())], "{gateway:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_post_is_one_attempt() {
    let (url, posts) = management_api().await;
    for gateway in Adapter::both(&url) {
        for socket in [&sockets().broken, &sockets().throttled, &sockets().silent] {
            gateway.post(socket, Bytes::new()).await.expect_err("a failure");
        }
        let attempts = std::mem::take(&mut *posts.lock().expect("the posts")).len();
        assert_eq!(attempts, 3, "{gateway:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_gives_up_after_its_time() {
    let (url, _) = management_api().await;
    for gateway in Adapter::both(&url) {
        let start = Instant::now();
        gateway.post(&sockets().silent, Bytes::new()).await.expect_err("silence");
        assert_eq!(start.elapsed().as_secs(), ATTEMPT_TIMEOUT.as_secs(), "{gateway:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_carried_nothing() {
    let (listener, url) = listen().await;
    drop(listener);
    for gateway in Adapter::both(&url) {
        let outcome = gateway.post(&name::socket("s="), Bytes::new()).await;
        assert!(matches!(outcome, Err(PostError::Unreached(_))), "{gateway:?}: {outcome:?}");
    }
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
    for gateway in Adapter::both(&url) {
        let outcome = gateway.post(&name::socket("s="), Bytes::new()).await;
        assert!(matches!(outcome, Err(PostError::Ambiguous(_))), "{gateway:?}: {outcome:?}");
    }
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

    for gateway in Adapter::both(&format!("http://{address}")) {
        let outcome = gateway.post(&name::socket("s="), Bytes::new()).await;
        assert!(matches!(outcome, Err(PostError::Unreached(_))), "{gateway:?}: {outcome:?}");
    }
}
