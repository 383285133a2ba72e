// The demo page, as a person uses it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch, picture } from "../harness/browser.js";
import { counts, heard, quiet } from "../harness/counts.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { PYTHON, READER, noAwsCli, noBoto3, noCurl, noJdk, runJava } from "../harness/runtimes.js";
import { startStack } from "../harness/stack.js";

const run = promisify(execFile);
const PAGE = fileURLToPath(new URL("../../infra/web/demo/dist", import.meta.url));

let browser, stack, context, page, faults;
before(async () => {
  const flags = ["--demo", PAGE, "--client-joinable-groups", "public-*"];
  [browser, stack] = await Promise.all([launch(), startStack(...flags)]);
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
  faults = [];
  page = await opened("/");
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(faults, [], "the page never complains");
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** A real tab of the browser. */
async function opened(path) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => faults.push(error));
  page.on("console", (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  await page.goto(stack.url + path);
  return page;
}

const pane = (user, number) => page.getByRole("article", { name: `${user} tab ${number}` });
const button = (name, within = page) => within.getByRole("button", { name, exact: true });
const shows = (within, text) => within.getByText(text).first().waitFor();
const count = (name) => page.getByLabel("Live counts").locator("div", { has: page.getByText(name, { exact: true }) }).locator("dd");

/** Waits until a count of the operator is so. */
async function countIs(name, value) {
  await count(name).getByText(String(value), { exact: true }).waitFor();
}

/** Opens a part of the drawer, unless it is open. */
async function opens(name, within = page) {
  const toggle = button(name, within);
  if ((await toggle.getAttribute("aria-expanded")) === "false") await toggle.click();
}
/** The lines of the timeline, of one tab or of all. */
const lines = (who = "") => page.getByLabel("Timeline", { exact: true }).locator("li", { hasText: who });

async function signIn(user, { groups = "", tabs = 1 } = {}) {
  const form = page.getByRole("form", { name: "Sign in" });
  await form.getByLabel("User").fill(user);
  await form.getByLabel("Groups of the token").fill(groups);
  await form.getByLabel("Tabs").selectOption(String(tabs));
  await button("Sign in", form).click();
  for (let number = 1; number <= tabs; number += 1) await shows(pane(user, number), "connected");
}

describe("the demo page", () => {
  it("shows the jobs to the users that they are for", async () => {
    await signIn("ann", { groups: "acme", tabs: 2 });
    await signIn("ben", { groups: "acme" });
    await signIn("cy");
    await heard(stack, ["ann", "ben", "cy"], 4);
    await picture(page, "signed-in");

    await page.getByLabel("User whose role changes").selectOption("ann");
    await page.getByLabel("New role").selectOption("admin");
    await button("Change role").click();
    for (const number of [1, 2]) await shows(pane("ann", number), "you are admin now");

    await page.getByLabel("Licence for").selectOption("group acme");
    await button("Change licence").click();
    for (const [user, number] of [["ann", 1], ["ann", 2], ["ben", 1]]) await shows(pane(user, number), "Your licence is now pro");
    await picture(page, "licence-changed");
    await button("Refresh", pane("ann", 1)).click();
    await shows(pane("ann", 1), "pro, 20 seats");
    assert.equal(await pane("ann", 1).getByText("Your licence is now").count(), 0);
    assert.equal(await pane("ann", 2).getByText("Your licence is now").count(), 1, "each tab refreshes by itself");

    await page.getByLabel("Text of the toast").fill("Lunch is ready.");
    await button("Send toast").click();
    for (const user of ["ann", "ben", "cy"]) await shows(pane(user, 1), "Lunch is ready.");
    assert.equal(await pane("cy", 1).getByText("Your licence is now").count(), 0, "cy is not of the group");
    assert.equal(await pane("ben", 1).getByText("admin").count(), 0, "ben's role has not changed");
  });

  it("empties all tabs of a user who logs out, in every window, and of nobody else", async () => {
    await signIn("dora", { tabs: 2 });
    await signIn("ed");
    const window = await opened("/?user=dora&groups=acme");
    await shows(window.getByRole("article"), "connected");
    await heard(stack, ["dora", "ed"], 4);
    await button("Log out of all tabs", pane("dora", 1)).click();
    for (const one of [pane("dora", 1), pane("dora", 2), window.getByRole("article")]) {
      await shows(one, "You have been signed out.");
      assert.equal(await one.getByText("Role").count(), 0, "nothing of the user is left");
    }
    await shows(pane("ed", 1), "connected");
    await picture(page, "logged-out");
    await button("Sign in again", pane("dora", 2)).click();
    await shows(pane("dora", 2), "connected");
    await shows(pane("dora", 1), "Signed out");
  });

  it("joins groups that clients may join, says why it may not join others, and joins anew after a cut", async () => {
    await signIn("fay");
    const join = async (group) => {
      await page.getByLabel("Group for fay, tab 1 to join").fill(group);
      await button("Join", pane("fay", 1)).click();
    };
    await join("public-news");
    const joined = pane("fay", 1).getByRole("list", { name: "Groups of" });
    await shows(joined, "public-news");
    await join("admins");
    await shows(pane("fay", 1), "The group 'admins' is not one that your token names");

    await opens("Timeline");
    const frames = page.getByLabel("Timeline", { exact: true });
    await button("Cut the wire", pane("fay", 1)).click();
    await shows(frames, "socket closed");
    await frames.getByText("call JoinGroup").nth(2).waitFor();
    await lines("fay").getByText("answer").nth(1).waitFor();
    await pane("fay", 1).getByText(/^Dropped, and back after \d+\.\d s as a new connection\.$/).waitFor();
    await page.getByLabel("Who gets the toast").selectOption("group public-news");
    await button("Send toast").click();
    await shows(pane("fay", 1), "Maintenance tonight at ten.");
    assert.doesNotMatch(await frames.textContent(), /eyJ/, "no token is on the screen");
    await picture(page, "wire");
    await button("Leave public-news", pane("fay", 1)).click();
    await joined.getByText("public-news").waitFor({ state: "detached" });
  });

  it("counts who is connected, and what is dead", async () => {
    await fetch(`${stack.url}/dev/reset`, { method: "POST" });
    await signIn("gil", { groups: "acme, beta", tabs: 3 });
    await countIs("Connections", 3);
    await countIs("Users", 1);
    await countIs("Groups", 2);
    await countIs("Dead letters", 0);
    const form = page.getByRole("form", { name: "Any message" });
    await form.getByLabel("Users").fill("x".repeat(1025));
    await button("Send", form).click();
    await countIs("Dead letters", 1);
    await form.getByText(/^Rejected: /).waitFor();
    await button("Show dead letters").click();
    const letters = page.getByRole("region", { name: "Dead letters" });
    await letters.getByText("BadName").waitFor();
    await letters.getByText("xxxxx").waitFor();
    await picture(page, "dead-letters");
    await button("Drop", letters).click();
    await letters.getByText("There are none.").waitFor();
    await countIs("Dead letters", 0);
    await button("Close gil, tab 2").click();
    await countIs("Connections", 2);
  });
});

describe("what became of a message", () => {
  const form = () => page.getByRole("form", { name: "Any message" });
  const sends = async (user) => {
    await form().getByLabel("Users").fill(user);
    await button("Send", form()).click();
  };

  it("is told beside the button: whom it reached, and when, or that nobody is there", async () => {
    await signIn("una", { tabs: 3 });
    await heard(stack, ["una"], 3);
    await sends("una");
    await form().getByText(/^Reached 3 tabs in \d+ ms$/).waitFor();
    await opens("Timeline");
    await lines("call toast").getByText(/^\d+ ms$/).nth(2).waitFor();
    await opens("Timeline");
    await sends("nobody");
    await form().getByText("Reached nobody, since nobody was connected.").waitFor();
    await picture(page, "fates");
  });

  it("does not call somebody absent who is connected in another window", async () => {
    const window = await opened("/?user=una2");
    await shows(window.getByRole("article"), "connected");
    await heard(stack, ["una2"]);
    await sends("una2");
    await form().getByText(/^Reached 1 connection in \d+ ms\. No tabs of this page got it\.$/).waitFor();
    await shows(window.getByRole("article"), "Hello from the queue.");
  });

  it("is told of a rejection, with what may have been meant", async () => {
    await opens("Code");
    await page.getByLabel("The message as JSON").fill('{"usrId":"una","target":"toast"}');
    await button("Send this JSON").click();
    await page.getByText("Rejected: 'usrId' is not a property of the envelope; did you mean 'userId'?").waitFor();
  });

  it("waits for who is offline, when it is kept", async () => {
    await page.clock.install();
    await signIn("vic");
    await heard(stack, ["vic"]);
    await button("Stay offline 20 s", pane("vic", 1)).click();
    await shows(pane("vic", 1), "Offline, ");
    await counts(stack, ({ hubs }) => !hubs.notifications?.users.vic);
    await form().getByLabel("Keep for seconds").fill("600");
    const enqueued = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/");
    await sends("vic");
    await enqueued;
    await quiet(stack);
    await page.clock.runFor(2000);
    await form().getByText("Nobody was there, and the message waits.").waitFor();
    await page.clock.fastForward(21_000);
    await shows(pane("vic", 1), "Hello from the queue.");
    await shows(pane("vic", 1), /^Dropped, and back after 2\d\.\d s/);
  });

  it("is retained for a tab that comes later, by its key", async () => {
    await form().getByLabel("Users").fill("wes");
    await form().getByLabel("Keep for seconds").fill("60");
    await form().getByLabel("Retain by key").fill("news");
    await shows(form().getByRole("alert"), "A message waits, or is retained: not both.");
    await form().getByLabel("Keep for seconds").fill("");
    await button("Send", form()).click();
    await form().getByText("Nobody was there, and the message is retained for those who come.").waitFor();
    await signIn("wes");
    await shows(pane("wes", 1), "Hello from the queue.");
  });
});

describe("the tabs of the demo page", () => {
  it("keep their numbers in sight beside the longest state, at each width", async () => {
    await signIn("zoe", { tabs: 3 });
    for (const width of [390, 1024, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await pane("zoe", 3).evaluate((article) => {
        const state = article.querySelector(".state");
        const before = state.textContent;
        state.textContent = "reconnecting";
        const [head, number] = [article.querySelector("header"), article.querySelector("h3 .muted")];
        const parts = [...head.querySelectorAll("h3, .state, button")];
        const isCut = parts.some((part) => part.scrollWidth > part.clientWidth + 1) || number.getBoundingClientRect().right > head.getBoundingClientRect().right;
        state.textContent = before;
        return isCut;
      });
      assert.equal(cut, false, `${width} px`);
    }
  });

  it("are there again after a reload, and stay in sight beside what is sent", async () => {
    await signIn("xia", { groups: "acme, beta", tabs: 2 });
    await signIn("yan");
    await page.reload();
    for (const [user, number] of [["xia", 1], ["xia", 2], ["yan", 1]]) await shows(pane(user, number), "connected");
    await shows(pane("xia", 1), "beta");
    await button("Show dead letters").scrollIntoViewIfNeeded();
    const inSight = (locator) => locator.evaluate((it) => it.getBoundingClientRect().top < innerHeight && it.getBoundingClientRect().bottom > 0);
    assert.equal(await inSight(pane("xia", 1)), true, "beside the operator");
    await page.setViewportSize({ width: 390, height: 844 });
    await button("Show dead letters").scrollIntoViewIfNeeded();
    assert.equal(await inSight(pane("xia", 1)), false);
    const strip = page.getByRole("navigation", { name: "Browser tabs in short" });
    for (const name of ["xia, tab 1", "xia, tab 2", "yan, tab 1"]) {
      assert.equal(await inSight(strip.getByRole("link", { name: `${name}: connected` })), true, name);
    }
    await button("Close yan, tab 1").click();
    await page.reload();
    await shows(pane("xia", 2), "connected");
    assert.equal(await pane("yan", 1).count(), 0);
  });
});

describe("the form for any message", () => {
  const form = () => page.getByRole("form", { name: "Any message" });
  const snippet = async (language) => {
    await opens("Code");
    await page.getByRole("tab", { name: language, exact: true }).click();
    const panel = page.getByRole("tabpanel");
    return language === "JSON" ? panel.getByRole("textbox").inputValue() : panel.textContent();
  };

  it("says what is wrong, and sends only what is right", async () => {
    await form().getByLabel("Arguments").fill("{}");
    await shows(form().getByRole("alert"), "The arguments are an array");
    assert.equal(await button("Send", form()).isDisabled(), true);
    await form().getByLabel("Arguments").fill("[1,");
    await shows(form().getByRole("alert"), "This is not JSON");
    await form().getByLabel("Arguments").fill("[]");
    await form().getByLabel("Users").fill(" , ");
    await shows(form().getByRole("alert"), "Name the user.");
    await form().getByLabel("Users").fill("hal, ina");
    await form().getByLabel("Expires after seconds").fill("soon");
    await shows(form().getByRole("alert"), "Whole seconds");
    await form().getByLabel("Expires after seconds").fill("");
    assert.deepEqual(JSON.parse(await snippet("JSON")), { userIds: ["hal", "ina"], target: "toast", arguments: [] });
  });

  it("adds a user to a group for good, and blocks and unblocks", async () => {
    await signIn("jo");
    await heard(stack, ["jo"]);
    const act = async (what, fill) => {
      await form().getByRole("combobox", { name: /^What/ }).selectOption(what);
      for (const [label, text] of Object.entries({ Users: "jo", ...fill })) await form().getByLabel(label, { exact: true }).fill(text);
      const enqueued = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/");
      await button("Send", form()).click();
      await enqueued;
    };
    await act("add", { "Names of groups": "lasting" });
    await shows(page.getByLabel("Connections in groups"), "lasting");
    await act("block", { "For seconds": "600" });
    await shows(pane("jo", 1), "Signed out");
    await button("Sign in again", pane("jo", 1)).click();
    await shows(pane("jo", 1), "Forbidden: the user is blocked");
    await act("unblock", {});
    await quiet(stack);
    await button("Sign in again", pane("jo", 1)).click();
    await shows(pane("jo", 1), "connected");
    await shows(page.getByLabel("Connections in groups"), "lasting");
  });

  it("makes nothing that the publisher refuses", async () => {
    await fetch(`${stack.url}/dev/reset`, { method: "POST" });
    await signIn("mo", { tabs: 2 });
    await heard(stack, ["mo"], 2);
    const names = { user: "mo, nobody", group: "a, b", connection: "nobodys" };
    const texts = { "Names of groups": "a, b", Reason: "why not", "For seconds": "60", "Expires after seconds": "60" };
    const kind = form().getByRole("combobox", { name: /^What/ });
    const whom = form().getByRole("combobox", { name: /^Whom/ });
    const values = (select) => select.locator("option").evaluateAll((options) => options.map(({ value }) => value));
    let sent = 0;
    for (const what of await values(kind)) {
      await kind.selectOption(what);
      for (const audience of await values(whom)) {
        await whom.selectOption(audience);
        if (names[audience]) await form().locator("input[list]").fill(names[audience]);
        for (const [label, text] of Object.entries(texts)) {
          const field = form().getByLabel(label, { exact: true });
          if ((await field.count()) > 0) await field.fill(text);
        }
        const enqueued = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/");
        await button("Send", form()).click();
        assert.equal((await enqueued).status(), 200);
        sent += 1;
      }
    }
    await quiet(stack);
    assert.equal(sent, 16);
    assert.equal((await counts(stack)).queues.dlq, 0, "no dead letter");
  });

  const quoting = [`it's "here"\\ ${"`"}$HOME${"`"} 例え`, { deep: [true, null, 1.5] }];
  const shell = (code) => run("sh", ["-c", code]);
  const languages = {
    "AWS CLI": { skip: noAwsCli, run: shell },
    curl: { skip: noCurl, run: shell },
    Python: { skip: noBoto3, run: (code) => run(PYTHON, ["-c", code]) },
    Java: { skip: noJdk, run: java },
    Node: { run: (code) => run(process.execPath, ["--input-type=module", "--eval", code], { cwd: fileURLToPath(new URL("..", import.meta.url)) }) },
    REST: { skip: noCurl, run: shell },
    hubcast: { run: (code) => run("sh", ["-c", code], { env: READER }) },
  };
  async function java(code) {
    const folder = await mkdtemp(join(tmpdir(), "hubcast-java-"));
    await writeFile(join(folder, "Send.java"), code);
    await runJava(join(folder, "Send.java"), []);
    await rm(folder, { recursive: true });
  }
  for (const [language, { skip, run }] of Object.entries(languages)) {
    it(`shows ${language} code that does the same as the button`, { skip }, async () => {
      const user = `kim ${language}`;
      await signIn(user);
      await heard(stack, [user]);
      await form().getByLabel("Users").fill(user);
      await form().getByLabel("Arguments").fill(JSON.stringify(quoting));
      await button("Send", form()).click();
      await run(await snippet(language));
      await opens("Timeline");
      const frames = lines("call toast");
      await frames.nth(1).waitFor();
      const records = (await frames.locator("code").allTextContents()).map((text) => JSON.parse(text.replace(/RS$/, "")));
      assert.deepEqual(records.map((record) => record.arguments), [quoting, quoting]);
    });
  }

  it("shows C# with the same body", async () => {
    await form().getByLabel("Users").fill("lou");
    await form().getByLabel("Arguments").fill(JSON.stringify(quoting));
    const body = { userId: "lou", target: "toast", arguments: quoting };
    const code = await snippet("C#");
    assert.deepEqual(JSON.parse(code.split('"""')[1]), body);
    assert.match(code, /MessageGroupId = "notifications:user:lou",/);
  });
});
