// How long a webhook may take, where it is, streams that nobody hears any more, and why connections end.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { counts } from "../harness/counts.js";
import { frameOf, ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";
import { WebhookServer } from "../harness/webhook.js";

const RS = "\x1e";
const completion = (result) => ({ body: JSON.stringify({ type: 3, invocationId: "any", result }) + RS });
const set = (variables) => Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);

/** An endpoint whose method `Hang` ends when the endpoint does; the others answer as `answers` say. */
async function endpoint(answers = {}) {
  let release;
  const end = new Promise((resolve) => (release = resolve));
  const server = await new WebhookServer((request) => (request.event === "Hang" ? end : answers[request.event]?.(request))).start();
  return { server, stop: () => (release(), server.stop()) };
}

describe("the time limits of a call", () => {
  it("let a receiver tell that its client did not answer, and the receiver's end before the client's", async () => {
    let rest;
    const ask = async ({ connectionId }) => {
      const body = JSON.stringify({ target: "neverAnswered", arguments: [] });
      const { status } = await rest.call("POST", `/connections/${connectionId}/:invoke`, { body });
      return completion(status);
    };
    const { server, stop } = await endpoint({ Ask: ask });
    const limits = { INVOKE_TIMEOUT_SECONDS: 1, UPSTREAM_ATTEMPT_SECONDS: 3, UPSTREAM_TIMEOUT_SECONDS: 20 };
    const stack = await startStack("--upstream-url", server.url, ...set(limits));
    rest = new Rest(stack);
    const tab = await signedIn(stack, "ida");
    tab.connection.on("neverAnswered", () => new Promise(() => {}));
    assert.equal(await tab.invoke("Ask"), 424);
    await assert.rejects(tab.invoke("Hang"), { message: "Invoking 'Hang' was not answered in time." });
    assert.equal(await tab.invoke("Other"), undefined);
    await tab.stop();
    await stop();
    await stack.stop();
  });

  it("end a call when the client has waited long enough, though the receiver still has time", async () => {
    const { server, stop } = await endpoint();
    const limits = { UPSTREAM_ATTEMPT_SECONDS: 25, UPSTREAM_TIMEOUT_SECONDS: 1 };
    const stack = await startStack("--upstream-url", server.url, ...set(limits));
    const tab = await signedIn(stack, "jo");
    await assert.rejects(tab.invoke("Hang"), { message: "Invoking 'Hang' was not answered in time." });
    await tab.stop();
    await stop();
    await stack.stop();
  });
});

describe("a webhook that is elsewhere", () => {
  it("is logged and counted with its place, and its clients get the status", async () => {
    const moved = ({ event }) => (event === "connected" ? { status: 200 } : { status: 307, headers: { location: "https://app.example/hook?code=secret" } });
    const backend = await new WebhookServer(moved).start();
    const stack = await startStack("--upstream-url", backend.url);
    const tab = await signedIn(stack, "kim");
    await assert.rejects(tab.invoke("Add", 1), { message: "Invocation failed, status code 307" });
    const { wrongAddress } = await counts(stack, ({ wrongAddress }) => wrongAddress);
    assert.deepEqual(wrongAddress, { status: 307, location: "https://app.example/hook", times: 1 });
    assert.match(stack.logs, /no endpoint is at the upstream URL: set the exact address/);
    assert.ok(stack.logs.includes("https://app.example/hook") && !stack.logs.includes("secret"));
    await tab.stop();
    await stack.stop();
    await backend.stop();
  });
});

describe("a stream over a webhook", () => {
  let stack, backend, rest;
  before(async () => {
    backend = await new WebhookServer().start();
    stack = await startStack("--upstream-url", backend.url);
    rest = new Rest(stack);
  });
  after(async () => {
    await stack.stop();
    await backend.stop();
  });

  /** Asks for a stream; answers its subscription, its items and where its items go. */
  async function streaming(tab) {
    const items = [];
    const subscription = tab.connection.stream("Count").subscribe({ next: (item) => items.push(item), complete() {}, error() {} });
    const heard = () => backend.of(tab.id).find(({ event }) => event === "Count");
    await backend.until(heard, "the stream");
    const { invocationId } = JSON.parse(heard().body);
    const send = (body) => rest.call("POST", `/connections/${tab.id}/streams/${invocationId}/:send`, { body });
    return { subscription, items, invocationId, send };
  }

  it("that its client cancels is told, and takes no more items", async () => {
    const tab = await signedIn(stack, "lea");
    const { subscription, invocationId, send } = await streaming(tab);
    assert.equal((await send("1")).status, 202);
    subscription.dispose();
    const isCancelled = ({ event }) => event === "cancelled";
    await backend.until(() => backend.of(tab.id).some(isCancelled), "the cancellation");
    const told = backend.of(tab.id).find(isCancelled);
    assert.deepEqual([JSON.parse(told.body), told.category], [{ type: 5, invocationId }, "messages"]);
    const { status, headers } = await send("2");
    assert.deepEqual([status, headers["x-ms-error-code"]], [404, "Error.Stream.NotExisted"]);
    await tab.stop();
  });

  it("whose client is gone is told as cancelled before the end, and takes no more items", async () => {
    const tab = await signedIn(stack, "max");
    const { invocationId, send } = await streaming(tab);
    const { id } = tab;
    await tab.stop();
    await backend.until(() => backend.of(id).some(({ event }) => event === "disconnected"), "the end");
    const [, , cancelled, disconnected] = backend.of(id);
    assert.deepEqual([cancelled.event, disconnected.event], ["cancelled", "disconnected"]);
    assert.deepEqual(JSON.parse(cancelled.body), { type: 5, invocationId });
    const { status, headers } = await send("1");
    assert.deepEqual([status, headers["x-ms-error-code"]], [404, "Error.Connection.NotExisted"]);
  });
});

describe("the end of a connection", () => {
  let stack, backend;
  before(async () => {
    backend = await new WebhookServer().start();
    stack = await startStack("--upstream-url", backend.url, "--idle-timeout-seconds", "2");
  });
  after(async () => {
    await stack.stop();
    await backend.stop();
  });

  /** What the backend hears of the end of a connection. */
  async function told(id) {
    const isEnd = ({ event }) => event === "disconnected";
    await backend.until(() => backend.of(id).some(isEnd), "the end");
    return JSON.parse(backend.of(id).find(isEnd).body);
  }

  /** Says why, and goes once this is on record: API Gateway may tell of the end before it hands over the frame. */
  async function leaves(raw) {
    raw.send(frameOf({ type: 7, error: "out of memory" }));
    await rows(stack, (all) => all.some(({ sk, why }) => sk === "CLIENT" && why));
    await raw.close();
  }

  it("is told without a reason when its client stops", async () => {
    const tab = await signedIn(stack, "nora");
    const { id } = tab;
    await tab.stop();
    assert.deepEqual(await told(id), { type: 11 });
  });

  it("is told with the reason of the backend that closed it", async () => {
    const tab = await signedIn(stack, "olaf");
    const { id } = tab;
    await new Rest(stack).call("DELETE", `/connections/${id}`, { query: { reason: "Enough." } });
    assert.deepEqual(await told(id), { type: 11, error: "Enough." });
    await tab.stop();
  });

  it("is told with the client's own error, with hubcast's, and for a socket that was idle", async () => {
    const ends = [
      [leaves, /^The client said: out of memory$/],
      [(raw) => raw.send("nonsense" + RS), /^Connection closed with an error\./],
      [() => {}, /idle/],
    ];
    for (const [end, why] of ends) {
      const raw = await ready(stack, "paul");
      await backend.until(() => backend.requests.at(-1)?.event === "connected", "the beginning");
      const { connectionId } = backend.requests.at(-1);
      await end(raw);
      const { type, error } = await told(connectionId);
      assert.equal(type, 11);
      assert.match(error, why);
    }
  });
});
