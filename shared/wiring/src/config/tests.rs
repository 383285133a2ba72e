use hubcast_connection::frames::{AtLimit, ConnectionLimit};
use hubcast_model::id::HubName;
use hubcast_model::producers::{Producers, SenderPattern};
use hubcast_model::session::Reuse;

use super::*;

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

fn with_issuers(issuers: &str) -> Result<AuthorizerConfig, String> {
    authorizer(&[
        ("TABLE_NAME", "t"),
        ("HUBS", "notifications"),
        ("ACCESS_KEYS", KEY),
        ("PUBLIC_URL", "https://h"),
        ("TOKEN_ISSUERS", issuers),
    ])
}

#[test]
fn a_misspelt_property_of_an_issuer_is_told_what_it_was_meant_to_be() {
    let issuer = r#"[{"issuer":"https://i","audience":"a","userClaims":"oid"}]"#;
    let fault = with_issuers(issuer).unwrap_err();
    assert!(fault.contains("; did you mean 'userClaim'?"), "{fault}");
}

#[test]
fn two_issuers_on_one_hub_need_distinct_prefixes() {
    let twins = r#"[{"issuer":"https://a","audience":"x"},{"issuer":"https://b","audience":"x"}]"#;
    assert!(with_issuers(twins).unwrap_err().contains("userPrefix"));
    let prefixed = r#"[{"issuer":"https://a","audience":"x","userPrefix":"a:","groupPrefix":"a:"},
        {"issuer":"https://b","audience":"x","userPrefix":"b:","groupPrefix":"b:"}]"#;
    assert!(with_issuers(prefixed).is_ok());
    let groups = r#"[{"issuer":"https://a","audience":"x","userPrefix":"a:","groupsClaim":"g"},
        {"issuer":"https://b","audience":"x","userPrefix":"b:","groupsClaim":"g"}]"#;
    assert!(with_issuers(groups).unwrap_err().contains("groupPrefix"));
    let apart = r#"[{"issuer":"https://a","audience":"x","hubs":["one"]},
        {"issuer":"https://b","audience":"x","hubs":["two"]}]"#;
    assert!(with_issuers(apart).is_ok());
}

#[test]
fn tenants_of_one_issuer_need_prefixes_that_name_them() {
    let with = |more: &str| {
        with_issuers(&format!(
            r#"[{{"issuer":"https://l/{{tenantid}}","jwksUri":"https://l/keys","audience":"x"{more}}}]"#
        ))
    };
    let both = r#","tenants":["t","u"]"#;
    for good in [
        r#","tenants":["t"]"#.to_owned(),
        format!(r#"{both},"userPrefix":"{{tenantid}}:""#),
        format!(
            r#"{both},"userPrefix":"{{tenantid}}:","groupPrefix":"{{tenantid}}:","groupsClaim":"g""#
        ),
    ] {
        assert!(with(&good).is_ok(), "{good}");
    }
    for bad in [
        both.to_owned(),
        format!(r#"{both},"userPrefix":"x:""#),
        format!(r#"{both},"userPrefix":"{{tenantid}}:","groupsClaim":"g""#),
        // What the one begins with is all of the other.
        r#","tenants":["t","tt"],"userPrefix":"{tenantid}""#.to_owned(),
        r#","userPrefix":"{tenantid}:""#.to_owned(),
    ] {
        assert!(with(&bad).unwrap_err().contains("tenant"), "{bad}");
    }
}

#[test]
fn keys_of_issuers_come_by_https_and_not_from_many_places() {
    let with = |place: &str| with_issuers(&format!(r#"[{{"audience":"x",{place}}}]"#));
    assert!(with(r#""issuer":"https://i/{tenantid}","jwks_uri":"https://i/keys""#).is_ok());
    assert!(with(r#""issuer":"http://localhost:8080/dev""#).is_ok());
    for bad in [
        r#""issuer":"http://i""#,
        r#""issuer":"https://i/{tenantid}""#,
        r#""issuer":"https://i","jwks_uri":"http://i/keys""#,
        r#""issuer":"i""#,
    ] {
        assert!(with(bad).unwrap_err().contains("https"), "{bad}");
    }
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
    let listed = Producers::parse("[]", own).unwrap();
    assert_eq!(with("[]", "AROAA:*"), Ok(listed));
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

fn rest(issuers: &str) -> Result<RestConfig, String> {
    let variables = [
        ("TABLE_NAME", "t"),
        ("NOTIFICATIONS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/q.fifo"),
        ("HUBS", "*"),
        ("PUBLIC_URL", "https://h"),
        ("ACCESS_KEYS", KEY),
        ("TOKEN_ISSUERS", r#"[{"issuer":"https://i","audience":"people"}]"#),
        ("REST_ISSUERS", issuers),
    ];
    read(|lookup| RestConfig::read(lookup), &variables)
}

#[test]
fn apps_need_a_role_and_an_audience_that_people_do_not_have() {
    assert!(rest("").unwrap().issuers.is_empty());
    assert_eq!(rest("").unwrap().invoke_timeout, Duration::from_secs(20));
    assert!(rest(r#"[{"issuer":"https://i","audience":"apps","roles":["r"]}]"#).is_ok());
    for (issuers, expected) in [
        (r#"[{"issuer":"https://i","audience":"apps"}]"#, "roles"),
        (r#"[{"issuer":"https://i","audience":"people","roles":["r"]}]"#, "TOKEN_ISSUERS"),
        (r#"[{"issuer":"https://i","audience":[],"roles":["r"]}]"#, "audience"),
        (r#"[{"issuer":"http://i","audience":"apps","roles":["r"]}]"#, "https"),
        (
            r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"userPrefix":"p"}]"#,
            "userPrefix",
        ),
        (
            r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"userClaim":"oid"}]"#,
            "userClaim",
        ),
        (
            r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"groupPrefix":"p"}]"#,
            "groupPrefix",
        ),
        (
            r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"groupsClaim":"g"}]"#,
            "groupsClaim",
        ),
        (r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"hubs":["1"]}]"#, "hub"),
        (
            r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"hubs":["a"]},
                {"issuer":"https://i","audience":["x","apps"],"roles":["s"]}]"#,
            "one entry",
        ),
        (
            r#"[{"issuer":"https://l/{tenantid}","jwksUri":"https://l/keys","tenants":["t","u"],"audience":"apps","roles":["r"]},
                {"issuer":"https://l/u","audience":"apps","roles":["s"]}]"#,
            "one entry",
        ),
        ("{}", "list"),
    ] {
        let faults = rest(issuers).unwrap_err();
        assert!(faults.contains("REST_ISSUERS") && faults.contains(expected), "{faults}");
    }
    for issuers in [
        r#"[{"issuer":"https://i","audience":"apps","roles":["r"],"hubs":["a"]},
            {"issuer":"https://i","audience":"others","roles":["r"],"hubs":["b"]}]"#,
        r#"[{"issuer":"https://l/{tenantid}","jwksUri":"https://l/keys","tenants":["t"],"audience":"apps","roles":["r"]},
            {"issuer":"https://l/{tenantid}","jwksUri":"https://l/keys","tenants":["u"],"audience":"apps","roles":["r"]}]"#,
    ] {
        assert!(rest(issuers).is_ok(), "{issuers}");
    }
    let with_roles = r#"[{"issuer":"https://i","audience":"x","roles":["r"]}]"#;
    assert!(with_issuers(with_roles).unwrap_err().contains("REST_ISSUERS"));
}

#[test]
fn the_recipes_of_the_page_can_be_read() {
    let page = include_str!("../../../../infra/cloud/configuration/recipes.md");
    let recipes: Vec<&str> =
        page.split("```json\n").skip(1).filter_map(|part| part.split("\n```").next()).collect();
    assert_eq!(recipes.len(), 8, "one more recipe needs one more look here");
    for recipe in recipes {
        let read = if recipe.contains("\"roles\"") {
            rest(recipe).err()
        } else {
            with_issuers(recipe).err()
        };
        assert_eq!(read, None, "{recipe}");
    }
}

const UPSTREAM: [(&str, &str); 2] = [
    ("UPSTREAM_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/u.fifo"),
    ("TIMERS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/timers"),
];

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

fn webhook(own: &[(&str, &str)]) -> Result<WebhookConfig, String> {
    let needed = [PUBLISHER[0], PUBLISHER[2], UPSTREAM[0], ("ACCESS_KEYS", KEY)];
    read(|lookup| WebhookConfig::read(lookup), &[&needed[..], own].concat())
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
