//! Channel rows and shard counts.

use hubcast_model::channel::{ChannelKey, ChannelRow, Member, ShardCounts};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ChannelStore, Consistency, PageQuery, ShardStore};
use hubcast_model::time::Timestamp;

use super::longest_name;
use crate::clock::START;
use crate::name;
use crate::socket::row;

const HUB: &str = "channels";
const LATER: Timestamp = Timestamp::from_millis(START.as_millis() + 1);

/// Runs every rule about channels.
pub async fn all(store: &(impl ChannelStore + ShardStore)) {
    members_come_in_the_order_of_their_sockets(store).await;
    a_member_reads_back_as_it_was_written(store).await;
    expired_rows_do_not_count(store).await;
    the_end_of_a_row_is_known(store).await;
    a_row_is_written_anew(store).await;
    many_rows_are_written_and_deleted_in_one_call(store).await;
    missing_rows_are_deleted_without_an_error(store).await;
    hundreds_of_members_come_page_by_page(store).await;
    names_that_look_like_keys_do_not_mix(store).await;
    shard_counts_only_rise(store).await;
    a_page_is_no_larger_than_its_limit(store).await;
}

/// Of a row that is not there nothing is made up.
pub async fn the_end_of_a_row_is_known(store: &impl ChannelStore) {
    let key = key("ends");
    put(store, &[row(&key, "ends1=", LATER)]).await;
    for (socket, end) in [("ends1=", Some(LATER)), ("ends2=", None)] {
        let known = store.row_end(&name::socket(socket), &key).await.expect("an answer");
        assert_eq!(known, end, "{socket}");
    }
}

fn key(group: &str) -> ChannelKey {
    ChannelKey::group(&name::hub(HUB), &name::group(group).keyed(), 0)
}

async fn put(store: &impl ChannelStore, rows: &[ChannelRow]) {
    store.put_rows(rows).await.expect("an answer");
}

fn page_query<'a>(key: &'a ChannelKey, after: Option<&'a SocketId>) -> PageQuery<'a> {
    PageQuery { key, consistency: Consistency::Strong, now: START, after, limit: None }
}

/// All members at [`START`], with every page followed.
async fn members(store: &impl ChannelStore, key: &ChannelKey) -> Vec<Member> {
    let mut members = Vec::new();
    let mut after: Option<SocketId> = None;
    loop {
        let page = store.members(page_query(key, after.as_ref())).await.expect("an answer");
        members.extend(page.members);
        match page.next {
            Some(next) => after = Some(next),
            None => return members,
        }
    }
}

async fn sockets(store: &impl ChannelStore, key: &ChannelKey) -> Vec<String> {
    members(store, key).await.into_iter().map(|member| member.socket.to_string()).collect()
}

/// Pages continue after a socket, so their order is the sockets'.
pub async fn members_come_in_the_order_of_their_sockets(store: &impl ChannelStore) {
    let key = key("order");
    let rows = ["c=", "A=", "b=", "a=", "B="].map(|id| row(&key, id, LATER));
    put(store, &rows).await;
    assert_eq!(sockets(store, &key).await, ["A=", "B=", "a=", "b=", "c="]);
}

/// Connection, user and the time of the handshake come with every member.
pub async fn a_member_reads_back_as_it_was_written(store: &impl ChannelStore) {
    let key = key(&longest_name('員'));
    let anonymous = row(&key, "member-a=", LATER);
    let mut named = row(&key, "member-b=", LATER);
    named.member.connection = name::connection("member-connection");
    named.member.user = Some(name::user(&longest_name('名')));
    named.member.handshake_at = Some(START);
    put(store, &[anonymous.clone(), named.clone()]).await;
    assert_eq!(members(store, &key).await, [anonymous.member, named.member]);
}

/// A row ends at its very millisecond, whether or not it was deleted by then.
pub async fn expired_rows_do_not_count(store: &impl ChannelStore) {
    let key = key("expired");
    let before = Timestamp::from_millis(START.as_millis() - 1);
    put(store, &[row(&key, "a=", before), row(&key, "b=", START), row(&key, "c=", LATER)]).await;
    assert_eq!(sockets(store, &key).await, ["c="]);
}

/// A row that is written again lives as long as it says now.
pub async fn a_row_is_written_anew(store: &impl ChannelStore) {
    let key = key("anew");
    put(store, &[row(&key, "a=", START), row(&key, "b=", LATER)]).await;
    put(store, &[row(&key, "a=", LATER)]).await;
    put(store, &[row(&key, "b=", START)]).await;
    assert_eq!(sockets(store, &key).await, ["a="]);
}

/// One call writes or deletes as many rows as it is given.
pub async fn many_rows_are_written_and_deleted_in_one_call(store: &impl ChannelStore) {
    let keys: Vec<ChannelKey> = (0..60).map(|n| key(&format!("many-{n}"))).collect();
    let [socket, other] = ["many=", "many-other="];
    let rows = |id| keys.iter().map(move |key| row(key, id, LATER));
    put(store, &rows(socket).chain(rows(other)).collect::<Vec<_>>()).await;
    for key in &keys {
        assert_eq!(sockets(store, key).await, [other, socket]);
    }
    store.delete_rows(&name::socket(socket), &keys).await.expect("an answer");
    for key in &keys {
        assert_eq!(sockets(store, key).await, [other]);
    }
}

/// Deleting is safe to repeat, and nothing to do is fine.
pub async fn missing_rows_are_deleted_without_an_error(store: &impl ChannelStore) {
    let socket = name::socket("missing=");
    store.delete_rows(&socket, &[key("missing-1"), key("missing-2")]).await.expect("an answer");
    store.delete_rows(&socket, &[]).await.expect("an answer");
    store.put_rows(&[]).await.expect("an answer");
    assert_eq!(sockets(store, &key("missing-1")).await, [""; 0]);
}

/// The members take more than a page of the real table, of 1 MB; expired ones stand between.
pub async fn hundreds_of_members_come_page_by_page(store: &impl ChannelStore) {
    let key = key("hundreds");
    let user = name::user(&longest_name('名'));
    let expires = |n: usize| if n.is_multiple_of(7) { START } else { LATER };
    let row = |n: usize| {
        let mut row = row(&key, &format!("hundreds-{n:03}="), expires(n));
        row.member.user = Some(user.clone());
        row
    };
    put(store, &(0..360).map(row).collect::<Vec<_>>()).await;
    let expected: Vec<String> =
        (0..360).filter(|n| expires(*n) == LATER).map(|n| format!("hundreds-{n:03}=")).collect();
    assert_eq!(sockets(store, &key).await, expected);
}

/// Separators and escapes in names are only characters.
pub async fn names_that_look_like_keys_do_not_mix(store: &impl ChannelStore) {
    let (long, longer) = (longest_name('甲'), longest_name('乙'));
    let names = ["mix", "mix#0", "mix#0#0", "mix%2F", "mix/", "mix%23", "MIX", &long, &longer];
    for (n, name) in names.into_iter().enumerate() {
        put(store, &[row(&key(name), &format!("mix-{n}="), LATER)]).await;
    }
    for (n, name) in names.into_iter().enumerate() {
        assert_eq!(sockets(store, &key(name)).await, [format!("mix-{n}=")], "{name}");
    }
}

/// Rows stand in as many shards as there ever were.
pub async fn shard_counts_only_rise(store: &impl ShardStore) {
    let lowest = ShardCounts { group: 1, hub: 1 };
    store.raise_shard_counts(lowest).await.expect("an answer");
    let before = store.shard_counts().await.expect("an answer").expect("counts");
    let raised = ShardCounts { group: before.group + 1, hub: before.hub };
    store.raise_shard_counts(raised).await.expect("an answer");
    assert_eq!(store.shard_counts().await.expect("an answer"), Some(raised));
    let crossed = ShardCounts { group: 1, hub: before.hub + 2 };
    store.raise_shard_counts(crossed).await.expect("an answer");
    store.raise_shard_counts(lowest).await.expect("an answer");
    let expected = ShardCounts { group: raised.group, hub: crossed.hub };
    assert_eq!(store.shard_counts().await.expect("an answer"), Some(expected));
}

/// A reader that needs few rows does not pay for a full page.
pub async fn a_page_is_no_larger_than_its_limit(store: &impl ChannelStore) {
    let key = key("limit");
    put(store, &["a=", "b=", "c="].map(|id| row(&key, id, LATER))).await;
    let query = PageQuery { limit: Some(1), ..page_query(&key, None) };
    let page = store.members(query).await.expect("an answer");
    assert_eq!(page.members.len(), 1);
    assert_eq!(page.next, Some(name::socket("a=")));
}
