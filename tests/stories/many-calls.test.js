// A client that calls its backend hundreds of times at once, as .NET does when nobody awaits: in one frame.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { frameOf, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const RS = "\x1e";
const COUNT = 400;

describe("a backend with a webhook that is called hundreds of times at once", () => {
  let stack, backend;
  before(async () => {
    backend = await new WebhookServer(({ body }) => {
      const [n] = JSON.parse(body).arguments ?? [];
      return { body: JSON.stringify({ type: 3, invocationId: "any", result: n * 2 }) + RS };
    }).start();
    stack = await startStack("--upstream-url", JSON.stringify([{ urlTemplate: `${backend.url}/{event}` }]));
  });
  after(async () => {
    const { logs } = stack;
    await stack.stop();
    await backend.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  it("answers each call of one frame, and hears the calls in their order", async () => {
    const socket = await ready(stack, "one-frame");
    const call = (n) => ({ type: 1, invocationId: String(n), target: "Double", arguments: [n] });
    socket.send(frameOf(...Array.from({ length: COUNT }, (_, n) => call(n))));
    const done = () => socket.records.filter(({ type }) => type === 3);
    await socket.until(() => done().length >= COUNT, `${COUNT} completions`, 40_000);
    const results = new Map(done().map(({ invocationId, result }) => [invocationId, result]));
    assert.deepEqual(results, new Map(Array.from({ length: COUNT }, (_, n) => [String(n), n * 2])));
    assert.equal(done().length, COUNT);
    const heard = backend.requests.filter(({ event }) => event === "Double");
    assert.deepEqual(heard.map(({ body }) => JSON.parse(body).arguments[0]), Array.from({ length: COUNT }, (_, n) => n));
    await socket.close();
  });
});
