//! Lasting memberships, blocks and grants.

use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::id::UserId;
use hubcast_model::ports::{BlockStore, GrantStore, MembershipStore};
use hubcast_model::time::Timestamp;

use super::longest_name;
use crate::clock::START;
use crate::name;

const HUB: &str = "access";

/// Runs every rule about access.
pub async fn all(store: &(impl BlockStore + GrantStore + MembershipStore)) {
    memberships_and_denials_read_back(store).await;
    the_last_word_on_a_group_counts(store).await;
    expired_memberships_do_not_count(store).await;
    memberships_belong_to_one_user_of_one_hub(store).await;
    blocks_are_raised_and_never_lowered(store).await;
    lifting_a_block_leaves_a_log_out(store).await;
    blocks_of_the_hub_and_of_all_hubs_add_up(store).await;
    grants_are_kept_until_they_expire(store).await;
    grants_are_extended_and_never_shortened(store).await;
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START.as_millis() + millis)
}

fn membership(group: &str, standing: Standing, expires: Option<Timestamp>) -> Membership {
    Membership { group: name::group(group).keyed(), standing, expires }
}

async fn put(store: &impl MembershipStore, user: &UserId, membership: &Membership) {
    store.put_membership(&name::hub(HUB), user, membership).await.expect("an answer");
}

/// The memberships at [`START`], in the order of their groups.
async fn read(store: &impl MembershipStore, user: &UserId) -> Vec<Membership> {
    let hub = name::hub(HUB);
    let mut memberships = store.memberships(&hub, user, START).await.expect("an answer");
    memberships.sort_by(|one, other| one.group.cmp(&other.group));
    memberships
}

/// Everything of a membership comes back, also of one with a long or odd name.
pub async fn memberships_and_denials_read_back(store: &impl MembershipStore) {
    let user = name::user("reads#back%2F");
    let mut memberships = [
        membership("a", Standing::Member, None),
        membership("b#0", Standing::Denied, Some(at(1))),
        membership(&longest_name('組'), Standing::Member, Some(Timestamp::FOREVER)),
    ];
    memberships.sort_by(|one, other| one.group.cmp(&other.group));
    for membership in &memberships {
        put(store, &user, membership).await;
    }
    assert_eq!(read(store, &user).await, memberships);
}

/// A denial takes a membership's place, and the other way round.
pub async fn the_last_word_on_a_group_counts(store: &impl MembershipStore) {
    let user = name::user("last-word");
    let words = [
        membership("a", Standing::Member, Some(at(9))),
        membership("a", Standing::Denied, None),
        membership("a", Standing::Member, Some(at(2))),
    ];
    for word in words {
        put(store, &user, &word).await;
        assert_eq!(read(store, &user).await, [word]);
    }
}

/// A membership ends at its very millisecond.
pub async fn expired_memberships_do_not_count(store: &impl MembershipStore) {
    let user = name::user("expires");
    put(store, &user, &membership("ended", Standing::Member, Some(START))).await;
    put(store, &user, &membership("lasts", Standing::Member, Some(at(1)))).await;
    let left = read(store, &user).await;
    assert_eq!(left, [membership("lasts", Standing::Member, Some(at(1)))]);
}

/// Nobody else is in the group for it.
pub async fn memberships_belong_to_one_user_of_one_hub(store: &impl MembershipStore) {
    let user = name::user("belongs");
    put(store, &user, &membership("a", Standing::Member, None)).await;
    for other in ["Belongs", "belongs#", &longest_name('別')] {
        assert_eq!(read(store, &name::user(other)).await, []);
    }
    let elsewhere = name::hub("access.other");
    assert_eq!(store.memberships(&elsewhere, &user, START).await.expect("an answer"), []);
}

async fn raise(store: &impl BlockStore, user: &UserId, block: Block) {
    store.put_block(Some(&name::hub(HUB)), user, block).await.expect("an answer");
}

async fn block(store: &impl BlockStore, user: &UserId) -> Block {
    store.block(&name::hub(HUB), user).await.expect("an answer")
}

/// The stricter of two blocks stays; each of its two rules counts for itself.
pub async fn blocks_are_raised_and_never_lowered(store: &impl BlockStore) {
    let user = name::user("raised");
    assert_eq!(block(store, &user).await, Block::default());
    raise(store, &user, Block { until: Some(at(5)), not_before: None }).await;
    raise(store, &user, Block { until: Some(at(3)), not_before: Some(at(7)) }).await;
    raise(store, &user, Block { until: None, not_before: Some(at(2)) }).await;
    let expected = Block { until: Some(at(5)), not_before: Some(at(7)) };
    assert_eq!(block(store, &user).await, expected);
    raise(store, &user, Block { until: Some(Timestamp::FOREVER), not_before: None }).await;
    assert_eq!(block(store, &user).await.until, Some(Timestamp::FOREVER));
    assert_eq!(block(store, &name::user("Raised")).await, Block::default());
}

/// Who is unblocked stays logged out; who was not blocked is no error.
pub async fn lifting_a_block_leaves_a_log_out(store: &impl BlockStore) {
    let (user, hub) = (name::user("lifted"), name::hub(HUB));
    store.lift_block(Some(&hub), &user).await.expect("an answer");
    assert_eq!(block(store, &user).await, Block::default());
    raise(store, &user, Block { until: Some(at(5)), not_before: Some(at(7)) }).await;
    store.lift_block(Some(&hub), &user).await.expect("an answer");
    assert_eq!(block(store, &user).await, Block { until: None, not_before: Some(at(7)) });
    raise(store, &user, Block { until: Some(at(1)), not_before: None }).await;
    assert_eq!(block(store, &user).await.until, Some(at(1)));
}

/// A block on all hubs counts on each, and is lifted by itself.
pub async fn blocks_of_the_hub_and_of_all_hubs_add_up(store: &impl BlockStore) {
    let user = name::user("everywhere");
    raise(store, &user, Block { until: Some(at(1)), not_before: Some(at(4)) }).await;
    let everywhere = Block { until: Some(at(3)), not_before: Some(at(2)) };
    store.put_block(None, &user, everywhere).await.expect("an answer");
    let expected = Block { until: Some(at(3)), not_before: Some(at(4)) };
    assert_eq!(block(store, &user).await, expected);
    let elsewhere = store.block(&name::hub("access.other"), &user).await.expect("an answer");
    assert_eq!(elsewhere, everywhere);
    store.lift_block(None, &user).await.expect("an answer");
    assert_eq!(block(store, &user).await, Block { until: Some(at(1)), not_before: Some(at(4)) });
}

/// Groups come back in their order until the very millisecond of their end.
pub async fn grants_are_kept_until_they_expire(store: &impl GrantStore) {
    let groups = ["z", "a", "a#b", &longest_name('組')].map(name::group);
    store.put_grant("grant-kept", &groups, at(1)).await.expect("an answer");
    let kept = store.grant("grant-kept", START).await.expect("an answer");
    assert_eq!(kept.as_deref(), Some(groups.as_slice()));
    assert_eq!(store.grant("grant-kept", at(1)).await.expect("an answer"), None);
    assert_eq!(store.grant("grant-unknown", START).await.expect("an answer"), None);
    store.put_grant("grant-empty", &[], at(1)).await.expect("an answer");
    assert_eq!(store.grant("grant-empty", START).await.expect("an answer"), Some(Vec::new()));
}
/// A grant that is there lasts longer; one that is not does not come about.
pub async fn grants_are_extended_and_never_shortened(store: &impl GrantStore) {
    let groups = [name::group("extended")];
    store.put_grant("extended", &groups, at(10)).await.expect("an answer");
    for (end, last) in [(20, 19), (15, 19)] {
        store.extend_grant("extended", at(end)).await.expect("an answer");
        let kept = store.grant("extended", at(last)).await.expect("an answer");
        assert_eq!(kept.as_deref(), Some(&groups[..]));
        assert_eq!(store.grant("extended", at(last + 1)).await.expect("an answer"), None);
    }
    store.extend_grant("never-granted", at(10)).await.expect("an answer");
    assert_eq!(store.grant("never-granted", START).await.expect("an answer"), None);
}
