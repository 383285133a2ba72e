import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { HANDSHAKE, RS, connected, records } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

const USER = "alice";
const PUMPS = 4;

/** Sends to the user, her group and the whole hub without a pause, in message groups of its own. */
function pump(backend, name) {
  let isRunning = true;
  const audiences = [{ userId: USER }, { groupName: "staff" }, {}];
  const done = (async () => {
    for (let n = 0; isRunning; n += 1) {
      const envelope = { ...audiences[n % audiences.length], target: "notify", arguments: [n] };
      await backend.send(envelope, { group: `pump-${name}` });
    }
  })();
  return () => {
    isRunning = false;
    return done;
  };
}

describe("a push while clients shake hands", () => {
  let stack, backend, witness;
  const stops = [];
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
    witness = await signedIn(stack, USER, { groups: ["staff"] });
    for (let n = 0; n < PUMPS; n += 1) stops.push(pump(backend, n));
    await witness.receives("notify");
  });
  after(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await witness.stop();
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  /** Waits until pushes to everyone went out that were not under way before. */
  async function pushesPass() {
    await witness.receives("notify", witness.received("notify").length + 2 * PUMPS);
  }

  it("never reaches a raw socket before its handshake's answer, and always after (300 times)", async () => {
    for (let round = 0; round < 30; round += 1) {
      const open = () => connected(stack, USER, { groups: ["staff"] });
      const sockets = await Promise.all(Array.from({ length: 10 }, open));
      if (round % 5 === 0) await pushesPass();
      for (const socket of sockets) {
        assert.deepEqual(socket.frames, []);
        socket.send(HANDSHAKE);
      }
      for (const socket of sockets) {
        await socket.receives("notify");
        const [first] = socket.frames;
        assert.ok(first.startsWith(`{}${RS}`), first);
        assert.equal(socket.records.filter((message) => message.type === undefined).length, 1);
        for (const frame of socket.frames) assert.ok(records(frame).length > 0, frame);
      }
      await Promise.all(sockets.map((socket) => socket.close()));
    }
  });

  for (const version of Object.keys(versions)) {
    it(`never makes start() reject, and every client hears pushes (client ${version}, 60 times)`, async () => {
      for (let round = 0; round < 12; round += 1) {
        const start = () => signedIn(stack, USER, { version, groups: ["staff"] });
        const tabs = await Promise.all(Array.from({ length: 5 }, start));
        for (const tab of tabs) await tab.receives("notify");
        await Promise.all(tabs.map((tab) => tab.stop()));
      }
    });
  }
});
