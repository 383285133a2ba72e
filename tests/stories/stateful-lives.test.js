// The lives of connections with stateful reconnect: renewals, networks that fail in silence, ends, and the way out.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { accepted, down, refused, startNetwork } from "../harness/network.js";
import { poll } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";
import { statefulTab } from "../harness/stateful.js";

const numbers = (from, to) => Array.from({ length: to - from }, (_, n) => [from + n]);

/** A stack for all stories of a suite, with these flags. */
function stackOf(...flags) {
  const suite = {};
  before(async () => {
    suite.stack = await startStack(...flags);
    suite.backend = new Backend(suite.stack);
    suite.send = (userId, n, more) => suite.backend.send({ userId, target: "notify", arguments: [n], ...more });
  });
  after(() => suite.stack.stop());
  return suite;
}

describe("a connection whose sockets come to their cap", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on", "--lifetime-seconds", "2");

  it("goes through ten renewals under load, and its client notices none", async () => {
    const tab = await statefulTab(suite.stack, "alice", { settings: { keepAliveIntervalInMilliseconds: 150 } });
    const renewals = () => tab.network.wires.length - 1;
    let sent = 0;
    while (renewals() < 10) {
      await suite.send("alice", sent);
      sent += 1;
      assert.equal(await tab.invoke("GetConnectionId"), tab.firstId);
    }
    assert.deepEqual(await tab.receives("notify", sent), numbers(0, sent));
    assert.deepEqual([tab.id, tab.events], [tab.firstId, []]);
    await tab.leave();
  });
});

describe("a connection that is cut all the time", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on");
  /** How many messages, and how many cuts: `HUBCAST_CUTS=10000,500` for the long run. */
  const [messages, cuts] = (process.env.HUBCAST_CUTS ?? "600,30").split(",").map(Number);
  const random = seeded(20261201);

  it("hears each message once and in order, and sees no reconnect", { timeout: 600_000 }, async () => {
    const tab = await statefulTab(suite.stack, "bob");
    const calls = [];
    let sent = 0;
    for (let cut = 0; cut < cuts; cut += 1) {
      const upTo = Math.ceil((messages * (cut + 1)) / cuts);
      const batch = numbers(sent, upTo).map((args) => ({ userId: "bob", target: "notify", arguments: args }));
      const cutAt = sent + Math.floor(random() * batch.length);
      for (let at = 0; at < batch.length; at += 10) await suite.backend.send(batch.slice(at, at + 10));
      calls.push(tab.invoke("GetConnectionId"));
      sent = upTo;
      await tab.receives("notify", cutAt);
      // A client has one try to come back, which must not be cut.
      await tab.network.until(isBack(tab), "a client that is back");
      tab.cut({ by: random() < 0.5 ? "rst" : "fin" });
    }
    assert.deepEqual(await tab.receives("notify", sent), numbers(0, sent));
    assert.deepEqual(new Set(await Promise.all(calls)), new Set([tab.firstId]));
    assert.deepEqual([tab.id, tab.events], [tab.firstId, []]);
    await tab.leave();
  });
});

/** Whether the stack has told the client, on the socket that it has now, where it goes on. */
const isBack = (tab) => () => tab.network.open.at(-1)?.events.some(down(() => true));

function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a network that fails in silence", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on", "--set", "STATEFUL_QUIET_SECONDS=1");

  it("is not noticed when the client notices first, though the stack has the old socket", async () => {
    const tab = await statefulTab(suite.stack, "carol", { settings: { keepAliveIntervalInMilliseconds: 300 } });
    await suite.send("carol", 0);
    await tab.receives("notify");
    tab.cut({ side: "near" });
    await suite.send("carol", 1);
    assert.deepEqual(await tab.receives("notify", 2), numbers(0, 2));
    assert.equal(await tab.invoke("GetConnectionId"), tab.firstId);
    assert.deepEqual(tab.events, []);
    await tab.leave();
  });

  // Such a client tries to come back all the same, and could not use the socket.
  it("makes a client that hears nothing for too long connect anew, and hold no socket that it cannot use", async () => {
    const settings = { keepAliveIntervalInMilliseconds: 300, serverTimeoutInMilliseconds: 3000 };
    const tab = await statefulTab(suite.stack, "dora", { settings });
    tab.network.open.at(-1).hold();
    assert.notEqual(await tab.returns(), tab.firstId);
    await tab.network.sees(refused);
    assert.equal(tab.network.wires.filter(({ status }) => status === 409).length, 1);
    await suite.send("dora", 0);
    assert.deepEqual(await tab.receives("notify"), numbers(0, 1));
    await tab.leave();
  });
});

describe("a message that is kept for its user", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on", "--set", "STATEFUL_WINDOW_SECONDS=2");
  const kept = { keepSeconds: 600 };

  /** A tab whose network is gone for good, with a message that it never gets. */
  async function lost(user) {
    const tab = await statefulTab(suite.stack, user);
    await tab.network.stop();
    tab.connection.stop();
    await suite.send(user, 0, kept);
    await suite.backend.fence("notifications:fence");
    return tab;
  }

  it("goes to the next connection of its user when a client does not come back", async () => {
    await lost("erin");
    const next = await signedIn(suite.stack, "erin");
    assert.deepEqual(await next.receives("notify"), numbers(0, 1));
    await next.stop();
  });

  it("is taken once it is acknowledged, also from the inbox", async () => {
    await suite.send("frank", 0, kept);
    await suite.backend.fence("notifications:user:frank");
    const tab = await statefulTab(suite.stack, "frank");
    await tab.receives("notify");
    tab.cut();
    await suite.send("frank", 1, kept);
    assert.deepEqual(await tab.receives("notify", 2), numbers(0, 2));
    assert.deepEqual(tab.events, []);
    await tab.network.sees(({ isUp, records }) => isUp && records.some(({ type, sequenceId }) => type === 8 && sequenceId >= 2));
    await tab.leave();
    const next = await signedIn(suite.stack, "frank");
    await suite.backend.fence("notifications:user:frank", next);
    assert.deepEqual(next.received("notify"), []);
    await next.stop();
  });
});

describe("the way out", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on");

  it("leaves a page that was told it may come back with a connection that hears everything", async () => {
    const tab = await statefulTab(suite.stack, "grace");
    await suite.send("grace", 0);
    await tab.receives("notify");
    const answer = await fetch(`${suite.stack.url}/dev/deploy`, { method: "POST", body: '{"STATEFUL_RECONNECT":"drain"}' });
    assert.equal(answer.status, 204);
    for (const n of [1, 2]) {
      const { id } = tab;
      tab.cut();
      assert.notEqual(await tab.returns(n), id);
      await suite.send("grace", n);
      assert.deepEqual((await tab.receives("notify", n + 1)).at(-1), [n]);
    }
    await tab.leave();
  });
});

describe("a token that has expired meanwhile", { concurrency: true }, () => {
  const suite = stackOf("--stateful-reconnect", "on");
  /** Clocks may be this far apart, so a token is good for so much longer. */
  const LEEWAY_SECONDS = 60;

  it("brings its client back all the same", async () => {
    const network = await startNetwork(suite.stack);
    const now = Math.floor(Date.now() / 1000);
    const claims = { nameid: "heidi", iat: now - 120, nbf: now - 120, exp: now - LEEWAY_SECONDS + 2 };
    const [token, unused] = ["used", "unused"].map((jti) => clientToken(network, "notifications", { ...claims, jti }));
    const tab = await statefulTab(suite.stack, "heidi", { network, token: () => token, path: "/client/?hub=notifications" });
    const negotiated = () => {
      const url = `${network.url}/client/negotiate?hub=notifications&negotiateVersion=1`;
      return fetch(url, { method: "POST", headers: { authorization: `Bearer ${unused}` } });
    };
    await poll(negotiated, ({ status }) => status === 401, ({ status }) => `still ${status}`);
    tab.cut();
    await suite.send("heidi", 0);
    assert.deepEqual(await tab.receives("notify"), numbers(0, 1));
    assert.equal(network.events.filter(accepted).length, 2);
    assert.deepEqual([tab.id, tab.events], [tab.firstId, []]);
    await tab.leave();
  });
});
