// The page of `hubcast console` against a local stack: each view, for everybody, on every screen.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch, picture } from "../harness/browser.js";
import { signedIn } from "../harness/client.js";
import { startConsole } from "../harness/console.js";
import { counts, heard, quiet } from "../harness/counts.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SIZES = {
  wide: { width: 1920, height: 1080 },
  desktop: { width: 1440, height: 1000 },
  tablet: { width: 820, height: 1180 },
  phone: { width: 360, height: 780 },
};
/** A name as issuers make names, which has no place where a line may end. */
const LONG = `auth0_${"65f1c0ffee".repeat(6)}_clients.example.com`;
const VIEWS = { people: "Who is there", "user/alice": "alice", [`user/${LONG}`]: LONG, "journey/user%20nobody": "Journey", audit: "Audit", figures: "Figures", letters: "Dead letters", send: "Send", doctor: "Doctor" };

let browser, stack, backend, alice, bob;
/** Consoles that end with the tests at the latest. */
const open = [];
before(async () => {
  [browser, stack] = await Promise.all([launch(), startStack()]);
  backend = new Backend(stack);
  alice = await signedIn(stack, "alice", { groups: ["admins", "acme"] });
  bob = await signedIn(stack, "bob", { groups: ["acme"] });
  await heard(stack, ["alice", "bob"]);
  await backend.send({ userId: "alice", target: "notify", arguments: ["Hello"] });
  await backend.send({ action: "add", userId: "alice", groupName: "editors" });
  await backend.send({ userId: "carol", target: "notify", arguments: [], keepSeconds: 600 });
  await backend.send({ userId: "nobody", target: "notify", arguments: [] });
  await quiet(stack);
});
after(async () => {
  await Promise.all(open.map((console) => console.stop()));
  await alice?.stop();
  await bob?.stop();
  await browser?.close();
  await stack?.stop();
});

/** Puts a message on the queue that the publisher rejects, and waits for its dead letter. */
async function rejected(user) {
  const { queues } = await counts(stack);
  await backend.send({ userId: user, targt: "typo" });
  await counts(stack, (now) => now.queues.dlq > queues.dlq && now.queues.notifications === 0);
}

/** A page of a console of its own. */
async function opened({ flags = [], ...options } = {}) {
  const console = await startConsole(stack, { flags });
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  await page.goto(console.entrance);
  open.push(console);
  const close = async () => {
    await context.close();
    await console.stop();
    assert.deepEqual(faults, []);
  };
  return { page, console, close, button: (name) => page.getByRole("button", { name, exact: true }) };
}

/** Goes to a view, and waits until the view has what it shows. */
async function goTo(page, view) {
  await page.goto(new URL(`/#${view}`, page.url()).href);
  await page.getByRole("heading", { level: 2, name: VIEWS[view] }).waitFor();
  await page.waitForFunction(() => !document.querySelector("main")?.textContent.includes("Asking"));
}

async function findings(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run());
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

describe("the console", () => {
  before(() => rejected("dave"));

  for (const [name, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      it(`has no serious finding of axe in any view, in ${colorScheme} on a ${name}`, async () => {
        // The page's own policy lets no script in from outside, and axe is one.
        const { page, close } = await opened({ flags: ["--allow-changes"], viewport, colorScheme, bypassCSP: true });
        for (const view of Object.keys(VIEWS)) {
          await goTo(page, view);
          assert.deepEqual(await findings(page), [], view);
          await picture(page, `console-${view.replace("/", "-")}-${colorScheme}-${name}`);
          const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.ok(wide <= seen, `${view}: ${wide} px are wider than the screen`);
          const moments = await page.locator("main").locator(".who, .frame-title").all();
          for (const text of moments) {
            const isWhole = await text.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth);
            assert.ok(isWhole, `${view}: "${await text.textContent()}" is cut`);
          }
        }
        await close();
      });
    }
  }

  it("keeps its lines and borders in forced colours", async () => {
    const { page, close } = await opened({ viewport: SIZES.desktop, forcedColors: "active", bypassCSP: true });
    for (const view of ["figures", "letters"]) {
      await goTo(page, view);
      assert.deepEqual(await findings(page), [], view);
      await picture(page, `console-${view}-forced`);
    }
    const border = await page.locator("section.card").first().evaluate((card) => getComputedStyle(card).borderTopStyle);
    assert.equal(border, "solid");
    await close();
  });

  it("lets one browser in, and shows the secret to nobody", async () => {
    const { page, console, close } = await opened();
    assert.equal(page.url(), console.url, "the address has no secret any more");
    const other = await (await browser.newContext()).newPage();
    const refused = await other.goto(console.entrance);
    assert.equal(refused.status(), 403);
    await other.getByText("this address was used before").waitFor();
    await other.context().close();
    await close();
  });

  it("shows and searches users, groups and connections", async () => {
    const { page, close } = await opened();
    const table = (name) => page.getByRole("table", { name, exact: true });
    await table("Users").getByRole("link", { name: "alice" }).waitFor();
    await table("Groups").getByRole("button", { name: "Connections in the group acme" }).waitFor();
    assert.equal(await table("Connections").getByRole("row").count(), 3);
    await page.getByRole("searchbox").fill("BOB");
    assert.equal(await table("Connections").getByRole("row").count(), 2);
    assert.equal(await table("Users").getByText("alice").count(), 0);
    await page.getByText("No group fits.").waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByRole("button", { name: "Connections in the group admins" }).click();
    await page.getByText("Those in the group admins.").waitFor();
    await table("Connections").getByRole("row").nth(2).waitFor({ state: "detached" });
    await page.getByRole("link", { name: alice.id }).click();
    await page.locator(".sentence").waitFor();
    await page.getByRole("list", { name: "Timeline" }).getByText("ready").first().waitFor();
    await close();
  });

  it("shows one user: connections, groups, block, inbox and journey", async () => {
    const { page, close } = await opened();
    await page.getByRole("link", { name: "alice" }).first().click();
    await page.getByText("Not blocked.").waitFor();
    await page.getByText("Now in: acme, admins, editors").waitFor();
    await page.getByRole("table", { name: "Lasting memberships and denials" }).getByText("editors").waitFor();
    await page.getByRole("list", { name: "Timeline" }).getByText("delivered").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0, "this console looks only");
    await page.getByRole("link", { name: "Who is there" }).click();
    await page.getByRole("searchbox").fill("carol");
    await page.keyboard.press("Enter");
    await page.getByRole("table", { name: "Messages that wait" }).getByText('"target":"notify"').waitFor();
    await close();
  });

  it("changes nothing without leave, and says how to get it", async () => {
    const { page, close, button } = await opened();
    await goTo(page, "send");
    await page.getByText("start it with --allow-changes to send").waitFor();
    assert.ok(await button("Send").isDisabled());
    await page.getByText("notifications:user:alice").waitFor();
    await goTo(page, "letters");
    assert.equal(await page.getByRole("button", { name: /^Drop/ }).count(), 0);
    await close();
  });

  it("sends a message, and tells that the message arrived", async () => {
    const { page, close, button } = await opened({ flags: ["--allow-changes"] });
    await goTo(page, "send");
    const form = page.getByRole("form", { name: "Any message" });
    await form.getByLabel("Users").fill("alice");
    await form.getByRole("textbox", { name: "Method" }).fill("notify");
    await form.getByLabel("Arguments").fill('["from the console"]');
    await button("Send").click();
    await alice.until(() => alice.received("notify").some(([text]) => text === "from the console"), "the message");
    await form.getByText(/Reached 1 connection in \d+ ms/).waitFor();
    await page.getByRole("list", { name: "Timeline" }).getByText("delivered").waitFor();
    await form.getByRole("textbox", { name: "Method" }).fill("");
    await form.getByText("Name the client's method.").waitFor();
    await page.getByRole("textbox", { name: "The message as JSON" }).fill('{"usrId":"alice","target":"t"}');
    await page.getByText(/usrId/).and(page.locator(".trouble strong")).waitFor();
    await close();
  });

  it("hears messages itself", async () => {
    const { page, close, button } = await opened({ flags: ["--allow-changes"] });
    await goTo(page, "send");
    await button("Start listening").click();
    const arrived = page.getByRole("list", { name: "What arrived" });
    await arrived.getByText("connected").waitFor();
    await heard(stack, ["hubcast-console"]);
    await backend.send({ userId: "hubcast-console", target: "toast", arguments: ["there"] });
    await arrived.getByText('["there"]').waitFor();
    await button("Stop listening").click();
    await button("Start listening").waitFor();
    await counts(stack, ({ hubs }) => !hubs.notifications.users["hubcast-console"]);
    await close();
  });

  it("blocks and unblocks a user after a second look", async () => {
    const { page, close, button } = await opened({ flags: ["--allow-changes"] });
    await page.goto(new URL("/#user/erin", page.url()).href);
    await button("Block for a day").click();
    await page.getByText('{"userId":"erin","action":"block","ttlSeconds":86400}').waitFor();
    await button("Block for a day now").click();
    await page.getByText("Queued; the publisher does it").waitFor();
    const again = button("Ask again for user");
    for (let tries = 0; (await page.getByText(/^Blocked until/).count()) === 0; tries += 1) {
      assert.ok(tries < 50, "the block never showed");
      await again.click();
      await page.waitForFunction(() => !document.querySelector("main")?.textContent.includes("Asking"));
    }
    await button("Unblock").click();
    await button("Unblock now").click();
    await page.getByText("Queued; the publisher does it").first().waitFor();
    await close();
  });

  it("shows dead letters with reason, body and age, and redrives and drops what was looked at", async () => {
    await rejected("frank");
    const { page, close, button } = await opened({ flags: ["--allow-changes"] });
    await goTo(page, "letters");
    await page.getByLabel("Search reasons").fill("frank");
    await page.getByText("UnknownProperty").first().waitFor();
    await page.getByText('"targt": "typo"').or(page.getByText('"targt":"typo"')).first().waitFor();
    await page.getByText(/^\d+ (s|min) old/).first().waitFor();
    await page.getByRole("checkbox").first().check();
    await button("Redrive 1").click();
    await page.getByText("These go back to the queue that they came from:").waitFor();
    await button("Redrive now").click();
    await page.getByText(/letters that are rejected, and so stay: 1/).waitFor();
    await page.getByRole("checkbox").first().check();
    await button("Drop 1").click();
    await page.getByText("These are deleted for good:").waitFor();
    await button("Drop now").click();
    await page.getByText("Drop: 1 done").waitFor();
    await page.getByText("There are none.").waitFor();
    await close();
  });

  it("plots figures over time, which keys and tables tell too", async () => {
    const { page, close } = await opened();
    await goTo(page, "figures");
    const plot = page.getByRole("region", { name: "Messages", exact: true });
    await plot.getByRole("img", { name: /done: \d+ now/ }).waitFor();
    await page.getByRole("region", { name: "From queue to client" }).getByRole("img", { name: /p99: [\d.]+ now/ }).waitFor();
    for (const name of ["Age of the oldest message", "Waiting messages", "Throttles", "Share of pings"]) {
      await page.getByRole("region", { name, exact: true }).waitFor();
    }
    await plot.getByRole("group", { name: /arrow keys/ }).focus();
    await page.keyboard.press("ArrowLeft");
    await plot.getByText(/^\d\d:\d\d:\d\d$/).waitFor();
    await plot.getByText("Table of messages").click();
    await plot.getByRole("table").getByRole("columnheader", { name: "done" }).waitFor();
    await close();
  });

  it("tells what the doctor finds, and connects only with leave", async () => {
    const { page, close, button } = await opened({ flags: ["--allow-changes"] });
    await goTo(page, "doctor");
    await page.getByText("endpoint", { exact: true }).waitFor();
    assert.equal(await page.getByText("round trip").count(), 0);
    await button("Connect too, and send a message there and back").click();
    await page.getByText(/a message came back after \d+ ms/).waitFor();
    await close();
  });

  it("does everything by keyboard", async () => {
    const { page, close } = await opened();
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
    const reach = async (name) => {
      for (let steps = 0; !(await focused()).startsWith(name); steps += 1) {
        assert.ok(steps < 60, `${name} cannot be reached`);
        await page.keyboard.press("Tab");
      }
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none", `where ${name} is, can be seen`);
    };
    await page.getByRole("link", { name: "alice" }).first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Skip to the view");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await reach("alice");
    await page.keyboard.press("Enter");
    await page.getByText("Not blocked.").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the new view has the focus");
    assert.match(await page.title(), /^alice/);
    await page.goBack();
    await page.getByRole("heading", { level: 2, name: "Who is there" }).waitFor();
    await close();
  });

  it("says so when the console has ended", async () => {
    const { page, console, button } = await opened();
    await page.getByRole("link", { name: "alice" }).first().waitFor();
    await console.stop();
    await button("Ask again for users").click();
    await page.getByText("The console does not answer.").first().waitFor();
    await page.context().close();
  });
});
