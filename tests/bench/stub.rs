//! What the bench works against: a management API that accepts every post, and a channel table
//! whose rows are computed.
//!
//! `stub [DELAY_MS]` prints its URL and serves until it is ended. The user `u1000` has a thousand
//! sockets, the hub `b1000` too, over four shards. `GET /posts` tells how many posts there were.

#![expect(clippy::print_stdout, reason = "the URL is for whoever started it")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SHARDS: usize = 4;
/// A page of DynamoDB holds 1 MB.
const PAGE_ROWS_MAX: usize = 4000;

static POSTS: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let delay = std::env::args().nth(1).map_or(Ok(0), |millis| millis.parse())?;
    let delay = Duration::from_millis(delay);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request| answer(request, delay));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A client that goes away in mid-request is no concern of ours.
        tokio::spawn(async move { drop(connection.await) });
    }
}

async fn answer(
    request: Request<Incoming>,
    delay: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if let Some(operation) = operation(&head.headers) {
        return Ok(Response::new(table(operation, &body)));
    }
    if head.method == Method::GET {
        return Ok(Response::new(POSTS.load(Ordering::Relaxed).to_string().into()));
    }
    POSTS.fetch_add(1, Ordering::Relaxed);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut answer = Response::default();
    if head.method == Method::DELETE {
        *answer.status_mut() = StatusCode::NO_CONTENT;
    }
    Ok(answer)
}

fn operation(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()?.strip_prefix("DynamoDB_20120810.")
}

fn table(operation: &str, body: &[u8]) -> Full<Bytes> {
    let answer = match operation {
        "Query" => query(&serde_json::from_slice(body).unwrap_or_default()),
        "BatchGetItem" => json!({ "Responses": {}, "UnprocessedKeys": {} }),
        "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
        _ => json!({}),
    };
    Full::from(answer.to_string())
}

/// The rows of a channel, as the real table holds them.
fn query(query: &Value) -> Value {
    let key = query["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
    let (name, rows) = channel(key);
    let start = query["ExclusiveStartKey"]["sk"]["S"].as_str().map_or(0, |last| index(last) + 1);
    let limit = query["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let end = rows.min(start + limit.unwrap_or(PAGE_ROWS_MAX).min(PAGE_ROWS_MAX));
    let is_wanted = wanted(query);
    let mut items: Vec<Value> = (start..end).map(|at| row(key, &name, at)).collect();
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        item.retain(|name, _| is_wanted(name));
    }
    let mut answer = json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items });
    if end < rows {
        answer["LastEvaluatedKey"] =
            json!({ "pk": { "S": key }, "sk": { "S": socket(&name, end - 1) } });
    }
    answer
}

/// Which attributes a query asks for: those that it names, or all.
fn wanted(query: &Value) -> impl Fn(&str) -> bool + '_ {
    let projection = query["ProjectionExpression"].as_str();
    move |name| {
        let is_named = |part: &str| query["ExpressionAttributeNames"][part.trim()] == name;
        projection.is_none_or(|projection| projection.split(',').any(is_named))
    }
}

/// What tells the sockets of a channel apart from others, and how many there are.
fn channel(key: &str) -> (String, usize) {
    let parts: Vec<&str> = key.split('#').collect();
    let number = |name: &str| name.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    match parts.as_slice() {
        ["USER", _hub, user] => ((*user).to_owned(), number(user)),
        ["HUB", hub, shard] => ((*shard).to_owned(), number(hub) / SHARDS),
        _ => (String::new(), 0),
    }
}

fn socket(name: &str, at: usize) -> String {
    format!("{name}.{at:07}Abc=")
}

fn index(socket: &str) -> usize {
    let digits = socket.split_once('.').and_then(|(_, rest)| rest.get(..7));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn row(key: &str, name: &str, at: usize) -> Value {
    json!({
        "pk": { "S": key },
        "sk": { "S": socket(name, at) },
        "connectionId": { "S": format!("{at:07}{name}_a8Fz0QmXw3k") },
        "userId": { "S": format!("user-{at}@example.com") },
        "ttl": { "N": "4102444800" },
        "expiresAt": { "N": "4102444800000" },
    })
}
