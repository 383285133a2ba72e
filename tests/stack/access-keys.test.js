// Both places for access keys: the secret that comes with the stack, and a parameter of one's own. The lists of issuers
// move into parameters too: a client signs in by a token of such an issuer.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { ACCESS_KEY } from "../harness/jwt.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";
import { fly } from "./canary.js";

const OTHER_KEY = ACCESS_KEY.toLowerCase();

describe("access keys", () => {
  let stack, endpoint;
  before(async () => {
    endpoint = await new WebhookServer().start();
    stack = await startStack();
    await use(endpoint.server.address().port);
  });
  after(async () => {
    await use(undefined);
    await endpoint.stop();
  });

  const use = (port) => fetch(`${stack.url}/dev/webhook`, { method: "PUT", body: JSON.stringify({ port }) });

  /** How the REST API answers a backend that signs by a key. */
  const statusFor = async (key) => (await new Rest(stack, { key }).call("HEAD", "/groups/nobody")).status;

  /** A client signs in, is let in, and its endpoint hears so; the canary gets through: four functions need a key for that. */
  async function everyFunctionHasKeys(user) {
    const tab = await signedIn(stack, user);
    const [connected] = await endpoint.hears(tab.id, 1);
    assert.deepEqual([connected.event, connected.isSigned], ["connected", true]);
    await tab.stop();
    assert.equal((await fly()).failed, null);
  }

  it("stand in the secret that the stack makes", async () => {
    assert.equal(await statusFor(ACCESS_KEY), 404);
    assert.equal(await statusFor(OTHER_KEY), 401);
    await everyFunctionHasKeys("alice");
  });

  it("stand in a parameter when the template names one, and the secret is gone", async () => {
    const { status } = await fetch(`${stack.url}/dev/access-keys`, { method: "POST", body: `${OTHER_KEY},${ACCESS_KEY}` });
    assert.equal(status, 204);
    assert.equal(await statusFor(OTHER_KEY), 404);
    assert.equal(await statusFor(ACCESS_KEY), 404);
    assert.equal(await statusFor(`${ACCESS_KEY}X`), 401);
    await everyFunctionHasKeys("bob");
  });
});
