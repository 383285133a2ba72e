//! Prints, as JSON, which variables each configuration reads; `tests/checks/template.py` compares
//! them with what `template.yaml` sets.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use hubcast_aws::config::{
    AuthorizerConfig, ConnectConfig, DisconnectConfig, FramesConfig, NegotiateConfig,
    PublisherConfig, RestConfig, WebhookConfig,
};

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What `read` asks for when nothing is set, and when everything is.
fn variables(read: impl Fn(Lookup<'_>)) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    for value in [None, Some("1".to_owned())] {
        read(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            value.clone()
        });
    }
    asked.into_inner()
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
