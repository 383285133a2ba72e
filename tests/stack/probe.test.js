// The probe asks this deployment as an operator has it ask a real one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startStack } from "../harness/stack.js";
import { CREDENTIALS } from "./ministack.js";

const HUBCAST = fileURLToPath(new URL("../../target/debug/hubcast", import.meta.url));
const QUICK = ["--rounds", "4", "--burst", "3", "--patience-ms", "4000", "--flood", "30", "--idle-seconds", "1"];

describe("the probe", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  /** What it saw, by row. */
  async function ask(url, ...more) {
    const env = { ...process.env, ...CREDENTIALS, AWS_ENDPOINT_URL_SQS: stack.url };
    const { stdout } = await promisify(execFile)(HUBCAST, ["probe", "--url", url, ...QUICK, ...more], { env });
    const rows = [...stdout.matchAll(/^([a-z-]+) .*\n\s+(?:->|--|!!) (.*)$/gm)];
    return Object.fromEntries(rows.map(([, row, saw]) => [row, saw]));
  }

  it("answers every row through the front door", async () => {
    const saw = await ask(stack.url, "--queue-url", stack.queueUrl, "--management-url", process.env.HUBCAST_SOCKETS);
    // What MiniStack does otherwise than AWS is in README.md; the rest is hubcast's, and is as built.
    const told = {
      negotiate: /^yes, /,
      context: /^yes: /,
      "post-order": /^in 4 of 4 rounds$/,
      "empty-reply": /^no: nothing came$/,
      "close-read": /^yes: first came /,
      "log-out": /^yes: first came /,
      "largest-in": /^32768 bytes in one frame: answered/,
      "largest-out": /131072 bytes: taken, arrived whole/,
      gone: /^410 after /,
      connect: /^first .*; then p50 /,
      ping: /^first .*; then p50 /,
      queue: /^first .*; then p50 /,
      burst: /^3 pings at once: p50 /,
      throttle: /^of 50 frames came 50 x /,
    };
    for (const [row, expected] of Object.entries(told)) assert.match(saw[row] ?? "no such row", expected, row);
    assert.equal(Object.keys(saw).length, 20);
    assert.deepEqual(Object.entries(saw).filter(([, said]) => /^(failed|skipped)/.test(said)), []);
  });
});
