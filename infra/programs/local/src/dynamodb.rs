//! DynamoDB in process, over its real wire protocol.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dynoxide::Database;
use http::{HeaderMap, StatusCode, header};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// DynamoDB on a listener of its own; the embedded server has no other way in.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    /// The address of the listener.
    address: SocketAddr,
    client: reqwest::Client,
    /// Ends the server together with the stack.
    _server: JoinSet<()>,
}

impl DynamoDb {
    /// Starts DynamoDB, over a file in `data_dir` or in memory.
    pub(crate) async fn start(data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(dynoxide::server::serve_on(listener, database(data_dir)?));
        Ok(Self { address, client: reqwest::Client::new(), _server: server })
    }

    /// The URL for the adapters.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forwards a request, and answers the answer.
    pub(crate) async fn answer(&self, headers: HeaderMap, body: Bytes) -> Response {
        match self.forwarded(headers, body).await {
            Ok(response) => response,
            Err(err) => (StatusCode::BAD_GATEWAY, err.to_string()).into_response(),
        }
    }

    async fn forwarded(&self, headers: HeaderMap, body: Bytes) -> reqwest::Result<Response> {
        let answer = self.client.post(self.url()).headers(headers).body(body).send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        // The body is whole by now and gets a length of its own.
        headers.remove(header::TRANSFER_ENCODING);
        Ok((status, headers, answer.bytes().await?).into_response())
    }
}

fn database(data_dir: Option<&Path>) -> anyhow::Result<Database> {
    let Some(folder) = data_dir else {
        return Database::memory().context("the table cannot be kept in memory");
    };
    let name = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("{name} cannot be created"))?;
    let file = folder.join("table.sqlite");
    let path = file.to_str().context("the data folder's name is not UTF-8")?;
    Database::new(path).with_context(|| format!("{path} cannot be opened"))
}
