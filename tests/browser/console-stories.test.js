// "Did Alice get it?" and "who logged her out?": each story as `why`, `audit` and the console tell it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch, picture } from "../harness/browser.js";
import { Cli } from "../harness/cli.js";
import { signedIn } from "../harness/client.js";
import { startConsole } from "../harness/console.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { ready } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { rows, settled } from "../harness/table.js";

/** The local queue names one sender for every message. */
const SENDER = "000000000000";
const BY_SQS = `Sent by SQS, by ${SENDER}.`;
/** The most retained keys of an audience. */
const KEYS_MAX = 32;

/** A stack whose journeys are told by the command line and by the page of a console. */
class Scene {
  static async start(browser, ...flags) {
    const scene = new Scene();
    scene.stack = await startStack("--set", "LOG_AUDIENCE=plain", ...flags);
    const { stack } = scene;
    Object.assign(scene, { backend: new Backend(stack), cli: new Cli(stack), rest: new Rest(stack) });
    scene.console = await startConsole(stack, { flags: ["--allow-changes"] });
    scene.context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    scene.page = await scene.context.newPage();
    scene.page.setDefaultTimeout(PATIENCE_MS);
    await scene.page.goto(scene.console.entrance);
    return scene;
  }

  async end() {
    await this.context.close();
    await this.console.stop();
    await this.stack.stop();
  }

  async goTo(view, subject) {
    await this.page.goto(`${this.console.url}#${view}/${encodeURIComponent(subject)}`);
  }

  /** The console tells the same sentence as the command line, and the steps of the timeline. */
  async showsJourney(kind, id, { sentence, timeline }, name) {
    await this.goTo("journey", `${kind} ${id}`);
    await this.page.locator(".sentence").getByText(sentence, { exact: true }).waitFor();
    const list = this.page.getByRole("list", { name: "Timeline" });
    const shown = await list.locator(".frame-title").allTextContents();
    assert.deepEqual(shown, timeline.map(({ step }) => step));
    await picture(this.page, `console-story-${name}`);
  }

  /** The console shows the entries that the command line shows: what was done, and by whom. */
  async showsAudit(kind, id, entries, name) {
    await this.goTo("audit", `${kind} ${id}`);
    const table = this.page.getByRole("table", { name: "Changes" });
    await table.waitFor();
    for (const [at, { action, who }] of entries.entries()) {
      const row = table.getByRole("row").nth(at + 1);
      await row.getByRole("cell", { name: action, exact: true }).waitFor();
      await row.getByRole("cell", { name: who, exact: true }).waitFor();
    }
    assert.equal(await table.getByRole("row").count(), entries.length + 1);
    await picture(this.page, `console-story-${name}-audit`);
  }
}

/** Fills the way to a socket whose client does not read, until API Gateway would take no more. */
async function stall(stack, socket, id) {
  socket.socket.pause();
  const post = () => fetch(`${stack.url}/local/@connections/${encodeURIComponent(id)}`, { method: "POST", body: "x".repeat(32_000) });
  for (let tries = 0; tries < 200; tries++) {
    const answers = await Promise.all(Array.from({ length: 20 }, post));
    if (answers.some(({ status }) => status === 429)) return;
  }
  throw new Error("the socket takes whatever comes");
}

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

describe("the console tells the story", () => {
  let scene, stack, backend, cli;
  before(async () => {
    scene = await Scene.start(browser, "--disconnect-after", "never", "--set", "FANOUT_DIRECT_MAX=3");
    ({ stack, backend, cli } = scene);
  });
  after(() => scene?.end());

  it("of a user with three tabs, of which one is gone, one is stalled and one is fine", async () => {
    const socketsOf = async () => (await rows(stack)).filter(({ pk }) => pk === "USER#notifications#alice").map(({ sk }) => sk);
    const stuck = await ready(stack, "alice");
    const [id] = await socketsOf();
    await stall(stack, stuck, id);
    const gone = await ready(stack, "alice");
    const fine = await signedIn(stack, "alice");
    await settled(stack, fine);
    gone.destroy();
    const { MessageId: message } = await backend.send({ userId: "alice", target: "notify", arguments: ["secret"] });
    await fine.receives("notify");
    const told = await cli.why(/^Reached/, "--message", message);
    assert.match(told.sentence, /^Reached 1 connection in \d+ ms; 1 was gone; 1 was stalled and sent to connect anew\./);
    assert.ok(told.sentence.endsWith(BY_SQS), told.sentence);
    assert.ok(told.timeline.some(({ step, fields }) => step === "held" && fields.gone === 1 && fields.left === 1), JSON.stringify(told.timeline));
    assert.doesNotMatch(JSON.stringify(told), /secret/);
    await scene.showsJourney("message", message, told, "three-tabs");
    const { sentence } = await cli.why(/1 ready/, "--user", "alice");
    assert.match(sentence, /3 connections: 1 ready, 2 ended/);
    await fine.stop();
    stuck.destroy();
  });

  it("of a rejected element in an array", async () => {
    const tab = await signedIn(stack, "bob");
    const good = { userId: "bob", target: "notify", arguments: [] };
    const { MessageId: message } = await backend.send([good, { usrId: "bob", target: "notify" }]);
    const told = await cli.why(/Element 1/, "--message", message);
    assert.match(told.sentence, /Element 0: Reached 1 connection in \d+ ms\. Element 1: Rejected \(UnknownProperty\): .*did you mean 'userId'/);
    assert.ok(told.sentence.endsWith(BY_SQS), told.sentence);
    await scene.showsJourney("message", message, told, "rejected");
    await tab.stop();
  });

  it("of a big audience, by all its jobs", async () => {
    const tabs = await Promise.all([1, 2, 3, 4, 5].map(() => signedIn(stack, "carol")));
    await settled(stack, ...tabs);
    const { MessageId: message } = await backend.send({ userId: "carol", target: "notify", arguments: [1] });
    await Promise.all(tabs.map((tab) => tab.receives("notify")));
    const told = await cli.why(/^Reached 5 connections by \d+ jobs? in \d+ ms/, "--message", message);
    assert.ok(told.sentence.endsWith(BY_SQS), "the first sender, and not the publisher");
    await scene.showsJourney("message", message, told, "jobs");
    await Promise.all(tabs.map((tab) => tab.stop()));
  });

  it("of a redrive, from the letter to the board, and by whom", async () => {
    const retained = (key) => ({ userId: "hana", target: "notify", arguments: [key], retain: `key-${key}` });
    await backend.send(Array.from({ length: KEYS_MAX }, (_, key) => retained(key)));
    const { MessageId: message } = await backend.send(retained("more"));
    await cli.why(/^Rejected \(TooManyRetained\)/, "--message", message);
    await backend.send({ userId: "hana", retain: "key-0" });
    const { page } = scene;
    await scene.goTo("letters", "");
    await page.getByLabel("Search reasons").fill("key-more");
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: "Redrive 1", exact: true }).click();
    await page.getByRole("button", { name: "Redrive now" }).click();
    await page.getByText("Redrive: 1 done").waitFor();
    const told = await cli.why(/^Nobody was there, and the message is retained/, "--message", message);
    assert.deepEqual(told.timeline.map(({ step }) => step), ["rejected", "kept"]);
    assert.ok(told.sentence.endsWith(BY_SQS), "the first sender, and not the operator");
    await scene.showsJourney("message", message, told, "redrive");
    const entries = await cli.audit(({ action }) => action === "redrive", 1, "--message", message);
    assert.deepEqual(entries.map(({ by, who, audience }) => [by, who, audience]), [["operator", "local", "hana"]]);
    await scene.showsAudit("message", message, entries, "redrive");
  });

  const ways = {
    SQS: { send: async (user) => (await backend.send({ action: "close", userId: user })).MessageId, by: ["sqs"] },
    REST: {
      send: async (user) => (await scene.rest.call("POST", `/users/${user}/:closeConnections`, { query: { revoke: true } })).headers["x-hubcast-message-id"],
      by: ["access_key", "sqs"],
    },
  };
  for (const [way, { send, by }] of Object.entries(ways)) {
    it(`of a log-out by ${way}, and who asked for the log-out`, async () => {
      const user = `dora-${way}`;
      const tab = await signedIn(stack, user);
      await settled(stack, tab);
      const message = await send(user);
      await tab.until(() => tab.events.some(({ event }) => event === "closed"), "the end");
      const told = await cli.why(/carried out/, "--message", message);
      assert.match(told.sentence, /^'close' was carried out in \d+ ms, and 1 connection was told/);
      assert.match(told.sentence, way === "SQS" ? new RegExp(`${BY_SQS}$`) : /Sent by REST, with an access key, by backend_/);
      await scene.showsJourney("message", message, await cli.why(/carried out/, "--message", message), `log-out-${way}`);
      const whole = await cli.why(new RegExp(`was closed by a backend, by the message ${message}`), "--user", user);
      assert.match(whole.sentence, /1 connection: 0 ready/);
      await scene.goTo("user", user);
      await scene.page.locator(".sentence").getByText(`was closed by a backend, by the message ${message}`).waitFor();
      const entries = await cli.audit((entry) => entry.message_id === message, by.length, "--user", user);
      assert.deepEqual(entries.map((entry) => entry.by), by);
      assert.ok(entries.every(({ action, outcome, audience }) => action === "close" && outcome === "done" && audience === user));
      await scene.showsAudit("user", user, entries, `log-out-${way}`);
    });
  }
});
