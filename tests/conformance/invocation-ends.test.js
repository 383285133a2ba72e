// An invocation by the REST API that no answer can end. The stack waits long, so that "at once" means something.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

describe("an invocation by the REST API", () => {
  it("fails at once when its client leaves, or answers what no frame holds", async () => {
    const patient = await startStack("--set", "INVOKE_TIMEOUT_SECONDS=20");
    for (const [target, leave] of [["leave", (tab) => tab.stop()], ["large", () => "x".repeat(33 * 1024)]]) {
      const tab = await signedIn(patient, target, { methods: [target] });
      tab.connection.on(target, () => leave(tab));
      const body = Rest.message(target);
      const began = Date.now();
      const { status, json } = await new Rest(patient).call("POST", `/connections/${tab.id}/:invoke`, { body });
      assert.deepEqual([status, json.code], [424, "Error.Connection.InvocationFailed"]);
      assert.ok(Date.now() - began < 10_000, `${target} after ${Date.now() - began} ms`);
      await tab.stop();
    }
    await patient.stop();
  });
});
