//! What a service says instead of an answer.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::xml;

/// A service refused, or could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.code().unwrap_or_default(), .0.message().unwrap_or_default())]
pub(crate) struct Refusal(ErrorMetadata);

impl Refusal {
    /// The code, by which the SDK knows what to try again, and the reason. A proxy or a load balancer
    /// names neither: its status is taken for the code.
    pub(crate) fn of(response: &HttpResponse) -> Self {
        let body = response.body().bytes().unwrap_or_default();
        let said: Value = serde_json::from_slice(body).unwrap_or_else(|_| of_xml(body));
        let member = |name: &str| said.get(name).and_then(Value::as_str);
        let header = response.headers().get("x-amzn-errortype");
        let code = header.or_else(|| member("__type")).or_else(|| member("code")).map(bare);
        let code = code.map_or_else(|| format!("HTTP {}", response.status()), str::to_owned);
        let reason = member("message").or_else(|| member("Message")).unwrap_or("no reason given");
        Self(ErrorMetadata::builder().code(code).message(reason).build())
    }
}

/// What a service says in XML, as the other services say it.
fn of_xml(body: &[u8]) -> Value {
    let said = xml::texts(body, &["Code", "Message"]).unwrap_or_default();
    said.into_iter().map(|(name, text)| (name.to_lowercase(), Value::from(text))).collect()
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// The code without its namespace before and a URL behind, such as `a.b#Code:http://c/`.
fn bare(code: &str) -> &str {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    code.rsplit_once('#').map_or(code, |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use serde_json::json;

    use super::*;

    fn refusal(status: u16, header: Option<&'static str>, body: &str) -> String {
        let body = SdkBody::from(body);
        let mut response = HttpResponse::new(status.try_into().unwrap(), body);
        if let Some(code) = header {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        Refusal::of(&response).to_string()
    }

    #[test]
    fn the_code_stands_in_a_header_or_in_the_body() {
        for (header, body) in [
            (Some("Denied"), json!({ "message": "not you" })),
            (
                Some("Denied:http://internal/a#b"),
                json!({ "__type": "Other", "message": "not you" }),
            ),
            (None, json!({ "__type": "Denied", "Message": "not you" })),
            (None, json!({ "__type": "com.amazonaws.ssm#Denied", "message": "not you" })),
            (None, json!({ "code": "Denied", "message": "not you", "Message": "twice" })),
        ] {
            assert_eq!(refusal(400, header, &body.to_string()), "Denied: not you", "{body}");
        }
    }

    #[test]
    fn services_that_answer_xml_say_why_in_xml() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
                    <Message>Stack with id x does not exist</Message></Error></ErrorResponse>";
        let told = "ValidationError: Stack with id x does not exist";
        assert_eq!(refusal(400, None, body), told);
    }

    #[test]
    fn without_a_code_the_status_is_told() {
        for body in ["", "<html>", "[1]", "{}", r#"{"__type": 3}"#] {
            assert_eq!(refusal(502, None, body), "HTTP 502: no reason given", "{body}");
        }
    }
}
