// What of a connection's groups survives it: what belongs to the user does, what belonged to it does not.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { tapped } from "../harness/wire.js";

describe("a client that comes back", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--client-joinable-groups", "*");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const waysToGo = {
    "after the network dropped it": (tap) => tap.cut(),
    "after a Close that lets it": (_, connectionId) =>
      backend.send({ action: "close", connectionId, allowReconnect: true, reason: "moving" }, { group: "g" }),
  };
  for (const version of Object.keys(versions)) {
    for (const [way, go] of Object.entries(waysToGo)) {
      it(`${way} is in its token's and its user's groups, not in its connection's (client ${version})`, async () => {
        const user = `${way} ${version}`;
        const names = { token: `token ${user}`, user: `user ${user}`, joined: `joined ${user}`, added: `added ${user}` };
        const tap = tapped();
        const tab = await signedIn(stack, user, {
          version,
          groups: [names.token],
          reconnect: [0, 100, 500, 1000],
          options: { WebSocket: tap.WebSocket },
        });
        await tab.invoke("JoinGroup", names.joined);
        await backend.send(
          [
            { action: "add", userId: user, groupName: names.user },
            { action: "add", connectionId: tab.id, groupName: names.added },
          ],
          { group: "g" },
        );
        const sayAll = () =>
          backend.send(
            Object.entries(names).map(([kind, groupName]) => ({ groupName, target: "notify", arguments: [kind] })),
            { group: "g" },
          );
        const heard = () => tab.received("notify").map(([kind]) => kind);
        await sayAll();
        await backend.fence("g", tab);
        assert.deepEqual(heard(), ["token", "user", "joined", "added"]);
        await go(tap, tab.id);
        await tab.returns();
        await sayAll();
        await backend.fence("g", tab);
        assert.deepEqual(heard().slice(4), ["token", "user"]);
        await tab.stop();
      });
    }
  }
});
