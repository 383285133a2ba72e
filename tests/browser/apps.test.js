// Apps as a front-end developer makes them: the sample app of Angular, and apps of Vite and Angular that install
// @hubcast/client as its README says.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ANGULAR, add, angularApp, app, install, ngBuild, serve, viteBuild } from "../harness/apps.js";
import { Backend } from "../harness/backend.js";
import { launch, picture } from "../harness/browser.js";
import { heard } from "../harness/counts.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const PAGE = path("../../infra/web/demo/dist");
const CLIENT = path("../../infra/web/client-js");

let browser, stack, backend;
before(async () => {
  [browser, stack] = await Promise.all([launch(), startStack("--demo", PAGE)]);
  backend = new Backend(stack);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Opens a built app in a page; `play` plays it. */
async function played(folder, play, changed) {
  const site = await serve(folder, changed);
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error));
  try {
    await page.goto(site.url);
    await play(page);
    assert.deepEqual(faults, []);
  } finally {
    await page.close();
    await site.stop();
  }
}

/** What an app does with the package: it shows toasts, and the reason of a log-out. */
const code = (user) => `import { HubcastClient } from "@hubcast/client";
const token = async () => {
  const answer = await fetch("${stack.url}/dev/token", { method: "POST", body: '{"sub":"${user}"}' });
  return ((await answer.json()) as { access_token: string }).access_token;
};
const show = (text: string) => document.body.append(text);
interface Methods { toast(text: string): void }
const hub = new HubcastClient<Methods>("${stack.url}/hubs/notifications", { token, on: { toast: show }, onSignedOut: show });
await hub.start();
`;

const shows = (user) => async (page) => {
  await heard(stack, [user]);
  await backend.send({ userId: user, target: "toast", arguments: ["Saved."] });
  await page.getByText("Saved.").waitFor();
  await backend.send({ userId: user, action: "close", reason: "You have been signed out." });
  await page.getByText("You have been signed out.").waitFor();
};

describe("@hubcast/client, installed by npm,", () => {
  it("works in an app of Vite that installs the folder", async () => {
    const folder = await app("vite-app", {
      "package.json": '{"name":"vite-app","private":true,"type":"module"}',
      "index.html": '<!doctype html><title>app</title><script type="module" src="/main.ts"></script>',
      "main.ts": code("vite"),
    });
    await install(folder, CLIENT);
    await viteBuild(folder);
    await played(join(folder, "dist"), shows("vite"));
  });

  it("works in an app of Angular that installs the package from the stack", async () => {
    const folder = await angularApp("angular-app");
    await add(folder, { "src/main.ts": code("angular") });
    await install(folder, `${stack.url}/hubcast-client.tgz`);
    await ngBuild(folder);
    await played(join(folder, "dist/browser"), shows("angular"));
  });
});

describe("the sample app of Angular", () => {
  it("signs in, shows what backends send, and signs out with the backend's reason", async () => {
    await ngBuild(ANGULAR);
    const play = async (page) => {
      await page.getByLabel("User").fill("ann");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Connected").waitFor();
      await heard(stack, ["ann"]);
      const messages = [
        { target: "permissionsChanged", arguments: [{ role: "admin" }] },
        { target: "licenceChanged", arguments: [{ plan: "pro" }] },
        { target: "toast", arguments: ["Saved."] },
      ];
      await backend.send(messages.map((message) => ({ userId: "ann", ...message })));
      for (const text of ["as admin", "Your licence is now pro.", "Saved."]) await page.getByText(text).waitFor();
      await backend.send({ userId: "ann", action: "close", reason: "Come back tomorrow." });
      await page.getByText("Come back tomorrow.", { exact: true }).waitFor();
      await page.getByLabel("User").fill("bea");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Connected").waitFor();
      assert.equal(await page.getByText("as admin").count(), 0, "nothing of ann is left");
    };
    await played(join(ANGULAR, "dist/browser"), play, (text) => text.replaceAll("http://127.0.0.1:8080", stack.url));
  });
});

describe("the page of the REST API", () => {
  it("shows the document, and calls the API with a token of its own", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const blocked = [];
    page.on("console", (message) => /Content Security Policy/.test(message.text()) && blocked.push(message.text()));
    await page.goto(`${stack.url}/api`);
    const send = page.locator("#operations-Azure_SignalR-post_hubs_hub_users_user_send");
    await send.locator(".opblock-summary-control").click();
    await send.getByRole("button", { name: "Try it out" }).click();
    await send.getByPlaceholder("hub", { exact: true }).fill("notifications");
    await send.getByPlaceholder("user", { exact: true }).fill("nobody");
    await send.locator("textarea").first().fill('{"target":"toast","arguments":["Hello"]}');
    await send.getByRole("button", { name: "Execute" }).click();
    await send.locator(".live-responses-table .response-col_status").filter({ hasText: "202" }).waitFor();
    assert.deepEqual(blocked, [], "the page keeps to its own policy");
    await page.close();
  });

  /** How light a colour is that a page computes, from 0 to 255. */
  const lightness = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);

  for (const colorScheme of ["light", "dark"]) {
    it(`is ${colorScheme} where the system is`, async () => {
      const page = await browser.newPage({ colorScheme });
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${stack.url}/api`);
      await page.locator(".opblock-summary").first().waitFor();
      const [ground, text] = await page.evaluate(() => {
        const of = (selector, property) => getComputedStyle(document.querySelector(selector))[property];
        return [of("body", "backgroundColor"), of(".opblock-tag", "color")];
      });
      const [dark, light] = colorScheme === "dark" ? [ground, text] : [text, ground];
      assert.ok(lightness(dark) < 80 && lightness(light) > 170, `${text} on ${ground}`);
      await picture(page, `api-${colorScheme}`);
      await page.close();
    });
  }
});
