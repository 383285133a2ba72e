import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a message to a user", ({ Publisher, versions }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  for (const version of Object.keys(versions)) {
    it(`reaches all three tabs of the user and nobody else (client ${version})`, async () => {
      const user = `alice-${version}`;
      const tabs = await Promise.all([1, 2, 3].map(() => signedIn(stack, user, { version })));
      const other = await signedIn(stack, `bob-${version}`, { version });
      await backend.send({ userId: user, target: "notify", arguments: ["hello", { n: 1 }] });
      for (const tab of tabs) assert.deepEqual(await tab.receives("notify"), [["hello", { n: 1 }]]);
      await backend.fence(`notifications:user:${user}`, other);
      assert.deepEqual(other.received("notify"), []);
      await Promise.all([...tabs, other].map((tab) => tab.stop()));
    });
  }
});
