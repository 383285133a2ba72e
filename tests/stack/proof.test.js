// The load of `make proof` on this deployment, with few sockets: one process answers all calls here.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ACCESS_KEY } from "../harness/jwt.js";
import { startStack } from "../harness/stack.js";
import { Load } from "../proof/load.js";

const [SOCKETS, ROUNDS] = [5, 2];

describe("the load of a proof", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  it("reaches every socket of the WebSocket API", async () => {
    const socketsUrl = process.env.HUBCAST_SOCKETS.replace("http", "ws");
    const seen = await new Load({ socketsUrl, restUrl: stack.url, key: ACCESS_KEY }).run({ sockets: SOCKETS, rounds: ROUNDS });
    assert.deepEqual([seen.opened, seen.everybody.deliveries, seen.everybody.missed], [SOCKETS, SOCKETS * ROUNDS, 0]);
    assert.deepEqual([seen.single.deliveries, seen.rest], [ROUNDS, { 202: 2 * ROUNDS }]);
  });
});
