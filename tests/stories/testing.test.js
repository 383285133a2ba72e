// The helpers for the tests of apps, used as their pages show it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startHubcast } from "@hubcast/testing";
import { block, text } from "../harness/docs.js";
import { PYTHON } from "../harness/runtimes.js";
import { PROGRAMS } from "../harness/stack.js";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const program = join(PROGRAMS, "hubcast-local");
const env = { ...process.env, HUBCAST_LOCAL: program };

/** Writes a test of an app into tests/artefacts; answers where. */
async function written(name, content) {
  const folder = path("../artefacts/testing");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), content);
  return { folder, file: join(folder, name) };
}

describe("startHubcast", () => {
  it("works as its page shows it", async () => {
    const { file } = await written("page.test.mjs", block(text("infra/testing/node/README.md"), "js"));
    // Within a test runner, Node would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...own } = env;
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", file], { env: own });
    assert.match(stdout, /^# pass 1$/m);
  });

  it("has types that the page's fixture for Playwright satisfies", async () => {
    const stand = 'declare module "@playwright/test" {\n  export const test: { extend<T, W>(fixtures: { hubcast: [(args: {}, use: (it: any) => Promise<void>) => Promise<void>, object] }): (title: string, body: (args: T & W & { page: any }) => Promise<void>) => void };\n}\n';
    await written("stand-in.d.ts", stand);
    await written("playwright.ts", block(text("infra/testing/node/README.md"), "ts"));
    const config = { extends: "../../types/tsconfig.json", compilerOptions: { noEmit: true, lib: ["ES2022", "DOM", "ESNext.Disposable"], paths: { "*": ["../../node_modules/*"] } }, include: ["*.ts"] };
    const { folder } = await written("tsconfig.json", JSON.stringify(config));
    await run(process.execPath, [path("../node_modules/typescript/bin/tsc"), "-p", folder]).catch(({ stdout }) => assert.fail(stdout));
  });

  it("says what to do when the program is not there", () =>
    assert.rejects(startHubcast({ program: "/no/hubcast-local", url: "" }), /put hubcast-local on the PATH, or set HUBCAST_LOCAL/));

  it("says why the stack did not start", () =>
    assert.rejects(startHubcast({ program, flags: ["--set", "NOTHING=1"], url: "" }), /no function reads the variable NOTHING/));

  describe("on a running stack", () => {
    let started, hubcast;
    before(async () => {
      started = await startHubcast({ program, url: "" });
      hubcast = await startHubcast({ url: `${started.url}/` });
    });
    after(() => started.stop());

    it("leaves the stack to whoever started it", async () => {
      assert.equal(hubcast.url, started.url);
      assert.equal(await hubcast.stop(), 0);
      assert.equal((await fetch(`${started.url}/api/health`)).status, 200);
    });

    it("answers each message once, in order, and asks for more of the arguments", async () => {
      const alice = await hubcast.connect("alice", { groups: ["a/b"] });
      for (const text of ["one", "two", "three"]) await hubcast.send({ groupName: "a/b", target: "toast", arguments: [text] });
      assert.deepEqual(await alice.waitForMessage("toast", { where: (text) => text === "two" }), ["two"]);
      assert.deepEqual(await alice.waitForMessage("toast"), ["one"]);
      assert.deepEqual(await alice.waitForMessage("toast"), ["three"]);
      await assert.rejects(alice.waitForMessage("toast", { timeoutMs: 1 }), /no message of toast came within 1 ms; these came: toast, toast, toast/);
      await alice.stop();
    });

    it("refuses two audiences, which REST cannot say", () =>
      assert.rejects(hubcast.send({ userId: "a", groupName: "b", target: "t" }), /send takes one of/));
  });
});

describe("the fixtures for pytest", () => {
  it("work as their page shows it", async () => {
    const { file, folder } = await written("test_page.py", block(text("infra/testing/python/README.md"), "python"));
    const own = { ...env, PYTHONPATH: path("../../infra/testing/python"), PYTHONDONTWRITEBYTECODE: "1" };
    const args = ["-m", "pytest", "-q", "-p", "pytest_hubcast", "-p", "no:cacheprovider", "--rootdir", folder, file];
    const { stdout } = await run(PYTHON, args, { env: own }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
    assert.match(stdout, /1 passed/);
  });
});
