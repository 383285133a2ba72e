// An upgrade while people are connected: rows and messages of an earlier version meet this one.
//
// upgrade/ holds what the version of 2026-11-24 (commit c17a902) wrote, by its serializers; times are filled in.

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

const recorded = (name) => readFileSync(new URL(`upgrade/${name}.json`, import.meta.url), "utf8");
const messages = JSON.parse(recorded("messages"));
const LIFETIME_MILLIS = 3_600_000;

/** The rows of the earlier version, alive for an hour. */
function rowsOfBefore() {
  const later = Date.now() + LIFETIME_MILLIS;
  const filled = recorded("rows").replaceAll("{LATER_MILLIS}", later).replaceAll("{LATER_SECONDS}", Math.ceil(later / 1000));
  return JSON.parse(filled);
}

describe("an upgrade", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const dynamodb = new DynamoDBClient({ endpoint: stack.url, region: "us-east-1", credentials });
    for (const Item of rowsOfBefore()) await dynamodb.send(new PutItemCommand({ TableName: stack.table, Item }));
  });
  after(() => stack.stop());

  const heard = async (tab, count) => (await tab.receives("notify", count)).map(([text]) => text);

  it("brings what waited and what was retained, and keeps memberships and blocks", async () => {
    const alice = await signedIn(stack, "alice");
    const first = await heard(alice, 3);
    assert.equal(first[0], "waited");
    assert.deepEqual(first.slice(1).sort(), ["of alice", "of staff"]);
    await backend.send({ groupName: "staff", target: "notify", arguments: ["now"] });
    assert.equal((await heard(alice, 4)).at(-1), "now");
    const token = await stack.token("carol");
    const { status } = await fetch(`${stack.url}/hubs/notifications/negotiate?negotiateVersion=1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(status, 403);
    await alice.stop();
  });

  it("keeps a connection that was opened before, until it leaves, and then leaves no row of it", async () => {
    const alice = await signedIn(stack, "alice");
    const known = (await heard(alice, 2)).length;
    // As the earlier version would have written the record of this socket.
    await copyRows(stack, (item) => {
      if (item.sk.S !== "SOCKET") return undefined;
      return Object.fromEntries(Object.entries(item).filter(([name]) => !messages["added since"].includes(name)));
    });
    await backend.send({ userId: "alice", target: "notify", arguments: ["after"] });
    assert.equal((await heard(alice, known + 1)).at(-1), "after");
    const add = { action: "add", userId: "alice", groupName: "later" };
    await backend.send([add, { groupName: "later", target: "notify", arguments: ["to a new group"] }]);
    assert.equal((await heard(alice, known + 2)).at(-1), "to a new group");
    assert.ok(await alice.ownId());
    await alice.stop();
    await rows(stack, (all) => !all.some(({ pk }) => pk.startsWith("SOCKET#") || pk.startsWith("USER#")));
  });

  it("works jobs that were enqueued before, once, and goes on with letters where they stood", async () => {
    const alice = await signedIn(stack, "alice");
    const known = (await heard(alice, 2)).length;
    const send = (QueueUrl, body, attributes = {}) =>
      backend.sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageGroupId: "notifications:user:alice",
          MessageDeduplicationId: randomUUID(),
          MessageBody: JSON.stringify(body),
          MessageAttributes: attributes,
        }),
      );
    for (let n = 0; n < 2; n++) await send(stack.queue("deliveries"), messages.job);
    // Its progress says that everybody has it.
    await send(stack.queueUrl, messages.letter, { ProgressKey: { DataType: "String", StringValue: "old-letter" } });
    await backend.quiet(stack.queue("deliveries"));
    await backend.fence("notifications:user:alice", alice);
    assert.deepEqual((await heard(alice, known + 1)).slice(known), ["by a job"]);
    await alice.stop();
  });
});
