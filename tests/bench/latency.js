// Measures the local stack: start-up, memory, and the time from SQS SendMessage to client callback.
//
//   node bench/latency.js [connections] [rounds]
//
// Build the stack first (`make bench` does). Figures are for comparison on one machine, not for a test.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const TABS = 5;
const connections = Number(process.argv[2] ?? 2500);
const rounds = Number(process.argv[3] ?? 200);
const CONNECTING_AT_ONCE = 50;

function percentiles(millis) {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${sorted.at(-1).toFixed(1)} ms`;
}

function residentMiB(pid) {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(kib) / 1024).toFixed(0);
}

async function startUps(times) {
  const millis = [];
  for (let n = 0; n < times; n++) {
    const begin = performance.now();
    const stack = await startStack();
    millis.push(performance.now() - begin);
    await stack.stop();
  }
  return percentiles(millis);
}

async function connectAll(stack) {
  const clients = [];
  for (let from = 0; from < connections; from += CONNECTING_AT_ONCE) {
    const batch = Array.from({ length: Math.min(CONNECTING_AT_ONCE, connections - from) }, (_, n) =>
      signedIn(stack, `user-${Math.floor((from + n) / TABS)}`),
    );
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}

/** Sends once and waits for all receivers; answers the time to each. */
async function round(send, receivers) {
  const begin = performance.now();
  const arrivals = receivers.map((client) => {
    client.calls = [];
    return client.receives("notify").then(() => performance.now() - begin);
  });
  await send();
  return Promise.all(arrivals);
}

console.log(`start-up: ${await startUps(10)}`);
const stack = await startStack();
console.log(`memory when idle: ${residentMiB(stack.pid)} MiB`);
const backend = new Backend(stack);
const begin = performance.now();
const clients = await connectAll(stack);
const seconds = (performance.now() - begin) / 1000;
console.log(`${clients.length} connections in ${seconds.toFixed(1)} s; memory then: ${residentMiB(stack.pid)} MiB`);

const toUser = [];
for (let n = 0; n < rounds; n++) {
  const user = (n * 7919) % Math.ceil(connections / TABS);
  const tabs = clients.slice(user * TABS, (user + 1) * TABS);
  const send = () => backend.send({ userId: `user-${user}`, target: "notify", arguments: [n] });
  toUser.push(...(await round(send, tabs)));
}
console.log(`to a user of ${TABS} tabs, each callback: ${percentiles(toUser)}`);

const toAll = [];
for (let n = 0; n < 10; n++) {
  toAll.push(...(await round(() => backend.send({ target: "notify", arguments: [n] }), clients)));
}
console.log(`to all ${clients.length}, each callback: ${percentiles(toAll)}`);
await Promise.all(clients.map((client) => client.stop()));
console.log(`stopped with exit code ${await stack.stop()}`);
await thereAndBack();

/** What an app with hub classes waits for. SignalR in one process, without hubcast, stands beside it. */
async function thereAndBack() {
  const webhook = await new WebhookServer(() => ({ body: JSON.stringify({ type: 3, invocationId: "any", result: 1 }) })).start();
  const stack = await startStack("--upstream-url", webhook.url);
  const tab = await signedIn(stack, "alice");
  tab.connection.on("ask", () => 1);
  const rest = new Rest(stack);
  const body = JSON.stringify({ target: "ask", arguments: [] });
  const ways = {
    "a client's call through a webhook (in one process: p50 0.6 ms, p99 3.6)": () => tab.invoke("Add", 1),
    "a client's result by :invoke (in one process: p50 0.5 ms, p99 2.8)": () => rest.call("POST", `/connections/${tab.id}/:invoke`, { body }),
  };
  for (const [name, way] of Object.entries(ways)) {
    const millis = [];
    for (let n = 0; n < rounds; n++) {
      const begin = performance.now();
      await way();
      millis.push(performance.now() - begin);
    }
    console.log(`${name}: ${percentiles(millis)}`);
  }
  await tab.stop();
  await stack.stop();
  await webhook.stop();
}
