// An open connection follows fresh tokens, so that it outlives the token that opened it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { claimsOf, clientToken } from "../harness/jwt.js";
import { HANDSHAKE, opened } from "../harness/raw.js";
import { refresh, RefreshingClient } from "../harness/refreshing.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";

const HUB = "notifications";
const SECONDS = 8;
/** So many refreshes at half of a lifetime lie beyond two deadlines. */
const BEYOND_TWO = 5;
const ORIGIN = "http://localhost:4200";

describe("a connection whose token is refreshed", { concurrency: true }, () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--close-on-token-expiry");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const short = (user, more) => () => stack.token(user, { ttlSeconds: SECONDS, ...more });
  const long = (user, more) => () => stack.token(user, more);
  const start = (token, options) => new RefreshingClient(stack, token, options).start();
  const socketOf = (tab) => (all) => all.find(({ sk, connectionId }) => sk === "SOCKET" && connectionId === tab.id);

  it("outlives two deadlines, hears everything, and ends with the last one", async () => {
    const tab = await start(short("alice", { groups: ["staff"] }));
    assert.ok(tab.lifetime >= SECONDS - 1 && tab.lifetime <= SECONDS, `${tab.lifetime}`);
    await tab.refreshed(BEYOND_TWO);
    assert.deepEqual(tab.failures, []);
    for (const { accessToken, tokenLifetimeSeconds, ...more } of tab.answers) {
      assert.deepEqual(more, {});
      assert.ok(Number.isInteger(tokenLifetimeSeconds) && tokenLifetimeSeconds <= SECONDS, `${tokenLifetimeSeconds}`);
      assert.equal(claimsOf(accessToken).nameid, "alice");
    }
    const order = { group: "refresh:alice" };
    await backend.send({ userId: "alice", target: "to-user", arguments: [1] }, order);
    await backend.send({ groupName: "staff", target: "to-group", arguments: [2] }, order);
    await backend.send({ connectionId: tab.id, target: "to-connection", arguments: [3] }, order);
    await backend.send({ everyone: true, target: "to-hub", arguments: [4] }, order);
    for (const target of ["to-user", "to-group", "to-connection", "to-hub"]) await tab.socket.receives(target);
    assert.equal(tab.socket.closed, undefined);
    tab.refreshes = false;
    clearTimeout(tab.timer);
    assert.deepEqual(await tab.closes(), { type: 7, error: "The session has expired.", allowReconnect: true });
    await tab.stop();
  });

  it("costs nothing while it is not refreshed, and ends with its token", async () => {
    const tab = await start(short("bob"), { refreshes: false });
    const [before] = [socketOf(tab)(await rows(stack, socketOf(tab)))];
    await tab.socket.hears(3);
    assert.deepEqual(socketOf(tab)(await rows(stack)), before);
    assert.deepEqual(await tab.closes(), { type: 7, error: "The session has expired.", allowReconnect: true });
    await tab.stop();
  });

  it("is refreshed by whoever has its user's fresh token and its secret, and by nobody else", async () => {
    const [tab, other] = [await start(long("carol")), await start(long("dave"))];
    const { connectionToken } = tab;
    const token = await stack.token("carol");
    const path = `/hubs/${HUB}/refresh`;
    const seconds = Math.floor(Date.now() / 1000);
    const cases = [
      [{ token, connectionToken, method: "GET" }, 405, undefined],
      [{ token }, 400, "missing_connection_token"],
      [{ connectionToken }, 401, "invalid_token"],
      [{ token: "nonsense", connectionToken }, 401, "invalid_token"],
      [{ token: await stack.token("carol", { ttlSeconds: -120 }), connectionToken }, 401, "invalid_token"],
      // Within the leeway of clocks a token opens a connection, and its session is over all the same.
      [{ token: await stack.token("carol", { ttlSeconds: -5 }), connectionToken }, 401, "invalid_token"],
      [{ token: await stack.token("carol", { claims: { iat: seconds + 30 } }), connectionToken }, 401, "invalid_token"],
      [{ token: clientToken(stack, HUB, { nameid: "carol" }), connectionToken }, 401, "invalid_token"],
      [{ token: await stack.token("dave"), connectionToken }, 403, "permission_change_rejected"],
      [{ token, connectionToken: "nonsense" }, 404, "connection_not_found"],
      [{ token, connectionToken: tab.id }, 404, "connection_not_found"],
      [{ token, connectionToken: `${tab.id}.${other.connectionToken.split(".")[1]}` }, 404, "connection_not_found"],
    ];
    for (const [options, status, error] of cases) {
      const answer = await refresh(stack, path, options);
      assert.deepEqual([answer.status, answer.body], [status, error === undefined ? {} : { error }], JSON.stringify(options));
    }
    const elsewhere = await refresh(stack, "/hubs/other/refresh", { token, connectionToken });
    assert.deepEqual([elsewhere.status, elsewhere.body], [404, { error: "connection_not_found" }]);
    assert.equal((await refresh(stack, path, { token, connectionToken })).status, 200);
    assert.ok(await tab.socket.isAlive());
    await tab.stop();
    await other.stop();
    await rows(stack, (all) => !socketOf(tab)(all));
    const replayed = await refresh(stack, path, { token, connectionToken });
    assert.deepEqual([replayed.status, replayed.body], [404, { error: "connection_not_found" }]);
  });

  // MiniStack does not read the CORS settings of a template.
  it("answers preflights of its header", { skip: Boolean(process.env.HUBCAST_DEPLOYED) }, async () => {
    const path = `/hubs/${HUB}/refresh`;
    const asked = { "access-control-request-method": "POST", "access-control-request-headers": "authorization,x-signalr-connection-token" };
    const preflight = await fetch(`${stack.url}${path}`, { method: "OPTIONS", headers: { origin: ORIGIN, ...asked } });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-headers"), /x-signalr-connection-token/);
  });

  it("answers pages of allowed origins in a way that they can read, and others not at all", async () => {
    const path = `/hubs/${HUB}/refresh`;
    const answer = await refresh(stack, path, { headers: { origin: ORIGIN } });
    assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
    assert.equal(answer.headers.get("content-type"), "application/json");
    const foreign = await refresh(stack, path, { token: await stack.token("eve"), headers: { origin: "https://evil.example" } });
    assert.deepEqual([foreign.status, foreign.body], [403, { error: "permission_change_rejected" }]);
  });

  it("is refused after a log-out and during a block, whatever comes first", async () => {
    for (const action of ["close", "block"]) {
      const user = `frank-${action}`;
      const token = await stack.token(user);
      const tab = await start(() => token);
      await Promise.all([backend.send({ userId: user, action }), ...Array.from({ length: 5 }, () => tab.refresh(token))]);
      await tab.closes();
      const late = await tab.refresh(token);
      assert.ok([403, 404].includes(late.status), `${late.status}`);
      await rows(stack, (all) => !all.some(({ pk, userId }) => pk.startsWith("USER#") && userId === user));
      await tab.stop();
    }
  });

  it("may be asked at /client/refresh, which says the new lifetime only", async () => {
    const own = (seconds, more = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const ends = seconds ? { "asrs.s.coae": "true", "asrs.s.aeo": now + seconds } : {};
      return clientToken(stack, HUB, { nameid: "grace", ...ends, ...more });
    };
    const token = own(600);
    const negotiated = await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    const { connectionToken, tokenLifetimeSeconds } = await negotiated.json();
    assert.equal(tokenLifetimeSeconds, undefined, "whoever made the token told its client");
    const socket = await opened(`${stack.url}/client/?${new URLSearchParams({ hub: HUB, id: connectionToken, access_token: token })}`);
    socket.send(HANDSHAKE);
    await socket.frame(1);
    const ask = async (fresh) => refresh(stack, `/client/refresh?hub=${HUB}`, { token: fresh, connectionToken });
    const moved = await ask(own(900));
    assert.deepEqual([moved.status, Object.keys(moved.body)], [200, ["tokenLifetimeSeconds"]]);
    const { tokenLifetimeSeconds: lifetime } = moved.body;
    assert.ok(lifetime > 890 && lifetime <= 900, `${lifetime}`);
    const exp = Math.floor(Date.now() / 1000) - 120;
    assert.equal((await ask(own(900, { iat: exp - 60, exp }))).status, 401, "no session makes an old token fresh");
    const app = await ask(await stack.token("grace"));
    assert.deepEqual([app.status, Object.keys(app.body)], [200, ["tokenLifetimeSeconds"]]);
    const endless = await ask(own());
    assert.deepEqual([endless.status, endless.body], [200, {}], "without an end there is nothing to refresh");
    await socket.close();
  });
});
