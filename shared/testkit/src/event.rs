//! Events as Lambda hands them to the functions.

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayWebsocketProxyRequest,
};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use hubcast_model::context::Admission;
use hubcast_model::ports::QueuedMessage;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::clock::START;

/// The resource that authorizer events name.
pub const METHOD_ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:api/prod/$connect";

/// A `$connect` request: its headers and its query, both in order, repeated names allowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Upgrade<'a> {
    /// Header names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Query names and decoded values.
    pub query: &'a [(&'a str, &'a str)],
}

/// A recorded event, changed where a test wants it otherwise.
pub fn recorded<T: DeserializeOwned>(json: &str, change: impl FnOnce(&mut Value)) -> T {
    let mut event = serde_json::from_str(json).expect("a recorded event");
    change(&mut event);
    read(event)
}

/// The event of the authorizer on `$connect`.
pub fn authorize(upgrade: Upgrade<'_>) -> ApiGatewayCustomAuthorizerRequestTypeRequest {
    let mut event = maps(upgrade);
    event.insert("type".to_owned(), json!("REQUEST"));
    event.insert("methodArn".to_owned(), json!(METHOD_ARN));
    event.insert("requestContext".to_owned(), context("s1=", "$connect", "CONNECT"));
    read(Value::Object(event))
}

/// The `$connect` event of a socket that was admitted.
pub fn connect(
    socket: &str,
    admission: &Admission,
    upgrade: Upgrade<'_>,
) -> ApiGatewayWebsocketProxyRequest {
    let mut event = maps(upgrade);
    let mut context = context(socket, "$connect", "CONNECT");
    context["authorizer"] = authorizer(admission);
    event.insert("requestContext".to_owned(), context);
    event.insert("isBase64Encoded".to_owned(), json!(false));
    read(Value::Object(event))
}

/// The event of a frame.
pub fn message(
    socket: &str,
    admission: &Admission,
    frame: &str,
) -> ApiGatewayWebsocketProxyRequest {
    let mut context = context(socket, "$default", "MESSAGE");
    context["authorizer"] = authorizer(admission);
    context["messageId"] = json!("m1=");
    read(json!({ "requestContext": context, "body": frame, "isBase64Encoded": false }))
}

/// The `$disconnect` event.
pub fn disconnect(socket: &str) -> ApiGatewayWebsocketProxyRequest {
    let mut context = context(socket, "$disconnect", "DISCONNECT");
    context["disconnectStatusCode"] = json!(1001);
    context["disconnectReason"] = json!("");
    read(json!({ "requestContext": context, "isBase64Encoded": false }))
}

/// A batch of queue messages.
pub fn sqs(messages: &[QueuedMessage]) -> SqsEvent {
    let records: Vec<Value> = messages.iter().map(record).collect();
    read(json!({ "Records": records }))
}

/// One queue message.
pub fn sqs_message(message: &QueuedMessage) -> SqsMessage {
    read(record(message))
}

fn record(message: &QueuedMessage) -> Value {
    let attributes = message.progress_key.as_ref().map(|key| {
        json!({ "ProgressKey": {
            "stringValue": key,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "String",
        } })
    });
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receive_count.to_string(),
            "SentTimestamp": message.sent_at.as_millis().to_string(),
            "SequenceNumber": message.sequence,
            "MessageGroupId": message.group,
            "SenderId": "AIDA",
            "MessageDeduplicationId": message.id,
            "ApproximateFirstReceiveTimestamp": message.sent_at.as_millis().to_string(),
        },
        "messageAttributes": attributes.unwrap_or_else(|| json!({})),
        "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:hubcast-notifications.fifo",
        "awsRegion": "us-east-1",
    })
}

fn context(socket: &str, route: &str, event_type: &str) -> Value {
    json!({
        "routeKey": route,
        "eventType": event_type,
        "extendedRequestId": "r1=",
        "requestTime": "23/Nov/2026:10:00:00 +0000",
        "messageDirection": "IN",
        "stage": "prod",
        "connectedAt": START.as_millis(),
        "requestTimeEpoch": START.as_millis(),
        "identity": { "sourceIp": "192.0.2.1", "userAgent": "Mozilla/5.0" },
        "requestId": "r1=",
        "domainName": "api.execute-api.us-east-1.amazonaws.com",
        "connectionId": socket,
        "apiId": "api",
    })
}

/// The context as API Gateway hands it on, with the principal that it adds.
fn authorizer(admission: &Admission) -> Value {
    let mut entries: Map<String, Value> =
        admission.to_context().into_iter().map(|(name, value)| (name, json!(value))).collect();
    let user = admission.principal.user.as_ref().map(ToString::to_string);
    let principal = user.unwrap_or_else(|| "anonymous".to_owned());
    entries.insert("principalId".to_owned(), json!(principal));
    entries.insert("integrationLatency".to_owned(), json!(12));
    Value::Object(entries)
}

/// The single and the multiple form of headers and query.
fn maps(upgrade: Upgrade<'_>) -> Map<String, Value> {
    let mut maps = Map::new();
    for (single, multi, pairs) in [
        ("headers", "multiValueHeaders", upgrade.headers),
        ("queryStringParameters", "multiValueQueryStringParameters", upgrade.query),
    ] {
        let (mut last, mut all) = (Map::new(), Map::new());
        for (name, value) in pairs {
            last.insert((*name).to_owned(), json!(value));
            let values = all.entry(*name).or_insert_with(|| json!([]));
            values.as_array_mut().expect("a list").push(json!(value));
        }
        if !last.is_empty() {
            maps.insert(single.to_owned(), Value::Object(last));
            maps.insert(multi.to_owned(), Value::Object(all));
        }
    }
    maps
}

fn read<T: DeserializeOwned>(event: Value) -> T {
    serde_json::from_value(event).expect("an event")
}
