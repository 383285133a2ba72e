// Where a client with stateful reconnect may not come back without a word, it comes back as ever or not at all;
// and no socket stays open that nobody uses.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { counts } from "../harness/counts.js";
import { GRANTING, hears, sawNothing, steps } from "../harness/cuts.js";
import { refused, startNetwork } from "../harness/network.js";
import { startStack } from "../harness/stack.js";
import { statefulTab, statefulVersions } from "../harness/stateful.js";

const VISIBLE = ["reconnecting", "reconnected"];

describe("the end of a connection with stateful reconnect", { concurrency: 4 }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack(...GRANTING, "--close-on-token-expiry");
    backend = new Backend(stack);
  });
  after(async () => {
    await Promise.all(networks.map((network) => network.stop()));
    await stack.stop();
  });

  /** A network of its own for each tab, which is cut alone. */
  const networks = [];
  async function newNetwork(of = stack) {
    const network = await startNetwork(of);
    networks.push(network);
    return network;
  }

  const send = (userId, number) => backend.send({ userId, target: "notify", arguments: [number] });
  const close = (userId, more) => backend.send({ userId, action: "close", reason: "That is all.", ...more });
  const gone = (user) => counts(stack, ({ hubs }) => !hubs.notifications?.users[user]);

  /** A tab behind a network of its own. */
  async function behind(user, more) {
    const network = await newNetwork();
    const tab = await statefulTab(stack, user, { network, ...more });
    const seen = () => tab.events.map(({ event }) => event);
    return { network, tab, id: tab.id, seen };
  }

  for (const [version, signalR] of Object.entries(statefulVersions)) {
    it(`is final after a Close, whose client is refused when it tries to come back (client ${version})`, async () => {
      const user = `final-${version}`;
      const { network, tab, id, seen } = await behind(user, { signalR });
      await send(user, 1);
      await hears(tab, [1]);
      await backend.send({ connectionId: id, action: "close", reason: "That is all." });
      assert.match(await tab.meets("closed"), /That is all/);
      // The client tries all the same, cannot use a socket that it is given, and would keep it.
      const [{ status }] = await network.sees(refused);
      assert.equal(status, 409);
      await network.until(() => network.open.length === 0, "the end of all sockets");
      await hears(tab, [1]);
      assert.deepEqual(seen(), ["closed"]);
      await tab.stop();
      await gone(user);
    });

    it(`comes back anew after a Close that allows it, with one socket (client ${version})`, async () => {
      const user = `anew-${version}`;
      const { network, tab, id, seen } = await behind(user, { signalR });
      await close(user, { allowReconnect: true });
      assert.notEqual(await tab.returns(), id);
      const [{ status }] = await network.sees(refused);
      assert.equal(status, 409);
      await network.until(() => network.open.length === 1, "one open socket");
      await send(user, 1);
      await hears(tab, [1]);
      assert.deepEqual(seen(), VISIBLE);
      await tab.stop();
    });

    it(`comes back anew when the server was silent for too long, with one socket (client ${version})`, async () => {
      const user = `silent-${version}`;
      const { network, tab, id } = await behind(user, { signalR, settings: { keepAliveIntervalInMilliseconds: 60_000 } });
      const { serverTimeoutInMilliseconds: usual } = tab.connection;
      // It counts from the next frame on, which may be the last before the answer.
      tab.connection.serverTimeoutInMilliseconds = 500;
      tab.invoke("GetConnectionId").catch(() => {});
      await tab.meets("reconnecting");
      tab.connection.serverTimeoutInMilliseconds = usual;
      assert.notEqual(await tab.returns(), id);
      await network.until(() => network.open.length === 1, "one open socket");
      await send(user, 1);
      await hears(tab, [1]);
      await tab.stop();
    });

    it(`comes back anew when it finds a gap (client ${version})`, async () => {
      const user = `gap-${version}`;
      const { network, tab, id, seen } = await behind(user, { signalR });
      const isLost = network.next(steps.post, { drop: true });
      await send(user, 1);
      await isLost();
      await send(user, 2);
      assert.notEqual(await tab.returns(), id);
      await network.until(() => network.open.length === 1, "one open socket");
      await send(user, 3);
      const heard = () => tab.received("notify").map(([number]) => number);
      await tab.until(() => heard().includes(3), "what was sent last");
      // The rest of the frame that showed the gap may have been told.
      assert.deepEqual(heard().filter((number) => number !== 2), [3]);
      assert.deepEqual(seen(), VISIBLE);
      await tab.stop();
    });
  }

  it("is the client's own when it stops: its user is gone at once", async () => {
    const { network, tab } = await behind("stopped");
    await tab.stop();
    await gone("stopped");
    assert.equal(network.open.length, 0);
  });

  it("comes when its client stays away for longer than the window", async () => {
    const short = await startStack(...GRANTING, "--set", "STATEFUL_WINDOW_SECONDS=1");
    const network = await newNetwork(short);
    const tab = await statefulTab(short, "alice", { network });
    const { id } = tab;
    const tries = network.next(steps.upgrade, { hold: true });
    network.wires[0].cut();
    await tries();
    await counts(short, ({ hubs }) => !hubs.notifications?.users.alice);
    network.wires[1].release();
    const [{ status }] = await network.sees(refused);
    assert.equal(status, 409);
    assert.notEqual(await tab.returns(), id);
    await tab.stop();
    await short.stop();
  });

  it("comes by a log-out while its client is away, which is let in no more", async () => {
    const token = await stack.token("out");
    const { network, tab, seen } = await behind("out", { token: () => token });
    const tries = network.next(steps.upgrade, { hold: true });
    network.wires[0].cut();
    await tries();
    await send("out", 1);
    await close("out");
    await backend.quiet();
    network.wires[1].release();
    await network.sees(refused);
    await tab.meets("closed", 1);
    assert.deepEqual(tab.received("notify"), []);
    assert.ok(!seen().includes("reconnected"));
    await tab.stop();
    await gone("out");
  });

  it("comes by a block, whose user is let in no more", async () => {
    const { network, tab, seen } = await behind("blocked");
    await backend.send({ action: "block", userId: "blocked" });
    await network.sees(refused);
    await tab.meets("closed");
    assert.ok(!seen().includes("reconnected"));
    await network.until(() => network.open.length === 0, "the end of all sockets");
    await gone("blocked");
    await tab.stop();
  });

  it("comes by the expiry of its token, and its client comes back with a fresh one", async () => {
    const lifetimes = [4];
    const token = () => stack.token("expired", { ttlSeconds: lifetimes.shift() ?? 3600 });
    const { network, tab, id, seen } = await behind("expired", { token, settings: { keepAliveIntervalInMilliseconds: 300 } });
    assert.notEqual(await tab.returns(), id);
    // 401 when the token of the old connection is looked at first, else 409.
    await network.sees(refused);
    await network.until(() => network.open.length === 1, "one open socket");
    await send("expired", 1);
    await hears(tab, [1]);
    assert.deepEqual(seen(), VISIBLE);
    await tab.stop();
  });

  it("is visible where the gateway has not noticed a cut, and what it heard does not count", async () => {
    const strict = await startStack(...GRANTING, "--set", "STATEFUL_QUIET_SECONDS=0");
    const network = await newNetwork(strict);
    const tab = await statefulTab(strict, "alice", { network });
    const { id } = tab;
    network.wires[0].cut({ side: "near" });
    assert.notEqual(await tab.returns(), id);
    await new Backend(strict).send({ userId: "alice", target: "notify", arguments: [1] });
    await hears(tab, [1]);
    assert.deepEqual(tab.events.map(({ event }) => event), VISIBLE);
    await tab.stop();
    await strict.stop();
  });

  for (const late of ["3000", "never"]) {
    it(`needs no word of the socket's end, which comes after ${late}`, async () => {
      const deaf = await startStack(...GRANTING, "--disconnect-after", late);
      const network = await newNetwork(deaf);
      const tab = await statefulTab(deaf, "alice", { network });
      const { id } = tab;
      for (const number of [1, 2, 3]) {
        network.wires.at(-1).cut();
        await new Backend(deaf).send({ userId: "alice", target: "notify", arguments: [number] });
        await tab.receives("notify", number);
      }
      await hears(tab, [1, 2, 3]);
      sawNothing(tab);
      await tab.stop();
      await deaf.stop();
    });
  }
});

describe("a deployment that has turned stateful reconnect off", () => {
  it("grants nothing to clients that start then", async () => {
    const stack = await startStack(...GRANTING);
    const body = JSON.stringify({ STATEFUL_RECONNECT: "off" });
    assert.equal((await fetch(`${stack.url}/dev/deploy`, { method: "POST", body })).status, 204);
    const tab = await statefulTab(stack, "bob");
    tab.cut();
    assert.notEqual(await tab.returns(), tab.firstId);
    await new Backend(stack).send({ userId: "bob", target: "notify", arguments: [1] });
    await hears(tab, [1]);
    await tab.leave();
    await stack.stop();
  });

  // The page of such a client would drop everything after its next negotiation; docs/OPERATIONS.md says so.
  it("leaves a connection as it is that was granted before, until its socket is lost", async () => {
    const stack = await startStack(...GRANTING);
    const tab = await statefulTab(stack, "carol");
    const body = JSON.stringify({ STATEFUL_RECONNECT: "off" });
    assert.equal((await fetch(`${stack.url}/dev/deploy`, { method: "POST", body })).status, 204);
    await new Backend(stack).send({ userId: "carol", target: "notify", arguments: [1] });
    await hears(tab, [1]);
    assert.equal(await tab.invoke("GetConnectionId"), tab.firstId);
    tab.cut();
    await tab.network.sees(refused);
    await tab.leave();
    await stack.stop();
  });
});
