// The producers of docs/examples do the four jobs, each where its runtime is present.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { signedIn } from "../harness/client.js";
import { text } from "../harness/docs.js";
import { PYTHON, noAwsCli, noBoto3, noJdk, noJq, runJava } from "../harness/runtimes.js";
import { startStack } from "../harness/stack.js";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const example = (name) => path(`../../docs/examples/${name}`);
const ARTEFACTS = path("../artefacts");

/** Runs a copy of the example in Node within tests/, where Node finds the SDK. */
async function copied(env, ...args) {
  await mkdir(ARTEFACTS, { recursive: true });
  const copy = join(ARTEFACTS, "notify.mjs");
  await copyFile(example("node/notify.mjs"), copy);
  return run(process.execPath, [copy, ...args], { env });
}

describe("the example in", () => {
  let stack, env;
  before(async () => {
    stack = await startStack();
    const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const place = { AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1", AWS_ENDPOINT_URL_SQS: stack.url };
    env = { ...process.env, ...credentials, ...place, QUEUE_URL: stack.queueUrl, NODE_NO_WARNINGS: "1" };
  });
  after(() => stack.stop());

  const languages = {
    Python: { skip: noBoto3, run: (...args) => run(PYTHON, [example("python/notify.py"), ...args], { env }) },
    Node: { run: (...args) => copied(env, ...args) },
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

describe("an example that is not told what to send", () => {
  const env = { ...process.env, QUEUE_URL: "http://127.0.0.1:1/000000000000/hubcast-notifications.fifo" };
  const languages = {
    // Where no SDK is: -S leaves the packages of Python out, and no folder above the example has packages of Node.
    Python: { run: (...args) => run(PYTHON, ["-S", example("python/notify.py"), ...args], { env }) },
    Node: { run: (...args) => run(process.execPath, [example("node/notify.mjs"), ...args], { env }) },
    shell: { run: (...args) => run("sh", [example("shell/notify.sh"), ...args], { env }) },
    Java: { skip: noJdk, run: (...args) => runJava(example("java/Notify.java"), args, { env }) },
  };
  for (const [language, { skip = false, run }] of Object.entries(languages)) {
    for (const args of [[], ["role", "alice"], ["shout", "x"]]) {
      it(`in ${language} prints one line about its usage for "${args.join(" ")}"`, { skip }, async () => {
        const { code, stderr } = await run(...args).then(() => assert.fail("it sent something"), (error) => error);
        assert.match(stderr, /^usage: .*role USER ROLE \| log-out USER \| licence GROUP PLAN \| toast TEXT\n$/);
        assert.notEqual(code, 0);
      });
    }
  }
});

describe("the requests for an editor", () => {
  let stack;
  before(async () => (stack = await startStack()));
  after(() => stack.stop());

  it("are all answered as good ones", { timeout: 60_000 }, async () => {
    const [head, ...requests] = text("docs/examples/hubcast.http").split(/^### .*$/m);
    const variables = Object.fromEntries([...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value]));
    variables.stack = stack.url;
    assert.ok(requests.length > 7);
    for (const request of requests) {
      const filled = request.replace(/\{\{([^}]+)\}\}/g, (_, name) => variables[name.trim()] ?? assert.fail(`no variable ${name}`));
      const [top, ...body] = filled.trim().replace(/^#.*\n/, "").split("\n\n");
      const [line, ...headers] = top.split("\n");
      const [method, url] = line.split(" ");
      const options = { method, headers: headers.map((header) => header.split(": ")), body: body.join("\n\n") || undefined };
      const answer = await fetch(url, options);
      assert.ok(answer.ok, `${line}: ${answer.status}`);
      const named = /^# @name (\w+)$/m.exec(request);
      if (named) variables[`${named[1]}.response.body.*`] = await answer.text();
    }
  });
});

describe("the types of", () => {
  const tsc = path("../node_modules/typescript/bin/tsc");
  const check = (project) => run(process.execPath, [tsc, "-p", project]).catch(({ stdout }) => assert.fail(stdout));

  it("the Angular service agree with Angular and the official client", () => check(path("../types/angular.json")));
});
