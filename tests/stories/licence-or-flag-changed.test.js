// Job 3: a licence or a feature flag changes. The group that it concerns, or everyone, is told to refresh.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a licence or feature flag that changed", ({ Publisher, versions, itBySqs }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  const methods = ["licenceChanged", "featureFlagChanged", "refresh"];
  const order = { group: "notifications:hub" };

  for (const version of Object.keys(versions)) {
    it(`makes the tenant's tabs refresh once, whatever groups they are in (client ${version})`, async () => {
      const [acme, beta, globex] = ["acme", "beta", "globex"].map((name) => `${name}-${version}`);
      const open = (user, groups) => signedIn(stack, user, { version, methods, groups });
      const inAcme = await Promise.all([open("alice", [acme, beta]), open("alice", [acme, beta]), open("bob", [acme])]);
      const inGlobex = await open("carol", [globex]);
      const everyone = [...inAcme, inGlobex];

      await backend.send({ groupName: acme, target: "licenceChanged", arguments: [{ plan: "pro", seats: 20 }] }, order);
      await backend.send({ groupNames: [acme, beta], target: "refresh", arguments: ["licence"] }, order);
      await backend.send({ target: "featureFlagChanged", arguments: ["new-search", true] }, order);
      await backend.fence(order.group, ...everyone);

      const flag = { method: "featureFlagChanged", args: ["new-search", true] };
      const licence = [
        { method: "licenceChanged", args: [{ plan: "pro", seats: 20 }] },
        { method: "refresh", args: ["licence"] },
      ];
      const calls = (tab) => tab.calls.filter(({ method }) => method !== "fence");
      for (const tab of inAcme) assert.deepEqual(calls(tab), [...licence, flag]);
      assert.deepEqual(calls(inGlobex), [flag]);
      await Promise.all(everyone.map((tab) => tab.stop()));
    });
  }

  itBySqs("reaches a whole tenant: 20 users with one to three tabs each", async () => {
    const users = Array.from({ length: 20 }, (_, n) => Array(1 + (n % 3)).fill(`user-${n}`)).flat();
    const tabs = await Promise.all(users.map((user) => signedIn(stack, user, { methods, groups: ["tenant"] })));
    await backend.send({ groupName: "tenant", target: "licenceChanged", arguments: ["expired"] }, order);
    await Promise.all(tabs.map((tab) => tab.receives("licenceChanged")));
    await backend.send({ target: "featureFlagChanged", arguments: ["dark-mode"] }, order);
    await Promise.all(tabs.map((tab) => tab.receives("featureFlagChanged")));
    for (const tab of tabs) assert.equal(tab.calls.length, 2);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });
});
