// @hubcast/client as it is published: the official client with the settings that hubcast recommends.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nextDelay } from "@hubcast/client";
import { LogLevel } from "@microsoft/signalr";
import { Backend } from "../harness/backend.js";
import { Condition } from "../harness/client.js";
import { block, text } from "../harness/docs.js";
import { startNetwork } from "../harness/network.js";
import { installed } from "../harness/package.js";
import { startStack } from "../harness/stack.js";
import { GRANTING } from "../harness/cuts.js";
import { tapped } from "../harness/wire.js";

/** The oldest and the newest official client that the package says it takes. */
const OFFICIAL = { 8: "signalr-8", 10: "signalr-10" };
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

describe("the time before the next try", () => {
  const longest = (previousRetryCount) => nextDelay({ previousRetryCount, retryReason: new Error("gone") }, () => 1);

  it("grows to half a minute and no further, and never ends", () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 1000].map(longest), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it("is anything up to that, so that not all come back at once", () => {
    const delays = Array.from({ length: 200 }, () => nextDelay({ previousRetryCount: 9, retryReason: new Error("gone") }));
    assert.ok(delays.every((delay) => delay >= 0 && delay <= 30_000));
    assert.ok(Math.min(...delays) < 10_000 && Math.max(...delays) > 20_000);
  });

  it("never comes for who is refused, and does for who may have a new token next time", () => {
    const after = (retryReason) => nextDelay({ previousRetryCount: 0, retryReason }, () => 1);
    assert.equal(after(Object.assign(new Error("Forbidden"), { statusCode: 403 })), null);
    assert.equal(after(new Error("Failed to complete negotiation with the server: Error: no: Status code '403'")), null);
    assert.equal(after(new Error("Failed to complete negotiation with the server: Error: no: Status code '401'")), 1000);
    assert.equal(after(undefined), 1000);
  });
});

describe("the published package", () => {
  const apps = {};
  before(async () => {
    for (const [major, official] of Object.entries(OFFICIAL)) apps[major] = await installed(official);
  });

  it("holds code, types, a page to read and both licences, and nothing else", async () => {
    const { files, ours } = apps[10];
    assert.deepEqual(files, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "index.d.ts", "index.js", "package.json"]);
    for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) {
      assert.equal(await readFile(join(ours, licence), "utf8"), text(licence), "it is the repository's");
    }
  });

  it("takes the official clients that it is tested with, and no others", () => {
    const majors = Object.keys(OFFICIAL).map(Number);
    const range = `>=${Math.min(...majors)} <${Math.max(...majors) + 1}`;
    assert.deepEqual(apps[10].manifest.peerDependencies, { "@microsoft/signalr": range });
  });

  for (const major of Object.keys(OFFICIAL)) {
    it(`has types that let right calls pass and no others, its README's too (official client ${major})`, async () => {
      const { app } = apps[major];
      await copyFile(path("../types/client.ts"), join(app, "client.ts"));
      const said = "declare const auth: { freshToken(): Promise<string> };\ndeclare function showToast(text: string): void;\ndeclare function showLogIn(text: string): void;\n";
      await writeFile(join(app, "readme.ts"), said + block(text("infra/web/client-js/README.md"), "ts"));
      await writeFile(join(app, "tsconfig.json"), JSON.stringify({ extends: "../../types/tsconfig.json", include: ["*.ts"] }));
      const tsc = path("../node_modules/typescript/bin/tsc");
      await promisify(execFile)(process.execPath, [tsc, "-p", app]).catch(({ stdout }) => assert.fail(stdout));
    });
  }
});

for (const [major, official] of Object.entries(OFFICIAL)) describe(`the client, over version ${major} of the official one,`, () => {
  let stack, backend, HubcastClient;
  before(async () => {
    const app = await installed(official);
    ({ HubcastClient } = await app.load());
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** A client that remembers what it was called with, and how often it asked for a token. */
  function remembering(user, url = `${stack.url}/hubs/notifications`) {
    const tap = tapped();
    const seen = Object.assign(new Condition(), { texts: [], tokens: 0, ends: [] });
    const hub = new HubcastClient(url, {
      WebSocket: tap.WebSocket,
      logLevel: LogLevel.None,
      token: () => {
        seen.tokens += 1;
        return stack.token(user);
      },
      on: {
        notify(text) {
          seen.texts.push(text);
          seen.notify();
        },
      },
    });
    hub.connection.onclose((error) => {
      seen.ends.push(error?.message);
      seen.notify();
    });
    const hears = async (text) => {
      await hub.invoke("GetConnectionId");
      await backend.send({ userId: user, target: "notify", arguments: [text] });
      await seen.until(() => seen.texts.includes(text), text);
    };
    return { hub, tap, seen, hears };
  }

  for (const statefulReconnect of [undefined, false]) {
    it(statefulReconnect === false ? "comes back on a new connection if the app says so" : "comes back without a word where that is granted", async () => {
      const granting = await startStack(...GRANTING);
      const network = await startNetwork(granting);
      const told = Object.assign(new Condition(), { texts: [], reconnects: 0 });
      const hub = new HubcastClient(`${network.url}/hubs/notifications`, {
        statefulReconnect,
        logLevel: LogLevel.None,
        token: () => granting.token("alice"),
        on: { notify: (text) => told.texts.push(text) && told.notify() },
      });
      hub.connection.onreconnected(() => (told.reconnects += 1) && told.notify());
      await hub.start();
      const id = await hub.invoke("GetConnectionId");
      network.wires[0].cut();
      if (statefulReconnect === false) await told.until(() => told.reconnects === 1, "a reconnect");
      await new Backend(granting).send({ userId: "alice", target: "notify", arguments: ["hello"] });
      await told.until(() => told.texts.includes("hello"), "hello");
      assert.equal(hub.connection.connectionId === id, statefulReconnect !== false);
      assert.equal(told.reconnects, statefulReconnect === false ? 1 : 0);
      await hub.stop();
      await network.stop();
      await granting.stop();
    });
  }

  it("pings every 240 s and waits 500 s for the server", () => {
    const { hub } = remembering("anyone");
    assert.equal(hub.connection.keepAliveIntervalInMilliseconds, 240_000);
    assert.equal(hub.connection.serverTimeoutInMilliseconds, 500_000);
    assert.equal(hub.isConnected, false);
  });

  it("comes back after a drop with a fresh token, and hears again", async () => {
    const { hub, tap, seen, hears } = remembering("alice");
    await hub.start();
    assert.equal(hub.isConnected, true);
    await hears("first");
    const asked = seen.tokens;
    const returned = new Promise((resolve) => hub.connection.onreconnected(resolve));
    tap.cut();
    await returned;
    await hears("second");
    assert.ok(seen.tokens > asked, "a token was fetched for the new connection");
    await hub.stop();
  });

  it("keeps trying to connect for the first time until it can", async () => {
    let refused = 0;
    const server = createServer((request, answer) => {
      refused += 1;
      if (refused < 3) return answer.writeHead(503).end("not yet");
      answer.end(JSON.stringify({ url: `${stack.url}/client/?hub=notifications`, accessToken: request.headers.authorization.slice(7) }));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { hub, hears } = remembering("bob", `http://127.0.0.1:${server.address().port}/hubs/notifications`);
    await hub.start();
    assert.equal(refused, 3);
    await hears("at last");
    await hub.stop();
    server.close();
  });

  it("stops trying when it is told to", async () => {
    const tried = new Condition();
    let tries = 0;
    const server = createServer((_, answer) => {
      answer.writeHead(503).end("never");
      tries += 1;
      tried.notify();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { hub } = remembering("carol", `http://127.0.0.1:${server.address().port}/hubs/notifications`);
    const start = assert.rejects(hub.start(), /503/);
    await tried.until(() => tries > 1, "a second try");
    await hub.stop();
    await start;
    server.close();
  });

  it("ends by a log-out, and does not start with what the log-out revoked", async () => {
    const token = await stack.token("dave");
    const hub = new HubcastClient(`${stack.url}/hubs/notifications`, { token: () => token, logLevel: LogLevel.None });
    const closed = new Promise((resolve) => hub.connection.onclose(resolve));
    await hub.start();
    await hub.invoke("GetConnectionId");
    await backend.send({ userId: "dave", action: "close", reason: "signed out" });
    assert.match((await closed).message, /signed out/);
    await assert.rejects(hub.start(), /403/);
  });

  it("says that the user is signed out, with the backend's own reason, and is silent about its own stop", async () => {
    const reasons = Object.assign(new Condition(), { all: [] });
    const onSignedOut = (reason) => {
      reasons.all.push(reason);
      reasons.notify();
    };
    const token = await stack.token("fred");
    const hub = new HubcastClient(`${stack.url}/hubs/notifications`, { token: () => token, logLevel: LogLevel.None, onSignedOut });
    await hub.start();
    await hub.stop();
    assert.deepEqual(reasons.all, []);
    await hub.start();
    await hub.invoke("GetConnectionId");
    await backend.send({ userId: "fred", action: "close", reason: "You have been signed out." });
    await reasons.until(() => reasons.all.length === 1, "the log-out");
    await assert.rejects(hub.start(), /403/);
    assert.deepEqual(reasons.all, ["You have been signed out.", ""]);
  });

  it("stops calling a handler that was taken away", async () => {
    const { hub, seen, hears } = remembering("erin");
    const texts = [];
    const end = hub.on("notify", (text) => texts.push(text));
    await hub.start();
    await hears("one");
    end();
    await hears("two");
    assert.deepEqual([texts, seen.texts], [["one"], ["one", "two"]]);
    await hub.stop();
  });
});
