//! How bodies may come over HTTP.
//!
//! Some programs ask before they send a body (curl, older .NET), and the Azure
//! management SDK sends bodies without saying how long they are.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use reqwest::{Body, RequestBuilder, header};

use super::Scene;
use crate::probe::answer::{Answer, NoAnswer, Seen};

const BODY: &str = "{}";

/// Negotiations with a body that is announced, and with a body without a length.
pub(super) async fn sent(on: &Scene<'_>) -> Answer {
    let url = on.target.negotiation.as_ref();
    let skipped = NoAnswer::Skipped("a stage has no negotiation; give the public URL");
    let url = format!("{}/negotiate?negotiateVersion=1", url.ok_or(skipped)?);
    let http = on.deployment.http()?;
    let post = || http.post(&url).bearer_auth(&on.target.token);
    let announced = post().header(header::EXPECT, "100-continue").body(BODY);
    let saw = [
        ("with Expect: 100-continue", told(announced).await),
        ("without a length", told(post().body(without_length())).await),
    ];
    let is_fine = saw.iter().all(|(_, answer)| answer == "200");
    Ok(Seen::judged(is_fine, saw.map(|(how, answer)| format!("{how}: {answer}")).join("; ")))
}

/// A body whose length nobody knows before its end: what maps frames may change their lengths.
fn without_length() -> Body {
    Body::wrap(Full::new(Bytes::from_static(BODY.as_bytes())).map_frame(|frame| frame))
}

async fn told(request: RequestBuilder) -> String {
    let status = request.send().await.map(|answer| answer.status().as_u16());
    status.map_or_else(|_| "no answer".to_owned(), |status| status.to_string())
}
