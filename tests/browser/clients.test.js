// The official browser bundles in a real browser, on a page of another origin.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch, traffic } from "../harness/browser.js";
import { PATIENCE_MS, poll } from "../harness/poll.js";
import { startProxy } from "../harness/proxy.js";
import { BUNDLES, startSite } from "../harness/site.js";
import { startStack } from "../harness/stack.js";

let browser, site, stack, backend;
before(async () => {
  [browser, site, stack] = await Promise.all([launch(), startSite(), startStack()]);
  backend = new Backend(stack);
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await stack?.stop();
});

/** A tab with the bare page; `context` is the browser profile. */
async function tab(version, { context, host } = {}) {
  const page = await (context ?? (await browser.newContext())).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(site.at(version, host));
  return page;
}

const start = (page, settings) => page.evaluate((settings) => window.start(settings), settings);
const seen = (page) => page.evaluate(() => window.seen);
const happens = (page, event, times = 1) =>
  page.waitForFunction(([event, times]) => window.seen.events.filter((each) => each.event === event).length >= times, [event, times]);

/** The browser tells of an answer a moment after the page has it. */
function answered(asked, method, path) {
  return poll(() => asked.of(method, path), (answers) => answers.length > 0, () => `${method} ${path} was never answered`);
}

/** A text to the user reaches these tabs. */
async function expectHear(user, text, ...pages) {
  await backend.send({ userId: user, target: "notify", arguments: [text] });
  for (const page of pages) await page.waitForFunction((text) => window.seen.calls.flat().includes(text), text);
}

for (const version of Object.keys(BUNDLES)) {
  describe(`a page with the bundle of ${version}`, () => {
    const hub = () => `${stack.url}/hubs/notifications`;
    const name = (user) => `${user}-${version}`;

    it("negotiates across origins with credentials, after preflights", async () => {
      const page = await tab(version);
      const asked = await traffic(page);
      await start(page, { url: hub(), token: await stack.token(name("alice")) });
      const origin = await page.evaluate(() => location.origin);
      for (const path of ["/hubs/notifications/negotiate", "/client/negotiate"]) {
        const [preflight] = await answered(asked, "OPTIONS", path);
        assert.equal(preflight.headers["access-control-request-method"], "POST");
        assert.match(preflight.headers["access-control-request-headers"], /authorization/);
        const [post] = await answered(asked, "POST", path);
        assert.match(post.headers.authorization, /^Bearer /);
        for (const { answer } of [preflight, post]) {
          assert.equal(answer.headers["access-control-allow-origin"], origin);
          assert.equal(answer.headers["access-control-allow-credentials"], "true");
        }
        assert.equal(post.answer.statusCode, 200);
      }
      await expectHear(name("alice"), "hello", page);
      await page.context().close();
    });

    it("brings its token to the socket in the query, and no header", async () => {
      const page = await tab(version);
      const opened = page.waitForEvent("websocket");
      const asked = await traffic(page);
      await start(page, { url: hub(), token: await stack.token(name("bob")) });
      const url = new URL((await opened).url());
      assert.equal(url.pathname, "/client/");
      assert.equal(url.searchParams.get("hub"), "notifications");
      assert.match(url.searchParams.get("access_token"), /^ey/);
      assert.ok(url.searchParams.get("id"));
      assert.equal(asked.of("GET", "/client/").length, 0, "nothing but the socket was asked there");
      await page.context().close();
    });

    it("is kept out on an origin that is not allowed, with negotiation and without", async () => {
      const page = await tab(version, { host: "elsewhere.example" });
      const complaints = [];
      page.on("console", (message) => complaints.push(message.text()));
      const token = await stack.token(name("mallory"));
      const failure = (settings) => page.evaluate((settings) => window.failure(settings), settings);
      assert.notEqual(await failure({ url: hub(), token }), "it did not");
      assert.ok(complaints.some((text) => /blocked by CORS policy/.test(text)), complaints.join("\n"));
      const skipped = { url: `${stack.url}/client/?hub=notifications`, token, skipNegotiation: true, transport: 1 };
      assert.notEqual(await failure(skipped), "it did not");
      assert.equal((await seen(page)).sockets, 1, "only the page that skipped negotiation got as far as a socket");
      await page.context().close();
    });

    it("comes back after its network was cut, and hears again", async () => {
      const proxy = await startProxy(stack);
      const page = await tab(version);
      await start(page, { url: `${proxy.url}/hubs/notifications`, token: await stack.token(name("carol")) });
      const before = await page.evaluate(() => window.connection.connectionId);
      proxy.cut();
      await happens(page, "reconnected");
      assert.notEqual(await page.evaluate(() => window.connection.connectionId), before);
      await expectHear(name("carol"), "again", page);
      await page.context().close();
      await proxy.stop();
    });

    it("is two connections in two tabs of a user, which a log-out ends for good", async () => {
      const [context, token] = [await browser.newContext(), await stack.token(name("dave"))];
      const tabs = [await tab(version, { context }), await tab(version, { context })];
      for (const page of tabs) await start(page, { url: hub(), token });
      await expectHear(name("dave"), "both", ...tabs);
      await backend.send({ userId: name("dave"), action: "close", reason: "signed out" });
      for (const page of tabs) await happens(page, "closed");
      assert.match(await tabs[1].evaluate((settings) => window.failure(settings), { url: hub(), token }), /403|Forbidden/);
      for (const [at, page] of tabs.entries()) {
        const { events, sockets } = await seen(page);
        assert.deepEqual(events, [{ event: "closed", detail: "Server returned an error on close: signed out" }]);
        assert.equal(sockets, 1, `tab ${at} opened no second socket`);
      }
      await start(tabs[0], { url: hub(), token: await stack.token(name("dave")) });
      await expectHear(name("dave"), "logged in anew", tabs[0]);
      await context.close();
    });
  });
}

describe("a socket that reaches the end of its life", () => {
  it("is renewed without the page doing anything, in every version", async () => {
    const short = await startStack("--lifetime-seconds", "12");
    const ends = new Backend(short);
    const settings = { keepAliveIntervalInMilliseconds: 500 };
    const pages = await Promise.all(Object.keys(BUNDLES).map((version) => tab(version)));
    const token = await short.token("erin");
    await Promise.all(pages.map((page) => start(page, { url: `${short.url}/hubs/notifications`, token, settings })));
    for (const page of pages) await happens(page, "reconnected");
    await ends.send({ userId: "erin", target: "notify", arguments: ["renewed"] });
    for (const page of pages) {
      await page.waitForFunction(() => window.seen.calls.flat().includes("renewed"));
      const [{ detail }] = (await seen(page)).events;
      assert.equal(detail, "Server returned an error on close: The connection is being renewed.");
      await page.context().close();
    }
    await short.stop();
  });
});
