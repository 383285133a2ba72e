//! What `PRODUCERS` allows.

use super::*;
use crate::envelope::{EnvelopeRules, parse};

fn notification(json: &str) -> Notification {
    let default_hub = HubName::parse("one").unwrap();
    let rules = EnvelopeRules { default_hub, implicit_broadcast: true };
    parse(json, &rules).unwrap().remove(0).parsed.unwrap()
}

fn producers(text: &str) -> Producers {
    Producers::parse(text, vec![SenderPattern::parse("AROAOWN:*").unwrap()]).unwrap()
}

#[test]
fn anyone_may_do_everything_until_somebody_is_listed() {
    let close = notification(r#"{"action":"close"}"#);
    assert!(Producers::default().allow("anybody", &close));
    assert!(!producers("[]").allow("anybody", &close));
    assert!(producers("[]").allow("AROAOWN:function", &close));
}

#[test]
fn a_sender_may_do_what_its_entries_say() {
    let producers = producers(
        r#"[{"sender":"AROAAPP:*","hubs":["One"],"actions":["message","add"]},
            {"sender":"AROAAPP:*","hubs":["two"]},
            {"sender":"AIDAADMIN"}, {"sender":"AROAJOB:nightly","actions":["message"]}]"#,
    );
    let everywhere = r#"{"action":"block","userId":"u","hub":"*"}"#;
    for (sender, body, may) in [
        ("AROAAPP:any", r#"{"target":"m"}"#, true),
        ("AROAAPP:any", r#"{"retain":"k"}"#, true),
        ("AROAAPP:any", r#"{"action":"add","userId":"u","groupName":"g"}"#, true),
        ("AROAAPP:any", r#"{"action":"close"}"#, false),
        ("AROAAPP:any", r#"{"target":"m","hub":"three"}"#, false),
        ("AROAAPP:any", r#"{"action":"close","hub":"two"}"#, true),
        ("AROAAPP:any", everywhere, false),
        ("AROAAPP", r#"{"target":"m"}"#, false),
        ("AROAAPPX:any", r#"{"target":"m"}"#, false),
        ("AIDAADMIN", everywhere, true),
        ("AIDAADMIN:x", everywhere, false),
        ("AROAJOB:nightly", r#"{"target":"m","hub":"three"}"#, true),
        ("AROAJOB:daily", r#"{"target":"m"}"#, false),
        ("AROAJOB:nightly", r#"{"invocationId":"1","connectionId":"c"}"#, false),
        ("", r#"{"target":"m"}"#, false),
    ] {
        assert_eq!(producers.allow(sender, &notification(body)), may, "{sender} {body}");
    }
}

#[test]
fn a_role_that_is_named_may_do_what_its_entries_say() {
    let producers = producers(r#"[{"role":"news","hubs":["one"],"actions":["message"]}]"#);
    let (one, two) = (HubName::parse("one").unwrap(), HubName::parse("two").unwrap());
    let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(producers.allow_role(&roles(&["news"]), &one, "message"));
    assert!(!producers.allow_role(&roles(&["news"]), &two, "message"));
    assert!(!producers.allow_role(&roles(&["news"]), &one, "close"));
    assert!(producers.allow_role(&roles(&["news", "admin"]), &two, "close"));
    assert!(!producers.allow_role(&[], &one, "message"));
}

#[test]
fn a_list_of_nothing_is_refused_and_says_what_to_do() {
    for name in ["hubs", "actions"] {
        let text = format!(r#"[{{"sender":"a","{name}":[]}}]"#);
        let why = Producers::parse(&text, Vec::new()).unwrap_err().to_string();
        assert!(why.contains("an empty list; leave the property out"), "{why}");
    }
}

#[test]
fn what_can_match_nobody_is_refused() {
    for bad in [
        "{}",
        "[7]",
        "[{}]",
        r#"[{"sender":"a","role":"b"}]"#,
        r#"[{"sender":""}]"#,
        r#"[{"sender":"*"}]"#,
        r#"[{"sender":":*"}]"#,
        r#"[{"sender":"AROA*"}]"#,
        r#"[{"sender":"a b"}]"#,
        r#"[{"role":""}]"#,
        r#"[{"sender":"a","hubs":["1"]}]"#,
        r#"[{"sender":"a","actions":["send"]}]"#,
        r#"[{"sender":"a","action":["message"]}]"#,
        r#"[{"sender":"a","hubs":null}]"#,
        r#"[{"sender":"a","actions":null}]"#,
    ] {
        assert!(Producers::parse(bad, Vec::new()).is_err(), "{bad}");
    }
}

#[test]
fn a_misspelt_name_is_told_what_it_was_meant_to_be() {
    for (bad, meant) in [
        (r#"[{"sender":"a","action":["message"]}]"#, "actions"),
        (r#"[{"sendr":"a"}]"#, "sender"),
        (r#"[{"sender":"a","actions":["mesage"]}]"#, "message"),
        (r#"[{"sender":"a","actions":["removeall"]}]"#, "removeAll"),
    ] {
        let why = Producers::parse(bad, Vec::new()).unwrap_err().to_string();
        assert!(why.ends_with(&format!("; did you mean '{meant}'?")), "{why}");
    }
}
