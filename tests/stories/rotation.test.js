// Keys and the secret of the front door are replaced step by step, as docs/DISASTER.md says, and nobody is locked out.
// Each step is a deployment with other variables: sockets stay open, and the next frame meets the new ones.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, newest } from "../harness/client.js";
import { text } from "../harness/docs.js";
import { ACCESS_KEY, jwt } from "../harness/jwt.js";
import { opened } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const HUB = "notifications";
const HEADER = "x-hubcast-front-door";
const KEYS = { old: ACCESS_KEY, new: ACCESS_KEY.toLowerCase() };
const SECRETS = { old: "old-secret-of-the-door", new: "new-secret-of-the-door" };

/** The steps that the page tells, such as `old,new`. */
const steps = (variable) => [...text("docs/DISASTER.md").matchAll(new RegExp(`^\\d\\. \`${variable}=([\\w,]+)\``, "gm"))].map(([, step]) => step);
const values = (step, named) => step.split(",").map((name) => named[name]).join(",");

async function deploy(stack, variables) {
  const answer = await fetch(`${stack.url}/dev/deploy`, { method: "POST", body: JSON.stringify(variables) });
  assert.equal(answer.status, 204, await answer.text());
}

const tokenBy = (stack, key, user) => {
  const now = Math.floor(Date.now() / 1000);
  return jwt({ aud: `${stack.url}/client/?hub=${HUB}`, iat: now, exp: now + 3600, nameid: user }, { alg: "HS256", key });
};

/** A client that a backend gave a token; the front door adds its header. */
async function connected(stack, { user, key = KEYS.old, secret }) {
  const options = secret ? { headers: { [HEADER]: secret } } : {};
  const tab = client({ url: `${stack.url}/client/?hub=${HUB}`, token: tokenBy(stack, key, user), version: newest, options });
  await tab.ready();
  return tab;
}

/** Whether a client with this key, which comes by a door with this secret, gets a connection. */
async function negotiates(stack, { key = KEYS.old, secret }) {
  const headers = { authorization: `Bearer ${tokenBy(stack, key, "visitor")}`, ...(secret && { [HEADER]: secret }) };
  return (await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers })).status;
}

describe("a rotation", () => {
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  it("of the access key takes both keys in the middle, and a client stays connected through it", async () => {
    const told = steps("keys");
    assert.deepEqual(told, ["old", "old,new", "new,old", "new"]);
    const tab = await connected(stack, { user: "alice" });
    const ask = async (key) => (await new Rest(stack, { key }).call("POST", "/users/alice/:send", { body: Rest.message("byRest") })).status;
    const seen = [];
    for (const [at, step] of told.entries()) {
      await deploy(stack, { ACCESS_KEYS: values(step, KEYS) });
      await backend.send({ userId: "alice", target: "notify", arguments: [step] });
      await tab.receives("notify", at + 1);
      assert.equal(await tab.invoke("GetConnectionId"), tab.id);
      const clients = [await negotiates(stack, { key: KEYS.old }), await negotiates(stack, { key: KEYS.new })];
      seen.push([step, await ask(KEYS.old), await ask(KEYS.new), ...clients]);
    }
    assert.deepEqual(seen, [
      ["old", 202, 401, 200, 401],
      ["old,new", 202, 202, 200, 200],
      ["new,old", 202, 202, 200, 200],
      ["new", 401, 202, 401, 200],
    ]);
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });

  it("of the access key leaves connections good that were negotiated before the new key signs", async () => {
    await deploy(stack, { ACCESS_KEYS: values("old,new", KEYS) });
    const headers = { authorization: `Bearer ${tokenBy(stack, KEYS.old, "bob")}` };
    const answer = await fetch(`${stack.url}/client/negotiate?hub=${HUB}&negotiateVersion=1`, { method: "POST", headers });
    const { connectionToken } = await answer.json();
    await deploy(stack, { ACCESS_KEYS: values("new,old", KEYS) });
    const query = `hub=${HUB}&id=${encodeURIComponent(connectionToken)}&access_token=${tokenBy(stack, KEYS.old, "bob")}`;
    (await opened(`${stack.url}/client/?${query}`)).destroy();
  });

  it("of the front door's secret takes both secrets in the middle, and a client stays connected through it", async () => {
    const told = steps("secret");
    assert.deepEqual(told, ["old", "new,old", "new"]);
    await deploy(stack, { FRONT_DOOR_SECRET: values("old", SECRETS) });
    const tab = await connected(stack, { user: "carol", secret: SECRETS.old });
    const seen = [];
    for (const [at, step] of told.entries()) {
      await deploy(stack, { FRONT_DOOR_SECRET: values(step, SECRETS) });
      await backend.send({ userId: "carol", target: "notify", arguments: [step] });
      await tab.receives("notify", at + 1);
      assert.equal(await tab.invoke("GetConnectionId"), tab.id);
      const ways = [{ secret: SECRETS.old }, { secret: SECRETS.new }, {}];
      seen.push([step, ...(await Promise.all(ways.map((way) => negotiates(stack, way))))]);
    }
    assert.deepEqual(seen, [
      ["old", 200, 403, 403],
      ["new,old", 200, 200, 403],
      ["new", 403, 200, 403],
    ]);
    assert.deepEqual(tab.events, []);
    await tab.stop();
  });

  it("with a wrong value changes nothing", async () => {
    const answer = await fetch(`${stack.url}/dev/deploy`, { method: "POST", body: '{"FRONT_DOOR_SECRET":"short"}' });
    assert.equal(answer.status, 400);
    assert.match((await answer.json()).error, /FRONT_DOOR_SECRET/);
    assert.equal(await negotiates(stack, { secret: SECRETS.new }), 200);
  });
});
