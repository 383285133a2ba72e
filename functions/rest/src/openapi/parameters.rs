//! What parameters may be.

use hubcast_model::trace::TRACEPARENT;
use serde_json::{Value, json};

/// Letters, digits and signs of a hub's name, as in the reference.
pub(super) const HUB: &str = r"^[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}$";
/// A name that is not blank and holds no control character.
const NAME: &str = "^[^\\s\\uFEFF\\u0000-\\u001F\\u007F-\\u009F]([^\\u0000-\\u001F\\u007F-\\u009F]*[^\\s\\uFEFF\\u0000-\\u001F\\u007F-\\u009F])?$";
/// What URLs take as steps is no name.
const STEPS: [&str; 2] = [".", ".."];
/// What follows the first dot is ignored: clients that negotiate by version 0 know their
/// connectionToken as the id.
const CONNECTION: &str = r"^[!-\-/-~]{1,128}(\.[!-~]*)?$";
/// How many items of a list were given, and where it goes on.
const TOKEN: &str = r"^[0-9]{1,9}\.[0-9]{1,4}\.[A-Za-z0-9+/=_-]{0,128}$";
const I32_MAX: i32 = i32::MAX;

pub(super) fn path_schema(name: &str) -> Value {
    match name {
        "hub" => json!({ "type": "string", "pattern": HUB }),
        "connection" => json!({ "type": "string", "pattern": CONNECTION }),
        "stream" => json!({
            "type": "string", "minLength": 1, "maxLength": 100, "not": { "enum": STEPS },
        }),
        _ => name_schema(),
    }
}

/// A user or a group.
pub(super) fn name_schema() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 1024, "pattern": NAME,
        "not": { "enum": STEPS },
    })
}

/// The header by which a repeated request is recognised.
pub(super) fn idempotency_header() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header",
        "description": "When the same request comes several times with the same key within five minutes, one request counts. A different request counts with any key.",
        "schema": { "type": "string", "pattern": "^[!-~]{1,256}$" },
    })
}

/// The header that names the trace of a call. A header that is malformed refuses no call, so the
/// schema takes any text.
pub(super) fn trace_header() -> Value {
    json!({
        "name": TRACEPARENT, "in": "header",
        "description": "The trace within which the call is made, as W3C Trace Context says. The trace stands in the log lines of the message, and goes on to the webhook. A malformed header counts as none.",
        "schema": { "type": "string" },
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    })
}

pub(super) fn query_schema(name: &str) -> Value {
    match name {
        "excluded" => {
            let id = json!({ "type": "string", "pattern": CONNECTION });
            json!({ "type": "array", "items": id })
        }
        "maxpagesize" => json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 200 }),
        "top" | "minutesToExpire" => {
            json!({ "type": "integer", "minimum": 1, "maximum": I32_MAX })
        }
        "ttl" => json!({ "type": "integer", "minimum": 0, "maximum": I32_MAX }),
        "continuationToken" => json!({ "type": "string", "pattern": TOKEN }),
        // Nobody's when empty.
        "userId" => json!({
            "type": "string", "maxLength": 1024, "pattern": format!("^$|{NAME}"),
            "not": { "enum": STEPS },
        }),
        "completed" => json!({ "type": "boolean", "default": false }),
        "revoke" => json!({
            "type": "boolean", "default": false,
            "description": "Refuses all older tokens of the user: a log-out, after which no client comes back.",
        }),
        "allowReconnect" => json!({
            "type": "boolean", "default": true,
            "description": "Whether clients with automatic reconnect come back; false with revoke.",
        }),
        "filter" => json!({
            "type": "string",
            "description": "OData over userId, connectionId and groups: eq, ne, in, startswith, endswith, contains, and, or, not.",
            "examples": ["startswith(userId, 'listener-') and 'eu' in groups"],
        }),
        _ => json!({ "type": "string" }),
    }
}
