// The canary as its schedule invokes it: a function of its own, which reaches the deployment from outside.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startStack } from "../harness/stack.js";
import { fly } from "./canary.js";

describe("the canary", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  it("connects, and hears its own message", async () => {
    assert.deepEqual(await fly(), { status: 200, failed: null, said: "null" });
  });
});
