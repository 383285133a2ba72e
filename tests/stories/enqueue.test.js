// A producer without AWS credentials sends envelopes by one call of the REST API.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

describe("an envelope by REST", { concurrency: true }, () => {
  let stack, rest;
  before(async () => {
    stack = await startStack();
    rest = new Rest(stack);
  });
  after(() => stack.stop());

  const put = (body, options = {}) => rest.call("POST", "/:enqueue", { body: typeof body === "string" ? body : JSON.stringify(body), ...options });

  it("reaches many users by one request", async () => {
    const tabs = await Promise.all(["a", "b", "c"].map((user) => signedIn(stack, `many-${user}`)));
    const userIds = [...Array.from({ length: 497 }, (_, n) => `nobody-${n}`), "many-a", "many-b"];
    const { status, json } = await put([
      { userIds, target: "notify", arguments: [1] },
      { userIds: ["many-b", "many-c"], target: "notify", arguments: [2] },
    ]);
    assert.deepEqual([status, json.isSuccess], [202, true]);
    assert.deepEqual(await tabs[0].receives("notify"), [[1]]);
    assert.deepEqual(await tabs[1].receives("notify", 2), [[1], [2]]);
    assert.deepEqual(await tabs[2].receives("notify"), [[2]]);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("does all that the queue does, in the order of its elements", async () => {
    const tab = await signedIn(stack, "all");
    const { status } = await put([
      { action: "add", connectionId: tab.id, groupName: "g" },
      { groupName: "g", target: "notify", arguments: ["in"] },
      { hub: "Notifications", userId: "all", retain: "role", target: "notify", arguments: ["kept"] },
      { userId: "all", action: "close", reason: "bye" },
    ]);
    assert.equal(status, 202);
    assert.deepEqual(await tab.receives("notify", 2), [["in"], ["kept"]]);
    assert.match(await tab.meets("closed"), /bye/);
  });

  it("counts once by its Idempotency-Key, and passes arguments byte for byte", async () => {
    const tab = await signedIn(stack, "once");
    const body = '{"userId":"once","target":"notify","arguments":[1.0,"\\u00e9","\uffff"]}';
    for (let n = 0; n < 2; n += 1) assert.equal((await put(body, { headers: { "idempotency-key": "k1" } })).status, 202);
    await put({ userId: "once", target: "fence" });
    await tab.receives("fence");
    assert.deepEqual(tab.received("notify"), [[1, "\u00e9", "\uffff"]]);
    await tab.stop();
  });

  it("is refused at once for what would be a dead letter, by the same reason", async () => {
    const large = { userId: "x", target: "t", arguments: ["x".repeat(140_000)] };
    for (const [body, status, code] of [
      ["nonsense", 400, "NotJson"],
      ["[]", 400, "NoContent"],
      [[7], 400, "NotAnObject"],
      [{ usrId: "x", target: "t" }, 400, "UnknownProperty"],
      [{ userId: "x" }, 400, "NoContent"],
      [{ userIds: Array.from({ length: 501 }, (_, n) => `u${n}`), target: "t" }, 400, "TooManyIds"],
      [Array.from({ length: 101 }, () => ({ userId: "x", target: "t" })), 400, "TooManyElements"],
      [{ hub: "other", userId: "x", target: "t" }, 400, "BadName"],
      [{ hub: "*", action: "block", userId: "x" }, 400, "BadName"],
      [{ hub: "*", action: "unblock", userId: "x" }, 400, "BadName"],
      [large, 413, "TooLarge"],
      [[1, 2, 3].map((n) => ({ userId: `x${n}`, target: "t", arguments: ["x".repeat(120_000)] })), 413, "TooLarge"],
    ]) {
      const answer = await put(body);
      assert.deepEqual([answer.status, answer.headers["x-ms-error-code"]], [status, code], answer.text);
    }
  });
});

it("an envelope of a role asks PRODUCERS about each element", async () => {
  const producers = JSON.stringify([{ role: "hubcast.rest", hubs: ["notifications"], actions: ["message"] }]);
  const stack = await startStack("--set", `PRODUCERS=${producers}`);
  const token = await Rest.appToken(stack);
  const rest = new Rest(stack);
  const put = (body) => rest.call("POST", "/:enqueue", { body: JSON.stringify(body), token });
  assert.equal((await put({ userId: "x", target: "t" })).status, 202);
  const mixed = await put([{ userId: "x", target: "t" }, { userId: "x", action: "close" }]);
  assert.deepEqual([mixed.status, mixed.headers["x-ms-error-code"]], [403, "NotAllowed"]);
  const { status } = await new Rest(stack, { hub: "other" }).call("POST", "/:enqueue", { body: JSON.stringify({ userId: "x", target: "t" }), token });
  assert.equal(status, 403);
  await stack.stop();
});
