// Many messages and many cuts, each at one of the next frames in either direction, before or after the frame: each
// message comes once and in order, and nobody sees a cut. `HUBCAST_CUTS=10000,500` is the long run.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { GRANTING, hears, sawNothing } from "../harness/cuts.js";
import { startStack } from "../harness/stack.js";
import { statefulTab } from "../harness/stateful.js";

const [messages, cuts] = (process.env.HUBCAST_CUTS ?? "600,30").split(",").map(Number);

/** Numbers from 0 to 1 that are the same for the same seed. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a client with stateful reconnect that is cut at any frame", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack(...GRANTING);
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** Cuts at one of the next frames of the newest socket; the client calls until the frame has passed. */
  async function cutSomewhere(tab, next, results) {
    const { network } = tab;
    const wire = network.wires.at(-1);
    let left = Math.floor(next() * 4);
    const isIt = (event) => event.wire === wire && event.kind === "frame" && left-- === 0;
    const wasCut = network.next(isIt, { cut: next() < 0.5 ? "before" : "after", by: next() < 0.5 ? "rst" : "fin" });
    while (wire.isOpen) results.add(await tab.invoke("GetConnectionId"));
    await wasCut();
    await network.until(() => network.wires.at(-1) !== wire, "the next socket");
  }

  const seed = Date.now() % 100_000;
  it(`hears ${messages} messages once and in order across ${cuts} cuts (seed ${seed})`, async () => {
    const tab = await statefulTab(stack, "alice");
    const next = random(seed);
    const results = new Set();
    for (let cut = 0, sent = 0; cut < cuts; cut += 1) {
      const upTo = Math.ceil((messages * (cut + 1)) / cuts);
      const batch = Array.from({ length: upTo - sent }, (_, at) => sent + at);
      await backend.send(batch.map((number) => ({ userId: "alice", target: "notify", arguments: [number] })));
      sent = upTo;
      await cutSomewhere(tab, next, results);
    }
    await hears(tab, Array.from({ length: messages }, (_, number) => number));
    sawNothing(tab);
    assert.deepEqual([...results], [tab.firstId]);
    assert.ok(tab.network.wires.length > cuts);
    await tab.leave();
  });
});
