// A hub class whose methods are called as hubcast's own: `JoinGroup` is the commonest name of a hub method.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { client, signedIn } from "../harness/client.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

const GROUP = "room";

/** Asks whether a group has a connection. */
const look = (stack, hub, group) => new Rest(stack, { hub }).call("HEAD", `/groups/${group}`);

describe("a hub of OWN_METHODS", { concurrency: true }, () => {
  let stack, webhook;
  before(async () => {
    webhook = await new WebhookServer(({ category, body }) => {
      if (category !== "messages") return undefined;
      const { invocationId, target, arguments: args } = JSON.parse(body);
      return { body: `${JSON.stringify({ type: 3, invocationId, result: [target, ...args] })}\u001e` };
    }).start();
    // Any group may be joined, so that a join that hubcast answers would succeed.
    stack = await startStack("--upstream-url", webhook.url, "--set", "OWN_METHODS=Chat", "--client-joinable-groups", "*");
  });
  after(async () => {
    await stack.stop();
    await webhook.stop();
  });

  for (const lenient of [false, true]) {
    it(`calls the app's methods of these names, whatever route the frame takes (${lenient})`, async () => {
      const own = lenient ? await startStack("--upstream-url", webhook.url, "--set", "OWN_METHODS=*", "--lenient-route-selection") : stack;
      const tab = await client({ url: `${own.url}/hubs/chat`, token: () => own.token("alice") }).start();
      for (const name of ["JoinGroup", "joingroup", "LeaveGroup", "GetConnectionId"]) {
        assert.deepEqual(await tab.invoke(name, GROUP), [name, GROUP]);
      }
      const heard = webhook.of(tab.id).map(({ event }) => event);
      assert.deepEqual(heard, ["connected", "JoinGroup", "joingroup", "LeaveGroup", "GetConnectionId"]);
      await tab.stop();
      if (lenient) await own.stop();
    });
  }

  it("is in no group by such a call", async () => {
    const tab = await client({ url: `${stack.url}/hubs/chat`, token: () => stack.token("bob") }).start();
    await tab.invoke("JoinGroup", "silent");
    assert.equal((await look(stack, "chat", "silent")).status, 404);
    await tab.stop();
  });

  it("leaves the other hubs as they are", async () => {
    const tab = await signedIn(stack, "carol");
    assert.equal(await tab.invoke("GetConnectionId"), tab.id);
    await tab.invoke("JoinGroup", GROUP);
    assert.equal((await look(stack, "notifications", GROUP)).status, 200);
    await tab.stop();
  });
});

it("a hub of OWN_METHODS has no method at all without backends", async () => {
  const stack = await startStack("--set", "OWN_METHODS=notifications");
  const tab = await client({ url: `${stack.url}/hubs/notifications`, token: () => stack.token("alice") }).start();
  await assert.rejects(tab.invoke("JoinGroup", GROUP), { message: "Unknown hub method 'JoinGroup'" });
  await tab.stop();
  await stack.stop();
});
