// "Did Alice get it?": what the log tells of messages and connections, by the command line and by REST.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { Cli } from "../harness/cli.js";
import { signedIn } from "../harness/client.js";
import { ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

describe("the log", () => {
  let stack, backend, cli;
  before(async () => {
    stack = await startStack("--set", "FANOUT_DIRECT_MAX=3");
    [backend, cli] = [new Backend(stack), new Cli(stack)];
  });
  after(() => stack.stop());

  it("tells of a message to a user with two tabs, of which one is gone", async () => {
    const tab = await signedIn(stack, "alice");
    const lost = await ready(stack, "alice");
    await settled(stack, tab);
    lost.destroy();
    const { MessageId: id } = await backend.send({ userId: "alice", target: "notify", arguments: ["secret"] });
    await tab.receives("notify");
    const { sentence, timeline } = await cli.why(/^Reached/, "--message", id);
    assert.match(sentence, /^Reached [12] connections? in \d+ ms/);
    assert.deepEqual(timeline.map(({ function: name, step }) => `${name} ${step}`).slice(-1), ["publisher delivered"]);
    assert.doesNotMatch(JSON.stringify(timeline), /alice|secret/);
    await tab.stop();
  });

  it("tells of a bad element in an array, with what was meant, and of its neighbour", async () => {
    const tab = await signedIn(stack, "bob");
    const bad = { usrId: "bob", target: "notify" };
    const { MessageId: id } = await backend.send([{ userId: "bob", target: "notify", arguments: [] }, bad]);
    const { sentence } = await cli.why(/Element 1/, "--message", id);
    assert.match(sentence, /Element 0: Reached 1 connection in \d+ ms\. Element 1: Rejected \(UnknownProperty\): .*userId/);
    await tab.stop();
  });

  it("tells of a big audience by its jobs", async () => {
    const tabs = await Promise.all([1, 2, 3, 4, 5].map(() => signedIn(stack, "carol")));
    const { MessageId: id } = await backend.send({ everyone: true, target: "notify", arguments: [] });
    await Promise.all(tabs.map((tab) => tab.receives("notify")));
    const { sentence } = await cli.why(/^Reached/, "--message", id);
    assert.match(sentence, /^Reached \d+ connections by 4 jobs in \d+ ms/);
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("tells of a log-out by SQS, that the client heard it, and who ended the session", async () => {
    const tab = await signedIn(stack, "dora");
    const connection = await tab.ownId();
    const { MessageId: id } = await backend.send({ action: "close", userId: "dora" });
    const { sentence } = await cli.why(/carried out/, "--message", id);
    assert.match(sentence, /^'close' was carried out in \d+ ms, and 1 connection was told.* Sent by SQS, by 000000000000\.$/);
    const ended = new RegExp(`was closed by a backend, by the message ${id}`);
    const user = await cli.why(ended, "--user", "dora");
    assert.match(user.sentence, /0 ready, one was closed by .*Messages: 1 done\./);
    await cli.why(ended, `--connection=${connection}`);
  });

  it("tells of a client that leaves by itself", async () => {
    const tab = await signedIn(stack, "dolores");
    const connection = await tab.ownId();
    await tab.stop();
    await cli.why(/was closed by its client or the network/, `--connection=${connection}`);
  });

  it("tells of messages to the user's groups and hub, as far as it is known", async () => {
    const tab = await signedIn(stack, "gina");
    await backend.send({ action: "add", userId: "gina", groupName: "gardeners" });
    await backend.send({ groupName: "gardeners", target: "notify", arguments: [1] }, { group: "notifications:user:gina" });
    await tab.receives("notify");
    const { sentence } = await cli.why(/To the group gardeners, which the user is in now: Messages: 1 done\./, "--user", "gina");
    assert.match(sentence, /To the whole hub: .* The log does not tell which connections a message to a group or a hub reached\.$/);
    await tab.stop();
  });

  it("tells of a redrive: the message goes on where it stood", async () => {
    const { MessageId: id } = await backend.send({ userId: "hana", target: "notify", typo: 1 });
    await cli.why(/^Rejected \(UnknownProperty\)/, "--message", id);
    const list = await cli.run("dlq", "list", "--json");
    const letter = list.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line)).find(({ progressKey }) => progressKey.startsWith(id));
    await cli.run("dlq", "redrive", letter.id, "--force");
    const { timeline } = await cli.why(/^Rejected .* Sent by SQS/, "--message", id);
    assert.ok(timeline.every(({ fields }) => fields.message_id === id));
    const entries = await cli.audit(({ action }) => action === "redrive", 1, "--message", id);
    assert.deepEqual(entries.map(({ by, message_id: of }) => [by, of]), [["operator", id]]);
  });

  it("tells of an envelope by REST from the moment when it is on the queue, and by whom", async () => {
    const tab = await signedIn(stack, "ines");
    const body = JSON.stringify([{ userId: "ines", target: "notify", arguments: [1] }, { userId: "ines", target: "notify", arguments: [2] }]);
    const { headers } = await new Rest(stack).call("POST", "/:enqueue", { body });
    await tab.receives("notify", 2);
    const { sentence, timeline } = await cli.why(/Element 1: Reached/, "--message", headers["x-hubcast-message-id"]);
    const accepted = timeline.find(({ step }) => step === "accepted");
    assert.deepEqual([accepted.function, accepted.fields.elements, accepted.fields.by], ["rest", 2, "access_key"]);
    assert.match(sentence, /Sent by REST, with an access key, by backend_[0-9a-f]+\.$/);
    await tab.stop();
  });

  it("tells of a log-out by REST, whose answer has the id, and REST tells the fate", async () => {
    await signedIn(stack, "erin");
    const rest = new Rest(stack);
    const answer = await rest.call("POST", "/users/erin/:closeConnections", { query: { revoke: true } });
    const id = answer.headers["x-hubcast-message-id"];
    await cli.why(/carried out/, "--message", id);
    const { json } = await rest.call("GET", `/messages/${id}`);
    assert.equal(json.outcome, "done");
    assert.match(json.sentence, /^'close' was carried out in \d+ ms/);
    const steps = json.timeline.map(({ function: name, step }) => `${name} ${step}`);
    const ofConnections = (step) => step.endsWith("closed") || step.endsWith("closing");
    assert.deepEqual(steps.filter((step) => !ofConnections(step)), ["rest accepted", "publisher changed"]);
    const other = await new Rest(stack, { hub: "orders" }).call("GET", `/messages/${id}`);
    assert.equal(other.status, 404, "another hub knows nothing of it");
  });

  it("is awaited by send --wait, whose exit code is the fate", async () => {
    const tab = await signedIn(stack, "finn");
    const fine = await cli.run("send", "--user", "finn", "notify", "--wait");
    assert.equal(fine.code, 0, fine.stderr);
    assert.match(fine.stdout, /^Reached 1 connection in \d+ ms\.\n$/);
    const nobody = await cli.run("send", "--user", "nobody", "notify", "--wait");
    assert.equal(nobody.code, 4);
    assert.match(nobody.stdout, /^Reached nobody, since nobody was connected\.\n$/);
    await tab.stop();
  });

  it("says so when it knows nothing", async () => {
    const { code, stderr } = await cli.run("why", "--message", "no-such-id");
    assert.equal(code, 4);
    assert.match(stderr, /no line since .* tells of the message no-such-id; check the id/);
  });
});

describe("a log that has no line", () => {
  it("is told from one that does not know the message", async () => {
    const stack = await startStack();
    const { code, stderr } = await new Cli(stack).run("why", "--message", "m");
    assert.equal(code, 4);
    assert.match(stderr, /no function has written a line since/);
    await stack.stop();
  });
});
