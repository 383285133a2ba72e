// How a client comes to a connection, and what it is told when it does not get one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { clientToken } from "../harness/jwt.js";
import { client, skipping, versions } from "../harness/client.js";
import { opened } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { tapped } from "../harness/wire.js";

describe("negotiation", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** Connects, and proves it by a message to the user. */
  async function connects(user, settings) {
    const tab = await client({ token: () => stack.token(user), ...settings }).ready();
    await backend.send({ userId: user, target: "notify", arguments: [user] });
    assert.deepEqual(await tab.receives("notify"), [[user]]);
    return tab;
  }

  function negotiate(path, token, init = {}) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    return fetch(`${stack.url}${path}`, { method: "POST", headers, ...init });
  }

  for (const [version, signalR] of Object.entries(versions)) {
    it(`redirects from /hubs/{hub} and keeps the app's own query parameters (client ${version})`, async () => {
      const tap = tapped();
      const url = `${stack.url}/hubs/Notifications?tenant=a%26b&theme=d%C3%A4rk&empty=`;
      const tab = await connects(`redirected-${version}`, { url, version, options: { WebSocket: tap.WebSocket } });
      const { pathname, searchParams } = tap.last.url;
      assert.equal(pathname, "/client/");
      const own = ["hub", "tenant", "theme", "empty"].map((name) => searchParams.getAll(name));
      assert.deepEqual(own, [["notifications"], ["a&b"], ["därk"], [""]]);
      assert.ok(searchParams.get("id").startsWith(tab.id), "the socket is opened with the connection's token");
      assert.deepEqual(tap.sent[0], '{"protocol":"json","version":1}\u001e');
    });

    it(`connects at /client/?hub= without a redirect (client ${version})`, async () => {
      const url = `${stack.url}/client/?hub=notifications&tenant=a%26b`;
      const tap = tapped();
      const tab = await connects(`direct-${version}`, { url, version, options: { WebSocket: tap.WebSocket } });
      assert.equal(tap.last.url.searchParams.get("tenant"), "a&b");
      assert.ok(tap.last.url.searchParams.get("id").startsWith(tab.id));
    });

    for (const path of ["/client/?hub=notifications", "/hubs/notifications", "/local?hub=notifications"]) {
      it(`is skipped at ${path} (client ${version})`, async () => {
        const tap = tapped();
        const options = { ...skipping(signalR), WebSocket: tap.WebSocket };
        const tab = await connects(`skips-${path}-${version}`, { url: stack.url + path, version, options });
        assert.ok(!tap.last.url.searchParams.has("id"), "nothing was negotiated");
        assert.ok(!tab.id, "the client itself knows no id");
      });
    }
  }

  for (const version of ["8.0.29", "10.0.11"]) {
    it(`does not offer stateful reconnect to a client that wants it (client ${version})`, async () => {
      const tap = tapped();
      const tab = await connects(`stateful-${version}`, {
        url: `${stack.url}/hubs/notifications`,
        version,
        build: (builder) => builder.withStatefulReconnect(),
        reconnect: [0, 0, 0],
        options: { WebSocket: tap.WebSocket },
      });
      const [first] = tap.opened;
      assert.deepEqual(tap.sent[0], '{"protocol":"json","version":1}\u001e');
      tap.cut();
      await tab.returns();
      assert.notEqual(tap.last.url.searchParams.get("id"), first.url.searchParams.get("id"));
      await tab.stop();
    });
  }

  it("answers a redirect, and the protocol's own parameters are not kept", async () => {
    const answer = await negotiate("/hubs/notifications/negotiate?a=1&negotiateVersion=1", await stack.token("alice"));
    const { accessToken, ...body } = await answer.json();
    assert.deepEqual(body, { url: `${stack.url}/client/?hub=notifications&a=1`, availableTransports: [] });
    assert.equal(accessToken.split(".").length, 3);
  });

  const transports = [{ transport: "WebSockets", transferFormats: ["Text"] }];

  it("answers version 1 with an id and a token, offers WebSockets with text only, and no stateful reconnect", async () => {
    const token = await stack.token("alice");
    for (const version of [1, 2]) {
      const query = `hub=notifications&negotiateVersion=${version}&useStatefulReconnect=true`;
      const answer = await negotiate(`/client/negotiate?${query}`, token);
      const { connectionId, connectionToken, ...body } = await answer.json();
      assert.deepEqual(body, { negotiateVersion: 1, availableTransports: transports });
      assert.match(connectionToken, /^[\w.-]+$/, "the client appends it unencoded");
      assert.ok(connectionToken.startsWith(connectionId) && connectionToken !== connectionId);
    }
  });

  it("answers version 0 with one id that opens a socket", async () => {
    const token = await stack.token("alice");
    for (const query of ["hub=notifications", "hub=notifications&negotiateVersion=0"]) {
      const answer = await negotiate(`/client/negotiate?${query}`, token);
      const { connectionId, ...body } = await answer.json();
      assert.deepEqual(body, { negotiateVersion: 0, availableTransports: transports });
      await opened(`${stack.url}/client/?hub=notifications&id=${connectionId}&access_token=${token}`);
    }
  });

  const refused = [
    ["no token", () => undefined, "Unauthorized: a token is needed: set accessTokenFactory in withUrl."],
    ["a text that is no token", () => "nonsense", "Unauthorized: the access token is not valid: it is not a JWT."],
    ["an expired token", () => stack.token("alice", { ttlSeconds: -3600 }), "Unauthorized: the access token has expired."],
    [
      "a token that names no user",
      () => stack.token("", {}),
      "Unauthorized: the access token is not valid: it does not name a user.",
    ],
    [
      "a token for another audience",
      () => stack.token("alice", { audience: "elsewhere" }),
      "Unauthorized: the access token is not valid: it is meant for another audience.",
    ],
    [
      "a client token, which is not what this endpoint takes",
      () => clientToken(stack, "notifications", { nameid: "alice" }),
      "Unauthorized: the access token is not valid: an app token is needed here.",
    ],
  ];
  for (const [what, token, text] of refused) {
    it(`refuses ${what}, and the client shows why`, async () => {
      const lost = client({ url: `${stack.url}/hubs/notifications`, token: await token() });
      const message = `Failed to complete negotiation with the server: Error: ${text}: Status code '401'`;
      await assert.rejects(lost.start(), { message });
    });
  }

  it("refuses a client token at another hub than its own", async () => {
    const token = clientToken(stack, "notifications", { nameid: "alice" });
    const lost = client({ url: `${stack.url}/client/?hub=other`, token });
    await assert.rejects(lost.start(), /the access token is not good for this hub\.: Status code '403'/);
    const skips = client({ url: `${stack.url}/client/?hub=other`, token, options: skipping() });
    await assert.rejects(skips.start(), /WebSocket failed to connect/);
  });

  it("tells version 3.1.31 of a refusal, too", async () => {
    const lost = client({ url: `${stack.url}/hubs/notifications`, token: "nonsense", version: "3.1.31" });
    await assert.rejects(lost.start(), /Unauthorized/);
  });
});
