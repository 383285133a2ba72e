// Backends that put users and connections into groups and take them out.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { describeEachWay } from "../harness/ways.js";

describeEachWay("a backend that changes groups", ({ Publisher, versions, itBySqs }) => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Publisher(stack);
  });
  after(() => stack.stop());

  const IN_ORDER = { group: "g" };
  const change = (action, more) => backend.send({ action, ...more }, IN_ORDER);
  const say = (groupName, text) => backend.send({ groupName, target: "notify", arguments: [text] }, IN_ORDER);
  const heard = (tab) => tab.received("notify").map(([text]) => text);

  for (const version of Object.keys(versions)) {
    it(`puts every tab of a user in and takes it out (client ${version})`, async () => {
      const userId = `alice-${version}`;
      const groupName = `team-${version}`;
      const tabs = await Promise.all([1, 2].map(() => signedIn(stack, userId, { version })));
      const other = await signedIn(stack, "other", { version });
      await say(groupName, "before");
      await change("add", { userId, groupName });
      await say(groupName, "added");
      const late = await signedIn(stack, userId, { version });
      await say(groupName, "late");
      await change("remove", { userId, groupName });
      await say(groupName, "removed");
      await backend.fence("g", ...tabs, late, other);
      for (const tab of tabs) assert.deepEqual(heard(tab), ["added", "late"]);
      assert.deepEqual(heard(late).at(-1), "late", "a tab that comes later is in the group, too");
      assert.deepEqual(heard(other), []);
      await Promise.all([...tabs, late, other].map((tab) => tab.stop()));
    });

    it(`puts one connection in and takes it out (client ${version})`, async () => {
      const groupName = `corner-${version}`;
      const [tab, twin] = await Promise.all([1, 2].map(() => signedIn(stack, "bob", { version })));
      await change("add", { connectionId: tab.id, groupName });
      await say(groupName, "added");
      await change("remove", { connectionId: tab.id, groupName });
      await say(groupName, "removed");
      await backend.fence("g", tab, twin);
      assert.deepEqual(heard(tab), ["added"]);
      assert.deepEqual(heard(twin), []);
      await Promise.all([tab, twin].map((one) => one.stop()));
    });
  }

  it("reaches whom it added with what it sends next, each time", async () => {
    const tab = await signedIn(stack, "next");
    const rounds = Array.from({ length: 25 }, (_, n) => `round-${n}`);
    for (const groupName of rounds) {
      const subject = groupName.endsWith("1") ? { connectionId: tab.id } : { userId: "next" };
      await change("add", { ...subject, groupName });
      await say(groupName, groupName);
    }
    await tab.receives("notify", rounds.length);
    assert.deepEqual(heard(tab), rounds);
  });

  itBySqs("does the same within one message", async () => {
    const tab = await signedIn(stack, "array");
    const groupName = "of an array";
    const message = (text) => ({ groupName, target: "notify", arguments: [text] });
    const [add, remove] = ["add", "remove"].map((action) => ({ action, userId: "array", groupName }));
    await backend.send([message("before"), add, message("in"), remove, message("after"), add, message("again")], IN_ORDER);
    await backend.fence("g", tab);
    assert.deepEqual(heard(tab), ["in", "again"]);
  });

  it("changes several groups and several users at once", async () => {
    const tabs = await Promise.all(["una", "duo", "tri"].map((user) => signedIn(stack, user)));
    await change("add", { userIds: ["una", "duo"], groupNames: ["red", "blue"] });
    await say("red", "red");
    await change("remove", { userIds: ["duo", "tri"], groupNames: ["red", "green"] });
    await say("red", "still red");
    await say("blue", "blue");
    await backend.send({ groupNames: ["red", "blue"], target: "notify", arguments: ["both"] }, IN_ORDER);
    await backend.fence("g", ...tabs);
    assert.deepEqual(tabs.map(heard), [["red", "still red", "blue", "both"], ["red", "blue", "both"], []]);
  });

  it("denies a group that a token names, on this connection and the next, until it adds it again", async () => {
    const again = () => signedIn(stack, "denied", { groups: ["club", "other"] });
    const tab = await again();
    await change("remove", { userId: "denied", groupName: "club" });
    await say("club", "denied");
    await backend.fence("g", tab);
    const next = await again();
    await say("club", "still denied");
    await say("other", "other");
    await backend.fence("g", tab, next);
    assert.deepEqual([heard(tab), heard(next)], [["other"], ["other"]]);
    await change("add", { userId: "denied", groupName: "club" });
    await say("club", "back");
    await backend.fence("g", tab, next);
    assert.deepEqual([heard(tab), heard(next)], [["other", "back"], ["other", "back"]]);
  });

  it("takes a user, or one connection, out of all groups", async () => {
    const [tab, twin] = await Promise.all([1, 2].map(() => signedIn(stack, "everywhere", { groups: ["named"] })));
    await change("add", { userId: "everywhere", groupName: "given" });
    await change("add", { connectionId: twin.id, groupName: "own" });
    const sayAll = (text) => backend.send({ groupNames: ["named", "given", "own"], target: "notify", arguments: [text] }, IN_ORDER);
    await sayAll("all in");
    await change("removeAll", { connectionId: twin.id });
    await sayAll("one out");
    await change("removeAll", { userId: "everywhere" });
    await sayAll("all out");
    await backend.fence("g", tab, twin);
    assert.deepEqual([heard(tab), heard(twin)], [["all in", "one out"], ["all in"]]);
    const next = await signedIn(stack, "everywhere", { groups: ["named"] });
    await sayAll("the next one is out");
    await backend.fence("g", next);
    assert.deepEqual(heard(next), []);
  });

  it("lends a group for some seconds", async () => {
    const tab = await signedIn(stack, "borrower");
    const groupName = "lent";
    await backend.send([{ action: "add", userId: "borrower", groupName, ttlSeconds: 2 }, { groupName, target: "notify" }], IN_ORDER);
    await tab.receives("notify");
    for (let times = 1; ; times += 1) {
      await say(groupName, times);
      await backend.fence("g", tab);
      if (heard(tab).at(-1) !== times) break;
    }
    const next = await signedIn(stack, "borrower");
    await say(groupName, "over");
    await backend.fence("g", tab, next);
    assert.deepEqual(heard(next), []);
    assert.notEqual(heard(tab).at(-1), "over");
  });

  it("may name a user who is not there: the next connection is in the group", async () => {
    await change("add", { userId: "absent", groupName: "waiting" });
    const before = await signedIn(stack, "someone");
    await backend.fence("g", before);
    const tab = await signedIn(stack, "absent");
    await say("waiting", "welcome");
    await backend.fence("g", tab);
    assert.deepEqual(heard(tab), ["welcome"]);
  });
});
