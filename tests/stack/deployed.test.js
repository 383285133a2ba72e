// Stories that need a deployment: the WebSocket API without a front door, its routes, batches as AWS
// makes them, and what only some configurations do.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, skipping } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { ready, tryOpen } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";

const SOCKETS = process.env.HUBCAST_SOCKETS;
/** As run.js deploys it. */
const CONNECTIONS_MAX = 12;
const DIRECT_MAX = 45;
const PARTY = 5;

let stack, backend;
before(async () => {
  stack = await startStack();
  backend = new Backend(stack);
});
after(() => stack.stop());

/** The first arguments of all calls that a socket got. */
const heard = ({ records }) => records.filter(({ type }) => type === 1).map(({ arguments: [n] }) => n);

/** Makes posts to a socket fail with a status, or succeed again without one. */
const fail = (socket, status) =>
  fetch(`${stack.url}/dev/fault`, { method: "POST", body: JSON.stringify({ socket, status }) });

describe("a client without a front door", () => {
  it("skips negotiation, opens the WebSocket API's own URL, and hears its user's messages", async () => {
    const url = `${SOCKETS}?hub=notifications`;
    const tab = await client({ url, token: () => stack.token("direct"), options: skipping() }).ready();
    await backend.send({ userId: "direct", target: "notify", arguments: [1] });
    assert.deepEqual(await tab.receives("notify"), [[1]]);
    await tab.stop();
    await rows(stack, (all) => !all.some(({ userId }) => userId === "direct"));
  });

  it("is refused without a hub, and without a token", async () => {
    const token = await stack.token("direct");
    const { status } = await tryOpen(`${SOCKETS}?access_token=${token}`);
    assert.equal(status, 401);
    assert.ok((await tryOpen(`${SOCKETS}?hub=notifications`)).status >= 400);
  });
});

describe("the routes of group methods", () => {
  for (const target of ["JoinGroup", "LeaveGroup"]) {
    it(`answer a frame for ${target} that API Gateway can read`, async () => {
      const socket = await ready(stack, "router");
      // Without its separator it is JSON; the handler says what is wrong with that.
      socket.send(JSON.stringify({ type: 1, target, arguments: ["open"], invocationId: "1" }));
      await socket.until(() => socket.records.some(({ type, error }) => type === 7 && error), "a Close with an error");
      socket.destroy();
    });
  }
});

describe("a batch of two message groups", () => {
  it("comes back for the group that failed only, and in order", async () => {
    const [held, free] = [await ready(stack, "held"), await ready(stack, "free")];
    const { sk: socket } = (await rows(stack)).find(({ pk }) => pk.endsWith("#held"));
    await fail(socket, 429);
    const message = (userId, n) => ({ userId, target: "notify", arguments: [n] });
    const batch = [1, 2, 3].flatMap((n) => [message("held", n), message("free", n)]);
    await backend.sendBatch(batch, { group: (envelope) => backend.group(envelope) });
    // One batch is worked at a time here: when this arrives, the first one was reported in part.
    await backend.send(message("free", 4));
    await free.until(() => heard(free).length === 4, "four messages");
    assert.deepEqual(heard(held), []);
    await fail(socket);
    await held.until(() => heard(held).length === 3, "three messages, late");
    assert.deepEqual([heard(held), heard(free)], [[1, 2, 3], [1, 2, 3, 4]]);
    assert.equal(await backend.depth(stack.dlqUrl), 0);
    for (const tab of [held, free]) await tab.close();
  });
});

/** Does something with each, a few at a time: each of many at once would have a process of its own. */
async function inParties(items, work) {
  const done = [];
  for (let at = 0; at < items.length; at += PARTY) done.push(...(await Promise.all(items.slice(at, at + PARTY).map(work))));
  return done;
}

describe("an audience that is large", () => {
  it("is worked as jobs and hears everything in order, once", async () => {
    const users = Array.from({ length: DIRECT_MAX + 5 }, (_, n) => `many-${n}`);
    const sockets = await inParties(users, (user) => ready(stack, user, { groups: ["many"] }));
    for (const n of [1, 2, 3]) await backend.send({ groupName: "many", target: "notify", arguments: [n] });
    for (const socket of sockets) {
      await socket.until(() => heard(socket).length === 3, "three messages");
      assert.deepEqual(heard(socket), [1, 2, 3]);
    }
    await inParties(sockets, (socket) => socket.close());
  });
});

describe("the limit of a user's connections", () => {
  it("ends the oldest when one more comes", async () => {
    const sockets = [];
    for (let n = 0; n < CONNECTIONS_MAX; n += 1) sockets.push(await ready(stack, "eager"));
    const last = await ready(stack, "eager");
    await sockets[0].ends();
    assert.ok(await last.isAlive());
    await Promise.all([...sockets.slice(1), last].map((socket) => socket.close()));
  });
});

describe("a client token whose time is over", () => {
  it("is looked up and refused, since no session of it lasts", async () => {
    const exp = Math.floor(Date.now() / 1000) - 3600;
    const token = clientToken(stack, "notifications", { nameid: "late", iat: exp - 60, exp });
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${stack.url}/client/negotiate?hub=notifications`, { method: "POST", headers });
    assert.equal(answer.status, 401);
    const { status } = await tryOpen(`${stack.url}/client/?hub=notifications`, { headers });
    assert.ok(status >= 400);
  });
});
