import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";
import { describeEachWay } from "../harness/ways.js";

/** A call of REST for each message takes its time. */
const COUNTS = { SQS: 1000, REST: 200 };

describeEachWay("the order of messages of one message group", ({ way, Publisher, versions, itBySqs }) => {
  const COUNT = COUNTS[way];
  const numbers = Array.from({ length: COUNT }, (_, n) => n);
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  async function tabsOf(user) {
    const tabs = await Promise.all(Object.keys(versions).map((version) => signedIn(stack, user, { version })));
    await settled(stack, ...tabs);
    return tabs;
  }

  async function expectAllInOrder(tabs) {
    for (const tab of tabs) {
      await tab.until(() => tab.received("notify").length >= COUNT, `${COUNT} messages`, 600_000);
      assert.deepEqual(tab.received("notify"), numbers.map((n) => [n]));
    }
    await Promise.all(tabs.map((tab) => tab.stop()));
  }

  const message = (userId) => (n) => ({ userId, target: "notify", arguments: [n] });

  it("is kept on all tabs when every message is sent by itself", async () => {
    const tabs = await tabsOf("alice");
    for (const n of numbers) await backend.send(message("alice")(n));
    await expectAllInOrder(tabs);
  });

  itBySqs("is kept when messages are sent in batches", async () => {
    const tabs = await tabsOf("bob");
    for (let at = 0; at < COUNT; at += 10) {
      await backend.sendBatch(numbers.slice(at, at + 10).map(message("bob")));
    }
    await expectAllInOrder(tabs);
  });

  itBySqs("is kept when single messages and arrays of all sizes take turns", async () => {
    const tabs = await tabsOf("carol");
    let at = 0;
    for (let size = 0; at < COUNT; size = (size + 7) % 101) {
      const elements = numbers.slice(at, at + Math.max(size, 1)).map(message("carol"));
      await backend.send(size === 0 ? elements[0] : elements);
      at += elements.length;
    }
    await expectAllInOrder(tabs);
  });

  itBySqs("is kept between a user's own messages and those to their group and their hub", async () => {
    const tabs = await tabsOf("dave");
    await backend.send({ userId: "dave", groupName: "staff", action: "add" });
    const audiences = [{ userId: "dave" }, { groupName: "staff" }, {}];
    for (let at = 0; at < COUNT; at += 10) {
      const batch = numbers.slice(at, at + 10);
      const envelopes = batch.map((n) => ({ ...audiences[n % 3], target: "notify", arguments: [n] }));
      await backend.sendBatch(envelopes, { group: "notifications:user:dave" });
    }
    await expectAllInOrder(tabs);
  });
});
