//! What is told of endpoints that fail.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use hubcast_core::ports::{Webhook, WebhookRequest};
use hubcast_core::report::chain;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use upstream::http_client::HttpWebhook;

/// Posts to an endpoint that says `answer` and hangs up; answers what went wrong.
async fn error_of(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?code=a-function-key", listener.local_addr().unwrap());
    let endpoint = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    let request = WebhookRequest { url, headers: Vec::new(), body: "{}".to_owned() };
    let posted = HttpWebhook::new().unwrap().post(request, Duration::from_secs(10)).await;
    endpoint.await.unwrap();
    chain(&*posted.unwrap_err())
}

/// Azure Functions take it in the query.
#[tokio::test]
async fn no_error_holds_the_key_of_an_endpoint() {
    for answer in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let error = error_of(answer).await;
        assert!(!error.is_empty() && !error.contains("code="), "{answer}: {error}");
    }
}
