// What a fresh token changes: the groups, the claims of patterns, and what backends are told.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { refresh, RefreshingClient } from "../harness/refreshing.js";
import { startStack } from "../harness/stack.js";
import { UpstreamBackend } from "../harness/upstream.js";
import { record } from "../harness/raw.js";

const HUB = "notifications";

describe("a connection after a refresh", () => {
  let stack, upstream;
  before(async () => {
    const flags = ["--close-on-token-expiry", "--client-joinable-groups", "org-{org}/*", "--upstream"];
    stack = await startStack(...flags, "--set", "UPSTREAM_CLAIMS=role,org");
    upstream = new UpstreamBackend(stack, ({ claims }) => ({ result: claims.role }));
  });
  after(async () => {
    await upstream.stop();
    await stack.stop();
  });

  let calls = 0;
  /** Calls a method; answers the Completion. */
  async function invoke({ socket }, target, ...args) {
    const invocationId = String((calls += 1));
    socket.send(record({ type: 1, invocationId, target, arguments: args }));
    const answer = () => socket.records.find((message) => message.type === 3 && message.invocationId === invocationId);
    await socket.until(answer, `an answer to ${target}`);
    return answer();
  }

  /** The groups of these that a tab hears of. */
  async function heard({ socket, id }, ...groups) {
    const round = String((calls += 1));
    const order = { group: `rights:${id}` };
    for (const groupName of groups) await upstream.backend.send({ groupName, target: "notify", arguments: [round, groupName] }, order);
    await upstream.backend.send({ connectionId: id, target: `fence-${round}` }, order);
    await socket.receives(`fence-${round}`);
    const ours = socket.records.filter(({ target, arguments: args }) => target === "notify" && args[0] === round);
    return ours.map(({ arguments: [, group] }) => group);
  }

  it("is in the groups of the new token, joins by its claims, and backends hear them", async () => {
    const token = (more) => stack.token("alice", more);
    const first = await token({ groups: ["admins", "both"], claims: { org: "a", role: "user" } });
    const tab = await new RefreshingClient(stack, () => first).start();
    assert.equal((await invoke(tab, "JoinGroup", "org-a/news")).error, undefined);
    const order = { group: `rights:${tab.id}` };
    await upstream.backend.send({ action: "add", connectionId: tab.id, groupName: "added" }, order);
    await upstream.backend.send({ action: "add", userId: "alice", groupName: "lasting" }, order);
    const all = ["admins", "both", "staff", "org-a/news", "added", "lasting"];
    assert.deepEqual(await heard(tab, ...all), ["admins", "both", "org-a/news", "added", "lasting"]);
    assert.deepEqual((await invoke(tab, "WhoAmI")).result, ["user"]);

    const second = await token({ groups: ["staff", "both"], claims: { org: "b", role: "admin" } });
    assert.equal((await tab.refresh(second)).status, 200);
    assert.deepEqual(await heard(tab, ...all), ["both", "staff", "added", "lasting"]);
    assert.match((await invoke(tab, "JoinGroup", "org-a/news")).error, /unauthorized/);
    assert.match((await invoke(tab, "JoinGroup", "admins")).error, /unauthorized/);
    assert.equal((await invoke(tab, "JoinGroup", "org-b/news")).error, undefined);
    assert.equal((await invoke(tab, "JoinGroup", "staff")).error, undefined);
    assert.deepEqual((await invoke(tab, "WhoAmI")).result, ["admin"]);
    await tab.stop();
  });

  it("is in no group that a token names and the table denies", async () => {
    const tab = await new RefreshingClient(stack, () => stack.token("bob")).start();
    const order = { group: `rights:${tab.id}` };
    await upstream.backend.send({ action: "remove", userId: "bob", groupName: "secret" }, order);
    assert.deepEqual(await heard(tab, "secret"), []);
    assert.equal((await tab.refresh(await stack.token("bob", { groups: ["secret", "open"] }))).status, 200);
    assert.deepEqual(await heard(tab, "secret", "open"), ["open"]);
    await tab.stop();
  });

  it("is in a hundred groups of a token that has no room for them", async () => {
    const groups = Array.from({ length: 100 }, (_, n) => `a-group-with-a-rather-long-name-${n}`);
    const tab = await new RefreshingClient(stack, () => stack.token("carol")).start();
    assert.equal((await tab.refresh(await stack.token("carol", { groups }))).status, 200);
    assert.deepEqual(await heard(tab, groups[0], groups[99], "other"), [groups[0], groups[99]]);
    assert.equal((await tab.refresh(await stack.token("carol", { groups: [groups[0]] }))).status, 200);
    assert.deepEqual(await heard(tab, groups[0], groups[99]), [groups[0]]);
    await tab.stop();
  });
});

it("without CLOSE_ON_TOKEN_EXPIRY no client is asked to refresh, and none may", async () => {
  const stack = await startStack();
  const tab = await new RefreshingClient(stack, () => stack.token("alice")).start();
  assert.equal(tab.lifetime, undefined);
  const { connectionToken } = tab;
  const token = await stack.token("alice");
  for (const path of [`/hubs/${HUB}/refresh`, `/client/refresh?hub=${HUB}`]) {
    const answer = await refresh(stack, path, { token, connectionToken });
    assert.deepEqual([answer.status, answer.body], [404, { error: "refresh_disabled" }], path);
  }
  await tab.stop();
  await stack.stop();
});
