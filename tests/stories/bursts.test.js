// Clients that call a lot at once, and what becomes of those that call without end.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

describe("a client that calls a lot", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(async () => {
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  for (const version of Object.keys(versions)) {
    it(`gets an answer to each of 100 calls in a row (client ${version})`, async () => {
      const tab = await signedIn(stack, "loop", { version });
      for (let n = 0; n < 100; n += 1) assert.ok(await tab.invoke("GetConnectionId"));
      assert.deepEqual(tab.events, []);
      await tab.stop();
    });

    it(`gets an answer to each of 200 calls at once (client ${version})`, async () => {
      const tab = await signedIn(stack, "burst", { version });
      const calls = Array.from({ length: 200 }, () => tab.invoke("GetConnectionId"));
      assert.equal(new Set(await Promise.all(calls)).size, 1);
      assert.deepEqual(tab.events, []);
      await tab.stop();
    });
  }

  it("is sent away for a limit, comes back by itself, and never in a hot loop", async () => {
    const backend = new Backend(stack);
    const tab = await signedIn(stack, "flood", { reconnect: [0, 0, 0] });
    const start = performance.now();
    for (let round = 1; round <= 3; round += 1) {
      // The client joins what is sent at once into one frame.
      for (let frame = 0; frame < 3; frame += 1) {
        await Promise.all(Array.from({ length: 400 }, () => tab.connection.send("Nobody").catch(() => {})));
      }
      await tab.returns(round);
      assert.match(tab.events.findLast(({ event }) => event === "reconnecting").detail, /Too many calls in a short time/);
    }
    assert.ok(performance.now() - start >= 3 * 2000);
    await backend.send({ userId: "flood", target: "notify", arguments: ["back"] });
    assert.deepEqual(await tab.receives("notify"), [["back"]]);
    await tab.stop();
  });

  it("joins a group once however often it asks, and is shown what is retained once", async () => {
    const backend = new Backend(stack);
    await backend.send({ groupName: "rooms", target: "notify", arguments: ["kept"], retain: "k" });
    const tab = await signedIn(stack, "joiner", { groups: ["rooms"] });
    await tab.receives("notify");
    for (let n = 0; n < 20; n += 1) await tab.invoke("JoinGroup", "rooms");
    await backend.send({ groupName: "rooms", target: "fence" });
    await tab.receives("fence");
    assert.deepEqual(tab.received("notify"), [["kept"]]);
    await tab.stop();
  });
});
