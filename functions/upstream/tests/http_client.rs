//! What is told of endpoints that fail.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use hubcast_model::ports::{Cause, Webhook, WebhookAnswer, WebhookRequest};
use hubcast_model::report::chain;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use upstream::http_client::HttpWebhook;

/// Posts to an endpoint that says `answer` and hangs up.
async fn posted(answer: String) -> Result<WebhookAnswer, Cause> {
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
    let posted = HttpWebhook::new().unwrap().post(request, Duration::from_secs(10)).await;
    endpoint.await.unwrap();
    posted
}

/// Azure Functions take it in the query.
#[tokio::test]
async fn no_error_holds_the_key_of_an_endpoint() {
    for answer in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let error = chain(&*posted(answer.to_owned()).await.unwrap_err());
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
