// The demo page for everybody: by keyboard, in light and dark, on a phone, for screen readers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, picture } from "../harness/browser.js";
import { heard } from "../harness/counts.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";

const PAGE = fileURLToPath(new URL("../../infra/web/demo/dist", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SIZES = {
  wide: { width: 1920, height: 1080 },
  desktop: { width: 1440, height: 1000 },
  tablet: { width: 820, height: 1180 },
  phone: { width: 360, height: 740 },
};

let browser, stack;
before(async () => {
  [browser, stack] = await Promise.all([launch(), startStack("--demo", PAGE, "--client-joinable-groups", "public-*")]);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function opened(options, path = "/") {
  // The page's own policy lets no script in from outside, and axe is one.
  const context = await browser.newContext({ bypassCSP: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(stack.url + path);
  return page;
}

/** Serious and critical findings of axe, in words. */
async function findings(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run());
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Every kind of thing that the page can show: toasts good and bad, a banner, frames, faults, an emptied tab. */
async function filled(page) {
  const button = (name) => page.getByRole("button", { name, exact: true });
  const tabs = page.getByRole("article");
  for (let at = 0; at < 3; at += 1) await tabs.nth(at).getByText("connected").waitFor();
  await heard(stack, ["alice", "bob"], 3);
  for (const group of ["public-news", "admins"]) {
    await tabs.nth(0).getByRole("textbox").fill(group);
    await tabs.nth(0).getByRole("button", { name: "Join" }).click();
  }
  await tabs.nth(0).getByText("ask the backend").waitFor();
  await button("Timeline").click();
  await button("Change role").click();
  await button("Change licence").click();
  await tabs.nth(2).getByText("Your licence is now").waitFor();
  await tabs.nth(0).getByText("you are editor now").waitFor();
  await page.getByRole("form", { name: "Any message" }).getByLabel("Arguments").fill("[1,");
}

describe("the demo page", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, viewport] of Object.entries(SIZES)) {
      it(`has no serious finding of axe, in ${colorScheme} on a ${name}`, async () => {
        const page = await opened({ viewport, colorScheme, reducedMotion: "reduce" });
        assert.deepEqual(await findings(page), []);
        await picture(page, `welcome-${colorScheme}-${name}`);
        await page.getByRole("button", { name: "Open three tabs" }).click();
        await filled(page);
        assert.deepEqual(await findings(page), []);
        await picture(page, `filled-${colorScheme}-${name}`);
        const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= seen, `${wide} px are wider than the screen`);
        const [high, end] = await page.evaluate(() => [document.documentElement.scrollHeight, document.querySelector("main").getBoundingClientRect().bottom + scrollY]);
        assert.ok(high <= Math.max(end, viewport.height) + 1, `${high - end} px below the end are empty`);

        await page.getByLabel("User to log out").selectOption("bob");
        await page.getByRole("button", { name: "Log out", exact: true }).click();
        await page.getByRole("article").nth(2).getByText("You have been signed out.").waitFor();
        assert.deepEqual(await findings(page), []);
        await page.context().close();
        await fetch(`${stack.url}/dev/reset`, { method: "POST" });
      });
    }
  }

  it("does everything by keyboard", async () => {
    const page = await opened({ viewport: SIZES.desktop });
    const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
    /** Goes on to what has this name, as somebody without a mouse does. */
    const goTo = async (name) => {
      for (let steps = 0; !(await focused()).startsWith(name); steps += 1) {
        assert.ok(steps < 80, `${name} cannot be reached`);
        await press("Tab");
      }
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none", `where ${name} is, can be seen`);
    };
    await press("Tab");
    assert.equal(await focused(), "Skip to the operator");
    await page.getByLabel("User", { exact: true }).focus();
    await page.keyboard.type("kay");
    await press("Tab");
    await page.keyboard.type("acme");
    await press("Enter");
    const tab = page.getByRole("article");
    await tab.getByText("connected").waitFor();
    await page.getByLabel("Connections of users").getByText("kay").waitFor();

    await goTo("Group for kay, tab 1 to join");
    await page.keyboard.type("public-news");
    await press("Enter");
    await tab.getByText("Joined public-news.").waitFor();
    await goTo("Dismiss");
    await press("Enter");
    await tab.getByText("Joined public-news.").waitFor({ state: "detached" });
    await goTo("Stay offline 20 s");
    await goTo("New role");
    await press("ArrowDown");
    await goTo("Change role");
    await press("Enter");
    await tab.getByText("you are admin now").waitFor();
    await goTo("Show dead letters");
    await goTo("Timeline");
    await press("Enter");
    await goTo("Clear");
    await press("Shift+Tab", "Shift+Tab");
    assert.equal(await focused(), "Code");
    await press("Enter");
    await goTo("JSON");
    await press("ArrowRight", "ArrowRight");
    assert.equal(await focused(), "curl");
    await press("ArrowLeft");
    await page.getByRole("tabpanel").getByText("aws sqs send-message").waitFor();
    await page.getByRole("button", { name: "Log out of all tabs" }).focus();
    await press("Enter");
    await tab.getByText("Signed out", { exact: true }).waitFor();
    await page.context().close();
  });

  it("keeps the colours that were chosen, whatever the system has", async () => {
    const page = await opened({ colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Switch to dark colours" }).click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await page.getByRole("button", { name: "Switch to light colours" }).click();
    assert.equal(await ground(), light);
    await page.context().close();
  });
});
