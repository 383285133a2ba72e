//! Filters read back as they are written, whatever they say, and no text does harm.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;

use hubcast_backend::{Anchor, Filter, FilterError, Operand};
use hubcast_model::channel::Member;
use hubcast_model::id::{ConnectionId, GroupName, SocketId, UserId};
use proptest::collection::vec;
use proptest::prelude::*;

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        Just(Operand::UserId),
        Just(Operand::ConnectionId),
        Just(Operand::Null),
        "['a-c ]{0,4}|\\PC{0,8}".prop_map(Operand::Text),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let anchor = prop_oneof![Just(Anchor::Start), Just(Anchor::End), Just(Anchor::Anywhere)];
    let leaf = prop_oneof![
        (operand(), operand()).prop_map(|(one, other)| Filter::Equal(one, other)),
        (operand(), vec(operand(), 1..4)).prop_map(|(one, others)| Filter::OneOf(one, others)),
        operand().prop_map(Filter::InGroup),
        (anchor, operand(), operand())
            .prop_map(|(anchor, one, two)| Filter::Holds(anchor, one, two)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            pair().prop_map(|(one, other)| Filter::Or(one, other)),
            pair().prop_map(|(one, other)| Filter::And(one, other)),
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn member(user: Option<&str>) -> Member {
    Member {
        handshake_at: None,
        socket: SocketId::parse("s=").unwrap(),
        connection: ConnectionId::parse("abc").unwrap(),
        user: user.map(|user| UserId::parse(user).unwrap()),
    }
}

proptest! {
    #[test]
    fn a_filter_reads_back_as_it_is_written(filter in filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn no_text_does_harm(text in "\\PC{0,80}|[a-zA-Z'(), ]{0,80}") {
        let _outcome = Filter::parse(&text);
    }

    #[test]
    fn a_filter_for_one_user_means_nobody_elses(filter in filter(), user in "[a-c]{1,2}") {
        if filter.user().is_some_and(|only| only != user) {
            prop_assert!(!filter.matches(&member(Some(&user)), &BTreeSet::new()));
        }
    }
}

#[test]
fn filters_mean_what_odata_says() {
    let groups = BTreeSet::from([GroupName::parse("eu").unwrap().keyed()]);
    let means = |text: &str, user| Filter::parse(text).unwrap().matches(&member(user), &groups);
    for (text, expected) in [
        ("startswith(userId, 'listener-')", true),
        ("startswith(userId,'speaker')", false),
        ("endswith(userId, '-1') and contains(userId, 'tener')", true),
        ("userId eq 'listener-1'", true),
        ("'listener-1' eq userId", true),
        ("userId eq 'LISTENER-1'", false),
        ("userId ne null", true),
        ("userId in ('x', 'listener-1')", true),
        ("userId in ('x')", false),
        ("'eu' in groups", true),
        ("not ('eu' in groups)", false),
        ("connectionId eq 'abc' or 'us' in groups", true),
        ("userId eq 'x' and userId eq 'y' or connectionId eq 'abc'", true),
        ("userId eq 'x' and (userId eq 'y' or connectionId eq 'abc')", false),
        ("not userId eq 'x'", true),
        ("contains('a''b', 'a''')", true),
    ] {
        assert_eq!(means(text, Some("listener-1")), expected, "{text}");
    }
    assert!(means("userId eq null", None) && !means("startswith(userId, '')", None));
}

#[test]
fn what_is_no_filter_is_refused() {
    for text in [
        "",
        "userId",
        "userId eq",
        "userId == 'a'",
        "user eq 'a'",
        "'a",
        "userId eq 'a' x",
        "userId in ()",
        "(userId eq 'a'",
        "startswith(userId)",
        "groups eq 'a'",
        "length(userId) gt 1",
    ] {
        assert!(Filter::parse(text).is_err(), "{text}");
    }
    let chain = |conditions: usize| vec!["userId eq null"; conditions].join(" or ");
    assert!(Filter::parse(&chain(256)).is_ok());
    assert_eq!(Filter::parse(&chain(257)), Err(FilterError::TooLong));
    let deep = format!("{}userId eq null{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(Filter::parse(&deep), Err(FilterError::TooDeep));
    assert_eq!(
        Filter::parse(&format!("{}userId eq null", "not ".repeat(100))),
        Err(FilterError::TooDeep)
    );
}

#[test]
fn a_misspelt_word_is_told_what_it_was_meant_to_be() {
    for (text, meant) in [
        ("userld eq 'a'", "userId"),
        ("userId eq null or USERID eq 'a'", "userId"),
        ("connectionID eq 'a'", "connectionId"),
        ("startWith(userId,'a')", "startswith"),
        ("contain(userId,'a')", "contains"),
        ("'a' in group", "groups"),
    ] {
        let why = Filter::parse(text).unwrap_err().to_string();
        assert!(why.ends_with(&format!("; did you mean '{meant}'?")), "{text}: {why}");
    }
}
