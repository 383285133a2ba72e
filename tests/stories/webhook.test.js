// Backends that are called as Azure SignalR calls its upstream: by HTTP.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { client, signedIn } from "../harness/client.js";
import { frameOf, ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { runToEnd, startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const RS = "\x1e";
const completion = (more) => ({ body: JSON.stringify({ type: 3, invocationId: "any", ...more }) + RS });
const ANSWERS = {
  Add: ({ body }) => completion({ result: JSON.parse(body).arguments.reduce((a, b) => a + b) }),
  Refuse: () => completion({ error: "not today" }),
  Empty: () => ({ status: 200 }),
  NoContent: () => ({ status: 204 }),
  Broken: () => ({ status: 500 }),
  Moved: () => ({ status: 302 }),
  Text: () => ({ body: "hello" }),
};

describe("a backend with a webhook", () => {
  let stack, backend;
  before(async () => {
    backend = await new WebhookServer((request) => ANSWERS[request.event]?.(request)).start();
    const templates = [
      { urlTemplate: `${backend.url}/first/{hub}/{category}/{event}?code=1`, eventPattern: "Add,connected" },
      { urlTemplate: `${backend.url}/rest/{event}`, hubPattern: "notifications" },
    ];
    const claims = ["--set", "UPSTREAM_CLAIMS=role,name", "--set", "UPSTREAM_TIMEOUT_SECONDS=5"];
    stack = await startStack("--upstream-url", JSON.stringify(templates), ...claims);
  });
  after(async () => {
    await stack.stop();
    await backend.stop();
  });

  it("is called as Azure SignalR calls it, and signed", async () => {
    const token = () => stack.token("älice", { claims: { role: ["a", "b"], name: "Döe, Älice" } });
    const url = `${stack.url}/hubs/notifications?device=my%20phone`;
    const tab = await client({ url, token }).ready();
    const { id } = tab;
    assert.equal(await tab.invoke("Add", 1, 2), 3);
    await tab.stop();
    const requests = await backend.hears(id, 3);
    const about = requests.map(({ path, category, event }) => [path, category, event]);
    assert.deepEqual(about, [
      ["/first/notifications/connections/connected?code=1", "connections", "connected"],
      ["/first/notifications/messages/Add?code=1", "messages", "Add"],
      ["/rest/disconnected", "connections", "disconnected"],
    ]);
    for (const request of requests) {
      assert.deepEqual([request.method, request.type, request.hub], ["POST", "application/json", "notifications"]);
      assert.equal(request.userId, "älice");
      assert.match(request.claims, /(^|, )role: a, role: b(,|$)/);
      const long = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
      assert.ok(request.claims.includes(`${long}: a, ${long}: b,`), request.claims);
      assert.match(request.claims, /(^|, )name: Döe, Älice(,|$)/);
      const all = JSON.parse(Buffer.from(request.allClaims, "base64url").toString());
      assert.deepEqual([all.name, all.role], [["Döe, Älice"], ["a", "b"]]);
      assert.deepEqual([...new URLSearchParams(request.query)], [["device", "my phone"], ["hub", "notifications"]]);
      assert.ok(request.isSigned, JSON.stringify(request));
    }
    const [opened, called, closed] = requests.map(({ body }) => JSON.parse(body));
    assert.deepEqual([opened, closed], [{ type: 10 }, { type: 11 }]);
    const { invocationId } = called;
    assert.deepEqual(called, { type: 1, invocationId, target: "Add", arguments: [1, 2] });
  });

  it("answers by a completion, by nothing, or by an error", async () => {
    const tab = await signedIn(stack, "bob");
    await assert.rejects(tab.invoke("Refuse"), { message: "not today" });
    assert.equal(await tab.invoke("Empty"), undefined);
    assert.equal(await tab.invoke("NoContent"), undefined);
    for (const [method, status] of [["Broken", 500], ["Moved", 302]]) {
      await assert.rejects(tab.invoke(method), { message: `Invocation failed, status code ${status}` });
    }
    await assert.rejects(tab.invoke("Text"), { message: "Invocation failed, the answer is not a completion" });
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });

  it("is called once for a call that wants an answer, and the client is told that it failed", async () => {
    const raw = await ready(stack, "carol");
    raw.send(frameOf({ type: 1, invocationId: "1", target: "Broken", arguments: [] }));
    // The first is the sign of life, since the answer takes a moment.
    const answer = (await raw.hears(2)).find(({ type }) => type === 3);
    assert.equal(answer.error, "Invocation failed, status code 500");
    const calls = backend.requests.filter(({ event, userId }) => event === "Broken" && userId === "carol");
    assert.equal(calls.length, 1);
    await raw.close();
  });

  it("streams to who asked, by the REST API, and is not told to end", async () => {
    const tab = await signedIn(stack, "grace");
    const items = [];
    const streamed = new Promise((complete, error) =>
      tab.connection.stream("Empty", 1).subscribe({ next: (item) => items.push(item), complete, error }),
    );
    await backend.until(() => backend.of(tab.id).some(({ event }) => event === "Empty"), "the call");
    const { invocationId, ...call } = JSON.parse(backend.of(tab.id).at(-1).body);
    assert.deepEqual(call, { type: 4, target: "Empty", arguments: [1] });
    const rest = new Rest(stack);
    const of = `/connections/${tab.id}/streams/${invocationId}`;
    for (const body of ["1", '{"a":2}']) assert.equal((await rest.call("POST", `${of}/:send`, { body })).status, 202);
    assert.equal((await rest.call("POST", `${of}/:complete`)).status, 202);
    await streamed;
    assert.deepEqual(items, [1, { a: 2 }]);
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });

  it("is not called where no template matches", async () => {
    const tab = await signedIn(stack, "dave", { hub: "other" });
    await tab.connection.send("Log", "x");
    await assert.rejects(tab.invoke("Mul", 1), { message: "Unknown hub method 'Mul'" });
    assert.equal(await tab.invoke("Add", 4), 4);
    const heard = backend.of(tab.id).map(({ event }) => event);
    assert.deepEqual(heard, ["connected", "Add"]);
    await tab.stop();
  });
});

describe("a backend that is down for a while", () => {
  it("hears every event once it is up, the beginning before the end", async () => {
    let failures = 2;
    const taken = [];
    const backend = await new WebhookServer(({ event, eventId }) => {
      if (failures-- > 0) return { status: 503 };
      taken.push({ event, eventId });
    }).start();
    const stack = await startStack("--upstream-url", backend.url);
    const raw = await ready(stack, "erin");
    raw.send(frameOf(...["a", "b"].map((target) => ({ type: 1, target, arguments: [] }))));
    const hears = (name) => backend.until(() => backend.requests.some(({ event }) => event === name), name);
    await hears("b");
    await raw.close();
    await hears("disconnected");
    const events = taken.map(({ event }) => event);
    assert.deepEqual(events.toSorted(), ["a", "b", "connected", "disconnected"]);
    assert.equal(events.at(-1), "disconnected");
    const { eventId } = backend.requests.find(({ event }) => event === "connected");
    assert.equal(taken.find(({ event }) => event === "connected").eventId, eventId);
    await stack.stop();
    await backend.stop();
  });

  it("does not keep calls waiting for an event that it does not take", async () => {
    const backend = await new WebhookServer((request) => (request.event === "Log" ? { status: 500 } : ANSWERS[request.event]?.(request))).start();
    const stack = await startStack("--upstream-url", backend.url, "--set", "UPSTREAM_TIMEOUT_SECONDS=5");
    const tab = await signedIn(stack, "gina");
    await tab.connection.send("Log");
    await backend.until(() => backend.of(tab.id).some(({ event }) => event === "Log"), "the event");
    assert.equal(await tab.invoke("Empty"), undefined);
    assert.equal(await tab.invoke("NoContent"), undefined);
    await tab.stop();
    await stack.stop();
    await backend.stop();
  });

  it("fails no client meanwhile", async () => {
    const stack = await startStack("--upstream-url", "http://127.0.0.1:1/");
    const tab = await signedIn(stack, "frank");
    await tab.connection.send("Log", "x");
    assert.equal(await tab.invoke("GetConnectionId"), tab.id);
    assert.deepEqual(tab.events, []);
    await tab.stop();
    await stack.stop();
  });
});

describe("a stack with a webhook that could be read on the way", () => {
  it("does not start", async () => {
    const { code, stderr } = await runToEnd("--port", "0", "--upstream-url", "http://backend.example/");
    assert.equal(code, 1);
    assert.match(stderr, /UPSTREAM_URL needs https in URL 1/);
  });
});
