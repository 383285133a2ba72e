// The console over a deployment on MiniStack, by credentials of AWS, in a real Chromium.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch } from "../harness/browser.js";
import { signedIn } from "../harness/client.js";
import { startConsole } from "../harness/console.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";
import { CREDENTIALS } from "./ministack.js";

describe("the console over a deployment", () => {
  let stack, tab, browser, console, page;
  before(async () => {
    stack = await startStack();
    tab = await signedIn(stack, "alice", { groups: ["admins"] });
    await settled(stack, tab);
    const env = { PATH: process.env.PATH, ...CREDENTIALS, AWS_ENDPOINT_URL: process.env.HUBCAST_SERVICES };
    const place = ["--table", process.env.HUBCAST_TABLE, "--url", stack.url];
    console = await startConsole(stack, { flags: ["--allow-changes"], env, place });
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
  });

  it("shows figures and findings", async () => {
    await goTo("figures");
    await page.getByRole("region", { name: "Messages", exact: true }).waitFor();
    assert.equal(await page.locator(".trouble").count(), 0);
    await goTo("doctor");
    await page.getByText("endpoint", { exact: true }).waitFor();
  });
});
