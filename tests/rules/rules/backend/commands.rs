//! Commands of backends for all whom a filter means.

use hubcast_backend::{Command, Filter};
use hubcast_testkit::name;

use super::Office;
use crate::stage::{HUB, records};

#[tokio::test]
async fn commands_reach_those_whom_a_filter_means_in_their_order() {
    let office = Office::default();
    let one = office.stage.user("s1=", "one").await;
    let other = office.stage.user("s2=", "other").await;
    let filter = Filter::parse("userId eq 'one'").expect("a filter");
    let commands = Command::list(
        r#"[{"type":"LeaveGroup","group":"g"},{"type":"joingroup","Group":"g"},
            {"type":"SendMessage","message":{"Target":"a"}},{"type":"CloseConnection"}]"#,
    );
    let (hub, commands) = (name::hub(HUB), commands.expect("commands"));
    office.backend.execution(&hub).execute(Some(&filter), &commands).await.expect("executed");
    assert!(office.stage.is_in(&one, "g"), "a join counts at once");
    assert_eq!(office.groups(), ["n:group:g", "n:hub"]);
    office.publish().await;
    let heard: Vec<_> = office.stage.received(&one).iter().flat_map(|f| records(f)).collect();
    assert_eq!((heard[0]["target"].as_str(), heard[1]["type"].as_u64()), (Some("a"), Some(7)));
    assert!(office.stage.received(&other).is_empty());
    assert!(!office.stage.is_in(&other, "g"));
}
