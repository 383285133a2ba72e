// Job 4: toasts of any kind, to one user, to a group, to everyone, with whatever a toast carries.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a toast", ({ Publisher, versions }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  const methods = ["toast"];
  const order = { group: "toasts" };

  for (const version of Object.keys(versions)) {
    it(`appears for those it is for, in the order it was sent (client ${version})`, async () => {
      const support = `support-${version}`;
      const open = (user, groups) => signedIn(stack, user, { version, methods, groups });
      const [alice, bob] = await Promise.all([open("alice", [support]), open("bob")]);
      const toast = (text, audience) => backend.send({ ...audience, target: "toast", arguments: [text] }, order);
      await toast("saved", { userId: "alice" });
      await toast("a new ticket", { groupName: support });
      await toast("maintenance at noon", {});
      await toast("all but alice's tab", { excludedConnectionIds: [alice.id] });
      await toast("only bob's tab", { connectionId: bob.id });
      await backend.fence(order.group, alice, bob);
      assert.deepEqual(alice.received("toast").flat(), ["saved", "a new ticket", "maintenance at noon"]);
      assert.deepEqual(bob.received("toast").flat(), ["maintenance at noon", "all but alice's tab", "only bob's tab"]);
      await Promise.all([alice, bob].map((tab) => tab.stop()));
    });

    it(`carries any JSON in any language (client ${version})`, async () => {
      const tab = await signedIn(stack, "älice@例え.jp", { version, methods, groups: ["Gruppe für Ümläute/日本"] });
      const args = ["Größe geändert — 保存しました 😀", { n: 1.5, deep: [[{ on: true, off: null }]] }, [], -0.25, "", "line\nbreak\t\"quoted\""];
      await backend.send({ userId: "älice@例え.jp", target: "toast", arguments: args }, order);
      await backend.send({ groupName: "Gruppe für Ümläute/日本", target: "toast", arguments: ["Gruppe"] }, order);
      assert.deepEqual(await tab.receives("toast", 2), [args, ["Gruppe"]]);
      await tab.stop();
    });
  }

  it("of 100 KB arrives, and so does a row of small ones around it", async () => {
    const tab = await signedIn(stack, "bulk", { methods });
    const big = "x".repeat(100 * 1024);
    const toast = (text) => ({ userId: "bulk", target: "toast", arguments: [text] });
    await backend.send([toast("first"), toast(big), toast("last")], order);
    assert.deepEqual((await tab.receives("toast", 3)).flat(), ["first", big, "last"]);
    await tab.stop();
  });

  it("for nobody who is there is not kept for later", async () => {
    await backend.send({ userId: "away", target: "toast", arguments: ["missed"] }, order);
    const witness = await signedIn(stack, "witness");
    await backend.fence(order.group, witness);
    const tab = await signedIn(stack, "away", { methods });
    await backend.fence(order.group, tab);
    assert.deepEqual(tab.received("toast"), []);
  });
});
