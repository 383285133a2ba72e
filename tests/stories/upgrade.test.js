// An upgrade while people are connected: rows and messages of an earlier version meet this one.
//
// upgrade/c17a902.json is what the version of 2026-11-24 left in its table and its queues, as upgrade/record.js recorded
// it. Only the times are shifted, so that everything is as old as it was.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { randomUUID } from "node:crypto";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { copyRows, rows } from "../harness/table.js";
import { WebhookServer } from "../harness/webhook.js";

const YEAR_MILLIS = 366 * 24 * 3_600_000;
const recorded = JSON.parse(readFileSync(new URL("upgrade/c17a902.json", import.meta.url), "utf8"));
/** A record of a socket, as the earlier version wrote it. */
const socketRow = recorded.rows.find(({ sk }) => sk.S === "SOCKET");
const earlierIds = recorded.rows.filter(({ sk }) => sk.S === "SOCKET").map(({ pk }) => pk.S.replace("SOCKET#", ""));

const since = Date.now() - recorded.recordedAt;

/** The same number of seconds or milliseconds from now as it was from then; other numbers as they are. */
function shifted(number) {
  for (const unit of [1, 1000]) {
    if (Math.abs(number * unit - recorded.recordedAt) < YEAR_MILLIS) return Math.ceil((number * unit + since) / unit);
  }
  return number;
}

/** The body of a message as if it had been written as long ago as it was. */
const shiftedText = (body) =>
  body.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => new Date(Date.parse(time) + since).toISOString());

const shiftedRow = (row) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value.N ? { N: String(shifted(Number(value.N))) } : value]));

describe("an upgrade", () => {
  let stack, backend, endpoint;
  before(async () => {
    endpoint = await new WebhookServer().start();
    stack = await startStack("--upstream-url", endpoint.url, "--client-joinable-groups", "*");
    backend = new Backend(stack);
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const dynamodb = new DynamoDBClient({ endpoint: stack.url, region: "us-east-1", credentials });
    for (const row of recorded.rows) await dynamodb.send(new PutItemCommand({ TableName: stack.table, Item: shiftedRow(row) }));
  });
  after(async () => {
    await stack.stop();
    await endpoint.stop();
  });

  const heard = async (tab, count) => (await tab.receives("notify", count)).map(([text]) => text);

  /** Puts a message of before on the queue of this name. */
  const send = (queueUrl, { group, body, attributes }) =>
    backend.sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        ...(group && { MessageGroupId: group, MessageDeduplicationId: randomUUID() }),
        MessageBody: shiftedText(body),
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
        ),
      }),
    );

  it("meets every kind of row that the earlier version had", () => {
    const kinds = new Set(recorded.rows.map(({ pk, sk }) => (sk.S === "CLIENT" ? "CLIENT" : pk.S.split("#")[0])));
    const known = ["BLOCK", "CLAIM", "CLIENT", "CONFIG", "CONN", "GROUP", "HUB", "INBOX", "LATER", "MEMBER", "PENDING"];
    for (const kind of [...known, "PROGRESS", "RETAIN", "SOCKET", "USER"]) assert.ok(kinds.has(kind), kind);
  });

  it("tells endpoints what happened before, and ends the calls that waited", async () => {
    for (const event of recorded.queues.upstream) await send(stack.queue("upstream"), event);
    const calls = recorded.queues.upstream.map(({ body }) => JSON.parse(body)).filter(({ invocationId }) => invocationId);
    assert.equal(calls.length, 1);
    const [connected, call] = await endpoint.hears(calls[0].connectionId, 2);
    assert.deepEqual([connected.event, call.event], ["connected", "Add"]);
    const timers = stack.queue("timers").replace(".fifo", "");
    for (const reminder of recorded.queues.timers) await send(timers, reminder);
    await backend.quiet(timers);
    await rows(stack, (all) => all.filter(({ pk }) => pk.startsWith("PENDING#")).every(({ settledBy }) => settledBy));
  });

  it("brings what waited and what was retained, and keeps memberships, denials and blocks", async () => {
    const erin = await signedIn(stack, "erin");
    assert.deepEqual(await heard(erin, 2), ["first", "second"]);
    const alice = await signedIn(stack, "alice", { groups: ["former"] });
    assert.deepEqual((await heard(alice, 2)).sort(), ["of alice", "of staff"]);
    for (const groupName of ["former", "staff"]) await backend.send({ groupName, target: "notify", arguments: [`now ${groupName}`] });
    await backend.fence("notifications:group:former", alice);
    await backend.fence("notifications:group:staff", alice);
    assert.deepEqual((await heard(alice, 3)).slice(2), ["now staff"]);
    assert.equal(await negotiated("carol"), 403);
    assert.equal(await negotiated("dave"), 200);
    await Promise.all([alice, erin].map((tab) => tab.stop()));
  });

  /** How negotiation answers a user who has just logged in. */
  async function negotiated(user) {
    const headers = { Authorization: `Bearer ${await stack.token(user)}` };
    return (await fetch(`${stack.url}/hubs/notifications/negotiate?negotiateVersion=1`, { method: "POST", headers })).status;
  }

  it("keeps a connection that was opened before, until it leaves, and then leaves no row of it", async () => {
    const alice = await signedIn(stack, "alice");
    const known = (await heard(alice, 2)).length;
    // As the earlier version wrote the record of a socket.
    await copyRows(stack, (item) => {
      if (item.pk.S !== `SOCKET#${alice.id}` && item.connectionId?.S !== alice.id) return undefined;
      if (item.sk.S !== "SOCKET") return undefined;
      return Object.fromEntries(Object.entries(item).filter(([name]) => name in socketRow));
    });
    await backend.send({ userId: "alice", target: "notify", arguments: ["after"] });
    assert.equal((await heard(alice, known + 1)).at(-1), "after");
    const add = { action: "add", userId: "alice", groupName: "later" };
    await backend.send([add, { groupName: "later", target: "notify", arguments: ["to a new group"] }]);
    assert.equal((await heard(alice, known + 2)).at(-1), "to a new group");
    const id = await alice.ownId();
    await alice.stop();
    await rows(stack, (all) => !all.some((row) => row.connectionId === id));
  });

  it("works jobs that were enqueued before, once, and goes on with letters where they stood", async () => {
    const [alice, gina] = [await signedIn(stack, "alice"), await signedIn(stack, "gina")];
    const known = (await heard(alice, 2)).length;
    for (const job of [...recorded.queues.deliveries, ...recorded.queues.deliveries]) await send(stack.queue("deliveries"), job);
    const [bad, given] = recorded.queues.dlq;
    // Its progress says whose socket is left: that is gone, and everybody else had it.
    await send(stack.queueUrl, given);
    await backend.quiet(stack.queue("deliveries"));
    await backend.fence(given.group, alice, gina);
    await backend.fence("notifications:user:alice", alice);
    assert.deepEqual((await heard(alice, known + 1)).slice(known), ["by a job"]);
    assert.deepEqual(gina.received("notify"), []);
    await send(stack.queueUrl, bad);
    assert.equal((await backend.deadLetter()).RejectReason, bad.attributes.RejectReason);
    await Promise.all([alice, gina].map((tab) => tab.stop()));
  });

  it("forgets the connections that ended meanwhile", async () => {
    const tab = await signedIn(stack, "alice");
    await backend.send({ everyone: true, target: "notify", arguments: ["to all"] });
    await heard(tab, 3);
    await tab.stop();
    // What ends by its time, or says how far something is.
    const kept = ["TOKEN", "GRANT", "PENDING", "PROGRESS"];
    const names = (row, id) => JSON.stringify(row).includes(id) && !kept.includes(row.pk.split("#")[0]);
    await rows(stack, (all) => !all.some((row) => earlierIds.some((id) => names(row, id))));
  });
});
