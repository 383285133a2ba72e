//! Route selection by `$request.body.target`.
//!
//! A body that is no JSON selects `$default`, and so does a target without a
//! route. A body cannot select `$connect` or `$disconnect`.

use serde_json::Value;

use super::Function;

/// The route key of a body and the function behind it.
pub(super) fn select(body: &str, lenient: bool) -> (&'static str, Function) {
    let body = if lenient { body.trim_end_matches('\u{1e}') } else { body };
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    match parsed.as_ref().and_then(|body| body.get("target")).and_then(Value::as_str) {
        Some("JoinGroup") => ("JoinGroup", Function::GroupJoin),
        Some("LeaveGroup") => ("LeaveGroup", Function::GroupJoin),
        _ => ("$default", Function::Message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_selects_its_route() {
        assert_eq!(select(r#"{"target":"JoinGroup"}"#, false).0, "JoinGroup");
        assert_eq!(select(r#"{"target":"joingroup"}"#, false).0, "$default");
        assert_eq!(select(r#"{"target":"$disconnect"}"#, false).0, "$default");
        assert_eq!(select("nonsense", false).0, "$default");
    }

    #[test]
    fn a_record_separator_hides_the_target_unless_routes_are_lenient() {
        let frame = "{\"target\":\"LeaveGroup\"}\u{1e}";
        assert_eq!(select(frame, false).0, "$default");
        assert_eq!(select(frame, true).0, "LeaveGroup");
    }
}
