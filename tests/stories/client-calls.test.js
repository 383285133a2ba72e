// Rare calls from client to server.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

describe("a client that calls the server", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  for (const version of Object.keys(versions)) {
    it(`hears everything from its first answer on (client ${version})`, async () => {
      const users = Array.from({ length: 10 }, (_, n) => `early-${version}-${n}`);
      await Promise.all(
        users.map(async (user) => {
          const token = () => stack.token(user, { groups: [`of-${user}`] });
          const tab = await client({ url: `${stack.url}/hubs/notifications`, version, token }).start();
          await tab.invoke("GetConnectionId");
          await Promise.all([
            backend.send({ groupName: `of-${user}`, target: "notify", arguments: ["group"] }),
            backend.send({ connectionId: tab.id, target: "notify", arguments: ["connection"] }),
          ]);
          const heard = (await tab.receives("notify", 2)).map(([text]) => text);
          assert.deepEqual(heard.sort(), ["connection", "group"]);
          await tab.stop();
        }),
      );
    });
  }
});
