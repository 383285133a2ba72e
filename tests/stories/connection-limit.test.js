// How many connections a user may have at once.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { HANDSHAKE, PING, connected, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { copyRows, rows, settled } from "../harness/table.js";

const MOST = 2;
const REFUSED = /The user has too many connections: at most 2 are allowed\./;
const EVICTED = /A newer connection of the user took the place of this one\./;

const starting = (rule) => startStack("--set", `MAX_CONNECTIONS_PER_USER=${MOST}`, "--set", `AT_CONNECTION_LIMIT=${rule}`);

/** A client that is not started, with an app token of a user. */
const tabOf = (stack, user, version) =>
  client({ url: `${stack.url}/hubs/notifications`, token: () => stack.token(user), version, reconnect: [0, 100] });

/** Leaves the rows of a connection that never was, as if nobody had told of its end. */
async function leaveGhost(stack, tab, ghost) {
  const { sk: own } = (await rows(stack)).find(({ pk, connectionId }) => pk.startsWith("USER") && connectionId === tab.id);
  await copyRows(stack, (item) => {
    const text = JSON.stringify(item);
    if (!text.includes(own) || item.sk.S === "CLAIM") return undefined;
    return JSON.parse(text.replaceAll(own, ghost).replaceAll(tab.id, "connection-of-a-ghost"));
  });
}

describe("a user at the limit", () => {
  for (const rule of ["refuse", "evict"]) {
    describe(`that ${rule}s`, () => {
      let stack, backend;
      before(async () => {
        stack = await starting(rule);
        backend = new Backend(stack);
      });
      after(async () => {
        // What the stop cuts off may be an error.
        const { logs } = stack;
        await stack.stop();
        assert.doesNotMatch(logs, /ERROR/);
      });

      for (const version of Object.keys(versions)) {
        it(`has as many connections as allowed, and all of them hear (client ${version})`, async () => {
          const user = `alice-${version}`;
          const tabs = [await signedIn(stack, user, { version }), await signedIn(stack, user, { version })];
          const others = await Promise.all([1, 2, 3].map((n) => signedIn(stack, `bob-${n}-${version}`, { version })));
          const anonymous = [await ready(stack, `carol-${version}`), await ready(stack, `dave-${version}`)];
          await backend.send({ userId: user, target: "notify", arguments: [1] });
          for (const tab of tabs) assert.deepEqual(await tab.receives("notify"), [[1]]);
          await Promise.all([...tabs, ...others].map((tab) => tab.stop()));
          await Promise.all(anonymous.map((socket) => socket.close()));
        });
      }

      it("is not held up by connections whose end nobody told", async () => {
        const user = `ghostly-${rule}`;
        const first = await signedIn(stack, user);
        for (const n of [1, 2, 3]) await leaveGhost(stack, first, `Ghost${rule}${n}0000=`);
        const second = await signedIn(stack, user);
        await settled(stack, first, second);
        await rows(stack, (all) => !all.some(({ pk }) => pk.startsWith(`SOCKET#Ghost`)));
        await backend.send({ userId: user, target: "notify", arguments: [1] });
        for (const tab of [first, second]) assert.deepEqual(await tab.receives("notify"), [[1]]);
        assert.deepEqual(first.events, []);
        await Promise.all([first.stop(), second.stop()]);
      });

      it("never has more than allowed, however many come at once", async () => {
        const user = `crowd-${rule}`;
        const sockets = await Promise.all(Array.from({ length: 8 }, () => connected(stack, user)));
        for (const socket of sockets) socket.send(HANDSHAKE);
        await Promise.all(sockets.map((socket) => socket.frame(1)));
        const left = await rows(stack, (all) => {
          const channel = all.filter(({ pk }) => pk === `USER#notifications#${user}`);
          return channel.length === MOST;
        });
        assert.ok(left.length > 0);
        for (const socket of sockets) socket.destroy();
      });
    });
  }
});

describe("one connection more", () => {
  // The oldest client throws the error of a handshake where nobody can catch it, too.
  for (const version of Object.keys(versions).filter((version) => !version.startsWith("3."))) {
    it(`is refused with a text that says why (client ${version})`, async () => {
      const stack = await starting("refuse");
      try {
        const tabs = [await signedIn(stack, "alice", { version }), await signedIn(stack, "alice", { version })];
        await settled(stack, ...tabs);
        await assert.rejects(tabOf(stack, "alice", version).start(), REFUSED);
        assert.deepEqual(tabs.flatMap((tab) => tab.events), []);
        await tabs[0].stop();
        await rows(stack, (all) => all.filter(({ pk }) => pk.startsWith("USER#")).length === 1);
        const third = await tabOf(stack, "alice", version).ready();
        await Promise.all([tabs[1].stop(), third.stop()]);
      } finally {
        await stack.stop();
      }
    });
  }

  it("is refused by the answer to its handshake, and closed", async () => {
    const stack = await starting("refuse");
    try {
      const sockets = [await ready(stack, "alice"), await ready(stack, "alice"), await connected(stack, "alice")];
      const last = sockets.at(-1);
      last.send(HANDSHAKE);
      const error = "The user has too many connections: at most 2 are allowed.";
      assert.deepEqual(JSON.parse((await last.frame(1)).slice(0, -1)), { error });
      await last.ends();
      for (const socket of sockets.slice(0, -1)) await socket.close();
    } finally {
      await stack.stop();
    }
  });

  for (const version of Object.keys(versions)) {
    it(`ends the oldest, for good and with a text that says why (client ${version})`, async () => {
      const stack = await starting("evict");
      const backend = new Backend(stack);
      try {
        const [oldest, older] = [await tabOf(stack, "alice", version).ready(), await tabOf(stack, "alice", version).ready()];
        const newest = await tabOf(stack, "alice", version).ready();
        assert.match(await oldest.meets("closed"), EVICTED);
        await backend.send({ userId: "alice", target: "notify", arguments: [1] });
        for (const tab of [older, newest]) assert.deepEqual(await tab.receives("notify"), [[1]]);
        assert.deepEqual(oldest.received("notify"), []);
        assert.deepEqual(oldest.events.map(({ event }) => event), ["closed"]);
        assert.deepEqual([...older.events, ...newest.events], []);
        await Promise.all([older.stop(), newest.stop()]);
      } finally {
        await stack.stop();
      }
    });
  }

  it("ends also a client that does not read its Close, and hears nothing meanwhile", async () => {
    const stack = await starting("evict");
    try {
      const deaf = await ready(stack, "alice");
      const others = [await ready(stack, "alice"), await ready(stack, "alice")];
      assert.match(JSON.stringify(await deaf.hears(1)), EVICTED);
      deaf.send(PING);
      await deaf.ends();
      for (const socket of others) {
        assert.ok(await socket.isAlive());
        await socket.close();
      }
    } finally {
      await stack.stop();
    }
  });
});
