//! Too late, too early, or without saying when.

use hubcast_auth::{LEEWAY, PATIENCE};
use serde_json::{Value, json};

use super::{Case, app, case, client, client_negotiate, hub_negotiate, opens};
use crate::forge::seconds;

pub(super) fn cases() -> Vec<Case> {
    let leeway = i64::try_from(LEEWAY.as_secs()).expect("a number");
    let patience = i64::try_from(PATIENCE.as_secs()).expect("a number");
    let changes = [
        ("expired at the end of the leeway", json!({ "exp": seconds(-leeway) })),
        ("expired one second beyond the leeway", json!({ "exp": seconds(-leeway - 1) })),
        ("expired a year ago", json!({ "exp": seconds(-31_536_000) })),
        ("expired at the beginning of time", json!({ "exp": 0 })),
        ("never expiring", json!({ "exp": null })),
        ("expiring at a negative time", json!({ "exp": -1 })),
        ("expiring at a text", json!({ "exp": seconds(3600).to_string() })),
        ("expiring at a list", json!({ "exp": [seconds(3600)] })),
        ("expiring at true", json!({ "exp": true })),
        ("expiring at an object", json!({ "exp": {} })),
        ("expiring beyond the end of time", json!({ "exp": 1e300 })),
        ("expiring in milliseconds", json!({ "exp": seconds(3600) * 1000 })),
        ("beginning one second beyond the leeway", json!({ "nbf": seconds(leeway + 1) })),
        ("beginning at a text", json!({ "nbf": "now" })),
        ("beginning at nothing", json!({ "nbf": [] })),
        ("beginning beyond the end of time", json!({ "nbf": 1e300 })),
        ("issued one second beyond the leeway", json!({ "iat": seconds(leeway + 1) })),
        ("issued at the end of the leeway", json!({ "iat": seconds(leeway) })),
        ("issued later than is waited for", json!({ "iat": seconds(patience + 1) })),
    ];
    changes.iter().flat_map(|(what, change)| of_both(what, change)).collect()
}

fn of_both(what: &str, change: &Value) -> [Case; 4] {
    let (app, client) = (app(change), client(change));
    [
        case(format!("an app token {what}, direct"), opens("one", &app), 401),
        case(format!("an app token {what}"), hub_negotiate("one", &app), 401),
        case(format!("a client token {what}"), client_negotiate("one", &client), 401),
        case(format!("a client token {what}, direct"), opens("one", &client), 401),
    ]
}
