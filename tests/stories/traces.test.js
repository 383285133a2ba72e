// A backend's trace goes on through hubcast, from its message to the lines of the log and to the webhook.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { Cli } from "../harness/cli.js";
import { signedIn } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const trace = (flags = "01") => `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-${flags}`;
const idOf = (traceparent) => traceparent.split("-")[1];

describe("a trace", { concurrency: true }, () => {
  let stack, webhook, backend, rest, cli;
  before(async () => {
    webhook = await new WebhookServer().start();
    stack = await startStack("--upstream-url", `${webhook.url}/events`, "--set", "FANOUT_DIRECT_MAX=3");
    [backend, rest, cli] = [new Backend(stack), new Rest(stack), new Cli(stack)];
  });
  after(async () => {
    await stack.stop();
    await webhook.stop();
  });

  const header = (request) => Object.fromEntries(request.headers).traceparent;
  const send = (envelope, traceparent) =>
    backend.sendBody(JSON.stringify(envelope), { group: backend.group(envelope), attributes: { traceparent } });
  /** The ids of the trace in the lines of the publisher about a message, once it has its fate. */
  const traced = async (id, fate) => {
    const { timeline } = await cli.why(fate, "--message", id);
    const own = timeline.filter(({ step }) => !["closed", "closing"].includes(step));
    return own.map(({ function: name, step, fields }) => `${name} ${step} ${fields.trace_id ?? "none"}`);
  };

  it("of a message by SQS stands in its lines", async () => {
    const tab = await signedIn(stack, "alice");
    const own = trace();
    const { MessageId: id } = await send({ userId: "alice", target: "notify", arguments: [] }, own);
    assert.deepEqual(await traced(id, /^Reached 1/), [`publisher delivered ${idOf(own)}`]);
    await tab.stop();
  });

  it("of a call by REST stands in the lines of both functions", async () => {
    const tab = await signedIn(stack, "bob");
    const own = trace("00");
    const { headers } = await rest.call("POST", "/users/bob/:send", { body: Rest.message("notify"), headers: { traceparent: own } });
    const lines = await traced(headers["x-hubcast-message-id"], /^Reached 1/);
    assert.deepEqual(lines, [`rest accepted ${idOf(own)}`, `publisher delivered ${idOf(own)}`]);
    await tab.stop();
  });

  it("goes on with the jobs of a big audience", async () => {
    const tabs = await Promise.all([1, 2, 3, 4, 5].map(() => signedIn(stack, "carol")));
    const own = trace();
    const { MessageId: id } = await send({ userId: "carol", target: "notify", arguments: [] }, own);
    const lines = await traced(id, /^Reached 5 connections by/);
    assert.ok(lines.length >= 2 && lines.every((line) => line.endsWith(idOf(own))), String(lines));
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  for (const way of ["SQS", "REST"]) {
    it(`of a log-out by ${way} reaches the webhook that hears of the end, and the request is signed`, async () => {
      const tab = await signedIn(stack, `dora-${way}`);
      const { id } = tab;
      await webhook.hears(id, 1);
      const own = trace();
      if (way === "SQS") await send({ action: "close", userId: `dora-${way}` }, own);
      else await rest.call("POST", `/users/dora-${way}/:closeConnections`, { headers: { traceparent: own } });
      const [started, ended] = await webhook.hears(id, 2);
      assert.deepEqual([started.event, header(started)], ["connected", undefined]);
      assert.deepEqual([ended.event, header(ended)], ["disconnected", own]);
      await tab.stop();
    });
  }

  it("is told by a dead letter, and goes on with its redrive", async () => {
    const own = trace();
    const { MessageId: id } = await send({ userId: "erin", target: "notify", typo: 1 }, own);
    assert.deepEqual(await traced(id, /^Rejected/), [`publisher rejected ${idOf(own)}`]);
    const listed = await cli.run("dlq", "list", "--json");
    const letters = listed.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    await cli.run("dlq", "redrive", letters.find(({ progressKey }) => progressKey.startsWith(id)).id, "--force");
    const { timeline } = await cli.why(/^Rejected/, "--message", id);
    assert.ok(timeline.every(({ fields }) => fields.trace_id === idOf(own)), JSON.stringify(timeline));
  });

  it("that is malformed counts as none, and refuses nothing", async () => {
    const tab = await signedIn(stack, "finn");
    const { id } = tab;
    for (const wrong of ["nonsense", `${trace()}-more`, trace().toUpperCase(), `00-${"0".repeat(32)}-${"1".repeat(16)}-01`]) {
      const { MessageId: message } = await send({ userId: "finn", target: "notify", arguments: [] }, wrong);
      assert.deepEqual(await traced(message, /^Reached 1/), ["publisher delivered none"], wrong);
    }
    await send({ action: "close", userId: "finn" }, "nonsense");
    const [, ended] = await webhook.hears(id, 2);
    assert.equal(header(ended), undefined);
    await tab.stop();
  });
});
