// What became of a message, and who asked for what, as the logs of a deployment tell: by the REST API and by `hubcast`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Backend } from "../harness/backend.js";
import { poll } from "../harness/poll.js";
import { ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { PROGRAMS, startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";

let stack, backend, rest;
before(async () => {
  stack = await startStack();
  [backend, rest] = [new Backend(stack), new Rest(stack)];
});
after(() => stack.stop());

/** Runs the program with the credentials of the account's owner. */
async function hubcast(...flags) {
  const services = { AWS_ENDPOINT_URL: process.env.HUBCAST_SERVICES, AWS_REGION: "us-east-1" };
  const env = { ...services, AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  const run = promisify(execFile)(join(PROGRAMS, "hubcast"), [...flags, "--json"], { env });
  const { stdout } = await run.catch((failed) => failed);
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** The fate of a message by REST, once it is what is wanted. */
const fate = async (id, wanted) => {
  const ask = async () => (await rest.call("GET", `/messages/${id}`)).json;
  return poll(ask, ({ sentence }) => wanted.test(sentence ?? ""), (json) => JSON.stringify(json));
};

const fail = (socket, status) =>
  fetch(`${stack.url}/dev/fault`, { method: "POST", body: JSON.stringify({ socket, status }) });

describe("the logs of a deployment", () => {
  it("tell of three tabs of a user, of which one is gone, one is stuck and one is fine", async () => {
    const tabs = [await ready(stack, "three"), await ready(stack, "three"), await ready(stack, "three")];
    const sockets = (await rows(stack)).filter(({ pk }) => pk.endsWith("#three")).map(({ sk }) => sk);
    assert.equal(sockets.length, 3);
    await fail(sockets[0], 429);
    tabs[2].destroy();
    const { MessageId: id } = await backend.send({ userId: "three", target: "notify", arguments: ["secret"] });
    const held = await fate(id, /^(Comes again|Reached)/);
    assert.match(held.sentence, /Comes again, since posts failed|was stalled and sent to connect anew/);
    await fail(sockets[0]);
    const { outcome, sentence, timeline } = await fate(id, /^Reached/);
    assert.equal(outcome, "done");
    // The emulator may take a post to a client that is gone.
    assert.match(sentence, /^Reached [123] connections? in \d+ ms/);
    assert.doesNotMatch(JSON.stringify(timeline), /secret|three/);
    for (const tab of tabs) tab.destroy();
  });

  it("tell of a log-out by SQS and by REST, who asked, and that the clients were told", async () => {
    for (const user of ["out-by-sqs", "out-by-rest"]) {
      const tab = await ready(stack, user);
      const id =
        user === "out-by-sqs"
          ? (await backend.send({ action: "close", userId: user })).MessageId
          : (await rest.call("POST", `/users/${user}/:closeConnections`, { query: { revoke: true } })).headers["x-hubcast-message-id"];
      await tab.until(() => tab.records.some(({ type }) => type === 7), "a Close");
      await tab.close();
      await fate(id, /^'close' was carried out in \d+ ms, and 1 connection was told/);
      const told = async () => (await hubcast("why", "--user", user))[0]?.sentence ?? "";
      await poll(told, (text) => text.includes(`was closed by a backend, by the message ${id}`), (text) => text);
      const ways = user === "out-by-sqs" ? ["sqs"] : ["access_key", "sqs"];
      const entries = () => hubcast("audit", "--message", id);
      const found = await poll(entries, (all) => all.length >= ways.length, (all) => JSON.stringify(all));
      assert.deepEqual(found.map(({ entry }) => entry.by).sort(), ways);
      assert.ok(found.every(({ entry }) => entry.action === "close" && entry.outcome === "done"));
    }
  });

  it("name the operator who drops a letter, by the ARN", async () => {
    await backend.send({ userId: "letter", target: "t", nonsense: 1 });
    const letters = () => hubcast("dlq", "list");
    const [letter] = await poll(letters, (all) => all.some(({ body }) => body.includes("letter")), (all) => JSON.stringify(all));
    await hubcast("dlq", "drop", letter.id);
    const entries = () => hubcast("audit", "--since", "10m");
    const isDrop = ({ entry }) => entry.action === "drop";
    const all = await poll(entries, (found) => found.some(isDrop), (found) => JSON.stringify(found));
    assert.match(all.find(isDrop).entry.who, /^arn:aws:iam::000000000000:/);
  });

  it("do not know what was never sent", async () => {
    const { status, json } = await rest.call("GET", "/messages/no-such-id");
    assert.equal(status, 404);
    assert.equal(json.code, "Warning.Message.NotExisted");
  });
});
