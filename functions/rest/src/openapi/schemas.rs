//! The shapes of bodies and answers.

use serde_json::{Value, json};

use super::parameters::name_schema;

fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn page(item: &Value) -> Value {
    let link = json!({ "type": "string", "format": "uri" });
    let value = json!({ "type": "array", "items": item });
    object(&["value"], &json!({ "value": value, "nextLink": link }))
}

/// Every shape, by its name.
pub(super) fn all() -> Value {
    let text = json!({ "type": "string" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let group = name_schema();
    let payload = json!({ "$ref": "#/components/schemas/PayloadMessage" });
    let claim = object(&["type", "value"], &json!({ "type": text, "value": text }));
    let typed = |name: &str| json!({ "const": name });
    json!({
        "PayloadMessage": object(&["target"], &json!({
            "target": { "type": "string", "minLength": 1 }, "arguments": { "type": ["array", "null"] },
        })),
        "SignalRCommand": { "oneOf": [
            object(&["type", "message"], &json!({ "type": typed("SendMessage"), "message": payload })),
            object(&["type", "group"], &json!({ "type": typed("JoinGroup"), "group": group })),
            object(&["type", "group"], &json!({ "type": typed("LeaveGroup"), "group": group })),
            object(&["type"], &json!({ "type": typed("CloseConnection"), "reason": { "type": ["string", "null"] }, "allowReconnect": { "type": ["boolean", "null"], "default": true } })),
        ] },
        "ServiceResponse": object(&["statusCode", "code", "isSuccess"], &json!({
            "statusCode": { "type": "integer" },
            "code": text,
            "level": { "enum": ["Info", "Warning", "Error"] },
            "scope": { "enum": ["Unknown", "Request", "Connection", "User", "Group"] },
            "errorKind": { "enum": ["Unknown", "NotExisted", "NotInGroup", "Invalid"] },
            "message": text,
            "isSuccess": { "type": "boolean" },
        })),
        "ErrorDetail": object(&["code", "message"], &json!({ "code": text, "message": text })),
        "AccessKeyResponse": object(&["AccessKey", "KeyId"], &json!({ "AccessKey": text, "KeyId": text })),
        "ClientTokenResponse": object(&["token"], &json!({ "token": text })),
        "ClientInvocationResponse": object(&[], &json!({ "result": {} })),
        "ConnectionPage": page(&object(&["connectionId"], &json!({ "connectionId": text, "userId": text }))),
        "UserPage": page(&object(&["userId"], &json!({ "userId": text }))),
        "Groups": page(&object(&["group"], &json!({ "group": text }))),
        "Count": object(&["connections", "users"], &json!({ "connections": count, "users": count })),
        "ConnectionRequest": object(&["connectionToken"], &json!({ "connectionToken": text })),
        "RefreshAuthRequest": object(&["connectionToken"], &json!({
            "connectionToken": text,
            "expireTime": { "type": ["string", "null"], "format": "date-time" },
            "claims": { "type": ["array", "null"], "items": claim },
        })),
        "ConnectionClaims": object(&["claims"], &json!({ "claims": { "type": "array", "items": claim } })),
        "Fate": object(&["messageId", "outcome", "sentence", "timeline"], &json!({
            "messageId": text,
            "outcome": { "enum": ["done", "kept", "underway", "expired", "undeliverable", "rejected"] },
            "sentence": text,
            "timeline": { "type": "array", "items": { "type": "object" } },
        })),
        "Document": { "type": "object" },
    })
}
