import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, versions } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

/** Names with all that may go wrong on the way through URLs, tokens, JSON and table keys. */
const goodNames = {
  "one character": "x",
  "1,024 characters": "g".repeat(1024),
  "1,024 Chinese characters": "語".repeat(1024),
  "1,024 characters outside the basic plane": "𝒳".repeat(1024),
  "257 bytes": "b".repeat(257),
  "the separator of keys": "a#b#c",
  "an encoded slash": "a%2Fb",
  "what URLs are made of": "a/b?c=d&e=f%20 g+h",
  "spaces in it": "two words",
  "three dots": "...",
  "other scripts": "Команда-ñ-م",
  "quotes and braces": `{"a":'b'}\\`,
  "a dot and an at sign": "alice.smith@example.com",
};
const badNames = {
  empty: ["", "is empty"],
  "white space": [" \u00a0 ", "is empty"],
  "1,025 characters": ["g".repeat(1025), "is longer than 1024 characters"],
  "1,025 Chinese characters": ["語".repeat(1025), "is longer than 1024 characters"],
  "a NUL": ["a\u0000b", "holds a character that is not allowed"],
  "a line break": ["a\nb", "holds a character that is not allowed"],
  "a delete": ["a\u007fb", "holds a character that is not allowed"],
  "a C1 control": ["a\u0085b", "holds a character that is not allowed"],
  "a dot": [".", "is a step in paths"],
  "two dots": ["..", "is a step in paths"],
  "a space before it": [" alice", "begins or ends with white space"],
  "an ideographic space behind it": ["alice\u3000", "begins or ends with white space"],
};

let stack, backend;
const open = new Set();
/** SQS takes no such names in its message groups. */
const group = "names";

before(async () => {
  stack = await startStack("--client-joinable-groups", "*");
  backend = new Backend(stack);
});
afterEach(async () => {
  await Promise.all([...open].map((tab) => tab.stop()));
  open.clear();
});
after(async () => {
  // What the stop cuts off may be an error.
  const { logs } = stack;
  await stack.stop();
  assert.doesNotMatch(logs, /ERROR/);
});

async function tabOf(user, more) {
  const tab = await signedIn(stack, user, more);
  open.add(tab);
  await settled(stack, tab);
  return tab;
}

/** Shows that what was sent before to the message group did not reach the tab. */
async function expectNothing(tab, user) {
  const heard = tab.received("fence").length;
  await backend.send({ userId: user, target: "fence" }, { group });
  await tab.receives("fence", heard + 1);
  assert.deepEqual(tab.received("notify"), []);
}

describe("a name that is good", () => {
  for (const [what, name] of Object.entries(goodNames)) {
    it(`names a user, by token and by envelope (${what})`, async () => {
      const [tab, other] = await Promise.all([tabOf(name), tabOf("other")]);
      await backend.send({ userId: name, target: "notify", arguments: [name] }, { group });
      assert.deepEqual(await tab.receives("notify"), [[name]]);
      await expectNothing(other, "other");
    });

    it(`names a group that a client joins and leaves (${what})`, async () => {
      const [tab, other] = await Promise.all([tabOf("alice"), tabOf("other")]);
      await tab.invoke("JoinGroup", name);
      await backend.send({ groupName: name, target: "notify", arguments: [name] }, { group });
      assert.deepEqual(await tab.receives("notify"), [[name]]);
      await tab.invoke("LeaveGroup", name);
      await backend.send({ groupName: name, target: "notify" }, { group });
      await backend.send({ userId: "alice", target: "fence" }, { group });
      await tab.receives("fence");
      assert.equal(tab.received("notify").length, 1);
      await expectNothing(other, "other");
    });

    it(`names a group that a backend adds to and removes from, now and after a reconnect (${what})`, async () => {
      const user = `member of ${name.slice(0, 10)}`;
      const tab = await tabOf(user);
      await backend.send({ userId: user, groupName: name, action: "add" }, { group });
      await backend.send({ groupNames: [name], target: "notify", arguments: [1] }, { group });
      await tab.receives("notify");
      const again = await tabOf(user);
      await backend.send({ groupName: name, target: "notify", arguments: [2] }, { group });
      assert.deepEqual(await again.receives("notify"), [[2]]);
      await backend.send({ userId: user, groupName: name, action: "remove" }, { group });
      await expectNothing(await tabOf(user), user);
    });
  }

  it("names a group of a token", async () => {
    const names = Object.values(goodNames).filter((name) => name.length < 300);
    const tab = await tabOf("alice", { groups: names });
    for (const name of names) await backend.send({ groupName: name, target: "notify", arguments: [name] }, { group });
    assert.deepEqual(await tab.receives("notify", names.length), names.map((name) => [name]));
  });

  for (const version of Object.keys(versions)) {
    it(`of 300 Chinese characters fits whichever way a client shows its token (client ${version})`, async () => {
      const user = "語".repeat(300);
      const tab = await tabOf(user, { version });
      await backend.send({ userId: user, target: "notify" }, { group });
      await tab.receives("notify");
    });
  }

  it("is not another name that looks alike", async () => {
    const pairs = [["Case", "case"], ["a%2Fb", "a/b"], ["x ... y", "x y"], ["g".repeat(1024), "g".repeat(1023)], ["é", "e\u0301"]];
    for (const [one, other] of pairs) {
      const [tab, witness] = await Promise.all([tabOf(one), tabOf(other)]);
      await tab.invoke("JoinGroup", one);
      await backend.send([{ userId: other, target: "notify" }, { groupName: other, target: "notify" }], { group });
      await witness.receives("notify");
      await backend.send({ userId: one, target: "fence" }, { group });
      await tab.receives("fence");
      assert.deepEqual(tab.received("notify"), []);
    }
  });
});

describe("a name that is bad", () => {
  for (const [what, [name, why]] of Object.entries(badNames)) {
    it(`is refused by JoinGroup and LeaveGroup, and the connection stays (${what})`, async () => {
      const tab = await tabOf("alice");
      for (const method of ["JoinGroup", "LeaveGroup"]) {
        await assert.rejects(tab.invoke(method, name), {
          message: `Failed to invoke '${method}' due to an error on the server. The name of the group ${why}.`,
        });
      }
      await expectNothing(tab, "alice");
      assert.deepEqual(tab.events, []);
    });

    it(`is refused in every list of an envelope (${what})`, async () => {
      const tab = await tabOf("alice");
      for (const property of ["userIds", "groupNames"]) {
        const envelope = { [property]: ["alice", name], target: "notify" };
        await backend.send(envelope, { group });
        await expectNothing(tab, "alice");
        const letter = await backend.deadLetter();
        assert.deepEqual(JSON.parse(letter.body), envelope);
        assert.equal(letter.RejectReason, "BadName");
        assert.equal(letter.RejectDetail, `a name in '${property}' ${why}`);
      }
    });

    it(`is no user of a token (${what})`, async () => {
      const token = await stack.token(name);
      const says = name === "" ? "it does not name a user" : `its user ${why}`;
      const text = `Failed to complete negotiation with the server: Error: Unauthorized: the access token is not valid: ${says}.: Status code '401'`;
      await assert.rejects(client({ url: `${stack.url}/hubs/notifications`, token }).start(), { message: text });
    });

    it(`is left out of a token's groups (${what})`, async () => {
      const tab = await tabOf("alice", { groups: ["staff", name] });
      await backend.send({ groupName: "staff", target: "notify" }, { group });
      await tab.receives("notify");
    });

    if (name === "") continue;
    it(`is refused as the one user or group of an envelope (${what})`, async () => {
      const tab = await tabOf("alice");
      for (const property of ["userId", "groupName"]) {
        const envelopes = [
          { [property]: name, target: "notify" },
          { userId: "alice", groupName: "staff", [property]: name, action: "add" },
        ];
        for (const envelope of envelopes) {
          await backend.send(envelope, { group });
          await expectNothing(tab, "alice");
          const letter = await backend.deadLetter();
          assert.deepEqual([letter.RejectReason, letter.RejectDetail], ["BadName", `a name in '${property}' ${why}`]);
        }
      }
    });
  }

  it("is absent when it is empty, so that a group action without a group is refused", async () => {
    await backend.send({ userId: "alice", groupName: "", action: "add" }, { group });
    assert.equal((await backend.deadLetter()).RejectReason, "MissingGroup");
    await backend.send({ userId: "", groupName: "staff", action: "add" }, { group });
    assert.equal((await backend.deadLetter()).RejectReason, "MissingAudience");
  });

  for (const args of [[], ["a", "b"], [7], [null], [["a"]], [{ group: "a" }]]) {
    it(`is no text, or not one: JoinGroup(${JSON.stringify(args).slice(1, -1)})`, async () => {
      const tab = await tabOf("alice");
      await assert.rejects(tab.invoke("JoinGroup", ...args), {
        message: "Failed to invoke 'JoinGroup' due to an error on the server. It takes one argument, the name of the group.",
      });
    });
  }
});
