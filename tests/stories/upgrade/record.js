// Records what a build leaves in its table and in its queues, for upgrade.test.js.
//
//     git worktree add ../before COMMIT && (cd ../before && cargo build -p hubcast-local)
//     HUBCAST_LOCAL=../before/target/debug/hubcast-local node tests/stories/upgrade/record.js COMMIT
//
// Clients and backends use the stack of that build as they always do. Jobs, reminders and events go to queues that
// nobody works, so that they are there to be read. A second stack is throttled, so that it gives a message up: the
// letter and its progress are what a redrive goes on with.

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { Backend } from "../../harness/backend.js";
import { signedIn } from "../../harness/client.js";
import { poll } from "../../harness/poll.js";
import { startStack } from "../../harness/stack.js";

const HUB = "notifications";
const PARKED = { jobs: "hubcast-parked.fifo", reminders: "hubcast-parked" };
const KEPT_SECONDS = 3600;
/** The stage of the local stack. */
const STAGE = "local";
/** Clients that nobody answers do not give up. */
const PATIENT = { keepAliveIntervalInMilliseconds: 240_000, serverTimeoutInMilliseconds: 500_000 };

/** All rows, in the SDK's own form. */
async function rows(stack) {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const dynamodb = new DynamoDBClient({ endpoint: stack.url, region: "us-east-1", credentials });
  const { Items: items } = await dynamodb.send(new ScanCommand({ TableName: stack.table, ConsistentRead: true }));
  return items;
}

/** Takes `count` messages or more off a queue, as they are written there. */
async function messages(backend, name, count) {
  const QueueUrl = `${backend.stack.url}/000000000000/${name}`;
  const query = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 };
  const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
  const found = [];
  const take = async () => {
    const { Messages: more = [] } = await backend.sqs.send(new ReceiveMessageCommand({ ...query, ...all }));
    // A message in flight holds the next of its message group.
    for (const { ReceiptHandle } of more) await backend.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    return found.push(...more);
  };
  await poll(take, (taken) => taken >= count, (taken) => `${taken} of ${count} messages came to ${name}`);
  return found.map(({ Body: body, Attributes, MessageAttributes = {} }) => {
    const attributes = Object.fromEntries(Object.entries(MessageAttributes).map(([key, { StringValue }]) => [key, StringValue]));
    return { group: Attributes.MessageGroupId, body, attributes };
  });
}

const notify = (to, text, more = {}) => ({ ...to, target: "notify", arguments: [text], ...more });

/** Everything that backends may ask for, to and of people who are there and people who are not. */
async function ask(backend) {
  const alice = { userId: "alice" };
  await backend.send([
    { action: "add", ...alice, groupName: "staff" },
    { action: "remove", ...alice, groupName: "former" },
    notify(alice, "of alice", { retain: "role" }),
  ]);
  for (const groupName of ["staff", "by-token"]) await backend.send(notify({ groupName }, `of ${groupName}`, { retain: "flags" }));
  await backend.send({ action: "add", userId: "frank", groupName: "staff" });
  await backend.send({ action: "block", userId: "carol" });
  await backend.send({ action: "close", userId: "dave" });
  for (const text of ["first", "second"]) await backend.send(notify({ userId: "erin" }, text, { keepSeconds: KEPT_SECONDS }));
  await backend.send({ usrId: "alice", target: "notify" });
}

/** What a deployment in use holds: open connections, memberships, retained values, inboxes, jobs, calls, letters. */
async function inUse() {
  // The path alone says which queue.
  const queue = (name) => `http://127.0.0.1/000000000000/${name}`;
  const variables = {
    DELIVERIES_QUEUE_URL: queue(PARKED.jobs),
    TIMERS_QUEUE_URL: queue(PARKED.reminders),
    FANOUT_DIRECT_MAX: 1,
    UPSTREAM_TIMEOUT_SECONDS: 1,
    UPSTREAM_CLAIMS: "tier",
    MAX_CONNECTIONS_PER_USER: 5,
  };
  const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const stack = await startStack("--upstream", "--client-joinable-groups", "*", ...set);
  const backend = new Backend(stack);
  const made = { FifoQueue: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
  await backend.sqs.send(new CreateQueueCommand({ QueueName: PARKED.jobs, Attributes: made }));
  await backend.sqs.send(new CreateQueueCommand({ QueueName: PARKED.reminders }));

  const claims = { tier: "gold" };
  const alice = await signedIn(stack, "alice", { token: () => stack.token("alice", { groups: ["by-token"], claims }) });
  const frank = await signedIn(stack, "frank");
  await ask(backend);
  await backend.quiet();
  await alice.invoke("JoinGroup", "by-client");
  await backend.send(notify({ groupName: "staff" }, "by a job"));
  // Nobody answers, nor reminds.
  alice.invoke("Add", 1, 2).catch(() => undefined);
  const queues = {
    deliveries: await messages(backend, PARKED.jobs, 1),
    timers: await messages(backend, PARKED.reminders, 1),
    // Two who came, and a call.
    upstream: await messages(backend, "hubcast-upstream.fifo", 3),
    dlq: await messages(backend, "hubcast-dlq.fifo", 1),
  };
  const recording = { rows: await rows(stack), queues };
  await Promise.all([alice, frank].map((tab) => tab.stop()));
  await stack.stop();
  return recording;
}

/** A management API that hands on to a stack's own, until `isThrottling`. */
class Management {
  isThrottling = false;

  async start() {
    this.server = createServer((request, response) => this.#answer(request, response)).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}/${STAGE}`;
    return this;
  }

  async #answer(request, response) {
    const { method, url, headers } = request;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (this.isThrottling) return response.writeHead(429, { "x-amzn-errortype": "LimitExceededException" }).end("{}");
    const body = method === "POST" ? Buffer.concat(chunks) : undefined;
    const { "content-type": type } = headers;
    const answer = await fetch(`${this.stack.url}${url}`, { method, body, headers: type ? { "content-type": type } : {} });
    const kind = answer.headers.get("x-amzn-errortype");
    response.writeHead(answer.status, kind ? { "x-amzn-errortype": kind } : {}).end(await answer.text());
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** What is left of a message that was given up, since no post of it arrived. */
async function givenUp() {
  const management = await new Management().start();
  const variables = { MANAGEMENT_ENDPOINT: management.url, MAX_AGE: 1, FANOUT_RETRY_MS: 0 };
  const stack = await startStack(...Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]));
  management.stack = stack;
  const backend = new Backend(stack);
  const tab = await signedIn(stack, "gina", { settings: PATIENT });
  management.isThrottling = true;
  await backend.send(notify({ userId: "gina" }, "to one tab only"));
  const dlq = await messages(backend, "hubcast-dlq.fifo", 1);
  const progress = (await rows(stack)).filter(({ pk }) => pk.S.startsWith("PROGRESS#"));
  await tab.stop();
  await stack.stop();
  management.stop();
  return { rows: progress, queues: { dlq } };
}

const [commit] = process.argv.slice(2);
if (!commit || !process.env.HUBCAST_LOCAL) throw new Error("name a commit, and its hubcast-local in HUBCAST_LOCAL");
const [used, left] = [await inUse(), await givenUp()];
const recorded = {
  commit,
  hub: HUB,
  recordedAt: Date.now(),
  rows: [...used.rows, ...left.rows],
  queues: { ...used.queues, dlq: [...used.queues.dlq, ...left.queues.dlq] },
};
const path = new URL(`${commit}.json`, import.meta.url);
await writeFile(path, `${JSON.stringify(recorded, null, 1)}\n`);
console.log(`${recorded.rows.length} rows, and messages: ${Object.entries(recorded.queues).map(([name, all]) => `${name} ${all.length}`).join(", ")}`);
