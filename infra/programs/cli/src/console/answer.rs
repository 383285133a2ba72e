//! The answer of a command, as the page reads it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::UnboundedReceiver;

use super::door::Refusal;
use crate::deployment::Deployment;
use crate::explanation::Explanation;
use crate::failure::Failure;
use crate::output::Told;

/// What a command told, and how it failed if it did.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    /// The results, byte for byte as `--json` shows them.
    results: Vec<Box<RawValue>>,
    /// What the command says besides.
    remarks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Fault>,
    #[serde(skip)]
    status: StatusCode,
}

/// How a command failed, in words.
#[derive(Debug, Serialize)]
struct Fault {
    /// What failed, in a sentence.
    text: String,
    /// What to do; may be empty.
    advice: &'static str,
}

impl Answer {
    /// A request that is not answered.
    pub(super) fn refused(refusal: Refusal) -> Self {
        let failure = Fault { text: refusal.to_string(), advice: "" };
        Self { failure: Some(failure), status: StatusCode::FORBIDDEN, ..Self::default() }
    }

    /// What a command told and how it ended. `told` is read to its end.
    pub(super) fn of(
        ended: Result<(), Failure>,
        mut told: UnboundedReceiver<Told>,
        deployment: &Deployment,
    ) -> Self {
        let mut answer = Self::default();
        while let Ok(told) = told.try_recv() {
            match told {
                Told::Result(json) => answer.results.extend(RawValue::from_string(json)),
                Told::Remark(text) => answer.remarks.push(text),
            }
        }
        if let Err(failure) = ended {
            answer.status = status(&failure);
            let Explanation { text, advice } = Explanation::of(&failure, Some(deployment));
            answer.failure = Some(Fault { text, advice });
        }
        answer
    }
}

/// The status by which a page tells the kinds of failures apart.
const fn status(failure: &Failure) -> StatusCode {
    match failure {
        Failure::Usage(_) => StatusCode::BAD_REQUEST,
        Failure::Rejected(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::NotThere(_) => StatusCode::NOT_FOUND,
        // The findings say what is wrong; the doctor itself did its work.
        Failure::Faulty(_) => StatusCode::OK,
        Failure::Failed { .. } | Failure::Aws(_) | Failure::Output(_) => StatusCode::BAD_GATEWAY,
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = serde_json::to_string(&self).unwrap_or_default();
        (self.status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
    }
}
