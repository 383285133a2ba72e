//! Answers in the shapes of Azure's reference.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use http::HeaderValue;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use hubcast_auth::AuthError;
use hubcast_backend::{BackendError, InvokeError};
use hubcast_model::audience::Audience;
use hubcast_model::ports::{Cause, StoreError};
use serde::Serialize;
use serde_json::json;

/// By which hub protocol an answer is encoded; without it the SDK does not read the answer.
const PROTOCOL: HeaderName = HeaderName::from_static("x-asrs-protocol");
/// The ids of the messages by which a request is carried out, for whoever asks for their fate.
pub(crate) const MESSAGE_ID: HeaderName = HeaderName::from_static("x-hubcast-message-id");
/// The code of an error, for programs; without it the SDK takes a 404 for a wrong address.
const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) allow: Option<String>,
    pub(crate) cause: Option<Cause>,
}

/// An answer, or why there is none.
pub(crate) type Answer = Result<ApiGatewayV2httpResponse, Refusal>;

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None, cause: None }
    }

    /// The request says something wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Error.Request.Invalid", message)
    }

    /// The time is over. Like a queue that does not answer: what was asked for may be done.
    pub(crate) fn late() -> Self {
        Self::broken(500, "Error.Request.Failed", "the time is over".into())
    }

    /// An audience has no connection.
    pub(crate) fn absent(audience: &Audience) -> Self {
        let (code, text) = match audience {
            Audience::Connection(_) => {
                ("Warning.Connection.NotExisted", "There is no such connection.")
            }
            Audience::Users(_) => ("Warning.User.NotExisted", "The user has no connection."),
            Audience::Groups(_) => ("Warning.Group.NotExisted", "The group has no connection."),
            Audience::Hub => ("Warning.Hub.NotExisted", "There is no such hub."),
        };
        Self::new(404, code, text)
    }

    /// There is no such hub; with the question whether another hub was meant, which may be empty.
    pub(crate) fn no_hub(hint: &str) -> Self {
        let end = if hint.is_empty() { "." } else { hint };
        Self::new(404, "Warning.Hub.NotExisted", format!("There is no such hub{end}"))
    }

    fn broken(status: u16, code: &'static str, cause: Cause) -> Self {
        let refusal = Self::new(status, code, "Something went wrong; try again.");
        Self { cause: Some(cause), ..refusal }
    }
}

impl From<BackendError> for Refusal {
    fn from(err: BackendError) -> Self {
        match err {
            BackendError::NoConnection => {
                Self::new(404, "Error.Connection.NotExisted", "There is no such connection.")
            }
            BackendError::NoStream => {
                Self::new(404, "Error.Stream.NotExisted", "The stream has ended.")
            }
            BackendError::TooLarge { .. } => {
                Self::new(413, "Error.Request.TooLarge", err.to_string())
            }
            BackendError::TooMany { .. } => Self::bad(err.to_string()),
            BackendError::Store(err) => err.into(),
            // The SDK sends again after every status above 500; this one may have been sent.
            BackendError::Queue(_) => Self::broken(500, "Error.Request.Failed", Box::new(err)),
        }
    }
}

impl From<InvokeError> for Refusal {
    fn from(err: InvokeError) -> Self {
        match err {
            InvokeError::Backend(err) => err.into(),
            // No status that the SDK takes for a reason to invoke once more.
            InvokeError::Gone => {
                Self::new(424, "Error.Connection.InvocationFailed", err.to_string())
            }
            InvokeError::TimedOut(_) => {
                Self::new(424, "Error.Connection.InvocationTimedOut", err.to_string())
            }
            InvokeError::Unsure(_) => {
                let text = err.to_string();
                let refusal = Self::new(424, "Error.Connection.InvocationFailed", text);
                Self { cause: Some(Box::new(err)), ..refusal }
            }
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(err: StoreError) -> Self {
        Self::broken(503, "Error.Request.Unavailable", Box::new(err))
    }
}

impl From<AuthError> for Refusal {
    fn from(err: AuthError) -> Self {
        match err {
            AuthError::KeysUnavailable(_) | AuthError::SessionUnavailable(_) => {
                Self::broken(503, "Error.Request.Unavailable", Box::new(err))
            }
            AuthError::Missing
            | AuthError::Invalid(_)
            | AuthError::BadUser(_)
            | AuthError::UnreadableUser(_)
            | AuthError::Ahead(_)
            | AuthError::Signature(_)
            | AuthError::WrongHub
            | AuthError::ClientTokensOnly
            | AuthError::Expired => Self::new(401, "Error.Request.Unauthorized", err.to_string()),
        }
    }
}

/// Success without a word.
pub(crate) fn empty(status: u16) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = status.into();
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// The same answer with the ids of the messages that it put on the queue, in their order.
pub(crate) fn with_ids(
    mut response: ApiGatewayV2httpResponse,
    ids: &[String],
) -> ApiGatewayV2httpResponse {
    set(&mut response, MESSAGE_ID, &ids.join(", "));
    response
}

/// Success with a `ServiceResponse`.
pub(crate) fn service(status: u16) -> ApiGatewayV2httpResponse {
    let body = json!({
        "statusCode": status,
        "code": if status == 202 { "Info.Request.Accepted" } else { "Info.Request.Done" },
        "level": "Info",
        "scope": "Request",
        "errorKind": "Unknown",
        "message": "",
        "isSuccess": true,
    });
    json(status, &body)
}

/// Success with something to tell.
pub(crate) fn json(status: u16, body: &impl Serialize) -> ApiGatewayV2httpResponse {
    let mut response = empty(status);
    response.body = Some(Body::Text(serde_json::to_string(body).unwrap_or_default()));
    set(&mut response, CONTENT_TYPE, "application/json");
    response
}

/// Success with a record of the JSON hub protocol.
pub(crate) fn record(status: u16, record: String) -> ApiGatewayV2httpResponse {
    let mut response = empty(status);
    response.body = Some(Body::Text(record));
    set(&mut response, CONTENT_TYPE, "application/octet-stream");
    set(&mut response, PROTOCOL, "json");
    response
}

/// An `ErrorDetail`, and its code in a header, which the answer to a HEAD has nothing else than.
pub(crate) fn refused(refusal: &Refusal, method: &str) -> ApiGatewayV2httpResponse {
    let body = json!({ "code": refusal.code, "message": refusal.message });
    let mut response =
        if method == "HEAD" { empty(refusal.status) } else { json(refusal.status, &body) };
    set(&mut response, ERROR_CODE, refusal.code);
    if let Some(allow) = &refusal.allow {
        set(&mut response, ALLOW, allow);
    }
    if refusal.status == 401 {
        set(&mut response, WWW_AUTHENTICATE, "Bearer");
    }
    response
}

fn set(response: &mut ApiGatewayV2httpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers.insert(name, value);
    }
}
