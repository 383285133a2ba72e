// Measures what stateful reconnect costs on the local stack, beside clients without it: the time and the CPU of a
// message, the writes and frames that a message takes, a return beside a reconnect, and a broadcast. The last column
// is the ratio of the two, both measured in this run.
//
//   node bench/lines.js [messages] [cuts] [connections]
//
// Build the stack first (`make bench` does). Figures are for comparison on one machine, not for a test.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { GRANTING, steps } from "../harness/cuts.js";
import { startNetwork } from "../harness/network.js";
import { startStack } from "../harness/stack.js";
import { statefulTab } from "../harness/stateful.js";
import { rows } from "../harness/table.js";

const [messages, cuts, connections] = [500, 100, 10_000].map((usual, at) => Number(process.argv[2 + at] ?? usual));
const CONNECTING_AT_ONCE = 50;
/** The kernel counts CPU in hundredths of a second. */
const TICK_MS = 10;

const stack = await startStack(...GRANTING);
const backend = new Backend(stack);
const kinds = {
  "without it": (at, user, settings) => signedIn(at, user, { reconnect: [0, 100, 500, 2000], settings }),
  // Nothing of a client with it is cut but by its network.
  "with it": (at, user, settings) => statefulTab(at, user, { network: at, settings }),
};
/** Many clients ping seldom, so that their pings do not count as a part of the broadcast. */
const SELDOM = { keepAliveIntervalInMilliseconds: 240_000, serverTimeoutInMilliseconds: 500_000 };

/** The CPU that the stack has used, in milliseconds. */
function cpu() {
  const fields = readFileSync(`/proc/${stack.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** How often the record of the one line was written; 0 where there is none. */
async function revision() {
  const all = await rows(stack);
  return Math.max(0, ...all.filter(({ sk }) => sk === "LINE").map((row) => Number(row.revision)));
}

async function measured(act) {
  const [begin, before] = [performance.now(), cpu()];
  await act();
  return { ms: performance.now() - begin, "ms of CPU": cpu() - before };
}

/** What each kind of client took, by what was measured. */
const taken = new Map();

/** Notes what one of `count` took of everything in `spent`. */
function note(what, kind, spent, count = 1) {
  for (const [unit, value] of Object.entries(spent)) {
    const name = `${what}: ${unit}`;
    taken.set(name, { ...taken.get(name), [kind]: value / count });
  }
}

for (const [kind, start] of Object.entries(kinds)) {
  const network = await startNetwork(stack);
  const tab = await start(network, "single");
  const before = await revision();
  const spent = await measured(async () => {
    for (let n = 1; n <= messages; n += 1) {
      await backend.send({ userId: "single", target: "notify", arguments: [n] });
      await tab.receives("notify", n);
    }
  });
  const writes = (await revision()) - before;
  const acks = network.events.filter(steps.ack).length;
  note("a message", kind, { ...spent, "writes of the line": writes, acknowledgements: acks }, messages);
  const returned = await measured(async () => {
    for (let cut = 1; cut <= cuts; cut += 1) {
      network.wires.at(-1).cut();
      // Both ways are over when a call is answered.
      if (kind === "without it") await tab.returns(cut);
      else await tab.invoke("GetConnectionId");
    }
  });
  note("a return", kind, returned, cuts);
  await tab.stop();
  await network.stop();
}

for (const [kind, start] of Object.entries(kinds)) {
  const tabs = [];
  while (tabs.length < connections) {
    const batch = Array.from({ length: Math.min(CONNECTING_AT_ONCE, connections - tabs.length) }, (_, at) =>
      start(stack, `user-${tabs.length + at}`, SELDOM),
    );
    tabs.push(...(await Promise.all(batch)));
  }
  const spent = await measured(async () => {
    await backend.send({ everyone: true, target: "notify", arguments: [1] });
    await Promise.all(tabs.map((tab) => tab.receives("notify")));
  });
  note(`a message to ${connections} connections`, kind, spent);
  await Promise.all(tabs.map((tab) => tab.stop()));
}
await stack.stop();

const shown = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
console.log("| what | without it | with it | ratio |\n|---|---|---|---|");
for (const [what, { "without it": without, "with it": withIt }] of taken) {
  const ratio = without > 0 ? (withIt / without).toFixed(1) : "";
  console.log(`| ${what} | ${shown(without)} | ${shown(withIt)} | ${ratio} |`);
}
