//! A proxy that has requests go wrong as it is told, and passes on what it is not told about.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is answered with this status and goes nowhere.
    Status(u16),
    /// It is answered with this error of the AWS JSON protocol and goes nowhere.
    Error(&'static str),
    /// It is never answered. It arrives after so long, or never.
    Hang(Option<Duration>),
    /// It arrives, and the connection ends without an answer.
    Reset,
    /// It takes so long.
    Slow(Duration),
    /// Of a batch only the first part is taken.
    Partial,
}

type Answer = Response<Full<Bytes>>;

/// The proxy; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    plan: Arc<Plan>,
    _serving: JoinSet<()>,
}

/// What is to happen, and what was asked for.
#[derive(Debug)]
struct Plan {
    upstream: String,
    http: reqwest::Client,
    always: Mutex<BTreeMap<String, Fault>>,
    next: Mutex<BTreeMap<String, VecDeque<Fault>>>,
    seen: Mutex<Vec<String>>,
}

/// A request, read as a whole.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Proxy {
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plan = Arc::new(Plan {
            upstream: upstream.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            always: Mutex::default(),
            next: Mutex::default(),
            seen: Mutex::default(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&plan)));
        Self { url, plan, _serving: serving }
    }

    /// Has the next requests of a kind go wrong: `POST s1=`, `DELETE s1=`, or an operation such as
    /// `Query`.
    pub(crate) fn next(&self, kind: &str, faults: impl IntoIterator<Item = Fault>) {
        self.plan.next.lock().unwrap().entry(kind.to_owned()).or_default().extend(faults);
    }

    /// Has all requests of a kind go wrong until [`Self::heal`].
    pub(crate) fn always(&self, kind: &str, fault: Fault) {
        self.plan.always.lock().unwrap().insert(kind.to_owned(), fault);
    }

    pub(crate) fn heal(&self) {
        self.plan.always.lock().unwrap().clear();
        self.plan.next.lock().unwrap().clear();
    }

    /// How many requests of a kind there were, failed ones included.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.plan.seen.lock().unwrap().iter().filter(|seen| *seen == kind).count()
    }
}

async fn serve(listener: TcpListener, plan: Arc<Plan>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let plan = Arc::clone(&plan);
        let service = service_fn(move |request| answer(Arc::clone(&plan), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // Connections end as faults have it.
        connections.spawn(async move { drop(connection.await) });
    }
}

async fn answer(plan: Arc<Plan>, request: Request<Incoming>) -> io::Result<Answer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let asked = Asked { method: head.method, path, headers: head.headers, body };
    let Some(fault) = plan.fault(&asked.kind()) else {
        return plan.forward(&asked).await;
    };
    match fault {
        Fault::Status(status) => {
            Ok(error(StatusCode::from_u16(status).map_err(io::Error::other)?, "Told"))
        }
        Fault::Error(name) => Ok(error(StatusCode::BAD_REQUEST, name)),
        Fault::Hang(late) => {
            if let Some(late) = late {
                // The client may be gone by then, and this future with it.
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    drop(plan.forward(&asked).await);
                });
            }
            pending().await
        }
        Fault::Reset => {
            plan.forward(&asked).await?;
            Err(io::Error::other("told to end the connection"))
        }
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            plan.forward(&asked).await
        }
        Fault::Partial => plan.forward_part(&asked).await,
    }
}

fn error(status: StatusCode, name: &str) -> Answer {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "told to fail" });
    let mut answer = Response::new(body.to_string().into());
    *answer.status_mut() = status;
    answer
}

impl Asked {
    /// The operation, or the method and the socket.
    fn kind(&self) -> String {
        let target = self.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some((_, operation)) = target.and_then(|target| target.split_once('.')) {
            return operation.to_owned();
        }
        let socket = self.path.rsplit('/').next().unwrap_or_default().replace("%3D", "=");
        format!("{} {socket}", self.method)
    }
}

impl Plan {
    fn fault(&self, kind: &str) -> Option<Fault> {
        self.seen.lock().unwrap().push(kind.to_owned());
        let next = self.next.lock().unwrap().get_mut(kind).and_then(VecDeque::pop_front);
        next.or_else(|| self.always.lock().unwrap().get(kind).copied())
    }

    async fn forward(&self, asked: &Asked) -> io::Result<Answer> {
        let mut headers = asked.headers.clone();
        headers.remove(header::HOST);
        headers.remove(header::CONTENT_LENGTH);
        let request =
            self.http.request(asked.method.clone(), format!("{}{}", self.upstream, asked.path));
        let sent = request.headers(headers).body(asked.body.clone()).send().await;
        let answer = sent.map_err(io::Error::other)?;
        let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let mut passed = Response::new(answer.bytes().await.map_err(io::Error::other)?.into());
        *passed.status_mut() = status;
        passed.headers_mut().extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
        Ok(passed)
    }

    /// Passes the first part of a batch on, and answers that the rest was not taken.
    async fn forward_part(&self, asked: &Asked) -> io::Result<Answer> {
        let mut batch: Value = serde_json::from_slice(&asked.body)?;
        let not_taken = match asked.kind().as_str() {
            "SendMessageBatch" => {
                let rest = cut(&mut batch["Entries"]).into_iter().map(|entry| {
                    json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": false })
                });
                ("Failed", rest.collect())
            }
            "BatchWriteItem" => {
                let tables = batch["RequestItems"].as_object_mut().into_iter().flatten();
                let rest = tables.map(|(table, writes)| (table.clone(), Value::from(cut(writes))));
                ("UnprocessedItems", rest.collect())
            }
            other => return Err(io::Error::other(format!("{other} has no parts"))),
        };
        let part = Asked { body: batch.to_string().into(), ..asked.clone() };
        let taken = self.forward(&part).await?.into_body().collect().await;
        let mut answer: Value =
            serde_json::from_slice(&taken.map_err(io::Error::other)?.to_bytes())?;
        answer[not_taken.0] = not_taken.1;
        Ok(Response::new(answer.to_string().into()))
    }
}

/// Leaves the first of a list; answers the others.
fn cut(list: &mut Value) -> Vec<Value> {
    list.as_array_mut().map(|list| list.split_off(1)).unwrap_or_default()
}
