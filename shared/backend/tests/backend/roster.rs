//! Lists and counts.

use hubcast_backend::{Command, Cursor, Filter};
use hubcast_model::audience::Audience;
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::socket::Socket;
use hubcast_testkit::{name, socket};

use crate::office::{HUB, Office, group};

/// A connection that is known by an id of its own.
fn claimed(id: &str, user: &str, connection: &str) -> Socket {
    let (socket, connection) = (socket::ready(HUB, id, user), name::connection(connection));
    let mut channels = socket.channels;
    channels.insert(ChannelKey::connection(&socket.hub, &connection));
    Socket { connection, channels, ..socket }
}

/// A connection of nobody in particular.
fn anonymous(id: &str) -> Socket {
    let socket = socket::ready(HUB, id, "nobody");
    let channels = [ShardCounts::default().hub_key(&socket.hub, &socket.id)].into();
    Socket { user: None, channels, ..socket }
}

/// The same connection in groups.
fn in_groups(mut socket: Socket, groups: &[&str]) -> Socket {
    for group in groups {
        socket.channels.insert(ChannelKey::group(&socket.hub, &name::group(group).keyed(), 0));
    }
    socket
}

#[tokio::test]
async fn lists_go_on_where_they_stopped_and_name_every_user_once() {
    let office = Office::default();
    for (socket, user) in [("s1=", "a"), ("s2=", "b"), ("s3=", "a"), ("s4=", "c"), ("s5=", "a")] {
        office.user(socket, user).await;
    }
    office.put(claimed("s6=", "b", "public")).await;
    let (roster, lists) = (office.backend.roster(&office.hub), office.backend.lists(&office.hub));
    let (mut sockets, mut users, mut cursor) = (Vec::new(), Vec::new(), Some(Cursor::default()));
    while let Some(start) = cursor {
        let page = roster.page(&Audience::Hub, start.clone(), 2).await.unwrap();
        assert!(page.items.len() <= 2);
        sockets.extend(page.items.into_iter().map(|member| member.connection.to_string()));
        users.extend(lists.users(start, 2).await.unwrap().items);
        cursor = page.next;
    }
    sockets.sort();
    users.sort();
    assert_eq!(sockets, ["public", "s1=", "s2=", "s3=", "s4=", "s5="]);
    assert_eq!(users, ["a", "b", "c"].map(name::user));
    let count = office.backend.census(&office.hub).count(&Audience::Hub).await.unwrap();
    assert_eq!((count.connections, count.users), (6, 3));
}

#[tokio::test]
async fn what_names_somebody_is_read_as_it_is_and_a_hub_as_it_was() {
    let office = Office::default();
    office.put(in_groups(socket::ready(HUB, "s1=", "alice"), &["g"])).await;
    let outdated = || office.store.journal().count("outdated members");
    let user = Audience::user(name::user("alice"));
    for (audience, is_outdated) in [(group("g"), false), (user, false), (Audience::Hub, true)] {
        office.store.journal().clear();
        office.backend.roster(&office.hub).page(&audience, Cursor::default(), 2).await.unwrap();
        assert_eq!(outdated() > 0, is_outdated, "{audience:?}");
        office.store.journal().clear();
        let count = office.backend.census(&office.hub).count(&audience).await.unwrap();
        assert_eq!((count.connections, count.users), (1, 1));
        assert_eq!(outdated() > 0, is_outdated, "{audience:?}");
    }
    office.store.journal().clear();
    let filter = Filter::parse("userId eq 'alice'").expect("a filter");
    let commands = Command::list(r#"[{"type":"CloseConnection"}]"#).expect("commands");
    office
        .backend
        .execution(&office.hub)
        .execute(Some(&filter), &commands)
        .await
        .expect("executed");
    assert_eq!(outdated(), 0);
}

#[tokio::test]
async fn a_census_counts_the_connections_of_each_user_and_of_each_group() {
    let office = Office::default();
    office.put(in_groups(socket::ready(HUB, "s1=", "alice"), &["admins"])).await;
    office.user("s2=", "alice").await;
    office.put(in_groups(socket::ready(HUB, "s3=", "bob"), &["admins", "staff"])).await;
    office.put(in_groups(anonymous("s4="), &["visitors"])).await;
    let census = office.backend.census(&office.hub);
    let users = [(None, 1), (Some(name::user("alice")), 2), (Some(name::user("bob")), 1)];
    assert_eq!(census.by_user().await.unwrap(), users.into());
    let groups = [("admins", 2), ("staff", 1), ("visitors", 1)];
    let groups = groups.map(|(group, count)| (name::group(group).keyed(), count));
    assert_eq!(census.by_group().await.unwrap(), groups.into());
}

#[tokio::test]
async fn an_audience_is_there_with_its_first_connection() {
    let office = Office::default();
    office.put(in_groups(claimed("s1=", "alice", "public"), &["g"])).await;
    office.put(anonymous("s2=")).await;
    let roster = office.backend.roster(&office.hub);
    let user = |user| Audience::user(name::user(user));
    let connection = |id| Audience::Connection(name::connection(id));
    for (audience, is_there) in [
        (user("alice"), true),
        (user("bob"), false),
        (Audience::Users(vec![name::user("bob"), name::user("alice")]), true),
        (Audience::Users(Vec::new()), false),
        (group("g"), true),
        (group("h"), false),
        (connection("public"), true),
        (connection("s2="), true),
        (connection("s1="), false),
        (Audience::Hub, true),
    ] {
        assert_eq!(roster.has_any(&audience).await.unwrap(), is_there, "{audience:?}");
    }
}
