//! Any text is a filter or none; a filter means the same when it is written out and read again.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hubcast_backend::{Filter, FilterError};
use hubcast_model::channel::Member;
use hubcast_model::id::{ConnectionId, KeyedName, SocketId, UserId};
use libfuzzer_sys::fuzz_target;

static MEMBERS: LazyLock<[Member; 2]> = LazyLock::new(|| {
    let socket = SocketId::parse("s1=").expect("a name");
    let connection = ConnectionId::from(&socket);
    let anonymous = Member { connection, socket, user: None, handshake_at: None };
    [anonymous.clone(), Member { user: UserId::parse("alice").ok(), ..anonymous }]
});
static GROUPS: LazyLock<[BTreeSet<KeyedName>; 2]> =
    LazyLock::new(|| [BTreeSet::new(), [KeyedName::of("g")].into()]);

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
