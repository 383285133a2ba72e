// What else an envelope says: several audiences, several elements, an end of its use, and how often it comes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

describe("an envelope", () => {
  let stack, backend, alice, twin, bob;
  const IN_ORDER = { group: "e" };
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const heard = (tab) => tab.received("notify").map(([text]) => text);
  const say = (text, more) => ({ target: "notify", arguments: [text], ...more });

  /** What three fresh tabs hear of some messages: alice's, her other one, and bob's. */
  async function hearing(sendAll) {
    [alice, twin, bob] = await Promise.all(["alice", "alice", "bob"].map((user) => signedIn(stack, user, { groups: ["team"] })));
    await sendAll();
    await backend.fence(IN_ORDER.group, alice, twin, bob);
    const all = [alice, twin, bob].map(heard);
    await Promise.all([alice, twin, bob].map((tab) => tab.stop()));
    return all;
  }

  it("that names several audiences goes to the highest: connection, users, groups, everyone", async () => {
    const all = await hearing(async () => {
      const named = { connectionId: alice.id, userId: "bob", groupName: "team", everyone: true };
      await backend.send(say("connection", named), IN_ORDER);
      await backend.send(say("users", { ...named, connectionId: null }), IN_ORDER);
      await backend.send(say("groups", { ...named, connectionId: "", userId: null }), IN_ORDER);
    });
    assert.deepEqual(all, [["connection", "groups"], ["groups"], ["users", "groups"]]);
  });

  it("unites userId and userIds, and an empty list reaches nobody", async () => {
    const all = await hearing(async () => {
      await backend.send(say("both", { userId: "alice", userIds: ["bob", "alice", "nobody"] }), IN_ORDER);
      await backend.send(say("no users", { userIds: [] }), IN_ORDER);
      await backend.send(say("no groups", { groupNames: [] }), IN_ORDER);
    });
    assert.deepEqual(all, [["both"], ["both"], ["both"]]);
  });

  it("may hold several elements, each for its own audience, in order", async () => {
    const all = await hearing(async () => {
      const body = [say("1", { userId: "alice" }), say("2"), say("3", { connectionId: twin.id }), say("4", { userId: "bob" })];
      await backend.send(body, IN_ORDER);
    });
    assert.deepEqual(all, [["1", "2"], ["1", "2", "3"], ["2", "4"]]);
  });

  it("that is sent twice under two deduplication ids comes twice, under one id once", async () => {
    const all = await hearing(async () => {
      await backend.send(say("same"), IN_ORDER);
      await backend.send(say("same"), IN_ORDER);
      for (const text of ["once", "once"]) await backend.send(say(text), { ...IN_ORDER, deduplicationId: "order-17" });
    });
    assert.deepEqual(all[0], ["same", "same", "once"]);
  });

  it("that has expired is dropped, and what follows it arrives", async () => {
    const all = await hearing(async () => {
      const expiresAt = (seconds) => ({ expiresAt: new Date(Date.now() + 1000 * seconds).toISOString() });
      await backend.send(say("too old", expiresAt(-1)), IN_ORDER);
      await backend.send([say("too old, too", expiresAt(-60)), say("good", expiresAt(60))], IN_ORDER);
      await backend.send(say("next"), IN_ORDER);
    });
    assert.deepEqual(all[0], ["good", "next"]);
  });

  it("names its properties in any case, as Azure Functions writes them, and null counts as absent", async () => {
    const all = await hearing(async () => {
      const message = { Target: "notify", Arguments: ["functions"], UserId: "bob", GroupName: null, ConnectionId: null };
      await backend.send(message, IN_ORDER);
      await backend.send({ ...message, Endpoints: [{}], arguments: undefined }, IN_ORDER);
    });
    assert.deepEqual(all, [[], [], ["functions", "functions"]]);
  });

  it("hands arguments on byte for byte", async () => {
    const raw = await ready(stack, "bytes");
    const args = '[12345678901234567890, 1.0, 1e2, "\\u00e9\\ud83d\\ude00 é😀", { "b": 1, "a": [ ], "b": 2 }, null]';
    await backend.sendBody(`{"userId":"bytes","target":"notify","arguments":${args}}`);
    await raw.hears(1);
    assert.equal(raw.frames[0], `{"type":1,"target":"notify","arguments":${args}}\u001e`);
    raw.close();
  });

  it("without arguments calls without arguments", async () => {
    const tab = await signedIn(stack, "bare");
    await backend.send({ userId: "bare", target: "notify" }, IN_ORDER);
    await backend.send({ userId: "bare", target: "notify", arguments: null }, IN_ORDER);
    assert.deepEqual(await tab.receives("notify", 2), [[], []]);
    await tab.stop();
  });
});
