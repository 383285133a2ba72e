//! The route table as an `OpenAPI` 3.1 document.

mod parameters;
mod schemas;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::route::{Operation, ROUTES, Route, Since, VERSIONS, parameter};

use parameters::{HUB, idempotency_header, path_schema, query_schema, trace_header};

/// The document, made once: anybody may ask for it, as often as they like.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Describes every operation.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(format!("/{}", route.path)).or_insert_with(|| json!({}));
        for method in described(route) {
            path[method.to_ascii_lowercase()] = operation(route, method);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hubcast REST API",
            "version": "2026-07-01",
            "summary": "The data plane of Azure SignalR, and additions.",
            "description": "Backends send messages, close connections, change memberships, and ask who is connected. Names in queries and bodies are case-insensitive. Every error has a code in the header x-ms-error-code.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "A token that is signed with an access key (HS256) for the URL of the call, or an app's token of an issuer in REST_ISSUERS.",
            } },
            "schemas": schemas::all(),
        },
    })
}

fn operation(route: &Route, method: &str) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route, method),
        "tags": [tag(route.since)],
        "summary": summary(route.operation),
        "parameters": parameters(route),
        "responses": responses(route, method),
    });
    if let Some(body) = body(route.operation) {
        operation["requestBody"] = body;
    }
    if matches!(route.operation, Operation::Health | Operation::OpenApi) {
        operation["security"] = json!([]);
    }
    if matches!(route.since, Since::Preview | Since::V1) {
        operation["deprecated"] = json!(true);
    }
    operation
}

fn operation_id(route: &Route, method: &str) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && *word != "api");
    let words: Vec<&str> = words.collect();
    format!("{}_{}", method.to_ascii_lowercase(), words.join("_"))
}

const fn tag(since: Since) -> &'static str {
    match since {
        Since::Always => "service",
        Since::Preview => "1.0-preview",
        Since::V1 => "1.0",
        Since::Own => "hubcast",
        Since::V2022June
        | Since::V2022November
        | Since::V2023July
        | Since::V2024December
        | Since::V2026July => "Azure SignalR",
    }
}

const fn summary(operation: Operation) -> &'static str {
    match operation {
        Operation::Health => "Says that the service runs.",
        Operation::OpenApi => "This document.",
        Operation::AccessKey => "Gives a key that signs client tokens only, good for 90 minutes.",
        Operation::Send => "Calls a method of clients.",
        Operation::SendToEach => "Calls a method of the clients of each name in a list.",
        Operation::Close => "Ends connections.",
        Operation::CloseConnection => "Ends a connection.",
        Operation::Execute => "Carries out commands for the connections that a filter selects.",
        Operation::GenerateToken => "Makes a client token.",
        Operation::Invoke => "Calls a method of a client, and answers the result.",
        Operation::StreamSend => "Sends an item of a stream that a client asked for.",
        Operation::StreamComplete => "Ends a stream that a client asked for.",
        Operation::Exists => {
            "Says whether the connection exists, or whether the user or group has a connection."
        }
        Operation::AddConnection => "Puts a connection into a group, until the connection ends.",
        Operation::RemoveConnection => "Takes a connection out of a group.",
        Operation::RemoveConnectionFromAll => "Takes a connection out of all groups.",
        Operation::AddUser => "Puts a user into a group, with all connections of now and later.",
        Operation::RemoveUser => "Takes a user out of a group.",
        Operation::RemoveUserFromAll => "Takes a user out of all groups.",
        Operation::IsUserInGroup => "Says whether a user is in a group.",
        Operation::Enqueue => {
            "Takes an envelope, or an array of up to 100 elements, as the notifications queue does."
        }
        Operation::RefreshAuth => {
            "Gives an open connection other claims of its user, or another end; answers all claims."
        }
        Operation::ConnectionClaims => "Tells the claims of an open connection; also by QUERY.",
        Operation::ListConnections => "Lists connections.",
        Operation::ListUsers => "Lists the users who have a connection.",
        Operation::ListGroups => {
            "Lists the groups of a user; a name of more than 256 bytes is given as its beginning and a digest."
        }
        Operation::MessageFate => "Tells the fate of a message, if the deployment tells fates.",
        Operation::Count => "Counts connections, and users with a connection.",
    }
}

/// The methods that `OpenAPI` 3.1 has words for.
fn described(route: &Route) -> impl Iterator<Item = &'static str> {
    route.methods.iter().copied().filter(|method| *method != "QUERY")
}

fn parameters(route: &Route) -> Value {
    let names = route.path.split('/').filter_map(parameter);
    let path = names.map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": path_schema(name) }),
    );
    let query = route
        .query
        .iter()
        .map(|name| json!({ "name": name, "in": "query", "schema": query_schema(name) }));
    let key = has_message(route.operation).then(idempotency_header);
    let trace = route.path.contains("{hub}").then(trace_header);
    path.chain(query).chain(key).chain(trace).chain(version_parameters(route)).collect()
}

/// Whether an operation puts messages on the queue that its caller can name.
const fn has_message(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Send
            | Operation::SendToEach
            | Operation::Enqueue
            | Operation::Close
            | Operation::CloseConnection
            | Operation::StreamSend
            | Operation::StreamComplete
    )
}

fn version_parameters(route: &Route) -> Vec<Value> {
    if route.since == Since::Always {
        return Vec::new();
    }
    let application = json!({
        "name": "application", "in": "query",
        "description": "The name of an application, whose hubs are separate hubs.",
        "schema": { "type": "string", "pattern": HUB },
    });
    if !route.since.is_dated() {
        return vec![application];
    }
    let versions = VERSIONS.iter().filter(|(_, version)| route.since.is_in(*version));
    let names: Vec<&str> = versions.map(|(name, _)| *name).collect();
    let version = json!({
        "name": "api-version", "in": "query", "required": true, "schema": { "enum": names },
    });
    vec![version, application]
}

fn body(operation: Operation) -> Option<Value> {
    let encoded = || {
        json!({
            "application/json": { "schema": { "$ref": "#/components/schemas/PayloadMessage" } },
            "application/x-msgpack": { "schema": {} },
            "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
        })
    };
    let content = match operation {
        Operation::Send | Operation::SendToEach | Operation::Invoke => encoded(),
        Operation::StreamSend => {
            json!({ "application/json": { "schema": {} }, "application/x-msgpack": { "schema": {} } })
        }
        Operation::Enqueue => {
            let one = json!({ "type": "object" });
            let list = json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": one });
            json!({ "application/json": { "schema": { "oneOf": [one, list] } } })
        }
        Operation::RefreshAuth => {
            json!({ "application/json": { "schema": { "$ref": "#/components/schemas/RefreshAuthRequest" } } })
        }
        Operation::ConnectionClaims => {
            json!({ "application/json": { "schema": { "$ref": "#/components/schemas/ConnectionRequest" } } })
        }
        Operation::Execute => {
            let command = json!({ "$ref": "#/components/schemas/SignalRCommand" });
            let list = json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": command });
            json!({ "application/json": { "schema": list } })
        }
        _ => return None,
    };
    Some(json!({ "required": true, "content": content }))
}

fn responses(route: &Route, method: &str) -> Value {
    let content = |schema: &str| json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } });
    let mut success = json!({ "description": "Success" });
    if let Some(schema) = answer(route).filter(|_| method != "HEAD") {
        success["content"] = content(schema);
    }
    if route.operation == Operation::Invoke {
        let encoded = json!({ "schema": { "type": "string", "format": "binary" } });
        success["content"]["application/octet-stream"] = encoded;
    }
    if has_message(route.operation) {
        let ids = "The ids of the messages on the queue, in their order; `hubcast why --message` tells the fate of one.";
        success["headers"] = json!({ "x-hubcast-message-id": { "description": ids, "schema": { "type": "string" } } });
    }
    let code = json!({ "x-ms-error-code": { "required": true, "schema": { "type": "string" } } });
    let mut failure = json!({ "description": "Failure", "headers": code });
    if method != "HEAD" {
        failure["content"] = content("ErrorDetail");
    }
    json!({ route.ok.to_string(): success, "default": failure })
}

fn answer(route: &Route) -> Option<&'static str> {
    match route.operation {
        Operation::Health | Operation::Exists | Operation::IsUserInGroup | Operation::Execute => {
            None
        }
        Operation::OpenApi => Some("Document"),
        Operation::AccessKey => Some("AccessKeyResponse"),
        Operation::GenerateToken => Some("ClientTokenResponse"),
        Operation::Invoke => Some("ClientInvocationResponse"),
        Operation::ListConnections => Some("ConnectionPage"),
        Operation::ListUsers => Some("UserPage"),
        Operation::ListGroups => Some("Groups"),
        Operation::Count => Some("Count"),
        Operation::RefreshAuth | Operation::ConnectionClaims => Some("ConnectionClaims"),
        Operation::MessageFate => Some("Fate"),
        _ if route.since.is_dated() && route.ok != 204 => Some("ServiceResponse"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_document_is_that_of_the_route_table() {
        let published: Value =
            serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        assert!(
            published == document(),
            "write it anew: cargo run -p rest --example openapi > docs/openapi.json"
        );
    }

    #[test]
    fn every_row_is_described_under_a_name_of_its_own() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        let mut ids: Vec<&str> =
            operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), ROUTES.iter().map(|route| described(route).count()).sum::<usize>());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROUTES.iter().map(|route| described(route).count()).sum::<usize>());
    }
}
