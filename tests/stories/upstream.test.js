// Clients that call backends: by the upstream queue, and back by an envelope.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { UpstreamBackend } from "../harness/upstream.js";

const ANSWERS = {
  Add: ({ arguments: [a, b] }) => ({ result: a + b }),
  Nothing: () => ({}),
  Refuse: () => ({ error: "not today" }),
};

describe("a client that calls backends", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream", "--set", "UPSTREAM_TIMEOUT_SECONDS=2");
    backend = new UpstreamBackend(stack, (event) => ANSWERS[event.target]?.(event));
  });
  after(async () => {
    await backend.stop();
    await stack.stop();
  });

  for (const version of Object.keys(versions)) {
    it(`gets what they answer (client ${version})`, async () => {
      const tab = await signedIn(stack, "alice", { version });
      assert.equal(await tab.invoke("Add", 1, 2), 3);
      assert.equal(await tab.invoke("Nothing"), undefined);
      await assert.rejects(tab.invoke("Refuse"), { message: "not today" });
      await tab.stop();
    });
  }
});
