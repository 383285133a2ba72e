// A backend that negotiates for its clients, as the management SDK does, refreshes their connections by REST.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { clientToken } from "../harness/jwt.js";
import { HANDSHAKE, opened, PING } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const HUB = "notifications";
/** As .NET writes `DateTimeOffset.MaxValue`. */
const KEEP = "9999-12-31T23:59:59.9999999+00:00";

describe("a backend that refreshes connections", { concurrency: true }, () => {
  let stack, rest;
  before(async () => {
    stack = await startStack();
    rest = new Rest(stack);
  });
  after(() => stack.stop());

  const now = () => Math.floor(Date.now() / 1000);

  /** A connection by a client token of the SDK that ends its session. */
  async function connected(user, { seconds = 600, ...more } = {}) {
    const claims = { "asrs.s.uid": user, "asrs.s.coae": "true", "asrs.s.aeo": String(now() + seconds), role: ["user", "reader"], ...more };
    const token = clientToken(stack, HUB, claims);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers });
    const { connectionToken } = await answer.json();
    const socket = await opened(`${stack.url}/client/?${new URLSearchParams({ hub: HUB, id: connectionToken, access_token: token })}`);
    socket.send(HANDSHAKE);
    await socket.frame(1);
    return { socket, connectionToken, aeo: claims["asrs.s.aeo"] };
  }

  const refreshAuth = (body) => rest.call("POST", "/connections/:refreshAuth", { body: JSON.stringify(body) });
  const claims = (method, connectionToken) => rest.call(method, "/connections/claims", { body: JSON.stringify({ connectionToken }) });
  const list = (...pairs) => pairs.map(([type, value]) => ({ type, value }));

  it("reads all claims of a connection, by QUERY and by POST", async () => {
    const { socket, connectionToken, aeo } = await connected("alice");
    const all = list(["asrs.s.uid", "alice"], ["role", "user"], ["role", "reader"], ["asrs.s.coae", "true"], ["asrs.s.aeo", aeo]);
    for (const method of ["QUERY", "POST"]) {
      const { status, json } = await claims(method, connectionToken);
      assert.deepEqual([status, json], [200, { claims: all }], method);
    }
    await socket.close();
  });

  it("replaces the claims and moves the end, or keeps either", async () => {
    const { socket, connectionToken, aeo } = await connected("bob");
    const admin = [{ type: "role", value: "admin" }];
    const kept = await refreshAuth({ connectionToken, expireTime: KEEP, claims: admin });
    const ends = (end) => list(["asrs.s.coae", "true"], ["asrs.s.aeo", end]);
    assert.deepEqual([kept.status, kept.json], [200, { claims: [...list(["asrs.s.uid", "bob"], ["role", "admin"]), ...ends(aeo)] }]);
    const moved = await refreshAuth({ connectionToken, expireTime: "2030-01-01T00:00:00+00:00", claims: null });
    assert.deepEqual(moved.json, { claims: [...list(["asrs.s.uid", "bob"], ["role", "admin"]), ...ends("1893456000")] });
    assert.deepEqual((await claims("POST", connectionToken)).json, moved.json);
    await socket.close();
  });

  it("has a connection outlive its token", async () => {
    const { socket, connectionToken } = await connected("carol", { seconds: 3 });
    const other = await connected("carol", { seconds: 3 });
    assert.equal((await refreshAuth({ connectionToken, expireTime: new Date(Date.now() + 600_000).toISOString() })).status, 200);
    const pings = setInterval(() => [socket, other.socket].forEach((each) => each.send(PING)), 500);
    await other.socket.until(() => other.socket.records.some(({ error }) => error === "The session has expired."), "the end of the other");
    await rest.call("POST", "/users/carol/:send", { body: Rest.message("notify", 1) });
    assert.deepEqual(await socket.receives("notify"), [1]);
    assert.ok(await socket.isAlive());
    clearInterval(pings);
    await Promise.all([socket.close(), other.socket.close()]);
  });

  it("is refused for another user, an unknown connection, a hub of others, and what cannot be", async () => {
    const { socket, connectionToken } = await connected("dave");
    const plain = clientToken(stack, HUB, { nameid: "dave" });
    const negotiated = await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers: { authorization: `Bearer ${plain}` } });
    const { connectionToken: never } = await negotiated.json();
    for (const [body, status] of [
      [{ connectionToken, claims: [{ type: "asrs.s.uid", value: "eve" }] }, 403],
      [{ connectionToken: "nonsense" }, 404],
      [{ connectionToken: never }, 404],
      [{ connectionToken: connectionToken.replace(/.$/, (last) => (last === "A" ? "B" : "A")) }, 404],
      [{ connectionToken, expireTime: "2020-01-01T00:00:00Z" }, 400],
      [{ connectionToken, expireTime: "tomorrow" }, 400],
      [{ connectionToken, claims: [{ type: "role" }] }, 400],
      [{ connectionToken, claims: [{ type: "pad", value: "x".repeat(8000) }] }, 400],
      [{}, 400],
    ]) {
      const answer = await refreshAuth(body);
      assert.equal(answer.status, status, `${JSON.stringify(body).slice(0, 200)}: ${answer.text}`);
    }
    const elsewhere = new Rest(stack, { hub: "other" });
    assert.equal((await elsewhere.call("POST", "/connections/claims", { body: JSON.stringify({ connectionToken }) })).status, 404);
    const older = new Rest(stack, { version: "2024-12-01" });
    assert.equal((await older.call("POST", "/connections/claims", { body: JSON.stringify({ connectionToken }) })).status, 400);
    await socket.close();
  });

  it("is refused after a log-out", async () => {
    const { socket, connectionToken } = await connected("frank");
    await rest.call("POST", "/users/frank/:closeConnections", { query: { revoke: true } });
    await socket.until(() => socket.records.some(({ type }) => type === 7), "a Close");
    const { status } = await refreshAuth({ connectionToken });
    assert.ok([403, 404].includes(status), `${status}`);
    await socket.ends();
  });
});
