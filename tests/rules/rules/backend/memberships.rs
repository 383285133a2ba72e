//! Memberships as backends change them: what is in the table at once, and what comes through the
//! queue.

use std::time::Duration;

use hubcast_backend::{BackendError, Cursor};
use hubcast_model::audience::Audience;
use hubcast_testkit::name;
use hubcast_testkit::principal::principal;

use super::{Office, group};
use crate::stage::{HUB, invoke, with_groups};

#[tokio::test]
async fn an_add_is_in_the_table_at_once_and_lasts_for_a_user_only() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, user, connection) = (name::hub(HUB), name::user("alice"), name::connection("s1="));
    office
        .backend
        .memberships(&hub)
        .add_user(&name::group("lasting"), &user, None)
        .await
        .expect("added");
    let zero = Some(Duration::ZERO);
    office
        .backend
        .memberships(&hub)
        .add_user(&name::group("now"), &user, zero)
        .await
        .expect("added");
    let own = name::group("own");
    office.backend.memberships(&hub).add_connection(&own, &connection).await.expect("added");
    let later = office.stage.user("s2=", "alice").await;
    let is_in = |caller| ["lasting", "now", "own"].map(|group| office.stage.is_in(caller, group));
    assert_eq!((is_in(&tab), is_in(&later)), ([true; 3], [true, false, false]));
}

#[tokio::test]
async fn an_add_without_a_lasting_word_lifts_a_denial_for_those_who_are_there() {
    let office = Office::default();
    let (hub, user, staff) = (name::hub(HUB), name::user("alice"), name::group("staff"));
    let granted = with_groups(principal(HUB, "alice"), &["staff"]);
    let tab = office.stage.ready("s1=", granted).await;
    office.backend.memberships(&hub).remove_user(&staff, &user).await.expect("removed");
    office.publish().await;
    assert!(!office.stage.is_in(&tab, "staff"));
    office
        .backend
        .memberships(&hub)
        .add_user(&staff, &user, Some(Duration::ZERO))
        .await
        .expect("added");
    office.publish().await;
    assert!(office.stage.is_in(&tab, "staff"));
}

#[tokio::test]
async fn a_user_who_is_put_into_a_group_is_shown_what_is_retained_there() {
    for ttl in [None, Some(Duration::ZERO)] {
        let office = Office::default();
        let tab = office.stage.user("s1=", "alice").await;
        let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
        office.backend.memberships(&hub).add_user(&g, &user, ttl).await.expect("added");
        assert!(office.groups().is_empty(), "nothing is retained, so nothing is enqueued");
        office.stage.send(r#"{"groupName":"g","target":"flags","retain":"k"}"#).await;
        office.stage.send(r#"{"action":"remove","userId":"alice","groupName":"g"}"#).await;
        office
            .backend
            .memberships(&hub)
            .add_user(&g, &name::user("absent"), ttl)
            .await
            .expect("added");
        assert!(office.groups().is_empty(), "nobody is there to be shown anything");
        office.backend.memberships(&hub).add_user(&g, &user, ttl).await.expect("added");
        assert_eq!(office.groups(), ["n:group:g"]);
        office.publish().await;
        assert_eq!(office.stage.called(&tab), ["flags", "flags"]);
    }
}

#[tokio::test]
async fn who_is_out_of_a_group_again_is_shown_nothing_and_stays_out() {
    let office = Office::default();
    office.stage.send(r#"{"groupName":"g","target":"flags","retain":"k"}"#).await;
    let tab = office.stage.user("s1=", "alice").await;
    let stays = office.stage.user("s2=", "alice").await;
    let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
    office.backend.memberships(&hub).add_user(&g, &user, None).await.expect("added");
    let leave = invoke("1", "LeaveGroup", &serde_json::json!(["g"]));
    office.stage.replies(&tab, &leave).await;
    assert!(!office.stage.is_in(&tab, "g"));
    office.publish().await;
    let shown = [&tab, &stays].map(|caller| office.stage.called(caller).len());
    assert_eq!((office.stage.is_in(&tab, "g"), shown), (false, [0, 1]));
}

#[tokio::test]
async fn an_add_for_the_connections_there_are_ends_no_lasting_membership() {
    let office = Office::default();
    let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
    let tab = office.stage.user("s1=", "alice").await;
    office.backend.memberships(&hub).add_user(&g, &user, None).await.expect("added");
    let zero = Some(Duration::ZERO);
    office.backend.memberships(&hub).add_user(&g, &user, zero).await.expect("added");
    assert!(office.stage.is_in(&tab, "g"));
    let later = office.stage.user("s2=", "alice").await;
    assert!(office.stage.is_in(&later, "g"));
}

#[tokio::test]
async fn a_membership_ends_with_its_ttl() {
    let office = Office::default();
    let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
    office.stage.user("s1=", "alice").await;
    let minute = Some(Duration::from_mins(1));
    office.backend.memberships(&hub).add_user(&g, &user, minute).await.expect("added");
    let is_in = async || office.backend.memberships(&hub).has_user(&g, &user).await.unwrap();
    office.stage.clock.advance(Duration::from_secs(59));
    assert!(
        is_in().await
            && office.backend.roster(&hub).has_any(&Audience::group(g.clone())).await.unwrap()
    );
    office.stage.clock.advance(Duration::from_secs(1));
    assert!(!office.backend.roster(&hub).has_any(&Audience::group(g.clone())).await.unwrap());
    assert!(!is_in().await, "nothing reaches the user by the group any more");
    let listed = office.backend.lists(&hub).groups(&user, &Cursor::default(), 10).await.unwrap();
    assert_eq!(listed.items, []);
    let later = office.stage.user("s2=", "alice").await;
    assert!(!office.stage.is_in(&later, "g"));
}

#[tokio::test]
async fn what_a_connection_is_in_makes_no_member_of_its_user() {
    let office = Office::default();
    let (hub, user) = (name::hub(HUB), name::user("alice"));
    let granted = with_groups(principal(HUB, "alice"), &["token"]);
    let tab = office.stage.ready("s1=", granted).await;
    let (added, connection) = (name::group("added"), name::connection("s1="));
    office.backend.memberships(&hub).add_connection(&added, &connection).await.expect("added");
    assert!(office.stage.is_in(&tab, "added") && office.stage.is_in(&tab, "token"));
    for group in [&added, &name::group("token")] {
        assert!(!office.backend.memberships(&hub).has_user(group, &user).await.unwrap());
    }
    let listed = office.backend.lists(&hub).groups(&user, &Cursor::default(), 10).await.unwrap();
    assert_eq!(listed.items, []);
}

#[tokio::test]
async fn a_removal_lets_through_what_was_sent_before_and_undoes_no_later_add() {
    for by_user in [true, false] {
        let office = Office::default();
        let tab = office.stage.user("s1=", "alice").await;
        let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
        let connection = name::connection("s1=");
        let add = async || {
            if by_user {
                office.backend.memberships(&hub).add_user(&g, &user, None).await
            } else {
                office.backend.memberships(&hub).add_connection(&g, &connection).await
            }
        };
        let remove = async || {
            if by_user {
                office.backend.memberships(&hub).remove_user(&g, &user).await
            } else {
                office.backend.memberships(&hub).remove_connection(&g, &connection).await
            }
        };
        add().await.expect("added");
        office.send(group("g"), "before").await;
        remove().await.expect("removed");
        add().await.expect("added");
        office.send(group("g"), "after").await;
        assert!(office.groups().iter().all(|group| group == "n:group:g"), "{:?}", office.groups());
        office.publish().await;
        assert_eq!(office.stage.called(&tab), ["before", "after"], "by user: {by_user}");
        assert!(office.stage.is_in(&tab, "g"));
    }
}

#[tokio::test]
async fn a_removal_from_all_groups_goes_behind_what_each_of_them_gets() {
    let office = Office::default();
    let long = "g".repeat(300);
    let granted = with_groups(principal(HUB, "alice"), &["token", &long]);
    let tab = office.stage.ready("s1=", granted).await;
    let (hub, user) = (name::hub(HUB), name::user("alice"));
    office
        .backend
        .memberships(&hub)
        .add_user(&name::group("lasting"), &user, None)
        .await
        .expect("added");
    office.backend.memberships(&hub).remove_user_from_all(&user).await.expect("removed");
    let groups = office.groups();
    assert_eq!(groups, ["n:group:lasting", "n:group:token", "n:user:alice"]);
    assert!(office.stage.is_in(&tab, "token"), "what was sent before must reach");
    assert!(
        !office.backend.memberships(&hub).has_user(&name::group("token"), &user).await.unwrap()
    );
    office.publish().await;
    for group in ["lasting", "token", &long] {
        assert!(!office.stage.is_in(&tab, group), "{group}");
    }
}

#[tokio::test]
async fn a_connection_leaves_all_groups_and_may_be_anybodys() {
    let office = Office::default();
    let tab = office.stage.claimed("s1=", "public").await;
    let (hub, connection) = (name::hub(HUB), name::connection("public"));
    for name in ["a", "b"] {
        let added =
            office.backend.memberships(&hub).add_connection(&name::group(name), &connection).await;
        added.expect("added");
    }
    office
        .backend
        .memberships(&hub)
        .remove_connection_from_all(&connection)
        .await
        .expect("removed");
    office.publish().await;
    assert!(!office.stage.is_in(&tab, "a") && !office.stage.is_in(&tab, "b"));
    let absent = name::connection("absent");
    let added = office.backend.memberships(&hub).add_connection(&name::group("a"), &absent).await;
    assert!(matches!(added, Err(BackendError::NoConnection)));
    office
        .backend
        .memberships(&hub)
        .remove_connection_from_all(&absent)
        .await
        .expect("nothing to do");
}
