// The demo page when something goes wrong, or is typed that nobody thought of.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, picture } from "../harness/browser.js";
import { heard } from "../harness/counts.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startProxy } from "../harness/proxy.js";
import { startStack } from "../harness/stack.js";

const DEMO = ["--demo", fileURLToPath(new URL("../../infra/web/demo/dist", import.meta.url))];
const PHONE = { width: 390, height: 844 };

let browser, stack, context, faults;
before(async () => {
  [browser, stack] = await Promise.all([launch(), startStack(...DEMO)]);
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
  faults = [];
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(faults, [], "the page never complains");
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function opened(path, base = stack.url) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => faults.push(error));
  await page.goto(base + path);
  return page;
}

const tab = (page, at = 0) => page.getByRole("article").nth(at);
const button = (page, name) => page.getByRole("button", { name, exact: true });
const form = (page) => page.getByRole("form", { name: "Any message" });
const jobs = (page) => page.getByRole("region", { name: "The four jobs" });
const json = (page) => page.getByLabel("The message as JSON");

describe("a tab of the demo page", () => {
  it("comes back by itself to a stack that was started anew", async () => {
    const first = await startStack(...DEMO);
    const network = await startProxy({
      get url() {
        return current.url;
      },
    });
    let current = first;
    const page = await opened("/?user=ann&tabs=2", network.url);
    for (const at of [0, 1]) await tab(page, at).getByText("connected", { exact: true }).waitFor();
    current = await startStack(...DEMO);
    await first.stop();
    network.cut();
    await heard(current, ["ann"], 2);
    for (const at of [0, 1]) await tab(page, at).getByText("connected", { exact: true }).waitFor();
    await page.close();
    await network.stop();
    await current.stop();
  });

  it("says why it cannot connect, and waits for a stack that is away", async () => {
    const page = await opened(`/?user=${"x".repeat(1100)}`);
    await tab(page).getByText("Status code '4").waitFor();
    await tab(page).getByText("connecting", { exact: true }).waitFor();
    await picture(page, "refused");
    const nobody = await opened("/?user=%20");
    await nobody.getByText("Nobody is signed in").waitFor();
  });

  it("shows whatever a backend sends", async () => {
    const page = await opened("/?user=bea");
    await heard(stack, ["bea"]);
    const send = async (target, args) => {
      await form(page).getByLabel("Users").fill("bea");
      await form(page).getByLabel("Method", { exact: true }).fill(target);
      await form(page).getByLabel("Arguments").fill(args);
      await button(page, "Send").click();
    };
    await send("licenceChanged", '[{"plan":{"name":"x"},"seats":[1,{}]}]');
    await tab(page).getByText('Your licence is now {"name":"x"} with [1,{}] seats.').waitFor();
    await send("permissionsChanged", '[{"role":["a",{}]}]');
    await tab(page).getByText('you are ["a",{}] now').waitFor();
    for (const [target, args] of [["licenceChanged", "[]"], ["permissionsChanged", "[null]"], ["toast", "[]"]]) await send(target, args);
    await send("toast", '[{"text":"Hi"}]');
    await tab(page).getByText('{"text":"Hi"}').waitFor();
    await tab(page).getByRole("button", { name: "Refresh" }).click();
  });
});

describe("a stack that is down", () => {
  it("is told once for all tabs, with the next try, and is noticed when it is back", async () => {
    const network = await startProxy(stack);
    const page = await opened("/?user=gus&tabs=2", network.url);
    for (const at of [0, 1]) await tab(page, at).getByText("connected", { exact: true }).waitFor();
    await network.stop();
    const banner = page.getByRole("alert").filter({ hasText: "The local stack does not answer." });
    await banner.getByText(/Next try in \d+ s\./).waitFor();
    assert.equal(await page.getByText(/does not answer/).count(), 1, "one banner, whatever the tabs meet");
    await page.setViewportSize(PHONE);
    await picture(page, "down");
    await button(page, "Try now").click();
    await banner.waitFor();
    await page.close();
  });
});

describe("the operator of the demo page", () => {
  for (const [name, viewport] of Object.entries({ desktop: { width: 1440, height: 1000 }, phone: PHONE })) {
    it(`sees what became of a job where it was started, on a ${name}`, async () => {
      const page = await opened("/?user=cleo&groups=acme");
      await page.setViewportSize(viewport);
      await heard(stack, ["cleo"]);
      const outcome = jobs(page).getByRole("status");
      for (const [done, job] of ["Change role", "Change licence", "Send toast"].entries()) {
        await button(page, job).scrollIntoViewIfNeeded();
        await button(page, job).click();
        const told = outcome.filter({ hasText: /Reached 1 tab in \d+ ms/ });
        await told.nth(done).waitFor();
        // What arrives in the tabs above may move both, so they are looked at in one moment.
        const below = (told, pressed) => told.getBoundingClientRect().top - pressed.getBoundingClientRect().bottom;
        const distance = await told.nth(done).evaluate(below, await button(page, job).elementHandle());
        assert.ok(distance >= 0 && distance < 120, `${job}: what became of it is ${distance} px below its button`);
      }
      await picture(page, `job-${name}`);
      await button(page, "Code").click();
      await page.getByText("Sent by the button: Send toast").waitFor();
      await button(page, "Code").click();
      await page.route("**/*", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
      await button(page, "Send toast").click();
      await outcome.filter({ hasText: "Not sent: the local stack does not answer" }).waitFor();
      await button(page, "Send").click();
      await form(page).getByText("Not sent: the local stack does not answer").waitFor();
    });
  }

  it("is told of numbers that a browser cannot send as they are", async () => {
    const page = await opened("/");
    const alert = form(page).getByRole("alert");
    for (const [typed, sent] of [["12345678901234567890", "12345678901234567000"], ["1.0", "1"], ["1e400", "null"], ["-0", "0"]]) {
      await form(page).getByLabel("Arguments").fill(`["1.0 1e400", {"a": [${typed}]}]`);
      await alert.getByText(`${typed} would be sent as ${sent}: write it so, or as a text.`).waitFor();
      assert.equal(await button(page, "Send").isDisabled(), true);
    }
    await form(page).getByLabel("Arguments").fill('["1.0 \\" 1e400", {"a1": [-1.5, 0, 1e-7, 10]}]');
    assert.equal(await button(page, "Send").isEnabled(), true);
  });

  it("edits the JSON, sends it, and copies it in other languages", async () => {
    const page = await opened("/?user=dan");
    await heard(stack, ["dan"]);
    await button(page, "Code").click();
    const send = button(page, "Send this JSON");
    for (const [text, fault] of [["{", "This is not JSON"], ["5", "A message is an object"], ["[]", "A message is an object"], ['{"a":1.0}', "1.0 would be sent as 1"]]) {
      await json(page).fill(text);
      await page.getByText(fault).waitFor();
      assert.equal(await send.isDisabled(), true);
    }
    const retained = { userId: "dan", target: "toast", arguments: ["kept"], retain: "news", hub: "Notifications" };
    await json(page).fill(JSON.stringify([retained, { userId: "dan", target: "toast", arguments: ["second"] }]));
    await page.getByText("As edited").waitFor();
    await send.click();
    await tab(page).getByText("second").waitFor();
    await tab(page).getByText("kept").waitFor();
    await page.getByText("notifications:user:dan").waitFor();
    await page.getByRole("tab", { name: "Python" }).click();
    await page.getByRole("tabpanel").getByText('"retain": "news"').waitFor();
    const later = await opened("/?user=dan");
    await tab(later).getByText("kept").waitFor();
    await page.getByRole("tab", { name: "JSON" }).click();
    await picture(page, "edited");
    await form(page).getByLabel("Users").fill("eve");
    await page.getByText("As the form says").waitFor();
    assert.equal(JSON.parse(await json(page).inputValue()).userId, "eve", "the form starts anew");
  });

  it("is told when the page came from another machine, and can send all the same", async () => {
    await context.addInitScript(() => {
      Object.defineProperty(window, "isSecureContext", { value: false });
      for (const name of ["randomUUID", "subtle"]) Object.defineProperty(crypto, name, { value: undefined });
      Object.defineProperty(navigator, "clipboard", { value: undefined });
    });
    const page = await opened("/?user=éva");
    await page.getByRole("note").getByText("only pages of localhost may connect").waitFor();
    await heard(stack, ["éva"]);
    await form(page).getByLabel("Users").fill("éva");
    await button(page, "Send").click();
    await tab(page).getByText("Hello from the queue.").waitFor();
    assert.equal(await button(page, "Copy").count(), 0);
    await page.setViewportSize(PHONE);
    await picture(page, "elsewhere");
  });

  it("can read what each field and each number is", async () => {
    const page = await opened("/?user=finn&groups=acme");
    await heard(stack, ["finn"]);
    for (const caption of ["Whose role", "New role", "User to log out", "Licence for", "New licence", "Who gets the toast", "Text of the toast"]) {
      assert.ok(await jobs(page).getByText(new RegExp(`^${caption}`)).first().isVisible(), caption);
    }
    for (const caption of ["Connections of users", "Connections in groups"]) {
      await page.getByLabel("Live counts").getByText(caption, { exact: true }).waitFor();
    }
  });
});
