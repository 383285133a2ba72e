// Services of AWS as producers: each writes to the ingress queue in its own shape. The shapes are those
// of the services' documents; tests/stack/ingress.test.js has an emulator's services write them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:news";

/** What SNS writes for a subscription without raw message delivery. */
const notification = (message, id = randomUUID()) =>
  JSON.stringify({
    Type: "Notification",
    MessageId: id,
    TopicArn: TOPIC,
    Subject: "news",
    Message: message,
    Timestamp: "2026-12-01T10:00:00.000Z",
    SignatureVersion: "1",
    Signature: "EXAMPLE",
    SigningCertURL: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    UnsubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    MessageAttributes: { kind: { Type: "String", Value: "news" } },
  });

/** What a rule of EventBridge writes without an input path. */
const event = (detail, id = randomUUID()) =>
  JSON.stringify({
    version: "0",
    id,
    "detail-type": "permission changed",
    source: "app.people",
    account: "123456789012",
    time: "2026-12-01T10:00:00Z",
    region: "eu-west-1",
    resources: [],
    detail: JSON.parse(detail),
  });

/** What each producer makes of an envelope. */
const SHAPES = {
  "a plain sender": (envelope) => envelope,
  "a topic of SNS": (envelope) => notification(envelope),
  "a topic with raw delivery": (envelope) => envelope,
  "a rule of EventBridge": (envelope) => event(envelope),
  "a rule with the input path $.detail": (envelope) => envelope,
  "a rule that sends to a topic": (envelope) => notification(event(envelope)),
  "a schedule, by its Input": (envelope) => envelope,
  "a pipe, by its input template": (envelope) => envelope,
};

const toUser = (userId, n) => ({ userId, target: "notify", arguments: [n] });

describe("the ingress queue", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  for (const [who, shape] of Object.entries(SHAPES)) {
    it(`takes an envelope from ${who}`, async () => {
      const tab = await signedIn(stack, who);
      await backend.sendToIngress(shape(JSON.stringify(toUser(who, 1))), { kind: "news" });
      assert.deepEqual(await tab.receives("notify"), [[1]]);
      await tab.stop();
    });
  }

  for (const [what, shape] of Object.entries({ "an event": event, "a message of a topic": notification })) {
    it(`delivers ${what} once, however often the service sends it`, async () => {
      const tab = await signedIn(stack, what);
      const id = randomUUID();
      for (let n = 0; n < 3; n++) await backend.sendToIngress(shape(JSON.stringify(toUser(what, 1)), id));
      // Until all three are handled, whichever comes first.
      await backend.quiet(stack.ingressUrl);
      await backend.fence(backend.group(toUser(what)), tab);
      assert.deepEqual(await tab.receives("notify"), [[1]]);
      await tab.stop();
    });
  }

  it("brings arrays, actions and values to be retained as the notifications queue does", async () => {
    const sent = [toUser("ingrid", 1), { action: "add", userId: "ingrid", groupName: "news" }, { ...toUser("ingrid", 2), retain: "n" }];
    const tab = await signedIn(stack, "ingrid");
    await backend.sendToIngress(notification(JSON.stringify(sent)));
    assert.deepEqual(await tab.receives("notify", 2), [[1], [2]]);
    await backend.send({ groupName: "news", target: "notify", arguments: [3] });
    assert.deepEqual(await tab.receives("notify", 3), [[1], [2], [3]]);
    const other = await signedIn(stack, "ingrid");
    assert.deepEqual(await other.receives("notify"), [[2]]);
    for (const each of [tab, other]) await each.stop();
  });

  it("moves what is wrong to the dead letters of the notifications queue, without what was around it", async () => {
    const wrong = JSON.stringify({ usrId: "alice", target: "notify" });
    await backend.sendToIngress(event(wrong));
    const letter = await backend.deadLetter();
    assert.deepEqual([letter.body, letter.RejectReason], [wrong, "UnknownProperty"]);
  });
});

describe("a producer on the ingress queue", () => {
  it("does what the list of producers says, and nothing else", async () => {
    const producers = [{ sender: "000000000000", hubs: ["notifications"], actions: ["message"] }];
    const stack = await startStack("--set", `PRODUCERS=${JSON.stringify(producers)}`);
    const backend = new Backend(stack);
    const tab = await signedIn(stack, "alice");
    const close = { action: "close", userId: "alice" };
    await backend.sendToIngress(notification(JSON.stringify([close, toUser("alice", 1)])));
    assert.deepEqual(await tab.receives("notify"), [[1]]);
    const letter = await backend.deadLetter();
    assert.deepEqual([letter.body, letter.RejectReason], [JSON.stringify(close), "NotAllowed"]);
    assert.match(letter.RejectDetail, /'000000000000'/);
    assert.deepEqual(tab.events, []);
    await tab.stop();
    await stack.stop();
  });
});
