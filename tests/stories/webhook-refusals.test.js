// Backends that refuse a connection, or cannot hear of its beginning: none of its calls reaches them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { client, signedIn } from "../harness/client.js";
import { frameOf, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const FLAGS = ["--set", "UPSTREAM_TIMEOUT_SECONDS=20"];
const UNREACHABLE = "Invocation failed, the server cannot be reached";

describe("a backend that refuses a connection", () => {
  let stack, backend;
  const statuses = { mallory: 403, oscar: 401 };
  before(async () => {
    backend = await new WebhookServer(({ event, userId }) => ({ status: event === "connected" ? (statuses[userId] ?? 200) : 200 })).start();
    stack = await startStack("--upstream-url", backend.url, ...FLAGS);
  });
  after(async () => {
    await stack.stop();
    await backend.stop();
  });

  for (const [user, status] of Object.entries(statuses)) {
    it(`by ${status} closes it for good, and hears nothing more of it`, async () => {
      const token = () => stack.token(user);
      const url = `${stack.url}/hubs/notifications`;
      const tab = await client({ url, token, reconnect: [0, 0, 0] }).start();
      const { id } = tab;
      const calls = ["Add", "Mul"].map((method) => tab.invoke(method, 1).then(() => "answered", (error) => error.message));
      await tab.until(() => tab.events.some(({ event }) => event === "closed"), "the end");
      for (const answer of await Promise.all(calls)) assert.notEqual(answer, "answered");
      assert.deepEqual(tab.events, [
        { event: "closed", detail: "Server returned an error on close: Connection closed with an error." },
      ]);
      // Whoever comes later is heard of, so nothing of the refused one is on its way any more.
      const friend = await signedIn(stack, `friend-of-${user}`);
      assert.equal(await friend.invoke("Add", 1), undefined);
      assert.deepEqual(backend.of(id).map(({ event }) => event), ["connected"]);
      await friend.stop();
    });
  }

  it("closes it by a Close that lets nobody return", async () => {
    const raw = await ready(stack, "mallory");
    await raw.until(() => raw.records.some(({ type }) => type === 7), "the Close");
    assert.deepEqual(raw.records.find(({ type }) => type === 7), { type: 7, error: "Connection closed with an error." });
    await raw.until(() => raw.closed, "the end of the socket");
  });
});

describe("a backend that is down when a client connects", () => {
  it("costs a call no time, hears everything else later, and calls again once it is up", async () => {
    let isUp = false;
    const backend = await new WebhookServer(() => ({ status: isUp ? 200 : 503 })).start();
    const stack = await startStack("--upstream-url", backend.url, ...FLAGS);
    const tab = await signedIn(stack, "gina");
    const { id } = tab;
    await assert.rejects(tab.invoke("Add", 1), { message: UNREACHABLE });
    await tab.connection.send("Tell", 1);
    await assert.rejects(tab.invoke("Add", 2), { message: UNREACHABLE });
    assert.deepEqual(new Set(backend.of(id).map(({ event }) => event)), new Set(["connected"]));
    isUp = true;
    await backend.until(() => backend.of(id).some(({ event }) => event === "Tell"), "what was put off");
    assert.equal(await tab.invoke("Add", 3), undefined);
    await tab.stop();
    await backend.until(() => backend.of(id).some(({ event }) => event === "disconnected"), "the end");
    const heard = backend.of(id);
    const names = heard.map(({ event }) => event).filter((event) => event !== "connected");
    assert.deepEqual(names, ["Tell", "Add", "disconnected"]);
    const attempts = heard.filter(({ event }) => event === "connected").map(({ attempt }) => attempt);
    assert.deepEqual(attempts, attempts.map((_, place) => place + 1));
    assert.equal(new Set(heard.filter(({ event }) => event === "connected").map(({ time }) => time)).size, 1);
    for (const request of heard) assert.ok(request.isSigned, JSON.stringify(request));
    await stack.stop();
    await backend.stop();
  });

  it("costs a call no time when nothing listens at all", async () => {
    const stack = await startStack("--upstream-url", "http://127.0.0.1:1/", ...FLAGS);
    const raw = await ready(stack, "hugo");
    raw.send(frameOf({ type: 1, invocationId: "1", target: "Add", arguments: [] }));
    await raw.until(() => raw.records.some(({ type }) => type === 3), "the answer");
    assert.equal(raw.records.find(({ type }) => type === 3).error, UNREACHABLE);
    await raw.close();
    await stack.stop();
  });
});
