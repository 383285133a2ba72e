//! DynamoDB in process: its wire protocol for SDKs, and no listener of its own.

use std::path::Path;

use anyhow::Context;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What stands before the name of an operation in `X-Amz-Target`.
pub(crate) const TARGET_PREFIX: &str = "DynamoDB_20120810.";
const JSON: &str = "application/x-amz-json-1.0";

/// An answer of DynamoDB.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON body.
    pub(crate) body: String,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        (status, [(header::CONTENT_TYPE, JSON)], self.body).into_response()
    }
}

/// The database behind the wire protocol.
#[derive(Clone)]
pub(crate) struct DynamoDb(Database);

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DynamoDb(..)")
    }
}

impl DynamoDb {
    /// Opens the database, in a file of `data_dir` or in memory.
    pub(crate) fn open(data_dir: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self(database(data_dir)?))
    }

    /// Answers a request of the wire protocol.
    pub(crate) fn answer(&self, headers: &HeaderMap, body: &Bytes) -> Answer {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        self.call(target.unwrap_or_default(), body)
    }

    /// Answers the operation that `target` names, such as `DynamoDB_20120810.GetItem`.
    pub(crate) fn call(&self, target: &str, body: &[u8]) -> Answer {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
        match self.run(operation, body) {
            Ok(body) => Answer { status: 200, body },
            Err(err) => {
                tracing::debug!(operation, error = %err, "DynamoDB refused a request");
                Answer { status: err.status_code(), body: err.to_json() }
            }
        }
    }

    fn run(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let db = &self.0;
        match operation {
            "BatchGetItem" => through(body, |request| db.batch_get_item(request)),
            "BatchWriteItem" => through(body, |request| db.batch_write_item(request)),
            "CreateTable" => through(body, |request| db.create_table(request)),
            "DeleteItem" => through(body, |request| db.delete_item(request)),
            "DeleteTable" => through(body, |request| db.delete_table(request)),
            "DescribeTable" => through(body, |request| db.describe_table(request)),
            "DescribeTimeToLive" => through(body, |request| db.describe_time_to_live(request)),
            "ExecuteStatement" => through(body, |request| db.execute_statement(request)),
            "GetItem" => through(body, |request| db.get_item(request)),
            "ListTables" => through(body, |request| db.list_tables(request)),
            "PutItem" => through(body, |request| db.put_item(request)),
            "Query" => through(body, |request| db.query(request)),
            "Scan" => through(body, |request| db.scan(request)),
            "TransactGetItems" => through(body, |request| db.transact_get_items(request)),
            "TransactWriteItems" => through(body, |request| db.transact_write_items(request)),
            "UpdateItem" => through(body, |request| db.update_item(request)),
            "UpdateTable" => through(body, |request| db.update_table(request)),
            "UpdateTimeToLive" => through(body, |request| db.update_time_to_live(request)),
            _ => {
                let text = format!("the operation '{operation}' is not served here");
                Err(DynoxideError::SerializationException(text))
            }
        }
    }
}

/// Reads a request, has it carried out, and writes what came of it.
fn through<R: DeserializeOwned, A: Serialize>(
    body: &[u8],
    carry_out: impl FnOnce(R) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body)
        .map_err(|err| DynoxideError::SerializationException(err.to_string()))?;
    let answer = carry_out(request)?;
    serde_json::to_string(&answer)
        .map_err(|err| DynoxideError::InternalServerError(err.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_operation_is_named() {
        let answer = DynamoDb::open(None).unwrap().call("DynamoDB_20120810.ListBackups", b"{}");
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("'ListBackups' is not served here"), "{}", answer.body);
    }

    #[test]
    fn a_body_that_is_no_request_is_refused() {
        let answer = DynamoDb::open(None).unwrap().call("DynamoDB_20120810.GetItem", b"[");
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("SerializationException"), "{}", answer.body);
    }
}
