// A page that fetched {url, accessToken} once: its token has long expired, its session lasts.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, skipping, versions } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { poll } from "../harness/poll.js";
import { readyAt, tryOpen } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const HUB = "notifications";
/** Clocks may be this far apart, so a token is good for so much longer. */
const LEEWAY_SECONDS = 60;
const reconnect = [0, 100, 500, 2000];

/** A token of the Azure management SDK that is good for a few seconds more. */
function shortToken(stack, user, { hub = HUB, seconds = 2, ...claims } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const own = { nameid: user, iat: now - 120, nbf: now - 120, exp: now - LEEWAY_SECONDS + seconds };
  return clientToken(stack, hub, { ...own, ...claims });
}

async function negotiated(stack, token, hub = HUB) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${stack.url}/client/negotiate?hub=${hub}&negotiateVersion=1`, { method: "POST", headers });
  return { status: answer.status, text: await answer.text() };
}

const socketUrl = (stack, token, hub = HUB) => `${stack.url}/client/?hub=${hub}&access_token=${token}`;

/** Tries again until an answer has this status. */
function turns(status, ask) {
  return poll(ask, (answer) => answer.status === status, (answer) => `still ${answer.status}, not ${status}: ${answer.text}`);
}

/** Waits until a token that opened nothing is not taken any more; then neither are its twins on their own. */
const expired = (stack, token) => turns(401, () => negotiated(stack, token));

describe("a page that fetched its token once", { concurrency: true }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--lifetime-seconds", 8);
    backend = new Backend(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  for (const [version, signalR] of Object.entries(versions)) {
    for (const [way, options] of Object.entries({ negotiating: {}, directly: skipping(signalR) })) {
      it(`survives two rotations by an expired token, ${way} (client ${version})`, async () => {
        const user = `alice-${version}-${way}`;
        const token = shortToken(stack, user);
        const tab = client({
          url: `${stack.url}/client/?hub=${HUB}`,
          token,
          version,
          reconnect,
          options,
          settings: { keepAliveIntervalInMilliseconds: 500 },
        });
        await tab.ready();
        const unused = shortToken(stack, `${user}-unused`);
        for (const rotation of [1, 2]) {
          await tab.returns(rotation);
          await backend.send({ userId: user, target: "notify", arguments: [rotation] });
          await tab.receives("notify", rotation);
        }
        await expired(stack, unused);
        assert.equal((await negotiated(stack, token)).status, 200);
        assert.deepEqual(tab.received("notify"), [[1], [2]]);
        assert.deepEqual(tab.events.filter(({ event }) => event === "closed"), []);
        await tab.stop();
      });
    }
  }
});

describe("the token of a session", { concurrency: true }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--set", "RECONNECT_GRACE_SECONDS=4");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  it("is refused once it has expired, unless it opened a connection", async () => {
    const [used, unused] = [shortToken(stack, "alice"), shortToken(stack, "alice", { jti: "unused" })];
    const socket = await readyAt(socketUrl(stack, used));
    const { text } = await expired(stack, unused);
    assert.match(text, /has expired/);
    assert.equal((await tryOpen(socketUrl(stack, unused))).status, 401);
    assert.equal((await negotiated(stack, used)).status, 200);
    await socket.close();
  });

  it("is good for the grace after its last connection, and no longer", async () => {
    const [used, unused] = [shortToken(stack, "bob"), shortToken(stack, "bob", { jti: "unused" })];
    const sockets = [await readyAt(socketUrl(stack, used)), await readyAt(socketUrl(stack, used))];
    await expired(stack, unused);
    await sockets[0].close();
    await sockets[1].close();
    const again = await readyAt(socketUrl(stack, used));
    await again.close();
    const { text } = await turns(401, () => negotiated(stack, used));
    assert.match(text, /has expired/);
    assert.equal((await tryOpen(socketUrl(stack, used))).status, 401);
  });

  it("is good for the hub it opened only", async () => {
    const aud = [HUB, "other"].map((hub) => `${stack.url}/client/?hub=${hub}`);
    const [used, unused] = [{ aud }, { aud, jti: "unused" }].map((claims) => shortToken(stack, "carol", claims));
    const socket = await readyAt(socketUrl(stack, used));
    await expired(stack, unused);
    assert.equal((await negotiated(stack, used, "other")).status, 401);
    assert.equal((await tryOpen(socketUrl(stack, used, "other"))).status, 401);
    assert.equal((await negotiated(stack, used, "third")).status, 403);
    assert.equal((await negotiated(stack, used)).status, 200);
    await socket.close();
  });

  for (const [what, envelope] of Object.entries({
    "a log-out": { action: "close" },
    "a block": { action: "block" },
    "a block on all hubs": { action: "block", hub: "*" },
  })) {
    it(`is refused after ${what}, expired or not`, async () => {
      const user = `dave-${what.replaceAll(" ", "-")}`;
      const [used, unused] = [shortToken(stack, user, { seconds: 4 }), shortToken(stack, `${user}-2`, { seconds: 4 })];
      const socket = await readyAt(socketUrl(stack, used));
      await backend.send({ userId: user, ...envelope }, { group: `${HUB}:user:${user}` });
      await turns(403, () => negotiated(stack, used));
      assert.equal((await tryOpen(socketUrl(stack, used))).status, 403);
      await socket.ends();
      await expired(stack, unused);
      const refused = await negotiated(stack, used);
      assert.ok([401, 403].includes(refused.status), refused.text);
      assert.ok([401, 403].includes((await tryOpen(socketUrl(stack, used))).status));
    });
  }

  it("is good again on all hubs after an unblock, and only by that", async () => {
    const [user, hub] = ["erin", "*"];
    const token = clientToken(stack, HUB, { nameid: user });
    const group = `${HUB}:user:${user}`;
    await backend.send({ userId: user, action: "block", hub }, { group });
    await turns(403, () => negotiated(stack, token));
    await backend.send([{ userId: user, action: "unblock" }, { userId: "fence", target: "fence" }], { group });
    const fence = await signedIn(stack, "fence");
    await backend.send({ userId: "fence", target: "fence" }, { group });
    await fence.receives("fence");
    assert.equal((await negotiated(stack, token)).status, 403);
    await backend.send({ userId: user, action: "unblock", hub }, { group });
    await turns(200, () => negotiated(stack, token));
    await fence.stop();
  });

  it("ends when the token said so, whatever is open", async () => {
    const end = Math.floor(Date.now() / 1000) + 3;
    const token = clientToken(stack, HUB, { nameid: "frank", "asrs.s.coae": "true", "asrs.s.aeo": String(end) });
    const socket = await readyAt(socketUrl(stack, token));
    await turns(401, () => negotiated(stack, token));
    assert.ok(Date.now() / 1000 >= end);
    await socket.close();
  });
});

describe("a token that opens one connection", () => {
  let stack;
  before(async () => {
    stack = await startStack("--set", "CLIENT_TOKEN_REUSE=once");
  });
  after(() => stack.stop());

  /** What a page fetches from `/hubs/{hub}/negotiate`. */
  async function fetched(user) {
    const headers = { authorization: `Bearer ${await stack.token(user)}` };
    const answer = await fetch(`${stack.url}/hubs/${HUB}/negotiate?negotiateVersion=1`, { method: "POST", headers });
    return answer.json();
  }

  for (const version of Object.keys(versions)) {
    it(`opens no second one, and says so (client ${version})`, async () => {
      const { url, accessToken: token } = await fetched(`alice-${version}`);
      const tab = await client({ url, token, version }).ready();
      await assert.rejects(client({ url, token, version }).start(), /used before|401|Unauthorized/);
      assert.equal((await tryOpen(socketUrl(stack, token))).status, 403);
      await tab.stop();
      await assert.rejects(client({ url, token, version }).start());
      assert.match((await negotiated(stack, token)).text, /used before; negotiate at \/hubs\/\{hub\} again/);
    });

    it(`does not keep a client from coming back by the redirect (client ${version})`, async () => {
      const tab = await signedIn(stack, `bob-${version}`, { version, reconnect });
      await new Backend(stack).send({ userId: `bob-${version}`, action: "close", allowReconnect: true });
      await tab.returns();
      await tab.stop();
    });
  }

  it("opens the same connection no second time, also when the first socket has ended", async () => {
    const { accessToken: token } = await fetched("dora");
    const { connectionToken } = JSON.parse((await negotiated(stack, token)).text);
    const url = `${socketUrl(stack, token)}&id=${connectionToken}`;
    await (await readyAt(url)).close();
    assert.equal((await tryOpen(url)).status, 403);
  });

  it("is one of a redirect: those that backends make come back", async () => {
    const { json: { token } } = await new Rest(stack).call("POST", "/:generateToken", { query: { userId: "carol" } });
    for (const each of [token, clientToken(stack, HUB, { nameid: "carol" })]) {
      for (const _ of [1, 2]) await (await readyAt(socketUrl(stack, each))).close();
    }
  });
});
