// The load of `make proof`, against the local stack: what is counted and measured.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ACCESS_KEY } from "../harness/jwt.js";
import { startStack } from "../harness/stack.js";
import { Load, spread } from "../proof/load.js";

const PROGRAM = fileURLToPath(new URL("../proof/load.js", import.meta.url));
const [SOCKETS, ROUNDS] = [40, 3];

describe("the load of a proof", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  const places = () => ({ socketsUrl: `${stack.url.replace("http", "ws")}/client/`, restUrl: stack.url });

  it("counts a delivery for each socket and round, and none is missed", async () => {
    const { socketsUrl, restUrl } = places();
    const how = ["--sockets", SOCKETS, "--rounds", ROUNDS, "--sockets-url", socketsUrl, "--rest-url", restUrl].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...how], { env: { ...process.env, HUBCAST_ACCESS_KEY: ACCESS_KEY } });
    const seen = JSON.parse(stdout);
    assert.deepEqual([seen.sockets, seen.opened, seen.refusals], [SOCKETS, SOCKETS, {}]);
    assert.deepEqual([seen.everybody.deliveries, seen.everybody.missed], [SOCKETS * ROUNDS, 0]);
    assert.deepEqual([seen.single.deliveries, seen.single.missed], [ROUNDS, 0]);
    assert.deepEqual(seen.rest, { 202: 2 * ROUNDS });
    for (const { p50, p99, most } of [seen.connect, seen.everybody, seen.single]) assert.ok(0 < p50 && p50 <= p99 && p99 <= most);
    assert.ok(seen.socketMinutes > 0);
  });

  it("counts sockets that are refused by their status, and goes on without them", async () => {
    const load = new Load({ ...places(), key: ACCESS_KEY.toLowerCase() });
    const listener = await load.tried("nobody");
    assert.deepEqual(listener, { status: 401 });
  });

  it("tells the middle, the 99th of a hundred, and the longest", () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
    assert.deepEqual(spread(hundred), { p50: 51, p99: 100, most: 100 });
    assert.equal(spread([]), undefined);
  });
});
