// Clients that call backends: by the upstream queue, and back by an envelope.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { connected, frameOf, HANDSHAKE, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";
import { UpstreamBackend } from "../harness/upstream.js";

const ANSWERS = {
  Add: ({ arguments: [a, b] }) => ({ result: a + b }),
  Nothing: () => ({}),
  Refuse: () => ({ error: "not today" }),
  Null: () => ({ result: null }),
};

const names = (events) => events.map(({ event }) => event);

describe("a client that calls backends", () => {
  let stack, backend;
  before(async () => {
    const flags = ["UPSTREAM_TIMEOUT_SECONDS=2", "UPSTREAM_CLAIMS=tier,roles"];
    stack = await startStack("--upstream", ...flags.flatMap((flag) => ["--set", flag]));
    backend = new UpstreamBackend(stack, (event) => ANSWERS[event.target]?.(event));
  });
  after(async () => {
    await backend.stop();
    await stack.stop();
  });

  for (const version of Object.keys(versions)) {
    it(`gets what they answer (client ${version})`, async () => {
      const tab = await signedIn(stack, "alice", { version });
      assert.equal(await tab.invoke("Add", 1, 2), 3);
      assert.equal(await tab.invoke("Nothing"), undefined);
      assert.equal(await tab.invoke("Null"), null);
      await assert.rejects(tab.invoke("Refuse"), { message: "not today" });
      assert.equal(await tab.invoke("getConnectionId"), tab.id);
      await tab.stop();
    });

    it(`is told when they do not answer in time, and stays connected (client ${version})`, async () => {
      const tab = await signedIn(stack, "alice", { version });
      const late = tab.invoke("Silence");
      await assert.rejects(late, { message: "Invoking 'Silence' was not answered in time." });
      const call = backend.of(tab.id).find(({ event }) => event === "Silence");
      await backend.complete(call, { result: "too late" });
      assert.equal(await tab.invoke("Add", 20, 22), 42);
      assert.deepEqual(tab.events, []);
      await tab.stop();
    });
  }

  it("is known to them by its hub, user, claims and query, and by nothing secret", async () => {
    const token = () => stack.token("älice", { claims: { tier: "gold", roles: ["a", "b"], other: "x" } });
    const url = `${stack.url}/hubs/notifications?device=phone%201&device=2`;
    const tab = await client({ url, token }).ready();
    const { id } = tab;
    await tab.invoke("Add", 1, 2);
    await tab.stop();
    const events = await backend.hears(id, 3);
    assert.deepEqual(names(events), ["connected", "Add", "disconnected"]);
    for (const { hub, connectionId, userId, claims, query, group, body } of events) {
      assert.deepEqual([hub, connectionId, userId], ["notifications", id, "älice"]);
      const { tier, roles, other } = claims;
      assert.deepEqual({ tier, roles, other }, { tier: ["gold"], roles: ["a", "b"], other: undefined });
      assert.deepEqual(query, { hub: ["notifications"], device: ["phone 1", "2"] });
      assert.equal(group, `notifications:connection:${id}`);
      assert.doesNotMatch(body, /access_token|eyJ/);
    }
    assert.equal(new Set(events.map(({ eventId }) => eventId)).size, 3);
    for (const { eventId, deduplicationId } of events) assert.equal(eventId, deduplicationId);
  });

  it("has its arguments passed byte for byte, without its headers", async () => {
    const raw = await ready(stack, "raw");
    const args = '[1.0,1e3, {"z":1,"a":"\\u00e9\uffff"} ]';
    const headers = '{"Authorization":"Bearer secret"}';
    raw.send(`{"arguments":${args},"target":"Bytes","headers":${headers},"type":1}\x1e`);
    raw.send(frameOf({ type: 1, target: "GetConnectionId", arguments: [], invocationId: "0" }));
    const [{ result: connectionId }] = await raw.hears(1);
    const [, { body, invocationId }] = await backend.hears(connectionId, 2);
    assert.ok(body.includes(`"arguments":${args.replace("\uffff", "\\uffff")}`), body);
    assert.ok(!body.includes("secret"));
    assert.equal(invocationId, undefined);
    raw.close();
  });

  it("has the calls of one frame told in their order", async () => {
    const raw = await ready(stack, "order");
    const calls = Array.from({ length: 20 }, (_, at) => `call-${at}`);
    raw.send(frameOf(...calls.map((target) => ({ type: 1, target, arguments: [] }))));
    const { connectionId } = await backend.first(({ userId }) => userId === "order", "the connection");
    assert.deepEqual(names(await backend.hears(connectionId, 21)), ["connected", ...calls]);
    raw.close();
  });

  it("gets one answer, however often they give it", async () => {
    const raw = await ready(stack, "raw");
    raw.send(frameOf({ type: 1, target: "Later", arguments: [], invocationId: "7" }));
    const call = await backend.first(({ event }) => event === "Later", "the call");
    for (const result of [1, 2, 3]) await backend.complete(call, { result });
    await backend.complete({ ...call, invocationId: "never-asked" }, { result: 4 });
    await backend.backend.send({ connectionId: call.connectionId, target: "notify", arguments: ["done"] });
    assert.deepEqual(await raw.receives("notify"), ["done"]);
    const completions = raw.records.filter(({ type }) => type === 3);
    assert.deepEqual(completions, [{ type: 3, invocationId: "7", result: 1 }]);
    raw.close();
  });

  it("is told when they do not end a stream in time", async () => {
    const tab = await signedIn(stack, "alice");
    await assert.rejects(streamed(tab, "Silence", []), { message: "Invoking 'Silence' was not answered in time." });
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });
});

/** Streams a method into `items`; resolves at its end. */
const streamed = (tab, method, items) =>
  new Promise((complete, error) => tab.connection.stream(method, 1).subscribe({ next: (item) => items.push(item), complete, error }));

describe("a client that streams from backends", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream");
    backend = new UpstreamBackend(stack, () => undefined);
  });
  after(async () => {
    await backend.stop();
    await stack.stop();
  });

  it("gets every item, in order, until they end it", async () => {
    const tab = await signedIn(stack, "alice");
    const items = [];
    const counted = streamed(tab, "Count", items);
    const call = await backend.first(({ event }) => event === "Count", "the call");
    assert.equal(call.stream, true);
    for (const item of [1, 2, 3]) await backend.complete(call, { item });
    await backend.complete(call, {});
    await counted;
    assert.deepEqual(items, [1, 2, 3]);
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });
});

describe("connections, as backends hear of them", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream");
    backend = new UpstreamBackend(stack);
  });
  after(async () => {
    await backend.stop();
    await stack.stop();
  });

  /** Nothing more comes of a connection: a later connection's events follow none of it. */
  async function inTheEnd(connectionId, expected) {
    await backend.hears(connectionId, expected.length);
    const fence = await signedIn(stack, "fence");
    const { id } = fence;
    await fence.stop();
    await backend.hears(id, 2);
    assert.deepEqual(names(backend.of(connectionId)), expected);
    await rows(stack, (all) => !all.some((row) => row.sk === "CLIENT"));
  }

  it("end once when their client stops", async () => {
    const tab = await signedIn(stack, "alice");
    const { id } = tab;
    await tab.stop();
    await inTheEnd(id, ["connected", "disconnected"]);
  });

  it("end once when the network drops them and a message finds them gone", async () => {
    const raw = await ready(stack, "bob");
    const { connectionId } = await backend.first(({ userId }) => userId === "bob", "bob");
    raw.destroy();
    await backend.backend.send({ userId: "bob", target: "notify" });
    await inTheEnd(connectionId, ["connected", "disconnected"]);
  });

  it("end once when their user is logged out", async () => {
    const tabs = await Promise.all([1, 2].map(() => signedIn(stack, "carol")));
    const ids = tabs.map((tab) => tab.id);
    await backend.backend.send({ action: "close", userId: "carol" });
    for (const id of ids) await inTheEnd(id, ["connected", "disconnected"]);
  });

  it("are not heard of before their handshake", async () => {
    const raw = await connected(stack, "dave");
    await rows(stack, (all) => all.some((row) => row.sk === "CLIENT" && row.userId === "dave"));
    await raw.close();
    const late = await connected(stack, "erin");
    late.send(HANDSHAKE);
    const { connectionId } = await backend.first(({ userId }) => userId === "erin", "erin");
    await late.close();
    await inTheEnd(connectionId, ["connected", "disconnected"]);
    assert.equal(backend.events.find(({ userId }) => userId === "dave"), undefined);
  });
});

describe("an event that no backend ever takes", () => {
  /** The queue's maxReceiveCount, where no function calls endpoints. */
  const TRIES = 70;
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** Receives the next event, and leaves it in the queue or not. A poll that finds a dead letter is empty. */
  const receive = async (queue, isTaken, polls = 20) => {
    const QueueUrl = stack.queue(queue);
    const how = { MaxNumberOfMessages: 1, VisibilityTimeout: isTaken ? 30 : 0, WaitTimeSeconds: 1 };
    const { Messages: [message] = [] } = await backend.sqs.send(new ReceiveMessageCommand({ QueueUrl, ...how }));
    if (!message) return polls > 0 ? receive(queue, isTaken, polls - 1) : assert.fail(`nothing came to ${queue}`);
    if (isTaken) await backend.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    return JSON.parse(message.Body);
  };

  it("is a dead letter after seventy tries, and those behind it come in their order", async () => {
    const raw = await ready(stack, "alice");
    const calls = ["first", "second"].map((target) => ({ type: 1, target, arguments: [] }));
    raw.send(frameOf(...calls, { type: 1, target: "GetConnectionId", arguments: [], invocationId: "0" }));
    await raw.hears(1);
    await raw.close();
    const tried = [];
    for (let tries = 0; tries < TRIES; tries += 1) tried.push(await receive("upstream", false));
    const taken = [];
    for (let times = 0; times < 3; times += 1) taken.push(await receive("upstream", true));
    assert.deepEqual(names(tried), Array(TRIES).fill("connected"));
    assert.deepEqual(names(taken), ["first", "second", "disconnected"]);
    assert.deepEqual(await receive("upstream-dlq", true), tried[0]);
    assert.equal(await backend.depth(stack.queue("upstream")), 0);
  });
});

describe("a stack without a way to backends", () => {
  it("knows no method but its own, and has no queue for others", async () => {
    const stack = await startStack();
    const tab = await signedIn(stack, "alice");
    await assert.rejects(tab.invoke("Add", 1, 2), { message: "Unknown hub method 'Add'" });
    const backend = new UpstreamBackend(stack);
    await assert.rejects(backend.stop(), { name: "QueueDoesNotExist" });
    assert.equal((await rows(stack)).find((row) => row.sk === "CLIENT"), undefined);
    await tab.stop();
    await stack.stop();
  });
});
