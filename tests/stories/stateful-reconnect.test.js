// Clients with stateful reconnect miss nothing when their socket is cut, and notice nothing.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { accepted, down, refused, up, upgrade } from "../harness/network.js";
import { RS } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { statefulTab, statefulVersions } from "../harness/stateful.js";

const isCall = ({ type }) => type === 1;
const isCompletion = ({ type }) => type === 3;
const isPing = ({ type }) => type === 6;
const isAck = ({ type }) => type === 8;
const isSequence = ({ type }) => type === 9;
const numbers = (count) => Array.from({ length: count }, (_, n) => [n]);

describe("a client with stateful reconnect", { concurrency: 4 }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--stateful-reconnect", "on");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const send = (user, n) => backend.send({ userId: user, target: "notify", arguments: [n] });
  const sendAll = async (user, from, to) => {
    for (let n = from; n < to; n += 1) await send(user, n);
  };

  /** The client noticed nothing so far, and its connection is the one it began with. */
  async function expectUnnoticed(tab) {
    assert.equal(await tab.invoke("GetConnectionId"), tab.firstId);
    assert.deepEqual([tab.id, tab.events], [tab.firstId, []]);
  }

  for (const [version, signalR] of Object.entries(statefulVersions)) {
    for (const by of ["rst", "fin"]) {
      it(`misses no message of a cut, keeps its id and sees no reconnect (client ${version}, ${by})`, async () => {
        const user = `alice-${version}-${by}`;
        const tab = await statefulTab(stack, user, { signalR });
        await send(user, 0);
        await tab.receives("notify");
        tab.cut({ by });
        await sendAll(user, 1, 3);
        assert.deepEqual(await tab.receives("notify", 3), numbers(3));
        await expectUnnoticed(tab);
        await tab.leave();
      });
    }

    it(`gets the answer of a call during which it was cut, once (client ${version})`, async () => {
      const tab = await statefulTab(stack, `bob-${version}`, { signalR });
      for (const [when, cut] of [[up(isCall), "before"], [up(isCall), "after"], [down(isCompletion), "before"]]) {
        const wasCut = tab.network.next(when, { cut });
        const answer = tab.invoke("GetConnectionId");
        await wasCut();
        assert.equal(await answer, tab.firstId, `cut ${cut} ${when}`);
      }
      await expectUnnoticed(tab);
      await tab.leave();
    });
  }

  for (const [what, when] of [["a message", down(isCall)], ["an acknowledgement", up(isAck)]]) {
    for (const cut of ["before", "after"]) {
      it(`misses nothing when it is cut ${cut} ${what}`, async () => {
        const user = `carol-${what.replaceAll(" ", "-")}-${cut}`;
        const tab = await statefulTab(stack, user);
        const wasCut = tab.network.next(when, { cut });
        await sendAll(user, 0, 3);
        await wasCut();
        await sendAll(user, 3, 5);
        assert.deepEqual(await tab.receives("notify", 5), numbers(5));
        await expectUnnoticed(tab);
        await tab.leave();
      });
    }
  }

  it("misses nothing when an acknowledgement is lost", async () => {
    const tab = await statefulTab(stack, "dora");
    const wasLost = tab.network.next(up(isAck), { drop: true });
    await sendAll("dora", 0, 2);
    await wasLost();
    tab.cut();
    await sendAll("dora", 2, 4);
    assert.deepEqual(await tab.receives("notify", 4), numbers(4));
    await expectUnnoticed(tab);
    await tab.leave();
  });

  it("misses nothing when what it misses is cut while it comes", async () => {
    const tab = await statefulTab(stack, "erin");
    tab.cut();
    const wasCut = tab.network.next(down(isSequence), { cut: "after" });
    await wasCut();
    await sendAll("erin", 0, 3);
    assert.deepEqual(await tab.receives("notify", 3), numbers(3));
    await expectUnnoticed(tab);
    await tab.leave();
  });

  // The client tries once, at once. When the try fails, it connects anew, as every client does.
  for (const [what, when, cut] of [
    ["the request for its return", upgrade, "before"],
    ["the answer to its return", accepted, "before"],
  ]) {
    it(`connects anew when it is cut ${cut} ${what}`, async () => {
      const user = `frank-${what.replaceAll(" ", "-")}`;
      const tab = await statefulTab(stack, user);
      tab.network.next(when, { cut });
      tab.cut();
      const id = await tab.returns();
      assert.notEqual(id, tab.firstId);
      await send(user, 0);
      assert.deepEqual(await tab.receives("notify"), numbers(1));
      await tab.leave();
    });
  }

  for (const [what, when] of [["its handshake", up(({ protocol }) => protocol)], ["its first ping", up(isPing)]]) {
    it(`is there when it starts once more after a cut before ${what}`, async () => {
      const user = `grace-${what.replaceAll(" ", "-")}`;
      const tab = await statefulTab(stack, user);
      await tab.stop();
      tab.network.next(when, { cut: "before" });
      await tab.start().catch(() => tab.start());
      await tab.invoke("GetConnectionId").catch(() => tab.returns());
      await send(user, 0);
      assert.deepEqual(await tab.receives("notify"), numbers(1));
      await tab.leave();
    });
  }

  // The official client acknowledges a second late, also over the socket of its next connection.
  it("stays when it acknowledges what its last connection had", async () => {
    const tab = await statefulTab(stack, "kim");
    await tab.connection.connection.send(`{"type":8,"sequenceId":9}${RS}`);
    await send("kim", 0);
    await tab.receives("notify");
    tab.cut();
    await expectUnnoticed(tab);
    await tab.leave();
  });

  it("is refused when its user was logged out during a cut", async () => {
    const tab = await statefulTab(stack, "ivan");
    const wasHeld = tab.network.next(upgrade, { hold: true });
    tab.cut();
    await wasHeld();
    await backend.send({ action: "close", userId: "ivan", reason: "Logged out." });
    await backend.send({ userId: "ivan", target: "notify", arguments: [0], keepSeconds: 60 });
    await backend.fence("notifications:user:ivan");
    tab.network.wires.at(-1).release();
    await tab.network.sees(refused);
    await tab.leave();
  });

  it("costs others nothing: no row of theirs is a line", async () => {
    const plain = await signedIn(stack, "judy");
    assert.ok(!plain.id.startsWith("~"));
    await plain.stop();
  });
});
