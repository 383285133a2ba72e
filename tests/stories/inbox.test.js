// Messages that wait for a user whom no connection takes them for.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

describe("a message that is kept for its user", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const heard = (tab) => tab.received("notify").map(([text]) => text);
  const message = (userId, text, keepSeconds = 600) => ({ userId, target: "notify", arguments: [text], keepSeconds });
  const order = (userId) => ({ group: `notifications:user:${userId}` });

  for (const version of Object.keys(versions)) {
    it(`waits, and comes in order, once (client ${version})`, async () => {
      const user = `absent-${version}`;
      const witness = await signedIn(stack, `witness-${version}`, { version });
      for (const text of ["a", "b"]) await backend.send(message(user, text));
      await backend.send([message(user, "c"), message(user, "d")]);
      await backend.send({ userId: user, target: "notify", arguments: ["not kept"] });
      await backend.fence(order(user).group, witness);
      const tab = await signedIn(stack, user, { version });
      await tab.receives("notify", 4);
      await backend.send(message(user, "live"));
      const next = await signedIn(stack, user, { version });
      await backend.fence(order(user).group, tab, next);
      assert.deepEqual(heard(tab), ["a", "b", "c", "d", "live"]);
      assert.ok(["", "live"].includes(heard(next).join()), `${heard(next)}`);
      assert.deepEqual(heard(witness), []);
      await Promise.all([tab, next, witness].map((one) => one.stop()));
    });
  }

  it("waits when the user has gone without a word", async () => {
    const [old, witness] = [await signedIn(stack, "sleeper"), await signedIn(stack, "watch")];
    await old.stop();
    await backend.send(message("sleeper", "a"));
    await backend.fence(order("sleeper").group, witness);
    const tab = await signedIn(stack, "sleeper");
    await tab.receives("notify");
    assert.deepEqual(heard(tab), ["a"]);
    await Promise.all([tab, witness].map((one) => one.stop()));
  });

  it("waits no longer than it says", async () => {
    const witness = await signedIn(stack, "witness");
    await backend.send([message("late", "short", 0), message("late", "long")]);
    await backend.fence(order("late").group, witness);
    const tab = await signedIn(stack, "late");
    await tab.receives("notify");
    assert.deepEqual(heard(tab), ["long"]);
    await Promise.all([tab, witness].map((one) => one.stop()));
  });

  it("is never overtaken and never lost while its user comes", async () => {
    const numbers = Array.from({ length: 30 }, (_, n) => n + 1);
    const rounds = Array.from({ length: 8 }, (_, n) => `coming-${n}`);
    const round = async (user) => {
      const sends = (async () => {
        for (const n of numbers) await backend.send(message(user, n));
      })();
      // Not the harness's `ready`: messages may come before its first answer.
      const token = () => stack.token(user);
      const tab = client({ url: `${stack.url}/hubs/notifications`, token, reconnect: Array(20).fill(10) });
      await tab.start();
      await sends;
      await tab.receives("notify", numbers.length);
      // The order is a connection's; a client that had to come once more has had two.
      const isOneConnection = !tab.events.some(({ event }) => event === "reconnected");
      const order = isOneConnection ? heard(tab) : heard(tab).sort((one, other) => one - other);
      assert.deepEqual(order, numbers);
      await tab.stop();
    };
    await Promise.all(rounds.map(round));
  });
});
