// The Angular service of docs/examples, run: compiled as an app compiles it, over Angular's own injection and signals.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Injector, runInInjectionContext } from "@angular/core";
import { Backend } from "../harness/backend.js";
import { Condition, signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const COMPILED = path("../artefacts/angular");

/** The service as JavaScript; within tests/, where Node finds what it imports. */
async function compiled() {
  const tsc = path("../node_modules/typescript/bin/tsc");
  const project = ["-p", path("../types/angular.json"), "--noEmit", "false", "--outDir", COMPILED];
  await run(process.execPath, [tsc, ...project]).catch(({ stdout }) => assert.fail(stdout));
  return import(`${COMPILED}/notification.service.js`);
}

describe("the Angular service", () => {
  let stack, backend, example;
  before(async () => {
    [stack, example] = await Promise.all([startStack(), compiled()]);
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  /** A tab of the app: an injector with the app's own log-in, and the service that it makes. */
  function tab(user, token = () => stack.token(user, { groups: ["acme"] })) {
    const seen = Object.assign(new Condition(), { ends: [] });
    const auth = {
      freshToken: async () => token(),
      signedOut(reason) {
        seen.ends.push(reason);
        seen.notify();
      },
    };
    const injector = Injector.create({
      providers: [
        { provide: example.Auth, useValue: auth },
        { provide: example.HUB_URL, useValue: `${stack.url}/hubs/notifications` },
      ],
    });
    const service = runInInjectionContext(injector, () => new example.NotificationService());
    return { service, seen, injector, connection: service.connection };
  }

  async function started(user, token) {
    const one = tab(user, token);
    await one.service.start();
    await one.connection.invoke("GetConnectionId");
    return one;
  }

  const tells = (user, ...messages) => backend.send(messages.map((message) => ({ userId: user, ...message })));
  /** Waits until the tab has handled what was sent to its user before. */
  async function handled(one, user) {
    const fenced = new Promise((resolve) => one.connection.on("fence", resolve));
    await tells(user, { target: "fence" });
    await fenced;
  }

  it("shows roles, licences and toasts, and says that it is connected", async () => {
    const one = await started("alice");
    const toasts = [];
    one.service.toasts.subscribe((text) => toasts.push(text));
    assert.equal(one.service.state(), "Connected");
    await tells("alice",
      { target: "permissionsChanged", arguments: [{ role: "admin" }] },
      { target: "licenceChanged", arguments: [{ plan: "pro" }] },
      { target: "toast", arguments: ["Saved."] });
    await handled(one, "alice");
    assert.deepEqual([one.service.role(), one.service.newLicence(), toasts], ["admin", { plan: "pro" }, ["Saved."]]);
    await one.service.stop();
  });

  for (const reason of [undefined, "You have been signed out."]) {
    it(`signs out by a log-out ${reason ? "with" : "without"} a reason`, async () => {
      const user = `bob ${reason}`;
      const one = await started(user);
      await tells(user, { target: "permissionsChanged", arguments: [{ role: "admin" }] });
      await handled(one, user);
      assert.equal(one.service.role(), "admin");
      await tells(user, { action: "close", reason });
      await one.seen.until(() => one.seen.ends.length === 1, "the log-out");
      assert.equal(one.seen.ends[0], reason ?? "");
      assert.equal(one.service.state(), "Disconnected");
      assert.equal(one.service.role(), undefined, "nothing of the user is left");
    });
  }

  it("says that a log-out is coming, as every example of a backend announces it", async () => {
    const one = await started("carol");
    assert.equal(one.service.loggingOff(), false);
    await tells("carol", { target: "log_off_initiated" });
    await handled(one, "carol");
    assert.equal(one.service.loggingOff(), true);
    assert.deepEqual(one.seen.ends, []);
    await tells("carol", { action: "close" });
    await one.seen.until(() => one.seen.ends.length === 1, "the log-out");
    await one.service.start();
    assert.equal(one.service.loggingOff(), false);
    await one.service.stop();
  });

  it("signs out when the user is refused on the way back", async () => {
    const token = await stack.token("dave");
    const witness = await signedIn(stack, "witness");
    let asked = 0;
    const one = await started("dave", async () => {
      asked += 1;
      if (asked > 1) {
        await tells("dave", { action: "block" });
        await backend.fence("notifications:user:dave", witness);
      }
      return token;
    });
    await tells("dave", { action: "close", allowReconnect: true });
    await one.seen.until(() => one.seen.ends.length === 1, "the refusal");
    assert.deepEqual([asked, one.seen.ends], [2, [""]]);
    await witness.stop();
  });

  it("signs nobody out by its own stop, nor when the app is destroyed", async () => {
    for (const end of [({ service }) => service.stop(), ({ injector }) => injector.destroy()]) {
      const one = await started("erin");
      const closed = new Promise((resolve) => one.connection.onclose(resolve));
      await end(one);
      await closed;
      assert.deepEqual(one.seen.ends, []);
    }
  });

  it("comes back by itself and says so, and can sign out afterwards", async () => {
    const one = await started("frank");
    const returned = new Promise((resolve) => one.service.reconnected.subscribe(resolve));
    await tells("frank", { action: "close", allowReconnect: true });
    await returned;
    assert.equal(one.service.state(), "Connected");
    await one.service.stop();
    await one.service.start();
    await one.connection.invoke("GetConnectionId");
    await tells("frank", { action: "close" });
    await one.seen.until(() => one.seen.ends.length === 1, "the log-out");
  });
});
