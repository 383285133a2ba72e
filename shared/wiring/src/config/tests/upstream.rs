//! What backends hear of clients, and how.

use super::*;

#[test]
fn backends_hear_of_nothing_unless_there_is_a_queue() {
    assert_eq!(publisher(&PUBLISHER).unwrap().upstream, None);
    let told = publisher(&[&PUBLISHER[..], &UPSTREAM[..]].concat()).unwrap().upstream;
    assert!(told.is_some_and(|urls| urls.timers.ends_with("/timers")));
    let faults = publisher(&[&PUBLISHER[..], &UPSTREAM[..1]].concat()).unwrap_err();
    assert!(faults.contains("TIMERS_QUEUE_URL"), "{faults}");
}

#[test]
fn there_is_an_ingress_queue_where_its_url_is_set() {
    let with = |url: &str| {
        let own = [("INGRESS_QUEUE_URL", url)];
        publisher(&[&PUBLISHER[..], &own[..]].concat()).map(|config| config.queues)
    };
    assert_eq!(with("").unwrap().ingress_name(), None);
    let url = "https://sqs.eu-west-1.amazonaws.com/1/hubcast-ingress";
    assert_eq!(with(url).unwrap().ingress_name(), Some("hubcast-ingress"));
    assert!(with("hubcast-ingress").unwrap_err().contains("INGRESS_QUEUE_URL"));
}

#[test]
fn an_invocation_waits_for_as_long_as_sqs_delays_at_the_most() {
    let frames = |seconds: &str| {
        let own = [PUBLISHER[0], PUBLISHER[1], ("UPSTREAM_TIMEOUT_SECONDS", seconds)];
        read(|lookup| FramesConfig::read(lookup), &[&own[..], &UPSTREAM[..]].concat())
    };
    let timeout = |seconds| frames(seconds).unwrap().upstream.unwrap().timeout.as_secs();
    assert_eq!((timeout(""), timeout("900")), (30, 900));
    for bad in ["0", "901", "soon"] {
        assert!(frames(bad).unwrap_err().contains("UPSTREAM_TIMEOUT_SECONDS"));
    }
}

#[test]
fn an_endpoint_has_less_time_than_the_client_waits() {
    let attempt = |seconds| {
        let config = webhook(&[
            ("UPSTREAM_URL", "https://app.example/"),
            ("UPSTREAM_ATTEMPT_SECONDS", seconds),
        ]);
        config.map(|config| (config.attempt.as_secs(), config.timeout.as_secs()))
    };
    assert_eq!(attempt(""), Ok((25, 30)));
    assert_eq!(attempt("28"), Ok((28, 30)));
    for bad in ["0", "29", "soon"] {
        assert!(attempt(bad).unwrap_err().contains("UPSTREAM_ATTEMPT_SECONDS"));
    }
}

#[test]
fn endpoints_are_named_by_templates() {
    let webhook = |url: &str| webhook(&[("UPSTREAM_URL", url)]);
    assert!(webhook("https://app.example/{event}").is_ok());
    for bad in ["", "http://app.example/", "[{}]"] {
        assert!(webhook(bad).unwrap_err().contains("UPSTREAM_URL"), "{bad}");
    }
}
