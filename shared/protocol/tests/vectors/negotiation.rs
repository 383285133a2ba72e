//! Negotiations: the version asked for, and the bodies that answer.

use signalr_protocol::negotiate::{
    NegotiateResponse, NegotiateVersion, NegotiateVersionError, Redirect, Refusal, Transport,
};

#[test]
fn the_version_is_zero_unless_asked_for_and_one_at_the_most() {
    for (asked, version) in [
        (None, Ok(NegotiateVersion::V0)),
        (Some("0"), Ok(NegotiateVersion::V0)),
        (Some("1"), Ok(NegotiateVersion::V1)),
        (Some("2"), Ok(NegotiateVersion::V1)),
        (Some("4294967295"), Ok(NegotiateVersion::V1)),
        (Some(""), Err(NegotiateVersionError)),
        (Some("-1"), Err(NegotiateVersionError)),
        (Some("1.0"), Err(NegotiateVersionError)),
        (Some("one"), Err(NegotiateVersionError)),
        (Some("99999999999"), Err(NegotiateVersionError)),
    ] {
        assert_eq!(NegotiateVersion::from_query(asked), version, "{asked:?}");
    }
}

fn answer(version: NegotiateVersion) -> serde_json::Value {
    let response = NegotiateResponse::new(version, "id".to_owned(), "id.signature".to_owned());
    serde_json::to_value(response).unwrap()
}

#[test]
fn version_one_keeps_the_token_apart_from_the_id() {
    let body = answer(NegotiateVersion::V1);
    assert_eq!(body["negotiateVersion"], 1);
    assert_eq!(body["connectionId"], "id");
    assert_eq!(body["connectionToken"], "id.signature");
}

#[test]
fn version_zero_has_the_token_for_an_id() {
    let body = answer(NegotiateVersion::V0);
    assert_eq!(body["negotiateVersion"], 0);
    assert_eq!(body["connectionId"], "id.signature");
    assert_eq!(body.get("connectionToken"), None);
}

#[test]
fn web_sockets_with_text_are_offered_and_stateful_reconnect_never() {
    for version in [NegotiateVersion::V0, NegotiateVersion::V1] {
        let body = answer(version);
        let offered = serde_json::json!([{"transport":"WebSockets","transferFormats":["Text"]}]);
        assert_eq!(body["availableTransports"], offered);
        assert_eq!(body.get("useStatefulReconnect"), None);
    }
}

#[test]
fn bodies_are_read_back_whatever_else_they_hold() {
    let body = r#"{"connectionToken":"t","negotiateVersion":1,"extra":[],"availableTransports":[{"transferFormats":["Text","Binary"],"transport":"ServerSentEvents"}],"connectionId":"c"}"#;
    let response: NegotiateResponse = serde_json::from_str(body).unwrap();
    assert_eq!(
        (response.connection_id.as_str(), response.connection_token.as_deref()),
        ("c", Some("t"))
    );
    assert_eq!(
        response.available_transports,
        [Transport {
            transport: "ServerSentEvents".to_owned(),
            transfer_formats: vec!["Text".to_owned(), "Binary".to_owned()],
        }]
    );
    let redirect = Redirect::new("https://h/client/?hub=n".to_owned(), "t".to_owned());
    let read: Redirect = serde_json::from_str(&serde_json::to_string(&redirect).unwrap()).unwrap();
    assert_eq!(read, redirect);
    let refusal = Refusal { error: "no".to_owned() };
    assert_eq!(serde_json::to_string(&refusal).unwrap(), r#"{"error":"no"}"#);
}
