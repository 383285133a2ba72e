// Retained values: whoever comes later has the last one of each key.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

describe("a retained value", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--set", "CLIENT_JOINABLE_GROUPS=open-*");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const methods = ["flags", "licence"];
  const order = { group: "notifications:hub" };
  const heard = (tab) => tab.calls.filter(({ method }) => method !== "fence").map(({ method, args }) => [method, ...args]);
  const retain = (audience, target, value) =>
    backend.send({ ...audience, target, arguments: [value], retain: target }, order);

  /** A tab that has heard the values that were there for it: they may come after what is sent live. */
  async function comes(user, { values = 0, ...more } = {}) {
    const tab = await signedIn(stack, user, { methods, ...more });
    await tab.until(() => heard(tab).length >= values, `${values} value(s)`);
    await backend.fence(order.group, tab);
    return tab;
  }

  for (const version of Object.keys(versions)) {
    it(`is there after the handshake, the newest of each key, in order (client ${version})`, async () => {
      const groupName = `acme-${version}`;
      const early = await comes("early", { version, groups: [groupName] });
      await retain({ groupName }, "flags", 1);
      await retain({ groupName }, "licence", "pro");
      await retain({ groupName }, "flags", 2);
      await backend.send({ groupName, target: "notify", arguments: ["not retained"] }, order);
      await backend.fence(order.group, early);
      const late = await signedIn(stack, "late", { version, methods, groups: [groupName] });
      await late.receives("flags");
      const other = await comes("other", { version });
      await backend.fence(order.group, early, late);
      assert.deepEqual(heard(early), [["flags", 1], ["licence", "pro"], ["flags", 2], ["notify", "not retained"]]);
      assert.deepEqual(heard(late), [["licence", "pro"], ["flags", 2]]);
      assert.deepEqual(heard(other), []);
      await Promise.all([early, late, other].map((tab) => tab.stop()));
    });

    it(`is there before the answer to JoinGroup (client ${version})`, async () => {
      const groupName = `open-${version}`;
      await retain({ groupName }, "flags", version);
      const tab = await comes("joiner", { version });
      assert.deepEqual(heard(tab), []);
      await tab.invoke("JoinGroup", groupName);
      assert.deepEqual(heard(tab), [["flags", version]]);
      await tab.stop();
    });
  }

  it("is there for who is added to a group, before what is sent next", async () => {
    await retain({ groupName: "given" }, "flags", "given");
    const tab = await comes("added");
    const add = { action: "add", userId: "added", groupName: "given" };
    await backend.send([add, { groupName: "given", target: "notify", arguments: ["next"] }], order);
    await tab.receives("notify");
    assert.deepEqual(heard(tab), [["flags", "given"], ["notify", "next"]]);
    const next = await comes("added", { values: 1 });
    assert.deepEqual(heard(next), [["flags", "given"]], "the membership lasts");
    await Promise.all([tab, next].map((one) => one.stop()));
  });

  it("is there for who is put into a group by the REST API", async () => {
    const groupName = "put";
    await retain({ groupName }, "flags", "put");
    const tab = await comes("put");
    const { status } = await new Rest(stack).call("PUT", `/users/put/groups/${groupName}`);
    assert.equal(status, 200);
    await tab.receives("flags");
    assert.deepEqual(heard(tab), [["flags", "put"]]);
    await tab.stop();
  });

  it("of a user or of the hub is there for each until it is taken down", async () => {
    await retain({ userId: "owner" }, "licence", "mine");
    await retain({ everyone: true }, "flags", "all");
    // Who comes while a value is on its way may hear it twice.
    await comes("early").then((early) => early.stop());
    const [owner, guest] = [await comes("owner", { values: 2 }), await comes("guest", { values: 1 })];
    assert.deepEqual(heard(owner), [["licence", "mine"], ["flags", "all"]]);
    assert.deepEqual(heard(guest), [["flags", "all"]]);
    await backend.send({ everyone: true, retain: "flags" }, order);
    await backend.fence(order.group, guest);
    const later = await comes("owner", { values: 1 });
    assert.deepEqual(heard(later), [["licence", "mine"]]);
    await Promise.all([owner, guest, later].map((tab) => tab.stop()));
  });

  it("that changes while tabs come is the newest that each of them has", async () => {
    const groupName = "busy";
    const rounds = 40;
    const changes = (async () => {
      for (let n = 1; n <= rounds; n += 1) await retain({ groupName }, "flags", n);
    })();
    const tabs = await Promise.all(
      Array.from({ length: 12 }, (_, n) => signedIn(stack, `busy-${n}`, { methods, groups: [groupName] })),
    );
    await changes;
    await backend.fence(order.group, ...tabs);
    for (const tab of tabs) assert.deepEqual(heard(tab).at(-1), ["flags", rounds]);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("beyond the most keys is rejected", async () => {
    const send = (n) => ({ groupName: "full", target: "flags", arguments: [n], retain: `key ${n}` });
    await backend.send(Array.from({ length: 33 }, (_, n) => send(n)), order);
    const letter = await backend.deadLetter();
    assert.equal(letter.RejectReason, "TooManyRetained");
    assert.deepEqual(JSON.parse(letter.body), send(32));
    const tab = await signedIn(stack, "full", { methods, groups: ["full"] });
    await tab.receives("flags", 32);
    await tab.stop();
  });
});
