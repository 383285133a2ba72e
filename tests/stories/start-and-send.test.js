// What is sent as soon as start() has resolved, as apps do that add a new connection to its groups.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { client } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

/**
 * HUBCAST_ROUNDS=1000 plays more. The stack takes most of the time, since it is built without optimisation;
 * HUBCAST_LOCAL names another build.
 */
const ROUNDS = Number(process.env.HUBCAST_ROUNDS ?? 200);
const AT_ONCE = 20;

describeEachWay("what is sent right after start()", ({ way, Publisher }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(async () => {
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  /** A message for each audience that the client is in, and for each group that it is put into. */
  function envelopes(round, connectionId) {
    const userId = `user-${round}`;
    const groups = ["token", "connection", "user"].map((kind) => `${kind}-${round}`);
    const audiences = [{ connectionId }, { userId }, {}, ...groups.map((groupName) => ({ groupName }))];
    return [
      { action: "add", connectionId, groupName: groups[1] },
      { action: "add", userId, groupName: groups[2] },
      ...audiences.map((audience, at) => ({ ...audience, target: "notify", arguments: [round, at] })),
    ];
  }

  /** By SQS an `add` is in order with what follows in its message group. */
  async function sendInOrder(all, group) {
    for (const envelope of all) await backend.send(envelope, { group });
  }

  /** By REST an `add` is done when it is answered. */
  async function sendAtOnce(all) {
    for (const isWanted of [({ action }) => action, ({ action }) => !action]) {
      await Promise.all(all.filter(isWanted).map((envelope) => backend.send(envelope)));
    }
  }

  async function play(round) {
    const token = () => stack.token(`user-${round}`, { groups: [`token-${round}`] });
    const tab = await client({ url: `${stack.url}/hubs/notifications`, token }).start();
    const all = envelopes(round, tab.id);
    await (way === "SQS" ? sendInOrder(all, `round-${round}`) : sendAtOnce(all));
    const heard = () => new Set(tab.received("notify").filter(([of]) => of === round).map(([, at]) => at));
    const expected = all.filter(({ target }) => target).length;
    await tab.until(() => heard().size === expected, `${expected} messages of round ${round}; ${[...heard()]} came`);
    await tab.stop();
  }

  it(`arrives, ${ROUNDS} times with ${AT_ONCE} clients at once`, async () => {
    let next = 0;
    const player = async () => {
      while (next < ROUNDS) await play(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, player));
  });
});
