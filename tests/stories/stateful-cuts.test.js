// A client with stateful reconnect is cut before and after each step, and misses nothing.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { GRANTING, hears, sawNothing, steps } from "../harness/cuts.js";
import { refused, startNetwork, up } from "../harness/network.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";
import { stateful, statefulTab, statefulVersions } from "../harness/stateful.js";

const SIDES = ["before", "after"];

describe("each step of a client with stateful reconnect", { concurrency: 4 }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack(...GRANTING);
    backend = new Backend(stack);
  });
  after(async () => {
    await Promise.all(networks.map((network) => network.stop()));
    await stack.stop();
  });

  /** Also a story that fails leaves no network behind. */
  const networks = [];
  async function newNetwork() {
    const network = await startNetwork(stack);
    networks.push(network);
    return network;
  }

  const send = (userId, number) => backend.send({ userId, target: "notify", arguments: [number] });
  const started = async (user, signalR, network) => statefulTab(stack, user, { signalR, network: network ?? (await newNetwork()) });

  for (const [version, signalR] of Object.entries(statefulVersions)) {
    for (const [step, side] of [["handshake", "before"], ["handshake", "after"], ["answer", "before"]]) {
      it(`fails to start when it is cut ${side} the ${step}, and starts then (client ${version})`, async () => {
        const user = `start-${step}-${side}-${version}`;
        const network = await newNetwork();
        const wasCut = network.next(steps[step], { cut: side });
        await assert.rejects(started(user, signalR, network));
        await wasCut();
        const tab = await started(user, signalR, network);
        await send(user, 1);
        await hears(tab, [1]);
        sawNothing(tab);
        await tab.stop();
      });
    }

    // Nobody can tell a client that has read the answer from one that has not, so the client is refused.
    for (const [step, side] of [["answer", "after"], ["ping", "before"]]) {
      it(`connects anew when it is cut ${side} the ${step}, and loses nothing (client ${version})`, async () => {
        const user = `first-${step}-${side}-${version}`;
        const network = await newNetwork();
        const wasCut = network.next(steps[step], { cut: side });
        const tab = await stateful(stack, user, { signalR, network }).start();
        await wasCut();
        await network.sees(refused);
        await tab.returns();
        await send(user, 1);
        await hears(tab, [1]);
        assert.deepEqual(tab.events.map(({ event }) => event), ["reconnecting", "reconnected"]);
        assert.equal(network.open.length, 1);
        await tab.stop();
      });
    }

    it(`sees nothing of a cut after its first ping was answered (client ${version})`, async () => {
      const user = `first-pong-${version}`;
      const network = await newNetwork();
      const wasCut = network.next(steps.pong, { cut: "before" });
      const tab = await stateful(stack, user, { signalR, network }).start();
      const { id } = tab;
      await wasCut();
      await send(user, 1);
      await hears(tab, [1]);
      assert.deepEqual([tab.id, tab.events], [id, []]);
      await tab.stop();
    });

    for (const step of ["call", "completion", "post", "ack", "serverAck"]) {
      for (const side of SIDES) {
        it(`sees nothing of a cut ${side} the ${step} (client ${version})`, async () => {
          const user = `${step}-${side}-${version}`;
          const network = await newNetwork();
          const tab = await started(user, signalR, network);
          const wasCut = network.next(steps[step], { cut: side, by: side === "before" ? "rst" : "fin" });
          const id = tab.firstId;
          await send(user, 1);
          assert.equal(await tab.invoke("GetConnectionId"), id);
          await wasCut();
          await send(user, 2);
          assert.equal(await tab.invoke("GetConnectionId"), id);
          await hears(tab, [1, 2]);
          sawNothing(tab);
          assert.equal(network.wires.length, 2);
          await tab.stop();
        });
      }
    }

    // What is cut is the return itself; a return that began is followed by another.
    for (const [step, side] of [["accepted", "after"], ["sequence", "before"], ["sequence", "after"],
      ["serverSequence", "before"], ["serverSequence", "after"], ["post", "before"], ["post", "after"]]) {
      it(`sees nothing of a second cut ${side} the ${step} of its return (client ${version})`, async () => {
        const user = `back-${step}-${side}-${version}`;
        const tab = await started(user, signalR);
        const { network, firstId: id } = tab;
        await send(user, 1);
        await hears(tab, [1]);
        const [first] = network.wires;
        const wasCut = network.next((event) => event.wire !== first && steps[step](event), { cut: side });
        first.cut();
        await send(user, 2);
        const answer = tab.invoke("GetConnectionId");
        await wasCut();
        await send(user, 3);
        assert.equal(await answer, id);
        await hears(tab, [1, 2, 3]);
        sawNothing(tab);
        await tab.stop();
      });
    }

    for (const [step, side] of [["upgrade", "before"], ["upgrade", "after"], ["accepted", "before"]]) {
      it(`comes back on a new connection when its only try is cut ${side} the ${step} (client ${version})`, async () => {
        const user = `try-${step}-${side}-${version}`;
        const tab = await started(user, signalR);
        const { network, firstId: id } = tab;
        await send(user, 1);
        await hears(tab, [1]);
        const wasCut = network.next(steps[step], { cut: side });
        network.wires[0].cut();
        await wasCut();
        assert.notEqual(await tab.returns(), id);
        await send(user, 2);
        await hears(tab, [1, 2]);
        assert.deepEqual(tab.events.map(({ event }) => event), ["reconnecting", "reconnected"]);
        await tab.stop();
      });
    }

    it(`hears what was sent while it was away, in order, and what it was answered (client ${version})`, async () => {
      const user = `away-${version}`;
      const tab = await started(user, signalR);
      const { network, firstId: id } = tab;
      const isBack = network.next(steps.upgrade, { hold: true });
      network.wires[0].cut();
      await isBack();
      const answers = Promise.all([1, 2, 3].map(() => tab.invoke("GetConnectionId")));
      for (const number of [1, 2, 3, 4, 5]) await send(user, number);
      await backend.quiet();
      network.wires[1].release();
      await hears(tab, [1, 2, 3, 4, 5]);
      assert.deepEqual(await answers, [id, id, id]);
      sawNothing(tab);
      await tab.stop();
    });
  }

  it("is told nothing twice after an acknowledgement", async () => {
    const tab = await started("trimmed");
    const { network } = tab;
    await send("trimmed", 1);
    // The message is the second record; the first is the answer to the first call.
    await network.sees(up(({ type, sequenceId }) => type === 8 && sequenceId >= 2));
    // Functions work frames at once, so the answer to a later call would not show that this one was taken.
    await rows(stack, (all) => all.some(({ sk, pk, acked }) => `${pk} ${sk}`.includes(tab.firstId) && acked >= 2));
    network.wires[0].cut();
    await tab.invoke("GetConnectionId");
    const again = network.wires[1].events.filter(steps.post);
    assert.deepEqual(again.map(({ text }) => text), []);
    await hears(tab, [1]);
    sawNothing(tab);
    await tab.stop();
  });

  it("keeps its connection, its user and its groups across cuts", async () => {
    // A hub of its own, since the last of its messages goes to everybody.
    const hub = "members";
    const tab = await statefulTab(stack, "member", { network: await newNetwork(), path: "/hubs/members" });
    const { network, firstId: id } = tab;
    await backend.send({ hub, action: "add", connectionId: id, groupName: "room" });
    await backend.quiet();
    const number = () => tab.received("notify").length + 1;
    for (const to of [{ groupName: "room" }, { connectionId: id }, { userId: "member" }, { everyone: true }]) {
      network.wires.at(-1).cut();
      const before = number();
      await backend.send({ hub, ...to, target: "notify", arguments: [before] });
      await tab.receives("notify", before);
    }
    await hears(tab, [1, 2, 3, 4]);
    sawNothing(tab);
    await tab.stop();
  });
});
