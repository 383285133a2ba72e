//! Any text is a filter or none; a filter means the same when it is written out and read again.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hubcast_backend::{Filter, FilterError};
use hubcast_model::channel::Member;
use hubcast_model::id::KeyedName;
use hubcast_testkit::{name, socket};
use libfuzzer_sys::fuzz_target;

static MEMBERS: LazyLock<[Member; 2]> = LazyLock::new(|| {
    let alice = socket::ready("n", "s1=", "alice").member();
    [Member { user: None, ..alice.clone() }, alice]
});
static GROUPS: LazyLock<[BTreeSet<KeyedName>; 2]> =
    LazyLock::new(|| [BTreeSet::new(), [name::group("g").keyed()].into()]);

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    let again = match Filter::parse(&filter.to_string()) {
        // Written out, every condition has brackets of its own.
        Err(FilterError::TooDeep) => return,
        again => again.expect("a filter"),
    };
    assert_eq!((again.asks_for_groups(), again.user()), (filter.asks_for_groups(), filter.user()));
    for member in &*MEMBERS {
        for groups in &*GROUPS {
            assert_eq!(again.matches(member, groups), filter.matches(member, groups));
        }
    }
});
