// Rare calls from client to server.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { connected, frameOf, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

describe("a client that calls the server", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  for (const version of Object.keys(versions)) {
    it(`hears everything from its first answer on (client ${version})`, async () => {
      const users = Array.from({ length: 10 }, (_, n) => `early-${version}-${n}`);
      await Promise.all(
        users.map(async (user) => {
          const token = () => stack.token(user, { groups: [`of-${user}`] });
          const tab = await client({ url: `${stack.url}/hubs/notifications`, version, token }).start();
          await tab.invoke("GetConnectionId");
          await Promise.all([
            backend.send({ groupName: `of-${user}`, target: "notify", arguments: ["group"] }),
            backend.send({ connectionId: tab.id, target: "notify", arguments: ["connection"] }),
          ]);
          const heard = (await tab.receives("notify", 2)).map(([text]) => text);
          assert.deepEqual(heard.sort(), ["connection", "group"]);
          await tab.stop();
        }),
      );
    });
  }

  for (const version of Object.keys(versions)) {
    it(`is told what is wrong with a call in the words of the .NET server, and stays connected (client ${version})`, async () => {
      const tab = await signedIn(stack, "alice", { version });
      const told = (message) => ({ message });
      await assert.rejects(tab.invoke("Nope", 1), told("Unknown hub method 'Nope'"));
      await assert.rejects(tab.invoke("N".repeat(300)), told(`Unknown hub method '${"N".repeat(200)}'`));
      const failed = "Failed to invoke 'JoinGroup' due to an error on the server.";
      await assert.rejects(tab.invoke("JoinGroup"), told(`${failed} It takes one argument, the name of the group.`));
      await assert.rejects(tab.invoke("JoinGroup", " "), told(`${failed} The name of the group is empty.`));
      assert.equal(await tab.invoke("getCONNECTIONid"), tab.id);
      assert.deepEqual(tab.events, []);
      await tab.stop();
    });

    it(`is told that nothing streams (client ${version})`, async () => {
      const tab = await signedIn(stack, "alice", { version });
      const streams = (method) =>
        new Promise((complete, error) => tab.connection.stream(method).subscribe({ next() {}, complete, error }));
      const message =
        "The client attempted to invoke the non-streaming 'GetConnectionId' method with a streaming invocation.";
      await assert.rejects(streams("GetConnectionId"), { message });
      await assert.rejects(streams("Nope"), { message: "Unknown hub method 'Nope'" });
      await tab.stop();
    });

    it(`is heard by handlers whatever the case of their name (client ${version})`, async () => {
      const tab = await signedIn(stack, "carol", { version });
      await backend.send({ userId: "carol", target: "NOTIFY", arguments: [version] });
      assert.deepEqual(await tab.receives("notify"), [[version]]);
      await tab.stop();
    });
  }

  const PING = { type: 6 };
  const call = (target, args, invocationId) => ({ type: 1, target, arguments: args, ...(invocationId && { invocationId }) });

  it("gets no reply to a send, whatever becomes of it", async () => {
    const raw = await ready(stack, "raw");
    raw.send(frameOf(call("Nope", []), call("JoinGroup", ["not-for-me"]), call("GetConnectionId", []), call("JoinGroup", []), PING));
    await raw.hears(1);
    raw.send(frameOf(call("GetConnectionId", [], "after")));
    await raw.hears(2);
    assert.deepEqual([raw.records[0], raw.records[1].invocationId], [PING, "after"]);
    assert.equal(raw.frames.length, 2);
    raw.close();
  });

  it("gets one frame for a frame of several records, with the replies in their order", async () => {
    const raw = await ready(stack, "raw");
    raw.send(frameOf(call("Nope", [], "a"), PING, call("LeaveGroup", ["anything"], "b"), call("Nope", []), call("Nope", [], "c")));
    await raw.hears(4);
    const error = "Unknown hub method 'Nope'";
    const completion = (invocationId, more) => ({ type: 3, invocationId, ...more });
    assert.deepEqual(raw.records, [completion("a", { error }), PING, completion("b"), completion("c", { error })]);
    assert.equal(raw.frames.length, 1);
    raw.close();
  });

  it("may shake hands and call in one frame", async () => {
    const raw = await connected(stack, "raw");
    raw.send(frameOf({ protocol: "json", version: 1 }, call("Nope", [], "1"), PING));
    await raw.hears(3);
    assert.deepEqual(raw.records, [{}, { type: 3, invocationId: "1", error: "Unknown hub method 'Nope'" }, PING]);
    raw.close();
  });

  it("gets no reply to what answers or ends something, or is of a kind that does not exist", async () => {
    const raw = await ready(stack, "raw");
    const silent = [
      { type: 2, invocationId: "x", item: 1 },
      { type: 3, invocationId: "x", result: 1 },
      { type: 5, invocationId: "x" },
      { type: 8, sequenceId: 1 },
      { type: 9, sequenceId: 1 },
      { type: 99 },
    ];
    raw.send(frameOf(...silent, PING));
    assert.deepEqual(await raw.hears(1), [PING]);
    raw.close();
  });

  it("gets an answer that a backend gives by envelope", async () => {
    const raw = await ready(stack, "raw");
    raw.send(frameOf(call("GetConnectionId", [], "0")));
    const [{ result: connectionId }] = await raw.hears(1);
    await backend.send([
      { connectionId, invocationId: "7", result: { rights: ["read"] } },
      { connectionId, invocationId: "8", error: "not today" },
      { connectionId, invocationId: "9", result: null },
    ]);
    assert.deepEqual((await raw.hears(4)).slice(1), [
      { type: 3, invocationId: "7", result: { rights: ["read"] } },
      { type: 3, invocationId: "8", error: "not today" },
      { type: 3, invocationId: "9", result: null },
    ]);
    raw.close();
  });
});
