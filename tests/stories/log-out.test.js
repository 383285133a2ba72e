// Job 2: a log-out in one tab ends all tabs of the user for good, until the user logs in anew.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { client, signedIn, skipping } from "../harness/client.js";
import { opened } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";
import { tapped } from "../harness/wire.js";

const TOLD = "log_off_initiated";
const REFUSED = "Forbidden: the user is blocked or has logged out; log in again.";

describeEachWay("a log-out", ({ Publisher, versions, itBySqs }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  const order = (user) => ({ group: `notifications:user:${user}` });

  /** What the app's backend sends when a user logs out. */
  async function logOut(user, more = {}) {
    await backend.send({ userId: user, target: TOLD }, order(user));
    await backend.send({ userId: user, action: "close", reason: "signed out", ...more }, order(user));
  }

  /** A tab of an app that reconnects by itself, with the token of one log-in. */
  async function tab(user, token, { version, url = `${stack.url}/hubs/notifications`, options, tap = tapped() } = {}) {
    const settings = { token, version, methods: [TOLD], reconnect: [0, 0, 0, 0], options: { ...options, WebSocket: tap.WebSocket } };
    return Object.assign(await client({ url, ...settings }).ready(), { tap });
  }

  for (const [version, signalR] of Object.entries(versions)) {
    it(`ends all tabs without a reconnect, and only a fresh log-in comes back (client ${version})`, async () => {
      const user = `alice-${version}`;
      const token = await stack.token(user);
      const tabs = await Promise.all([
        tab(user, token, { version }),
        tab(user, token, { version, url: `${stack.url}/client/?hub=notifications` }),
        tab(user, token, { version, options: skipping(signalR) }),
      ]);
      const other = await tab("bob", await stack.token("bob"), { version });

      await logOut(user);
      for (const each of tabs) {
        const why = await each.meets("closed");
        assert.match(why, /Server returned an error on close: signed out/);
        assert.equal(each.received(TOLD).length, 1, "it was told before it was closed");
      }

      const returned = await signedIn(stack, user, { version });
      await backend.fence(order(user).group, returned, other);
      for (const each of tabs) {
        assert.deepEqual(each.events.map(({ event }) => event), ["closed"]);
        assert.equal(each.tap.opened.length, 1, "no second socket was opened");
        assert.equal(each.connection.state, "Disconnected");
      }
      assert.deepEqual([other.events, other.received(TOLD)], [[], []]);

      await assert.rejects(tabs[0].start(), version === "3.1.31" ? /Forbidden/ : new RegExp(`Error: ${REFUSED}: Status code '403'`));
      await assert.rejects(tabs[1].start(), /Forbidden/);
      await assert.rejects(tabs[2].start());
      await Promise.all([returned, other].map((one) => one.stop()));
    });
  }

  it("refuses the old token on every way in, and the client token that it had opened", async () => {
    const token = await stack.token("carol");
    const headers = (bearer) => ({ headers: { Authorization: `Bearer ${bearer}` } });
    const negotiate = (path, bearer) => fetch(`${stack.url}${path}`, { method: "POST", ...headers(bearer) });
    const redirect = await (await negotiate("/hubs/notifications/negotiate", token)).json();
    const paths = ["/hubs/notifications", "/client/?hub=notifications", "/local?hub=notifications"];
    for (const bearer of [token, redirect.accessToken]) (await opened(stack.url + paths[1], headers(bearer))).close();

    await logOut("carol");
    const fresh = await signedIn(stack, "witness");
    await backend.fence(order("carol").group, fresh);

    for (const [path, bearer] of [
      ["/hubs/notifications/negotiate", token],
      ["/client/negotiate?hub=notifications", token],
      ["/client/negotiate?hub=notifications", redirect.accessToken],
    ]) {
      const answer = await negotiate(path, bearer);
      assert.deepEqual([answer.status, await answer.text()], [403, REFUSED]);
    }
    for (const path of paths) {
      for (const bearer of [token, redirect.accessToken]) {
        await assert.rejects(opened(stack.url + path, headers(bearer)), /status 403/);
      }
    }
  });

  it("that only closes lets the old token in again", async () => {
    const token = await stack.token("dave");
    const one = await tab("dave", token);
    await logOut("dave", { revoke: false });
    await one.meets("closed");
    await one.ready();
    await one.stop();
  });

  itBySqs("is nothing that a Close with allowReconnect is: the tabs come back with the same token", async () => {
    const token = await stack.token("erin");
    const one = await tab("erin", token);
    await backend.send({ userId: "erin", action: "close", allowReconnect: true, reason: "moving" }, order("erin"));
    await one.returns();
    assert.deepEqual(one.events.map(({ event }) => event), ["reconnecting", "reconnected"]);
    await one.stop();
  });

  it("holds on the hub that it names, not on others", async () => {
    const token = await stack.token("frank");
    const here = await tab("frank", token);
    const there = await tab("frank", token, { url: `${stack.url}/hubs/elsewhere` });
    await logOut("frank");
    await here.meets("closed");
    const elsewhere = new Publisher(stack, "elsewhere");
    await elsewhere.fence("f", there);
    assert.deepEqual(there.events, []);
    await there.stop();
  });

  itBySqs("differs from a block, which keeps fresh log-ins out, too, until it ends or is lifted", async () => {
    const one = await tab("mallory", await stack.token("mallory"));
    await backend.send({ userId: "mallory", action: "block", ttlSeconds: 3600 }, order("mallory"));
    await one.meets("closed");
    await assert.rejects(signedIn(stack, "mallory"), new RegExp(REFUSED));
    await backend.send({ userId: "mallory", action: "unblock" }, order("mallory"));
    const witness = await signedIn(stack, "witness");
    await backend.fence(order("mallory").group, witness);
    await (await signedIn(stack, "mallory")).stop();
  });
});
