import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

/** Three times the time after which a client gives up on a server that says nothing. */
const QUIET_MILLISECONDS = 90_000;

describe("clients with their default keep-alive", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  it("stay connected for 90 s without any traffic, all versions at once", async () => {
    const backend = new Backend(stack);
    const start = (version) => signedIn(stack, "alice", { version, reconnect: [0] });
    const tabs = await Promise.all(Object.keys(versions).map(start));
    const quiet = (tab) =>
      assert.rejects(
        tab.until(() => tab.events.length > 0, "the connection to be lost", QUIET_MILLISECONDS),
        /in vain/,
      );
    await Promise.all(tabs.map(quiet));
    await backend.send({ userId: "alice", target: "notify", arguments: ["still there?"] });
    for (const tab of tabs) assert.deepEqual(await tab.receives("notify"), [["still there?"]]);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });
});
