// The groups that a token names: the connection is in them from its start.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { clientToken } from "../harness/jwt.js";
import { client, signedIn, skipping, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

describe("the groups of a token", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  for (const [version, signalR] of Object.entries(versions)) {
    it(`are heard by those who are in them and by nobody else (client ${version})`, async () => {
      const [editors, admins] = [`editors-${version}`, `admins-${version}`];
      const both = await signedIn(stack, "both", { version, groups: [editors, admins] });
      const one = await signedIn(stack, "one", { version, groups: [editors], options: skipping(signalR) });
      const none = await signedIn(stack, "none", { version });
      await backend.send({ groupName: editors, target: "notify", arguments: ["editors"] }, { group: "g" });
      await backend.send({ groupName: admins, target: "notify", arguments: ["admins"] }, { group: "g" });
      await backend.fence("g", both, one, none);
      assert.deepEqual(both.received("notify"), [["editors"], ["admins"]]);
      assert.deepEqual(one.received("notify"), [["editors"]]);
      assert.deepEqual(none.received("notify"), []);
      await Promise.all([both, one, none].map((tab) => tab.stop()));
    });

    it(`are united when several are named, and someone in two hears it once (client ${version})`, async () => {
      const [a, b, c] = ["a", "b", "c"].map((name) => `${name}-${version}`);
      const tabs = await Promise.all(
        [[a, b], [b], [c], []].map((groups, n) => signedIn(stack, `user-${n}`, { version, groups })),
      );
      const message = { target: "notify", groupName: a, groupNames: [b, a, "nobody is in this"] };
      await backend.send(message, { group: "g" });
      await backend.fence("g", ...tabs);
      assert.deepEqual(tabs.map((tab) => tab.received("notify").length), [1, 1, 0, 0]);
      await Promise.all(tabs.map((tab) => tab.stop()));
    });
  }

  it("are told apart by case", async () => {
    const tab = await signedIn(stack, "case", { groups: ["Team"] });
    await backend.send({ groupName: "team", target: "notify" }, { group: "g" });
    await backend.fence("g", tab);
    assert.deepEqual(tab.received("notify"), []);
  });

  it("may be more than fit a URL", async () => {
    const groups = Array.from({ length: 90 }, (_, n) => `a group with a name of some length ${n}`);
    const tab = await signedIn(stack, "many", { groups });
    await backend.send({ groupName: groups.at(-1), target: "notify" });
    await tab.receives("notify");
  });

  it("that the Azure SDK would sign are those of one claim, and a user is not needed", async () => {
    const token = () => clientToken(stack, "notifications", { "hubcast.groups": ["guests"], groups: ["admins"] });
    const guest = await client({ url: `${stack.url}/client/?hub=notifications`, token }).ready();
    await backend.send({ groupName: "admins", target: "notify", arguments: ["admins"] }, { group: "g" });
    await backend.send({ groupName: "guests", target: "notify", arguments: ["guests"] }, { group: "g" });
    await backend.fence("g", guest);
    assert.deepEqual(guest.received("notify"), [["guests"]]);
  });
});
