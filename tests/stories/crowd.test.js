// 3,000 sockets of one hub: one message for all of them, and their log-out, as `why`, `audit` and the console tell it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { Cli } from "../harness/cli.js";
import { startConsole } from "../harness/console.js";
import { allowSockets } from "../harness/files.js";
import { clientToken } from "../harness/jwt.js";
import { poll } from "../harness/poll.js";
import { HANDSHAKE, opened, RS } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

const SOCKETS = 3000;
/** So many connect at once: more would only wait for one another. */
const WAVE = 50;
const HUB = "notifications";
/** The local queue names one sender for every message. */
const SENDER = "000000000000";

/** A socket whose handshake was answered. Its client is anonymous: rows of users would take a third of the time. */
async function connected(stack) {
  const query = new URLSearchParams({ hub: HUB, access_token: clientToken(stack, HUB) });
  const socket = await opened(`${stack.url}/client/?${query}`);
  socket.send(HANDSHAKE);
  assert.equal(await socket.frame(1), `{}${RS}`);
  return socket;
}

/** Opens all sockets, one wave after the other. */
async function crowd(stack) {
  const sockets = [];
  while (sockets.length < SOCKETS) {
    sockets.push(...(await Promise.all(Array.from({ length: WAVE }, () => connected(stack)))));
  }
  return sockets;
}

describe("a hub of 3,000 sockets", () => {
  let stack, backend, cli, console, sockets;
  before(async () => {
    allowSockets(SOCKETS);
    stack = await startStack("--set", "LOG_AUDIENCE=plain");
    [backend, cli] = [new Backend(stack, HUB), new Cli(stack)];
    console = await startConsole(stack);
    sockets = await crowd(stack);
  });
  after(async () => {
    await console?.stop();
    await stack?.stop();
  });

  /** The command line tells `sentence`, and the console the same; answers the timeline. */
  async function told(page, message, sentence) {
    const journey = await cli.why(sentence, "--message", message);
    const { results } = await page(`/api/why?message=${message}`);
    assert.equal(results[0].sentence, journey.sentence);
    assert.equal(results[0].outcome, "done");
    return journey.timeline;
  }

  /** Waits for all sockets. As long as one more follows in time, the rest may take what it takes. */
  async function all(isDone, what) {
    for (let left = SOCKETS; left > 0; ) {
      const waiting = () => sockets.filter((socket) => !isDone(socket)).length;
      left = await poll(waiting, (now) => now < left, (now) => `${now} sockets wait in vain for ${what}`);
    }
  }

  it("hears a message and a log-out once each, and both are told whole, with their sender", async () => {
    const page = await console.enter();
    const { MessageId: message } = await backend.send({ everyone: true, target: "notify", arguments: ["secret"] });
    await all(({ frames }) => frames.length > 1, "the message");
    const timeline = await told(page, message, new RegExp(`^Reached ${SOCKETS} connections by \\d+ jobs in \\d+ ms\\. Sent by SQS, by ${SENDER}\\.$`));
    const [{ fields: { jobs } }] = timeline.filter(({ step }) => step === "handed_on");
    const delivered = timeline.filter(({ step }) => step === "delivered").map(({ fields: { reached } }) => reached);
    assert.deepEqual([delivered.length, delivered.reduce((sum, reached) => sum + reached)], [jobs, SOCKETS]);
    assert.doesNotMatch(JSON.stringify(timeline), /secret/);

    const { MessageId: close } = await backend.send({ action: "close", everyone: true });
    await all(({ closed }) => closed, "the end");
    const heard = sockets.map(({ records }) => records.filter(({ type }) => type === 1 || type === 7).map(({ type }) => type).join());
    assert.deepEqual([...new Set(heard)], ["1,7"], "one message, and then the close");
    await told(page, close, new RegExp(`^'close' was carried out by \\d+ jobs in \\d+ ms, and ${SOCKETS} connections were told\\. Sent by SQS, by ${SENDER}\\.$`));
    const entries = await cli.audit(() => true, 1, "--message", close);
    assert.deepEqual(entries.map(({ by, who, action, audience, outcome }) => [by, who, action, audience, outcome]), [["sqs", SENDER, "close", "everyone", "done"]]);
    const { results } = await page(`/api/audit?message=${close}`);
    assert.deepEqual(results.map(({ entry }) => entry), entries);
  });
});

describe("a machine that allows few open files", () => {
  it("is told how many the sockets take, before the first of them is opened", () => {
    assert.throws(() => allowSockets(SOCKETS, 1024), /^Error: 3000 sockets take 3200 open files, and the limit is 1024: run ulimit -n 3200 first$/);
    allowSockets(SOCKETS, 3200);
  });
});
