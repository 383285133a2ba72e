//! A connection of the console itself, on which somebody sees messages arrive.
//!
//! The answer is a stream of the lines that `hubcast listen --json` writes. The
//! connection ends when the browser does not read any more.

use std::convert::Infallible;
use std::pin::Pin;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use hubcast_model::id::UserId;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::state::Shared;
use crate::explanation::Explanation;
use crate::failure::Failure;
use crate::listen::Listen;
use crate::output::{Output, Told};
use crate::pass;

/// As whom the console connects.
#[derive(Debug, Deserialize)]
pub(super) struct Listener {
    user: String,
}

/// A client that listens, until it ends by itself; why, as a line.
type Listening = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

pub(super) async fn listen(
    State(console): State<Shared>,
    Json(listener): Json<Listener>,
) -> Response {
    let user = match pass::user(&listener.user) {
        Ok(user) => user,
        Err(text) => return console.run().ended(Err(Failure::Usage(text))).into_response(),
    };
    let (output, told) = Output::heard();
    let lines = lines(Box::pin(listening(console, user, output)), told);
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

async fn listening(console: Shared, user: UserId, output: Output) -> Option<String> {
    let ended = Listen::of(user).run(&console.deployment, &output).await;
    let failure = ended.err()?;
    let Explanation { text, advice } = Explanation::of(&failure, Some(&console.deployment));
    Some(json!({ "event": "failed", "text": text, "advice": advice }).to_string())
}

/// What is heard, a line each, and at last why nothing is heard any more.
fn lines(
    listening: Listening,
    told: UnboundedReceiver<Told>,
) -> impl Stream<Item = Result<String, Infallible>> {
    stream::unfold((Some(listening), told), |(mut listening, mut told)| async move {
        loop {
            let Some(client) = listening.as_mut() else {
                // The client has ended, and what it told before is still to be read.
                let line = line(told.recv().await?);
                return Some((Ok(line), (listening, told)));
            };
            tokio::select! {
                biased;
                Some(heard) = told.recv() => return Some((Ok(line(heard)), (listening, told))),
                why = client => {
                    listening = None;
                    if let Some(why) = why {
                        return Some((Ok(why + "\n"), (listening, told)));
                    }
                }
            }
        }
    })
}

fn line(told: Told) -> String {
    match told {
        Told::Result(json) => json + "\n",
        Told::Remark(text) => json!({ "event": "remark", "text": text }).to_string() + "\n",
    }
}
