// "Did Alice get it?": what the log tells of messages and connections, by the command line and by REST.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { poll } from "../harness/poll.js";
import { ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { PROGRAMS, startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

describe("the log", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack("--set", "FANOUT_DIRECT_MAX=3");
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** Runs the program; answers its exit code and its output. */
  async function hubcast(...flags) {
    const run = promisify(execFile)(join(PROGRAMS, "hubcast"), [`--local=${stack.url}`, ...flags], { env: {} });
    return run.then((out) => ({ code: 0, ...out }), (failed) => failed);
  }

  /** What `hubcast why` says, once it says what is wanted: a line may come a moment after its message. */
  async function why(wanted, ...flags) {
    const ask = async () => {
      const { code, stdout, stderr } = await hubcast("why", ...flags, "--json");
      return code === 0 ? JSON.parse(stdout) : { sentence: stderr };
    };
    return poll(ask, ({ sentence }) => wanted.test(sentence), ({ sentence }) => `why says: ${sentence}`);
  }

  it("tells of a message to a user with two tabs, of which one is gone", async () => {
    const tab = await signedIn(stack, "alice");
    const lost = await ready(stack, "alice");
    await settled(stack, tab);
    lost.destroy();
    const { MessageId: id } = await backend.send({ userId: "alice", target: "notify", arguments: ["secret"] });
    await tab.receives("notify");
    const { sentence, timeline } = await why(/^Reached/, "--message", id);
    assert.match(sentence, /^Reached [12] connections? in \d+ ms/);
    assert.deepEqual(timeline.map(({ function: name, step }) => `${name} ${step}`).slice(-1), ["publisher delivered"]);
    assert.doesNotMatch(JSON.stringify(timeline), /alice|secret/);
    await tab.stop();
  });

  it("tells of a bad element in an array, with what was meant, and of its neighbour", async () => {
    const tab = await signedIn(stack, "bob");
    const bad = { usrId: "bob", target: "notify" };
    const { MessageId: id } = await backend.send([{ userId: "bob", target: "notify", arguments: [] }, bad]);
    const { sentence } = await why(/Element 1/, "--message", id);
    assert.match(sentence, /Element 0: Reached 1 connection in \d+ ms\. Element 1: Rejected \(UnknownProperty\): .*userId/);
    await tab.stop();
  });

  it("tells of a big audience by its jobs", async () => {
    const tabs = await Promise.all([1, 2, 3, 4, 5].map(() => signedIn(stack, "carol")));
    const { MessageId: id } = await backend.send({ everyone: true, target: "notify", arguments: [] });
    await Promise.all(tabs.map((tab) => tab.receives("notify")));
    const { sentence } = await why(/^Reached/, "--message", id);
    assert.match(sentence, /^Reached \d+ connections by 4 jobs in \d+ ms/);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("tells of a log-out by SQS, and that the client heard it", async () => {
    await signedIn(stack, "dora");
    const { MessageId: id } = await backend.send({ action: "close", userId: "dora" });
    const { sentence } = await why(/carried out/, "--message", id);
    assert.match(sentence, /^'close' was carried out in \d+ ms, and 1 connection was told/);
    const user = await why(/was closed/, "--user", "dora");
    assert.match(user.sentence, /0 ready, one was closed by .*Messages: 1 done\./);
  });

  it("tells of a log-out by REST, whose answer has the id, and REST tells the fate", async () => {
    await signedIn(stack, "erin");
    const rest = new Rest(stack);
    const answer = await rest.call("POST", "/users/erin/:closeConnections", { query: { revoke: true } });
    const id = answer.headers["x-hubcast-message-id"];
    await why(/carried out/, "--message", id);
    const { json } = await rest.call("GET", `/messages/${id}`);
    assert.equal(json.outcome, "done");
    assert.match(json.sentence, /^'close' was carried out in \d+ ms/);
    const steps = json.timeline.map(({ function: name, step }) => `${name} ${step}`);
    assert.deepEqual(steps.filter((step) => !step.endsWith("closed")), ["rest accepted", "publisher changed"]);
    const other = await new Rest(stack, { hub: "orders" }).call("GET", `/messages/${id}`);
    assert.equal(other.status, 404, "another hub knows nothing of it");
  });

  it("is awaited by send --wait, whose exit code is the fate", async () => {
    const tab = await signedIn(stack, "finn");
    const fine = await hubcast("send", "--user", "finn", "notify", "--wait");
    assert.equal(fine.code, 0, fine.stderr);
    assert.match(fine.stdout, /^Reached 1 connection in \d+ ms\.\n$/);
    const nobody = await hubcast("send", "--user", "nobody", "notify", "--wait");
    assert.equal(nobody.code, 4);
    assert.match(nobody.stdout, /^Reached nobody, since nobody was connected\.\n$/);
    await tab.stop();
  });

  it("says so when it knows nothing", async () => {
    const { code, stderr } = await hubcast("why", "--message", "no-such-id");
    assert.equal(code, 4);
    assert.match(stderr, /no line since .* tells of the message no-such-id; check the id/);
  });
});

describe("a log that has no line", () => {
  it("is told from one that does not know the message", async () => {
    const stack = await startStack();
    const flags = [`--local=${stack.url}`, "why", "--message", "m"];
    const run = promisify(execFile)(join(PROGRAMS, "hubcast"), flags, { env: {} });
    await assert.rejects(run, /no function has written a line since/);
    await stack.stop();
  });
});
