// Clients that join and leave groups by themselves, as far as the configuration lets them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

const PATTERNS = "room-*,of-{department}-*";

describe("a client that joins groups by itself", () => {
  let stack, closed, backend;
  before(async () => {
    [stack, closed] = await Promise.all([startStack("--client-joinable-groups", PATTERNS), startStack()]);
    backend = new Backend(stack);
  });
  after(() => Promise.all([stack.stop(), closed.stop()]));

  const refusal = (method, group) => ({
    message:
      `Failed to invoke '${method}' because user is unauthorized. The group '${group}' is not one that your token ` +
      "names or that clients may join; ask the backend to add you.",
  });

  for (const version of Object.keys(versions)) {
    it(`hears the group from the answer of JoinGroup to that of LeaveGroup (client ${version})`, async () => {
      const [tab, other] = await Promise.all([1, 2].map(() => signedIn(stack, "alice", { version })));
      const room = `room-${version}`;
      const say = (text) => backend.send({ groupName: room, target: "notify", arguments: [text] }, { group: "g" });
      await say("before");
      await backend.fence("g", tab);
      assert.equal((await tab.invoke("JoinGroup", room)) ?? null, null);
      await say("joined");
      await tab.receives("notify");
      await tab.invoke("LeaveGroup", room);
      await say("left");
      await backend.fence("g", tab);
      await tab.invoke("joingroup", room);
      await say("joined again");
      await backend.fence("g", tab, other);
      assert.deepEqual(tab.received("notify"), [["joined"], ["joined again"]]);
      assert.deepEqual(other.received("notify"), [], "another tab of the user joined nothing");
      await Promise.all([tab.stop(), other.stop()]);
    });

    it(`is refused a group that no pattern allows, and hears nothing of it (client ${version})`, async () => {
      const tab = await signedIn(stack, "mallory", { version, groups: ["room"] });
      for (const group of ["admins", "a room-1", "of--secret", "of-{department}-x", "*"]) {
        await assert.rejects(tab.invoke("JoinGroup", group), refusal("JoinGroup", group));
        await backend.send({ groupName: group, target: "notify" }, { group: "g" });
      }
      await backend.fence("g", tab);
      assert.deepEqual(tab.received("notify"), []);
      await tab.stop();
    });
  }

  for (const path of ["/hubs/notifications", "/client/?hub=notifications"]) {
    it(`joins what a pattern with one of its claims allows, connected at ${path}`, async () => {
      const token = () => stack.token("bob", { claims: { department: "sales" } });
      const tab = await client({ url: stack.url + path, token }).ready();
      await assert.rejects(tab.invoke("JoinGroup", "of-law-news"), refusal("JoinGroup", "of-law-news"));
      await tab.invoke("JoinGroup", "of-sales-news");
      await backend.send({ groupName: "of-sales-news", target: "notify" });
      await tab.receives("notify");
      await tab.stop();
    });
  }

  it("joins nothing unless the configuration says so, but may leave and rejoin its token's groups", async () => {
    const tab = await signedIn(closed, "carol", { groups: ["team"] });
    const there = new Backend(closed);
    await assert.rejects(tab.invoke("JoinGroup", "room-1"), refusal("JoinGroup", "room-1"));
    const say = (text) => there.send({ groupName: "team", target: "notify", arguments: [text] }, { group: "g" });
    await tab.invoke("LeaveGroup", "team");
    await say("left");
    await there.fence("g", tab);
    await tab.invoke("JoinGroup", "team");
    await say("back");
    await there.fence("g", tab);
    assert.deepEqual(tab.received("notify"), [["back"]]);
  });

  it("is reached by whatever is sent after the answer, each time", async () => {
    const tabs = await Promise.all([1, 2, 3, 4, 5].map((n) => signedIn(stack, `each-${n}`)));
    await Promise.all(
      tabs.map(async (tab, at) => {
        for (let n = 0; n < 10; n += 1) {
          const groupName = `room-${at}-${n}`;
          await tab.invoke("JoinGroup", groupName);
          await backend.send({ groupName, target: "notify", arguments: [n] });
        }
        const heard = await tab.receives("notify", 10);
        assert.deepEqual(heard.map(([n]) => n).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }),
    );
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("stays out of groups that it joins after a backend denied them", async () => {
    const tab = await signedIn(stack, "denied");
    await tab.invoke("JoinGroup", "room-denied");
    await backend.send({ action: "remove", userId: "denied", groupName: "room-denied" }, { group: "g" });
    await backend.fence("g", tab);
    await assert.rejects(tab.invoke("JoinGroup", "room-denied"), refusal("JoinGroup", "room-denied"));
    await backend.send({ groupName: "room-denied", target: "notify" }, { group: "g" });
    await backend.fence("g", tab);
    assert.deepEqual(tab.received("notify"), []);
  });
});
