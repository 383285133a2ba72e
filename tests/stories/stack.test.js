import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { poll } from "../harness/poll.js";
import { connected, opened, ready } from "../harness/raw.js";
import { runToEnd, startStack, startStackWithFiles } from "../harness/stack.js";
import { rows, settled } from "../harness/table.js";

const refused = (stack) => assert.rejects(fetch(`${stack.url}/api/health`));

const depths = async (backend) => [await backend.depth(), await backend.depth(backend.stack.dlqUrl)];

/** Waits until everything sent was handled, and so many messages are dead letters. */
function quiet(backend, letters) {
  const wanted = String([0, letters]);
  return poll(() => depths(backend), (found) => String(found) === wanted, (found) => `never quiet: ${found}, not ${wanted}`);
}

describe("stopping the stack", () => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    it(`ends every socket and exits with 0 on ${signal}`, async () => {
      const stack = await startStack();
      const sockets = [await ready(stack, "alice"), await connected(stack, "bob")];
      const tab = await signedIn(stack, "carol");
      assert.equal(await stack.stop(signal), 0);
      for (const socket of sockets) assert.equal(await socket.ends(), 1001);
      await tab.meets("closed");
      await refused(stack);
      assert.equal(stack.logs, "");
    });
  }

  it("leaves no rows of sockets in a folder that keeps the table", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hubcast-"));
    try {
      const stack = await startStack("--data-dir", folder);
      await Promise.all(["alice", "bob", "carol"].map((user) => ready(stack, user)));
      const backend = new Backend(stack);
      await backend.send({ userId: "alice", groupName: "staff", action: "add" });
      await quiet(backend, 0);
      assert.equal(await stack.stop(), 0);
      const again = await startStack("--data-dir", folder);
      const left = (await rows(again)).map(({ pk }) => pk.split("#")[0]);
      assert.equal(await again.stop(), 0);
      assert.deepEqual([...new Set(left)].sort(), ["CONFIG", "MEMBER"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a port that is taken", () => {
  it("makes the stack exit with 1 and name the port", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address();
    const { code, stderr } = await runToEnd("--port", port);
    holder.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^hubcast-local: port ${port} of 127\\.0\\.0\\.1 is taken by another program: .*PORT=\\d+ make run`));
    assert.equal(stderr.trim().split("\n").length, 1);
  });

  it("is noticed on the other loopback address too", async (test) => {
    const holder = createServer();
    const listening = new Promise((resolve, reject) => holder.once("listening", resolve).once("error", reject));
    holder.listen(0, "::1");
    try {
      await listening;
    } catch {
      return test.skip("IPv6 is not available");
    }
    const { port } = holder.address();
    const { code, stderr } = await runToEnd("--port", port);
    holder.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${port} of ::1`));
  });
});

describe("a running stack", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(async () => {
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  for (const method of ["GET", "HEAD"]) {
    it(`answers ${method} /api/health by 200`, async () => {
      const answer = await fetch(`${stack.url}/api/health`, { method });
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), "");
    });
  }

  for (const round of [1, 2, 3]) {
    it(`is empty after a reset, and works on (${round})`, async () => {
      const tab = await signedIn(stack, "alice", { reconnect: [0, 50, 100, 200, 500, 1000] });
      await backend.send({ userId: "alice", groupName: "staff", action: "add" });
      await backend.sendBody("not json");
      await quiet(backend, 1);
      assert.ok((await rows(stack)).some(({ pk }) => pk.startsWith("MEMBER")));
      const reset = await fetch(`${stack.url}/dev/reset`, { method: "POST" });
      assert.equal(reset.status, 204);
      await tab.meets("reconnected");
      await settled(stack, tab);
      const kinds = (await rows(stack)).map(({ pk }) => pk.split("#")[0]);
      assert.ok(!kinds.includes("MEMBER"), kinds.join());
      assert.deepEqual(await depths(backend), [0, 0]);
      await backend.send({ groupName: "staff", target: "notify" });
      await backend.send({ userId: "alice", target: "fence" }, { group: backend.group({ groupName: "staff" }) });
      await tab.receives("fence");
      assert.deepEqual(tab.received("notify"), []);
      await tab.stop();
    });
  }
});

describe("a stack that may open few files", () => {
  it("says why connections wait, and takes them once others have ended", async () => {
    const stack = await startStackWithFiles(80);
    const query = new URLSearchParams({ hub: "notifications", access_token: clientToken(stack, "notifications") });
    let isOver = false;
    const there = [];
    const opening = Array.from({ length: 100 }, async () => {
      const socket = await opened(`${stack.url}/client/?${query}`);
      if (isOver) socket.destroy();
      else there.push(socket);
    });
    const said = /no connection can be taken, and clients wait: where too many files are open, start the stack after ulimit -n/;
    await poll(() => stack.logs, (logs) => said.test(logs), (logs) => `the stack says: ${logs}`);
    assert.ok(there.length < 100);
    isOver = true;
    for (const socket of there) socket.destroy();
    await Promise.all(opening);
    await stack.stop();
  });
});
