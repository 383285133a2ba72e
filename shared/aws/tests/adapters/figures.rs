//! Figures over time, as CloudWatch tells them, page by page.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hubcast_aws::operator::{Account, Figure, Point, SignIn, Trouble};
use hubcast_model::time::Timestamp;
use serde_json::{Value, json};

use crate::endpoint::serve;

type Asked = Arc<Mutex<Vec<Value>>>;

/// Two pages: the second has a further point of the first figure, and the second figure.
async fn pages(State(asked): State<Asked>, headers: HeaderMap, body: Bytes) -> String {
    let target = headers.get("x-amz-target").expect("a target");
    assert_eq!(target, "GraniteServiceVersion20100801.GetMetricData");
    let media_type = headers.get("content-type").expect("a media type");
    assert_eq!(media_type, "application/x-amz-json-1.0", "version 1.1 is not CloudWatch's");
    let input: Value = serde_json::from_slice(&body).expect("JSON");
    let is_first = input.get("NextToken").is_none();
    asked.lock().expect("what was asked").push(input);
    let found = |id: &str, at: u64, value: f64| json!({ "Id": id, "Timestamps": [at], "Values": [value], "StatusCode": "Complete" });
    let page = if is_first {
        json!({ "MetricDataResults": [found("f0", 60, 1.0)], "NextToken": "more" })
    } else {
        json!({ "MetricDataResults": [found("f0", 120, 2.5), found("f1", 60, 7.0)], "Messages": [] })
    };
    page.to_string()
}

fn figure(metric: &'static str, statistic: &'static str) -> Figure {
    let dimension = ("function", "hubcast-publisher".to_owned());
    Figure { namespace: "hubcast", metric, dimension, statistic }
}

#[tokio::test]
async fn figures_are_read_page_by_page_in_the_order_of_the_question() {
    let asked = Asked::default();
    let router = Router::new().fallback(pages).with_state(Arc::clone(&asked));
    let account = Account::open(&SignIn::Local(serve(router).await)).await.expect("an account");
    let figures = [figure("done", "Sum"), figure("end_to_end_ms", "p99"), figure("kept", "Sum")];
    let since = Timestamp::from_seconds(60);
    let found = account.figures(&figures, since, Duration::from_mins(1)).await.expect("figures");
    let point = |at, value| Point { at: Timestamp::from_seconds(at), value };
    assert_eq!(found, [vec![point(60, 1.0), point(120, 2.5)], vec![point(60, 7.0)], vec![]]);
    let asked = asked.lock().expect("what was asked");
    assert_eq!((asked.len(), &asked[1]["NextToken"]), (2, &json!("more")));
    let expected = json!({
        "Id": "f1",
        "MetricStat": {
            "Metric": {
                "Namespace": "hubcast",
                "MetricName": "end_to_end_ms",
                "Dimensions": [{ "Name": "function", "Value": "hubcast-publisher" }],
            },
            "Period": 60,
            "Stat": "p99",
        },
    });
    assert_eq!(
        (&asked[0]["MetricDataQueries"][1], &asked[0]["StartTime"]),
        (&expected, &json!(60))
    );
}

#[tokio::test]
async fn who_may_not_read_figures_is_told_the_action() {
    let refusal = json!({ "__type": "AccessDeniedException", "message": "no" }).to_string();
    let router = Router::new().fallback(move || async move { (StatusCode::BAD_REQUEST, refusal) });
    let account = Account::open(&SignIn::Local(serve(router).await)).await.expect("an account");
    let figures = [figure("done", "Sum")];
    let asked = account.figures(&figures, Timestamp::from_seconds(0), Duration::from_mins(1));
    let err = asked.await.expect_err("a refusal");
    assert_eq!(err.trouble, Trouble::Denied);
    assert_eq!(err.to_string(), "cannot read metrics (cloudwatch:GetMetricData)");
}
