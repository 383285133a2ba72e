//! A stack of its own for each test, and the program beside it.

use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use hubcast_local::{Books, Options, Stack};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Nothing here takes this long unless it never happens.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The log of this process, in which all stacks write.
static BOOK: OnceLock<Books> = OnceLock::new();

/// A running stack.
pub(crate) struct Rig {
    pub(crate) stack: Stack,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program without what the environment of this test says.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubcast"));
    command.env_clear().kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub(crate) async fn run(command: &mut Command) -> Outcome {
    outcome(timeout(PATIENCE, command.output()).await.unwrap().unwrap())
}

/// What a run left that has ended.
pub(crate) fn outcome(output: Output) -> Outcome {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    Outcome { code, out: text(output.stdout), err: text(output.stderr) }
}

/// A service of AWS that answers as a test says, by the operation or the path, and by the input.
pub(crate) async fn service(
    answer: impl Fn(&str, &Value) -> (StatusCode, Value) + Clone + Send + Sync + 'static,
) -> String {
    let app = axum::Router::new().fallback(move |request: Request<Body>| async move {
        let target = request.headers().get("X-Amz-Target").and_then(|name| name.to_str().ok());
        let operation = target.unwrap_or_else(|| request.uri().path()).to_owned();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
        let input = serde_json::from_slice(&body).unwrap_or_default();
        let (status, answer) = answer(&operation, &input);
        (status, answer.to_string())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

impl Outcome {
    /// That the run ended with this code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The lines of JSON that the run wrote.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Options::on_free_port()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let book = BOOK.get_or_init(|| Books::start("error")).clone();
        Self { stack: Stack::start_logged(&options, book).await.unwrap() }
    }

    /// The program, told of this stack.
    pub(crate) fn hubcast(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg(format!("--local={}", self.stack.url())).args(arguments);
        command
    }

    /// Runs the program on this stack.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.hubcast(arguments)).await
    }

    /// Runs the program with something on its standard input.
    pub(crate) async fn piped(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.hubcast(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A program that has seen enough need not read all of it.
        let _ = pipe.write_all(input.as_bytes()).await;
        drop(pipe);
        outcome(timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap())
    }

    /// Runs the program until it writes this many lines of JSON: rows are written a moment after a
    /// connection is told that it is one.
    pub(crate) async fn until(&self, arguments: &[&str], lines: usize) -> Vec<Value> {
        let tries = async {
            loop {
                let json = self.run(arguments).await.exits(0).json();
                if json.len() == lines {
                    return json;
                }
            }
        };
        timeout(PATIENCE, tries).await.unwrap()
    }

    /// Runs the program on this stack as on AWS: found by the variables that all AWS tools read.
    pub(crate) fn by_environment(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.env("AWS_ENDPOINT_URL", self.stack.url()).env("PUBLIC_URL", self.stack.url());
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        command.env("AWS_REGION", "eu-central-1");
        command.env("ACCESS_KEYS", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH");
        command.args(arguments);
        command
    }

    /// Puts a message on a queue as it is, with the attributes of a dead letter if it has any.
    pub(crate) async fn enqueue(
        &self,
        queue: &str,
        group: &str,
        body: &str,
        attributes: &[(&str, &str)],
    ) {
        let url = format!("{}/000000000000/hubcast-{queue}.fifo", self.stack.url());
        let attributes: serde_json::Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| {
                ((*name).to_owned(), json!({ "DataType": "String", "StringValue": value }))
            })
            .collect();
        let message = json!({
            "QueueUrl": url,
            "MessageBody": body,
            "MessageGroupId": group,
            "MessageDeduplicationId": format!("{:x}", fastrand::u128(..)),
            "MessageAttributes": attributes,
        });
        self.aws("AmazonSQS.SendMessage", &message).await;
    }

    /// Calls an operation of SQS or DynamoDB.
    pub(crate) async fn aws(&self, target: &str, input: &Value) {
        let post = reqwest::Client::new().post(self.stack.url()).body(input.to_string());
        let post = post.header("X-Amz-Target", target).header("X-Amz-Date", "20261124T000000Z");
        // Nobody checks it, but DynamoDB asks for one.
        let credential = "Credential=local/20261124/eu-central-1/dynamodb/aws4_request";
        let signature = format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00");
        let post = post.header("Authorization", signature);
        let answer =
            post.header("Content-Type", "application/x-amz-json-1.0").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// A listener that is connected.
    pub(crate) async fn listener(&self, arguments: &[&str]) -> Listener {
        let mut command = self.hubcast(&["listen", "--json"]);
        let mut child = command.args(arguments).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut listener = Listener { child, lines, connection: String::new() };
        let event = listener.next().await;
        assert_eq!(event["event"], "connected", "{event}");
        event["connectionId"].as_str().unwrap().clone_into(&mut listener.connection);
        listener
    }
}

/// `hubcast listen --json`, running.
pub(crate) struct Listener {
    pub(crate) child: Child,
    pub(crate) connection: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Listener {
    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap();
        match line {
            Some(line) => serde_json::from_str(&line).unwrap(),
            None => panic!("the listener ended: {:?}", self.child.wait().await),
        }
    }

    /// The next call, as `target` and `arguments`.
    pub(crate) async fn call(&mut self) -> (String, String) {
        let event = self.next().await;
        assert_eq!(event["event"], "call", "{event}");
        (event["target"].as_str().unwrap().to_owned(), event["arguments"].to_string())
    }

    /// The code with which it ends by itself.
    pub(crate) async fn end(&mut self) -> i32 {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap().code().unwrap()
    }
}
