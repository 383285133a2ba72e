// Clients with stateful reconnect on a deployment, beside what ../stories/stateful-*.test.js tell there: cuts by hubcast
// itself, ends, and what is left.
//
// MiniStack calls the end of a socket that was deleted the client's own (1005), which no line may take for one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { hears, sawNothing, steps } from "../harness/cuts.js";
import { refused } from "../harness/network.js";
import { startStack } from "../harness/stack.js";
import { statefulTab } from "../harness/stateful.js";
import { rows } from "../harness/table.js";

const CUTS_BY_HUBCAST = 10;

let stack, backend;
before(async () => {
  stack = await startStack();
  backend = new Backend(stack);
});
after(() => stack.stop());

const send = (userId, number) => backend.send({ userId, target: "notify", arguments: [number] });
const close = (userId, more) => backend.send({ userId, action: "close", reason: "That is all.", ...more });

/** Makes posts to a socket fail with a status, or succeed again without one. */
const fail = (socket, status) =>
  fetch(`${stack.url}/dev/fault`, { method: "POST", body: JSON.stringify({ socket, status }) });

const lineOf = (all, tab) => all.find(({ pk, sk }) => sk === "LINE" && pk === `SOCKET#${tab.firstId}`);
const isLive = (tab) => (all) => lineOf(all, tab)?.phase === "live";

/** A tab behind a network of its own, whose line is live. */
async function started(user, more) {
  const tab = await statefulTab(stack, user, more);
  assert.ok(tab.firstId.startsWith("~"), tab.firstId);
  await rows(stack, isLive(tab));
  return tab;
}

describe("a client with stateful reconnect on a deployment", () => {
  // Renewals cut in the same way; no socket here gets as old as that.
  it("sees nothing when hubcast cuts its sockets in doubt, ten times under load", async () => {
    const tab = await started("doubt");
    let sent = 0;
    for (let cut = 0; cut < CUTS_BY_HUBCAST; cut += 1) {
      const { socket } = lineOf(await rows(stack, isLive(tab)), tab);
      await fail(socket, 500);
      for (let n = 0; n < 3; n += 1) await send("doubt", (sent += 1));
      await tab.network.until(() => tab.network.wires.length === cut + 2, "the next socket");
      assert.equal(await tab.invoke("GetConnectionId"), tab.firstId);
      await tab.receives("notify", sent);
    }
    await fail();
    await hears(tab, Array.from({ length: sent }, (_, n) => n + 1));
    sawNothing(tab);
    await tab.leave();
  });

  it("comes back when only its side noticed the loss", async () => {
    const tab = await started("half-open", { settings: { keepAliveIntervalInMilliseconds: 1000 } });
    await send("half-open", 1);
    await hears(tab, [1]);
    tab.cut({ side: "near" });
    await send("half-open", 2);
    await hears(tab, [1, 2]);
    sawNothing(tab);
    await tab.leave();
  });

  it("is refused after a Close, and holds no socket", async () => {
    const tab = await started("closed");
    await close("closed");
    assert.match(await tab.meets("closed"), /That is all/);
    await tab.network.sees(refused);
    await tab.network.until(() => tab.network.open.length === 0, "the end of all sockets");
    await tab.leave();
  });

  it("is let in no more when its user was logged out while it was away", async () => {
    const token = await stack.token("out");
    const tab = await started("out", { token: () => token });
    const tries = tab.network.next(steps.upgrade, { hold: true });
    tab.cut();
    await tries();
    await close("out");
    await rows(stack, (all) => lineOf(all, tab)?.phase === "ended");
    tab.network.wires.at(-1).release();
    await tab.network.sees(refused);
    await tab.meets("closed");
    await tab.leave();
  });

  it("leaves no rows when it does not come back in time", async () => {
    const tab = await started("lost");
    await tab.network.stop();
    tab.connection.stop();
    const isGone = (all) => all.every(({ pk, sk, socketId }) => sk === "LINE" || ![pk, socketId].some((it) => it?.includes(tab.firstId)));
    await rows(stack, (all) => lineOf(all, tab)?.phase === "ended" && isGone(all));
  });
});
