// Nothing that was secret stands anywhere when all is done: not in logs, queues, dead letters or the table.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, signedIn, skipping, versions } from "../harness/client.js";
import { ACCESS_KEY, clientToken, jwt } from "../harness/jwt.js";
import { readyAt, record, tryOpen } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { rows } from "../harness/table.js";
import { tapped } from "../harness/wire.js";

const HUB = "notifications";
const SECONDARY = "a-secondary-access-key-of-forty-characters";

/** What must not be found: tokens whole, their signatures alone, and keys. */
class Secrets {
  #texts = new Set([ACCESS_KEY, SECONDARY]);

  add(...tokens) {
    for (const token of tokens) {
      this.#texts.add(token);
      const signature = token.split(".").at(-1);
      if (signature.length >= 20) this.#texts.add(signature);
    }
  }

  get size() {
    return this.#texts.size;
  }

  assertAbsent(where, text) {
    for (const secret of this.#texts) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(0, -4)]) {
        const at = text.indexOf(form);
        assert.equal(at, -1, `${where} holds a secret: ${text.slice(Math.max(0, at - 200), at + 80)}`);
      }
    }
  }
}

/** All kinds of clients come, call, are refused and leave; answers every secret that was shown. */
async function everythingHappens(stack, backend) {
  const secrets = new Secrets();
  const app = await stack.token("alice", { groups: ["staff"] });
  const client1 = clientToken(stack, HUB, { nameid: "bob" });
  const client2 = jwt({ aud: `${stack.url}/client/?hub=${HUB}`, exp: Date.now() / 1000 + 60 }, { alg: "HS256", key: SECONDARY });
  const bad = [
    jwt({ aud: "x", sub: "mallory", exp: 1 }, { alg: "HS256", key: ACCESS_KEY }),
    clientToken(stack, HUB, { nameid: "bob", exp: 1000 }),
    clientToken(stack, "other", { nameid: "bob" }),
    `${app}x`,
    jwt({ sub: "mallory", iss: "nobody" }, { alg: "HS256", key: "guess-guess-guess-guess-guess-guess" }),
  ];
  secrets.add(app, client1, client2, ...bad);

  const taps = [];
  for (const [version, signalR] of Object.entries(versions)) {
    for (const options of [{}, skipping(signalR)]) {
      const tap = tapped();
      taps.push(tap);
      const more = { version, options: { ...options, WebSocket: tap.WebSocket }, reconnect: [0, 0] };
      const tab = await client({ url: `${stack.url}/hubs/${HUB}`, token: app, ...more }).ready();
      await assert.rejects(tab.invoke("JoinGroup", "secret-group"));
      await assert.rejects(tab.invoke("Nothing", app));
      tap.cut();
      await tab.returns().catch(() => undefined);
      await tab.stop();
    }
  }
  for (const { url, headers } of taps.flatMap((tap) => tap.opened)) {
    const shown = [url.searchParams.get("access_token"), url.searchParams.get("id"), headers.Authorization?.split(" ")[1]];
    secrets.add(...shown.filter(Boolean));
  }

  for (const token of [app, client1, client2]) {
    const socket = await readyAt(`${stack.url}/client/?hub=${HUB}&access_token=${token}`);
    // Some clients put their bearer token into every invocation's headers.
    const headers = { Authorization: `Bearer ${token}`, access_token: token };
    for (const [n, target] of ["JoinGroup", "GetConnectionId", token.slice(0, 10_000)].entries()) {
      socket.send(record({ type: 1, headers, invocationId: String(n), target, arguments: ["x", token] }));
    }
    socket.send(record({ type: 1, headers, target: "JoinGroup", arguments: [token] }));
    socket.send(`{"type":1,"headers":{"Authorization":"Bearer ${token}"},"target":\x1e`);
    await socket.until(() => socket.records.some(({ type }) => type === 7), "a Close");
    await socket.close();
  }
  for (const token of bad) {
    await tryOpen(`${stack.url}/client/?hub=${HUB}&access_token=${token}`);
    await tryOpen(`${stack.url}/client/?hub=${HUB}&access_token=${client1}&id=${token}`);
    await tryOpen(`${stack.url}/hubs/${HUB}`, { headers: { authorization: `Bearer ${token}` } });
    for (const path of [`/client/negotiate?hub=${HUB}`, `/hubs/${HUB}/negotiate`]) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(stack.url + path, { method: "POST", headers });
      secrets.assertAbsent("an answer", await answer.text());
    }
  }
  await backend.sendBody(`{"userId":"alice","target":`);
  await backend.send({ userId: "alice", target: "notify", arguments: [1] });
  await backend.send({ userId: "alice", action: "close", reason: "bye" });
  return secrets;
}

describe("a run of everything", () => {
  it("leaves no token and no key in logs, queues, dead letters and the table", async () => {
    const keys = `ACCESS_KEYS=${ACCESS_KEY},${SECONDARY}`;
    const stack = await startStack("--log", "debug", "--set", keys, "--set", "CLIENT_TOKEN_REUSE=once");
    const backend = new Backend(stack);
    const secrets = await everythingHappens(stack, backend);
    assert.ok(secrets.size > 20, `${secrets.size} secrets`);

    const letter = await backend.deadLetter();
    assert.equal(letter.RejectReason, "NotJson");
    secrets.assertAbsent("the dead letter", JSON.stringify(letter));
    assert.equal(await backend.depth(stack.dlqUrl), 0);
    await backend.quiet();
    secrets.assertAbsent("the table", JSON.stringify(await rows(stack)));

    const last = await signedIn(stack, "zoe");
    await last.stop();
    await stack.stop();
    assert.ok(stack.logs.length > 1000, "there are logs to look at");
    secrets.assertAbsent("the log", stack.logs);
    secrets.assertAbsent("the greeting", stack.greeting);
  });

  it("does not show keys when it cannot start", async () => {
    const { runToEnd } = await import("../harness/stack.js");
    const { code, stderr } = await runToEnd("--port", "0", "--set", "ACCESS_KEYS=a-key-that-is-short");
    assert.notEqual(code, 0);
    assert.match(stderr, /ACCESS_KEYS/);
    assert.doesNotMatch(stderr, /a-key-that-is-short/);
  });
});
