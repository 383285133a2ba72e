//! What backends put on the notifications queue, and services of AWS on the ingress queue.

use std::time::Duration;

use hubcast_model::ingress::Arrival;
use hubcast_model::time::Clock;
use hubcast_testkit::fifo::Sent;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::consume::settle;
use crate::expect::is_spoilt;
use crate::ledger::{Lane, Ledger, SentElement};
use crate::message::{body, label};
use crate::plan::{Element, Wrapping};
use crate::world::World;

/// What a service sends, maybe twice.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: String,
    first: usize,
}

/// Puts a message on the notifications queue.
pub(crate) fn send(world: &World, lane: u8, elements: &[Element]) {
    let mut ledger = world.ledger.open();
    let first = ledger.sent.len();
    let (elements, text) = written(world, &ledger, elements);
    let message = world.queues.notifications.send(Sent {
        group: format!("lane{lane}"),
        deduplication_id: format!("sent{first}"),
        body: text,
        progress_key: None,
    });
    let message = message.expect("a fresh deduplication id");
    note(&mut ledger, Lane::Group(lane), &message, elements);
}

/// Has a service put a message on the ingress queue.
pub(crate) fn arrive(world: &World, wrapping: Wrapping, elements: &[Element]) -> Arriving {
    let mut ledger = world.ledger.open();
    let first = ledger.sent.len();
    let (elements, text) = written(world, &ledger, elements);
    let arriving = Arriving { body: wrapped(wrapping, first, &text), first };
    let id = put(world, &arriving, "first");
    // By this name the publisher knows the message when it comes again.
    let name = Arrival::of(arriving.body.clone()).name("").unwrap_or(id);
    note(&mut ledger, Lane::Message(first), &name, elements);
    arriving
}

/// Has the service send the message once more.
pub(crate) async fn arrive_again(world: World, arriving: Arriving, pause: Duration) {
    tokio::time::sleep(pause).await;
    settle(&world);
    let id = put(&world, &arriving, "again");
    let mut ledger = world.ledger.open();
    let Arriving { first, .. } = arriving;
    let own = ledger.sent.iter().filter(|sent| sent.lane == Lane::Message(first));
    let is_over = own.into_iter().all(|sent| sent.ended.is_some() && !is_spoilt(&ledger, sent));
    if is_over {
        ledger.repeats.insert(id);
    }
}

fn put(world: &World, arriving: &Arriving, which: &str) -> String {
    let Arriving { body, first } = arriving;
    let message = world.queues.ingress.send(Sent {
        group: format!("{first}-{which}"),
        deduplication_id: format!("{first}-{which}"),
        body: body.clone(),
        progress_key: None,
    });
    message.expect("a fresh deduplication id")
}

fn written(world: &World, ledger: &Ledger, elements: &[Element]) -> (Vec<Element>, String) {
    let sockets = ledger.sockets.len();
    let elements: Vec<Element> = elements.iter().map(|element| element.among(sockets)).collect();
    let text = body(&elements, ledger.sent.len(), ledger, world.clock.now());
    (elements, text)
}

/// The envelope as services deliver it.
fn wrapped(wrapping: Wrapping, number: usize, envelope: &str) -> String {
    match wrapping {
        Wrapping::Raw => envelope.to_owned(),
        Wrapping::Topic => json!({
            "Type": "Notification", "MessageId": format!("topic{number}"), "Message": envelope,
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:news",
        })
        .to_string(),
        Wrapping::Event => json!({
            "id": format!("event{number}"), "source": "shop", "detail-type": "sale",
            "detail": serde_json::from_str::<Value>(envelope).expect("JSON"),
        })
        .to_string(),
    }
}

fn note(ledger: &mut Ledger, lane: Lane, message: &str, elements: Vec<Element>) {
    let (first, begun) = (ledger.sent.len(), ledger.stamp());
    for (at, element) in elements.into_iter().enumerate() {
        ledger.sent.push(SentElement {
            element,
            label: label(first + at),
            lane,
            message: message.to_owned(),
            at,
            begun,
            sent_at: Instant::now(),
            ended: None,
            big_at: None,
            is_dead: false,
        });
    }
}
