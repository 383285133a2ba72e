// The first things that somebody copies and pastes: the README and the greeting of the local stack.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Condition, signedIn } from "../harness/client.js";
import { blocks, section, text } from "../harness/docs.js";
import { poll } from "../harness/poll.js";
import { PYTHON, READER, noAwsCli, noBoto3, noCurl } from "../harness/runtimes.js";
import { startStack } from "../harness/stack.js";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

describe("a first send", () => {
  let stack;
  before(async () => (stack = await startStack()));
  after(() => stack.stop());

  /** A block of the README, for this stack instead of the one at the usual port. */
  const readme = (heading, language, at = 0) =>
    blocks(section(text("README.md"), heading))
      .filter((block) => block.language === language)[at]
      .body.replaceAll("http://127.0.0.1:8080", stack.url)
      .replaceAll("--local", `--local=${stack.url}`);

  it("by the command that the local stack prints is a toast for everyone, as the demo page shows it", { skip: noCurl }, async () => {
    const tab = await signedIn(stack, "alice", { methods: ["toast"] });
    const [, command] = stack.greeting.split(/^ *send +/m);
    await run("sh", ["-c", command]);
    assert.deepEqual(await tab.receives("toast"), [["Hello from a terminal"]]);
    await tab.stop();
  });

  async function sendByRest() {
    const { stdout } = await run("sh", ["-c", readme("Send", "sh")]);
    assert.match(stdout, /^HTTP\/1\.1 202 /);
  }

  const sends = {
    REST: { skip: noCurl, send: sendByRest },
    "the command line": { send: () => run("sh", ["-c", readme("Send", "sh", 2)], { env: READER }) },
    "the AWS CLI": { skip: noAwsCli, send: () => run("sh", ["-c", readme("Send", "sh", 1)]) },
    boto3: { skip: noBoto3, send: () => run(PYTHON, ["-c", readme("Send", "python")]) },
  };
  for (const [by, { skip = false, send }] of Object.entries(sends)) {
    it(`as the README shows it by ${by} reaches who receives as the README shows it`, { skip }, async () => {
      const heard = new Condition();
      const args = ["--input-type=module", "--eval", readme("Receive", "js")];
      const receiver = spawn(process.execPath, args, { cwd: path("..") });
      let output = "";
      receiver.stdout.on("data", (chunk) => {
        output += chunk;
        heard.notify();
      });
      const hasHeard = () => output.includes("admin\n");
      // The receiver does not say when it is connected, so what came too early is sent again.
      const sendAgain = async () => {
        await send();
        await heard.until(hasHeard, "the role", 2000).catch(() => "too early");
      };
      await poll(sendAgain, hasHeard, () => `the receiver printed only: ${output}`);
      receiver.kill();
    });
  }
});
