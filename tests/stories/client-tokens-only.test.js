// A hub that demands the app's own negotiation: `[Authorize]` of the app decides there who comes in.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { client, signedIn, skipping } from "../harness/client.js";
import { clientToken } from "../harness/jwt.js";
import { tryOpen } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const HUB = "admins";

describe("a hub of CLIENT_TOKENS_ONLY", { concurrency: true }, () => {
  let stack;
  before(async () => {
    stack = await startStack("--set", "CLIENT_TOKENS_ONLY=Admins, others");
  });
  after(() => stack.stop());

  const negotiated = async (path, token) => {
    const answer = await fetch(`${stack.url}${path}`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, text: await answer.text() };
  };

  it("refuses app tokens at every way in, the development issuer's too, and says where to go", async () => {
    const token = await stack.token("stranger");
    for (const path of [`/hubs/${HUB}/negotiate`, "/hubs/ADMINS/negotiate", `/client/negotiate?hub=${HUB}`]) {
      const { status, text } = await negotiated(`${path}${path.includes("?") ? "&" : "?"}negotiateVersion=1`, token);
      assert.deepEqual([status, text], [403, "Forbidden: this hub takes client tokens only; negotiate with the app."], path);
    }
    for (const path of [`/hubs/${HUB}?`, `/client/?hub=${HUB}&`, `/local?hub=${HUB}&`]) {
      assert.equal((await tryOpen(`${stack.url}${path}access_token=${token}`)).status, 403, path);
    }
    const tab = client({ url: `${stack.url}/hubs/${HUB}`, token, options: skipping() });
    await assert.rejects(tab.start());
  });

  it("says 401 to a token that is good nowhere", async () => {
    const token = await stack.token("stranger", { ttlSeconds: -120 });
    assert.equal((await negotiated(`/hubs/${HUB}/negotiate`, token)).status, 401);
  });

  it("takes the client tokens of the app, and those of the REST API", async () => {
    const rest = new Rest(stack, { hub: HUB });
    const { json } = await rest.call("POST", "/:generateToken", { query: { userId: "bob" } });
    for (const token of [clientToken(stack, HUB, { nameid: "alice" }), json.token]) {
      const tab = await client({ url: `${stack.url}/client/?hub=${HUB}`, token }).ready();
      await tab.stop();
    }
  });

  it("leaves the other hubs as they are", async () => {
    const tab = await signedIn(stack, "carol");
    await tab.stop();
  });
});
