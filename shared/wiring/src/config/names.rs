//! The names of all variables.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    AuthorizerConfig, CanaryConfig, ConnectConfig, DisconnectConfig, FramesConfig, LogConfig,
    NegotiateConfig, PublisherConfig, RestConfig, WebhookConfig,
};

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

macro_rules! all {
    ($($config:ident),*) => {
        // Whether the values are good is of no interest here.
        BTreeMap::from([$((stringify!($config), asked(|lookup| drop($config::read(lookup))))),*])
    };
}

/// The variables that each configuration reads.
pub fn names() -> BTreeMap<&'static str, BTreeSet<String>> {
    all!(
        AuthorizerConfig,
        CanaryConfig,
        ConnectConfig,
        DisconnectConfig,
        FramesConfig,
        LogConfig,
        NegotiateConfig,
        PublisherConfig,
        RestConfig,
        WebhookConfig
    )
}

/// What `read` asks for when nothing is set, and when all is that has no default: some variables
/// are read only where others are right.
fn asked(read: impl Fn(Lookup<'_>)) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    for value in [|_: &str| None, needed] {
        read(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            value(name).map(str::to_owned)
        });
    }
    asked.into_inner()
}

fn needed(name: &str) -> Option<&'static str> {
    match name {
        "TABLE_NAME" | "ACCESS_KEY_PARAMETER" => Some("any"),
        "HUBS" => Some("*"),
        _ if name.ends_with("_URL") || name.ends_with("_ENDPOINT") => Some("https://any.example"),
        _ => None,
    }
}
