// A backend with an endpoint, which the deployed function calls with events of clients.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { client, signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const completion = (result) => ({ body: `${JSON.stringify({ type: 3, invocationId: "any", result })}\x1e` });

describe("a backend with a webhook", () => {
  let stack, backend;
  let isRefusing = false;
  before(async () => {
    backend = await new WebhookServer(answer).start();
    stack = await startStack();
    await use(backend.server.address().port);
  });
  after(async () => {
    await use(undefined);
    await backend.stop();
  });

  const use = (port) => fetch(`${stack.url}/dev/webhook`, { method: "PUT", body: JSON.stringify({ port }) });

  function answer({ event, body }) {
    if (event === "Add") return completion(JSON.parse(body).arguments.reduce((a, b) => a + b));
    if (event === "Log" && isRefusing) return { status: 503 };
    return undefined;
  }

  it("answers calls, and hears of beginning and end, in order and signed", async () => {
    const token = () => stack.token("alice", { claims: { role: ["a"] } });
    const tab = await client({ url: `${stack.url}/hubs/notifications?device=phone`, token }).ready();
    const { id } = tab;
    assert.equal(await tab.invoke("Add", 1, 2), 3);
    await tab.stop();
    const requests = await backend.hears(id, 3);
    assert.deepEqual(requests.map(({ event }) => event), ["connected", "Add", "disconnected"]);
    for (const { userId, claims, isSigned } of requests) {
      assert.deepEqual([userId, isSigned], ["alice", true]);
      assert.match(claims, /(^|, )role: a(,|$)/);
    }
  });

  it("hears again what it refused, while a call behind it is answered", async () => {
    isRefusing = true;
    const tab = await signedIn(stack, "bob");
    await tab.connection.send("Log", 1);
    assert.equal(await tab.invoke("Add", 1, 2), 3);
    isRefusing = false;
    const refused = () => backend.of(tab.id).filter(({ event }) => event === "Log");
    const before = refused().length;
    await backend.until(() => refused().length > before, "what was refused");
    await tab.connection.send("After", 2);
    await backend.until(() => backend.of(tab.id).some(({ event }) => event === "After"), "what came after");
    assert.equal(new Set(refused().map(({ eventId }) => eventId)).size, 1);
    await tab.stop();
  });
});
