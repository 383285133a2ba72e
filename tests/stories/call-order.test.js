// Calls that a client makes without awaiting the ones before.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { UpstreamBackend } from "../harness/upstream.js";

const CALLS = 20;
const WAIT = "ORDER_WAIT_MS=500";

describe("a client that awaits no call before the next one", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream", "--set", WAIT, "--client-joinable-groups", "*");
    backend = new UpstreamBackend(stack, ({ arguments: [n] }) => ({ result: n }));
  });
  after(async () => {
    await backend.stop();
    await stack.stop();
  });

  const called = (tab) => backend.of(tab.id).filter(({ event }) => event === "Add");

  it("has every call answered, whatever the order", async () => {
    const tab = await signedIn(stack, "all");
    const results = await Promise.all(Array.from({ length: CALLS }, (_, n) => tab.invoke("Add", n)));
    assert.deepEqual(results, Array.from({ length: CALLS }, (_, n) => n));
    assert.equal(called(tab).length, CALLS);
    await tab.stop();
  });

  it("loses none that has no number, and none behind a method of hubcast", async () => {
    const tab = await signedIn(stack, "mixed");
    const { connection } = tab;
    const calls = [connection.send("Add", 0), connection.invoke("JoinGroup", "g"), connection.invoke("Add", 1), connection.send("Add", 2)];
    await Promise.all(calls);
    await backend.until(() => called(tab).length >= 3, "three calls");
    assert.deepEqual(called(tab).map(({ arguments: [n] }) => n).sort(), [0, 1, 2]);
    await tab.stop();
  });
});

it("ORDER_WAIT_MS has bounds", async () => {
  await assert.rejects(startStack("--upstream", "--set", "ORDER_WAIT_MS=1001"), /ORDER_WAIT_MS must be a number from 0 to 1000/);
});
