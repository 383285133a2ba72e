//! A gateway over functions that a test makes up, and clients for it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hubcast_local::gateway::{
    EndNews, Function, Functions, Gateway, InvokeError, Limits, connection_id, http_request,
    is_upgrade, management_request, upgrade,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing here takes this long unless it never happens.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Answer = Result<Value, InvokeError>;

/// Functions that a test makes up; they remember their events.
pub(crate) struct Fake {
    answer: Box<dyn Fn(Function, Value) -> BoxFuture<'static, Answer> + Send + Sync>,
    events: watch::Sender<Vec<(Function, Value)>>,
}

impl Functions for Fake {
    async fn invoke(&self, function: Function, event: Value) -> Answer {
        self.events.send_modify(|events| events.push((function, event.clone())));
        (self.answer)(function, event).await
    }
}

/// An authorizer's answer that lets everyone in.
pub(crate) fn allow(context: &Value) -> Value {
    json!({ "principalId": "alice", "policyDocument": policy("Allow"), "context": context })
}

pub(crate) fn policy(effect: &str) -> Value {
    let statement =
        json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": "arn:aws:x" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The answer of a function that a test does not care about.
pub(crate) fn usual(function: Function) -> Value {
    match function {
        Function::Authorizer => allow(&json!({})),
        _ => json!({ "statusCode": 200 }),
    }
}

/// A gateway on a port of its own.
pub(crate) struct Rig {
    pub(crate) gateway: Arc<Gateway<Fake>>,
    pub(crate) host: String,
    events: watch::Receiver<Vec<(Function, Value)>>,
    _server: JoinSet<()>,
}

pub(crate) const RELAXED: Limits = Limits {
    idle: Duration::from_mins(10),
    lifetime: Duration::from_hours(2),
    lenient_route_selection: false,
    end_news: EndNews::PROMPT,
};

impl Rig {
    /// Functions that answer at once.
    pub(crate) async fn answering(
        answer: impl Fn(Function, Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::within(RELAXED, answer).await
    }

    pub(crate) async fn within(
        limits: Limits,
        answer: impl Fn(Function, Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(limits, move |function, event| std::future::ready(answer(function, event)))
            .await
    }

    /// Functions that take their time.
    pub(crate) async fn start<A: Future<Output = Answer> + Send + 'static>(
        limits: Limits,
        answer: impl Fn(Function, Value) -> A + Send + Sync + 'static,
    ) -> Self {
        let (sender, events) = watch::channel(Vec::new());
        let answer = Box::new(move |function, event| answer(function, event).boxed());
        let gateway = Gateway::new(Fake { answer, events: sender }, limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let app = Router::new().fallback(front).with_state(Arc::clone(&gateway));
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { gateway, host, events, _server: server }
    }

    /// The first events of a function, as soon as there are `count` of them.
    pub(crate) async fn events(&self, function: Function, count: usize) -> Vec<Value> {
        let mut events = self.events.clone();
        let of = |events: &[(Function, Value)]| -> Vec<Value> {
            let own = events.iter().filter(|(known, _)| *known == function);
            own.map(|(_, event)| event.clone()).collect()
        };
        let waited = events.wait_for(|events| of(events).len() >= count);
        let waited = tokio::time::timeout(PATIENCE, waited).await;
        let known = waited.unwrap_or_else(|_| panic!("{function:?} had no {count} events"));
        of(&known.unwrap())
    }

    /// The first event of a function.
    pub(crate) async fn event(&self, function: Function) -> Value {
        self.events(function, 1).await.swap_remove(0)
    }

    /// How often a function was invoked until now.
    pub(crate) fn count(&self, function: Function) -> usize {
        self.events.borrow().iter().filter(|(known, _)| *known == function).count()
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("ws://{}{target}", self.host)
    }

    /// A client that was let in.
    pub(crate) async fn client(&self) -> Client {
        let at = self.count(Function::Connect);
        let socket = Client::open(&self.url("/client/?hub=notifications")).await.unwrap();
        let event = self.events(Function::Connect, at + 1).await.swap_remove(at);
        let id = event["requestContext"]["connectionId"].as_str().unwrap().to_owned();
        Client { id, ..socket }
    }

    /// The status with which an upgrade is refused.
    pub(crate) async fn refusal(&self, target: &str) -> u16 {
        match Client::open(&self.url(target)).await {
            Err(Error::Http(answer)) => answer.status().as_u16(),
            Err(err) => panic!("{err}"),
            Ok(_) => panic!("{target} was let in"),
        }
    }

    /// Where a connection is managed.
    pub(crate) fn connection(&self, id: &str) -> String {
        format!("http://{}/local/@connections/{id}", self.host)
    }

    /// The official client of the management API, without retries.
    pub(crate) fn management(&self) -> aws_sdk_apigatewaymanagement::Client {
        let config = sdk(&format!("http://{}/local", self.host));
        aws_sdk_apigatewaymanagement::Client::new(&config)
    }
}

async fn front(
    State(gateway): State<Arc<Gateway<Fake>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    if is_upgrade(&parts.headers) {
        return upgrade(gateway, peer, &mut parts).await;
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    match connection_id(parts.uri.path()) {
        Some(id) => management_request(&gateway, &parts.method, &id, body),
        None => http_request(&gateway, Function::Negotiate, &parts, peer, &body).await,
    }
}

/// An SDK that finds everything at `endpoint` and makes one attempt.
pub(crate) fn sdk(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint)
        .build()
}

/// A WebSocket client. It reads only when it is asked to.
pub(crate) struct Client {
    pub(crate) id: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn open(request: impl IntoClientRequest + Unpin) -> Result<Self, Error> {
        let (socket, _) = connect_async(request).await?;
        Ok(Self { id: String::new(), socket })
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.send(text).await;
    }

    /// The next text frame.
    pub(crate) async fn receives(&mut self) -> String {
        match self.next().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("no text but {other:?}"),
        }
    }

    /// The code and reason with which the socket is closed, properly, whatever comes before.
    pub(crate) async fn closing(&mut self) -> (u16, String) {
        let closing = loop {
            match self.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    break (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("no close but {other:?}"),
            }
        };
        let end = self.next().await;
        assert!(end.is_none(), "the connection ends after its close: {end:?}");
        closing
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        next.unwrap_or_else(|_| panic!("there was no frame"))
    }
}
