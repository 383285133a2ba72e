// Measures what stateful reconnect costs on the local stack, beside clients without it: the time and the CPU of a
// message, the writes and frames that a message takes, a return beside a reconnect, and a broadcast.
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
  "without it": (at, user) => signedIn(at, user, { reconnect: [0, 100, 500, 2000] }),
  // Nothing of a client with it is cut but by its network.
  "with it": (at, user) => statefulTab(at, user, { network: at }),
};

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
  return { millis: performance.now() - begin, cpu: cpu() - before };
}

const each = (value, count) => (value / count).toFixed(2);

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
  console.log(
    `a message ${kind}: ${each(spent.millis, messages)} ms, ${each(spent.cpu, messages)} ms of CPU, ` +
      `${each(writes, messages)} writes, ${each(acks, messages)} acknowledgements`,
  );
  const returned = await measured(async () => {
    for (let cut = 1; cut <= cuts; cut += 1) {
      network.wires.at(-1).cut();
      // Both ways are over when a call is answered.
      if (kind === "without it") await tab.returns(cut);
      else await tab.invoke("GetConnectionId");
    }
  });
  console.log(`a return ${kind}: ${each(returned.millis, cuts)} ms, ${each(returned.cpu, cuts)} ms of CPU`);
  await tab.stop();
  await network.stop();
}

for (const [kind, start] of Object.entries(kinds)) {
  const tabs = [];
  while (tabs.length < connections) {
    const batch = Array.from({ length: Math.min(CONNECTING_AT_ONCE, connections - tabs.length) }, (_, at) =>
      start(stack, `user-${tabs.length + at}`),
    );
    tabs.push(...(await Promise.all(batch)));
  }
  const spent = await measured(async () => {
    await backend.send({ everyone: true, target: "notify", arguments: [1] });
    await Promise.all(tabs.map((tab) => tab.receives("notify")));
  });
  console.log(`a message to ${connections} connections ${kind}: ${spent.millis.toFixed(0)} ms, ${spent.cpu} ms of CPU`);
  await Promise.all(tabs.map((tab) => tab.stop()));
}
await stack.stop();
