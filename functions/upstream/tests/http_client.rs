//! What is told of endpoints that fail.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hubcast_model::ports::{Webhook, WebhookAnswer, WebhookError, WebhookRequest};
use hubcast_model::report::chain;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use upstream::http_client::HttpWebhook;

/// Posts to an endpoint that says `answer` and hangs up.
async fn posted(answer: String) -> Result<WebhookAnswer, WebhookError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?code=a-function-key", listener.local_addr().unwrap());
    let endpoint = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 1024]);
        // What is left unread would reset the connection.
        while !request.ends_with(b"{}") {
            let read = socket.read(&mut part).await.unwrap();
            assert!(read > 0, "the request ends early");
            request.extend_from_slice(&part[..read]);
        }
        // Who reads no more may have hung up.
        drop(socket.write_all(answer.as_bytes()).await);
    });
    let request = WebhookRequest { url, headers: Vec::new(), body: "{}".to_owned() };
    let posted = HttpWebhook::new(None).unwrap().post(request, Duration::from_secs(10)).await;
    endpoint.await.unwrap();
    posted
}

/// Azure Functions take it in the query.
#[tokio::test]
async fn no_error_holds_the_key_of_an_endpoint() {
    for answer in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let error = chain(&posted(answer.to_owned()).await.unwrap_err());
        assert!(!error.is_empty() && !error.contains("code="), "{answer}: {error}");
    }
}

/// The status alone decides whether an event was taken.
#[tokio::test]
async fn long_answers_and_odd_ones_are_answers() {
    let answer = posted("HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(1 << 20)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!((128 << 10..512 << 10).contains(&answer.body.len()), "{}", answer.body.len());
}

/// A redirect may repeat the key of the URL.
#[tokio::test]
async fn the_place_of_a_redirect_is_told_without_its_query() {
    let head = "HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\n";
    for (line, place) in [
        ("location: https://app.example/hook?code=k#x\r\n", Some("https://app.example/hook")),
        ("location: /hook\r\n", Some("/hook")),
        ("", None),
    ] {
        let answer = posted(format!("{head}{line}\r\n")).await.unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (307, place));
    }
}

/// An endpoint over TLS whose certificate no authority signed.
struct TlsEndpoint {
    url: String,
    /// Its certificate, as PEM.
    root: String,
    /// How many connections it was asked for.
    connections: Arc<AtomicUsize>,
}

/// Serves 200 over TLS, and hangs up on the first `broken` connections.
async fn tls(broken: usize) -> TlsEndpoint {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![own.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hooks?code=a-function-key", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            if count.fetch_add(1, Ordering::SeqCst) < broken {
                continue;
            }
            // A client that does not trust the certificate hangs up.
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut part = [0; 1024];
            drop(socket.read(&mut part).await);
            drop(socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await);
        }
    });
    TlsEndpoint { url, root: own.cert.pem(), connections }
}

async fn posted_to(
    endpoint: &TlsEndpoint,
    root: Option<&[u8]>,
) -> Result<WebhookAnswer, WebhookError> {
    let (url, body) = (endpoint.url.clone(), "{}".to_owned());
    let request = WebhookRequest { url, headers: Vec::new(), body };
    HttpWebhook::new(root).unwrap().post(request, Duration::from_secs(10)).await
}

#[tokio::test]
async fn a_connection_that_could_not_be_made_is_made_anew_at_once() {
    let endpoint = tls(3).await;
    let answer = posted_to(&endpoint, Some(endpoint.root.as_bytes())).await.unwrap();
    assert_eq!((answer.status, endpoint.connections.load(Ordering::SeqCst)), (200, 4));
}

#[tokio::test]
async fn an_endpoint_that_takes_no_connection_is_given_up_at_once() {
    let endpoint = tls(usize::MAX).await;
    let err = posted_to(&endpoint, Some(endpoint.root.as_bytes())).await.unwrap_err();
    assert!(matches!(err, WebhookError::Unreachable(_)), "{err:?}");
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_not_sent_again() {
    let err = posted(String::new()).await.unwrap_err();
    assert!(matches!(err, WebhookError::Broken(_)), "{err:?}");
}

#[tokio::test]
async fn a_certificate_of_nobody_is_refused_with_what_to_do_and_taken_as_a_root() {
    let endpoint = tls(0).await;
    let err = posted_to(&endpoint, None).await.unwrap_err();
    let told = chain(&err);
    assert!(told.contains("--root-certificate") && !told.contains("code="), "{told}");
    assert_eq!(posted_to(&endpoint, Some(endpoint.root.as_bytes())).await.unwrap().status, 200);
}

#[test]
fn a_root_that_is_no_certificate_is_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----";
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    for root in [broken, key, "", "no PEM"] {
        assert!(HttpWebhook::new(Some(root.as_bytes())).is_err(), "{root}");
    }
}
