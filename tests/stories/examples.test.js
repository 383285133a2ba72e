// The producers of docs/examples do the four jobs, each where its runtime is present.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { signedIn } from "../harness/client.js";
import { PYTHON, noAwsCli, noBoto3, noJdk, noJq, runJava } from "../harness/runtimes.js";
import { startStack } from "../harness/stack.js";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const example = (name) => path(`../../docs/examples/${name}`);
const ARTEFACTS = path("../artefacts");

describe("the example in", () => {
  let stack, env;
  before(async () => {
    stack = await startStack();
    const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const place = { AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1", AWS_ENDPOINT_URL_SQS: stack.url };
    env = { ...process.env, ...credentials, ...place, QUEUE_URL: stack.queueUrl, NODE_NO_WARNINGS: "1" };
  });
  after(() => stack.stop());

  /** A copy within tests/, where Node finds the SDK. */
  async function node(...args) {
    await mkdir(ARTEFACTS, { recursive: true });
    const copy = join(ARTEFACTS, "notify.mjs");
    await copyFile(example("node/notify.mjs"), copy);
    return run(process.execPath, [copy, ...args], { env });
  }

  const languages = {
    Python: { skip: noBoto3, run: (...args) => run(PYTHON, [example("python/notify.py"), ...args], { env }) },
    Node: { run: node },
    shell: {
      skip: noAwsCli || noJq,
      run: (...args) => run("sh", [example("shell/notify.sh"), ...args], { env }),
    },
    Java: { skip: noJdk, run: (...args) => runJava(example("java/Notify.java"), args, { env }) },
  };

  for (const [language, { skip = false, run }] of Object.entries(languages)) {
    it(`${language} does the four jobs`, { skip }, async () => {
      const methods = ["permissionsChanged", "licenceChanged", "toast", "log_off_initiated"];
      // A name that SQS does not take for a message group, and texts that break careless quoting.
      const [user, group] = [`älice's "${language}"`, `acme ${language}`];
      const tab = await signedIn(stack, user, { groups: [group], methods });
      const other = await signedIn(stack, `other ${language}`, { methods });

      const text = `Tonight at "ten": \\o/ 'Grüße' $HOME`;
      await run("toast", text);
      for (const each of [tab, other]) assert.deepEqual(await each.receives("toast"), [[text]]);
      await run("role", user, "admin");
      assert.deepEqual(await tab.receives("permissionsChanged"), [[{ role: "admin" }]]);
      await run("licence", group, "pro");
      assert.deepEqual(await tab.receives("licenceChanged"), [[{ plan: "pro" }]]);
      await run("log-out", user);
      assert.match(await tab.meets("closed"), /You have been signed out\./);
      assert.equal(tab.received("log_off_initiated").length, 1, "it was told before it was closed");

      assert.deepEqual(other.calls.map(({ method }) => method), ["toast"]);
      await other.stop();
    });
  }
});

describe("the types of", () => {
  const tsc = path("../node_modules/typescript/bin/tsc");
  const check = (project) => run(process.execPath, [tsc, "-p", project]).catch(({ stdout }) => assert.fail(stdout));

  it("the Angular service agree with Angular and the official client", () => check(example("angular")));
});
