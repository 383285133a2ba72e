import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn } from "../harness/client.js";
import { counts } from "../harness/counts.js";
import { accepted, down, startNetwork, up, upgrade } from "../harness/network.js";
import { startStack } from "../harness/stack.js";

const reconnect = [0, 100, 500, 2000];
const isCall = ({ type }) => type === 1;

describe("a socket that is cut without a close", { concurrency: false }, () => {
  let stack, backend, network;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
    network = await startNetwork(stack);
  });
  after(async () => {
    await network.stop();
    await stack.stop();
  });

  const tab = (user) => signedIn(network, user, { reconnect });

  for (const by of ["rst", "fin"]) {
    it(`brings its client back on a new connection, by ${by}`, async () => {
      const user = `alice-${by}`;
      const alice = await tab(user);
      const first = alice.id;
      network.wires.at(-1).cut({ by });
      assert.notEqual(await alice.returns(), first);
      await backend.send({ userId: user, target: "notify", arguments: [by] });
      assert.deepEqual(await alice.receives("notify"), [[by]]);
      await alice.stop();
    });
  }

  it("has lost what was in the frame that was cut, and no frame before", async () => {
    const bob = await tab("bob");
    const wasCut = network.next(down((record) => isCall(record) && record.arguments[0] === 2), { cut: "before" });
    for (const n of [1, 2]) await backend.send({ userId: "bob", target: "notify", arguments: [n] });
    await wasCut();
    await bob.returns();
    await backend.send({ userId: "bob", target: "notify", arguments: [3] });
    assert.deepEqual(await bob.receives("notify", 2), [[1], [3]]);
    await bob.stop();
  });

  it("has heard the frame after which it was cut", async () => {
    const carol = await tab("carol");
    const wasCut = network.next(down(isCall), { cut: "after" });
    await backend.send({ userId: "carol", target: "notify", arguments: [1] });
    await wasCut();
    await carol.returns();
    assert.deepEqual(carol.received("notify"), [[1]]);
    await carol.stop();
  });

  it("is open for a stack that was not told", async () => {
    const dave = await tab("dave");
    const { sockets } = await counts(stack);
    network.wires.at(-1).cut({ side: "near" });
    await dave.returns();
    assert.equal((await counts(stack)).sockets, sockets + 1);
    await dave.stop();
  });

  it("keeps frames that the network holds, in order", async () => {
    const erin = await tab("erin");
    const wire = network.wires.at(-1);
    const isHeld = network.next(up(isCall), { hold: true });
    const answer = erin.invoke("GetConnectionId");
    await isHeld();
    await backend.send({ userId: "erin", target: "notify", arguments: [1] });
    await network.sees((event) => event.wire === wire && down(isCall)(event));
    assert.deepEqual(erin.received("notify"), []);
    wire.release();
    assert.deepEqual(await erin.receives("notify"), [[1]]);
    assert.equal(await answer, erin.id);
    await erin.stop();
  });

  for (const [what, when] of [["the request for its upgrade", upgrade], ["the answer to its request", accepted]]) {
    it(`fails to start when it is cut before ${what}`, async () => {
      const wasCut = network.next(when, { cut: "before" });
      const token = () => stack.token("frank");
      await assert.rejects(client({ url: `${network.url}/hubs/notifications`, token }).start());
      await wasCut();
    });
  }
});
