//! Prints, as JSON, which variables each configuration reads; `tests/checks/template.py` compares
//! them with what `template.yaml` sets.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use hubcast_wiring::config::{
    AuthorizerConfig, ConnectConfig, DisconnectConfig, FramesConfig, NegotiateConfig,
    PublisherConfig, RestConfig, WebhookConfig,
};

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What `read` asks for when nothing is set, and when all is that has no default: some variables
/// are read only where others are right.
fn variables(read: impl Fn(Lookup<'_>)) -> BTreeSet<String> {
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

macro_rules! all {
    ($($config:ident),*) => {
        // Whether the values are good is of no interest here.
        BTreeMap::from([$((stringify!($config), variables(|lookup| drop($config::read(lookup))))),*])
    };
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() -> Result<(), serde_json::Error> {
    let all = all!(
        AuthorizerConfig,
        ConnectConfig,
        DisconnectConfig,
        FramesConfig,
        NegotiateConfig,
        PublisherConfig,
        RestConfig,
        WebhookConfig
    );
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}
