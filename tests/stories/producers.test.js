// Who may produce what: the local queue names one sender for every message.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

const SENDER = "000000000000";

describe("a producer that is listed", () => {
  let stack, backend;
  before(async () => {
    const producers = [{ sender: SENDER, hubs: ["notifications"], actions: ["message"] }];
    stack = await startStack("--set", `PRODUCERS=${JSON.stringify(producers)}`);
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  it("does what the list says, and nothing else, with a dead letter that names the sender", async () => {
    const tab = await signedIn(stack, "alice");
    const close = { action: "close", userId: "alice" };
    const elsewhere = { hub: "orders", target: "notify" };
    await backend.send([{ userId: "alice", target: "notify", arguments: [1] }, close, elsewhere]);
    assert.deepEqual(await tab.receives("notify"), [[1]]);
    const letter = await backend.deadLetter();
    assert.deepEqual(JSON.parse(letter.body), [close, elsewhere]);
    assert.equal(letter.RejectReason, "NotAllowed");
    const why = `the sender '${SENDER}' may not produce 'close' on the hub 'notifications'; see PRODUCERS`;
    assert.equal(letter.RejectDetail, why);
    await backend.send({ userId: "alice", target: "notify", arguments: [2] });
    assert.deepEqual((await tab.receives("notify", 2)).at(-1), [2]);
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });
});
