// The id that a client knows is the one that a backend names.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { clientToken } from "../harness/jwt.js";
import { client, signedIn, skipping, versions } from "../harness/client.js";
import { opened, readyAt, record } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { tapped } from "../harness/wire.js";

describe("a connection id", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** Sends to one of several tabs and sees that it is the only one to hear it. */
  async function reachesOnly(tab, others) {
    const connectionId = await tab.ownId();
    await backend.send({ connectionId, target: "notify", arguments: [connectionId] }, { group: "ids" });
    assert.deepEqual((await tab.receives("notify")).at(-1), [connectionId]);
    await backend.fence("ids", tab, ...others);
    for (const other of others) assert.deepEqual(other.received("notify"), []);
  }

  for (const [version, signalR] of Object.entries(versions)) {
    it(`that was negotiated reaches one tab of a user, and is what GetConnectionId answers (client ${version})`, async () => {
      const tabs = await Promise.all([1, 2, 3].map(() => signedIn(stack, "alice", { version })));
      assert.equal(new Set(tabs.map((tab) => tab.id)).size, 3);
      for (const tab of tabs) assert.equal(await tab.invoke("GetConnectionId"), tab.id);
      await reachesOnly(tabs[1], [tabs[0], tabs[2]]);
      await Promise.all(tabs.map((tab) => tab.stop()));
    });

    it(`can be asked for when negotiation was skipped (client ${version})`, async () => {
      const options = skipping(signalR);
      const tabs = await Promise.all([1, 2].map(() => signedIn(stack, "bob", { version, options })));
      await reachesOnly(tabs[1], [tabs[0]]);
      await Promise.all(tabs.map((tab) => tab.stop()));
    });

    it(`is a new one after a reconnect, and the old one reaches nobody (client ${version})`, async () => {
      const tap = tapped();
      const options = { WebSocket: tap.WebSocket };
      const tab = await signedIn(stack, "carol", { version, options, reconnect: [0, 0, 0] });
      const old = tab.id;
      tap.cut();
      assert.equal(await tab.returns(), tab.id);
      assert.notEqual(tab.id, old);
      await backend.send({ connectionId: old, target: "notify" }, { group: "ids" });
      await backend.fence("ids", tab);
      assert.deepEqual(tab.received("notify"), []);
      await reachesOnly(tab, []);
      await tab.stop();
    });
  }

  it("of a client that knows no versions is its token too; the part before the dot is public", async () => {
    const token = await stack.token("dave");
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${stack.url}/client/negotiate?hub=notifications`, { method: "POST", headers });
    const { connectionId: whole } = await answer.json();
    const socket = await readyAt(`${stack.url}/client/?hub=notifications&id=${whole}`, { headers });
    const other = await signedIn(stack, "dave");
    const [id] = whole.split(".");
    socket.send(record({ type: 1, invocationId: "0", target: "GetConnectionId", arguments: [] }));
    assert.deepEqual(await socket.hears(1), [{ type: 3, invocationId: "0", result: id }]);
    for (const connectionId of [id, whole]) {
      await backend.send({ connectionId, target: "notify", arguments: [connectionId] }, { group: "ids" });
    }
    await backend.fence("ids", other);
    const calls = [id, whole].map((text) => ({ type: 1, target: "notify", arguments: [text] }));
    assert.deepEqual((await socket.hears(3)).slice(1), calls);
    assert.deepEqual(other.received("notify"), []);
  });

  it("of a connection without a user names it all the same", async () => {
    const token = () => clientToken(stack, "notifications");
    const nobody = await Promise.all(
      [1, 2].map(() => client({ url: `${stack.url}/client/?hub=notifications`, token }).ready()),
    );
    await reachesOnly(nobody[0], [nobody[1]]);
  });

  async function negotiated(token) {
    const headers = { Authorization: `Bearer ${token}` };
    const url = `${stack.url}/client/negotiate?hub=notifications&negotiateVersion=1`;
    const { connectionToken } = await (await fetch(url, { method: "POST", headers })).json();
    return `${stack.url}/client/?hub=notifications&id=${connectionToken}`;
  }

  it("opens one socket, and only for its own user", async () => {
    const [alice, bob] = await Promise.all(["alice", "bob"].map((user) => stack.token(user)));
    const url = await negotiated(alice);
    await assert.rejects(opened(`${url}&access_token=${bob}`), /status 40[13]/);
    await readyAt(`${url}&access_token=${alice}`);
    await assert.rejects(opened(`${url}&access_token=${alice}`), /status 409/);
    await assert.rejects(opened(`${url}x&access_token=${alice}`), /status 40[13]/);
  });
});
