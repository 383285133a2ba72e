//! What backends ask for by calls: what is in the table at once, what comes through the queue, and
//! in which order.

use std::time::Duration;

use hubcast_backend::{
    Backend, BackendError, Closing, Command, Cursor, Filter, InvokeError, Payload, Sending,
    StreamEnd,
};

use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::frame::RECORD_MAX_BYTES;
use hubcast_model::ports::Outgoing;
use hubcast_model::recipient::Recipient;
use hubcast_testkit::principal::principal;
use hubcast_testkit::queued::in_group;
use hubcast_testkit::{Fault, MemoryStore, RecordingSender, TestClock, name};

use crate::stage::{HUB, Stage, claiming, invoke, records, with_groups};

type Calls = Backend<MemoryStore, RecordingSender, TestClock>;

/// A stage with a backend; what it enqueues waits until it is published.
struct Office {
    stage: Stage,
    queue: RecordingSender,
    backend: Calls,
}

impl Default for Office {
    fn default() -> Self {
        let (stage, queue) = (Stage::default(), RecordingSender::default());
        let shards = Shards::new(ShardCounts::default());
        let backend = Backend::new(stage.store.clone(), queue.clone(), stage.clock.clone(), shards);
        Self { stage, queue, backend }
    }
}

impl Office {
    async fn send(&self, recipient: Recipient, target: &str) {
        let sending = sending(&recipient);
        self.backend.send(&[sending], &payload(target)).await.expect("sent");
    }

    /// Publishes everything that was enqueued, each message for itself and group by group in the
    /// order in which it was enqueued.
    async fn publish(&self) {
        for (at, Outgoing { body, group, .. }) in self.queue.sent().into_iter().enumerate() {
            let report = self.stage.publish([in_group(&at.to_string(), &group, &body)]).await;
            assert!(report.failed.is_empty(), "{report:?}");
        }
    }

    fn groups(&self) -> Vec<String> {
        self.queue.sent().into_iter().map(|sent| sent.group).collect()
    }
}

fn sending(recipient: &Recipient) -> Sending<'_> {
    let hub = Box::leak(Box::new(name::hub(HUB)));
    Sending { hub, recipient, excluded: &[], idempotency_key: None }
}

fn payload(target: &str) -> Payload {
    Payload::from_json(&format!("{{\"target\":\"{target}\"}}")).expect("a payload")
}

fn group(group: &str) -> Recipient {
    Recipient::Group(name::group(group))
}

#[tokio::test]
async fn an_add_is_in_the_table_at_once_and_lasts_for_a_user_only() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, user, connection) = (name::hub(HUB), name::user("alice"), name::connection("s1="));
    office.backend.add_user(&hub, &name::group("lasting"), &user, None).await.expect("added");
    let zero = Some(Duration::ZERO);
    office.backend.add_user(&hub, &name::group("now"), &user, zero).await.expect("added");
    let own = name::group("own");
    office.backend.add_connection(&hub, &own, &connection).await.expect("added");
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
    office.backend.remove_user(&hub, &staff, &user).await.expect("removed");
    office.publish().await;
    assert!(!office.stage.is_in(&tab, "staff"));
    office.backend.add_user(&hub, &staff, &user, Some(Duration::ZERO)).await.expect("added");
    office.publish().await;
    assert!(office.stage.is_in(&tab, "staff"));
}

#[tokio::test]
async fn a_user_who_is_put_into_a_group_is_shown_what_is_retained_there() {
    for ttl in [None, Some(Duration::ZERO)] {
        let office = Office::default();
        let tab = office.stage.user("s1=", "alice").await;
        let (hub, user, g) = (name::hub(HUB), name::user("alice"), name::group("g"));
        office.backend.add_user(&hub, &g, &user, ttl).await.expect("added");
        assert!(office.groups().is_empty(), "nothing is retained, so nothing is enqueued");
        office.stage.send(r#"{"groupName":"g","target":"flags","retain":"k"}"#).await;
        office.stage.send(r#"{"action":"remove","userId":"alice","groupName":"g"}"#).await;
        office.backend.add_user(&hub, &g, &name::user("absent"), ttl).await.expect("added");
        assert!(office.groups().is_empty(), "nobody is there to be shown anything");
        office.backend.add_user(&hub, &g, &user, ttl).await.expect("added");
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
    office.backend.add_user(&hub, &g, &user, None).await.expect("added");
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
    office.backend.add_user(&hub, &g, &user, None).await.expect("added");
    let zero = Some(Duration::ZERO);
    office.backend.add_user(&hub, &g, &user, zero).await.expect("added");
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
    office.backend.add_user(&hub, &g, &user, minute).await.expect("added");
    let is_in = async || office.backend.is_user_in_group(&hub, &user, &g).await.unwrap();
    office.stage.clock.advance(Duration::from_secs(59));
    assert!(is_in().await && office.backend.is_group_populated(&hub, &g).await.unwrap());
    office.stage.clock.advance(Duration::from_secs(1));
    assert!(!office.backend.is_group_populated(&hub, &g).await.unwrap());
    let later = office.stage.user("s2=", "alice").await;
    assert!(!office.stage.is_in(&later, "g"));
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
                office.backend.add_user(&hub, &g, &user, None).await
            } else {
                office.backend.add_connection(&hub, &g, &connection).await
            }
        };
        let remove = async || {
            if by_user {
                office.backend.remove_user(&hub, &g, &user).await
            } else {
                office.backend.remove_connection(&hub, &g, &connection).await
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
    office.backend.add_user(&hub, &name::group("lasting"), &user, None).await.expect("added");
    office.backend.remove_user_from_all(&hub, &user).await.expect("removed");
    let groups = office.groups();
    assert_eq!(groups, ["n:group:lasting", "n:group:token", "n:user:alice"]);
    assert!(office.stage.is_in(&tab, "token"), "what was sent before must reach");
    assert!(!office.backend.is_user_in_group(&hub, &user, &name::group("token")).await.unwrap());
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
        let added = office.backend.add_connection(&hub, &name::group(name), &connection).await;
        added.expect("added");
    }
    office.backend.remove_connection_from_all(&hub, &connection).await.expect("removed");
    office.publish().await;
    assert!(!office.stage.is_in(&tab, "a") && !office.stage.is_in(&tab, "b"));
    let absent = name::connection("absent");
    let added = office.backend.add_connection(&hub, &name::group("a"), &absent).await;
    assert!(matches!(added, Err(BackendError::NoConnection)));
    office.backend.remove_connection_from_all(&hub, &absent).await.expect("nothing to do");
}

#[tokio::test]
async fn a_close_of_a_user_revokes_only_when_it_is_asked_to() {
    for revoke in [false, true] {
        let office = Office::default();
        let user = Recipient::User(name::user("alice"));
        let closing = Closing { reason: Some("bye"), allow_reconnect: false, revoke };
        office.backend.close(&sending(&user), &closing).await.expect("closed");
        let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
        let expected = format!(
            "{{\"hub\":\"n\",\"userId\":\"alice\",\"action\":\"close\",\"reason\":\"bye\",\"revoke\":{revoke}}}"
        );
        assert_eq!(sent.body, expected);
    }
}

#[tokio::test]
async fn a_key_counts_for_the_same_request_only() {
    let office = Office::default();
    let user = Recipient::User(name::user("a"));
    let keyed = Sending { idempotency_key: Some("k"), ..sending(&user) };
    let close = Closing::default();
    for _ in 0..2 {
        office.backend.send(&[keyed], &payload("m")).await.expect("sent");
        office.backend.close(&keyed, &close).await.expect("closed");
        office.backend.close(&keyed, &Closing { revoke: true, ..close }).await.expect("closed");
        office.backend.send(&[keyed], &payload("n")).await.expect("sent");
    }
    assert_eq!(office.groups().len(), 4);
}

#[tokio::test]
async fn a_key_counts_once_for_each_recipient() {
    let office = Office::default();
    for recipient in [group("g"), group("g"), group("h")] {
        let keyed = Sending { idempotency_key: Some("k"), ..sending(&recipient) };
        office.backend.send(&[keyed], &payload("m")).await.expect("sent");
    }
    assert_eq!(office.groups(), ["n:group:g", "n:group:h"]);
    office.send(group("g"), "m").await;
    office.send(group("g"), "m").await;
    assert_eq!(office.groups().len(), 4);
}

#[tokio::test]
async fn what_sqs_does_not_take_is_escaped() {
    let office = Office::default();
    let payload = Payload::from_json("{\"target\":\"m\",\"arguments\":[\"a\u{fffe}\u{ffff}b\"]}");
    office.backend.send(&[sending(&Recipient::Hub)], &payload.unwrap()).await.expect("sent");
    let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
    assert!(sent.body.contains(r#"["a\ufffe\uffffb"]"#), "{}", sent.body);
}

#[tokio::test]
async fn a_message_that_no_socket_takes_is_refused() {
    let office = Office::default();
    let text = "x".repeat(128 * 1024);
    let payload = Payload::from_json(&format!("{{\"target\":\"m\",\"arguments\":[\"{text}\"]}}"));
    let sent = office.backend.send(&[sending(&Recipient::Hub)], &payload.unwrap()).await;
    assert!(matches!(sent, Err(BackendError::TooLarge { .. })));
    assert!(office.queue.sent().is_empty());
}

/// A text that makes a record of this many bytes if everything around it takes `around`.
fn filling(around: usize) -> String {
    "x".repeat(RECORD_MAX_BYTES - around)
}

#[tokio::test(start_paused = true)]
async fn what_a_client_gets_under_an_id_is_measured_with_it() {
    let office = Office::default();
    office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let recipient = Recipient::Connection(connection.clone());
    let around = "{\"type\":2,\"invocationId\":\"id\",\"item\":\"\"}\u{1e}".len();
    let stream = async |item: Option<&str>, end: Option<StreamEnd<'_>>| {
        let item = item.map(|text| serde_json::value::to_raw_value(text).unwrap());
        office.backend.stream(&sending(&recipient), "id", item.as_deref(), end).await
    };
    let (fits, too_large) = (filling(around), filling(around - 1));
    stream(Some(&fits), None).await.expect("it fits");
    let refused = stream(Some(&too_large), None).await;
    assert!(matches!(refused, Err(BackendError::TooLarge { bytes, most }) if bytes == most + 1));
    let long = filling(0);
    let refused = stream(None, Some(StreamEnd { error: Some(&long) })).await;
    assert!(matches!(refused, Err(BackendError::TooLarge { .. })));
    let around = "{\"type\":1,\"target\":\"m\",\"arguments\":[\"\"]}\u{1e}".len();
    let text = format!("{{\"target\":\"m\",\"arguments\":[\"{}\"]}}", filling(around));
    let large = Payload::from_json(&text).expect("a payload");
    office.backend.send(&[sending(&recipient)], &large).await.expect("it fits without an id");
    let invoked = office.backend.invoke((&hub, &connection), &large, Duration::ZERO).await;
    let expected =
        |err: &InvokeError| matches!(err, InvokeError::Backend(BackendError::TooLarge { .. }));
    assert!(invoked.as_ref().is_err_and(expected), "{invoked:?}");
    assert_eq!(office.queue.sent().len(), 2);
}

#[tokio::test]
async fn a_queue_that_is_down_is_told_of() {
    let office = Office::default();
    office.queue.fault("send", Fault::Unavailable);
    let sent = office.backend.send(&[sending(&Recipient::Hub)], &payload("m")).await;
    assert!(matches!(sent, Err(BackendError::Queue(_))));
}

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
    office.backend.execute(&hub, Some(&filter), &commands).await.expect("executed");
    assert!(office.stage.is_in(&one, "g"), "a join counts at once");
    assert_eq!(office.groups(), ["n:group:g", "n:hub"]);
    office.publish().await;
    let heard: Vec<_> = office.stage.received(&one).iter().flat_map(|f| records(f)).collect();
    assert_eq!((heard[0]["target"].as_str(), heard[1]["type"].as_u64()), (Some("a"), Some(7)));
    assert!(office.stage.received(&other).is_empty());
    assert!(!office.stage.is_in(&other, "g"));
}

#[tokio::test]
async fn many_commands_are_cut_into_messages_that_the_queue_takes() {
    let office = Office::default();
    for n in 0..3 {
        office.stage.user(&format!("s{n}="), "alice").await;
    }
    let text = "x".repeat(100 * 1024);
    let command =
        format!(r#"[{{"type":"SendMessage","message":{{"target":"m","arguments":["{text}"]}}}}]"#);
    let (hub, commands) = (name::hub(HUB), Command::list(&command).expect("commands"));
    office.backend.execute(&hub, None, &commands).await.expect("executed");
    let sizes: Vec<usize> = office.queue.sent().iter().map(|sent| sent.body.len()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 256 * 1024), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_by_the_client_it_was_for() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let thief = office.stage.user("s2=", "mallory").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let asking = office.backend.invoke((&hub, &connection), &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(&office.stage.received(&tab)[0]).remove(0);
        assert_eq!(call["target"], "ask");
        let id = call["invocationId"].as_str().unwrap();
        let answer = |result: u32| {
            format!("{{\"type\":3,\"invocationId\":\"{id}\",\"result\":{result}}}\u{1e}")
        };
        assert_eq!(office.stage.answer(&thief, &answer(1)).await, "");
        assert_eq!(office.stage.answer(&tab, &answer(2)).await, "");
        assert_eq!(office.stage.answer(&tab, &answer(3)).await, "");
    };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!(answer.expect("a result").as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_fails_with_the_client_or_with_the_time() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let late = office.backend.invoke((&hub, &connection), &ask, patience).await;
    assert!(matches!(late, Err(InvokeError::TimedOut(_))), "{late:?}");
    let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
    let id = &records(&sent.body)[0]["invocationId"];
    let answer = format!("{{\"type\":3,\"invocationId\":{id},\"error\":\"no\"}}\u{1e}");
    assert_eq!(office.stage.answer(&tab, &answer).await, "", "nobody waits any more");
    let absent = name::connection("absent");
    let none = office.backend.invoke((&hub, &absent), &ask, patience).await;
    assert!(matches!(none, Err(InvokeError::Backend(BackendError::NoConnection))));
    let asking = office.backend.invoke((&hub, &connection), &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(office.stage.received(&tab).last().unwrap()).remove(0);
        let id = &call["invocationId"];
        let answer = format!("{{\"type\":3,\"invocationId\":{id},\"error\":\"no\"}}\u{1e}");
        office.stage.answer(&tab, &answer).await;
    };
    let (failed, ()) = tokio::join!(asking, answering);
    assert!(matches!(failed, Err(InvokeError::Failed(error)) if error == "no"));
}

/// What becomes of an invocation that the client answers, when this goes wrong with the table.
async fn invoked_despite(office: &Office, fail: impl Fn()) -> Result<Option<String>, InvokeError> {
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let asking = office.backend.invoke((&hub, &connection), &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(office.stage.received(&tab).last().unwrap()).remove(0);
        let id = &call["invocationId"];
        fail();
        let answer = format!("{{\"type\":3,\"invocationId\":{id},\"result\":7}}\u{1e}");
        assert_eq!(office.stage.answer(&tab, &answer).await, "");
    };
    tokio::join!(asking, answering).0
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_though_its_row_cannot_be_forgotten() {
    for fault in [Fault::Unavailable, Fault::Hang] {
        let office = Office::default();
        let answer =
            invoked_despite(&office, || office.stage.store.fault("forget_result", fault)).await;
        assert_eq!(answer.expect("a result").as_deref(), Some("7"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_looked_for_again_when_the_table_was_away() {
    let office = Office::default();
    let away = [Some(Fault::Unavailable), Some(Fault::Unavailable)];
    let answer = invoked_despite(&office, || office.stage.store.fault_next("result", away)).await;
    assert_eq!(answer.expect("a result").as_deref(), Some("7"));
    for fault in [Fault::Unavailable, Fault::Hang] {
        let office = Office::default();
        let answer = invoked_despite(&office, || office.stage.store.fault("result", fault)).await;
        assert!(matches!(answer, Err(InvokeError::TimedOut(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn an_invocation_that_may_be_on_the_queue_is_no_reason_for_another() {
    let office = Office::default();
    office.stage.user("s1=", "alice").await;
    office.queue.fault("send", Fault::Unavailable);
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let patience = Duration::from_secs(20);
    let asked = office.backend.invoke((&hub, &connection), &payload("ask"), patience).await;
    assert!(matches!(asked, Err(InvokeError::Unsure(_))), "{asked:?}");
}

impl Office {
    /// Publishes as soon as one more message was enqueued.
    async fn publish_when_sent(&self) {
        let before = self.queue.sent().len();
        while self.queue.sent().len() == before {
            tokio::task::yield_now().await;
        }
        let sent = self.queue.sent();
        let Outgoing { body, group, key } = sent.last().unwrap();
        self.stage.publish([in_group(key, group, body)]).await;
    }
}

#[tokio::test]
async fn lists_go_on_where_they_stopped_and_name_every_user_once() {
    let office = Office::default();
    for (socket, user) in [("s1=", "a"), ("s2=", "b"), ("s3=", "a"), ("s4=", "c"), ("s5=", "a")] {
        office.stage.user(socket, user).await;
    }
    office.stage.ready("s6=", claiming(principal(HUB, "b"), "public")).await;
    let hub = name::hub(HUB);
    let (mut sockets, mut users, mut cursor) = (Vec::new(), Vec::new(), Some(Cursor::default()));
    while let Some(start) = cursor {
        let audience = (&hub, &Recipient::Hub);
        let page =
            office.backend.list_connections(audience, Clone::clone(&start), 2).await.unwrap();
        assert!(page.items.len() <= 2);
        sockets.extend(page.items.into_iter().map(|member| member.connection.to_string()));
        users.extend(office.backend.list_users(&hub, start, 2).await.unwrap().items);
        cursor = page.next;
    }
    sockets.sort();
    users.sort();
    assert_eq!(sockets, ["public", "s1=", "s2=", "s3=", "s4=", "s5="]);
    assert_eq!(users, ["a", "b", "c"].map(name::user));
    let count = office.backend.count(&hub, &Recipient::Hub).await.unwrap();
    assert_eq!((count.connections, count.users), (6, 3));
}

#[tokio::test]
async fn what_names_somebody_is_read_as_it_is_and_a_hub_as_it_was() {
    let office = Office::default();
    office.stage.member("s1=", "alice", "g").await;
    let hub = name::hub(HUB);
    let outdated = || office.stage.journal().count("outdated members");
    let user = Recipient::User(name::user("alice"));
    for (recipient, is_outdated) in [(group("g"), false), (user, false), (Recipient::Hub, true)] {
        office.stage.journal().clear();
        let audience = (&hub, &recipient);
        office.backend.list_connections(audience, Cursor::default(), 2).await.unwrap();
        assert_eq!(outdated() > 0, is_outdated, "{recipient:?}");
        office.stage.journal().clear();
        let count = office.backend.count(&hub, &recipient).await.unwrap();
        assert_eq!((count.connections, count.users), (1, 1));
        assert_eq!(outdated() > 0, is_outdated, "{recipient:?}");
    }
    office.stage.journal().clear();
    let filter = Filter::parse("userId eq 'alice'").expect("a filter");
    let commands = Command::list(r#"[{"type":"CloseConnection"}]"#).expect("commands");
    office.backend.execute(&hub, Some(&filter), &commands).await.expect("executed");
    assert_eq!(outdated(), 0);
}
