// A message to everyone on a hub, and to nobody on another.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { clientToken } from "../harness/jwt.js";
import { client, signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a message to everyone", ({ Publisher, versions, itBySqs }) => {
  let stack, backend, elsewhere;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
    elsewhere = new Publisher(stack, "elsewhere");
  });
  after(() => stack.stop());

  const heard = (tab) => tab.received("notify").map(([text]) => text);

  for (const version of Object.keys(versions)) {
    it(`reaches every connection of its hub and none of another (client ${version})`, async () => {
      const tabs = await Promise.all(["alice", "alice", "bob", "carol"].map((user) => signedIn(stack, user, { version })));
      const others = await Promise.all(["alice", "bob"].map((user) => signedIn(stack, user, { version, hub: "elsewhere" })));
      await backend.send({ target: "notify", arguments: ["here"] }, { group: "b" });
      await backend.send({ hub: "ELSEWHERE", target: "notify", arguments: ["there"] }, { group: "b" });
      await backend.fence("b", ...tabs);
      await elsewhere.fence("b", ...others);
      for (const tab of tabs) assert.deepEqual(heard(tab), ["here"]);
      for (const tab of others) assert.deepEqual(heard(tab), ["there"]);
      await Promise.all([...tabs, ...others].map((tab) => tab.stop()));
    });

    it(`leaves out the connections that it excludes (client ${version})`, async () => {
      const tabs = await Promise.all([1, 2, 3].map(() => signedIn(stack, "alice", { version, groups: ["team"] })));
      const excludedConnectionIds = [tabs[0].id, "nobody's"];
      const message = { target: "notify", excludedConnectionIds };
      await backend.send({ ...message, arguments: ["everyone"] }, { group: "b" });
      await backend.send({ ...message, arguments: ["group"], groupName: "team" }, { group: "b" });
      await backend.fence("b", ...tabs);
      assert.deepEqual(tabs.map(heard), [[], ["everyone", "group"], ["everyone", "group"]]);
      await Promise.all(tabs.map((tab) => tab.stop()));
    });

    itBySqs(`leaves them out as a user's, and as the only one meant (client ${version})`, async () => {
      const tabs = await Promise.all([1, 2].map(() => signedIn(stack, "erin", { version })));
      const message = { target: "notify", excludedConnectionIds: [tabs[0].id, "nobody's"] };
      await backend.send({ ...message, arguments: ["user"], userId: "erin" }, { group: "b" });
      await backend.send({ ...message, arguments: ["itself"], connectionId: tabs[0].id }, { group: "b" });
      await backend.fence("b", ...tabs);
      assert.deepEqual(tabs.map(heard), [[], ["user"]]);
      await Promise.all(tabs.map((tab) => tab.stop()));
    });
  }

  it("stays on its hub, whatever it is that hubs have in common", async () => {
    const tab = await signedIn(stack, "dave", { groups: ["team"] });
    const twin = await signedIn(stack, "dave", { groups: ["team"], hub: "elsewhere" });
    const audiences = [{ userId: "dave" }, { groupName: "team" }, { connectionId: twin.id }, {}];
    for (const audience of audiences) await backend.send({ ...audience, target: "notify" }, { group: "b" });
    await backend.send({ action: "add", userId: "dave", groupName: "new" }, { group: "b" });
    await elsewhere.send({ hub: "elsewhere", groupName: "new", target: "notify" }, { group: "b" });
    await backend.fence("b", tab);
    await elsewhere.fence("b", twin);
    assert.deepEqual(twin.received("notify"), []);
    assert.equal(tab.received("notify").length, 3);
  });

  it("reaches connections without a user, which nobody can name as one", async () => {
    const token = () => clientToken(stack, "notifications");
    const nobody = await client({ url: `${stack.url}/client/?hub=notifications`, token }).ready();
    await backend.send({ userId: "anonymous", target: "notify", arguments: ["a user"] }, { group: "b" });
    await backend.send({ target: "notify", arguments: ["everyone"] }, { group: "b" });
    await backend.fence("b", nobody);
    assert.deepEqual(heard(nobody), ["everyone"]);
  });

  it("that is meant is heard where the configuration asks for that", async () => {
    const careful = await startStack("--explicit-broadcast");
    const tab = await signedIn(careful, "alice");
    await new Publisher(careful).send({ target: "notify", everyone: true, arguments: ["meant"] });
    assert.deepEqual(await tab.receives("notify"), [["meant"]]);
    await careful.stop();
  });

  itBySqs("must be meant when the configuration asks for it", async () => {
    const careful = await startStack("--explicit-broadcast");
    const there = new Publisher(careful);
    const tab = await signedIn(careful, "alice");
    await there.send({ target: "notify", arguments: ["a slip"] }, { group: "b" });
    await there.send({ target: "notify", everyone: true, arguments: ["meant"] }, { group: "b" });
    await there.fence("b", tab);
    assert.deepEqual(heard(tab), ["meant"]);
    const letter = await there.deadLetter();
    assert.equal(letter.RejectReason, "ImplicitBroadcast");
    await careful.stop();
  });
});
