use hubcast_connection::frames::{AtLimit, ConnectionLimit};
use hubcast_model::id::HubName;
use hubcast_model::producers::{Producers, SenderPattern};
use hubcast_model::session::Reuse;

use super::*;

mod issuers;
mod upstream;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn read<T>(
    read: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Result<T, ConfigError>,
    variables: &[(&str, &str)],
) -> Result<T, String> {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    read(&lookup).map_err(|err| err.to_string())
}

#[test]
fn lines_need_a_queue_for_alarms_and_wait_for_nobody_unless_on() {
    const TIMERS: &str = "https://sqs.eu-west-1.amazonaws.com/1/timers";
    let config = |mode: &str, timers: &str| {
        let lines = [("STATEFUL_RECONNECT", mode), ("TIMERS_QUEUE_URL", timers)];
        publisher(&[&PUBLISHER[..], &lines[..]].concat()).map(|config| config.lines)
    };
    let window = |mode| config(mode, TIMERS).unwrap().settings.window.as_secs();
    assert_eq!(["on", "off", "drain", ""].map(window), [30, 0, 0, 0]);
    assert_eq!(config("off", "").unwrap().timers, None);
    for mode in ["on", "drain"] {
        assert!(config(mode, "").unwrap_err().contains("TIMERS_QUEUE_URL"), "{mode}");
    }
    assert!(config("of", TIMERS).unwrap_err().contains("did you mean 'off'?"));
    let own = [("STATEFUL_WINDOW_SECONDS", "0"), ("STATEFUL_BUFFER_BYTES", "1000000")];
    let faults = publisher(&[&PUBLISHER[..], &own[..]].concat()).unwrap_err();
    assert!(faults.contains("from 1 to 600") && faults.contains("from 1000 to 262144"), "{faults}");
}

fn publisher(variables: &[(&str, &str)]) -> Result<PublisherConfig, String> {
    read(|lookup| PublisherConfig::read(lookup), variables)
}

fn authorizer(variables: &[(&str, &str)]) -> Result<AuthorizerConfig, String> {
    read(|lookup| AuthorizerConfig::read(lookup), variables)
}

const PUBLISHER: [(&str, &str); 5] = [
    ("TABLE_NAME", "t"),
    ("MANAGEMENT_ENDPOINT", "https://x.execute-api.eu-west-1.amazonaws.com/live/"),
    ("NOTIFICATIONS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/q.fifo"),
    ("DELIVERIES_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/j.fifo"),
    ("DLQ_URL", "https://sqs.eu-west-1.amazonaws.com/1/d.fifo"),
];

#[test]
fn a_publisher_needs_five_variables() {
    let config = publisher(&PUBLISHER).unwrap();
    assert_eq!(config.management_endpoint, "https://x.execute-api.eu-west-1.amazonaws.com/live");
    assert_eq!(config.fanout.rules.default_hub.as_str(), "notifications");
    assert_eq!(config.fanout.concurrency, 128);
    assert_eq!(config.fanout.rate_max, 500, "a tenth of the half of the account's quota");
}

#[test]
fn all_faults_are_reported_together() {
    let faults = publisher(&[("FANOUT_CONCURRENCY", "many"), ("DLQ_URL", "wss://x")]).unwrap_err();
    for name in [
        "TABLE_NAME",
        "MANAGEMENT_ENDPOINT",
        "NOTIFICATIONS_QUEUE_URL",
        "DLQ_URL",
        "FANOUT_CONCURRENCY",
    ] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}

const UPSTREAM: [(&str, &str); 2] = [
    ("UPSTREAM_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/u.fifo"),
    ("TIMERS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/timers"),
];

fn webhook(own: &[(&str, &str)]) -> Result<WebhookConfig, String> {
    let dead_events = ("UPSTREAM_DLQ_URL", "https://sqs.eu-west-1.amazonaws.com/1/ud.fifo");
    let needed = [PUBLISHER[0], PUBLISHER[2], UPSTREAM[0], dead_events, ("ACCESS_KEYS", KEY)];
    read(|lookup| WebhookConfig::read(lookup), &[&needed[..], own].concat())
}

fn with_keys(variables: &[(&str, &str)]) -> Result<AccessKeySettings, String> {
    let others = [("TABLE_NAME", "t"), ("HUBS", "*"), ("PUBLIC_URL", "https://h")];
    let all: Vec<_> = others.into_iter().chain(variables.iter().copied()).collect();
    authorizer(&all).map(|config| config.access_keys)
}

#[test]
fn access_keys_stand_in_one_place() {
    let parameter = with_keys(&[("ACCESS_KEY_PARAMETER", "/hubcast/access-keys")]);
    assert_eq!(parameter, Ok(AccessKeySettings::Parameter("/hubcast/access-keys".to_owned())));
    let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:keys-x";
    let secret = with_keys(&[("ACCESS_KEY_PARAMETER", arn)]);
    assert_eq!(secret, Ok(AccessKeySettings::Secret(arn.to_owned())));
    assert!(matches!(with_keys(&[("ACCESS_KEYS", KEY)]), Ok(AccessKeySettings::Plain(_))));
    let both = with_keys(&[("ACCESS_KEY_PARAMETER", "/k"), ("ACCESS_KEYS", KEY)]);
    assert!(both.unwrap_err().contains("set one"));
    assert!(with_keys(&[]).unwrap_err().contains("ACCESS_KEY_PARAMETER"));
}

#[test]
fn nothing_of_a_configuration_shows_its_keys() {
    let config = with_keys(&[("ACCESS_KEYS", KEY)]).unwrap();
    assert!(!format!("{config:?}").contains(KEY));
}

#[test]
fn lists_of_hubs_are_empty_without_a_word_and_refuse_what_is_no_hub() {
    let hub = |name: &str| HubName::parse(name).unwrap();
    let tokens = |hubs: &str| {
        let keys = [("ACCESS_KEYS", KEY), ("CLIENT_TOKENS_ONLY", hubs)];
        let others = [("TABLE_NAME", "t"), ("HUBS", "*"), ("PUBLIC_URL", "https://h")];
        let all: Vec<_> = others.into_iter().chain(keys).collect();
        authorizer(&all).map(|config| config.tokens.client_tokens_only)
    };
    assert_eq!(tokens(""), Ok(Hubs::NONE));
    assert_eq!(tokens("*"), Ok(Hubs::Any));
    assert_eq!(tokens("Admins, b"), Ok(Hubs::Only(vec![hub("admins"), hub("b")])));
    assert!(tokens("no hub").unwrap_err().contains("CLIENT_TOKENS_ONLY must be hub names"));

    let methods = |hubs: &str| {
        let url = ("MANAGEMENT_ENDPOINT", "https://x.example/prod");
        let all = [("TABLE_NAME", "t"), url, ("OWN_METHODS", hubs)];
        read(|lookup| FramesConfig::read(lookup), &all).map(|it| it.frames.own_methods)
    };
    assert_eq!(methods(""), Ok(Hubs::NONE));
    assert_eq!(methods("chat"), Ok(Hubs::Only(vec![hub("chat")])));
    assert!(methods("no hub").unwrap_err().contains("OWN_METHODS"));
}

/// What is wrong with a reader's list of hubs, if `HUBS` is as given.
type Faults<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

#[test]
fn a_hub_that_hubs_does_not_name_is_refused_wherever_it_stands() {
    let [table, endpoint, ..] = PUBLISHER;
    let frames = |hubs: &str, own: &str| {
        let all = [table, endpoint, ("HUBS", hubs), ("OWN_METHODS", own)];
        read(|lookup| FramesConfig::read(lookup), &all).err()
    };
    let tokens = |hubs: &str, own: &str| {
        let keys = [("ACCESS_KEYS", KEY), ("CLIENT_TOKENS_ONLY", own), ("HUBS", hubs)];
        authorizer(&[&[table, ("PUBLIC_URL", "https://h")][..], &keys[..]].concat()).err()
    };
    let endpoints = |hubs: &str, own: &str| {
        let url = format!(r#"[{{"urlTemplate":"https://h","hubPattern":"{own}"}}]"#);
        webhook(&[("HUBS", hubs), ("UPSTREAM_URL", &url)]).err()
    };
    let readers: [Faults<'_>; 3] = [&frames, &tokens, &endpoints];
    for (read, name) in readers.iter().zip(["OWN_METHODS", "CLIENT_TOKENS_ONLY", "UPSTREAM_URL"]) {
        for (hubs, own) in [("chat", "Chat"), ("*", "orders"), ("a, chat", "*"), ("a,b", "b, A")] {
            assert_eq!(read(hubs, own), None, "{name}: {own} of {hubs}");
        }
        let fault = read("a, chat", "a,chatt").unwrap_or_default();
        let told = "the hub 'chatt', which HUBS does not name; did you mean 'chat'?";
        assert!(fault.contains(name) && fault.contains(told), "{fault}");
        assert!(fault.contains("has 1 fault(s)"), "{fault}");
    }
}

#[test]
fn reuse_grace_and_limit_have_defaults_and_bounds() {
    let tokens = |reuse: &str| {
        let keys = [("ACCESS_KEYS", KEY), ("CLIENT_TOKEN_REUSE", reuse)];
        let others = [("TABLE_NAME", "t"), ("HUBS", "*"), ("PUBLIC_URL", "https://h")];
        let all: Vec<_> = others.into_iter().chain(keys).collect();
        authorizer(&all).map(|config| config.tokens.reuse)
    };
    assert_eq!((tokens(""), tokens("once")), (Ok(Reuse::Session), Ok(Reuse::Once)));
    assert!(tokens("never").unwrap_err().contains("CLIENT_TOKEN_REUSE"));
    let slip = tokens("onse").unwrap_err();
    assert!(slip.contains("must be session or once; did you mean 'once'?"), "{slip}");

    let grace = |seconds: &str| {
        let url = ("PUBLIC_URL", "https://h");
        let all = [("TABLE_NAME", "t"), ("HUBS", "*"), url, ("RECONNECT_GRACE_SECONDS", seconds)];
        read(|lookup| ConnectConfig::read(lookup), &all).map(|it| it.connect.reconnect_grace)
    };
    assert_eq!(grace(""), Ok(Duration::from_mins(10)));
    assert_eq!(grace("0"), Ok(Duration::ZERO));
    assert!(grace("-1").unwrap_err().contains("RECONNECT_GRACE_SECONDS"));

    let limit = |most: &str, rule: &str| {
        let [table, endpoint, ..] = PUBLISHER;
        let all =
            [table, endpoint, ("MAX_CONNECTIONS_PER_USER", most), ("AT_CONNECTION_LIMIT", rule)];
        read(|lookup| FramesConfig::read(lookup), &all).map(|config| config.frames.connections)
    };
    assert_eq!((limit("", ""), limit("0", "refuse")), (Ok(None), Ok(None)));
    assert_eq!(limit("3", ""), Ok(Some(ConnectionLimit { most: 3, at_limit: AtLimit::Evict })));
    let refuse = ConnectionLimit { most: 3, at_limit: AtLimit::Refuse };
    assert_eq!(limit("3", "refuse"), Ok(Some(refuse)));
    let faults = limit("x", "y").unwrap_err();
    assert!(faults.contains("MAX_CONNECTIONS_PER_USER") && faults.contains("AT_CONNECTION_LIMIT"));
}

#[test]
fn producers_are_listed_or_anyone() {
    let with = |producers: &str, own: &str| {
        let more = [("PRODUCERS", producers), ("OWN_SENDERS", own)];
        let all: Vec<_> = PUBLISHER.iter().copied().chain(more).collect();
        publisher(&all).map(|config| config.fanout.producers)
    };
    assert_eq!(with("", ""), Ok(Producers::Anyone));
    let own = vec![SenderPattern::parse("AROAA:*").unwrap()];
    let listed = || Producers::parse("[]", own.clone()).unwrap();
    assert_eq!(with("[]", "AROAA:*"), Ok(listed()));
    // As an editor writes a file.
    assert_eq!(with("\u{feff}[]", "AROAA:*"), Ok(listed()));
    assert!(with("[7]", "").unwrap_err().contains("PRODUCERS is not a list"));
    assert!(with("[]", "*").unwrap_err().contains("OWN_SENDERS has the sender '*'"));
}

#[test]
fn keys_that_can_be_guessed_are_refused_and_not_shown() {
    let faults =
        authorizer(&[("HUBS", "*"), ("ACCESS_KEYS", "hunter2"), ("PUBLIC_URL", "https://h")]);
    let faults = faults.unwrap_err();
    assert!(faults.contains("ACCESS_KEYS") && !faults.contains("hunter2"));
}

#[test]
fn origins_are_exact() {
    let connect = |origins| {
        read(
            |lookup| ConnectConfig::read(lookup),
            &[
                ("TABLE_NAME", "t"),
                ("HUBS", "*"),
                ("PUBLIC_URL", "https://h"),
                ("ALLOWED_ORIGINS", origins),
            ],
        )
    };
    assert!(connect("https://a.example,https://b.example:8443").is_ok());
    assert!(connect("localhost,capacitor://localhost,null").is_ok());
    for bad in ["*", "https://a.example/", "a.example", "https://*.example.com"] {
        assert!(connect(bad).unwrap_err().contains("ALLOWED_ORIGINS"), "{bad}");
    }
}

#[test]
fn a_public_url_is_a_host_and_no_more() {
    for bad in ["https://h/rt", "https://h/?x=1", "wss://h", "h"] {
        let key = "k".repeat(32);
        let faults =
            authorizer(&[("HUBS", "*"), ("ACCESS_KEYS", &key), ("PUBLIC_URL", bad)]).unwrap_err();
        assert!(faults.contains("PUBLIC_URL must be"), "{bad}: {faults}");
    }
}
