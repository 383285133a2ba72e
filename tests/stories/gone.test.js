import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn, versions } from "../harness/client.js";
import { HANDSHAKE, connected, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { copyRows, rows, settled } from "../harness/table.js";
import { describeEachWay } from "../harness/ways.js";

/** What outlives every connection; of a session only its end does. */
const LASTING = new Set(["MEMBER", "BLOCK", "CONFIG"]);
const isLasting = (row) => LASTING.has(kind(row)) || row.sk === "TOKEN";
const kind = ({ pk }) => pk.split("#")[0];
const ofSocket = (id) => (row) => row.pk === `SOCKET#${id}` || row.sk === id || row.socket === id;

let stack, backend;
/** A stack for a `describe`, which must not see a fault in anything. */
function haveStack(Publisher) {
  before(async () => {
    stack = await startStack("--client-joinable-groups", "*");
    backend = new Publisher(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });
}

const noneLeft = () => rows(stack, (all) => all.every(isLasting));

/** Leaves the rows of a socket that never was, copied from a tab's, as if nobody had told of its end. */
async function leaveGhost(tab, ghost) {
  const all = await rows(stack);
  const { sk: own } = all.find((row) => kind(row) === "USER" && row.connectionId === tab.id);
  await copyRows(stack, (item) => {
    const text = JSON.stringify(item);
    if (!text.includes(own) || item.sk.S === "CLAIM") return undefined;
    return JSON.parse(text.replaceAll(own, ghost).replaceAll(tab.id, "connection-of-a-ghost"));
  });
  const ghostly = (await rows(stack)).filter(ofSocket(ghost));
  assert.deepEqual(ghostly.map(kind).sort(), all.filter(ofSocket(own)).map(kind).filter((name) => name !== "CLAIM").sort());
}

describeEachWay("a socket that is gone", ({ Publisher, versions }) => {
  haveStack(Publisher);

  it("without a word: its rows go, and the user's other tabs still hear", async () => {
    const tabs = await Promise.all(Object.keys(versions).map((version) => signedIn(stack, "alice", { version })));
    const lost = await Promise.all([ready(stack, "alice"), ready(stack, "alice")]);
    await settled(stack, ...tabs);
    for (const socket of lost) socket.destroy();
    await backend.send({ userId: "alice", target: "notify", arguments: [1] });
    for (const tab of tabs) assert.deepEqual(await tab.receives("notify"), [[1]]);
    await rows(stack, (all) => all.filter((row) => row.sk === "SOCKET").length === tabs.length);
    await Promise.all(tabs.map((tab) => tab.stop()));
    await noneLeft();
  });

  for (const [audience, envelope] of Object.entries({
    user: { userId: "bob" },
    group: { groupName: "staff" },
    hub: {},
  })) {
    it(`and whose end nobody told is pruned by the first message to its ${audience}, once`, async () => {
      const ghost = `Ghost${audience}00000=`;
      const tab = await signedIn(stack, "bob", { groups: ["staff"] });
      await settled(stack, tab);
      await leaveGhost(tab, ghost);
      await backend.send({ ...envelope, target: "notify", arguments: [1] });
      assert.deepEqual(await tab.receives("notify"), [[1]]);
      await rows(stack, (all) => !all.some(ofSocket(ghost)));
      assert.equal(await backend.depth(stack.dlqUrl), 0);
      await tab.stop();
      await noneLeft();
    });
  }

  it("is no fault: the queue is empty afterwards and later messages come in order", async () => {
    const ghost = "Ghostqueue00000=";
    const tab = await signedIn(stack, "carol");
    await settled(stack, tab);
    await leaveGhost(tab, ghost);
    await backend.sendBatch([1, 2, 3, 4, 5].map((n) => ({ userId: "carol", target: "notify", arguments: [n] })));
    assert.deepEqual(await tab.receives("notify", 5), [[1], [2], [3], [4], [5]]);
    await tab.stop();
    await noneLeft();
    await backend.quiet();
  });
});

describe("after all clients have left", () => {
  haveStack(Backend);

  it("only memberships, blocks and the configuration stay in the table", async () => {
    const user = (n) => `user-${n}`;
    const start = (version, n) => signedIn(stack, user(n), { version, groups: ["token-group"] });
    const tabs = await Promise.all(Object.keys(versions).flatMap((version, n) => [start(version, n), start(version, n)]));
    const sockets = [
      await ready(stack, "raw", { groups: ["token-group"] }),
      await ready(stack, "raw"),
      await connected(stack, "raw"),
      await connected(stack, "raw"),
    ];
    await Promise.all(tabs.map((tab) => tab.invoke("JoinGroup", "joined")));
    await backend.send({ userId: user(0), groupName: "added", action: "add" });
    await backend.send({ userId: user(0), action: "block" });
    await tabs[0].meets("closed");
    await tabs[1].meets("closed");
    await Promise.all(tabs.map((tab) => tab.stop()));
    const [polite, rude, early, earlyRude] = sockets;
    await Promise.all([polite.close(), early.close()]);
    for (const socket of [rude, earlyRude]) socket.destroy();
    const left = (await noneLeft()).filter((row) => row.sk !== "TOKEN");
    assert.deepEqual([...new Set(left.map(kind))].sort(), ["BLOCK", "CONFIG", "MEMBER"]);
    assert.equal(left.length, 3);
  });

  it("none of a hundred that come and go at the same time leaves a row", async () => {
    for (let round = 0; round < 5; round += 1) {
      const come = async (n) => {
        const socket = await connected(stack, `crowd-${n % 7}`, { groups: ["crowd"] });
        socket.send(HANDSHAKE);
        if (n % 3 === 0) socket.destroy();
        if (n % 3 === 1) await socket.close();
        if (n % 3 === 2) {
          await socket.frame(1);
          socket.destroy();
        }
      };
      const pushes = [1, 2, 3].map(() => backend.send({ groupName: "crowd", target: "notify" }));
      await Promise.all([...Array.from({ length: 20 }, (_, n) => come(n)), ...pushes]);
    }
    await noneLeft();
    // Nor does what was still under way then: it is over when another socket has come and gone.
    const last = await ready(stack, "last", { groups: ["crowd"] });
    await last.close();
    await noneLeft();
  });
});
