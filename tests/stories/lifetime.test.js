import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { connected, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

const reconnect = [0, 100, 500, 2000];

/** Messages to a user reach the tab as it is now. */
async function expectHears(backend, tab, user) {
  await settled(backend.stack, tab);
  const heard = tab.received("notify").length;
  await backend.send({ userId: user, target: "notify", arguments: [user] });
  await tab.receives("notify", heard + 1);
}

describe("a socket that grows too old", { concurrency: true }, () => {
  const LIFETIME_SECONDS = 12;
  let stack, backend;
  before(async () => {
    stack = await startStack("--lifetime-seconds", LIFETIME_SECONDS);
    backend = new Backend(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  for (const version of Object.keys(versions)) {
    const signedInWith = (user, settings) => signedIn(stack, user, { version, reconnect, settings });

    it(`is told to come back before the cut, by the first ping that is late enough (client ${version})`, async () => {
      const user = `alice-${version}`;
      const tab = await signedInWith(user, { keepAliveIntervalInMilliseconds: 500 });
      const first = tab.id;
      const why = await tab.meets("reconnecting");
      assert.equal(why, "Server returned an error on close: The connection is being renewed.");
      assert.equal(await tab.meets("reconnected"), tab.id);
      assert.notEqual(tab.id, first);
      await expectHears(backend, tab, user);
      await tab.stop();
    });

    it(`is cut when it never pings, and comes back by itself (client ${version})`, async () => {
      const user = `bob-${version}`;
      // Newer clients ping once after the handshake; a long interval keeps the older ones quiet.
      const tab = await signedInWith(user, { keepAliveIntervalInMilliseconds: 60_000 });
      await tab.meets("reconnecting");
      await tab.meets("reconnected");
      await expectHears(backend, tab, user);
      await tab.stop();
    });
  }

  it("ends by close code 1001 at its cap, also before its handshake", async () => {
    const sockets = [await ready(stack, "carol"), await connected(stack, "carol")];
    for (const socket of sockets) assert.equal(await socket.ends(), 1001);
  });
});

describe("a socket that is idle", { concurrency: true }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--idle-timeout-seconds", 5);
    backend = new Backend(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  it("ends by close code 1001", async () => {
    const socket = await ready(stack, "alice");
    assert.equal(await socket.ends(), 1001);
  });

  for (const version of Object.keys(versions)) {
    it(`comes back by itself (client ${version})`, async () => {
      const user = `bob-${version}`;
      const settings = { keepAliveIntervalInMilliseconds: 60_000 };
      const tab = await signedIn(stack, user, { version, reconnect, settings });
      await tab.meets("reconnected");
      await expectHears(backend, tab, user);
      await tab.stop();
    });

    it(`stays while it pings (client ${version})`, async () => {
      const user = `carol-${version}`;
      const settings = { keepAliveIntervalInMilliseconds: 500 };
      const tab = await signedIn(stack, user, { version, reconnect, settings });
      // Another socket, opened later and silent, shows when the idle timeout has passed.
      const silent = await ready(stack, "dave");
      await silent.ends();
      await expectHears(backend, tab, user);
      assert.deepEqual(tab.events, []);
      await tab.stop();
    });
  }
});
