// The console over a deployment on MiniStack, by credentials of AWS, in a real Chromium.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch } from "../harness/browser.js";
import { Cli } from "../harness/cli.js";
import { signedIn } from "../harness/client.js";
import { startConsole } from "../harness/console.js";
import { PATIENCE_MS, poll } from "../harness/poll.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";
import { CREDENTIALS } from "./ministack.js";

describe("the console over a deployment", () => {
  let stack, tab, browser, console, cli, page;
  before(async () => {
    stack = await startStack();
    tab = await signedIn(stack, "alice", { groups: ["admins"] });
    await settled(stack, tab);
    const env = { PATH: process.env.PATH, ...CREDENTIALS, AWS_ENDPOINT_URL: process.env.HUBCAST_SERVICES };
    const place = ["--table", process.env.HUBCAST_TABLE, "--url", stack.url];
    console = await startConsole(stack, { flags: ["--allow-changes"], env, place });
    cli = new Cli(stack, { env, place });
    browser = await launch();
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(console.entrance);
  });
  after(async () => {
    await browser?.close();
    await console?.stop();
    await tab?.stop();
    await stack?.stop();
  });

  /** The rows of an action in the audit, as the page shows them; asks again until there are so many. */
  async function changes(action, count = 1) {
    const again = page.getByRole("button", { name: "Ask again for changes" });
    const table = page.getByRole("table", { name: "Changes" });
    const ask = async () => {
      await again.click();
      await page.waitForFunction(() => !document.querySelector("main").textContent.includes("Asking"));
      const rows = await table.locator("tbody tr").all();
      const texts = await Promise.all(rows.map((row) => row.getByRole("cell").allTextContents()));
      return texts.map(([, what, who, how]) => ({ what, who, how })).filter(({ what }) => what === action);
    };
    return poll(ask, (found) => found.length >= count, (found) => `the audit shows ${JSON.stringify(found)}`);
  }

  const goTo = (view) => page.goto(`${console.url}#${view}`);

  it("shows who is there, and one user", async () => {
    await page.getByRole("table", { name: "Users" }).getByRole("link", { name: "alice" }).click();
    await page.getByText("Not blocked.").waitFor();
    await page.getByText("Now in: admins").waitFor();
  });

  it("sends a message, and tells that the message arrived", async () => {
    await goTo("send/user alice");
    const form = page.getByRole("form", { name: "Any message" });
    await form.getByRole("textbox", { name: "Method" }).fill("notify");
    await form.getByLabel("Arguments").fill('["from the console"]');
    await form.getByRole("button", { name: "Send" }).click();
    assert.deepEqual(await tab.receives("notify"), [["from the console"]]);
    await form.getByText(/Reached 1 connection in \d+ ms/).waitFor();
  });

  it("shows dead letters, and drops what was looked at", async () => {
    await new Backend(stack).send({ userId: "bob", targt: "typo" });
    await goTo("letters");
    const again = page.getByRole("button", { name: "Ask again for dead letters" });
    while ((await page.getByText("UnknownProperty").count()) === 0) {
      await again.click();
      await page.waitForFunction(() => !document.querySelector("main").textContent.includes("Asking"));
    }
    await page.getByRole("button", { name: "Choose all that are shown" }).click();
    await page.getByRole("button", { name: /^Drop \d/ }).click();
    await page.getByRole("button", { name: "Drop now" }).click();
    await page.getByText(/^Drop: \d+ done/).waitFor();
    await goTo("audit/doer operator");
    const dropped = await changes("drop");
    assert.ok(dropped.every(({ who }) => /^arn:aws:iam::000000000000:/.test(who)), JSON.stringify(dropped));
  });

  it("shows who had users logged out, by SQS and by REST, and by which message", async () => {
    const backend = new Backend(stack);
    const rest = new Rest(stack);
    const ways = [
      { by: ["sqs"], close: async (userId) => (await backend.send({ action: "close", userId })).MessageId },
      // A revocation goes through the queue: the call and its message have an entry each.
      { by: ["access_key", "sqs"], close: async (user) => (await rest.call("POST", `/users/${user}/:closeConnections`, { query: { revoke: true } })).headers["x-hubcast-message-id"] },
    ];
    for (const { by, close } of ways) {
      const user = `out-by-${by.length}`;
      const other = await signedIn(stack, user);
      await settled(stack, other);
      const message = await close(user);
      await other.until(() => other.events.some(({ event }) => event === "closed"), "the end");
      await goTo(`audit/message ${message}`);
      const shown = await changes("close", by.length);
      const entries = await cli.audit(({ action }) => action === "close", by.length, "--message", message);
      assert.deepEqual(shown.map(({ who }) => who), entries.map(({ who }) => who));
      assert.deepEqual(shown.map(({ how }) => how.split(",")[0]).sort(), by);
      // The deployment names users by digests; the page finds the entries by the name.
      await goTo(`audit/user ${user}`);
      assert.deepEqual((await changes("close", by.length)).map(({ who }) => who), entries.map(({ who }) => who));
      await page.getByRole("link", { name: message }).first().click();
      await page.getByText(/^'close' was carried out in \d+ ms, and 1 connection was told/).waitFor();
    }
  });

  it("shows figures and findings", async () => {
    await goTo("figures");
    await page.getByRole("region", { name: "Messages", exact: true }).waitFor();
    assert.equal(await page.locator(".trouble").count(), 0);
    await goTo("doctor");
    await page.getByText("endpoint", { exact: true }).waitFor();
  });
});
