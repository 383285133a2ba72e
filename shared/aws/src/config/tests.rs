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
        ("HUBS", "notifications"),
        ("ACCESS_KEYS", KEY),
        ("PUBLIC_URL", "https://h"),
        ("TOKEN_ISSUERS", issuers),
    ])
}

#[test]
fn two_issuers_on_one_hub_need_distinct_prefixes() {
    let twins = r#"[{"issuer":"https://a","audience":"x"},{"issuer":"https://b","audience":"x"}]"#;
    assert!(with_issuers(twins).unwrap_err().contains("userPrefix"));
    let prefixed = r#"[{"issuer":"https://a","audience":"x","userPrefix":"a:","groupPrefix":"a:"},
        {"issuer":"https://b","audience":"x","userPrefix":"b:","groupPrefix":"b:"}]"#;
    assert!(with_issuers(prefixed).is_ok());
    let apart = r#"[{"issuer":"https://a","audience":"x","hubs":["one"]},
        {"issuer":"https://b","audience":"x","hubs":["two"]}]"#;
    assert!(with_issuers(apart).is_ok());
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
            &[("TABLE_NAME", "t"), ("HUBS", "*"), ("ALLOWED_ORIGINS", origins)],
        )
    };
    assert!(connect("https://a.example,https://b.example:8443").is_ok());
    for bad in ["*", "https://a.example/", "a.example"] {
        assert!(connect(bad).unwrap_err().contains("ALLOWED_ORIGINS"), "{bad}");
    }
}
