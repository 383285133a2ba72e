//! Bodies that hold an envelope within something else.

use super::*;

#[test]
fn a_wrapper_is_named_with_what_to_switch_on() {
    let element = r#"{\"target\":\"m\"}"#;
    for (body, of, advice) in [
        (
            format!(
                r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:x","Message":"{element}"}}"#
            ),
            "SNS",
            "raw message delivery",
        ),
        (
            r#"{"version":"0","id":"1","detail-type":"t","source":"s","detail":{"target":"m"}}"#
                .to_owned(),
            "EventBridge",
            "$.detail",
        ),
        (
            r#"{"messageId":"1","messageType":["urn:message:A"],"message":{"target":"m"},"host":{}}"#
                .to_owned(),
            "MassTransit",
            "UseRawJsonSerializer",
        ),
        (
            r#"{"Headers":{"NServiceBus.MessageIntent":"Send"},"Body":"eyJ0YXJnZXQiOiJtIn0="}"#
                .to_owned(),
            "NServiceBus",
            "DoNotWrapOutgoingMessages",
        ),
        (
            format!(r#"{{"specversion":"1.0","id":"1","type":"t","data":"{element}"}}"#),
            "CloudEvent",
            "data alone",
        ),
        (r#"{"Records":[{"s3":{}}]}"#.to_owned(), "AWS service", "function"),
        (format!(r#"{{"statusCode":200,"body":"{element}"}}"#), "Lambda", "'body'"),
        (format!(r#""{element}""#), "JSON text", "twice"),
        (
            r#"["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"b"}]"#
                .to_owned(),
            "extended client",
            "link",
        ),
    ] {
        assert_wrapped(&body, of, advice);
    }
}

#[test]
fn what_libraries_and_pipes_wrap_is_named_too() {
    let element = r#"{\"target\":\"m\"}"#;
    for (body, of, advice) in [
        (
            format!(
                r#"{{"requestContext":{{}},"requestPayload":1,"responsePayload":"{element}"}}"#
            ),
            "Lambda",
            "from the function",
        ),
        (
            r#"{"eventID":"1","eventName":"INSERT","eventSource":"aws:dynamodb"}"#.to_owned(),
            "Pipes",
            "transformer",
        ),
        (format!(r#"{{"Subject":"A","Message":"{element}"}}"#), "JustSaying", "SDK of SQS"),
        (
            r#"{"uuid":"1","displayName":"J","job":"Q@call","data":{}}"#.to_owned(),
            "Laravel",
            "SDK of SQS",
        ),
        (r#"{"job_class":"J","job_id":"1","arguments":[]}"#.to_owned(), "Rails", "SDK of SQS"),
        (
            r#"{"body":"W10=","content-encoding":"utf-8","headers":{},"properties":{}}"#.to_owned(),
            "Celery",
            "SDK of SQS",
        ),
        (r#"{"headers":{"rbs2-msg-id":"1"},"body":"W10="}"#.to_owned(), "Rebus", "SDK of SQS"),
        (format!(r#"{{"body":"{element}","headers":{{}}}}"#), "Symfony", "SDK of SQS"),
        (
            r#"{"queue_name":"q","actor_name":"a","args":[],"kwargs":{}}"#.to_owned(),
            "Dramatiq",
            "SDK of SQS",
        ),
        (r#"{"pattern":"p","data":{"target":"m"},"id":"1"}"#.to_owned(), "NestJS", "SDK of SQS"),
        (r#"{"schema":{},"payload":{"target":"m"}}"#.to_owned(), "Debezium", "schemas.enable"),
        (r#"{"TaskToken":"t","Input":{"target":"m"}}"#.to_owned(), "Step Functions", "MessageBody"),
    ] {
        assert_wrapped(&body, of, advice);
    }
}

fn assert_wrapped(body: &str, of: &str, advice: &str) {
    let rejection = parse(body, &rules()).unwrap().remove(0).parsed.unwrap_err();
    assert_eq!(rejection.reason, RejectReason::Wrapped, "{body}");
    assert!(rejection.detail.contains(of) && rejection.detail.contains(advice), "{rejection}");
}

#[test]
fn an_envelope_in_base64_is_told_so() {
    for body in ["eyJ0YXJnZXQiOiJtIn0=", " eyAidGFyZ2V0IjogIm0iIH0\n", "W3sidGFyZ2V0IjoibSJ9XQ=="] {
        let rejection = parse(body, &rules()).unwrap_err();
        assert_eq!(rejection.reason, RejectReason::Wrapped, "{body}");
        assert!(rejection.detail.contains("base64"), "{rejection}");
    }
    for body in ["eyJhbGciOiJub25lIn0.e30.", "ey", "target"] {
        assert_eq!(parse(body, &rules()).unwrap_err().reason, RejectReason::NotJson, "{body}");
    }
}
