// An operator erases one user, who is connected at the time.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { PROGRAMS, startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";

describe("a user who is erased", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--upstream");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  it("is sent away, and leaves no row with the name, while others keep theirs", async () => {
    const [alice, bob] = [await signedIn(stack, "alice"), await signedIn(stack, "bob")];
    for (const userId of ["alice", "bob"]) {
      await backend.send([
        { action: "add", userId, groupName: "staff" },
        { userId, target: "notify", arguments: [1], retain: "role" },
      ]);
    }
    assert.deepEqual(await alice.receives("notify"), [[1]]);
    assert.deepEqual(await bob.receives("notify"), [[1]]);
    const erase = ["users", "erase", `--local=${stack.url}`, "alice", "--all-hubs", "--blocks", "--json"];
    const { stdout } = await promisify(execFile)(join(PROGRAMS, "hubcast"), erase);
    const told = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(told.find(({ what }) => what === "connections").count, 1);
    assert.ok(told.some(({ stays }) => stays));
    const left = (await rows(stack)).filter((row) => JSON.stringify(row).includes("alice"));
    assert.deepEqual(left, []);
    const again = await signedIn(stack, "bob");
    assert.deepEqual(await again.receives("notify"), [[1]]);
    for (const tab of [bob, again]) await tab.stop();
  });
});
