//! Whose tokens are good.

use super::*;

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
    let page = include_str!("../../../../../infra/cloud/configuration/recipes.md");
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
