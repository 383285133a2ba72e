// "Who logged her out?": the audit names who had what changed, to whom, and by which message.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { Cli } from "../harness/cli.js";
import { signedIn } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { HANDSHAKE, opened } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const HUB = "notifications";
/** The local queue names one sender for every message. */
const SENDER = "000000000000";
const FIELDS = [
  ...["action", "app_id", "audience", "audience_kind", "by", "element", "groups", "hub"],
  ...["message", "message_id", "operation", "outcome", "roles", "sent_at", "who"],
];

/** Every entry has every field, and each says something. */
function complete(entry) {
  assert.deepEqual(Object.keys(entry).sort(), FIELDS);
  for (const [name, value] of Object.entries(entry)) assert.ok(typeof value === "string" && value !== "", name);
}

describe("the audit", { concurrency: true }, () => {
  let stack, backend, cli, rest;
  before(async () => {
    const producers = [{ sender: SENDER, hubs: [HUB] }];
    stack = await startStack("--set", "LOG_AUDIENCE=plain", "--set", `PRODUCERS=${JSON.stringify(producers)}`);
    [backend, cli, rest] = [new Backend(stack), new Cli(stack), new Rest(stack)];
  });
  after(() => stack.stop());

  const actions = {
    add: [{ userId: "sqs-add", groupName: "g" }, "sqs-add", "g"],
    remove: [{ userId: "sqs-remove", groupName: "g" }, "sqs-remove", "g"],
    removeAll: [{ userId: "sqs-remove-all" }, "sqs-remove-all", "none"],
    settle: [{ userId: "sqs-settle" }, "sqs-settle", "none"],
    show: [{ userId: "sqs-show", groupName: "g" }, "sqs-show", "g"],
    close: [{ userId: "sqs-close" }, "sqs-close", "none"],
    block: [{ userId: "sqs-block" }, "sqs-block", "none"],
    unblock: [{ userId: "sqs-unblock" }, "sqs-unblock", "none"],
  };
  for (const [action, [whom, audience, groups]] of Object.entries(actions)) {
    it(`names the sender of the action ${action} by SQS`, async () => {
      const { MessageId: id } = await backend.send({ action, ...whom });
      const [entry] = await cli.audit((one) => one.message_id === id, 1, "--message", id);
      complete(entry);
      const told = { by: "sqs", who: SENDER, action, outcome: "done", hub: HUB, audience_kind: "users", audience, groups, message_id: id, element: "0" };
      if (entry.audience_kind === "user") told.audience_kind = "user";
      for (const [name, value] of Object.entries(told)) assert.equal(entry[name], value, name);
      assert.ok(Date.parse(entry.sent_at) > 0);
    });
  }

  it("names who may not send, and what for", async () => {
    const { MessageId: id } = await backend.send([{ userId: "refused", target: "t" }, { hub: "orders", action: "close", userId: "refused" }]);
    const [entry] = await cli.audit((one) => one.message_id === id);
    complete(entry);
    const { action, outcome, hub, audience, element, who } = entry;
    assert.deepEqual({ action, outcome, hub, audience, element, who }, { action: "close", outcome: "refused", hub: "orders", audience: "refused", element: "1", who: SENDER });
  });

  /** A connection with a client token of the SDK, whose end can be moved. */
  async function connected(user) {
    const end = String(Math.floor(Date.now() / 1000) + 600);
    const token = clientToken(stack, HUB, { "asrs.s.uid": user, "asrs.s.coae": "true", "asrs.s.aeo": end });
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers });
    const { connectionToken, connectionId } = await answer.json();
    const socket = await opened(`${stack.url}/client/?${new URLSearchParams({ hub: HUB, id: connectionToken, access_token: token })}`);
    socket.send(HANDSHAKE);
    await socket.frame(1);
    return { socket, connectionToken, connectionId };
  }

  /** By operation: method, path, options, the words of the entry. `C` and `{id}` are the id of a connection. */
  const envelope = JSON.stringify({ action: "unblock", userId: "envelope" });
  const command = JSON.stringify([{ type: "LeaveGroup", group: "g" }]);
  const operations = {
    AddConnection: ["PUT", "/groups/g/connections/{id}", {}, "add", "connection", "C", "g"],
    AddUser: ["PUT", "/users/u1/groups/g", {}, "add", "user", "u1", "g"],
    RemoveConnection: ["DELETE", "/groups/g/connections/{id}", {}, "remove", "connection", "C", "g"],
    RemoveUser: ["DELETE", "/users/u2/groups/g", {}, "remove", "user", "u2", "g"],
    RemoveConnectionFromAll: ["DELETE", "/connections/{id}/groups", {}, "removeAll", "connection", "C", "none"],
    RemoveUserFromAll: ["DELETE", "/users/u3/groups", {}, "removeAll", "user", "u3", "none"],
    GenerateToken: ["POST", "/:generateToken", { query: { userId: "u4" } }, "token", "user", "u4", "none"],
    RefreshAuth: ["POST", "/connections/:refreshAuth", { body: "T" }, "token", "connection", "C", "none"],
    Close: ["POST", "/users/u5/:closeConnections", {}, "close", "user", "u5", "none"],
    CloseConnection: ["DELETE", "/connections/{id}", {}, "close", "connection", "C", "none"],
    Enqueue: ["POST", "/:enqueue", { body: envelope }, "envelope", "hub", "everyone", "none"],
    Execute: ["POST", "/:execute", { query: { filter: "userId eq 'nobody'" }, body: command }, "commands", "hub", "everyone", "none"],
  };
  for (const [operation, [method, path, options, action, kind, audience, groups]] of Object.entries(operations)) {
    it(`names the app that calls ${operation}`, async () => {
      const { socket, connectionToken, connectionId } = await connected(`of-${operation}`);
      const subject = `app-of-${operation}`;
      const token = await Rest.appToken(stack, { claims: { sub: subject, azp: "the-app" } });
      const body = options.body === "T" ? JSON.stringify({ connectionToken }) : options.body;
      const answer = await rest.call(method, path.replace("{id}", connectionId), { ...options, body, token });
      assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
      const [entry] = await cli.audit((one) => one.who === subject && one.outcome === "done");
      complete(entry);
      const told = { by: "app", who: subject, app_id: "the-app", roles: "hubcast.rest", action, operation, hub: HUB, audience_kind: kind, groups };
      for (const [name, value] of Object.entries(told)) assert.equal(entry[name], value, name);
      assert.equal(entry.audience, audience === "C" ? connectionId : audience);
      assert.equal(entry.message_id, answer.headers["x-hubcast-message-id"] ?? "none");
      await socket.close();
    });
  }

  it("names who got a key that signs for every hub", async () => {
    const { status } = await rest.callPath("GET", "/api/auth/accessKey");
    assert.equal(status, 200);
    const [entry] = await cli.audit((one) => one.operation === "AccessKey");
    complete(entry);
    assert.deepEqual([entry.by, entry.action, entry.hub], ["access_key", "accessKey", "none"]);
    assert.match(entry.who, /^backend_/, "the name that the SDK gives");
  });

  it("has both lines of a call that goes through the queue, under one message", async () => {
    const { headers } = await rest.call("POST", "/users/u7/:closeConnections", { query: { revoke: true } });
    const id = headers["x-hubcast-message-id"];
    const entries = await cli.audit((one) => one.message_id === id, 2, "--message", id);
    assert.deepEqual(entries.map(({ by }) => by).sort(), ["access_key", "sqs"]);
  });

  it("has nothing of those who only send or read", async () => {
    const tab = await signedIn(stack, "u8");
    await rest.call("POST", "/users/u8/:send", { body: Rest.message("notify") });
    await tab.receives("notify");
    await rest.call("GET", "/users/u8/:count");
    await rest.call("PUT", "/users/u8/groups/fence");
    const entries = await cli.audit((one) => one.audience === "u8", 1, "--user", "u8");
    assert.deepEqual(entries.map(({ action }) => action), ["add"]);
    await tab.stop();
  });

  it("names the operator who redrives, drops and erases", async () => {
    const bad = async (user) => {
      await backend.send({ userId: user, target: "t", nonsense: true }, { group: user });
    };
    await bad("u9");
    await bad("u10");
    const listed = async () => (await cli.run("dlq", "list", "--json")).stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const letterOf = async (user) => {
      for (let tries = 0; tries < 40; tries++) {
        const found = (await listed()).find(({ body }) => body.includes(`"${user}"`));
        if (found) return found;
      }
      throw new Error(`no letter of ${user}`);
    };
    const [redriven, dropped] = [await letterOf("u9"), await letterOf("u10")];
    assert.equal((await cli.run("dlq", "redrive", redriven.id, "--force")).code, 0);
    assert.equal((await cli.run("dlq", "drop", dropped.id)).code, 0);
    assert.equal((await cli.run("users", "erase", "u11")).code, 0);
    const entries = await cli.audit(({ by }) => by === "operator", 3, "--by", "operator");
    entries.forEach(complete);
    const told = entries.map(({ action, message_id: id, audience }) => [action, id === "none" ? audience : id]);
    const first = ({ progressKey }) => progressKey.split("/")[0];
    assert.deepEqual(told, [["redrive", first(redriven)], ["drop", first(dropped)], ["erase", "u11"]]);
  });

  it("says so when it has nothing", async () => {
    const { code, stderr } = await cli.run("audit", "--message", "no-such-id");
    assert.equal(code, 4);
    assert.match(stderr, /the audit has no entry since .* about this; entries come up to a minute late/);
  });
});

describe("the audit of a deployment that lists what a role may do", () => {
  it("names the app that may not call, and whom it meant", async () => {
    const producers = [{ role: "hubcast.rest", hubs: [HUB], actions: ["read"] }];
    const stack = await startStack("--set", "LOG_AUDIENCE=plain", "--set", `PRODUCERS=${JSON.stringify(producers)}`);
    const [cli, rest] = [new Cli(stack), new Rest(stack)];
    const token = await Rest.appToken(stack, { claims: { sub: "reader", azp: "reading" } });
    const close = await rest.call("POST", "/users/alice/:closeConnections", { token });
    const send = await rest.call("POST", "/groups/g/:send", { token, body: Rest.message("t") });
    const keys = await rest.callPath("GET", "/api/auth/accessKey", { token });
    assert.deepEqual([close.status, send.status, keys.status], [403, 403, 403]);
    const entries = await cli.audit((one) => one.who === "reader", 3);
    entries.forEach(complete);
    const told = entries.map(({ outcome, operation, action, audience, app_id: app }) => [outcome, operation, action, audience, app]);
    assert.deepEqual(told, [
      ["refused", "Close", "close", "alice", "reading"],
      ["refused", "Send", "message", "g", "reading"],
      ["refused", "AccessKey", "accessKey", "none", "reading"],
    ]);
    await stack.stop();
  });
});
