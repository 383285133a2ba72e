// Job 1: somebody's role changes. All their tabs say so, and from then on they hear what the new role hears.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a role or permission that changed", ({ Publisher, versions }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  const methods = ["permissionsChanged", "forEditors", "forViewers"];

  for (const version of Object.keys(versions)) {
    it(`is shown in every tab of the user and takes effect at once (client ${version})`, async () => {
      const user = `alice-${version}`;
      const open = (who, groups) => signedIn(stack, who, { version, methods, groups });
      const tabs = await Promise.all([1, 2, 3].map(() => open(user, ["viewers"])));
      const viewer = await open("another viewer", ["viewers"]);

      const order = { group: `notifications:user:${user}` };
      await backend.send(
        [
          { userId: user, action: "remove", groupName: "viewers" },
          { userId: user, action: "add", groupName: "editors" },
          { userId: user, target: "permissionsChanged", arguments: [{ role: "editor", can: ["read", "write"] }] },
        ],
        order,
      );
      await backend.send({ groupName: "editors", target: "forEditors", arguments: ["welcome"] }, order);
      await backend.send({ groupName: "viewers", target: "forViewers", arguments: ["hello"] }, order);
      await backend.fence(order.group, ...tabs, viewer);

      const toast = { method: "permissionsChanged", args: [{ role: "editor", can: ["read", "write"] }] };
      const calls = [toast, { method: "forEditors", args: ["welcome"] }];
      for (const tab of tabs) assert.deepEqual(tab.calls.filter(({ method }) => method !== "fence"), calls);
      assert.deepEqual(viewer.received("permissionsChanged"), []);
      assert.deepEqual(viewer.received("forViewers"), [["hello"]]);

      const late = await open(user, ["viewers"]);
      await backend.send({ groupNames: ["viewers", "editors"], target: "forEditors", arguments: ["late"] }, order);
      await backend.send({ groupName: "viewers", target: "forViewers", arguments: ["again"] }, order);
      await backend.fence(order.group, late);
      assert.deepEqual([late.received("forEditors"), late.received("forViewers")], [[["late"]], []]);
      await Promise.all([...tabs, viewer, late].map((tab) => tab.stop()));
    });
  }
});
