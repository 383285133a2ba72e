// The probe asks this deployment as an operator has it ask a real one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startStack } from "../harness/stack.js";
import { CREDENTIALS } from "./ministack.js";

const HUBCAST = fileURLToPath(new URL("../../target/debug/hubcast", import.meta.url));
/** What tells of the stack. */
const { HUBCAST_SERVICES } = process.env;
const SERVICES = { AWS_ENDPOINT_URL_CLOUDFORMATION: HUBCAST_SERVICES, AWS_ENDPOINT_URL_LAMBDA: HUBCAST_SERVICES };
const QUICK = ["--rounds", "4", "--burst", "3", "--patience-ms", "4000", "--flood", "30", "--idle-seconds", "1", "--posts", "40", "--stack"];

describe("the probe", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  /** What it saw, by row. */
  async function ask(url, ...more) {
    const env = { ...process.env, ...CREDENTIALS, AWS_ENDPOINT_URL_SQS: stack.url, ...SERVICES };
    const { stdout } = await promisify(execFile)(HUBCAST, ["probe", "--url", url, ...QUICK, ...more], { env });
    const rows = [...stdout.matchAll(/^([a-z-]+) .*\n\s+(ok|info|skip|BAD) +(.*)$/gm)];
    return Object.fromEntries(rows.map(([, row, verdict, saw]) => [row, `${verdict} ${saw}`]));
  }

  it("answers every row through the front door", async () => {
    const saw = await ask(stack.url, "--queue-url", stack.queueUrl, "--management-url", process.env.HUBCAST_SOCKETS);
    // What MiniStack does otherwise than AWS is in README.md; the rest is hubcast's, and is as built.
    const told = {
      negotiate: /^ok yes, /,
      query: /^ok yes: /,
      settings: /^ok yes: /,
      posts: /^info no 429: 40 posts /,
      context: /^ok yes: /,
      "post-order": /^ok in 4 of 4 rounds$/,
      "empty-reply": /^ok no: nothing came$/,
      "close-read": /^ok yes: first came /,
      "log-out": /^ok yes: first came /,
      "largest-in": /^ok 32768 bytes in one frame: answered/,
      "largest-out": /131072 bytes: taken, arrived whole/,
      "cut-code": /^info a c(lose|ut)/,
      gone: /^info 410 after /,
      connect: /^info first .*; then p50 /,
      ping: /^info first .*; then p50 /,
      queue: /^info first .*; then p50 /,
      burst: /^info 3 pings at once: p50 /,
      throttle: /^ok of 50 frames came 50 x /,
    };
    for (const [row, expected] of Object.entries(told)) assert.match(saw[row] ?? "no such row", expected, row);
    assert.equal(Object.keys(saw).length, 28);
    // The log is not read here: the local stack's tests read the log.
    const unasked = Object.entries(saw).filter(([, said]) => /^(BAD|skip)/.test(said));
    assert.deepEqual(unasked.map(([row]) => row), ["disconnect-code", "disconnect-delay"]);
  });
});
