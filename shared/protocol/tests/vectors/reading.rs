//! Records, and what they mean: written down as the record that we would write for it.

use signalr_protocol::message::{Decoded, HubMessage};

/// What is read, and how we would write the same.
const READ: &[(&str, &str, &str)] = &[
    (
        "invocation that wants an answer",
        r#"{"type":1,"invocationId":"123","target":"Target","arguments":[1,"Foo"]}"#,
        r#"{"type":1,"invocationId":"123","target":"Target","arguments":[1,"Foo"]}"#,
    ),
    (
        "invocation that wants none",
        r#"{"type":1,"target":"Target","arguments":[true,null]}"#,
        r#"{"type":1,"target":"Target","arguments":[true,null]}"#,
    ),
    (
        "arguments pass byte for byte",
        r#"{"type":1,"target":"m","arguments":[ 1.0e+2,"\u00e9\ud83d", {"b":1,"a":2,"b":3} ,9007199254740993 ]}"#,
        r#"{"type":1,"target":"m","arguments":[ 1.0e+2,"\u00e9\ud83d", {"b":1,"a":2,"b":3} ,9007199254740993 ]}"#,
    ),
    (
        "target and arguments in CJK",
        r#"{"type":1,"invocationId":"編","target":"発表","arguments":["你好，世界","안녕","😀"]}"#,
        r#"{"type":1,"invocationId":"編","target":"発表","arguments":["你好，世界","안녕","😀"]}"#,
    ),
    (
        "streams beside arguments",
        r#"{"type":1,"target":"Target","arguments":[42],"streamIds":["a","b"]}"#,
        r#"{"type":1,"target":"Target","arguments":[42],"streamIds":["a","b"]}"#,
    ),
    (
        "no streams",
        r#"{"type":1,"target":"m","arguments":[],"streamIds":[]}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "streams that are null",
        r#"{"type":1,"target":"m","arguments":[],"streamIds":null}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "invocationId that is null",
        r#"{"type":1,"invocationId":null,"target":"m","arguments":[]}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "invocationId that is empty",
        r#"{"type":1,"invocationId":"","target":"m","arguments":[]}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "arguments that are missing",
        r#"{"type":1,"target":"m"}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "arguments that are null",
        r#"{"type":1,"target":"m","arguments":null}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "properties in another order, with white space",
        " { \"arguments\" : [1,2] ,\r\n\t\"target\":\"Method\",\"type\":1 } ",
        r#"{"type":1,"target":"Method","arguments":[1,2]}"#,
    ),
    (
        "names that are escaped",
        r#"{"\u0074ype":1,"t\u0061rget":"m\u00e9","arguments":[]}"#,
        r#"{"type":1,"target":"mé","arguments":[]}"#,
    ),
    (
        "names in another case are other names",
        r#"{"type":1,"Type":9,"target":"m","TARGET":"n","arguments":[],"InvocationId":"1"}"#,
        r#"{"type":1,"target":"m","arguments":[]}"#,
    ),
    (
        "extra items",
        r#"{"type":1,"invocationId":"42","target":"foo","arguments":[],"extraParameter":{"type":[7]}}"#,
        r#"{"type":1,"invocationId":"42","target":"foo","arguments":[]}"#,
    ),
    (
        "headers with a token",
        r#"{"type":1,"headers":{"Authorization":"Bearer x"},"invocationId":"Echo_1","target":"Echo","arguments":[1]}"#,
        r#"{"type":1,"invocationId":"Echo_1","target":"Echo","arguments":[1]}"#,
    ),
    (
        "headers that are no texts",
        r#"{"type":3,"headers":{"Foo":42},"invocationId":"1"}"#,
        r#"{"type":3,"invocationId":"1"}"#,
    ),
    (
        "stream item",
        r#"{"type":2,"invocationId":"123","item":{"n":[1]}}"#,
        r#"{"type":2,"invocationId":"123","item":{"n":[1]}}"#,
    ),
    (
        "stream item that is null, and first",
        r#"{"item":null,"invocationId":"1a","type":2}"#,
        r#"{"type":2,"invocationId":"1a","item":null}"#,
    ),
    (
        "completion with a result, which is first",
        r#"{"type":3,"result": 10,"invocationId":"15"}"#,
        r#"{"type":3,"invocationId":"15","result":10}"#,
    ),
    (
        "completion with a null result",
        r#"{"type":3,"invocationId":"1","result":null}"#,
        r#"{"type":3,"invocationId":"1","result":null}"#,
    ),
    (
        "completion of a method without result",
        r#"{"type":3,"invocationId":"1"}"#,
        r#"{"type":3,"invocationId":"1"}"#,
    ),
    (
        "completion with an error",
        r#"{"type":3,"invocationId":"1","error":"Error: no"}"#,
        r#"{"type":3,"invocationId":"1","error":"Error: no"}"#,
    ),
    (
        "completion with a result and a null error",
        r#"{"type":3,"invocationId":"1","error":null,"result":false}"#,
        r#"{"type":3,"invocationId":"1","result":false}"#,
    ),
    (
        "stream invocation",
        r#"{"type":4,"arguments":[1,2],"target":"Method","invocationId":"3","streamIds":["s"]}"#,
        r#"{"type":4,"invocationId":"3","target":"Method","arguments":[1,2],"streamIds":["s"]}"#,
    ),
    (
        "stream invocation without arguments",
        r#"{"type":4,"target":"Method","invocationId":"3"}"#,
        r#"{"type":4,"invocationId":"3","target":"Method","arguments":[]}"#,
    ),
    (
        "cancellation",
        r#"{"invocationId":"3","headers":{},"type":5}"#,
        r#"{"type":5,"invocationId":"3"}"#,
    ),
    ("ping", r#"{"type":6}"#, r#"{"type":6}"#),
    ("ping with extras", r#"{"type":6,"headers":{},"target":7,"error":[]}"#, r#"{"type":6}"#),
    ("close", r#"{"type":7}"#, r#"{"type":7}"#),
    (
        "close with an error",
        r#"{"type":7,"error":"Error!","allowReconnect":false}"#,
        r#"{"type":7,"error":"Error!"}"#,
    ),
    ("close with an empty error", r#"{"type":7,"error":""}"#, r#"{"type":7,"error":""}"#),
    (
        "close that allows to reconnect",
        r#"{"allowReconnect":true,"type":7}"#,
        r#"{"type":7,"allowReconnect":true}"#,
    ),
    (
        "close with everything null",
        r#"{"type":7,"error":null,"allowReconnect":null}"#,
        r#"{"type":7}"#,
    ),
    (
        "ack",
        r#"{"sequenceId":9007199254740991,"type":8}"#,
        r#"{"type":8,"sequenceId":9007199254740991}"#,
    ),
    ("sequence", r#"{"type":9,"sequenceId":0}"#, r#"{"type":9,"sequenceId":0}"#),
];

/// What is refused, with the .NET server's text where it refuses the same.
const REFUSED: &[(&str, &str)] = &[
    ("", "Error reading JSON."),
    ("foo", "Error reading JSON."),
    (r#"{"type":6"#, "Error reading JSON."),
    (r#"{"type":6}}"#, "Error reading JSON."),
    (r#"{"type":6}{"type":6}"#, "Error reading JSON."),
    (r#"{"type":1,"target":"m",arguments:[]}"#, "Error reading JSON."),
    ("{\"type\":1,\"target\":\"m\",\"arguments\":[\"\n\"]}", "Error reading JSON."),
    ("null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
    ("\"foo\"", "Unexpected JSON Token Type 'String'. Expected a JSON Object."),
    ("[42]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
    ("[6]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
    (
        r#"[1,null,"m",[],null,null,null,null,null,null]"#,
        "Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
    ),
    (" -4.2 ", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
    ("true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."),
    ("false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."),
    ("{}", "Missing required property 'type'."),
    (r#"{"Type":6}"#, "Missing required property 'type'."),
    (r#"{"type":null}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":"6"}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":[6]}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":1}"#, "Missing required property 'target'."),
    (r#"{"type":1,"invocationId":"42"}"#, "Missing required property 'target'."),
    (r#"{"type":1,"target":"","arguments":[]}"#, "Missing required property 'target'."),
    (r#"{"type":1,"invocationId":42}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":1,"target":42}"#, "Expected 'target' to be of type String."),
    (r#"{"type":1,"target":"m","arguments":{}}"#, "Expected 'arguments' to be of type Array."),
    (r#"{"type":1,"target":"m","arguments":"[]"}"#, "Expected 'arguments' to be of type Array."),
    (
        r#"{"type":1,"target":"m","arguments":[],"streamIds":"a"}"#,
        "Expected 'streamIds' to be of type Array.",
    ),
    (r#"{"type":2}"#, "Missing required property 'invocationId'."),
    (r#"{"type":2,"invocationId":42}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":2,"invocationId":"42"}"#, "Missing required property 'item'."),
    (r#"{"type":2,"invocationId":"","item":1}"#, "Missing required property 'invocationId'."),
    (r#"{"type":3}"#, "Missing required property 'invocationId'."),
    (r#"{"type":3,"invocationId":null,"result":1}"#, "Missing required property 'invocationId'."),
    (r#"{"type":3,"invocationId":42}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":3,"invocationId":"42","error":[]}"#, "Expected 'error' to be of type String."),
    (
        r#"{"type":3,"invocationId":"42","error":"foo","result":true}"#,
        "The 'error' and 'result' properties are mutually exclusive.",
    ),
    (
        r#"{"type":3,"invocationId":"42","result":null,"error":""}"#,
        "The 'error' and 'result' properties are mutually exclusive.",
    ),
    (r#"{"type":3,"error":"foo","result":true}"#, "Missing required property 'invocationId'."),
    (r#"{"type":4}"#, "Missing required property 'invocationId'."),
    (r#"{"type":4,"invocationId":42}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":4,"invocationId":"4","target":42}"#, "Expected 'target' to be of type String."),
    (r#"{"type":4,"target":"m","arguments":[]}"#, "Missing required property 'invocationId'."),
    (
        r#"{"type":4,"invocationId":"4","target":"m","arguments":{}}"#,
        "Expected 'arguments' to be of type Array.",
    ),
    (r#"{"type":5}"#, "Missing required property 'invocationId'."),
    (r#"{"type":7,"error":7}"#, "Expected 'error' to be of type String."),
    (r#"{"type":7,"allowReconnect":"true"}"#, "Expected 'allowReconnect' to be true or false."),
    (r#"{"type":8}"#, "Missing required property 'sequenceId'."),
    (r#"{"type":9,"sequenceId":"1"}"#, "Expected 'sequenceId' to be of type Number."),
    (r#"{"type":9,"sequenceId":-1}"#, "Expected 'sequenceId' to be of type Number."),
];

#[test]
fn records_are_read_as_clients_mean_them() {
    for (case, record, meaning) in READ {
        match HubMessage::decode(record) {
            Ok(Decoded::Message(message)) => {
                assert_eq!(message.encode(), format!("{meaning}\u{1e}"), "{case}");
            }
            other => panic!("{case}: {other:?}"),
        }
    }
}

#[test]
fn broken_records_are_refused_in_the_words_of_the_net_server() {
    for (record, text) in REFUSED {
        let refusal = HubMessage::decode(record).expect_err(record);
        assert_eq!(refusal.to_string(), *text, "{record}");
    }
}

#[test]
fn types_that_do_not_exist_are_told_apart_whatever_else_they_hold() {
    for kind in [0, -1, 10, 99, i64::MAX] {
        let record = format!(r#"{{"type":{kind},"target":7,"invocationId":null}}"#);
        assert_eq!(HubMessage::decode(&record), Ok(Decoded::Unknown(kind)), "{record}");
    }
}

#[test]
fn a_record_nests_as_deep_as_the_net_server_reads() {
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for property in ["arguments", "result", "item", "extra", "headers"] {
        let record =
            |depth| format!(r#"{{"type":99,"invocationId":"1","{property}":{}}}"#, deep(depth));
        assert!(HubMessage::decode(&record(63)).is_ok(), "{property}");
        for depth in [64, 200, 100_000] {
            let refusal = HubMessage::decode(&record(depth)).expect_err(property);
            assert_eq!(refusal.to_string(), "Error reading JSON.", "{property}");
        }
    }
    assert!(HubMessage::decode(&deep(100_000)).is_err());
}
