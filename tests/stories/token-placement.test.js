// Browsers put the token into the socket's query, newer Node clients into a header; both ways lead in.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, newest, skipping } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { page, pageVersions } from "../harness/page.js";
import { opened, readyAt } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { tapped } from "../harness/wire.js";

describe("the token of a socket", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const places = { "/hubs/notifications": false, "/client/?hub=notifications": false, "/local?hub=notifications": true };

  const isInQuery = { "3.1.31": true, "8.0.29": false, "10.0.11": false };
  for (const [version, inQuery] of Object.entries(isInQuery)) {
    it(`of client ${version} in Node is taken from the ${inQuery ? "query" : "header"}`, async () => {
      const tap = tapped();
      const options = { WebSocket: tap.WebSocket };
      const token = () => stack.token("alice");
      const tab = await client({ url: `${stack.url}/hubs/notifications`, version, token, options }).ready();
      assert.equal(tap.last.url.searchParams.has("access_token"), inQuery);
      assert.equal("Authorization" in tap.last.headers, !inQuery);
      await backend.send({ userId: "alice", target: "notify", arguments: [version] });
      assert.deepEqual(await tab.receives("notify"), [[version]]);
    });
  }

  for (const version of pageVersions) {
    for (const [path, skips] of Object.entries(places)) {
      it(`of client ${version} in a page at ${path} is taken from the query`, async () => {
        const tap = { opened: [] };
        const signalR = page(version, { tap });
        const options = skips ? skipping(signalR) : {};
        const user = `${version}${path}`;
        const token = () => stack.token(user);
        const tab = await client({ url: stack.url + path, signalR, token, options }).ready();
        assert.ok(tap.opened.at(-1).url.searchParams.has("access_token"));
        await backend.send({ userId: user, target: "notify" });
        await tab.receives("notify");
        await tab.stop();
      });
    }
  }

  /** A token of the management SDK that is about so long, since its user has many claims. */
  function longToken(user, length) {
    let token = "";
    for (let pad = 2500; token.length < length; pad += 3) {
      token = clientToken(stack, "notifications", { nameid: user, directory: "d".repeat(pad) });
    }
    return token;
  }

  for (const version of pageVersions) {
    for (const length of [3700, 3910, 4090, 5000]) {
      it(`of client ${version} in a page may be ${length} characters long`, async () => {
        const user = `long-${version}-${length}`;
        const token = longToken(user, length);
        const options = { url: `${stack.url}/client/?hub=notifications`, signalR: page(version), token: () => token };
        const tab = await client(options).ready();
        await backend.send({ userId: user, target: "notify", arguments: [length] });
        assert.deepEqual(await tab.receives("notify"), [[length]]);
        await tab.stop();
      });
    }
  }

  it("is of no use to a page of another origin", async () => {
    const origin = "https://elsewhere.example";
    const signalR = page(newest, { origin });
    const token = () => stack.token("alice");
    const negotiates = client({ url: `${stack.url}/hubs/notifications`, signalR, token });
    await assert.rejects(negotiates.start(), /Failed to complete negotiation with the server: TypeError: Failed to fetch/);
    const skips = client({ url: `${stack.url}/hubs/notifications`, signalR, token, options: skipping(signalR) });
    await assert.rejects(skips.start(), /WebSocket failed to connect/);
  });

  it("of a page that is refused is refused readably", async () => {
    const signalR = page(newest);
    const lost = client({ url: `${stack.url}/hubs/notifications`, signalR, token: "nonsense" });
    await assert.rejects(lost.start(), /Unauthorized: the access token is not valid: it is not a JWT\.: Status code '401'/);
  });

  for (const path of Object.keys(places)) {
    it(`opens a bare WebSocket at ${path} from the query, from the header, and from both when they agree`, async () => {
      const token = await stack.token("bare");
      const inQuery = `${stack.url}${path}${path.includes("?") ? "&" : "?"}access_token=${token}`;
      const headers = { Authorization: `Bearer ${token}` };
      const sockets = await Promise.all([
        readyAt(inQuery),
        readyAt(stack.url + path, { headers }),
        readyAt(inQuery, { headers }),
        readyAt(inQuery, { origin: "http://localhost:4200" }),
      ]);
      await backend.send({ userId: "bare", target: "notify", arguments: [path] });
      for (const socket of sockets) {
        assert.deepEqual(await socket.hears(1), [{ type: 1, target: "notify", arguments: [path] }]);
        socket.close();
      }
    });

    it(`is asked for at ${path}`, async () => {
      const headers = { Authorization: `Bearer ${await stack.token("bob")}` };
      const bad = `${stack.url}${path}${path.includes("?") ? "&" : "?"}access_token=nonsense`;
      await assert.rejects(opened(stack.url + path), /status 401/);
      await assert.rejects(opened(bad), /status 401/);
      await assert.rejects(opened(bad, { headers }), /status 403/, "two tokens that differ");
    });
  }

  it("is the newest of the factory each time a client connects", async () => {
    const tap = tapped();
    const tokens = [];
    const token = async () => {
      tokens.push(await stack.token("fresh", { claims: { n: tokens.length } }));
      return tokens.at(-1);
    };
    const options = { WebSocket: tap.WebSocket, ...skipping() };
    const url = `${stack.url}/hubs/notifications`;
    const tab = await client({ url, token, options, reconnect: [0, 0, 0] }).ready();
    tap.cut();
    await tab.returns();
    const shown = tap.opened.map(({ headers }) => headers.Authorization);
    assert.deepEqual(shown, tokens.map((one) => `Bearer ${one}`));
    assert.equal(new Set(shown).size, 2);
    await tab.stop();
  });
});
