// A restored table takes the place of the stack's own while clients are connected.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

const RESTORED = "hubcast-restored";

describe("a restored table", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const post = async (path) => {
    const answer = await fetch(`${stack.url}/dev/${path}`, { method: "POST", body: RESTORED });
    assert.equal(answer.status, 204, await answer.text());
  };

  it("has the memberships of its second, serves who was connected then, and sends who came later back once", async () => {
    const options = { reconnect: [0, 200, 1000, 5000] };
    const early = await signedIn(stack, "alice", options);
    const add = (userId) => backend.send({ action: "add", userId, groupName: "team" }, { group: "adds" });
    await add("alice");
    await add("bob");
    await backend.fence("adds", early);
    await post("restored-table");

    const late = await signedIn(stack, "bob", options);
    await add("carol");
    await backend.fence("adds", late);
    await post("table");

    // The next frame of a socket that the restored table does not know is answered by Close, with leave to reconnect.
    await late.invoke("GetConnectionId").catch(() => undefined);
    await late.returns();
    assert.equal(await early.invoke("GetConnectionId"), early.id);

    const carol = await signedIn(stack, "carol");
    await backend.send({ groupName: "team", target: "notify", arguments: ["hello"] });
    for (const tab of [early, late]) assert.deepEqual(await tab.receives("notify"), [["hello"]]);
    await backend.fence("notifications:group:team", carol);
    assert.deepEqual(carol.received("notify"), [], "what was written after the second of the restore is gone");
    assert.deepEqual(early.events, []);
    await Promise.all([early, late, carol].map((tab) => tab.stop()));
  });
});
